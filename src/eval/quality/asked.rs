//! All messages of a set with the decisions on them.

use std::sync::Arc;

use super::document::{Details, Quantiles, Seen, Served};
use super::halvings::{self, Fate};
use super::judge::{Examined, Open, Right, ranking};
use super::obstacle::Obstacle;
use super::urgency::Urgency;
use super::wrong::Why;
use super::{Options, QualityError, calibrator};
use crate::decision::Decision;
use crate::decision::policy::About;
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

    pub(super) fn examined(&self) -> Vec<Examined> {
        let open = Open::of(&self.bundle);
        self.each().map(|(decision, _, right)| open.examine(&decision.evidence, &right)).collect()
    }

    pub(super) fn urgency(&self) -> Option<Urgency> {
        Urgency::of(self.decisions.iter().zip(&self.messages))
    }

    pub(super) fn served(&self) -> Served {
        let mut served = Served { target: self.bundle.policy().target, ..Served::default() };
        for (decision, record, right) in self.each() {
            served.add(decision, record, &right);
        }
        served.finished()
    }

    pub(super) fn details(
        &self,
        judged: &[Judged],
        examined: &[Examined],
        options: &Options,
    ) -> Details {
        let cases: Vec<Case> = examined.iter().map(|one| one.case.clone()).collect();
        let fitted = gate::out_of_fold(&cases.iter().collect::<Vec<_>>(), &calibrator);
        let fates = halvings::fates(&cases, &options.targets, options.repeats.splits);
        let read = judged.iter().zip(examined).zip(fitted.iter().zip(&fates));
        let messages = self
            .each()
            .zip(read)
            .map(|((decision, record, right), ((judged, examined), (scored, fate)))| {
                let read = Read { judged, examined, scored, fate };
                self.seen((decision, record, &right), &read)
            })
            .collect();
        let rescored: Vec<Judged> = judged
            .iter()
            .zip(&fitted)
            .filter_map(|(judged, scored)| rescored(*judged, *scored))
            .collect();
        Details { messages, provisional: reliability(judged), fitted: reliability(&rescored) }
    }

    fn seen(
        &self,
        (decision, record, right): (&Decision, &Record, &Right<'_>),
        read: &Read<'_>,
    ) -> Seen {
        let about = read.examined.wrong.unwrap_or(About::Whole);
        let shown = about.of(&decision.evidence);
        let best = shown.sightings.first();
        Seen {
            text: record.text.clone(),
            language: decision.language,
            marks: record.kind.clone(),
            relevant: record.relevant.articles().to_vec(),
            right_group: right.group().map(|group| group.to_string()),
            best: best.map(|sighting| sighting.article.clone()),
            sent_group: best.map_or_else(String::new, |sighting| sighting.group.to_string()),
            risk: best.map(|sighting| sighting.risk),
            matched: best.map_or_else(String::new, |sighting| sighting.matched.to_string()),
            rank: read.judged.rank,
            intent_right: read.judged.intent_right,
            probability: read.judged.probability,
            score: read.scored.score,
            right: read.scored.right,
            read: read.fate.read,
            answered: read.fate.shares(),
            obstacle: obstacle(record, right, read),
            why: read.examined.wrong.map(|_| Why::of(shown, self.bundle.gate())),
        }
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

/// One message through every reader of the evaluation.
struct Read<'r> {
    judged: &'r Judged,
    examined: &'r Examined,
    scored: &'r Scored,
    fate: &'r Fate,
}

/// What stands in the way where it is not answered.
fn obstacle(record: &Record, right: &Right<'_>, read: &Read<'_>) -> Obstacle {
    if record.is_small_talk() {
        return Obstacle::SmallTalk;
    }
    if record.relevant.articles().is_empty() {
        return Obstacle::OutOfScope;
    }
    if right.group().is_none() {
        return Obstacle::NoArticle;
    }
    let Examined { case, barred, .. } = read.examined;
    let first = case.right || barred.is_some() && read.judged.right();
    let unsure = if first { Obstacle::NotCertain } else { Obstacle::NotFirst };
    barred.and_then(Obstacle::of_rule).unwrap_or(unsure)
}

/// The same message under another probability; `None` where it may not be answered at all.
fn rescored(judged: Judged, scored: Scored) -> Option<Judged> {
    let rank = scored.right.then_some(0);
    scored.score.is_finite().then_some(Judged { probability: scored.score, rank, ..judged })
}
