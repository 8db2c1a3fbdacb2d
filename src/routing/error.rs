//! Why the desk refuses a command.

use std::borrow::Cow;
use std::time::Duration;

use super::agent::Presence;
use super::ticket::TicketState;
use crate::error::{Classify, Kind};
use crate::message::{AgentId, OfferId, QueueId, TicketId, Timestamp};

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
    /// The queue's calendar is closed, and it takes no messages meanwhile.
    #[error("queue {queue} is closed")]
    QueueClosed {
        /// Which queue.
        queue: QueueId,
        /// When it opens; absent: not within a year.
        opens_at: Option<Timestamp>,
    },
    /// No such queue is configured.
    #[error("there is no queue {queue}")]
    UnknownQueue {
        /// Which queue.
        queue: QueueId,
    },
    /// No ticket of this id waits or is held.
    #[error("no ticket {ticket} is waiting or held")]
    UnknownTicket {
        /// Which ticket.
        ticket: TicketId,
    },
    /// The words that led to the ticket are older than an agent's close of the conversation.
    #[error("an agent closed the conversation at {closed_at}, after these words")]
    StaleContext {
        /// When.
        closed_at: Timestamp,
    },
    /// The ticket's state does not allow it.
    #[error("ticket {ticket} is {state:?}")]
    WrongState {
        /// Which ticket.
        ticket: TicketId,
        /// Its state.
        state: TicketState,
    },
    /// The ticket has changed since it was looked at.
    #[error("ticket {ticket} is at version {version} now")]
    VersionChanged {
        /// Which ticket.
        ticket: TicketId,
        /// Its version.
        version: u64,
    },
    /// Another agent has the ticket, or nobody.
    #[error("ticket {ticket} is not with agent {agent}")]
    NotYourTicket {
        /// Which ticket.
        ticket: TicketId,
        /// Who asked.
        agent: AgentId,
    },
    /// The offer went to another agent.
    #[error("offer {offer} was not made to agent {agent}")]
    NotYourOffer {
        /// Which offer.
        offer: OfferId,
        /// Who asked.
        agent: AgentId,
    },
    /// The offer has ended, or never was.
    #[error("offer {offer} is not pending")]
    OfferNotPending {
        /// Which offer.
        offer: OfferId,
    },
    /// The wrap-up was prolonged before.
    #[error("the wrap-up of ticket {ticket} was prolonged before")]
    WrapAlreadyExtended {
        /// Which ticket.
        ticket: TicketId,
    },
    /// No such agent is configured.
    #[error("there is no agent {agent}")]
    UnknownAgent {
        /// Who.
        agent: AgentId,
    },
    /// The agent is not connected.
    #[error("agent {agent} is not connected")]
    AgentNotConnected {
        /// Who.
        agent: AgentId,
    },
    /// The agent has tickets and cannot go.
    #[error("agent {agent} has {tickets} tickets")]
    AgentHasWork {
        /// Who.
        agent: AgentId,
        /// How many.
        tickets: usize,
    },
    /// The agent is connected already.
    #[error("agent {agent} is connected already")]
    AgentAlreadyConnected {
        /// Who.
        agent: AgentId,
    },
    /// No session of this token is open.
    #[error("agent {agent} has no such session")]
    UnknownSession {
        /// Who.
        agent: AgentId,
    },
    /// Only the desk sets this presence.
    #[error("{presence:?} cannot be asked for")]
    PresenceNotAllowed {
        /// Which.
        presence: Presence,
    },
}

impl Classify for RoutingError {
    fn kind(&self) -> Kind {
        match self {
            Self::QueueFull { .. } => Kind::Overloaded,
            Self::UnknownQueue { .. }
            | Self::UnknownTicket { .. }
            | Self::UnknownAgent { .. }
            | Self::UnknownSession { .. } => Kind::NotFound,
            Self::NotYourTicket { .. } | Self::NotYourOffer { .. } => Kind::PermissionDenied,
            Self::AgentAlreadyConnected { .. } => Kind::AlreadyExists,
            Self::PresenceNotAllowed { .. } => Kind::InvalidArgument,
            Self::QueueClosed { .. }
            | Self::StaleContext { .. }
            | Self::WrongState { .. }
            | Self::VersionChanged { .. }
            | Self::OfferNotPending { .. }
            | Self::WrapAlreadyExtended { .. }
            | Self::AgentNotConnected { .. }
            | Self::AgentHasWork { .. } => Kind::FailedPrecondition,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::QueueFull { .. } => "QUEUE_FULL",
            Self::QueueClosed { .. } => "QUEUE_CLOSED",
            Self::UnknownQueue { .. } => "QUEUE_UNKNOWN",
            Self::UnknownTicket { .. } => "TICKET_NOT_FOUND",
            Self::StaleContext { .. } => "STALE_CONTEXT",
            Self::WrongState { .. } => "WRONG_STATE",
            Self::VersionChanged { .. } => "VERSION_CHANGED",
            Self::NotYourTicket { .. } => "NOT_YOUR_TICKET",
            Self::NotYourOffer { .. } => "NOT_YOUR_OFFER",
            Self::OfferNotPending { .. } => "OFFER_NOT_PENDING",
            Self::WrapAlreadyExtended { .. } => "WRAP_ALREADY_EXTENDED",
            Self::UnknownAgent { .. } => "AGENT_UNKNOWN",
            Self::AgentNotConnected { .. } => "AGENT_NOT_CONNECTED",
            Self::AgentHasWork { .. } => "AGENT_HAS_WORK",
            Self::AgentAlreadyConnected { .. } => "AGENT_ALREADY_CONNECTED",
            Self::UnknownSession { .. } => "SESSION_UNKNOWN",
            Self::PresenceNotAllowed { .. } => "PRESENCE_NOT_ALLOWED",
        }
    }

    fn remedy(&self) -> Cow<'static, str> {
        match self {
            Self::QueueFull { .. } => {
                "Tell the customer that everybody is busy, and try again later."
            }
            Self::QueueClosed { .. } => "Tell the customer when somebody will be there.",
            Self::UnknownQueue { .. } => "Name a configured queue.",
            Self::UnknownTicket { .. } => {
                "List the tickets again: this one has ended or never was."
            }
            Self::StaleContext { .. } => {
                "Wait for the customer's next message; the case was closed after this one."
            }
            Self::WrongState { .. } => "Read the ticket again, its state has changed.",
            Self::VersionChanged { .. } => "Read the ticket again and decide anew.",
            Self::NotYourTicket { .. } => "Act on tickets that are assigned to you.",
            Self::NotYourOffer { .. } => "Answer offers that were made to you.",
            Self::OfferNotPending { .. } => "Nothing to do: the offer has ended.",
            Self::WrapAlreadyExtended { .. } => "Close the ticket; a wrap-up is prolonged once.",
            Self::UnknownAgent { .. } => "Add the agent under [[agents]], or correct the id.",
            Self::AgentNotConnected { .. } => "Connect first.",
            Self::AgentHasWork { .. } => "Finish or release the tickets, or drain.",
            Self::AgentAlreadyConnected { .. } => {
                "Resume with the session's token, or connect with take_over."
            }
            Self::UnknownSession { .. } => "Connect without a token: the session is over.",
            Self::PresenceNotAllowed { .. } => "Ask for online, draining, away or offline.",
        }
        .into()
    }

    fn retry_after(&self) -> Option<Duration> {
        matches!(self, Self::QueueFull { .. }).then(|| Duration::from_mins(1))
    }

    fn metadata(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::QueueFull { queue, waiting } => {
                vec![queue_id(queue), ("waiting", waiting.to_string())]
            }
            Self::QueueClosed { queue, opens_at } => {
                let opens_at = opens_at.map(|at| ("opens_at", at.to_string()));
                [queue_id(queue)].into_iter().chain(opens_at).collect()
            }
            Self::UnknownQueue { queue } => vec![queue_id(queue)],
            Self::UnknownTicket { ticket } | Self::WrapAlreadyExtended { ticket } => {
                vec![ticket_id(ticket)]
            }
            Self::WrongState { ticket, state } => {
                vec![ticket_id(ticket), ("state", format!("{state:?}"))]
            }
            Self::VersionChanged { ticket, version } => {
                vec![ticket_id(ticket), ("version", version.to_string())]
            }
            Self::NotYourTicket { ticket, agent } => vec![ticket_id(ticket), agent_id(agent)],
            Self::NotYourOffer { offer, agent } => vec![offer_id(offer), agent_id(agent)],
            Self::OfferNotPending { offer } => vec![offer_id(offer)],
            Self::UnknownAgent { agent }
            | Self::AgentNotConnected { agent }
            | Self::AgentAlreadyConnected { agent }
            | Self::UnknownSession { agent } => vec![agent_id(agent)],
            Self::AgentHasWork { agent, tickets } => {
                vec![agent_id(agent), ("tickets", tickets.to_string())]
            }
            Self::StaleContext { closed_at } => vec![("closed_at", closed_at.to_string())],
            Self::PresenceNotAllowed { presence } => vec![("presence", format!("{presence:?}"))],
        }
    }
}

fn queue_id(queue: &QueueId) -> (&'static str, String) {
    ("queue", queue.to_string())
}

fn ticket_id(ticket: &TicketId) -> (&'static str, String) {
    ("ticket_id", ticket.to_string())
}

fn offer_id(offer: &OfferId) -> (&'static str, String) {
    ("offer_id", offer.to_string())
}

fn agent_id(agent: &AgentId) -> (&'static str, String) {
    ("agent_id", agent.to_string())
}
