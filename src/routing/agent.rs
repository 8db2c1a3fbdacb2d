//! An agent at the desk: presence and load, which are separate. Who she is stands in the configuration.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::message::{AgentId, Channel, OfferId, SessionId, TicketId, Timestamp};

/// Whether an agent can be asked.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// Not here.
    #[default]
    Offline,
    /// Takes tickets.
    Online,
    /// Finishes what she has and takes no more.
    Draining,
    /// Here, and takes none for now.
    Away,
    /// Let two offers in a row lapse. Set by the desk; any command of hers but a heartbeat ends it.
    NotResponding,
    /// Her connection is gone, her tickets wait for her during a grace. Set by the desk.
    Lost,
}

impl Presence {
    /// Whether she may take a ticket sooner or later: she is here and does not finish. A lost one counts during the
    /// grace, so that a broken connection does not widen every ring.
    pub fn logged_in(self) -> bool {
        matches!(self, Self::Online | Self::Away | Self::NotResponding | Self::Lost)
    }
}

/// What an agent does with one ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Held {
    pub(super) ticket: TicketId,
    pub(super) channel: Channel,
    pub(super) units: u32,
    pub(super) wrapping: bool,
}

/// Units held by a pending offer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Reserved {
    pub(super) offer: OfferId,
    pub(super) ticket: TicketId,
    pub(super) channel: Channel,
    pub(super) units: u32,
}

/// What changes about an agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AgentState {
    pub(super) presence: Presence,
    /// What follows on draining.
    pub(super) next: Option<Presence>,
    /// What a lost agent was.
    pub(super) before: Option<Presence>,
    pub(super) since: Timestamp,
    pub(super) session: Option<SessionId>,
    pub(super) heard_at: Timestamp,
    pub(super) available_since: Timestamp,
    pub(super) misses: u32,
    pub(super) offers: Vec<Reserved>,
    pub(super) held: Vec<Held>,
    pub(super) used: u32,
}

impl Default for AgentState {
    fn default() -> Self {
        Self {
            presence: Presence::Offline,
            next: None,
            before: None,
            since: Timestamp::MIN,
            session: None,
            heard_at: Timestamp::MIN,
            available_since: Timestamp::MIN,
            misses: 0,
            offers: Vec::new(),
            held: Vec::new(),
            used: 0,
        }
    }
}

impl AgentState {
    pub(super) fn wrapping(&self) -> usize {
        self.held.iter().filter(|held| held.wrapping).count()
    }

    /// Units in use on one channel, offers included.
    pub(super) fn used_on(&self, channel: &Channel) -> u32 {
        let held = self.held.iter().filter(|held| held.channel == *channel).map(|held| held.units);
        let asked =
            self.offers.iter().filter(|offer| offer.channel == *channel).map(|offer| offer.units);
        held.chain(asked).fold(0, u32::saturating_add)
    }

    pub(super) fn recount(&mut self) {
        let held = self.held.iter().map(|held| held.units);
        let asked = self.offers.iter().map(|offer| offer.units);
        self.used = held.chain(asked).fold(0, u32::saturating_add);
    }
}

/// An agent as people see her: a picture taken at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentView {
    /// Who.
    pub id: AgentId,
    /// What customers read.
    pub name: String,
    /// Whether she can be asked.
    pub presence: Presence,
    /// What follows when she has finished draining.
    pub next: Option<Presence>,
    /// Since when.
    pub since: Timestamp,
    /// Units in use, offers included.
    pub used_units: u32,
    /// All units; 0 once she is no longer configured.
    pub total_units: u32,
    /// Units in use on each channel, offers included.
    pub used_by_channel: BTreeMap<Channel, u32>,
    /// The most units on a channel, where there is a limit.
    pub max_by_channel: BTreeMap<Channel, u32>,
    /// Tickets that she wraps up.
    pub wrapping: usize,
    /// Offers that she let lapse in a row.
    pub misses: u32,
    /// Whether she holds more than her units.
    pub over_capacity: bool,
    /// Her pending offers.
    pub offers: Vec<OfferId>,
    /// The tickets she has.
    pub tickets: Vec<TicketId>,
}
