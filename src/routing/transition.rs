//! What an event does to one ticket and to one agent. The desk and a plan in the making use the same two functions.

use super::agent::{AgentState, Held, Presence, Reserved};
use super::event::{Author, Event, Requeue};
use super::offer::{Offer, OfferEnd};
use super::ticket::{Exclusion, Reason, Ticket, TicketState};
use crate::message::{AgentId, OfferId, TicketId, Timestamp};

/// Whether anything is left of the ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Left {
    Stays,
    Leaves,
}

/// Makes an event true of the ticket that it names. `Opened` and events without a ticket change nothing here.
#[expect(clippy::wildcard_enum_match_arm, reason = "the rest is for on_work")]
pub(super) fn on_ticket(event: &Event, ticket: &mut Ticket) -> Left {
    ticket.version += 1;
    match event {
        Event::Closed { .. } | Event::Ended { .. } => return Left::Leaves,
        Event::Raised { priority, at, .. } => {
            ticket.priority = *priority;
            ticket.class_since = *at;
        }
        Event::Boosted { boost, .. } => ticket.boost = *boost,
        Event::Reread { intent, .. } => ticket.intent = Some(intent.clone()),
        Event::Moved { queue, at, .. } => {
            ticket.queue = queue.clone();
            ticket.reason = Reason::Reclassified;
            seek(ticket, *at);
        }
        Event::RingReached { ring, .. } => ticket.ring = *ring,
        Event::AffinityEnded { .. } => {
            if let Some(wish) = &mut ticket.affinity {
                wish.until = None;
            }
        }
        Event::ExclusionsLifted { agents, .. } => {
            ticket.excluded.retain(|exclusion| !agents.contains(&exclusion.agent));
        }
        Event::Offered(offer) => offered(ticket, offer),
        Event::OfferEnded { offer, agent, end, .. } => offer_ended(ticket, offer, agent, end),
        Event::Requeued(requeue) => requeued(ticket, requeue),
        _ => on_work(event, ticket),
    }
    Left::Stays
}

#[expect(clippy::wildcard_enum_match_arm, reason = "other events change nothing here")]
fn on_work(event: &Event, ticket: &mut Ticket) {
    match event {
        Event::Assigned(assignment) => {
            ticket.state = TicketState::Assigned;
            ticket.reason = assignment.reason;
            ticket.over_capacity = assignment.over_capacity;
            ticket.assigned_at = Some(assignment.at);
            ticket.agent = Some(assignment.agent.clone());
            (ticket.until, ticket.customer_silent_since) = (None, None);
            ticket.excluded.clear();
        }
        Event::Wrote { by, at, .. } => {
            ticket.customer_silent_since = (*by == Author::Agent).then_some(*at);
        }
        Event::Parked { until, reason, .. } => {
            ticket.state = TicketState::Parked;
            ticket.reason = *reason;
            (ticket.until, ticket.customer_silent_since) = (Some(*until), None);
            (ticket.over_capacity, ticket.wrap_extended) = (false, false);
        }
        Event::Completed { until, .. } => {
            ticket.state = TicketState::Wrapping;
            ticket.reason = Reason::Completed;
            (ticket.until, ticket.customer_silent_since) = (Some(*until), None);
        }
        Event::WrapExtended { until, .. } => {
            ticket.until = Some(*until);
            ticket.wrap_extended = true;
        }
        _ => {}
    }
}

fn offered(ticket: &mut Ticket, offer: &Offer) {
    ticket.offers.push(offer.clone());
    ticket.offer_count += 1;
    ticket.state = TicketState::Offered;
    ticket.reason = Reason::Offered;
}

fn offer_ended(ticket: &mut Ticket, offer: &OfferId, agent: &AgentId, end: &OfferEnd) {
    ticket.offers.retain(|pending| pending.id != *offer);
    if ticket.offers.is_empty() && ticket.state == TicketState::Offered {
        ticket.state = TicketState::Queued;
        ticket.reason = match end {
            OfferEnd::Accepted => Reason::Accepted,
            OfferEnd::Declined { .. } => Reason::OfferDeclined,
            OfferEnd::Expired { .. } => Reason::OfferExpired,
            OfferEnd::Revoked(_) => Reason::OfferRevoked,
        };
    }
    match end {
        OfferEnd::Declined { until } => {
            exclude(ticket, Exclusion { agent: agent.clone(), until: *until });
        }
        OfferEnd::Expired { miss: true } => ticket.missed_by = Some(agent.clone()),
        OfferEnd::Accepted | OfferEnd::Expired { miss: false } | OfferEnd::Revoked(_) => {}
    }
}

fn requeued(ticket: &mut Ticket, requeue: &Requeue) {
    ticket.queue = requeue.queue.clone();
    ticket.priority = requeue.priority;
    ticket.class_since = requeue.at;
    ticket.affinity.clone_from(&requeue.affinity);
    ticket.state = TicketState::Queued;
    ticket.reason = requeue.reason;
    (ticket.agent, ticket.assigned_at) = (None, None);
    (ticket.until, ticket.customer_silent_since) = (None, None);
    (ticket.over_capacity, ticket.wrap_extended) = (false, false);
    seek(ticket, requeue.at);
    if let Some(exclusion) = &requeue.exclude {
        exclude(ticket, exclusion.clone());
    }
}

/// Starts to look for an agent anew, from ring 0.
fn seek(ticket: &mut Ticket, at: Timestamp) {
    ticket.ring = 0;
    ticket.seeking_since = at;
    ticket.excluded.clear();
    ticket.missed_by = None;
}

fn exclude(ticket: &mut Ticket, exclusion: Exclusion) {
    ticket.excluded.retain(|other| other.agent != exclusion.agent);
    ticket.excluded.push(exclusion);
}

/// Makes an event true of an agent: of the one it names, and of the one who had its ticket before.
#[expect(clippy::wildcard_enum_match_arm, reason = "the rest is for on_presence")]
pub(super) fn on_agent(event: &Event, id: &AgentId, state: &mut AgentState) {
    let used = state.used;
    match event {
        Event::Offered(offer) => state.offers.push(Reserved {
            offer: offer.id.clone(),
            ticket: offer.ticket.clone(),
            channel: offer.channel.clone(),
            units: offer.units,
        }),
        Event::OfferEnded { offer, end, .. } => {
            state.offers.retain(|reserved| reserved.offer != *offer);
            state.misses = misses(state.misses, end);
        }
        Event::Assigned(assignment) => {
            let_go(state, &assignment.ticket);
            if assignment.agent == *id {
                state.held.push(Held {
                    ticket: assignment.ticket.clone(),
                    channel: assignment.channel.clone(),
                    units: assignment.units,
                    wrapping: false,
                });
            }
        }
        Event::Completed { ticket, .. } => {
            if let Some(held) = state.held.iter_mut().find(|held| held.ticket == *ticket) {
                held.wrapping = true;
            }
        }
        Event::Parked { ticket, .. }
        | Event::Closed { ticket, .. }
        | Event::Ended { ticket, .. } => {
            let_go(state, ticket);
        }
        Event::Requeued(requeue) => let_go(state, &requeue.ticket),
        _ => on_presence(event, state),
    }
    state.recount();
    if let Some(at) = event.at().filter(|_| state.used < used) {
        state.available_since = at;
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "other events change nothing here")]
fn on_presence(event: &Event, state: &mut AgentState) {
    match event {
        Event::Connected { session, presence, at, .. } => {
            if state.session.as_ref() != Some(session) {
                state.misses = 0;
            }
            state.session = Some(session.clone());
            state.heard_at = *at;
            set(state, *presence, *at);
        }
        Event::Disconnected { at, .. } => {
            if state.presence == Presence::Offline {
                state.session = None;
            } else {
                state.before = Some(state.presence);
                (state.presence, state.since) = (Presence::Lost, *at);
            }
        }
        Event::Heard { at, .. } => state.heard_at = *at,
        Event::PresenceSet { presence, next, at, .. } => {
            if state.presence == Presence::Lost && *presence == Presence::Offline {
                state.session = None;
            }
            set(state, *presence, *at);
            state.next = *next;
        }
        Event::Recovered { at } => {
            if state.presence == Presence::Offline {
                state.session = None;
            } else {
                let was = if state.presence == Presence::Lost { state.before } else { None };
                state.before = was.or(Some(state.presence));
                (state.presence, state.since) = (Presence::Lost, *at);
            }
        }
        _ => {}
    }
}

fn set(state: &mut AgentState, presence: Presence, at: Timestamp) {
    if presence == Presence::Online && state.presence != Presence::Online {
        state.available_since = at;
    }
    if presence != Presence::NotResponding {
        state.misses = if state.presence == Presence::NotResponding { 0 } else { state.misses };
    }
    state.before = None;
    if presence != state.presence {
        (state.presence, state.since) = (presence, at);
    }
    if presence != Presence::Draining {
        state.next = None;
    }
}

fn misses(misses: u32, end: &OfferEnd) -> u32 {
    match end {
        OfferEnd::Accepted | OfferEnd::Declined { .. } => 0,
        OfferEnd::Expired { miss: true } => misses.saturating_add(1),
        OfferEnd::Expired { miss: false } | OfferEnd::Revoked(_) => misses,
    }
}

fn let_go(state: &mut AgentState, ticket: &TicketId) {
    state.held.retain(|held| held.ticket != *ticket);
}
