//! What time does: offers lapse, rings widen, classes rise, calendars turn, connections are given up. And what happens
//! to the desk as a whole: a restart, another configuration.

use super::offers::{end_offer, lapse, revoke_from, revoke_unfit};
use super::presence::announce;
use super::settle::{settle, widen_deserted};
use super::work;
use crate::message::{AgentId, QueueId, TicketId};
use crate::routing::agent::Presence;
use crate::routing::config::Config;
use crate::routing::desk::Desk;
use crate::routing::draft::Draft;
use crate::routing::due::{
    Subject, aged, agent_due, expires_at, later, rises_at, widens_at, wish_ends_at,
};
use crate::routing::event::{Event, Requeue};
use crate::routing::index::Rank;
use crate::routing::offer::{Offer, OfferEnd, RevokeReason};
use crate::routing::ticket::{End, Reason, Resolution, Ticket, TicketState};

/// What one tick handles at most of each kind.
const BATCH: usize = 64;

/// Opens and closes the queues whose calendars have turned.
pub(super) fn turn_calendars(draft: &mut Draft<'_>) {
    let due = draft.desk.due.iter().take_while(|(at, _)| *at <= draft.now);
    let turned: Vec<_> = due
        .map_while(|(_, subject)| match subject {
            Subject::Queue(queue) => Some(queue.clone()),
            Subject::Agent(_) | Subject::Ticket(_) => None,
        })
        .take(BATCH)
        .collect();
    for queue in &turned {
        turn(draft, queue);
    }
}

fn turn(draft: &mut Draft<'_>, queue: &QueueId) {
    let Some(calendar) = &draft.config().rules(queue).calendar else { return };
    let (open, until) = (calendar.open_at(draft.now), calendar.turns_after(draft.now));
    draft.push(Event::Turned { queue: queue.clone(), open, until, at: draft.now });
}

pub(super) fn tick(draft: &mut Draft<'_>) {
    let due = draft.desk.due.iter().take_while(|(at, _)| *at <= draft.now);
    let due: Vec<_> = due.map(|(_, subject)| subject.clone()).take(BATCH).collect();
    for subject in &due {
        match subject {
            Subject::Queue(_) => {}
            Subject::Agent(agent) => agent_is_due(draft, agent),
            Subject::Ticket(ticket) => ticket_is_due(draft, ticket),
        }
    }
    for ticket in stranded(draft.desk) {
        widen_deserted(draft, &ticket);
    }
}

/// Some tickets of demands that nobody meets.
fn stranded(desk: &Desk) -> Vec<TicketId> {
    let lanes = desk.deserted.iter().filter_map(|demand| desk.index.lane(demand));
    lanes
        .flat_map(|lane| lane.line.places())
        .map(|place| place.ticket.clone())
        .take(BATCH)
        .collect()
}

fn agent_is_due(draft: &mut Draft<'_>, agent: &AgentId) {
    let Some(state) = draft.state(agent).cloned() else { return };
    if agent_due(draft.config(), &state).is_none_or(|at| at > draft.now) {
        return;
    }
    if state.presence != Presence::Lost {
        return draft.push(Event::Disconnected { agent: agent.clone(), at: draft.now });
    }
    revoke_from(draft, agent, RevokeReason::AgentLost);
    if later(state.since, draft.config().times.grace) > draft.now {
        return;
    }
    for held in &state.held {
        work::lose(draft, &held.ticket);
    }
    announce(draft, agent, (Presence::Offline, None));
}

fn ticket_is_due(draft: &mut Draft<'_>, id: &TicketId) {
    while let Some(ticket) = draft.ticket(id).cloned() {
        let before = draft.events.len();
        next_due_step(draft, &ticket);
        if draft.events.len() == before {
            return;
        }
    }
}

fn next_due_step(draft: &mut Draft<'_>, ticket: &Ticket) {
    match ticket.state {
        TicketState::Queued | TicketState::Offered => waiting_is_due(draft, ticket),
        TicketState::Parked => park_is_over(draft, ticket),
        TicketState::Assigned => customer_is_silent(draft, ticket),
        TicketState::Wrapping => {
            if ticket.until.is_some_and(|until| until <= draft.now) {
                work::finish(draft, &ticket.id, (None, ticket.intent.clone()));
            }
        }
        TicketState::Closed
        | TicketState::Cancelled
        | TicketState::Rejected
        | TicketState::Expired => {}
    }
}

/// One thing at a time, the first that applies: an offer lapses, the ticket expires, rises, or reaches more agents.
fn waiting_is_due(draft: &mut Draft<'_>, ticket: &Ticket) {
    let (config, now, id) = (draft.config(), draft.now, ticket.id.clone());
    if let Some(offer) = ticket.offers.iter().find(|offer| offer.expires_at <= now) {
        return lapse(draft, offer);
    }
    if ticket.state == TicketState::Queued && expires_at(config, ticket) <= now {
        return draft.push(Event::Ended { ticket: id, end: End::MaxWait, at: now });
    }
    if let Some(priority) = aged(ticket.priority)
        && rises_at(config, ticket).is_some_and(|at| at <= now)
    {
        return draft.push(Event::Raised { ticket: id, priority, at: now });
    }
    if wish_ends_at(ticket).is_some_and(|at| at <= now) {
        return draft.push(Event::AffinityEnded { ticket: id });
    }
    if widens_at(config, ticket).is_some_and(|at| at <= now) {
        let ring = ticket.ring.saturating_add(1);
        return draft.push(Event::RingReached { ticket: id, ring });
    }
    let over = ticket.excluded.iter().filter(|exclusion| exclusion.until <= now);
    let agents: Vec<_> = over.map(|exclusion| exclusion.agent.clone()).collect();
    if !agents.is_empty() {
        draft.push(Event::ExclusionsLifted { ticket: id, agents });
    }
}

/// A message left for the opening enters the line; a customer who did not return is let go.
fn park_is_over(draft: &mut Draft<'_>, ticket: &Ticket) {
    if ticket.until.is_none_or(|until| until > draft.now) {
        return;
    }
    if ticket.reason != Reason::CalendarClosed {
        let gone = (Some(Resolution::CustomerGone), ticket.intent.clone());
        return work::finish(draft, &ticket.id, gone);
    }
    let affinity = ticket.affinity.as_ref().map(|wish| wish.agent.clone());
    let affinity = affinity.and_then(|agent| super::intake::affinity(draft, &agent));
    draft.push(Event::Requeued(Box::new(Requeue {
        ticket: ticket.id.clone(),
        queue: ticket.queue.clone(),
        priority: ticket.priority,
        affinity,
        exclude: None,
        reason: Reason::CalendarOpened,
        at: draft.now,
    })));
}

fn customer_is_silent(draft: &mut Draft<'_>, ticket: &Ticket) {
    let times = &draft.config().times;
    let silent = ticket.customer_silent_since.map(|since| later(since, times.inactive));
    if silent.is_some_and(|at| at <= draft.now) {
        let (ticket, at) = (ticket.id.clone(), draft.now);
        let until = later(draft.now, times.park);
        draft.push(Event::Parked { ticket, until, reason: Reason::CustomerIdle, at });
    }
}

/// After a restart everybody is lost until her software resumes, and offers that lapsed meanwhile count against nobody.
pub(super) fn recovered(mut draft: Draft<'_>) -> Vec<Event> {
    let now = draft.now;
    let mut lapsed: Vec<Offer> = draft
        .desk
        .tickets
        .values()
        .flat_map(|ticket| &ticket.offers)
        .filter(|offer| offer.expires_at <= now)
        .cloned()
        .collect();
    lapsed.sort_by(|a, b| a.id.cmp(&b.id));
    draft.push(Event::Recovered { at: now });
    for offer in &lapsed {
        end_offer(&mut draft, offer, OfferEnd::Expired { miss: false });
    }
    draft.events
}

/// Another configuration: every lane is looked at once, on a copy of the desk. The one command whose cost grows with the
/// desk.
pub(super) fn reconfigured(draft: &Draft<'_>, config: &Config) -> Vec<Event> {
    let now = draft.now;
    let mut desk = draft.desk.clone();
    let event = Event::Reconfigured { config: Box::new(config.clone()), at: now };
    desk.apply(&event);
    let mut events = vec![event];
    follow(&mut desk, &mut events, |draft| {
        let offered: Vec<_> = draft.desk.offered().cloned().collect();
        for ticket in &offered {
            revoke_unfit(draft, ticket);
        }
    });
    let free = desk.seats.values().filter(|seat| Rank::of(&seat.agent, &seat.state).is_some());
    let mut free: Vec<_> = free.map(|seat| seat.agent.id.clone()).collect();
    free.sort();
    for agent in free {
        follow(&mut desk, &mut events, |draft| {
            draft.look_at(&agent);
            settle(draft);
        });
    }
    events
}

/// Plans one more step on a copy of the desk and takes it.
fn follow(desk: &mut Desk, events: &mut Vec<Event>, step: impl FnOnce(&mut Draft<'_>)) {
    let mut draft = Draft::new(desk, desk.clock);
    step(&mut draft);
    let more = draft.events;
    for event in &more {
        desk.apply(event);
    }
    events.extend(more);
}
