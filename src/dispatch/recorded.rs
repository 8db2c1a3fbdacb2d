//! What was decided lately, so that a repeated request gets its earlier reply and a verdict finds its decision. Bounded by
//! age, by number and by an estimate of bytes; the oldest goes first.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use tokio::time::Instant;

use super::config::{Bounds, Times};
use super::durable::KeptOutcome;
use super::error::DispatchError;
use super::key::Key;
use super::outcome::{Outcome, Outgoing};
use super::waiter::Fingerprint;
use crate::decision;
use crate::message::{DecisionId, RequestId};

/// The outcomes that are remembered.
#[derive(Debug, Default)]
pub(super) struct Recorded {
    by_key: HashMap<Key, HashMap<RequestId, (Fingerprint, Arc<Outcome>)>>,
    requests: usize,
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
        match self.by_key.get(key).and_then(|requests| requests.get(request)) {
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
            let requests = self.by_key.entry(key.clone()).or_default();
            self.requests += usize::from(requests.insert(request, value).is_none());
        }
        self.decisions.insert(outcome.decision_id.clone());
        let bytes = weight(outcome);
        self.bytes += bytes;
        let outcome = Arc::clone(outcome);
        self.order.push_back(Entry { at: now, key: key.clone(), outcome, bytes });
    }

    /// Forgets what is too old or too much; of which conversations.
    pub(super) fn trim(&mut self, now: Instant, times: &Times, bounds: &Bounds) -> Vec<Key> {
        let mut gone = Vec::new();
        while let Some(oldest) = self.order.front() {
            let expired = now.duration_since(oldest.at) >= times.remember;
            let crowded = self.requests > bounds.outcomes || self.bytes > bounds.outcome_bytes;
            if !expired && !crowded {
                break;
            }
            gone.extend(self.forget_oldest());
        }
        gone
    }

    /// What is remembered of a conversation, oldest first.
    pub(super) fn of(&self, key: &Key) -> Vec<KeptOutcome> {
        let Some(requests) = self.by_key.get(key) else { return Vec::new() };
        let mut outcomes: Vec<&Arc<Outcome>> = Vec::new();
        for (_, outcome) in requests.values() {
            if !outcomes.iter().any(|known| Arc::ptr_eq(known, outcome)) {
                outcomes.push(outcome);
            }
        }
        outcomes
            .sort_by(|a, b| (a.decided_at, &a.decision_id).cmp(&(b.decided_at, &b.decision_id)));
        let one = |outcome: &&Arc<Outcome>| KeptOutcome {
            requests: requests
                .iter()
                .filter(|(_, (_, other))| Arc::ptr_eq(other, outcome))
                .map(|(request, (fingerprint, _))| (request.clone(), *fingerprint))
                .collect(),
            outcome: outcome.as_ref().clone(),
        };
        outcomes.iter().map(one).collect()
    }

    /// The conversation of which nothing more is remembered by that.
    fn forget_oldest(&mut self) -> Option<Key> {
        let entry = self.order.pop_front()?;
        self.bytes = self.bytes.saturating_sub(entry.bytes);
        self.decisions.remove(&entry.outcome.decision_id);
        let requests = self.by_key.get_mut(&entry.key)?;
        for request in &entry.outcome.request_ids {
            self.requests -= usize::from(requests.remove(request).is_some());
        }
        if requests.is_empty() {
            self.by_key.remove(&entry.key);
        }
        Some(entry.key)
    }
}

/// About how many bytes an outcome takes: what it is, what it alone holds elsewhere, and its places in the maps. Names that
/// it shares with the bundle are not its own.
pub(super) fn weight(outcome: &Outcome) -> usize {
    /// An allocation's own expense.
    const HEAP: usize = 16;
    const PLACES: usize = 2 * size_of::<(Key, RequestId, Fingerprint, Entry)>();
    let text = |text: &str| HEAP + text.len();
    let ids = outcome.request_ids.iter().map(|id| PLACES + text(id.as_str())).sum::<usize>();
    let parts = outcome.decision.parts.iter().map(|part| part_weight(part, &text)).sum::<usize>();
    let said = |out: &Outgoing| {
        let options = out.options.iter().map(|option| choice_weight(option, &text));
        let texts = text(&out.message_id) + text(&out.text) + text(&out.markdown);
        size_of::<Outgoing>() + texts + options.sum::<usize>()
    };
    let say = outcome.say.iter().map(said).sum::<usize>();
    let reasons = outcome.decision.urgency.reasons.iter();
    let reasons = reasons.map(|reason| size_of::<String>() + text(reason)).sum::<usize>();
    size_of::<Outcome>() + text(outcome.decision_id.as_str()) + ids + parts + say + reasons
}

fn part_weight(part: &decision::Part, text: &impl Fn(&str) -> usize) -> usize {
    let why = &part.explanation;
    let why = size_of_val(why.candidates.as_slice())
        + size_of_val(why.intents.as_slice())
        + size_of_val(why.evidence.as_slice());
    let outcome = match &part.outcome {
        decision::Outcome::Answer(answer) => answer_weight(answer, text),
        decision::Outcome::Clarify(options) => {
            options.iter().map(|option| choice_weight(option, text)).sum()
        }
        decision::Outcome::Route(_)
        | decision::Outcome::SmallTalk(_)
        | decision::Outcome::Nothing => 0,
    };
    size_of::<decision::Part>() + text(&part.text) + why + outcome
}

fn answer_weight(answer: &decision::Answer, text: &impl Fn(&str) -> usize) -> usize {
    let section = |section: &decision::Section| {
        let texts = text(&section.heading) + text(&section.anchor) + text(&section.markdown);
        size_of::<decision::Section>() + texts
    };
    let guarantee = text(&answer.guarantee.slice) + text(&answer.guarantee.note);
    let texts = text(&answer.title) + text(&answer.text) + text(&answer.markdown);
    let more = answer.more.iter().map(section).sum::<usize>();
    size_of::<decision::Answer>() + texts + guarantee + more
}

fn choice_weight(choice: &decision::Choice, text: &impl Fn(&str) -> usize) -> usize {
    size_of::<decision::Choice>() + text(&choice.id) + text(&choice.label)
}
