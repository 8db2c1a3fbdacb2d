//! What was decided lately, so that a repeated request gets its earlier reply and a verdict finds its decision. Bounded by
//! age, by number and by an estimate of bytes; the oldest goes first.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use tokio::time::Instant;

use super::config::{Bounds, Times};
use super::error::DispatchError;
use super::key::Key;
use super::outcome::Outcome;
use super::waiter::Fingerprint;
use crate::decision;
use crate::message::{DecisionId, RequestId};

/// The outcomes that are remembered.
#[derive(Debug, Default)]
pub(super) struct Recorded {
    by_request: HashMap<(Key, RequestId), (Fingerprint, Arc<Outcome>)>,
    decisions: HashSet<DecisionId>,
    order: VecDeque<Entry>,
    bytes: usize,
}

#[derive(Debug)]
struct Entry {
    at: Instant,
    key: Key,
    outcome: Arc<Outcome>,
    bytes: usize,
}

impl Recorded {
    /// The outcome of an earlier request with this id, or that it had another body.
    pub(super) fn find(
        &self,
        key: &Key,
        request: &RequestId,
        fingerprint: Fingerprint,
    ) -> Result<Option<Arc<Outcome>>, DispatchError> {
        match self.by_request.get(&(key.clone(), request.clone())) {
            None => Ok(None),
            Some((earlier, outcome)) if *earlier == fingerprint => Ok(Some(Arc::clone(outcome))),
            Some(_) => Err(DispatchError::RequestIdReused),
        }
    }

    /// Whether a decision is remembered.
    pub(super) fn knows(&self, decision: &DecisionId) -> bool {
        self.decisions.contains(decision)
    }

    /// Remembers an outcome for each of its messages.
    pub(super) fn record(
        &mut self,
        key: &Key,
        outcome: &Arc<Outcome>,
        requests: impl Iterator<Item = (RequestId, Fingerprint)>,
        now: Instant,
    ) {
        for (request, fingerprint) in requests {
            let value = (fingerprint, Arc::clone(outcome));
            self.by_request.insert((key.clone(), request), value);
        }
        self.decisions.insert(outcome.decision_id.clone());
        let bytes = weight(outcome);
        self.bytes += bytes;
        let outcome = Arc::clone(outcome);
        self.order.push_back(Entry { at: now, key: key.clone(), outcome, bytes });
    }

    /// Forgets what is too old or too much.
    pub(super) fn trim(&mut self, now: Instant, times: &Times, bounds: &Bounds) {
        while let Some(oldest) = self.order.front() {
            let expired = now.duration_since(oldest.at) >= times.remember;
            let crowded =
                self.by_request.len() > bounds.outcomes || self.bytes > bounds.outcome_bytes;
            if !expired && !crowded {
                return;
            }
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        let Some(entry) = self.order.pop_front() else { return };
        self.bytes = self.bytes.saturating_sub(entry.bytes);
        self.decisions.remove(&entry.outcome.decision_id);
        for request in &entry.outcome.request_ids {
            self.by_request.remove(&(entry.key.clone(), request.clone()));
        }
    }
}

/// About how many bytes an outcome takes: its texts, and a flat rate for the rest of each piece.
fn weight(outcome: &Outcome) -> usize {
    const FLAT: usize = 512;
    let parts: usize = outcome.decision.parts.iter().map(part_weight).sum();
    let say: usize =
        outcome.say.iter().map(|out| FLAT / 4 + out.text.len() + out.markdown.len()).sum();
    FLAT + outcome.request_ids.len() * FLAT / 2 + parts + say
}

fn part_weight(part: &decision::Part) -> usize {
    const FLAT: usize = 256;
    let answer = match &part.outcome {
        decision::Outcome::Answer(answer) => {
            let more: usize = answer.more.iter().map(|section| section.markdown.len()).sum();
            FLAT + answer.text.len() + answer.markdown.len() + more
        }
        decision::Outcome::Clarify(options) => options.len() * FLAT / 2,
        decision::Outcome::Route(_)
        | decision::Outcome::SmallTalk(_)
        | decision::Outcome::Nothing => 0,
    };
    let why = &part.explanation;
    FLAT + part.text.len()
        + answer
        + (why.candidates.len() + why.intents.len() + why.evidence.len()) * FLAT / 2
}
