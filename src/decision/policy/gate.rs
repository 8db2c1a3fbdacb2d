//! The gate in force: a calibrator, the threshold its probability must reach, and what is known about both.

use serde::{Deserialize, Serialize};

use crate::decision::calibration::Calibration;
use crate::decision::evidence::{Piece, Sighting};
use crate::decision::{Guarantee, GuaranteeState};
use crate::message::{Language, Probability};

/// What a would-be answer must pass.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Gate {
    /// Readings → P(right).
    pub calibration: Calibration,
    /// The probability an answer must reach.
    pub threshold: f64,
    /// What is known about the two.
    pub state: GuaranteeState,
}

impl Gate {
    /// P(right) of a candidate.
    pub fn probability(&self, sighting: &Sighting) -> Probability {
        self.calibration.probability(&sighting.readings)
    }

    /// P(right) of a piece's best candidate; 0 where there is none.
    pub(super) fn best(&self, piece: &Piece) -> Probability {
        piece.sightings.first().map_or(Probability::default(), |first| self.probability(first))
    }

    /// The numbers, little-endian: what a bundle hashes.
    pub fn bytes(&self) -> impl Iterator<Item = u8> + '_ {
        self.calibration.bytes().chain(self.threshold.to_le_bytes())
    }

    /// What may be promised about an answer in a language.
    pub fn guarantee(&self, target: f64, language: Language) -> Guarantee {
        let note = match (self.state, language == Language::ZH) {
            (GuaranteeState::None, true) => "尚未校准，不作任何保证。",
            (GuaranteeState::None, false) => "Nothing is calibrated; nothing is promised.",
            (GuaranteeState::Provisional, true) => {
                "暂定：门槛只由知识库自己的问法得出，还没有真实消息的标注，不作任何统计保证。"
            }
            (GuaranteeState::Provisional, false) => {
                "Provisional: the threshold comes from the knowledge's own questions, not from labelled customer messages; no statistical claim."
            }
        };
        Guarantee {
            state: self.state,
            target,
            threshold: self.threshold,
            slice: "all".to_owned(),
            note: note.to_owned(),
        }
    }
}
