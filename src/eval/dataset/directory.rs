//! The product's own form: a directory of articles, and labelled messages in the one record of every log.

use std::path::Path;

use jiff::civil::Date;

use super::{Dataset, DatasetError, Kind, language_of, name_of};
use crate::eval::record::{self, Record, Relevance};
use crate::knowledge::{LoadOptions, load};

pub(super) fn read(
    knowledge: &Path,
    messages: &Path,
    today: Date,
) -> Result<Dataset, DatasetError> {
    let loaded = load(knowledge, &LoadOptions::on(today))?;
    let records = record::read(messages)?;
    let labelled: Vec<Record> =
        records.into_iter().filter(|record| record.relevant != Relevance::Unlabelled).collect();
    if labelled.is_empty() {
        return Err(DatasetError::Unlabelled { file: messages.to_owned() });
    }
    Ok(Dataset {
        name: name_of(messages),
        kind: Kind::Knowledge,
        articles: loaded.served_on(today),
        language: language_of(labelled.iter().map(|record| record.text.as_str())),
        messages: labelled,
        phrases: Some(loaded.phrases),
        outside: Vec::new(),
    })
}
