//! The gate in force: a calibrator, the thresholds its probability must reach, and what is known about them.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::decision::calibration::Calibration;
use crate::decision::evidence::{Piece, Sighting};
use crate::decision::guarantee::{Sentence, Slice, Terms};
use crate::decision::{Candidate, Guarantee, GuaranteeState};
use crate::message::{ArticleId, Language, Probability, Risk};

/// What a would-be answer must pass.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Gate {
    /// Readings → P(right).
    pub calibration: Calibration,
    /// The probability an answer must reach.
    pub threshold: f64,
    /// What is known about the two.
    pub state: GuaranteeState,
    /// What may be said and done on the strength of it.
    #[serde(skip)]
    pub claim: Arc<Claim>,
}

/// What a certificate, or the lack of one, allows.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Claim {
    /// Target and confidence of the certificate; `None` where there is none.
    pub terms: Option<Terms>,
    /// The one sentence; empty for the state's own.
    pub sentence: Sentence,
    /// Risks with a certificate of their own, and the probability their answers must reach.
    pub risks: Vec<(Risk, f64)>,
    /// Languages with a certificate of their own.
    pub languages: Vec<Language>,
    /// While a changed bundle is tested again: the articles that are as they were and may still answer.
    pub unchanged: BTreeSet<ArticleId>,
}

impl Gate {
    /// A gate that nothing but its state speaks for.
    pub fn new(calibration: Calibration, threshold: f64, state: GuaranteeState) -> Self {
        Self { calibration, threshold, state, claim: Arc::default() }
    }

    /// The same calibrator at another threshold, as if it were certified, for the whole and for these risks: what evaluation
    /// and certification ask "what would be answered here?".
    #[must_use]
    pub fn opened(&self, threshold: f64, risks: &[Risk]) -> Self {
        let risks = risks.iter().map(|risk| (*risk, threshold)).collect();
        Self {
            calibration: self.calibration,
            threshold,
            state: GuaranteeState::Certified,
            claim: Arc::new(Claim { risks, ..Claim::default() }),
        }
    }

    /// P(right) of a candidate.
    pub fn probability(&self, sighting: &Sighting) -> Probability {
        self.calibration.probability(&sighting.readings)
    }

    /// A sighting as an explanation shows it.
    pub fn candidate(&self, sighting: &Sighting) -> Candidate {
        Candidate {
            article: sighting.article.clone(),
            revision: sighting.revision.clone(),
            matched: sighting.matched.clone(),
            dense: sighting.dense,
            lexical: sighting.lexical,
            intent: sighting.intent,
            probability: self.probability(sighting),
            group: sighting.group.clone(),
        }
    }

    /// The probability that an answer of this risk must reach.
    pub fn threshold_for(&self, risk: Risk) -> f64 {
        self.own(risk).unwrap_or(self.threshold)
    }

    /// Whether answers of this risk have a certificate of their own.
    pub fn vouches_for(&self, risk: Risk) -> bool {
        self.own(risk).is_some()
    }

    fn own(&self, risk: Risk) -> Option<f64> {
        self.claim.risks.iter().find(|(known, _)| *known == risk).map(|(_, threshold)| *threshold)
    }

    /// Whether a candidate is certain enough.
    pub(super) fn passes(&self, sighting: &Sighting) -> bool {
        self.probability(sighting).get() >= self.threshold_for(sighting.risk)
    }

    /// P(right) of a piece's best candidate; 0 where there is none.
    pub(super) fn best(&self, piece: &Piece) -> Probability {
        piece.sightings.first().map_or(Probability::default(), |first| self.probability(first))
    }

    /// The numbers, little-endian: what a bundle hashes.
    pub fn bytes(&self) -> impl Iterator<Item = u8> + '_ {
        let risks = self.claim.risks.iter().flat_map(|(_, threshold)| threshold.to_le_bytes());
        self.calibration.bytes().chain(self.threshold.to_le_bytes()).chain(risks)
    }

    /// What may be promised about an answer of this risk in this language; `target` is the policy's, where no certificate
    /// has one.
    pub fn guarantee(&self, target: f64, language: Language, risk: Risk) -> Guarantee {
        let terms = self.claim.terms;
        Guarantee {
            state: self.state,
            target: terms.map_or(target, |terms| terms.target),
            confidence: terms.map_or(0.0, |terms| terms.confidence),
            threshold: self.threshold_for(risk),
            slice: self.slice(language, risk).to_string(),
            note: self.sentence().to(language).to_owned(),
        }
    }

    /// The narrowest certificate that an answer stands under.
    fn slice(&self, language: Language, risk: Risk) -> Slice {
        if self.vouches_for(risk) {
            Slice::Risk(risk)
        } else if self.claim.languages.contains(&language) {
            Slice::Language(language)
        } else {
            Slice::Whole
        }
    }

    /// The one sentence that may be said.
    pub fn sentence(&self) -> Sentence {
        if self.claim.sentence != Sentence::default() {
            return self.claim.sentence.clone();
        }
        match self.state {
            GuaranteeState::Provisional => Sentence::provisional(),
            GuaranteeState::Stale => Sentence::stale(0),
            GuaranteeState::Withdrawn => Sentence::withdrawn(),
            GuaranteeState::Expired => Sentence::expired(),
            GuaranteeState::None
            | GuaranteeState::Measured
            | GuaranteeState::Certified
            | GuaranteeState::Drifted => Sentence::none(),
        }
    }
}
