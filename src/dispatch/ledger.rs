//! Verdicts on decisions: counted, and kept for a while for whoever turns them into labels. Bounded; the oldest goes first.

use std::collections::{BTreeMap, HashMap, VecDeque};

use super::error::DispatchError;
use super::outcome::{Feedback, FeedbackSource, Verdict};
use crate::message::{CallerId, RequestId};

/// How many verdicts of each kind came from whom since the start.
pub type FeedbackCounts = BTreeMap<(Verdict, FeedbackSource), u64>;

/// The verdicts that are kept.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    kept: HashMap<(CallerId, RequestId), Feedback>,
    order: VecDeque<(CallerId, RequestId)>,
    counts: FeedbackCounts,
}

impl Ledger {
    /// Adds a verdict; the same again counts once.
    pub(super) fn add(
        &mut self,
        caller: &CallerId,
        feedback: Feedback,
        most: usize,
    ) -> Result<(), DispatchError> {
        let id = (caller.clone(), feedback.request_id.clone());
        match self.kept.get(&id) {
            Some(earlier) if *earlier == feedback => return Ok(()),
            Some(_) => return Err(DispatchError::RequestIdReused),
            None => {}
        }
        *self.counts.entry((feedback.verdict, feedback.source)).or_default() += 1;
        self.order.push_back(id.clone());
        self.kept.insert(id, feedback);
        while self.order.len() > most {
            if let Some(oldest) = self.order.pop_front() {
                self.kept.remove(&oldest);
            }
        }
        Ok(())
    }

    /// Whether a verdict is new; one that was given already counts once.
    pub(super) fn is_new(
        &self,
        caller: &CallerId,
        feedback: &Feedback,
    ) -> Result<bool, DispatchError> {
        match self.kept.get(&(caller.clone(), feedback.request_id.clone())) {
            Some(earlier) if earlier == feedback => Ok(false),
            Some(_) => Err(DispatchError::RequestIdReused),
            None => Ok(true),
        }
    }

    /// The same with who brought them.
    pub(super) fn kept_with_callers(&self) -> Vec<(CallerId, Feedback)> {
        let feedback =
            |id: &(CallerId, RequestId)| Some((id.0.clone(), self.kept.get(id)?.clone()));
        self.order.iter().filter_map(feedback).collect()
    }

    /// Takes verdicts of before the start; they are kept and not counted again.
    pub(super) fn restore(&mut self, verdicts: Vec<(CallerId, Feedback)>, most: usize) {
        for (caller, feedback) in verdicts {
            // The same verdict may be in the kept state and in a record after it.
            self.add(&caller, feedback, most).ok();
        }
        self.counts.clear();
    }

    /// The verdicts that are kept, oldest first.
    pub(super) fn kept(&self) -> Vec<Feedback> {
        self.order.iter().filter_map(|id| self.kept.get(id)).cloned().collect()
    }

    /// How many came in all.
    pub(super) fn counts(&self) -> FeedbackCounts {
        self.counts.clone()
    }
}
