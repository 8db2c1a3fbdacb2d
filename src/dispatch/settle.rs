//! What a decision does: to the conversation, to its ticket, and on the customer's screen; then it is recorded and
//! everybody who waits is told.

use std::sync::Arc;

use tokio::time::Instant;

use super::Read;
use super::burst::{Burst, Words};
use super::conversation::{Asked, Conversation, End, Line, Meaning, Speaker, Step};
use super::course::{self, Course, Situation};
use super::desk::{Opened, Order};
use super::error::DispatchError;
use super::inner::Inner;
use super::key::Key;
use super::outcome::{Author, Clarification, Outcome, Outgoing, RouteOutcome, TicketView};
use super::reading::Reading;
use super::say::{Scene, say};
use super::waiter::Pending;
use crate::decision::{Action, Decision, Evidence};
use crate::message::{
    Channel, ClarifyId, DecisionId, IdError, Language, Mode, TicketId, Timestamp,
};
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
    step: Step,
    told: Option<u32>,
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

    /// Takes every effect of a decision.
    pub(super) fn settle(&self, key: &Key, burst: &Burst, reading: Reading) {
        let conversation = self.conversation_of(key);
        let stage = Stage {
            key,
            conversation: &conversation,
            burst,
            effects: Effects::Real,
            now: self.now(),
        };
        let (reply, effect) = match self.conclude(stage, reading) {
            Ok(Settled { outcome, step, told }) => {
                self.tell(stage, &outcome);
                (Ok(Arc::new(without_evidence(outcome))), Some((step, told)))
            }
            Err(error) => (Err(error), None),
        };
        self.registry.finish(key, &burst.messages, &reply, |conversation| {
            if let (Ok(outcome), Some((step, told))) = (&reply, effect) {
                self.remember(conversation, burst, outcome);
                conversation.step(step);
                conversation.tell(told);
                self.drop_dead_ticket(conversation, stage.now);
            }
        });
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
        Ok(Settled { step: step(&outcome), outcome, told })
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
            destination: course::destination(decision, &self.config.fallback_queue),
            channel: stage.burst.channel().clone(),
            language: language(decision, stage.conversation),
        };
        match desk.open(order, stage.now) {
            Opened::Waits(ticket) => {
                Ok(Handover { route: Some(RouteOutcome::Queued), ticket: Some(ticket) })
            }
            Opened::Full => nothing(RouteOutcome::QueueFull),
        }
    }

    fn clarification(&self, now: Timestamp) -> Result<Clarification, DispatchError> {
        let expires_at = later(now, self.config.times.clarify);
        Ok(Clarification { id: fresh(now, ClarifyId::new)?, expires_at })
    }

    fn remember(&self, conversation: &mut Conversation, burst: &Burst, outcome: &Outcome) {
        let at = outcome.decided_at;
        let heard = burst
            .messages
            .iter()
            .map(|pending| heard(conversation, pending, at))
            .collect::<Vec<_>>();
        for line in heard.into_iter().chain(outcome.say.iter().map(|out| said(out, at))) {
            conversation.remember(line, &self.config.bounds);
        }
        conversation.speaks(outcome.decision.language);
        if outcome.decision.action == Action::Route
            && let Some(reason) = course::reason(&outcome.decision)
        {
            conversation.hand_over(reason);
        }
        if let Some(last) = burst.last_sequence() {
            conversation.pass(last);
        }
    }

    /// A ticket may have ended since it was looked at. Checked under the registry's lock: one that ends later finds the
    /// conversation waiting and tells it.
    fn drop_dead_ticket(&self, conversation: &mut Conversation, now: Timestamp) {
        let Some(ticket) = conversation.ticket().cloned() else { return };
        let lives = self.desk.as_ref().is_some_and(|desk| desk.ticket(&ticket, now).is_some());
        if !lives {
            conversation.ticket_ended(&ticket, End::Otherwise, now);
        }
    }
}

/// A new identity: a UUID that sorts by time.
fn fresh<I>(
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

/// What an outcome does to its conversation.
fn step(outcome: &Outcome) -> Step {
    match (&outcome.clarify, &outcome.ticket, outcome.decision.action) {
        (Some(asked), ..) => Step::AskedBack(Asked {
            id: asked.id.clone(),
            options: outcome.decision.options().to_vec(),
            expires_at: asked.expires_at,
        }),
        (None, Some(ticket), Action::Route) => Step::Opened(ticket.id.clone()),
        (None, Some(_), _) | (None, None, Action::None) => Step::Stayed,
        (None, None, Action::Answer | Action::Clarify | Action::Route | Action::Forward) => {
            Step::Spoke
        }
    }
}

/// The language to speak: of the message, else of those before.
fn language(decision: &Decision, conversation: &Conversation) -> Language {
    match decision.language {
        Language::UND => conversation.language().unwrap_or(Language::EN),
        language => language,
    }
}

fn heard(conversation: &Conversation, pending: &Pending, at: Timestamp) -> Line {
    let text = match conversation.meaning(&pending.message.content) {
        Meaning::Words(text) => text.to_owned(),
        Meaning::Chosen(choice) => choice.label.clone(),
        Meaning::Attachment | Meaning::Opening => String::new(),
    };
    Line { at, by: Speaker::Customer, text, id: pending.message.request_id.to_string() }
}

fn said(out: &Outgoing, at: Timestamp) -> Line {
    let by = match out.author {
        Author::Bot => Speaker::Bot,
        Author::System => Speaker::System,
    };
    Line { at, by, text: out.text.clone(), id: out.message_id.clone() }
}
