//! One case that needs a person: what is kept of it from the moment it is routed until it ends.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::offer::Offer;
use crate::message::{
    AgentId, CallerId, Channel, ConversationId, CustomerId, IntentId, Language, Priority, QueueId,
    TicketId, Timestamp,
};

/// A conversation id in the scope of the gateway that chose it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Conversation {
    /// The gateway's key.
    pub caller: CallerId,
    /// Its id for the conversation.
    pub id: ConversationId,
}

/// Where a ticket stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TicketState {
    /// It waits, and nobody is asked.
    Queued,
    /// It waits, and at least one agent is asked.
    Offered,
    /// An agent has it.
    Assigned,
    /// It waits for the customer, or for the queue to open; nobody's units are held.
    Parked,
    /// The conversation is over, the agent finishes the case.
    Wrapping,
    /// Done.
    Closed,
    /// No longer wanted.
    Cancelled,
    /// Never taken in.
    Rejected,
    /// It waited longer than its queue allows.
    Expired,
}

impl TicketState {
    /// Whether the ticket stands in the line of its queue.
    pub fn waits(self) -> bool {
        matches!(self, Self::Queued | Self::Offered)
    }

    /// Whether an agent has the ticket and holds units for it.
    pub fn held(self) -> bool {
        matches!(self, Self::Assigned | Self::Wrapping)
    }
}

/// Why a ticket is in its state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The first line handed it over.
    Routed,
    /// An agent was asked.
    Offered,
    /// The agent said no.
    OfferDeclined,
    /// The agent said nothing.
    OfferExpired,
    /// The offer was taken back.
    OfferRevoked,
    /// The agent took it.
    Accepted,
    /// The agent's connection was lost for longer than the grace.
    AgentLost,
    /// The agent passed it on.
    Transferred,
    /// The agent gave it back.
    Released,
    /// A later message changed what it is about.
    Reclassified,
    /// The customer wrote again.
    CustomerWrote,
    /// The customer did not write for long.
    CustomerIdle,
    /// The agent put it aside.
    Parked,
    /// The queue's calendar is closed.
    CalendarClosed,
    /// The queue opened again.
    CalendarOpened,
    /// The conversation is over.
    Completed,
    /// The case is closed.
    Closed,
    /// A supervisor said so.
    Admin,
}

/// A wish for one agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Affinity {
    /// Who knows the customer or was asked for.
    pub agent: AgentId,
    /// Until when nobody else is asked; `None` once that time is over. She stays the first choice.
    pub until: Option<Timestamp>,
}

/// An agent who is not asked for a while, because she declined.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exclusion {
    /// Who.
    pub agent: AgentId,
    /// Until when.
    pub until: Timestamp,
}

/// A ticket that has not ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    /// Its id.
    pub id: TicketId,
    /// Whose case it is. A conversation has at most one ticket that has not ended.
    pub conversation: Conversation,
    /// The person over all channels, if known.
    pub customer: Option<CustomerId>,
    /// Its queue.
    pub queue: QueueId,
    /// Its class. Rises, falls only by a supervisor's hand.
    pub priority: Priority,
    /// How much older it counts inside its class.
    pub boost: Duration,
    /// What the agent must speak.
    pub language: Language,
    /// Where the customer writes.
    pub channel: Channel,
    /// What it is about.
    pub intent: Option<IntentId>,
    /// Levels that its own routing asks for, above what the ring asks; ring 0 only.
    pub skills: BTreeMap<String, u8>,
    /// The agent who is asked first.
    pub affinity: Option<Affinity>,
    /// Where it stands.
    pub state: TicketState,
    /// Why.
    pub reason: Reason,
    /// When it came, fixed for life.
    pub enqueued_at: Timestamp,
    /// Since when it is in its class.
    pub class_since: Timestamp,
    /// Since when it looks for an agent in its queue: the clock of the rings and of the longest wait.
    pub seeking_since: Timestamp,
    /// The ring it has reached, from 0.
    pub ring: u8,
    /// Who is not asked for now.
    pub excluded: Vec<Exclusion>,
    /// Who let an offer of it lapse last; asked again only if nobody else is free.
    pub missed_by: Option<AgentId>,
    /// Pending offers.
    pub offers: Vec<Offer>,
    /// How many offers were made.
    pub offer_count: u32,
    /// Who has it, or had it when it was parked.
    pub agent: Option<AgentId>,
    /// Since when an agent has it.
    pub assigned_at: Option<Timestamp>,
    /// When its state ends by itself: of a parked ticket and of one being wrapped up.
    pub until: Option<Timestamp>,
    /// Since when the agent waits for the customer's next word.
    pub customer_silent_since: Option<Timestamp>,
    /// Whether the wrap-up was prolonged; it can be once.
    pub wrap_extended: bool,
    /// Whether it was given to an agent above her units.
    pub over_capacity: bool,
    /// The closed ticket that this one takes up again.
    pub reopens: Option<TicketId>,
    /// The desk's count of tickets; decides between equal times.
    pub sequence: u64,
    /// Grows with every change.
    pub version: u64,
}

impl Ticket {
    /// The time that orders it inside its class.
    pub fn effective_time(&self) -> Timestamp {
        self.enqueued_at.checked_sub(self.boost).unwrap_or(Timestamp::MIN)
    }

    /// Whether this agent is excluded.
    pub(super) fn excludes(&self, agent: &AgentId) -> bool {
        self.excluded.iter().any(|exclusion| exclusion.agent == *agent)
    }

    /// The agent who alone may be asked now.
    pub(super) fn only(&self) -> Option<&AgentId> {
        self.affinity.as_ref().filter(|wish| wish.until.is_some()).map(|wish| &wish.agent)
    }
}

/// How a ticket ended without an agent's close.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// The customer left.
    CustomerLeft,
    /// The customer no longer wants a person.
    CustomerCancelled,
    /// It is another ticket's case.
    Duplicate,
    /// A supervisor ended it.
    Admin,
    /// It waited longer than its queue allows.
    MaxWait,
    /// The queue closed and nobody is there to work off the line.
    CalendarClosed,
}

/// How an agent says that a case went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resolution {
    /// The customer was helped.
    Resolved,
    /// The customer was not helped.
    Unresolved,
    /// The customer went away.
    CustomerGone,
    /// No case at all.
    Spam,
    /// A case of another queue.
    WrongQueue,
}
