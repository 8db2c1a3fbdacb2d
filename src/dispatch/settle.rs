//! What a decision does: to the conversation, to its ticket, and on the customer's screen; then it is recorded and
//! everybody who waits is told.

use std::sync::Arc;

use tokio::time::Instant;

use super::Read;
use super::burst::{Burst, Words};
use super::conversation::{Attached, Conversation, End, Line, Meaning, Speaker};
use super::course::{self, Course, Situation};
use super::desk::{Opened, Order};
use super::durable::{Deed, Written};
use super::effect::Effect;
use super::error::DispatchError;
use super::inner::Inner;
use super::key::Key;
use super::outcome::{Clarification, Outcome, RouteOutcome, TicketView};
use super::reading::Reading;
use super::say::{Scene, say};
use super::waiter::Pending;
use crate::decision::{Decision, Evidence};
use crate::journal::Record;
use crate::message::{
    Channel, ClarifyId, Content, DecisionId, IdError, Language, Mode, TicketId, Timestamp,
};
use crate::release::Bundle;
use crate::routing::Fallback;
use crate::text::language::detect;
use crate::triage::{Input, Turn};

/// Whether effects take place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effects {
    /// They do.
    Real,
    /// A dry run.
    None,
}

/// A conversation and what is said in it: what a decision is settled on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stage<'a> {
    /// Whose.
    pub(super) key: &'a Key,
    /// As it stands.
    pub(super) conversation: &'a Conversation,
    /// What is decided.
    pub(super) burst: &'a Burst,
    /// Whether anything happens.
    pub(super) effects: Effects,
    /// Now.
    pub(super) now: Timestamp,
}

/// An outcome and what it does to its conversation.
pub(super) struct Settled {
    pub(super) outcome: Outcome,
    pub(super) effect: Effect,
}

/// What became of the ticket.
struct Handover {
    route: Option<RouteOutcome>,
    ticket: Option<TicketView>,
}

/// The reply is kept for who asks again, and no reply carries the evidence, which would be half of its weight.
fn without_evidence(mut outcome: Outcome) -> Outcome {
    outcome.decision.evidence = Evidence::default();
    outcome
}

impl Inner {
    /// What triage is to read, given what was said before.
    pub(super) fn turn(&self, key: &Key, conversation: &Conversation, burst: &Burst) -> Turn {
        let Words { text, input } = burst.words(conversation);
        let language_hint = burst.language_hint().or(conversation.language());
        let mode = self.mode_of(burst.channel(), || detect(&text, language_hint));
        Turn {
            caller: Some(key.caller.clone()),
            text,
            channel: burst.channel().clone(),
            language_hint,
            input,
            options: conversation.options().to_vec(),
            before: conversation.words_before(&burst.request_ids()).map(str::to_owned),
            clarified_last: conversation.clarified_last(),
            mode,
        }
    }

    /// Detecting a language is dear, and few desks treat languages differently.
    fn mode_of(&self, channel: &Channel, language: impl FnOnce() -> Language) -> Mode {
        let apart = self.modes().tell_languages_apart();
        let language = apart.then(language);
        self.modes().of(Some(channel), language)
    }

    /// Takes every effect of a decision, once it is durable.
    pub(super) async fn settle(&self, key: &Key, burst: &Burst, mut reading: Reading) {
        let conversation = self.conversation_of(key);
        let stage = Stage {
            key,
            conversation: &conversation,
            burst,
            effects: Effects::Real,
            now: self.now(),
        };
        let released = reading.released.take();
        let settled = match self.conclude(stage, reading) {
            Ok(settled) => self.write_down(stage, settled, released).await,
            Err(error) => Err(error),
        };
        let (reply, effect, _written) = match settled {
            Ok((Settled { outcome, effect }, written)) => {
                self.tell(stage, &outcome);
                (Ok(Arc::new(without_evidence(outcome))), Some(effect), written)
            }
            Err(error) => (Err(error), None, None),
        };
        self.registry.finish(key, &burst.messages, &reply, |conversation| {
            if let Some(effect) = effect {
                effect.take(conversation, &self.config.bounds);
                self.drop_dead_ticket(conversation, stage.now);
            }
        });
    }

    /// Nobody is told of what is not on the disk.
    pub(super) async fn write_down(
        &self,
        stage: Stage<'_>,
        settled: Settled,
        released: Option<Arc<Bundle>>,
    ) -> Result<(Settled, Option<Written<'_>>), DispatchError> {
        let Some(durable) = &self.durable else { return Ok((settled, None)) };
        let outcome = &settled.outcome;
        let bundle = durable.bundle(stage.now, &outcome.bundle, released.as_ref())?;
        let request = |pending: &Pending| {
            let message = &pending.message;
            (message.request_id.clone(), pending.waiter.fingerprint, message.sequence)
        };
        let before = stage.conversation.words_before(&stage.burst.request_ids());
        let deed = Deed {
            key: stage.key,
            channel: stage.burst.channel(),
            text: stage.burst.words(stage.conversation).text,
            before: before.map(str::to_owned),
            requests: stage.burst.messages.iter().map(request).collect(),
            effect: &settled.effect,
            outcome,
        };
        let record = Record::Decided(Box::new(deed.record(bundle)));
        let written = durable.write(stage.now, &record).await?;
        Ok((settled, Some(written)))
    }

    fn tell(&self, stage: Stage<'_>, outcome: &Outcome) {
        let Some(listener) = self.listener.get() else { return };
        let Words { text, input } = stage.burst.words(stage.conversation);
        if input == Input::Words {
            let before = stage.conversation.words_before(&stage.burst.request_ids());
            listener(outcome, Read { text: &text, before, channel: stage.burst.channel() });
        }
    }

    /// What a decision leads to. With [`Effects::Real`] the ticket is opened or raised on the way.
    pub(super) fn conclude(
        &self,
        stage: Stage<'_>,
        reading: Reading,
    ) -> Result<Settled, DispatchError> {
        let Reading { mut decision, phrases, bundle, .. } = reading;
        let decision_id = fresh(stage.now, DecisionId::new)?;
        let waiting = self.ticket_beside(stage, &decision);
        let wishes = course::wishes_for_a_person(&decision);
        let cools_down = stage.conversation.cools_down();
        let course =
            course::choose(&mut decision, Situation { ticket: waiting.as_ref(), cools_down });
        let Handover { route, ticket } = match course {
            Course::HandOver => self.hand_over(stage, &decision)?,
            Course::Forward => Handover { route: Some(RouteOutcome::Queued), ticket: waiting },
            Course::Speak | Course::AskBack => Handover { route: None, ticket: waiting },
        };
        let clarify =
            (course == Course::AskBack).then(|| self.clarification(stage.now)).transpose()?;
        let told = position_to_tell(stage, course, ticket.as_ref(), wishes)
            .filter(|_| decision.mode == Mode::On);
        let say = say(&Scene {
            decision: &decision,
            decision_id: &decision_id,
            language: language(&decision, stage.conversation),
            course,
            route,
            position: told,
            attachment: stage.burst.has_attachment(),
            phrases: phrases.as_ref().as_ref(),
            channel: self.channel(stage.burst.channel()),
        });
        let outcome = Outcome {
            decision_id,
            conversation_id: stage.key.id.clone(),
            request_ids: stage.burst.request_ids(),
            decision,
            say,
            clarify,
            ticket,
            route,
            bundle,
            timings: stage.burst.timings(Instant::now()),
            decided_at: stage.now,
        };
        let heard = |pending: &Pending| heard(stage.conversation, pending, stage.now);
        let heard = stage.burst.messages.iter().map(heard).collect();
        let effect = Effect::new(&outcome, heard, told, stage.burst.last_sequence());
        Ok(Settled { outcome, effect })
    }

    /// The ticket that waits already, raised where the message is more urgent.
    fn ticket_beside(&self, stage: Stage<'_>, decision: &Decision) -> Option<TicketView> {
        let (desk, ticket) = (self.desk.as_ref()?, stage.conversation.ticket()?);
        match stage.effects {
            Effects::Real => desk.forward(ticket, course::class(decision), stage.now),
            Effects::None => desk.ticket(ticket, stage.now),
        }
    }

    fn hand_over(&self, stage: Stage<'_>, decision: &Decision) -> Result<Handover, DispatchError> {
        let nothing = |route| Ok(Handover { route: Some(route), ticket: None });
        let Some(desk) = &self.desk else { return nothing(RouteOutcome::NoDesk) };
        if stage.effects == Effects::None {
            return nothing(RouteOutcome::WouldQueue);
        }
        let order = Order {
            id: fresh(stage.now, TicketId::new)?,
            key: stage.key.clone(),
            customer: stage.conversation.customer().id.clone(),
            intent: course::intent(decision),
            asked_at: stage.now,
            destination: course::destination(decision, &self.config.fallback_queue),
            channel: stage.burst.channel().clone(),
            language: language(decision, stage.conversation),
        };
        match desk.open(order, stage.now)? {
            Opened::Ticket(ticket) => {
                Ok(Handover { route: Some(RouteOutcome::Queued), ticket: Some(ticket) })
            }
            Opened::Kept(ticket, fallback) => {
                Ok(Handover { route: Some(kept(fallback)), ticket: Some(ticket) })
            }
            Opened::Full => nothing(RouteOutcome::QueueFull),
            Opened::OutOfHours => nothing(RouteOutcome::OutOfHours),
            Opened::Stale => Ok(Handover { route: None, ticket: None }),
        }
    }

    fn clarification(&self, now: Timestamp) -> Result<Clarification, DispatchError> {
        let expires_at = later(now, self.config.times.clarify);
        Ok(Clarification { id: fresh(now, ClarifyId::new)?, expires_at })
    }

    /// A ticket may have ended since it was looked at. Checked under the registry's lock: one that ends later finds the
    /// conversation waiting and tells it.
    fn drop_dead_ticket(&self, conversation: &mut Conversation, now: Timestamp) {
        let Some(ticket) = conversation.ticket().cloned() else { return };
        let lives = self.desk.as_ref().is_some_and(|desk| desk.holder(&ticket).is_some());
        if !lives {
            conversation.ticket_ended(&ticket, End::Otherwise, now);
        }
    }
}

/// What a customer is told whose ticket waits for the opening.
fn kept(fallback: Fallback) -> RouteOutcome {
    match fallback {
        Fallback::Callback => RouteOutcome::Callback,
        Fallback::LeaveMessage | Fallback::BotOnly => RouteOutcome::LeaveMessage,
    }
}

/// A new identity: a UUID that sorts by time.
pub(super) fn fresh<I>(
    now: Timestamp,
    wrap: impl FnOnce(&str) -> Result<I, IdError>,
) -> Result<I, DispatchError> {
    let seconds = u64::try_from(now.as_second()).unwrap_or_default();
    let nanos = u32::try_from(now.subsec_nanosecond()).unwrap_or_default();
    let time = uuid::Timestamp::from_unix(uuid::NoContext, seconds, nanos);
    wrap(&uuid::Uuid::new_v7(time).to_string()).map_err(|_| DispatchError::Abandoned)
}

/// `span` after `now`; the end of time where that is too far.
pub(super) fn later(now: Timestamp, span: std::time::Duration) -> Timestamp {
    now.checked_add(span).unwrap_or(Timestamp::MAX)
}

/// On hand-over, and later when the customer asks for a person again or has moved.
fn position_to_tell(
    stage: Stage<'_>,
    course: Course,
    ticket: Option<&TicketView>,
    wishes: bool,
) -> Option<u32> {
    let position = ticket?.position;
    match course {
        Course::HandOver => position,
        Course::Forward if wishes || position != stage.conversation.told() => position,
        Course::Forward | Course::Speak | Course::AskBack => None,
    }
}

/// The language to speak: of the message, else of those before.
fn language(decision: &Decision, conversation: &Conversation) -> Language {
    match decision.language {
        Language::UND => conversation.language().unwrap_or(Language::EN),
        language => language,
    }
}

pub(super) fn heard(conversation: &Conversation, pending: &Pending, at: Timestamp) -> Line {
    let text = match conversation.meaning(&pending.message.content) {
        Meaning::Words(text) => text,
        Meaning::Chosen(choice) => &choice.label,
        Meaning::Attachment | Meaning::Opening => "",
    };
    let attached = match &pending.message.content {
        Content::Attachment { kind, uri, .. } => {
            Some(Attached { kind: kind.clone(), uri: uri.clone() })
        }
        Content::Text(_) | Content::Choice { .. } | Content::Opening => None,
    };
    let id = pending.message.request_id.as_str();
    Line { attached, ..Line::new(at, Speaker::Customer, id, text) }
}
