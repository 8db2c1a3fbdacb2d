//! All messages of a set with the decisions on them.

use std::sync::Arc;

use super::document::{Details, Quantiles, Served};
use super::judge::{Open, Right, ranking, seen};
use super::{QualityError, calibrator};
use crate::decision::Decision;
use crate::encoder::Role;
use crate::eval::gate::{self, Case, Scored};
use crate::eval::record::Record;
use crate::eval::score::{Judged, reliability};
use crate::knowledge::Library;
use crate::release::{Bundle, VectorCache};
use crate::text::normalize;

/// What was asked and what was decided, in the same order.
pub(super) struct Asked {
    pub(super) bundle: Arc<Bundle>,
    pub(super) messages: Vec<Record>,
    pub(super) decisions: Vec<Decision>,
}

impl Asked {
    fn library(&self) -> &Library {
        self.bundle.library()
    }

    /// Every decision with its record and what is right.
    fn each(&self) -> impl Iterator<Item = (&Decision, &Record, Right<'_>)> {
        let both = self.decisions.iter().zip(&self.messages);
        both.map(|(decision, record)| (decision, record, Right::of(record, self.library())))
    }

    pub(super) fn judged(&self) -> Vec<Judged> {
        let gate = self.bundle.gate();
        let probability = |decision: &Decision| {
            let best = decision.evidence.whole.sightings.first();
            best.map_or(0.0, |sighting| gate.probability(sighting).get())
        };
        self.each()
            .map(|(decision, record, right)| {
                ranking(decision, record, &right, probability(decision))
            })
            .collect()
    }

    pub(super) fn cases(&self) -> Vec<Case> {
        let open = Open::of(&self.bundle);
        self.each().map(|(decision, _, right)| open.case(&decision.evidence, &right)).collect()
    }

    pub(super) fn served(&self) -> Served {
        let mut served = Served { target: self.bundle.policy().target, ..Served::default() };
        for (decision, record, right) in self.each() {
            served.add(decision, record, &right);
        }
        served.finished()
    }

    pub(super) fn details(&self, judged: &[Judged], cases: &[Case]) -> Details {
        let fitted = gate::out_of_fold(&cases.iter().collect::<Vec<_>>(), &calibrator);
        let scored = judged.iter().zip(&fitted);
        let messages = self
            .each()
            .zip(scored)
            .map(|((decision, record, _), (judged, scored))| {
                seen(decision, record, judged, *scored)
            })
            .collect();
        let rescored: Vec<Judged> = judged
            .iter()
            .zip(&fitted)
            .filter_map(|(judged, scored)| rescored(*judged, *scored))
            .collect();
        Details { messages, provisional: reliability(judged), fitted: reliability(&rescored) }
    }

    /// How near each message comes to a question of the knowledge.
    pub(super) fn nearest(&self, vectors: &VectorCache) -> Result<Option<Quantiles>, QualityError> {
        let mut similarities = Vec::new();
        for record in &self.messages {
            let text = normalize(&record.text);
            // A message without anything to read was not encoded.
            let Some(vector) = vectors.get(text.as_str(), Role::Query) else { continue };
            let hits = self.library().hits(&vector, text.as_str())?;
            similarities.extend(hits.first().map(|hit| f64::from(hit.question)));
        }
        Ok(Quantiles::of(similarities))
    }
}

/// The same message under another probability; `None` where it may not be answered at all.
fn rescored(judged: Judged, scored: Scored) -> Option<Judged> {
    let rank = scored.right.then_some(0);
    scored.score.is_finite().then_some(Judged { probability: scored.score, rank, ..judged })
}
