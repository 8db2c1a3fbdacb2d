//! What may be promised about automatic answers, as pure functions: a path of thresholds planned before a label is opened,
//! the walk down it with exact binomial tails, a budget that repeated renewals cannot cheat, the end of a certificate, and
//! the one sentence that may be said. Evaluation and serving share all of it. Which messages count, where their labels are
//! kept and who may see them is not decided here (see `certify`).
//!
//! ```text
//! workshop scores ─plan─▶ Path ─walk on untouched labels─▶ threshold ─▶ Certificate ─▶ sentence
//!                                                              └─ renewals, each paid from the Epoch's budget
//! ```
//!
//! Sources: Angelopoulos, Bates, Candès, Jordan and Lei, "Learn then Test" (fixed-sequence testing); Waudby-Smith and
//! Ramdas, "Estimating means of bounded random variables by betting" (the watch over audited answers).

pub mod tails;
mod ladder;
mod path;
mod budget;
mod epoch;
mod certificate;
mod drift;
mod wager;
mod words;

use serde::{Deserialize, Serialize};

pub use budget::{Budget, Slice};
pub use certificate::{Bounds, Certificate, Shown};
pub use drift::{Alarm, Profile};
pub use epoch::{Epoch, Outcome, Renewal, Spent, Ticket};
pub use ladder::{Reading, Scored, Step, ladder};
pub use path::{Path, Rung, TooFew, plan, planned_at, walk};
pub use wager::Wager;
pub use words::{Missing, Sentence};

/// What is asked of a threshold.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Terms {
    /// The share of answers that must be right, 0..1.
    pub target: f64,
    /// How sure that must be, 0..1.
    pub confidence: f64,
}

impl Terms {
    /// The chance of a wrong certificate that is accepted.
    pub fn delta(self) -> f64 {
        1.0 - self.confidence
    }

    /// One test that spends all of it.
    pub fn test(self) -> Test {
        Test { target: self.target, delta: self.delta() }
    }
}

/// One test: whether the precision is at least `target`, wrongly affirmed with a chance of `delta` at most.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Test {
    /// The share of answers that must be right, 0..1.
    pub target: f64,
    /// The chance of a wrong yes, 0..1.
    pub delta: f64,
}

impl Test {
    /// Whether a count passes: P(Bin(answered, 1 - target) <= wrong) <= delta. Nothing answered shows nothing.
    pub fn passes(self, reading: Reading) -> bool {
        let (answered, wrong) = (reading.answered as u64, reading.wrong() as u64);
        answered > 0 && tails::binomial_tail(answered, wrong, 1.0 - self.target) <= self.delta
    }

    /// The most errors among `answered` that pass; `None` where even none is too many.
    pub fn allowed(self, answered: usize) -> Option<u64> {
        tails::allowed_errors(answered as u64, self.target, self.delta)
    }
}

#[cfg(test)]
mod tests;
