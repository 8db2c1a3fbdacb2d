//! What a walk found, as it may be reported. The exact number of errors is not part of it: while the epoch lives, showing
//! it would let a later bundle depend on it.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Budget, Reading, Slice};
use crate::message::{Risk, Timestamp};

/// A threshold with its bound. The bound is the target: no other number read at the chosen rung is covered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Certificate {
    /// What was asked for, and of whom.
    pub budget: Budget,
    /// The bundle it is about, as frozen before any label was opened.
    pub bundle: String,
    /// Certify messages: N.
    pub messages: usize,
    /// The whole.
    pub whole: Shown,
    /// The place of the last rung passed, from 0.
    pub rung: usize,
    /// The slices that passed.
    #[serde(default)]
    pub slices: Vec<Shown>,
    /// The days of the first and the last message.
    pub period: Option<(Date, Date)>,
    /// When, and until when.
    pub bounds: Bounds,
}

/// What passed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Shown {
    /// Of which answers.
    pub slice: Slice,
    /// The probability an answer must reach.
    pub threshold: f64,
    /// Labelled answers: m.
    pub answered: usize,
    /// The errors that were allowed among them.
    pub allowed: u64,
}

/// When a certificate was given, and how long it is good.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Bounds {
    /// When it was given.
    pub issued: Timestamp,
    /// When it ends.
    pub expires: Timestamp,
    /// The served messages after which it ends.
    pub messages: u64,
}

/// Days that a certificate is good for.
const DAYS: i64 = 90;
/// Served messages that it is good for, for each labelled answer behind it.
const MESSAGES_PER_ANSWER: u64 = 1_000;

impl Bounds {
    /// 90 days, or a thousand served messages for each labelled answer.
    pub fn from(issued: Timestamp, answered: usize) -> Self {
        let expires = issued.checked_add(jiff::SignedDuration::from_hours(24 * DAYS));
        Self {
            issued,
            expires: expires.unwrap_or(Timestamp::MAX),
            messages: MESSAGES_PER_ANSWER.saturating_mul(answered as u64),
        }
    }

    /// Whether it is over.
    pub fn over(&self, now: Timestamp, served: u64) -> bool {
        now >= self.expires || served >= self.messages
    }
}

impl Certificate {
    /// Answered of all certify messages, with its interval at 95 % (Wilson's).
    pub fn coverage(&self) -> (f64, [f64; 2]) {
        let reading = Reading { messages: self.messages, answered: self.whole.answered, right: 0 };
        (reading.coverage(), wilson(self.whole.answered, self.messages))
    }

    /// The thresholds of risks with a certificate of their own.
    pub fn risks(&self) -> impl Iterator<Item = (Risk, f64)> {
        self.slices.iter().filter_map(|shown| match shown.slice {
            Slice::Risk(risk) => Some((risk, shown.threshold)),
            Slice::Whole | Slice::Language(_) => None,
        })
    }
}

/// The interval of a share at 95 %.
fn wilson(part: usize, of: usize) -> [f64; 2] {
    const Z: f64 = 1.959_964;
    if of == 0 {
        return [0.0, 1.0];
    }
    let (n, p) = (of as f64, part as f64 / of as f64);
    let middle = p + Z * Z / (2.0 * n);
    let half = Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + Z * Z / n;
    [((middle - half) / scale).max(0.0), ((middle + half) / scale).min(1.0)]
}
