//! One decision against one record's labels: the ranking of the whole message, and what the gate would let through.

use std::cmp::Ordering;
use std::collections::HashSet;

use super::document::Seen;
use crate::decision::Decision;
use crate::decision::evidence::{Evidence, Sighting};
use crate::decision::policy::{self, Gate, Ruled, decide};
use crate::eval::gate::{Case, Scored};
use crate::eval::record::Record;
use crate::eval::score::Judged;
use crate::knowledge::Library;
use crate::message::{ArticleId, IntentId, Probability};
use crate::release::Bundle;

/// What is right for a message, in the terms of a library: its articles, all that give the same answer, their intents.
#[derive(Debug)]
pub(super) struct Right<'l> {
    groups: HashSet<usize>,
    intents: HashSet<&'l IntentId>,
    library: &'l Library,
}

impl<'l> Right<'l> {
    pub(super) fn of(record: &Record, library: &'l Library) -> Self {
        let places = || record.relevant.articles().iter().filter_map(|id| library.index_of(id));
        let articles = places().filter_map(|place| library.articles().get(place));
        Self {
            groups: places().map(|place| library.groups().group(place)).collect(),
            intents: articles.map(|article| &article.intent).collect(),
            library,
        }
    }

    /// Whether this article answers the message.
    pub(super) fn is(&self, article: &ArticleId) -> bool {
        let group = self.library.index_of(article).map(|place| self.library.groups().group(place));
        group.is_some_and(|group| self.groups.contains(&group))
    }
}

/// How the whole message was ranked.
pub(super) fn ranking(
    decision: &Decision,
    record: &Record,
    right: &Right<'_>,
    probability: f64,
) -> Judged {
    let whole = &decision.evidence.whole;
    let best_intent = whole.intents.first().map(|(intent, _)| intent);
    Judged {
        in_scope: !record.relevant.articles().is_empty(),
        rank: whole.sightings.iter().position(|sighting| right.is(&sighting.article)),
        intent_right: best_intent.is_some_and(|intent| right.intents.contains(intent)),
        probability,
    }
}

/// The policy with its gate wide open: what it still does not answer, no threshold would answer.
pub(super) struct Open {
    gate: Gate,
    policy: policy::Config,
}

impl Open {
    pub(super) fn of(bundle: &Bundle) -> Self {
        Self {
            gate: Gate { threshold: 0.0, ..bundle.gate().clone() },
            policy: policy::Config { scope: 0.0, ..bundle.policy().clone() },
        }
    }

    /// What a threshold has to judge. A message of several questions is as sure as its least sure part, and right if every
    /// part is.
    pub(super) fn case(&self, evidence: &Evidence, right: &Right<'_>) -> Case {
        let answers = self.answers(evidence).unwrap_or_default();
        let weakest =
            answers.iter().min_by(|a, b| a.0.partial_cmp(&b.0).unwrap_or(Ordering::Equal));
        Case {
            evidence: weakest.map(|(_, sighting)| sighting.readings.values().to_vec()),
            right: !answers.is_empty() && answers.iter().all(|(_, s)| right.is(&s.article)),
        }
    }

    /// The probability and the candidate of every part but small talk; `None` where one of them is not answered.
    fn answers<'e>(&self, evidence: &'e Evidence) -> Option<Vec<(Probability, &'e Sighting)>> {
        let verdict = decide(evidence, &self.gate, &self.policy);
        let questions = verdict
            .rulings
            .into_iter()
            .filter(|ruling| !matches!(ruling.outcome, Ruled::SmallTalk(_) | Ruled::Nothing));
        questions
            .map(|ruling| {
                let answered = matches!(ruling.outcome, Ruled::Answer(_));
                let best = ruling.about.of(evidence).sightings.first().filter(|_| answered);
                best.map(|sighting| (ruling.probability, sighting))
            })
            .collect()
    }
}

/// What the report shows of a message.
pub(super) fn seen(decision: &Decision, record: &Record, judged: &Judged, scored: Scored) -> Seen {
    let best = decision.evidence.whole.sightings.first();
    Seen {
        text: record.text.clone(),
        language: decision.language,
        relevant: record.relevant.articles().to_vec(),
        best: best.map(|sighting| sighting.article.clone()),
        matched: best.map_or_else(String::new, |sighting| sighting.matched.to_string()),
        hit: judged.right(),
        score: scored.score,
        right: scored.right,
    }
}
