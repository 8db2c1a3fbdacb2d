//! Two runs over the same messages, message by message: what differs, by how much that could be chance, and which messages
//! changed. It reads what `bench quality --json` wrote; nothing is decided again.

mod bootstrap;
mod document;

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::quality::{Messages, Row};
use crate::error::{Classify, Kind};

pub use document::{AtTarget, Change, Comparison, Difference, Fate, Figure};

/// Samples with replacement behind an interval.
const DRAWS: u32 = 2000;

/// One run of one set, as far as a comparison reads it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Run {
    /// The suite's name, where a suite was run.
    #[serde(default)]
    pub suite: Option<String>,
    /// The set's name.
    pub dataset: String,
    /// The model that read it.
    pub model: String,
    /// What became of each message.
    pub messages: Messages,
}

impl Run {
    /// What the two runs of a pair are called alike.
    fn name(&self) -> &str {
        self.suite.as_deref().unwrap_or(&self.dataset)
    }
}

/// Why two files cannot be compared.
#[derive(Debug, thiserror::Error)]
pub enum CompareError {
    /// A file that cannot be read; the message names it.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// A file that `bench quality --json` did not write, or an earlier version of it.
    #[error("{} is no document of bench quality with messages: {message}", path.display())]
    NoRun {
        /// Which file.
        path: PathBuf,
        /// What is missing or wrong.
        message: String,
    },
    /// The runs asked different messages, or judged them by different labels.
    #[error("{name}: the two runs are of different messages ({a} and {b}); nothing can be paired")]
    OtherMessages {
        /// The set.
        name: String,
        /// Messages in the first, and the beginning of their hash.
        a: String,
        /// Messages in the second, and the beginning of their hash.
        b: String,
    },
    /// No set is in both files.
    #[error("no set is in both files: {a} against {b}")]
    NothingInCommon {
        /// The sets of the first.
        a: String,
        /// The sets of the second.
        b: String,
    },
}

impl Classify for CompareError {
    fn kind(&self) -> Kind {
        match self {
            Self::Io(_) => Kind::NotFound,
            Self::NoRun { .. } => Kind::InvalidArgument,
            Self::OtherMessages { .. } | Self::NothingInCommon { .. } => Kind::FailedPrecondition,
        }
    }
    fn reason(&self) -> &'static str {
        match self {
            Self::Io(_) => "FILE_UNREADABLE",
            Self::NoRun { .. } => "BAD_DOCUMENT",
            Self::OtherMessages { .. } => "OTHER_DATA",
            Self::NothingInCommon { .. } => "NOTHING_IN_COMMON",
        }
    }
    fn remedy(&self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::Io(_) => "Check both paths.",
            Self::NoRun { .. } => "Write both files with `firstline bench quality … --json FILE`.",
            Self::OtherMessages { .. } => {
                "Run both with the same messages, labels, --noise, --index-share and --seed."
            }
            Self::NothingInCommon { .. } => "Compare two runs of the same set or suite.",
        })
    }
}

/// The runs in a file: one, or one a suite.
pub fn read(path: &Path) -> Result<Vec<Run>, CompareError> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum File {
        Suites { suites: Vec<serde_json::Value> },
        One(serde_json::Value),
    }
    let no_run = |error: serde_json::Error| CompareError::NoRun {
        path: path.to_owned(),
        message: error.to_string(),
    };
    let text = fs_err::read_to_string(path)?;
    let values = match serde_json::from_str(&text).map_err(no_run)? {
        File::Suites { suites } => suites,
        File::One(value) => vec![value],
    };
    values.into_iter().map(|value| serde_json::from_value(value).map_err(no_run)).collect()
}

/// Every set that is in both, paired by name; two single runs are a pair whatever they are called.
pub fn compare(a: &[Run], b: &[Run]) -> Result<Vec<Comparison>, CompareError> {
    if let ([a], [b]) = (a, b) {
        return Ok(vec![pair(a, b)?]);
    }
    let twin = |one: &Run| b.iter().find(|other| other.name() == one.name());
    let pairs = a.iter().filter_map(|one| Some((one, twin(one)?)));
    let comparisons = pairs.map(|(a, b)| pair(a, b)).collect::<Result<Vec<_>, _>>()?;
    if comparisons.is_empty() {
        let names = |runs: &[Run]| {
            runs.iter().map(|run| run.name().to_owned()).collect::<Vec<_>>().join(", ")
        };
        return Err(CompareError::NothingInCommon { a: names(a), b: names(b) });
    }
    Ok(comparisons)
}

fn pair(a: &Run, b: &Run) -> Result<Comparison, CompareError> {
    let rows = (&a.messages.rows, &b.messages.rows);
    if a.messages.sha256 != b.messages.sha256 || rows.0.len() != rows.1.len() {
        let described = |run: &Run| {
            let hash: String = run.messages.sha256.chars().take(12).collect();
            format!("{} × {hash}", run.messages.rows.len())
        };
        let name = a.name().to_owned();
        return Err(CompareError::OtherMessages { name, a: described(a), b: described(b) });
    }
    let targets = common_targets(&a.messages, &b.messages);
    let places: Vec<(usize, usize)> = targets.iter().map(|(_, places)| *places).collect();
    let pairs: Vec<(&Row, &Row)> = rows.0.iter().zip(rows.1).collect();
    let differences = bootstrap::differences(&pairs, &places, DRAWS);
    let strictest = targets.iter().max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, places)| *places);
    let targets: Vec<f64> = targets.into_iter().map(|(target, _)| target).collect();
    Ok(Comparison::of((a, b), &targets, &differences, document::changes(&pairs, strictest)))
}

/// The targets of both runs, each with its place in the first and in the second.
fn common_targets(a: &Messages, b: &Messages) -> Vec<(f64, (usize, usize))> {
    let place_in_b = |target: &f64| b.targets.iter().position(|t| (t - target).abs() < 1e-9);
    let each = a.targets.iter().enumerate();
    each.filter_map(|(place, target)| Some((*target, (place, place_in_b(target)?)))).collect()
}

#[cfg(test)]
mod tests;
