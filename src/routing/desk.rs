//! The state of the desk and the events that change it, and nothing else does.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::config::Config;
use super::line::Line;
use super::ticket::{Conversation, End, Ticket};
use crate::message::{Priority, QueueId, TicketId, Timestamp};

/// Something that happened at the desk. Complete: the events alone rebuild the state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A ticket entered a line.
    Opened(Box<Ticket>),
    /// A ticket changed its class.
    Raised {
        /// Which ticket.
        ticket: TicketId,
        /// Its class from now on.
        priority: Priority,
        /// When.
        at: Timestamp,
    },
    /// A ticket changed its queue; its age came with it.
    Moved {
        /// Which ticket.
        ticket: TicketId,
        /// Its queue from now on.
        queue: QueueId,
    },
    /// A ticket left the line for good.
    Ended {
        /// Which ticket.
        ticket: TicketId,
        /// How.
        end: End,
        /// When.
        at: Timestamp,
    },
}

/// Everybody who waits.
#[derive(Debug, Clone)]
pub struct Desk {
    config: Arc<Config>,
    tickets: HashMap<TicketId, Ticket>,
    conversations: HashMap<Conversation, TicketId>,
    lines: BTreeMap<QueueId, Line>,
    /// When time alone next changes each ticket.
    due: BTreeSet<(Timestamp, TicketId)>,
    opened: u64,
}

impl PartialEq for Desk {
    fn eq(&self, other: &Self) -> bool {
        self.tickets == other.tickets
            && self.lines == other.lines
            && self.due == other.due
            && self.opened == other.opened
    }
}

impl Desk {
    /// A desk where nobody waits.
    pub fn new(config: Arc<Config>) -> Self {
        Self {
            config,
            tickets: HashMap::new(),
            conversations: HashMap::new(),
            lines: BTreeMap::new(),
            due: BTreeSet::new(),
            opened: 0,
        }
    }

    /// The queues and agents as configured.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// A waiting ticket.
    pub fn ticket(&self, id: &TicketId) -> Option<&Ticket> {
        self.tickets.get(id)
    }

    /// The ticket that a conversation has waiting.
    pub fn ticket_of(&self, conversation: &Conversation) -> Option<&Ticket> {
        self.conversations.get(conversation).and_then(|id| self.tickets.get(id))
    }

    /// 1 for the head of the line; `None` for a ticket that does not wait.
    pub fn position(&self, id: &TicketId) -> Option<u32> {
        let ticket = self.tickets.get(id)?;
        let ahead = self.lines.get(&ticket.queue)?.ahead(ticket);
        u32::try_from(ahead).ok()?.checked_add(1)
    }

    /// The waiting tickets of a queue, in order.
    pub fn in_order(&self, queue: &QueueId) -> impl Iterator<Item = &Ticket> {
        self.lines.get(queue).into_iter().flat_map(Line::ids).filter_map(|id| self.tickets.get(id))
    }

    /// How many wait in a queue.
    pub fn waiting(&self, queue: &QueueId) -> usize {
        self.lines.get(queue).map_or(0, Line::len)
    }

    /// When time alone will next change something: a ticket rises or expires.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.due.first().map(|(at, _)| *at)
    }

    pub(super) fn line(&self, queue: &QueueId) -> Option<&Line> {
        self.lines.get(queue)
    }

    pub(super) fn queues_in_use(&self) -> impl Iterator<Item = &QueueId> {
        self.lines.keys()
    }

    pub(super) fn due_by(&self, now: Timestamp) -> impl Iterator<Item = &Ticket> {
        self.due
            .iter()
            .take_while(move |(at, _)| *at <= now)
            .filter_map(|(_, id)| self.tickets.get(id))
    }

    pub(super) fn next_sequence(&self) -> u64 {
        self.opened + 1
    }

    /// When a ticket that waits since `enqueued_at` expires.
    pub(super) fn expires_at(&self, ticket: &Ticket) -> Timestamp {
        later(ticket.enqueued_at, self.config.rules(&ticket.queue).max_wait)
    }

    /// When a ticket rises by age; `None` in the classes that age does not lift.
    pub(super) fn rises_at(&self, ticket: &Ticket) -> Option<Timestamp> {
        aged(ticket.priority)?;
        Some(later(ticket.class_since, self.config.rules(&ticket.queue).max_class_wait))
    }

    /// Makes an event true. An event about a ticket that does not wait changes nothing.
    pub fn apply(&mut self, event: &Event) {
        match event {
            Event::Opened(ticket) => self.open(ticket.as_ref().clone()),
            Event::Raised { ticket, priority, at } => self.change(ticket, |ticket| {
                ticket.priority = *priority;
                ticket.class_since = *at;
            }),
            Event::Moved { ticket, queue } => {
                self.change(ticket, |ticket| ticket.queue = queue.clone());
            }
            Event::Ended { ticket, .. } => {
                if let Some(ended) = self.take_out(ticket) {
                    self.conversations.remove(&ended.conversation);
                }
            }
        }
    }

    fn open(&mut self, ticket: Ticket) {
        self.opened = self.opened.max(ticket.sequence);
        self.conversations.insert(ticket.conversation.clone(), ticket.id.clone());
        self.put_in(ticket);
    }

    fn change(&mut self, id: &TicketId, edit: impl FnOnce(&mut Ticket)) {
        if let Some(mut ticket) = self.take_out(id) {
            edit(&mut ticket);
            ticket.version += 1;
            self.put_in(ticket);
        }
    }

    fn put_in(&mut self, ticket: Ticket) {
        self.lines.entry(ticket.queue.clone()).or_default().insert(&ticket);
        self.due.insert((self.due_at(&ticket), ticket.id.clone()));
        self.tickets.insert(ticket.id.clone(), ticket);
    }

    fn take_out(&mut self, id: &TicketId) -> Option<Ticket> {
        let ticket = self.tickets.remove(id)?;
        self.due.remove(&(self.due_at(&ticket), ticket.id.clone()));
        if let Some(line) = self.lines.get_mut(&ticket.queue) {
            line.remove(&ticket);
        }
        self.lines.retain(|_, line| !line.is_empty());
        Some(ticket)
    }

    fn due_at(&self, ticket: &Ticket) -> Timestamp {
        let expires = self.expires_at(ticket);
        self.rises_at(ticket).map_or(expires, |rises| rises.min(expires))
    }
}

/// The class that age lifts a ticket to: only urgency enters `urgent`.
pub(super) fn aged(priority: Priority) -> Option<Priority> {
    match priority {
        Priority::Low => Some(Priority::Normal),
        Priority::Normal => Some(Priority::High),
        Priority::High | Priority::Urgent => None,
    }
}

fn later(at: Timestamp, wait: std::time::Duration) -> Timestamp {
    at.checked_add(wait).unwrap_or(Timestamp::MAX)
}
