//! One decision against one record's labels: the ranking of the whole message, and what the gate would let through.

use std::cmp::Ordering;
use std::collections::HashSet;

use crate::decision::evidence::Evidence;
use crate::decision::policy::{self, About, Answered, Gate};
use crate::decision::{Decision, Reason};
use crate::eval::gate::Case;
use crate::eval::record::Record;
use crate::eval::score::Judged;
use crate::knowledge::Library;
use crate::message::{ArticleId, IntentId, Shared};
use crate::release::Bundle;

/// What is right for a message, in the terms of a library: its articles, all that give the same answer, their intents.
#[derive(Debug)]
pub(super) struct Right<'l> {
    first: Option<usize>,
    groups: HashSet<usize>,
    intents: HashSet<&'l IntentId>,
    library: &'l Library,
}

impl<'l> Right<'l> {
    pub(super) fn of(record: &Record, library: &'l Library) -> Self {
        let places = || record.relevant.articles().iter().filter_map(|id| library.index_of(id));
        let articles = places().filter_map(|place| library.articles().get(place));
        let mut groups = places().map(|place| library.groups().group(place)).peekable();
        Self {
            first: groups.peek().copied(),
            groups: groups.collect(),
            intents: articles.map(|article| &article.intent).collect(),
            library,
        }
    }

    /// Whether this article answers the message.
    pub(super) fn is(&self, article: &ArticleId) -> bool {
        let group = self.library.index_of(article).map(|place| self.library.groups().group(place));
        group.is_some_and(|group| self.groups.contains(&group))
    }

    /// The name of the first right answer group; `None` where the knowledge has none.
    pub(super) fn group(&self) -> Option<Shared> {
        self.first.map(|group| self.library.group_name(group))
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
            gate: bundle.gate().opened(0.0, &[]),
            policy: policy::Config { scope: 0.0, ..bundle.policy().clone() },
        }
    }

    /// What a threshold has to judge. A message of several questions is as sure as its least sure part, and right if every
    /// part is.
    pub(super) fn examine(&self, evidence: &Evidence, right: &Right<'_>) -> Examined {
        let (answers, barred) = match self.answers(evidence) {
            Ok(answers) => (answers, None),
            Err(reason) => (Vec::new(), Some(reason)),
        };
        let surer = |a: &&Answered<'_>, b: &&Answered<'_>| {
            a.probability.partial_cmp(&b.probability).unwrap_or(Ordering::Equal)
        };
        let wrong = answers.iter().filter(|answer| !right.is(&answer.sighting.article));
        Examined {
            wrong: wrong.min_by(surer).map(|answer| answer.about),
            case: Case {
                evidence: answers
                    .iter()
                    .min_by(surer)
                    .map(|weakest| weakest.sighting.readings.values().to_vec()),
                right: !answers.is_empty()
                    && answers.iter().all(|answer| right.is(&answer.sighting.article)),
            },
            barred,
        }
    }

    /// What would be answered, or why a part is not.
    fn answers<'e>(&self, evidence: &'e Evidence) -> Result<Vec<Answered<'e>>, Reason> {
        policy::answers(evidence, &self.gate, &self.policy)
    }
}

/// One message as a threshold meets it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Examined {
    /// What the gate knows, and whether an answer is right.
    pub(super) case: Case,
    /// Why no threshold would answer it.
    pub(super) barred: Option<Reason>,
    /// The least sure part whose answer is wrong.
    pub(super) wrong: Option<About>,
}
