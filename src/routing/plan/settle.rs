//! What follows from a command of itself: agents who have finished draining leave, tickets skip rings in which nobody is
//! logged in, and offers are made.

use super::presence::announce;
use crate::message::{AgentId, TicketId};
use crate::routing::agent::Presence;
use crate::routing::config::Fallback;
use crate::routing::draft::Draft;
use crate::routing::event::Event;
use crate::routing::matching::offer_all;
use crate::routing::rings::{Demand, ring_ends_after};
use crate::routing::ticket::{End, Reason, Ticket, TicketState};

pub(super) fn settle(draft: &mut Draft<'_>) {
    let drained: Vec<_> = draft.agents.keys().filter_map(|id| drained(draft, id)).collect();
    for (agent, next) in drained {
        announce(draft, &agent, (next, None));
    }
    let touched: Vec<_> = draft.tickets.keys().cloned().collect();
    for ticket in &touched {
        widen_deserted(draft, ticket);
    }
    offer_all(draft);
}

fn drained(draft: &Draft<'_>, id: &AgentId) -> Option<(AgentId, Presence)> {
    let state = draft.state(id)?;
    let done = state.presence == Presence::Draining && state.held.is_empty();
    done.then(|| (id.clone(), state.next.unwrap_or(Presence::Offline)))
}

/// Takes a waiting ticket on for as long as nobody who is logged in meets what it asks: the wish is given up, rings are
/// skipped, and a closed queue does what it does when nobody is there.
pub(super) fn widen_deserted(draft: &mut Draft<'_>, id: &TicketId) {
    while let Some(event) = draft.ticket(id).and_then(|ticket| next_step(draft, ticket)) {
        draft.push(event);
    }
}

fn next_step(draft: &Draft<'_>, ticket: &Ticket) -> Option<Event> {
    if !ticket.state.waits() || anybody(draft, ticket) {
        return None;
    }
    let id = ticket.id.clone();
    let rules = draft.config().rules(&ticket.queue);
    if ticket.only().is_some() {
        return Some(Event::AffinityEnded { ticket: id });
    }
    if ring_ends_after(rules, ticket).is_some() {
        return Some(Event::RingReached { ticket: id, ring: ticket.ring.saturating_add(1) });
    }
    let asked = ticket.state == TicketState::Offered;
    (!asked && !draft.open(&ticket.queue)).then(|| after_hours(draft, ticket))
}

fn after_hours(draft: &Draft<'_>, ticket: &Ticket) -> Event {
    let (id, at) = (ticket.id.clone(), draft.now);
    let rules = draft.config().rules(&ticket.queue);
    let opens = rules.calendar.as_ref().and_then(|calendar| calendar.turns_after(draft.now));
    match opens.filter(|_| rules.closed != Fallback::BotOnly) {
        Some(until) => Event::Parked { ticket: id, until, reason: Reason::CalendarClosed, at },
        None => Event::Ended { ticket: id, end: End::CalendarClosed, at },
    }
}

fn anybody(draft: &Draft<'_>, ticket: &Ticket) -> bool {
    let demand = Demand::of(ticket);
    let changed = draft.agents.values().filter(|seat| seat.state.presence.logged_in());
    let mut changed = changed.filter(|seat| demand.meets(draft.config(), &seat.agent));
    changed.next().is_some()
        || draft.desk.candidates(&demand).any(|seat| draft.logged_in(&seat.agent.id))
}
