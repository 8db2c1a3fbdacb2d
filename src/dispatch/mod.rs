//! The effects around a decision: idempotency, the order of a conversation, bursts, tickets, what to say. `triage` decides
//! and `routing` keeps the queues; this room makes a service of them. It knows no transport, and it decides nothing about
//! what a message means.
//!
//! A message goes `handle` → [`registry`] (seen before? who is at work?) → [`worker`] (one task per busy conversation: next
//! in order, read, wait for the rest of a burst) → [`settle`] (course, ticket, words, record).

use std::sync::Arc;

use tokio::task::AbortHandle;
use tokio::time::Instant;

use crate::message::{CallerId, Channel, ConversationId, Message, Mode, TicketId, Timestamp};
use crate::routing;
use crate::triage::Triage;

pub use crate::routing::QueueView;
pub use config::{Bounds, ChannelConfig, Config, Slice, Times};
pub use conversation::{ConversationState, Line, Speaker};
pub use error::DispatchError;
pub use ledger::FeedbackCounts;
pub use outcome::{
    Author, Clarification, ConversationEvent, ConversationView, DeliveryState, EventKind, Feedback,
    FeedbackSource, HandleOptions, Handled, Outcome, Outgoing, RouteOutcome, TicketState,
    TicketView, Timings, Verdict,
};
pub use waiting::WaitingView;

use conversation::End;
use desk::{Desk, Over};
use inner::Inner;
use key::{Key, key};
use outcome::EventKind as Event;
use reading::Reader;
use registry::Submitted;
use worker::Worker;

mod config;
mod error;
mod outcome;
mod key;
mod inner;
mod reading;
mod conversation;
mod inbox;
mod waiter;
mod recorded;
mod registry;
mod burst;
mod worker;
mod course;
mod settle;
mod desk;
mod timer;
mod cut;
mod say;
mod modes;
mod ledger;
mod waiting;
mod flights;

/// The clock: the one place where `dispatch` learns what time it is.
pub type Clock = Box<dyn Fn() -> Timestamp + Send + Sync>;

/// Is told of every decision with what was read for it. Must return at once.
pub type Listener = Box<dyn Fn(&Outcome, Read<'_>) + Send + Sync>;

/// What was read for a decision: words, merged messages together.
#[derive(Debug, Clone, Copy)]
pub struct Read<'a> {
    /// The words.
    pub text: &'a str,
    /// What the customer wrote in the turn before.
    pub before: Option<&'a str>,
    /// Where they came from.
    pub channel: &'a Channel,
}

/// Handles customers' messages. Cheap to share behind an `Arc`; every method may be called at once with every other.
#[derive(Debug)]
pub struct Dispatch {
    inner: Arc<Inner>,
    timer: AbortHandle,
}

impl Dispatch {
    /// Starts the room over a pipeline. Without a routing configuration there is no desk: gateways hand over by themselves.
    /// Must be called inside the asynchronous runtime.
    pub fn new(
        triage: Triage,
        desk: Option<routing::Config>,
        config: Config,
        clock: Clock,
    ) -> Self {
        Self::start(config, clock, reading::reader(triage), desk.map(Desk::new))
    }

    /// Must be called inside the asynchronous runtime: the timer of the desk is a task of it.
    fn start(config: Config, clock: Clock, reader: Reader, desk: Option<Desk>) -> Self {
        let inner = Arc::new(Inner::new(config, clock, reader, desk));
        let timer = tokio::spawn(timer::run(Arc::downgrade(&inner))).abort_handle();
        Self { inner, timer }
    }

    /// Tells this listener of every decision on words from now on; the first one stays.
    pub fn listen(&self, listener: Listener) {
        drop(self.inner.listener.set(listener));
    }

    /// Decides about one message and takes the effects. A repeat of an earlier request gets the earlier outcome. Dropping
    /// the future leaves: what nobody waits for is not decided.
    pub async fn handle(
        &self,
        caller: &CallerId,
        message: Message,
        options: HandleOptions,
    ) -> Result<Handled, DispatchError> {
        self.inner.check(&message, &options)?;
        let _flight = self.inner.flights.board()?;
        let key = key(caller, &message.conversation_id);
        if options.dry_run {
            let outcome = self.inner.rehearse(&key, message, options.deadline).await?;
            return Ok(Handled { outcome: Arc::new(outcome), repeated: false });
        }
        let (waiting, repeated) = match self.inner.submit(&key, message, &options)? {
            Submitted::Done(outcome) => return Ok(Handled { outcome, repeated: true }),
            Submitted::Joined(waiting) => (waiting, true),
            Submitted::Queued { waiting, start } => {
                if start {
                    Worker::start(&self.inner, key);
                }
                (waiting, false)
            }
        };
        let outcome = waiting.reply(options.deadline).await?;
        Ok(Handled { outcome, repeated })
    }

    /// Takes note of what a gateway knows besides messages. An event of an unknown conversation has nothing to change and
    /// is no error. Returns when the effect has taken place.
    pub async fn event(
        &self,
        caller: &CallerId,
        event: ConversationEvent,
    ) -> Result<(), DispatchError> {
        let key = key(caller, &event.conversation_id);
        match event.kind {
            Event::CustomerLeft => self.no_more(key, routing::End::CustomerLeft).await,
            Event::Cancel => self.no_more(key, routing::End::CustomerCancelled).await,
            Event::Withdrawn(request) => {
                self.inner.registry.withdraw(&key, &request);
                Ok(())
            }
            Event::CustomerTyping | Event::Delivery { .. } => Ok(()),
        }
    }

    async fn no_more(&self, key: Key, end: routing::End) -> Result<(), DispatchError> {
        let Some((effect, start)) = self.inner.registry.no_more(&key, end, Instant::now())? else {
            return Ok(());
        };
        if start {
            Worker::start(&self.inner, key);
        }
        effect.await.map_err(|_| DispatchError::Abandoned)
    }

    /// Where a conversation stands.
    pub fn conversation(
        &self,
        caller: &CallerId,
        id: &ConversationId,
    ) -> Result<ConversationView, DispatchError> {
        let inner = &self.inner;
        let now = inner.now();
        let conversation = inner.registry.read(&key(caller, id), Clone::clone);
        let conversation = conversation.ok_or(DispatchError::ConversationNotFound)?;
        let ticket = conversation
            .ticket()
            .zip(inner.desk.as_ref())
            .and_then(|(id, desk)| desk.ticket(id, now));
        Ok(ConversationView {
            id: id.clone(),
            state: conversation.state(now, &inner.config.times),
            ticket,
            lines: conversation.lines().cloned().collect(),
        })
    }

    /// Takes note of a verdict on a decision.
    pub fn feedback(&self, caller: &CallerId, feedback: Feedback) -> Result<(), DispatchError> {
        if !self.inner.registry.knows(&feedback.decision_id) {
            return Err(DispatchError::DecisionNotFound);
        }
        self.inner.ledger().add(caller, feedback, self.inner.config.bounds.verdicts)
    }

    /// The verdicts that are kept, oldest first.
    pub fn verdicts(&self) -> Vec<Feedback> {
        self.inner.ledger().kept()
    }

    /// How many verdicts came since the start.
    pub fn feedback_counts(&self) -> FeedbackCounts {
        self.inner.ledger().counts()
    }

    /// Every queue, by name.
    pub fn queues(&self) -> Vec<QueueView> {
        self.inner.desk.as_ref().map(Desk::queues).unwrap_or_default()
    }

    /// Waiting tickets, by queue, then in the order in which they will be served.
    pub fn tickets(&self) -> Vec<TicketView> {
        let now = self.inner.now();
        let tickets = self.inner.desk.as_ref().map(|desk| desk.tickets(now)).unwrap_or_default();
        tickets.into_iter().map(|(_, ticket)| ticket).collect()
    }

    /// The same, with why each waits and what its customer wrote last.
    pub fn waiting(&self) -> Vec<WaitingView> {
        let now = self.inner.now();
        let tickets = self.inner.desk.as_ref().map(|desk| desk.tickets(now)).unwrap_or_default();
        let view = |(key, ticket): (Key, TicketView)| {
            let conversation = self.inner.registry.read(&key, Clone::clone);
            waiting::view(ticket, conversation.as_ref())
        };
        tickets.into_iter().map(view).collect()
    }

    /// Ends a waiting ticket on behalf of a person; its conversation goes back to the bot. One that is over already is given
    /// as it ended.
    pub fn cancel(&self, ticket: &TicketId) -> Result<TicketView, DispatchError> {
        let desk = self.inner.desk.as_ref().ok_or(DispatchError::TicketNotFound)?;
        match desk.end(ticket, routing::End::Admin, self.inner.now()) {
            Some(Over { key, ticket }) => {
                self.inner.ticket_ended(&key, &ticket.id, End::ByPerson);
                Ok(ticket)
            }
            None => desk.ended(ticket).ok_or(DispatchError::TicketNotFound),
        }
    }

    /// The mode in force for a slice.
    pub fn mode(&self, slice: &Slice) -> Mode {
        self.inner.modes().of(slice.channel.as_ref(), slice.language)
    }

    /// The slices that have a mode of their own.
    pub fn modes(&self) -> Vec<(Slice, Mode)> {
        self.inner.modes().slices()
    }

    /// The channels that may send messages, by name.
    pub fn channels(&self) -> impl Iterator<Item = &Channel> {
        self.inner.config.channels.keys()
    }

    /// Switches the mode of a slice and of every narrower one.
    pub fn set_mode(&self, slice: Slice, mode: Mode) -> Result<(), DispatchError> {
        self.inner.modes().set(slice, mode)
    }

    /// How many calls are in flight.
    pub fn in_flight(&self) -> usize {
        self.inner.flights.count()
    }

    /// Takes no new messages and waits for the decisions on those in flight.
    pub async fn drain(&self) {
        self.inner.flights.drain().await;
    }
}

impl Drop for Dispatch {
    fn drop(&mut self) {
        self.timer.abort();
    }
}

#[cfg(test)]
mod tests;
