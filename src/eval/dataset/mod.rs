//! A data set in any of three forms → articles and messages with labels: what the service would know, and what it is then
//! asked. Nothing is encoded or scored here, and nothing of the test part ever becomes an article unless `index_share` says so.

mod directory;
mod faq;
mod labels;

use std::borrow::Cow;
use std::collections::HashSet;
use std::path::{Path, PathBuf};

use jiff::civil::Date;

use super::gate::Dice;
use super::jsonl::JsonlError;
use super::record::{Record, Relevance};
use super::texts;
use crate::error::{Classify, Kind as ErrorKind};
use crate::knowledge::{Article, KnowledgeError, Phrases};
use crate::message::{ArticleId, IdError, Language};
use crate::text::language;

/// Where a data set comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A folder with `train.jsonl` and `test.jsonl`, or with `kb.jsonl` and `queries.jsonl`.
    Folder(PathBuf),
    /// The product's own directory of articles, with labelled messages.
    Directory {
        /// The directory of articles.
        knowledge: PathBuf,
        /// The records, one a line.
        messages: PathBuf,
        /// The day for which articles are served.
        today: Date,
    },
}

/// What to change about the set before it is asked.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Changes {
    /// The training file, where it is not `train.jsonl`.
    pub train: Option<PathBuf>,
    /// Texts to mix in as out of scope.
    pub noise: Option<PathBuf>,
    /// The share of the messages in scope that becomes questions of their articles instead of being asked, 0..1.
    pub index_share: f64,
    /// Picks that share.
    pub seed: u64,
    /// Leaves out training texts without a label.
    pub drop_null_training: bool,
}

/// The form a set came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Texts with labels; a label is an article.
    Labels,
    /// Questions with answers, and queries.
    Faq,
    /// The product's own articles, and messages.
    Knowledge,
}

/// What the service knows and what it is asked.
#[derive(Debug)]
pub struct Dataset {
    /// The folder's name.
    pub name: String,
    /// Its form.
    pub kind: Kind,
    /// What the service knows.
    pub articles: Vec<Article>,
    /// The texts of the service itself, where the set has its own.
    pub phrases: Option<Phrases>,
    /// Training texts that none of the articles answers.
    pub outside: Vec<String>,
    /// What it is asked, with the right articles.
    pub messages: Vec<Record>,
    /// The language most articles are in: the hint that a gateway of this set would give.
    pub language: Language,
}

/// Why a data set cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DatasetError {
    /// One of its files.
    #[error(transparent)]
    File(#[from] JsonlError),
    /// The folder holds neither form.
    #[error("{} holds neither train.jsonl and test.jsonl nor kb.jsonl and queries.jsonl", dir.display())]
    NoForm {
        /// Which folder.
        dir: PathBuf,
    },
    /// An id that no article can have.
    #[error("{}: {id:?} cannot be an article: {source}", file.display())]
    BadId {
        /// Which file.
        file: PathBuf,
        /// The id as it stands there.
        id: String,
        /// Why not.
        source: IdError,
    },
    /// The directory of articles.
    #[error(transparent)]
    Knowledge(#[from] KnowledgeError),
    /// No message is labelled.
    #[error("{} has no labelled message", file.display())]
    Unlabelled {
        /// Which file.
        file: PathBuf,
    },
}

impl Classify for DatasetError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::File(error) => error.kind(),
            Self::Knowledge(error) => error.kind(),
            Self::NoForm { .. } => ErrorKind::NotFound,
            Self::BadId { .. } | Self::Unlabelled { .. } => ErrorKind::InvalidArgument,
        }
    }
    fn reason(&self) -> &'static str {
        match self {
            Self::File(error) => error.reason(),
            Self::Knowledge(error) => error.reason(),
            Self::NoForm { .. } => "NO_DATA_SET",
            Self::BadId { .. } => "BAD_RECORD",
            Self::Unlabelled { .. } => "NO_LABELS",
        }
    }
    fn remedy(&self) -> Cow<'static, str> {
        match self {
            Self::File(error) => error.remedy(),
            Self::Knowledge(error) => error.remedy(),
            Self::NoForm { .. } => "Name a folder in one of the forms that benches/README.md shows.".into(),
            Self::BadId { .. } => "Give the row an id of 1 to 128 printable ASCII characters.".into(),
            Self::Unlabelled { .. } => {
                "Give each judged message a `relevant` list of article ids, empty where none answers it.".into()
            }
        }
    }
}

impl Dataset {
    /// Reads a set and changes it as asked.
    pub fn open(origin: &Origin, changes: &Changes) -> Result<Self, DatasetError> {
        let mut set = match origin {
            Origin::Folder(dir) => folder(dir, changes)?,
            Origin::Directory { knowledge, messages, today } => {
                directory::read(knowledge, messages, *today)?
            }
        };
        set.index(changes.index_share, changes.seed);
        if let Some(noise) = &changes.noise {
            set.messages.extend(texts::read(noise)?.into_iter().map(out_of_scope));
        }
        Ok(set)
    }

    /// Messages that some article answers.
    pub fn in_scope(&self) -> usize {
        self.messages.iter().filter(|message| !message.relevant.articles().is_empty()).count()
    }

    /// Right articles that the knowledge does not have; a message that only has such is never answered right.
    pub fn unknown_articles(&self) -> HashSet<&ArticleId> {
        let known: HashSet<&ArticleId> = self
            .articles
            .iter()
            .flat_map(|article| article.aliases.iter().chain([&article.id]))
            .collect();
        let named = self.messages.iter().flat_map(|message| message.relevant.articles());
        named.filter(|id| !known.contains(id)).collect()
    }

    /// Turns a random share of the messages in scope into questions of their first right article; the others keep their
    /// order.
    fn index(&mut self, share: f64, seed: u64) {
        let wanted = share.clamp(0.0, 1.0) * self.in_scope() as f64;
        let mut taught = HashSet::new();
        for place in Dice::new(seed).shuffled(0..self.messages.len()) {
            if taught.len() as f64 + 0.5 < wanted && self.teach(place) {
                taught.insert(place);
            }
        }
        let mut place = 0..;
        self.messages.retain(|_| !place.next().is_some_and(|place| taught.contains(&place)));
    }

    /// Makes a message a question of its first right article, if it has one.
    fn teach(&mut self, place: usize) -> bool {
        let Some(message) = self.messages.get(place) else { return false };
        let first = message.relevant.articles().first();
        let article = self.articles.iter_mut().find(|article| Some(&article.id) == first);
        article.map(|article| article.questions.push(message.text.as_str().into())).is_some()
    }
}

fn folder(dir: &Path, changes: &Changes) -> Result<Dataset, DatasetError> {
    if dir.join("test.jsonl").is_file() {
        labels::read(dir, changes)
    } else if dir.join("kb.jsonl").is_file() {
        faq::read(dir)
    } else {
        Err(DatasetError::NoForm { dir: dir.to_owned() })
    }
}

fn name_of(dir: &Path) -> String {
    let full = dir.canonicalize().unwrap_or_else(|_| dir.to_owned());
    full.file_name()
        .map_or_else(|| dir.display().to_string(), |name| name.to_string_lossy().into_owned())
}

fn labelled(text: String, relevant: Vec<ArticleId>) -> Record {
    Record { relevant: relevant.into(), ..Record::plain(text) }
}

fn out_of_scope(text: String) -> Record {
    Record { relevant: Relevance::OutOfScope, ..Record::plain(text) }
}

/// The language most of the texts are in; sets are in one.
fn language_of<'t>(texts: impl Iterator<Item = &'t str>) -> Language {
    /// More would not change the majority of a set in one language.
    const LOOKED_AT: usize = 500;
    let found: Vec<Language> =
        texts.take(LOOKED_AT).map(|text| language::detect(text, None)).collect();
    let votes =
        |candidate: &Language| found.iter().filter(|language| *language == candidate).count();
    found
        .iter()
        .max_by_key(|candidate| (votes(candidate), **candidate))
        .copied()
        .unwrap_or(Language::UND)
}

#[cfg(test)]
mod tests;
