//! What people see of the desk: a picture taken at one moment.

use std::collections::{BTreeMap, BTreeSet};

use super::agent::{AgentView, Presence};
use super::desk::{Desk, Seat};
use super::index::Rank;
use super::line::Line;
use crate::message::{AgentId, Channel, Priority, QueueId, Timestamp};

/// One queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueView {
    /// Which queue.
    pub queue: QueueId,
    /// How many wait, by class; classes in which nobody waits are absent.
    pub waiting: BTreeMap<Priority, usize>,
    /// Since when the oldest waits.
    pub oldest: Option<Timestamp>,
    /// How many may wait.
    pub max_waiting: usize,
    /// Who serves it.
    pub agents: Vec<AgentId>,
    /// How many of them are online.
    pub online: usize,
    /// How many of them could be asked now.
    pub free: usize,
    /// Whether its calendar is open.
    pub open: bool,
    /// When its calendar turns next.
    pub turns_at: Option<Timestamp>,
}

/// One queue now; an empty one too.
pub fn queue_view(desk: &Desk, queue: &QueueId) -> QueueView {
    let config = desk.config();
    let line = desk.lines.get(queue);
    let agents = config.agents.iter().filter(|agent| agent.serves(queue));
    let agents: Vec<_> = agents.map(|agent| agent.id.clone()).collect();
    let seats: Vec<_> = agents.iter().filter_map(|agent| desk.seats.get(agent)).collect();
    let online = |seat: &&&Seat| seat.state.presence == Presence::Online;
    QueueView {
        queue: queue.clone(),
        waiting: line.map(Line::by_class).unwrap_or_default(),
        oldest: desk.in_order(queue).map(|ticket| ticket.enqueued_at).min(),
        max_waiting: config.rules(queue).max_waiting,
        online: seats.iter().filter(online).count(),
        free: seats.iter().filter(|seat| Rank::of(&seat.agent, &seat.state).is_some()).count(),
        agents,
        open: desk.open(queue),
        turns_at: desk.turns.get(queue).and_then(|turn| turn.until),
    }
}

/// The configured queues and those in use, by name.
pub fn queue_views(desk: &Desk) -> Vec<QueueView> {
    queues(desk).into_iter().map(|queue| queue_view(desk, queue)).collect()
}

pub(super) fn queues(desk: &Desk) -> BTreeSet<&QueueId> {
    desk.config().queues.keys().chain(desk.lines.keys()).collect()
}

/// One agent now; `None` for one who is not configured and has nothing in hand.
pub fn agent_view(desk: &Desk, id: &AgentId) -> Option<AgentView> {
    desk.seats.get(id).map(seen)
}

/// Every agent, by id.
pub fn agent_views(desk: &Desk) -> Vec<AgentView> {
    let mut views: Vec<_> = desk.seats.values().map(seen).collect();
    views.sort_by(|a, b| a.id.cmp(&b.id));
    views
}

fn seen(seat: &Seat) -> AgentView {
    let Seat { agent, state } = seat;
    let channels: BTreeSet<&Channel> = state
        .held
        .iter()
        .map(|held| &held.channel)
        .chain(state.offers.iter().map(|offer| &offer.channel))
        .collect();
    AgentView {
        id: agent.id.clone(),
        name: agent.name.clone(),
        presence: state.presence,
        next: state.next,
        since: state.since,
        used_units: state.used,
        total_units: agent.units,
        used_by_channel: channels.iter().map(|c| ((*c).clone(), state.used_on(c))).collect(),
        max_by_channel: agent.per_channel.clone(),
        wrapping: state.wrapping(),
        misses: state.misses,
        over_capacity: state.used > agent.units
            || channels.iter().any(|channel| {
                agent.per_channel.get(*channel).is_some_and(|most| state.used_on(channel) > *most)
            }),
        offers: state.offers.iter().map(|offer| offer.offer.clone()).collect(),
        tickets: state.held.iter().map(|held| held.ticket.clone()).collect(),
    }
}
