//! What somebody wants of the desk. Ids and tokens come with the command, so that planning stays pure.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::agent::Presence;
use super::config::Config;
use super::ticket::{Conversation, End, Resolution};
use crate::message::{
    AgentId, Channel, CustomerId, IntentId, Language, OfferId, Priority, QueueId, SessionId,
    TicketId, Timestamp,
};

/// A ticket to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening {
    /// Its id, made by the caller.
    pub id: TicketId,
    /// Whose case it is.
    pub conversation: Conversation,
    /// The person over all channels, if known.
    pub customer: Option<CustomerId>,
    /// Where it shall wait.
    pub queue: QueueId,
    /// Its class.
    pub priority: Priority,
    /// What the agent must speak.
    pub language: Language,
    /// Where the customer writes.
    pub channel: Channel,
    /// What it is about.
    pub intent: Option<IntentId>,
    /// Levels it asks for beyond what its queue's rings ask.
    pub skills: BTreeMap<String, u8>,
    /// An agent who is wished for.
    pub agent: Option<AgentId>,
    /// When the customer wrote what led here. Words from before an agent's close open no ticket.
    pub asked_at: Timestamp,
}

/// A new reading of what a waiting ticket is about. What is absent stays.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Reading {
    /// What it is about.
    pub intent: Option<IntentId>,
    /// Where it belongs.
    pub queue: Option<QueueId>,
    /// At least this class.
    pub priority: Option<Priority>,
}

/// What a supervisor changes on a ticket. What is absent stays.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Change {
    /// The version that was looked at; absent: whatever it is.
    pub version: Option<u64>,
    /// The class from now on; may fall.
    pub priority: Option<Priority>,
    /// How much older it counts inside its class.
    pub boost: Option<Duration>,
    /// The queue from now on.
    pub queue: Option<QueueId>,
}

/// How an agent's desk software connects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// Who, as her key says.
    pub agent: AgentId,
    /// The hash of the new session's token.
    pub session: SessionId,
    /// The hash of the token of the session that she takes up again.
    pub resume: Option<SessionId>,
    /// Whether a session that lives may be ended for this one.
    pub take_over: bool,
    /// What she wishes to be.
    pub presence: Presence,
}

/// What becomes of the tickets that an agent has when she goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Work {
    /// Going is refused while she has any.
    #[default]
    Keep,
    /// They go back to their queues.
    Release,
}

/// Where a ticket is passed on to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// To a queue.
    Queue(QueueId),
    /// To an agent: she is asked first, then her colleagues of the ticket's queue.
    Agent(AgentId),
}

/// What somebody wants of the desk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// A conversation needs a person.
    Open(Box<Opening>),
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
    /// A later message changed what a waiting ticket is about.
    Reclassify {
        /// Which ticket.
        ticket: TicketId,
        /// As what it is read now.
        reading: Reading,
    },
    /// The ticket is no longer wanted.
    Cancel {
        /// Which ticket.
        ticket: TicketId,
        /// Why.
        end: End,
    },
    /// The customer wrote to a ticket that an agent has or had: a parked one wakes.
    CustomerWrote {
        /// Which ticket.
        ticket: TicketId,
    },
    /// The agent wrote to the customer.
    AgentWrote {
        /// Who.
        agent: AgentId,
        /// To which ticket.
        ticket: TicketId,
    },
    /// An agent's desk software connects.
    Connect(Hello),
    /// Its connection is gone.
    Disconnect {
        /// Who.
        agent: AgentId,
        /// Which session.
        session: SessionId,
    },
    /// It is still there.
    Heartbeat {
        /// Who.
        agent: AgentId,
        /// Which session.
        session: SessionId,
    },
    /// An agent did something, whatever became of it: she responds again. For commands of hers that were refused; one that
    /// is carried out says so itself.
    Responded {
        /// Who.
        agent: AgentId,
    },
    /// An agent changes her presence.
    SetPresence {
        /// Who.
        agent: AgentId,
        /// To what: online, draining, away or offline.
        presence: Presence,
        /// What follows on draining; offline where absent.
        after_drain: Option<Presence>,
        /// What becomes of her tickets if she goes offline.
        work: Work,
    },
    /// She takes the ticket.
    Accept {
        /// Who.
        agent: AgentId,
        /// Which offer.
        offer: OfferId,
    },
    /// She does not.
    Decline {
        /// Who.
        agent: AgentId,
        /// Which offer.
        offer: OfferId,
        /// For how long she is not asked again; the configured time where absent.
        retry_after: Option<Duration>,
    },
    /// She waits for the customer.
    Park {
        /// Who.
        agent: AgentId,
        /// Which ticket.
        ticket: TicketId,
        /// Until when at most; the longest allowed where absent.
        until: Option<Timestamp>,
    },
    /// She passes the ticket on.
    Transfer {
        /// Who.
        agent: AgentId,
        /// Which ticket.
        ticket: TicketId,
        /// Where to.
        to: Target,
    },
    /// She gives the ticket back to its queue.
    Release {
        /// Who.
        agent: AgentId,
        /// Which ticket.
        ticket: TicketId,
    },
    /// The conversation is over; wrap-up begins.
    Complete {
        /// Who.
        agent: AgentId,
        /// Which ticket.
        ticket: TicketId,
    },
    /// She needs more time for the wrap-up; once.
    ExtendWrap {
        /// Who.
        agent: AgentId,
        /// Which ticket.
        ticket: TicketId,
    },
    /// The case is done.
    Close {
        /// Who.
        agent: AgentId,
        /// Which ticket.
        ticket: TicketId,
        /// How it went.
        resolution: Resolution,
        /// What it was about, if it was read wrongly.
        intent: Option<IntentId>,
    },
    /// A supervisor gives a ticket to an agent, above her units if need be.
    Assign {
        /// Which ticket.
        ticket: TicketId,
        /// To whom.
        agent: AgentId,
    },
    /// A supervisor changes a ticket.
    Update {
        /// Which ticket.
        ticket: TicketId,
        /// What.
        change: Change,
    },
    /// A supervisor changes an agent's presence.
    ForcePresence {
        /// Whose.
        agent: AgentId,
        /// To what.
        presence: Presence,
        /// What becomes of her tickets if she goes offline.
        work: Work,
    },
    /// Time has passed: what is due happens. Bounded; [`next_due`](super::Desk::next_due) says when to ask again.
    Tick,
    /// The process started again from its journal.
    Recovered,
    /// Queues or agents were configured anew.
    Reconfigure(Box<Config>),
}
