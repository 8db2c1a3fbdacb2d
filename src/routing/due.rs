//! When time alone changes a ticket or an agent.

use std::time::Duration;

use super::agent::{AgentState, Presence};
use super::config::Config;
use super::rings::ring_ends_after;
use super::ticket::{Ticket, TicketState};
use crate::message::{AgentId, Priority, QueueId, TicketId, Timestamp};

/// Whom time changes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Subject {
    Queue(QueueId),
    Agent(AgentId),
    Ticket(TicketId),
}

pub(super) fn later(at: Timestamp, wait: Duration) -> Timestamp {
    at.checked_add(wait).unwrap_or(Timestamp::MAX)
}

/// The class that age lifts a ticket to: only urgency enters `urgent`.
pub(super) fn aged(priority: Priority) -> Option<Priority> {
    match priority {
        Priority::Low => Some(Priority::Normal),
        Priority::Normal => Some(Priority::High),
        Priority::High | Priority::Urgent => None,
    }
}

pub(super) fn expires_at(config: &Config, ticket: &Ticket) -> Timestamp {
    later(ticket.seeking_since, config.rules(&ticket.queue).max_wait)
}

pub(super) fn rises_at(config: &Config, ticket: &Ticket) -> Option<Timestamp> {
    aged(ticket.priority)?;
    Some(later(ticket.class_since, config.rules(&ticket.queue).max_class_wait))
}

pub(super) fn widens_at(config: &Config, ticket: &Ticket) -> Option<Timestamp> {
    let after = ring_ends_after(config.rules(&ticket.queue), ticket)?;
    Some(later(ticket.seeking_since, after))
}

pub(super) fn wish_ends_at(ticket: &Ticket) -> Option<Timestamp> {
    ticket.affinity.as_ref().and_then(|wish| wish.until)
}

pub(super) fn ticket_due(config: &Config, ticket: &Ticket) -> Option<Timestamp> {
    match ticket.state {
        TicketState::Queued | TicketState::Offered => waiting_due(config, ticket),
        TicketState::Parked | TicketState::Wrapping => ticket.until,
        TicketState::Assigned => {
            ticket.customer_silent_since.map(|since| later(since, config.times.inactive))
        }
        TicketState::Closed
        | TicketState::Cancelled
        | TicketState::Rejected
        | TicketState::Expired => None,
    }
}

fn waiting_due(config: &Config, ticket: &Ticket) -> Option<Timestamp> {
    let expires = (ticket.state == TicketState::Queued).then(|| expires_at(config, ticket));
    let offers = ticket.offers.iter().map(|offer| offer.expires_at);
    let exclusions = ticket.excluded.iter().map(|exclusion| exclusion.until);
    let single =
        [expires, rises_at(config, ticket), widens_at(config, ticket), wish_ends_at(ticket)];
    single.into_iter().flatten().chain(offers).chain(exclusions).min()
}

pub(super) fn agent_due(config: &Config, state: &AgentState) -> Option<Timestamp> {
    let times = &config.times;
    if state.presence == Presence::Lost {
        let wait = if state.offers.is_empty() { times.grace } else { times.lost_offers };
        return Some(later(state.since, wait));
    }
    state.session.as_ref().map(|_| later(state.heard_at, times.lease))
}
