//! What agents and supervisors want, as a door validated it.

use std::time::Duration;

use super::super::outcome::Verdict;
use crate::message::{
    AgentId, ArticleId, IntentId, OfferId, Priority, QueueId, TicketId, Timestamp,
};
use crate::routing::{Presence, Resolution, Target};

/// An agent's desk software says hello.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hello {
    /// Who.
    pub agent: AgentId,
    /// The token of the session to go on with; `None` for a new one.
    pub token: Option<String>,
    /// The last event that was dealt with.
    pub cursor: String,
    /// Ends another stream of hers.
    pub take_over: bool,
    /// What she wishes to be; `None`: away in a new session, unchanged in a resumed one.
    pub presence: Option<Presence>,
}

/// A command of an agent that is answered by a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AgentCommand {
    /// Comes, pauses, goes.
    SetPresence {
        /// To what.
        presence: Presence,
        /// What follows on draining.
        after_drain: Option<Presence>,
        /// Her tickets go back if she goes offline.
        release_work: bool,
    },
    /// Takes an offered ticket.
    Accept {
        /// Which offer.
        offer: OfferId,
    },
    /// Does not take it.
    Decline {
        /// Which offer.
        offer: OfferId,
        /// For how long it is not offered to her again.
        retry_after: Option<Duration>,
        /// Why, for the log.
        reason: String,
    },
    /// Writes to the customer.
    Send {
        /// In which ticket.
        ticket: TicketId,
        /// The words.
        text: String,
        /// The suggestion that was used.
        article: Option<ArticleId>,
    },
    /// Writes for her colleagues.
    Note {
        /// On which ticket.
        ticket: TicketId,
        /// The words.
        text: String,
    },
    /// Sets a ticket aside.
    Park {
        /// Which.
        ticket: TicketId,
        /// Until when at most.
        until: Option<Timestamp>,
    },
    /// Passes a ticket on.
    Transfer {
        /// Which.
        ticket: TicketId,
        /// Where to.
        to: Target,
        /// What she should know; may be empty.
        note: String,
    },
    /// Gives a ticket back.
    Release {
        /// Which.
        ticket: TicketId,
        /// Why, for the log.
        reason: String,
    },
    /// The conversation is over.
    Complete {
        /// Which ticket.
        ticket: TicketId,
    },
    /// Needs longer to write up.
    ExtendWrap {
        /// Which ticket.
        ticket: TicketId,
    },
    /// Done with a ticket.
    Close {
        /// Which.
        ticket: TicketId,
        /// How it went.
        closing: Closing,
    },
}

/// What an agent says of a ticket when she closes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closing {
    /// How it went.
    pub resolution: Resolution,
    /// What it was about, if the bot had it wrong.
    pub intent: Option<IntentId>,
    /// Whether the bot should have answered, and rightly.
    pub verdict: Option<Verdict>,
    /// The article that would have been right.
    pub correct_article: Option<ArticleId>,
    /// Anything else.
    pub comment: String,
}

/// A command of a supervisor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SupervisorCommand {
    /// Gives a ticket to an agent, whether she has room or not.
    Assign {
        /// Which ticket.
        ticket: TicketId,
        /// To whom.
        agent: AgentId,
    },
    /// Changes a ticket.
    Update {
        /// Which.
        ticket: TicketId,
        /// The version that was looked at; `None`: whatever it is.
        version: Option<u64>,
        /// Its class from now on.
        priority: Option<Priority>,
        /// How much older it counts inside its class.
        boost: Option<Duration>,
        /// Its queue from now on.
        queue: Option<QueueId>,
    },
    /// Sets an agent's presence over her head.
    SetPresence {
        /// Whose.
        agent: AgentId,
        /// To what.
        presence: Presence,
        /// Her tickets go back if she goes offline.
        release_work: bool,
    },
}
