//! Command → events, or a refusal. Decides and changes nothing.

use super::desk::{Desk, Event, aged};
use super::error::RoutingError;
use super::ticket::{Conversation, End, Ticket};
use crate::message::{Channel, Language, Priority, QueueId, TicketId, Timestamp};

/// What somebody wants of the desk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// A conversation needs a person.
    Open(Opening),
    /// A later message is more urgent. Never lowers.
    Raise {
        /// Which ticket.
        ticket: TicketId,
        /// At least this class.
        priority: Priority,
    },
    /// A later message belongs elsewhere; the ticket keeps its age.
    Move {
        /// Which ticket.
        ticket: TicketId,
        /// The queue it belongs to.
        queue: QueueId,
    },
    /// The ticket is no longer wanted.
    Cancel {
        /// Which ticket.
        ticket: TicketId,
        /// Why.
        end: End,
    },
    /// Time has passed: what is due rises or expires.
    Tick,
}

/// A ticket to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// Its id, made by the caller so that planning stays pure.
    pub id: TicketId,
    /// Whose case it is.
    pub conversation: Conversation,
    /// Where it shall wait.
    pub queue: QueueId,
    /// Its class.
    pub priority: Priority,
    /// What the agent must speak.
    pub language: Language,
    /// Where the customer writes.
    pub channel: Channel,
}

/// The events that carry out a command at `now`. No events: nothing to do, such as a second ticket for a conversation
/// that has one waiting.
pub fn plan(desk: &Desk, command: &Command, now: Timestamp) -> Result<Vec<Event>, RoutingError> {
    match command {
        Command::Open(opening) => open(desk, opening, now),
        Command::Raise { ticket, priority } => raise(desk, ticket, *priority, now),
        Command::Move { ticket, queue } => relocate(desk, ticket, queue),
        Command::Cancel { ticket, end } => {
            known(desk, ticket)?;
            Ok(vec![Event::Ended { ticket: ticket.clone(), end: *end, at: now }])
        }
        Command::Tick => Ok(desk.due_by(now).map(|ticket| due(desk, ticket, now)).collect()),
    }
}

fn open(desk: &Desk, opening: &Opening, now: Timestamp) -> Result<Vec<Event>, RoutingError> {
    if desk.ticket_of(&opening.conversation).is_some() {
        return Ok(Vec::new());
    }
    room(desk, &opening.queue)?;
    Ok(vec![Event::Opened(Box::new(Ticket {
        id: opening.id.clone(),
        conversation: opening.conversation.clone(),
        queue: opening.queue.clone(),
        priority: opening.priority,
        language: opening.language,
        channel: opening.channel.clone(),
        enqueued_at: now,
        class_since: now,
        sequence: desk.next_sequence(),
        version: 1,
    }))])
}

fn raise(
    desk: &Desk,
    id: &TicketId,
    priority: Priority,
    now: Timestamp,
) -> Result<Vec<Event>, RoutingError> {
    let ticket = known(desk, id)?;
    if ticket.priority >= priority {
        return Ok(Vec::new());
    }
    Ok(vec![Event::Raised { ticket: id.clone(), priority, at: now }])
}

fn relocate(desk: &Desk, id: &TicketId, queue: &QueueId) -> Result<Vec<Event>, RoutingError> {
    if known(desk, id)?.queue == *queue {
        return Ok(Vec::new());
    }
    room(desk, queue)?;
    Ok(vec![Event::Moved { ticket: id.clone(), queue: queue.clone() }])
}

/// Expiry wins over rising, whichever fell due first.
fn due(desk: &Desk, ticket: &Ticket, now: Timestamp) -> Event {
    match aged(ticket.priority) {
        Some(priority) if desk.expires_at(ticket) > now => {
            Event::Raised { ticket: ticket.id.clone(), priority, at: now }
        }
        _ => Event::Ended { ticket: ticket.id.clone(), end: End::MaxWait, at: now },
    }
}

fn known<'d>(desk: &'d Desk, id: &TicketId) -> Result<&'d Ticket, RoutingError> {
    desk.ticket(id).ok_or_else(|| RoutingError::UnknownTicket { ticket: id.clone() })
}

fn room(desk: &Desk, queue: &QueueId) -> Result<(), RoutingError> {
    let waiting = desk.waiting(queue);
    if waiting >= desk.config().rules(queue).max_waiting {
        return Err(RoutingError::QueueFull { queue: queue.clone(), waiting });
    }
    Ok(())
}
