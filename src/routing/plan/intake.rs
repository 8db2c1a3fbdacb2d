//! Tickets come, change what they are about, and are called off.

use std::time::Duration;

use super::offers::{revoke_all, revoke_unfit};
use super::{Planned, by_customer};
use crate::message::{AgentId, Priority, QueueId, TicketId, Timestamp};
use crate::routing::command::{Opening, Reading};
use crate::routing::config::Fallback;
use crate::routing::draft::Draft;
use crate::routing::due::later;
use crate::routing::error::RoutingError;
use crate::routing::event::Event;
use crate::routing::offer::RevokeReason;
use crate::routing::ticket::{Affinity, End, Reason, Ticket, TicketState};

pub(super) fn open(draft: &mut Draft<'_>, opening: &Opening) -> Planned {
    let known = draft.desk.ticket_of(&opening.conversation).is_some();
    if known || draft.ticket(&opening.id).is_some() {
        return Ok(());
    }
    let closed = draft.desk.past.of(&opening.conversation);
    if let Some(closed) = closed.filter(|closed| opening.asked_at < closed.at) {
        return Err(RoutingError::StaleContext { closed_at: closed.at });
    }
    room(draft, &opening.queue)?;
    let opens_at = waits_for_opening(draft, &opening.queue)?;
    let ticket = ticket(draft, opening, opens_at);
    draft.push(Event::Opened(Box::new(ticket)));
    Ok(())
}

/// When a closed queue opens, if it keeps tickets until then; `None` if it is open.
fn waits_for_opening(
    draft: &Draft<'_>,
    queue: &QueueId,
) -> Result<Option<Timestamp>, RoutingError> {
    let rules = draft.config().rules(queue);
    let Some(calendar) = rules.calendar.as_ref().filter(|calendar| !calendar.open_at(draft.now))
    else {
        return Ok(None);
    };
    let opens_at = calendar.turns_after(draft.now);
    match rules.closed {
        Fallback::LeaveMessage | Fallback::Callback if opens_at.is_some() => Ok(opens_at),
        Fallback::BotOnly | Fallback::LeaveMessage | Fallback::Callback => {
            Err(RoutingError::QueueClosed { queue: queue.clone(), opens_at })
        }
    }
}

fn ticket(draft: &Draft<'_>, opening: &Opening, opens_at: Option<Timestamp>) -> Ticket {
    let now = draft.now;
    let last = draft.desk.past.last(&opening.conversation, opening.customer.as_ref());
    let last = last.filter(|closed| later(closed.at, draft.config().times.reopen) >= now);
    let wish = opening.agent.as_ref().or(last.map(|closed| &closed.agent));
    let parked = opens_at.is_some();
    Ticket {
        id: opening.id.clone(),
        conversation: opening.conversation.clone(),
        customer: opening.customer.clone(),
        queue: opening.queue.clone(),
        priority: opening.priority,
        boost: Duration::ZERO,
        language: opening.language,
        channel: opening.channel.clone(),
        intent: opening.intent.clone(),
        skills: opening.skills.clone(),
        affinity: wish.and_then(|agent| affinity(draft, agent)),
        state: if parked { TicketState::Parked } else { TicketState::Queued },
        reason: if parked { Reason::CalendarClosed } else { Reason::Routed },
        enqueued_at: now,
        class_since: now,
        seeking_since: now,
        ring: 0,
        excluded: Vec::new(),
        missed_by: None,
        offers: Vec::new(),
        offer_count: 0,
        agent: None,
        assigned_at: None,
        until: opens_at,
        customer_silent_since: None,
        wrap_extended: false,
        over_capacity: false,
        reopens: last.map(|closed| closed.ticket.clone()),
        sequence: draft.desk.opened + 1,
        version: 1,
    }
}

/// The wish for an agent, if she is configured.
pub(super) fn affinity(draft: &Draft<'_>, agent: &AgentId) -> Option<Affinity> {
    draft.seat(agent)?;
    let until = later(draft.now, draft.config().times.affinity);
    Some(Affinity { agent: agent.clone(), until: Some(until) })
}

/// Refuses a full queue.
pub(super) fn room(draft: &Draft<'_>, queue: &QueueId) -> Planned {
    let waiting = draft.desk.waiting(queue);
    if waiting >= draft.config().rules(queue).max_waiting {
        return Err(RoutingError::QueueFull { queue: queue.clone(), waiting });
    }
    Ok(())
}

pub(super) fn raise(draft: &mut Draft<'_>, id: &TicketId, priority: Priority) -> Planned {
    let ticket = draft.known(id)?;
    if ticket.state.waits() && ticket.priority < priority {
        draft.push(Event::Raised { ticket: id.clone(), priority, at: draft.now });
    }
    Ok(())
}

pub(super) fn relocate(draft: &mut Draft<'_>, id: &TicketId, queue: &QueueId) -> Planned {
    let ticket = draft.known(id)?;
    if ticket.queue == *queue || !ticket.state.waits() {
        return Ok(());
    }
    room(draft, queue)?;
    draft.push(Event::Moved { ticket: id.clone(), queue: queue.clone(), at: draft.now });
    revoke_unfit(draft, id);
    Ok(())
}

pub(super) fn reclassify(draft: &mut Draft<'_>, id: &TicketId, reading: &Reading) -> Planned {
    let ticket = draft.known(id)?;
    if !ticket.state.waits() {
        return Ok(());
    }
    if let Some(intent) = reading.intent.clone().filter(|new| ticket.intent.as_ref() != Some(new)) {
        draft.push(Event::Reread { ticket: id.clone(), intent });
    }
    if let Some(priority) = reading.priority {
        raise(draft, id, priority)?;
    }
    match &reading.queue {
        Some(queue) => relocate(draft, id, queue),
        None => Ok(()),
    }
}

/// Calls a ticket off. What an agent has in hand is hers to close, whatever the customer does.
pub(super) fn cancel(draft: &mut Draft<'_>, id: &TicketId, end: End) -> Planned {
    let ticket = draft.known(id)?;
    if ticket.state.held() && by_customer(end) {
        return Err(RoutingError::WrongState { ticket: id.clone(), state: ticket.state });
    }
    let reason = if by_customer(end) { RevokeReason::CustomerLeft } else { RevokeReason::Admin };
    revoke_all(draft, id, reason);
    draft.push(Event::Ended { ticket: id.clone(), end, at: draft.now });
    Ok(())
}
