//! What happened at the desk. Complete: the events alone rebuild the state, and nothing else changes it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::agent::Presence;
use super::config::Config;
use super::offer::{Offer, OfferEnd};
use super::ticket::{Affinity, End, Exclusion, Reason, Resolution, Ticket};
use crate::message::{
    AgentId, Channel, IntentId, OfferId, Priority, QueueId, SessionId, TicketId, Timestamp,
};

/// Who wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Author {
    /// The customer.
    Customer,
    /// The agent.
    Agent,
}

/// A ticket given to an agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assignment {
    /// Which ticket.
    pub ticket: TicketId,
    /// To whom.
    pub agent: AgentId,
    /// What it holds of her units.
    pub units: u32,
    /// The channel whose maximum it counts against.
    pub channel: Channel,
    /// Whether it is above her units.
    pub over_capacity: bool,
    /// Why.
    pub reason: Reason,
    /// When.
    pub at: Timestamp,
}

/// A ticket back in line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requeue {
    /// Which ticket.
    pub ticket: TicketId,
    /// Its queue from now on.
    pub queue: QueueId,
    /// Its class from now on.
    pub priority: Priority,
    /// Who shall be asked first.
    pub affinity: Option<Affinity>,
    /// Who gave it back and is not asked again at once.
    pub exclude: Option<Exclusion>,
    /// Why.
    pub reason: Reason,
    /// When.
    pub at: Timestamp,
}

/// Something that happened at the desk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// A ticket came: into the line, or parked until its queue opens.
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
    /// A ticket counts older inside its class.
    Boosted {
        /// Which ticket.
        ticket: TicketId,
        /// By how much.
        boost: Duration,
    },
    /// A ticket changed its queue; its age came with it.
    Moved {
        /// Which ticket.
        ticket: TicketId,
        /// Its queue from now on.
        queue: QueueId,
        /// When.
        at: Timestamp,
    },
    /// A ticket is about something else.
    Reread {
        /// Which ticket.
        ticket: TicketId,
        /// What it is about.
        intent: IntentId,
    },
    /// More agents may take a waiting ticket.
    RingReached {
        /// Which ticket.
        ticket: TicketId,
        /// The ring, from 0.
        ring: u8,
    },
    /// The wished-for agent is no longer the only one who is asked.
    AffinityEnded {
        /// Which ticket.
        ticket: TicketId,
    },
    /// Agents who declined may be asked again.
    ExclusionsLifted {
        /// Which ticket.
        ticket: TicketId,
        /// Who.
        agents: Vec<AgentId>,
    },
    /// An agent is asked; her units are held.
    Offered(Box<Offer>),
    /// An offer ended.
    OfferEnded {
        /// Which offer.
        offer: OfferId,
        /// Of which ticket.
        ticket: TicketId,
        /// To whom.
        agent: AgentId,
        /// How.
        end: OfferEnd,
        /// When.
        at: Timestamp,
    },
    /// An agent has a ticket.
    Assigned(Box<Assignment>),
    /// Somebody wrote to a ticket that an agent has.
    Wrote {
        /// Which ticket.
        ticket: TicketId,
        /// Who.
        by: Author,
        /// When.
        at: Timestamp,
    },
    /// A ticket was put aside; nobody's units are held.
    Parked {
        /// Which ticket.
        ticket: TicketId,
        /// Until when.
        until: Timestamp,
        /// Why.
        reason: Reason,
        /// When.
        at: Timestamp,
    },
    /// A ticket went back into line.
    Requeued(Box<Requeue>),
    /// A conversation is over, its case is being wrapped up.
    Completed {
        /// Which ticket.
        ticket: TicketId,
        /// When the wrap-up ends by itself.
        until: Timestamp,
        /// When.
        at: Timestamp,
    },
    /// The wrap-up takes longer.
    WrapExtended {
        /// Which ticket.
        ticket: TicketId,
        /// When it ends by itself.
        until: Timestamp,
    },
    /// A case is done.
    Closed {
        /// Which ticket.
        ticket: TicketId,
        /// How it went; absent where the wrap-up ran out.
        resolution: Option<Resolution>,
        /// What it was about.
        intent: Option<IntentId>,
        /// When.
        at: Timestamp,
    },
    /// A ticket left the desk without being closed by an agent.
    Ended {
        /// Which ticket.
        ticket: TicketId,
        /// How.
        end: End,
        /// When.
        at: Timestamp,
    },
    /// An agent's desk software connected.
    Connected {
        /// Who.
        agent: AgentId,
        /// Its session.
        session: SessionId,
        /// What she is.
        presence: Presence,
        /// When.
        at: Timestamp,
    },
    /// Its connection is gone; a resume with its session changes nothing during the grace.
    Disconnected {
        /// Who.
        agent: AgentId,
        /// When.
        at: Timestamp,
    },
    /// It is still there. The one event that a journal may leave out: nothing but the lease hangs on it.
    Heard {
        /// Who.
        agent: AgentId,
        /// When.
        at: Timestamp,
    },
    /// An agent's presence changed.
    PresenceSet {
        /// Whose.
        agent: AgentId,
        /// To what.
        presence: Presence,
        /// What follows on draining.
        next: Option<Presence>,
        /// When.
        at: Timestamp,
    },
    /// A queue's calendar opened or closed it.
    Turned {
        /// Which queue.
        queue: QueueId,
        /// Whether it is open now.
        open: bool,
        /// When it turns next; absent: never.
        until: Option<Timestamp>,
        /// When.
        at: Timestamp,
    },
    /// The process started again: everybody who was connected is lost until her software resumes.
    Recovered {
        /// When.
        at: Timestamp,
    },
    /// Queues or agents were configured anew.
    Reconfigured {
        /// The desk as configured from now on.
        config: Box<Config>,
        /// When.
        at: Timestamp,
    },
}

impl Event {
    /// The ticket that it changes.
    pub fn ticket(&self) -> Option<&TicketId> {
        match self {
            Self::Opened(ticket) => Some(&ticket.id),
            Self::Offered(offer) => Some(&offer.ticket),
            Self::Assigned(assignment) => Some(&assignment.ticket),
            Self::Requeued(requeue) => Some(&requeue.ticket),
            Self::Raised { ticket, .. }
            | Self::Boosted { ticket, .. }
            | Self::Moved { ticket, .. }
            | Self::Reread { ticket, .. }
            | Self::RingReached { ticket, .. }
            | Self::AffinityEnded { ticket }
            | Self::ExclusionsLifted { ticket, .. }
            | Self::OfferEnded { ticket, .. }
            | Self::Wrote { ticket, .. }
            | Self::Parked { ticket, .. }
            | Self::Completed { ticket, .. }
            | Self::WrapExtended { ticket, .. }
            | Self::Closed { ticket, .. }
            | Self::Ended { ticket, .. } => Some(ticket),
            Self::Connected { .. }
            | Self::Disconnected { .. }
            | Self::Heard { .. }
            | Self::PresenceSet { .. }
            | Self::Turned { .. }
            | Self::Recovered { .. }
            | Self::Reconfigured { .. } => None,
        }
    }

    /// The agent that it names. Who had the ticket before may change too.
    #[expect(clippy::wildcard_enum_match_arm, reason = "most events name no agent")]
    pub fn agent(&self) -> Option<&AgentId> {
        match self {
            Self::Offered(offer) => Some(&offer.agent),
            Self::Assigned(assignment) => Some(&assignment.agent),
            Self::OfferEnded { agent, .. }
            | Self::Connected { agent, .. }
            | Self::Disconnected { agent, .. }
            | Self::Heard { agent, .. }
            | Self::PresenceSet { agent, .. } => Some(agent),
            _ => None,
        }
    }

    /// When it happened, where that matters to the state.
    pub fn at(&self) -> Option<Timestamp> {
        match self {
            Self::Opened(ticket) => Some(ticket.seeking_since),
            Self::Offered(offer) => Some(offer.made_at),
            Self::Assigned(assignment) => Some(assignment.at),
            Self::Requeued(requeue) => Some(requeue.at),
            Self::Raised { at, .. }
            | Self::Moved { at, .. }
            | Self::OfferEnded { at, .. }
            | Self::Wrote { at, .. }
            | Self::Parked { at, .. }
            | Self::Completed { at, .. }
            | Self::Closed { at, .. }
            | Self::Ended { at, .. }
            | Self::Connected { at, .. }
            | Self::Disconnected { at, .. }
            | Self::Heard { at, .. }
            | Self::PresenceSet { at, .. }
            | Self::Turned { at, .. }
            | Self::Recovered { at }
            | Self::Reconfigured { at, .. } => Some(*at),
            Self::Boosted { .. }
            | Self::Reread { .. }
            | Self::RingReached { .. }
            | Self::AffinityEnded { .. }
            | Self::ExclusionsLifted { .. }
            | Self::WrapExtended { .. } => None,
        }
    }
}
