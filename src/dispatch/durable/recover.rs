//! What a start makes of the journal: the kept parts, and the records after them.

use std::collections::HashMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::super::config::Config;
use super::super::conversation::{Conversation, End, Line, Speaker};
use super::super::key::Key;
use super::super::modes::{KeptModes, configured};
use super::super::outcome::{Feedback, Outcome};
use super::super::waiter::Fingerprint;
use super::decided;
use super::states::{BUNDLES, MODES, VERDICTS};
use crate::journal::record::{self, AgentWords, Happened, Record};
use crate::journal::{Entry, Journal, JournalError, Part, Recovered};
use crate::message::{CallerId, RequestId, Shared, Timestamp};
use crate::release::BundleInfo;

/// A conversation as it is kept, with the outcomes that its repeats would get.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::dispatch) struct Kept {
    pub(in crate::dispatch) key: Key,
    /// `None` where it was forgotten and only its outcomes are remembered.
    pub(in crate::dispatch) conversation: Option<Conversation>,
    pub(in crate::dispatch) outcomes: Vec<KeptOutcome>,
}

/// An outcome and the messages that it answers.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::dispatch) struct KeptOutcome {
    pub(in crate::dispatch) requests: Vec<(RequestId, Fingerprint)>,
    pub(in crate::dispatch) outcome: Outcome,
}

/// The state as the journal has it.
#[derive(Debug)]
pub(in crate::dispatch) struct Recovery {
    conversations: HashMap<Key, (u64, Kept)>,
    pub(in crate::dispatch) modes: KeptModes,
    pub(in crate::dispatch) verdicts: Vec<(CallerId, Feedback)>,
    pub(in crate::dispatch) bundles: HashMap<Shared, BundleInfo>,
    /// The last record.
    pub(in crate::dispatch) last: u64,
}

impl Recovery {
    /// Reads the journal. A damaged record stops the start: nothing is made of half a state.
    pub(in crate::dispatch) fn read(
        journal: &Journal,
        config: &Config,
    ) -> Result<Self, JournalError> {
        let Recovered { parts, after, entries } = journal.recovered()?;
        let mut recovery = Self {
            conversations: HashMap::new(),
            modes: KeptModes::new(config),
            verdicts: Vec::new(),
            bundles: HashMap::new(),
            last: after,
        };
        for part in parts {
            recovery.part(&part)?;
        }
        for entry in entries {
            recovery.entry(entry?, config);
        }
        Ok(recovery)
    }

    /// The conversations, those with the oldest outcomes first.
    pub(in crate::dispatch) fn conversations(&mut self) -> Vec<Kept> {
        std::mem::take(&mut self.conversations).into_values().map(|(_, kept)| kept).collect()
    }

    fn part(&mut self, part: &Part) -> Result<(), JournalError> {
        match part.name.as_deref() {
            None => {
                let kept: Kept = part.content()?;
                self.conversations.insert(kept.key.clone(), (part.after, kept));
            }
            Some(MODES) => self.modes.restore(part.content()?),
            Some(VERDICTS) => self.verdicts = part.content()?,
            Some(BUNDLES) => self.bundles = part.content()?,
            Some(_) => {}
        }
        Ok(())
    }

    fn entry(&mut self, entry: Entry, config: &Config) {
        self.last = entry.sequence;
        let Some(record) = entry.record else { return };
        match record {
            Record::Decided(decided) => self.decided(entry.sequence, &decided, config),
            Record::Customer(event) => self.customer(entry.sequence, &event),
            Record::Automation(switch) if switch.over == configured(config) => {
                self.modes.switch(&switch);
            }
            Record::Verdict(verdict) => self.verdicts.push(judged(verdict)),
            Record::Bundle(bundle) => {
                self.bundles.insert(bundle.id.clone(), info(*bundle));
            }
            Record::AgentSaid(words) => {
                self.said((entry.sequence, entry.at), Speaker::Agent, words, config);
            }
            Record::Note(words) => {
                self.said((entry.sequence, entry.at), Speaker::Note, words, config);
            }
            Record::Automation(_)
            | Record::Desk(_)
            | Record::Erased(_)
            | Record::SnapshotTaken(_) => {}
        }
    }

    fn decided(&mut self, sequence: u64, decided: &record::Decided, config: &Config) {
        let bundle = self.bundles.get(&decided.bundle).cloned().unwrap_or_default();
        let outcome = decided::outcome(decided, Arc::new(bundle));
        let effect = decided::effect(decided, &outcome);
        let Some(kept) = self.changed_by(sequence, &decided.conversation) else { return };
        let began = decided.decided_at.checked_sub(outcome.timings.total);
        let began = began.unwrap_or(decided.decided_at);
        let conversation =
            kept.conversation.get_or_insert_with(|| Conversation::new(decided.decided_at));
        conversation.wake(began, &config.times);
        effect.take(conversation, &config.bounds);
        kept.outcomes.push(KeptOutcome { requests: decided::requests(decided), outcome });
    }

    /// What an agent wrote, in the transcript again.
    fn said(
        &mut self,
        (sequence, at): (u64, Timestamp),
        by: Speaker,
        words: AgentWords,
        config: &Config,
    ) {
        let Some(kept) = self.changed_by(sequence, &words.conversation) else { return };
        if let Some(conversation) = &mut kept.conversation {
            let line = Line::new(at, by, &words.message_id, &words.text);
            conversation.remember(Line { name: words.name, ..line }, &config.bounds);
        }
    }

    fn customer(&mut self, sequence: u64, event: &record::CustomerEvent) {
        let Some(kept) = self.changed_by(sequence, &event.conversation) else { return };
        let Some(conversation) = &mut kept.conversation else { return };
        match &event.what {
            Happened::Left | Happened::Cancelled => end_ticket(conversation),
            Happened::Withdrawn(request) => conversation.withdraw(request),
            Happened::NotDelivered { .. } => {}
        }
    }

    /// The conversation that a record changes; `None` where the kept part has it already.
    fn changed_by(&mut self, sequence: u64, key: &Key) -> Option<&mut Kept> {
        let new = || (0, Kept { key: key.clone(), conversation: None, outcomes: Vec::new() });
        let (after, kept) = self.conversations.entry(key.clone()).or_insert_with(new);
        (*after < sequence).then_some(kept)
    }
}

impl Kept {
    /// A ticket that the desk does not know is over.
    pub(in crate::dispatch) fn without_ticket(&mut self) {
        if let Some(conversation) = &mut self.conversation {
            end_ticket(conversation);
        }
    }
}

fn end_ticket(conversation: &mut Conversation) {
    if let Some(ticket) = conversation.ticket().cloned() {
        conversation.ticket_ended(&ticket, End::Otherwise, Timestamp::MIN);
    }
}

fn info(bundle: record::Bundle) -> BundleInfo {
    let record::Bundle { hash, model, head, knowledge_revision, policy, base, .. } = bundle;
    BundleInfo { hash, model, head, knowledge_revision, policy, base }
}

fn judged(verdict: record::Verdict) -> (CallerId, Feedback) {
    let feedback = Feedback {
        request_id: verdict.request_id,
        decision_id: verdict.decision_id,
        verdict: verdict.verdict.into(),
        source: verdict.source.into(),
        correct_article: verdict.correct_article,
        comment: verdict.comment,
    };
    (verdict.caller, feedback)
}
