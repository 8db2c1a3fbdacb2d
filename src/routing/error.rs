//! Why the desk refuses a command.

use std::borrow::Cow;
use std::time::Duration;

use crate::error::{Classify, Kind};
use crate::message::{QueueId, TicketId};

/// A command the desk refused; nothing has changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RoutingError {
    /// The queue holds as many tickets as it may.
    #[error("queue {queue} is full: {waiting} tickets wait")]
    QueueFull {
        /// Which queue.
        queue: QueueId,
        /// How many wait in it.
        waiting: usize,
    },
    /// No ticket of this id waits.
    #[error("no ticket {ticket} is waiting")]
    UnknownTicket {
        /// Which ticket.
        ticket: TicketId,
    },
}

impl Classify for RoutingError {
    fn kind(&self) -> Kind {
        match self {
            Self::QueueFull { .. } => Kind::Overloaded,
            Self::UnknownTicket { .. } => Kind::NotFound,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::QueueFull { .. } => "QUEUE_FULL",
            Self::UnknownTicket { .. } => "TICKET_NOT_FOUND",
        }
    }

    fn remedy(&self) -> Cow<'static, str> {
        match self {
            Self::QueueFull { .. } => {
                "Tell the customer that everybody is busy, and try again later.".into()
            }
            Self::UnknownTicket { .. } => {
                "List the tickets again: this one has ended or never was.".into()
            }
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::QueueFull { .. } => Some(Duration::from_mins(1)),
            Self::UnknownTicket { .. } => None,
        }
    }

    fn metadata(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::QueueFull { queue, waiting } => {
                vec![("queue", queue.to_string()), ("waiting", waiting.to_string())]
            }
            Self::UnknownTicket { ticket } => vec![("ticket_id", ticket.to_string())],
        }
    }
}
