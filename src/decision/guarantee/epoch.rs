//! The ledger of one certify set: what was tested on it, at which price, with which outcome. It refuses to count the same
//! bundle twice, and is over at the first failure; until then the bundle under test can depend on the labels only through
//! the first certificate, which is what the price of a renewal allows for.

use serde::{Deserialize, Serialize};

use super::{Budget, Slice, Test};
use crate::message::Timestamp;

/// One certify set and all that was ever tested on it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Epoch {
    /// Counted from 1 over the life of the service.
    pub number: u32,
    /// Hash over the certify messages; no message is in two epochs.
    pub set: String,
    /// What may be spent.
    pub budget: Budget,
    /// The threshold in force since the first certificate; renewals test no other.
    pub threshold: f64,
    /// The bundle of the first certificate.
    pub bundle: String,
    /// What came after, in order.
    #[serde(default)]
    pub renewals: Vec<Renewal>,
}

/// One renewal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Renewal {
    /// From 1; 0 for one that cost nothing.
    pub j: u32,
    /// The bundle that was tested.
    pub bundle: String,
    /// What it cost.
    pub delta: f64,
    /// What came of it.
    pub outcome: Outcome,
    /// When.
    pub at: Timestamp,
}

/// What came of a renewal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Written before labels are counted, so that an interrupted test is not made twice at one price.
    Begun,
    /// The threshold holds for this bundle too.
    Passed,
    /// It could not be shown. The epoch is over.
    Failed,
    /// Every decision on every certify message is the same, and no text: nothing was tested.
    Free,
}

/// Leave to make one test.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ticket {
    /// Which renewal it is.
    pub j: u32,
    /// What is tested of the whole; the slices that stand are tested beside it.
    pub test: Test,
}

/// Why there is no test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spent {
    /// A renewal failed: new labels are needed.
    Over,
    /// This bundle was tested and stands.
    Stands,
}

impl Epoch {
    /// Whether a renewal failed.
    pub fn is_over(&self) -> bool {
        self.renewals.iter().any(|renewal| renewal.outcome == Outcome::Failed)
    }

    /// Whether a bundle may answer under this epoch's threshold.
    pub fn stands(&self, bundle: &str) -> bool {
        let passed = |renewal: &Renewal| matches!(renewal.outcome, Outcome::Passed | Outcome::Free);
        let tested = self.renewals.iter().any(|r| r.bundle == bundle && passed(r));
        !self.is_over() && (bundle == self.bundle || tested)
    }

    /// Leave to test a bundle, or why there is none. An interrupted test of the same bundle goes on at its own price.
    pub fn ticket(&self, bundle: &str) -> Result<Ticket, Spent> {
        if self.is_over() {
            return Err(Spent::Over);
        }
        if self.stands(bundle) {
            return Err(Spent::Stands);
        }
        let begun = self.renewals.iter().find(|renewal| renewal.bundle == bundle);
        let last = self.renewals.iter().map(|renewal| renewal.j).max().unwrap_or_default();
        let j = begun.map_or(last + 1, |renewal| renewal.j);
        Ok(Ticket { j, test: self.budget.renewal(j, Slice::Whole) })
    }

    /// Enters a test or its outcome.
    pub fn enter(&mut self, ticket: Ticket, bundle: &str, (outcome, at): (Outcome, Timestamp)) {
        self.renewals.retain(|renewal| renewal.j != ticket.j || renewal.j == 0);
        let delta = self.budget.price(ticket.j);
        self.renewals.push(Renewal { j: ticket.j, bundle: bundle.to_owned(), delta, outcome, at });
    }

    /// Enters a bundle that decides everything as one that stands.
    pub fn enter_free(&mut self, bundle: &str, at: Timestamp) {
        if !self.is_over() && !self.stands(bundle) {
            let (bundle, outcome) = (bundle.to_owned(), Outcome::Free);
            self.renewals.push(Renewal { j: 0, bundle, delta: 0.0, outcome, at });
        }
    }

    /// What was spent on renewals so far.
    pub fn spent(&self) -> f64 {
        self.renewals.iter().map(|renewal| renewal.delta).sum()
    }
}
