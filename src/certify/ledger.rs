//! `calibration.toml`: what was granted, what was spent, what is missing. Everything in it may be seen by anybody; messages
//! and labels are sealed beside it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::decision::Calibration;
use crate::decision::guarantee::{
    Alarm, Certificate, Epoch, Missing, Profile, Reading, Slice, Wager,
};
use crate::message::ArticleId;

/// The calibration of one service.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Ledger {
    /// Certify sets that were opened so far.
    pub epochs: u32,
    /// The last certificate.
    pub granted: Option<Granted>,
    /// What labels showed that may not certify.
    pub measured: Option<Measured>,
    /// Why there is no certificate.
    pub missing: Option<Missing>,
    /// The watch over audited answers.
    pub audit: Wager,
    /// What is no longer as it was.
    pub alarm: Option<Alarm>,
}

/// A certificate with what its renewal needs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Granted {
    /// What was shown.
    pub certificate: Certificate,
    /// What was spent on its certify set.
    pub epoch: Epoch,
    /// The calibrator in force.
    pub calibration: Calibration,
    /// Hash of what every certify message got from the bundle that stood last.
    pub decided: String,
    /// What the certify messages looked like.
    pub reference: Profile,
    /// A bundle that waits for verdicts on new texts.
    pub waiting: Option<Waiting>,
    /// Article → hash of text and validity, of the bundle that stood last.
    pub texts: BTreeMap<ArticleId, String>,
}

/// A bundle that cannot be tested yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// Which.
    pub bundle: String,
    /// Would-be answers whose text nobody judged.
    pub open: usize,
}

/// A threshold from labels whose origin allows no certificate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// The bundle it was measured on.
    pub bundle: String,
    /// The probability an answer must reach.
    pub threshold: f64,
    /// Labelled messages.
    pub messages: usize,
    /// Of these, would be answered.
    pub answered: usize,
    /// Of these, right.
    pub right: usize,
    /// Fitted on the same labels, out of fold where it was counted.
    pub calibration: Calibration,
}

impl Measured {
    /// The counts.
    pub fn reading(&self) -> Reading {
        Reading { messages: self.messages, answered: self.answered, right: self.right }
    }
}

impl Granted {
    /// The probability that an answer under a certificate must reach; none reaches infinity.
    pub(super) fn threshold(&self, under: Slice) -> f64 {
        match under {
            Slice::Whole | Slice::Language(_) => self.epoch.threshold,
            Slice::Risk(risk) => {
                let own = self.certificate.risks().find(|(known, _)| *known == risk);
                own.map_or(f64::INFINITY, |(_, threshold)| threshold)
            }
        }
    }
}
