//! What became of each message, small enough to be kept: what `bench compare` reads of a run.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::document::Seen;
use crate::message::ArticleId;

/// Every message of a run, in the order of the set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Messages {
    /// SHA-256 of the texts with their labels, in hexadecimal: two runs can be compared where it is equal.
    pub sha256: String,
    /// The precisions that `Row::answered` is about.
    pub targets: Vec<f64>,
    /// One a message.
    pub rows: Vec<Row>,
}

/// One message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// What the customer wrote.
    pub text: String,
    /// Some article answers it.
    pub in_scope: bool,
    /// The best intent is one of a right article.
    pub intent: bool,
    /// The place of the first right article, from 1; null if it is not among the candidates.
    pub rank: Option<usize>,
    /// The best candidate.
    pub best: Option<ArticleId>,
    /// Cross-fitted P(right); null where a rule keeps it from being answered.
    pub score: Option<f64>,
    /// Whether what would be sent is right.
    pub right: bool,
    /// Of the halvings that read it, the share that answered it, one entry a target; null where none read it.
    pub answered: Vec<Option<f64>>,
}

impl Messages {
    /// Of a run's messages.
    pub(super) fn of(messages: &[Seen], targets: &[f64]) -> Self {
        Self {
            sha256: fingerprint(messages),
            targets: targets.to_vec(),
            rows: messages.iter().map(row).collect(),
        }
    }
}

fn row(seen: &Seen) -> Row {
    Row {
        text: seen.text.clone(),
        in_scope: !seen.relevant.is_empty(),
        intent: seen.intent_right,
        rank: seen.rank.map(|rank| rank + 1),
        best: seen.best.clone(),
        score: seen.score.is_finite().then(|| four_decimals(seen.score)),
        right: seen.right,
        answered: seen.answered.iter().map(|share| share.map(four_decimals)).collect(),
    }
}

fn four_decimals(number: f64) -> f64 {
    (number * 1e4).round() / 1e4
}

fn fingerprint(messages: &[Seen]) -> String {
    use std::fmt::Write as _;
    let mut hash = Sha256::new();
    for seen in messages {
        let mut labels: Vec<&str> = seen.relevant.iter().map(ArticleId::as_str).collect();
        labels.sort_unstable();
        // No text holds a zero byte followed by ids and another: fields cannot run into each other.
        hash.update(format!("{}\0{}\0", seen.text, labels.join("\n")));
    }
    hash.finalize().iter().fold(String::with_capacity(64), |mut hex, byte| {
        // Writing to a String cannot fail.
        write!(hex, "{byte:02x}").ok();
        hex
    })
}
