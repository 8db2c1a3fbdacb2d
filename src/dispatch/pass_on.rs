//! What a customer writes while a person holds the conversation: it goes to her, unread by the bot.

use std::sync::Arc;

use tokio::time::Instant;

use super::burst::{Burst, Words};
use super::conversation::Line;
use super::desk::Holder;
use super::effect::Effect;
use super::error::DispatchError;
use super::inner::Inner;
use super::key::Key;
use super::outcome::{Outcome, RouteOutcome, TicketView};
use super::settle::{Effects, Settled, Stage, fresh, heard};
use super::work::AgentEvent;
use crate::decision::{
    Action, Decision, Destination, Evidence, Explanation, Outcome as Part, Part as Question,
    Reason, Urgency,
};
use crate::message::{AgentId, DecisionId, Language, Probability, TicketId, Timestamp};
use crate::routing::Command;

/// Who holds a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Held {
    ticket: TicketId,
    agent: AgentId,
}

impl Inner {
    /// Who holds a conversation, if a person does.
    pub(super) fn held_by_person(&self, key: &Key) -> Option<Held> {
        let ticket = self.registry.read(key, |conversation| conversation.ticket().cloned())??;
        match self.desk.as_ref()?.holder(&ticket)? {
            Holder::Agent(agent) => Some(Held { ticket, agent }),
            Holder::Nobody => None,
        }
    }

    /// Hands messages to the person who holds their conversation, once they are durable.
    pub(super) async fn pass_on(&self, key: &Key, burst: &Burst, held: &Held) {
        let conversation = self.conversation_of(key);
        let now = self.now();
        let (effects, conversation) = (Effects::Real, &conversation);
        let stage = Stage { key, conversation, burst, effects, now };
        let settled = match self.passed_on(stage, held) {
            Ok(settled) => self.write_down(stage, settled, None).await,
            Err(error) => Err(error),
        };
        let (reply, effect, written) = match settled {
            Ok((Settled { outcome, effect }, written)) => {
                (Ok(Arc::new(outcome)), Some(effect), written)
            }
            Err(error) => (Err(error), None, None),
        };
        let mut lines = Vec::new();
        self.registry.finish(key, &burst.messages, &reply, |conversation| {
            if let Some(effect) = effect {
                lines.clone_from(&effect.heard);
                effect.take(conversation, &self.config.bounds);
                number(&mut lines, conversation.last_line());
            }
        });
        drop(written);
        self.hand_on(key, held, lines, now);
    }

    /// A ticket that was set aside wakes, and whoever holds it reads what came.
    fn hand_on(&self, key: &Key, held: &Held, lines: Vec<Line>, now: Timestamp) {
        let wrote = Command::CustomerWrote { ticket: held.ticket.clone() };
        if let Some(desk) = self.desk.as_ref().filter(|_| !lines.is_empty()) {
            // A ticket that ended meanwhile needs no waking; the words are in the transcript.
            drop(desk.carry(&wrote, now));
        }
        for line in lines {
            let number = line.number;
            let event = AgentEvent::Wrote {
                ticket: held.ticket.clone(),
                conversation: key.id.clone(),
                line: Box::new(line),
            };
            self.board.tell_line(&held.agent, (&held.ticket, number), now, event);
        }
    }

    fn passed_on(&self, stage: Stage<'_>, held: &Held) -> Result<Settled, DispatchError> {
        let Stage { key, conversation, burst, now, .. } = stage;
        let desk = self.desk.as_ref().ok_or(DispatchError::NoDesk)?;
        let ticket = desk.ticket(&held.ticket, now).ok_or(DispatchError::TicketNotFound)?;
        let Words { text, .. } = burst.words(conversation);
        let language = conversation.language().unwrap_or(Language::UND);
        let mode = self.modes().of(Some(burst.channel()), Some(language));
        let (bundle, _) = (self.reader.bundle)();
        let outcome = Outcome {
            decision_id: fresh(now, DecisionId::new)?,
            conversation_id: key.id.clone(),
            request_ids: burst.request_ids(),
            decision: Decision {
                action: Action::Forward,
                parts: vec![to_her(text, &ticket)],
                urgency: Urgency {
                    priority: ticket.priority,
                    reasons: Vec::new(),
                    probability: Probability::new(0.0),
                },
                language,
                mode,
                evidence: Evidence::default(),
            },
            say: Vec::new(),
            clarify: None,
            ticket: Some(ticket),
            route: Some(RouteOutcome::Queued),
            bundle,
            timings: burst.timings(Instant::now()),
            decided_at: now,
        };
        let lines = burst.messages.iter().map(|pending| heard(conversation, pending, now));
        let effect = Effect::new(&outcome, lines.collect(), None, burst.last_sequence());
        Ok(Settled { outcome, effect })
    }
}

/// Gives lines the numbers that they got as the newest of their conversation.
fn number(lines: &mut [Line], last: u64) {
    for (line, number) in lines.iter_mut().rev().zip((1..=last).rev()) {
        line.number = number;
    }
}

fn to_her(text: String, ticket: &TicketView) -> Question {
    let destination = Destination { queue: ticket.queue.clone(), priority: ticket.priority };
    Question {
        text,
        outcome: Part::Route(destination),
        reason: Reason::HeldByAgent,
        explanation: Explanation::default(),
    }
}
