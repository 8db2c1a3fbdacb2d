//! The effects around a decision: idempotency, the order of a conversation, bursts, tickets, what to say. `triage` decides
//! and `routing` keeps the queues; this room makes a service of them. It knows no transport, and it decides nothing about
//! what a message means.
//!
//! A message goes `handle` → [`registry`] (seen before? who is at work?) → [`worker`] (one task per busy conversation: next
//! in order, read, wait for the rest of a burst) → [`settle`] (course, ticket, words, record).

use std::sync::Arc;
use std::time::Duration;

use tokio::task::AbortHandle;
use tokio::time::Instant;

use crate::journal::record::{CustomerEvent, Happened};
use crate::journal::{Journal, JournalError, Record};
use crate::message::{
    CallerId, Channel, ConversationId, Message, Mode, QueueId, TicketId, Timestamp,
};
use crate::routing::{self, Command};
use crate::triage::Triage;

pub use crate::routing::{AgentView, Alert, QueueView, TicketState};
pub use config::{Bounds, ChannelConfig, Config, Slice, Times};
pub use conversation::{Attached, ConversationState, Customer, Line, Speaker};
pub use error::DispatchError;
pub use feed::StreamId;
pub use ledger::FeedbackCounts;
pub use outcome::{
    Author, Clarification, ConversationEvent, ConversationView, DeliveryState, EventKind, Feedback,
    FeedbackSource, HandleOptions, Handled, Outcome, Outgoing, RouteOutcome, TicketReason,
    TicketView, Timings, Verdict,
};
pub use waiting::WaitingView;
pub use work::{
    AgentCommand, AgentEvent, AssignmentView, Closing, GatewayEvent, Hello, News, OfferView,
    Receiving, Session, SupervisorCommand, Told, Welcome, WhyView,
};

use desk::Desk;
use inner::Inner;
use key::{Key, key};
use outcome::EventKind as Event;
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
mod effect;
mod durable;
mod desk;
mod timer;
mod cut;
mod say;
mod modes;
mod ledger;
mod waiting;
mod flights;
mod feed;
mod pass_on;
mod work;

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
    publisher: AbortHandle,
    keeper: Option<AbortHandle>,
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
        Self::run(Inner::new(config, clock, reading::reader(triage), desk.map(Desk::new)), None)
    }

    /// The same with a memory: it goes on where the journal ends, and writes every outcome before anybody is told of it.
    /// `every` is how often the state is kept, so that a start replays no more than that.
    pub fn durable(
        triage: Triage,
        desk: Option<routing::Config>,
        (config, clock): (Config, Clock),
        (journal, every): (Arc<Journal>, Duration),
    ) -> Result<Self, JournalError> {
        let desk = desk.map(|desk| Desk::recovered(&desk, &journal, clock())).transpose()?;
        let mut inner = Inner::new(config, clock, reading::reader(triage), desk);
        inner.remember(journal)?;
        Ok(Self::run(inner, Some(every)))
    }

    /// Must be called inside the asynchronous runtime: the timer of the desk is a task of it.
    fn run(inner: Inner, every: Option<Duration>) -> Self {
        let inner = Arc::new(inner);
        let timer = tokio::spawn(timer::run(Arc::downgrade(&inner))).abort_handle();
        let publisher = work::start(&inner);
        let keep = |every| tokio::spawn(durable::run(Arc::downgrade(&inner), every)).abort_handle();
        Self { timer, publisher, keeper: every.map(keep), inner }
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
                let what = Happened::Withdrawn(request.clone());
                let event = CustomerEvent { conversation: key.clone(), what };
                let _written = self.inner.write(|| Record::Customer(event)).await?;
                self.inner.registry.withdraw(&key, &request);
                Ok(())
            }
            kind @ (Event::CustomerTyping | Event::Delivery { .. }) => {
                self.inner.tell_holder_of(&key, kind);
                Ok(())
            }
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
            state: state(&conversation, ticket.as_ref(), now, &inner.config.times),
            ticket,
            lines: conversation.lines().cloned().collect(),
        })
    }

    /// Takes note of a verdict on a decision.
    pub async fn feedback(
        &self,
        caller: &CallerId,
        feedback: Feedback,
    ) -> Result<(), DispatchError> {
        if !self.inner.registry.knows(&feedback.decision_id) {
            return Err(DispatchError::DecisionNotFound);
        }
        if !self.inner.ledger().is_new(caller, &feedback)? {
            return Ok(());
        }
        let _written = self.inner.write(|| durable::judged(caller, &feedback)).await?;
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

    /// What a supervisor should look at, by queue.
    pub fn alerts(&self) -> Vec<Alert> {
        let now = self.inner.now();
        let look = |desk: &Desk| desk.look(|line| routing::alerts(line, now));
        self.inner.desk.as_ref().map(look).unwrap_or_default()
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
        tickets.into_iter().map(|ticket| self.with_words(ticket)).collect()
    }

    /// Ends an open ticket on behalf of a person; its conversation goes back to the bot. One that is over already is given
    /// as it ended.
    pub async fn cancel(&self, ticket: &TicketId) -> Result<TicketView, DispatchError> {
        let desk = self.inner.desk.as_ref().ok_or(DispatchError::TicketNotFound)?;
        let now = self.inner.now();
        if desk.ticket(ticket, now).is_some() {
            let end = routing::End::Admin;
            desk.carry(&Command::Cancel { ticket: ticket.clone(), end }, now)?.done().await?;
        }
        desk.ticket_or_ended(ticket, now).ok_or(DispatchError::TicketNotFound)
    }

    /// An agent's desk software says hello: her session, and what it begins with.
    pub async fn hello(&self, hello: Hello) -> Result<(Session, Welcome), DispatchError> {
        self.inner.hello(hello).await
    }

    /// A gateway's stream begins to receive events. `instance` names the replica, `cursor` the last event it has dealt with;
    /// at most `most` events are under way at a time.
    pub fn receive(
        &self,
        caller: &CallerId,
        (instance, cursor): (&str, &str),
        most: usize,
    ) -> Receiving {
        let stream = self.inner.board.attach(caller, (instance, cursor), most);
        Receiving::new(&self.inner, caller.clone(), stream)
    }

    /// Carries out a command of a supervisor; done is durable.
    pub async fn steer(&self, command: SupervisorCommand) -> Result<(), DispatchError> {
        self.inner.steer(command).await
    }

    /// Every agent, or those of a queue, by id.
    pub fn agents(&self, queue: Option<&QueueId>) -> Vec<AgentView> {
        self.inner.desk.as_ref().map(|desk| desk.agents(queue)).unwrap_or_default()
    }

    /// A ticket, open or ended lately, with what was said in its conversation.
    pub fn ticket(&self, id: &TicketId) -> Result<(TicketView, Vec<Line>), DispatchError> {
        let desk = self.inner.desk.as_ref().ok_or(DispatchError::TicketNotFound)?;
        let ticket = desk.ticket_or_ended(id, self.inner.now());
        let ticket = ticket.ok_or(DispatchError::TicketNotFound)?;
        let lines =
            |conversation: &conversation::Conversation| conversation.lines().cloned().collect();
        let key = desk.key_of(id);
        let lines = key.and_then(|key| self.inner.registry.read(&key, lines)).unwrap_or_default();
        Ok((ticket, lines))
    }

    /// Open tickets that agents hold, set aside or write up, by id, with what is known of their conversations.
    pub fn in_hand(&self) -> Vec<WaitingView> {
        let now = self.inner.now();
        let tickets = self.inner.desk.as_ref().map(|desk| desk.in_hand(now)).unwrap_or_default();
        tickets.into_iter().map(|ticket| self.with_words(ticket)).collect()
    }

    fn with_words(&self, (key, ticket): (Key, TicketView)) -> WaitingView {
        let conversation = self.inner.registry.read(&key, Clone::clone);
        waiting::view(ticket, conversation.as_ref())
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
    pub async fn set_mode(&self, slice: Slice, mode: Mode) -> Result<(), DispatchError> {
        self.inner.modes().may_set(&slice)?;
        let over = || modes::configured(&self.inner.config);
        let _written = self.inner.write(|| durable::switched(&slice, mode, over())).await?;
        self.inner.modes().set(slice, mode)
    }

    /// How many calls are in flight.
    pub fn in_flight(&self) -> usize {
        self.inner.flights.count()
    }

    /// Takes no new messages and waits for the decisions on those in flight.
    pub async fn drain(&self) {
        self.inner.flights.drain().await;
        if let Err(error) = self.inner.keep_state().await {
            tracing::warn!(%error, "the state was not kept at the end; the next start reads more records");
        }
    }

    /// What keeps the journal from being written, and so messages from being taken; `None` while all is well, or where there
    /// is none.
    pub fn fault(&self) -> Option<DispatchError> {
        self.inner.durable.as_ref().and_then(durable::Durable::fault)
    }
}

/// Where a conversation stands: a person who has its ticket comes before everything else.
fn state(
    conversation: &conversation::Conversation,
    ticket: Option<&TicketView>,
    now: Timestamp,
    times: &Times,
) -> ConversationState {
    match ticket.map(|ticket| ticket.state) {
        Some(TicketState::Assigned) => ConversationState::WithAgent,
        Some(TicketState::Parked) => ConversationState::Parked,
        Some(
            TicketState::Queued
            | TicketState::Offered
            | TicketState::Wrapping
            | TicketState::Closed
            | TicketState::Cancelled
            | TicketState::Rejected
            | TicketState::Expired,
        )
        | None => conversation.state(now, times),
    }
}

impl Drop for Dispatch {
    fn drop(&mut self) {
        self.timer.abort();
        self.publisher.abort();
        if let Some(keeper) = &self.keeper {
            keeper.abort();
        }
    }
}

#[cfg(test)]
mod tests;
