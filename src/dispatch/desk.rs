//! Owns the routing desk: a command is planned, its events are written down and applied, and what people are to be told of
//! them waits in the same order for [`Desk::next`]. Where tickets stand in line is `routing`'s; what their changes mean to a
//! conversation is not decided here.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::futures::OwnedNotified;
use tokio::sync::{Notify, oneshot};

use super::durable::failed;
use super::error::DispatchError;
use super::key::Key;
use super::outcome::TicketView;
use super::work::{Notice, notices, ticket_view};
use crate::decision::Destination;
use crate::error::Problem;
use crate::journal::record::Kind;
use crate::journal::{Journal, JournalError, Receipt, Record};
use crate::message::{
    AgentId, Channel, CustomerId, IntentId, Language, Priority, QueueId, TicketId, Timestamp,
};
use crate::routing::{
    self, AgentView, Command, Config, Event, Fallback, Opening, QueueView, Reading, RoutingError,
    TicketState, plan, queue_views,
};

/// Ended tickets that are remembered, so that ending one twice gives the same answer.
const ENDED: usize = 1024;

/// The desk of one process.
#[derive(Debug)]
pub(super) struct Desk {
    state: Mutex<State>,
    /// Rings when time may matter otherwise than before.
    changed: Arc<Notify>,
    /// Rings when something is to be told.
    told: Arc<Notify>,
    /// Where its events are written before anybody is told.
    journal: Option<Arc<Journal>>,
}

#[derive(Debug)]
struct State {
    line: routing::Desk,
    ended: VecDeque<TicketView>,
    /// What is to be told, in the order in which it happened.
    batches: VecDeque<Batch>,
}

/// What one command changed, to be told when it is durable.
#[derive(Debug)]
pub(super) struct Batch {
    /// In order.
    pub(super) notices: Vec<Notice>,
    /// When it happened.
    pub(super) at: Timestamp,
    receipt: Option<Receipt>,
    told: oneshot::Sender<Result<(), DispatchError>>,
}

impl Batch {
    /// Waits until it is durable. Nobody is told of what is not: who gave the command hears why.
    pub(super) async fn durable(mut self) -> Option<Self> {
        match self.receipt.take() {
            None => Some(self),
            Some(receipt) => match receipt.await {
                Ok(_) => Some(self),
                Err(error) => {
                    tracing::error!(%error, "what happened at the desk was not written");
                    self.told.send(Err(failed(error))).ok();
                    None
                }
            },
        }
    }

    /// Everybody was told.
    pub(super) fn over(self) {
        // Whoever gave the command may have stopped waiting.
        self.told.send(Ok(())).ok();
    }
}

/// A command that was carried out; it counts when everybody was told.
#[derive(Debug)]
#[must_use = "a command is done when everybody was told"]
pub(super) struct Carried(Option<oneshot::Receiver<Result<(), DispatchError>>>);

impl Carried {
    /// Waits until it is durable and everybody was told.
    pub(super) async fn done(self) -> Result<(), DispatchError> {
        match self.0 {
            Some(told) => told.await.unwrap_or(Err(DispatchError::Abandoned)),
            None => Ok(()),
        }
    }
}

/// A ticket to open.
#[derive(Debug, Clone)]
pub(super) struct Order {
    /// Its id.
    pub(super) id: TicketId,
    /// Whose.
    pub(super) key: Key,
    /// Who, over all channels.
    pub(super) customer: Option<CustomerId>,
    /// Where to.
    pub(super) destination: Destination,
    /// What it is about.
    pub(super) intent: Option<IntentId>,
    /// Where the customer writes.
    pub(super) channel: Channel,
    /// What a person must speak.
    pub(super) language: Language,
    /// When the words came that led here.
    pub(super) asked_at: Timestamp,
}

/// What became of an order.
#[derive(Debug)]
pub(super) enum Opened {
    /// There is a ticket, and it waits or is with somebody.
    Ticket(TicketView),
    /// Nobody works now; the ticket waits for the opening, after which the customer is answered or called back.
    Kept(TicketView, Fallback),
    /// The queue is full.
    Full,
    /// Nobody works now, and no ticket is kept until somebody does.
    OutOfHours,
    /// An agent closed the conversation after these words.
    Stale,
}

/// Who holds a ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Holder {
    /// Nobody: it waits.
    Nobody,
    /// This agent, or she set it aside.
    Agent(AgentId),
}

impl Desk {
    /// A desk where nobody waits.
    pub(super) fn new(config: Config) -> Self {
        let line = routing::Desk::new(Arc::new(config));
        let state = State { line, ended: VecDeque::new(), batches: VecDeque::new() };
        let (changed, told) = (Arc::default(), Arc::default());
        Self { state: Mutex::new(state), changed, told, journal: None }
    }

    /// The desk as the journal has it, which goes on there: whoever was connected is lost until she comes back.
    pub(super) fn recovered(
        config: &Config,
        journal: &Arc<Journal>,
        now: Timestamp,
    ) -> Result<Self, JournalError> {
        let mut desk = Self::new(Config::default());
        desk.journal = Some(Arc::clone(journal));
        let mut state = desk.lock();
        for record in journal.records(Kind::Desk)? {
            if let Record::Desk(events) = record? {
                for event in &events {
                    state.line.apply(event);
                }
            }
        }
        let configured = Command::Reconfigure(Box::new(config.clone()));
        let changed = (state.line.config() != config).then_some(configured);
        for command in changed.into_iter().chain([Command::Recovered]) {
            if let Err(error) = desk.run(&mut state, &command, now) {
                tracing::error!(%error, "the desk did not take up its work as it should");
            }
        }
        drop(state);
        Ok(desk)
    }

    /// Opens a ticket. A conversation that has one open keeps it.
    pub(super) fn open(&self, order: Order, now: Timestamp) -> Result<Opened, DispatchError> {
        let Order { id, key, customer, destination, intent, channel, language, asked_at } = order;
        let opening = Opening {
            id,
            conversation: key.clone(),
            customer,
            queue: destination.queue,
            priority: destination.priority,
            language,
            channel,
            intent,
            skills: BTreeMap::new(),
            agent: None,
            asked_at,
        };
        let mut state = self.lock();
        match plan(&state.line, &Command::Open(Box::new(opening)), now) {
            Ok(events) => {
                // Whoever opens a ticket writes the decision behind it, and so waits for both.
                drop(self.commit(&mut state, &events, now)?);
                Ok(state.opened(&key, now))
            }
            Err(RoutingError::QueueFull { .. }) => Ok(Opened::Full),
            Err(RoutingError::QueueClosed { .. }) => Ok(Opened::OutOfHours),
            Err(RoutingError::StaleContext { .. }) => Ok(Opened::Stale),
            Err(error) => Err(refused(&error)),
        }
    }

    /// Adds a message to a waiting ticket, which rises where the message is more urgent. `None` where there is no such
    /// ticket any more.
    pub(super) fn forward(
        &self,
        ticket: &TicketId,
        priority: Priority,
        now: Timestamp,
    ) -> Option<TicketView> {
        let mut state = self.lock();
        let reading = Reading { priority: Some(priority), ..Reading::default() };
        let reread = Command::Reclassify { ticket: ticket.clone(), reading };
        // What an agent holds by now is not read anew; the message reaches her all the same.
        if let Err(error) = self.run(&mut state, &reread, now) {
            tracing::debug!(%error, "a waiting ticket was not read anew");
        }
        state.view(ticket, now)
    }

    /// Carries out a command.
    pub(super) fn carry(
        &self,
        command: &Command,
        now: Timestamp,
    ) -> Result<Carried, DispatchError> {
        self.run(&mut self.lock(), command, now)
    }

    /// An open ticket.
    pub(super) fn ticket(&self, ticket: &TicketId, now: Timestamp) -> Option<TicketView> {
        self.lock().view(ticket, now)
    }

    /// An open ticket, or one that ended lately.
    pub(super) fn ticket_or_ended(&self, id: &TicketId, now: Timestamp) -> Option<TicketView> {
        let state = self.lock();
        let ended = || state.ended.iter().find(|view| view.id == *id).cloned();
        state.view(id, now).or_else(ended)
    }

    /// Who holds a ticket; `None` where it is over.
    pub(super) fn holder(&self, ticket: &TicketId) -> Option<Holder> {
        let state = self.lock();
        let ticket = state.line.ticket(ticket)?;
        let agent = match ticket.state {
            TicketState::Assigned | TicketState::Parked => ticket.agent.clone(),
            TicketState::Wrapping => return None,
            TicketState::Queued
            | TicketState::Offered
            | TicketState::Closed
            | TicketState::Cancelled
            | TicketState::Rejected
            | TicketState::Expired => None,
        };
        Some(agent.map_or(Holder::Nobody, Holder::Agent))
    }

    /// Whose conversation a ticket is.
    pub(super) fn key_of(&self, ticket: &TicketId) -> Option<Key> {
        self.lock().line.ticket(ticket).map(|ticket| ticket.conversation.clone())
    }

    /// Lets time take effect.
    pub(super) fn tick(&self, now: Timestamp) {
        // Time refuses nothing.
        drop(self.run(&mut self.lock(), &Command::Tick, now));
    }

    /// When time will next take effect.
    pub(super) fn next_due(&self) -> Option<Timestamp> {
        self.lock().line.next_due()
    }

    /// Rings when something changed.
    pub(super) fn changed(&self) -> Arc<Notify> {
        Arc::clone(&self.changed)
    }

    /// What is to be told next, and the bell that rings for what comes after.
    pub(super) fn next(&self) -> (Option<Batch>, OwnedNotified) {
        let rung = Arc::clone(&self.told).notified_owned();
        (self.lock().batches.pop_front(), rung)
    }

    /// Looks at the desk as it is.
    pub(super) fn look<R>(&self, look: impl FnOnce(&routing::Desk) -> R) -> R {
        look(&self.lock().line)
    }

    /// Every queue.
    pub(super) fn queues(&self) -> Vec<QueueView> {
        queue_views(&self.lock().line)
    }

    /// An agent.
    pub(super) fn agent(&self, agent: &AgentId) -> Option<AgentView> {
        routing::agent_view(&self.lock().line, agent)
    }

    /// Every agent, or those of a queue, by id.
    pub(super) fn agents(&self, queue: Option<&QueueId>) -> Vec<AgentView> {
        let state = self.lock();
        let serves = |agent: &&routing::Agent| queue.is_none_or(|queue| agent.serves(queue));
        let mut ids: Vec<_> =
            state.line.config().agents.iter().filter(serves).map(|agent| &agent.id).collect();
        ids.sort_unstable();
        ids.into_iter().filter_map(|id| routing::agent_view(&state.line, id)).collect()
    }

    /// Waiting tickets and whose they are, by queue, then in the order in which they will be served.
    pub(super) fn tickets(&self, now: Timestamp) -> Vec<(Key, TicketView)> {
        let state = self.lock();
        let queues = queue_views(&state.line);
        let lines = queues.iter().flat_map(|queue| (1..).zip(state.line.in_order(&queue.queue)));
        lines
            .map(|(position, ticket)| {
                let view = ticket_view(&state.line, ticket, now);
                let view = TicketView { position: Some(position), ..view };
                (ticket.conversation.clone(), view)
            })
            .collect()
    }

    /// Open tickets that nobody waits for in a line: held, set aside or written up, by id.
    pub(super) fn in_hand(&self, now: Timestamp) -> Vec<(Key, TicketView)> {
        let state = self.lock();
        let mut tickets: Vec<_> =
            state.line.tickets().filter(|ticket| !ticket.state.waits()).collect();
        tickets.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        let view = |ticket: &routing::Ticket| ticket_view(&state.line, ticket, now);
        tickets.into_iter().map(|ticket| (ticket.conversation.clone(), view(ticket))).collect()
    }

    /// Plans a command and applies its events; what is to be told of them waits, and so does the timer's new look.
    fn run(
        &self,
        state: &mut State,
        command: &Command,
        now: Timestamp,
    ) -> Result<Carried, DispatchError> {
        let events = plan(&state.line, command, now).map_err(|error| refused(&error))?;
        self.commit(state, &events, now)
    }

    /// Puts events in line for the journal, then makes them true; what could not be put in line does not happen.
    fn commit(
        &self,
        state: &mut State,
        events: &[Event],
        now: Timestamp,
    ) -> Result<Carried, DispatchError> {
        if events.is_empty() {
            return Ok(Carried(None));
        }
        let receipt = self.write(events, now)?;
        let mut told = Vec::new();
        for event in events {
            told.extend(notices(&mut state.line, event, now));
        }
        for notice in &told {
            state.remember_ended(notice);
        }
        let (tell, carried) = oneshot::channel();
        state.batches.push_back(Batch { notices: told, at: now, receipt, told: tell });
        self.changed.notify_one();
        self.told.notify_waiters();
        Ok(Carried(Some(carried)))
    }

    /// That somebody was heard of is not worth a record: nothing but her lease hangs on it.
    fn write(&self, events: &[Event], now: Timestamp) -> Result<Option<Receipt>, DispatchError> {
        let Some(journal) = &self.journal else { return Ok(None) };
        let lasting = events.iter().filter(|event| !matches!(event, Event::Heard { .. }));
        let lasting: Vec<Event> = lasting.cloned().collect();
        if lasting.is_empty() {
            return Ok(None);
        }
        journal.append(now, &Record::Desk(lasting)).map(Some).map_err(failed)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn opened(&self, key: &Key, now: Timestamp) -> Opened {
        let Some(ticket) = self.line.ticket_of(key) else { return Opened::Full };
        let view = ticket_view(&self.line, ticket, now);
        if (ticket.state, ticket.reason) == (TicketState::Parked, routing::Reason::CalendarClosed) {
            return Opened::Kept(view, self.line.config().rules(&ticket.queue).closed);
        }
        Opened::Ticket(view)
    }

    fn view(&self, id: &TicketId, now: Timestamp) -> Option<TicketView> {
        self.line.ticket(id).map(|ticket| ticket_view(&self.line, ticket, now))
    }

    fn remember_ended(&mut self, notice: &Notice) {
        if let Some(view) = notice.ended() {
            self.ended.push_back(view.clone());
            self.ended.drain(..self.ended.len().saturating_sub(ENDED));
        }
    }
}

fn refused(error: &RoutingError) -> DispatchError {
    DispatchError::Stage(Problem::from(error))
}
