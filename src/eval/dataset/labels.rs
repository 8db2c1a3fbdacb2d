//! The form with labels: `train.jsonl`, `test.jsonl`. A label becomes an article whose questions are its training texts;
//! a null label is out of scope, in training a text that none of the articles answers.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;

use super::{Changes, Dataset, DatasetError, Kind, labelled, language_of, name_of};
use crate::eval::jsonl;
use crate::eval::record::Record;
use crate::knowledge::Article;
use crate::message::{ArticleId, IdError, Language};

#[derive(Deserialize)]
struct Row {
    text: String,
    label: Option<String>,
    /// What was said before, oldest first.
    #[serde(default)]
    history: Vec<String>,
}

pub(super) fn read(dir: &Path, changes: &Changes) -> Result<Dataset, DatasetError> {
    let train = changes.train.clone().unwrap_or_else(|| dir.join("train.jsonl"));
    let mut taught: Vec<Row> = jsonl::read(&train)?;
    if changes.drop_null_training {
        taught.retain(|row| row.label.is_some());
    }
    let asked: Vec<Row> = jsonl::read(&dir.join("test.jsonl"))?;
    let language = language_of(taught.iter().map(|row| row.text.as_str()));
    let ids = ids(taught.iter().chain(&asked).filter_map(|row| row.label.as_deref()));
    let articles = texts_by_label(&taught)
        .into_iter()
        .filter_map(|(label, texts)| ids.get(label).map(|id| article(label, id, &texts, language)))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|source| DatasetError::BadId { file: train, id: String::new(), source })?;
    let messages = asked.into_iter().map(|row| {
        let relevant = row.label.and_then(|label| ids.get(label.as_str()).cloned());
        Record { history: row.history, ..labelled(row.text, relevant.into_iter().collect()) }
    });
    Ok(Dataset {
        name: name_of(dir),
        kind: Kind::Labels,
        messages: messages.collect(),
        articles,
        phrases: None,
        outside: taught
            .iter()
            .filter(|row| row.label.is_none())
            .map(|row| row.text.clone())
            .collect(),
        language,
    })
}

/// A label is its article's id where it can be one; else the article is numbered, in the order of the labels.
fn ids<'l>(labels: impl Iterator<Item = &'l str>) -> BTreeMap<String, ArticleId> {
    let labels: BTreeSet<&str> = labels.collect();
    let numbered = |(number, label): (usize, &str)| {
        let id = ArticleId::new(label).or_else(|_| ArticleId::new(&format!("label-{number}")));
        id.ok().map(|id| (label.to_owned(), id))
    };
    labels.into_iter().enumerate().filter_map(numbered).collect()
}

fn texts_by_label(rows: &[Row]) -> BTreeMap<&str, Vec<&str>> {
    let mut texts: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for row in rows {
        if let Some(label) = &row.label {
            texts.entry(label).or_default().push(&row.text);
        }
    }
    texts
}

/// The title stays blank: a label is no phrasing of a customer. The answer is the label, so that no two are equal.
fn article(
    label: &str,
    id: &ArticleId,
    texts: &[&str],
    language: Language,
) -> Result<Article, IdError> {
    let mut article = Article::new(id.as_str(), "", language)?;
    article.questions = texts.iter().map(|text| (*text).into()).collect();
    label.clone_into(&mut article.answer);
    Ok(article)
}
