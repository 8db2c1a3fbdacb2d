//! An offer: one agent is asked to take one ticket, her units held meanwhile.

use serde::{Deserialize, Serialize};

use super::profile::Evidence;
use crate::message::{AgentId, Channel, OfferId, TicketId, Timestamp};

/// A pending offer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// Its id: the ticket's, a dot, and its number among the ticket's offers.
    pub id: OfferId,
    /// Which ticket.
    pub ticket: TicketId,
    /// Who is asked.
    pub agent: AgentId,
    /// When she was asked.
    pub made_at: Timestamp,
    /// When it lapses.
    pub expires_at: Timestamp,
    /// What it holds of her units.
    pub units: u32,
    /// The channel whose maximum it counts against.
    pub channel: Channel,
    /// Why she was chosen.
    pub why: Why,
}

/// Why an agent was chosen for a ticket. Numbers are whole, so that they survive any encoding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Why {
    /// The ring in which the ticket was matched.
    pub ring: u8,
    /// Whether she was the ticket's wish.
    pub affinity: bool,
    /// What is known of her with this intent; absent where the ticket has none.
    pub evidence: Option<Evidence>,
    /// Her units in use before this offer.
    pub used_units: u32,
    /// All of her units.
    pub total_units: u32,
    /// Since when she could have taken it.
    pub available_since: Timestamp,
}

/// How an offer ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OfferEnd {
    /// She took the ticket.
    Accepted,
    /// She said no.
    Declined {
        /// Until when she is not asked for this ticket.
        until: Timestamp,
    },
    /// She said nothing.
    Expired {
        /// Whether it counts against her; not after a restart.
        miss: bool,
    },
    /// It was taken back.
    Revoked(RevokeReason),
}

/// Why an offer was taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RevokeReason {
    /// She logged out.
    AgentOffline,
    /// She finishes and takes no more.
    AgentDraining,
    /// She is away.
    AgentAway,
    /// Her connection is gone.
    AgentLost,
    /// She did not answer other offers.
    AgentNotResponding,
    /// The ticket is no longer wanted.
    CustomerLeft,
    /// Another agent took it.
    Superseded,
    /// The ticket became one that she does not qualify for.
    Reclassified,
    /// A supervisor said so.
    Admin,
    /// It was pending over a restart.
    RecoveredAfterRestart,
}
