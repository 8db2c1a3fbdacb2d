//! Owns the routing desk: a command is planned, its events are applied, whoever waits on the desk is woken. Where tickets
//! stand in line is `routing`'s; what their ends mean to a conversation is not decided here.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::key::Key;
use super::outcome::{TicketState, TicketView};
use crate::decision::Destination;
use crate::message::{Channel, Language, Priority, TicketId, Timestamp};
use crate::routing::{
    self, Command, Config, End, Event, Opening, QueueView, RoutingError, Ticket, plan, queue_views,
};

/// Ended tickets that are remembered, so that ending one twice gives the same answer.
const ENDED: usize = 1024;

/// The desk of one process.
#[derive(Debug)]
pub(super) struct Desk {
    state: Mutex<State>,
    changed: Arc<Notify>,
}

#[derive(Debug)]
struct State {
    line: routing::Desk,
    ended: VecDeque<TicketView>,
}

/// A ticket to open.
#[derive(Debug, Clone)]
pub(super) struct Order {
    /// Its id.
    pub(super) id: TicketId,
    /// Whose.
    pub(super) key: Key,
    /// Where to.
    pub(super) destination: Destination,
    /// Where the customer writes.
    pub(super) channel: Channel,
    /// What a person must speak.
    pub(super) language: Language,
}

/// What became of an order.
#[derive(Debug)]
pub(super) enum Opened {
    /// It waits.
    Waits(TicketView),
    /// The queue is full.
    Full,
}

/// A ticket whose wait is over.
#[derive(Debug)]
pub(super) struct Over {
    /// Whose it was.
    pub(super) key: Key,
    /// As it ended.
    pub(super) ticket: TicketView,
}

impl Desk {
    /// A desk where nobody waits.
    pub(super) fn new(config: Config) -> Self {
        let line = routing::Desk::new(Arc::new(config));
        let state = State { line, ended: VecDeque::new() };
        Self { state: Mutex::new(state), changed: Arc::default() }
    }

    /// Opens a ticket. A conversation that has one waiting keeps it.
    pub(super) fn open(&self, order: Order, now: Timestamp) -> Opened {
        let Order { id, key, destination, channel, language } = order;
        let Destination { queue, priority } = destination;
        let conversation = key.clone();
        let opening = Opening { id, conversation, queue, priority, language, channel };
        let mut state = self.lock();
        match self.run(&mut state, &Command::Open(opening), now) {
            Ok(_) => state
                .line
                .ticket_of(&key)
                .map_or(Opened::Full, |ticket| Opened::Waits(state.view(ticket, now))),
            Err(RoutingError::QueueFull { .. } | RoutingError::UnknownTicket { .. }) => {
                Opened::Full
            }
        }
    }

    /// Adds a message to a waiting ticket, which rises where the message is more urgent. `None` where it does not wait any
    /// more.
    pub(super) fn forward(
        &self,
        ticket: &TicketId,
        priority: Priority,
        now: Timestamp,
    ) -> Option<TicketView> {
        let mut state = self.lock();
        let raise = Command::Raise { ticket: ticket.clone(), priority };
        self.run(&mut state, &raise, now).ok()?;
        state.waiting(ticket, now)
    }

    /// A waiting ticket.
    pub(super) fn ticket(&self, ticket: &TicketId, now: Timestamp) -> Option<TicketView> {
        self.lock().waiting(ticket, now)
    }

    /// Ends a ticket. `None` where it is not known; one that was over already stays as it ended.
    pub(super) fn end(&self, ticket: &TicketId, end: End, now: Timestamp) -> Option<Over> {
        let mut state = self.lock();
        let cancel = Command::Cancel { ticket: ticket.clone(), end };
        self.run(&mut state, &cancel, now).ok()?.pop()
    }

    /// A ticket that ended lately.
    pub(super) fn ended(&self, ticket: &TicketId) -> Option<TicketView> {
        self.lock().ended.iter().find(|view| view.id == *ticket).cloned()
    }

    /// Lets time take effect, and gives the tickets that it ended.
    pub(super) fn tick(&self, now: Timestamp) -> Vec<Over> {
        let mut state = self.lock();
        self.run(&mut state, &Command::Tick, now).unwrap_or_default()
    }

    /// When time will next take effect.
    pub(super) fn next_due(&self) -> Option<Timestamp> {
        self.lock().line.next_due()
    }

    /// Rings when something changed.
    pub(super) fn changed(&self) -> Arc<Notify> {
        Arc::clone(&self.changed)
    }

    /// Every queue.
    pub(super) fn queues(&self) -> Vec<QueueView> {
        queue_views(&self.lock().line)
    }

    /// Waiting tickets and whose they are, by queue, then in the order in which they will be served.
    pub(super) fn tickets(&self, now: Timestamp) -> Vec<(Key, TicketView)> {
        let state = self.lock();
        let queues = queue_views(&state.line);
        let lines = queues.iter().flat_map(|queue| (1..).zip(state.line.in_order(&queue.queue)));
        lines
            .map(|(position, ticket)| {
                let view = view(ticket, TicketState::Queued, Some(position), now);
                (ticket.conversation.clone(), view)
            })
            .collect()
    }

    /// Plans a command, applies its events and wakes the timer. Gives the tickets whose wait it ended.
    fn run(
        &self,
        state: &mut State,
        command: &Command,
        now: Timestamp,
    ) -> Result<Vec<Over>, RoutingError> {
        let events = plan(&state.line, command, now)?;
        let over = events.iter().filter_map(|event| state.apply(event)).collect();
        if !events.is_empty() {
            self.changed.notify_one();
        }
        Ok(over)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn apply(&mut self, event: &Event) -> Option<Over> {
        let over = match event {
            Event::Ended { ticket, end, at } => {
                self.line.ticket(ticket).map(|ticket| over(ticket, *end, *at))
            }
            Event::Opened(_) | Event::Raised { .. } | Event::Moved { .. } => None,
        };
        self.line.apply(event);
        if let Some(over) = &over {
            self.ended.push_back(over.ticket.clone());
            self.ended.drain(..self.ended.len().saturating_sub(ENDED));
        }
        over
    }

    fn waiting(&self, id: &TicketId, now: Timestamp) -> Option<TicketView> {
        self.line.ticket(id).map(|ticket| self.view(ticket, now))
    }

    fn view(&self, ticket: &Ticket, now: Timestamp) -> TicketView {
        view(ticket, TicketState::Queued, self.line.position(&ticket.id), now)
    }
}

fn over(ticket: &Ticket, end: End, at: Timestamp) -> Over {
    let state = match end {
        End::CustomerLeft | End::CustomerCancelled | End::Admin => TicketState::Cancelled,
        End::MaxWait => TicketState::Expired,
    };
    Over { key: ticket.conversation.clone(), ticket: view(ticket, state, None, at) }
}

fn view(
    ticket: &Ticket,
    state: TicketState,
    position: Option<u32>,
    as_of: Timestamp,
) -> TicketView {
    TicketView {
        id: ticket.id.clone(),
        conversation_id: ticket.conversation.id.clone(),
        state,
        queue: ticket.queue.clone(),
        priority: ticket.priority,
        enqueued_at: ticket.enqueued_at,
        position,
        channel: ticket.channel.clone(),
        language: ticket.language,
        as_of,
    }
}
