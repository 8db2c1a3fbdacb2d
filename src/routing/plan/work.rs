//! What happens to a ticket that an agent has: words, pauses, passing on, wrapping up, closing.

use super::intake::{affinity, room};
use super::{Planned, presence};
use crate::message::{AgentId, IntentId, QueueId, TicketId, Timestamp};
use crate::routing::command::Target;
use crate::routing::draft::Draft;
use crate::routing::due::{aged, later};
use crate::routing::error::RoutingError;
use crate::routing::event::{Assignment, Author, Event, Requeue};
use crate::routing::matching::fits;
use crate::routing::ticket::{Affinity, Exclusion, Reason, Resolution, Ticket, TicketState};

/// A ticket that an agent has in hand, after noting that she acts.
fn in_hand<'a>(
    draft: &'a mut Draft<'_>,
    agent: &AgentId,
    id: &TicketId,
) -> Result<&'a Ticket, RoutingError> {
    presence::acts(draft, agent)?;
    let ticket = draft.known(id)?;
    if !ticket.state.held() || ticket.agent.as_ref() != Some(agent) {
        return Err(RoutingError::NotYourTicket { ticket: id.clone(), agent: agent.clone() });
    }
    Ok(ticket)
}

/// A ticket in hand whose conversation goes on.
fn talking<'a>(
    draft: &'a mut Draft<'_>,
    agent: &AgentId,
    id: &TicketId,
) -> Result<&'a Ticket, RoutingError> {
    let ticket = in_hand(draft, agent, id)?;
    if ticket.state != TicketState::Assigned {
        return Err(RoutingError::WrongState { ticket: id.clone(), state: ticket.state });
    }
    Ok(ticket)
}

pub(super) fn agent_wrote(draft: &mut Draft<'_>, agent: &AgentId, id: &TicketId) -> Planned {
    in_hand(draft, agent, id)?;
    draft.push(Event::Wrote { ticket: id.clone(), by: Author::Agent, at: draft.now });
    Ok(())
}

/// The customer's word goes to the agent; a parked ticket wakes for it.
pub(super) fn customer_wrote(draft: &mut Draft<'_>, id: &TicketId) -> Planned {
    let ticket = draft.known(id)?;
    let wakes = ticket.state == TicketState::Parked && ticket.reason != Reason::CalendarClosed;
    if wakes {
        wake(draft, id);
    } else if ticket.state.held() {
        draft.push(Event::Wrote { ticket: id.clone(), by: Author::Customer, at: draft.now });
    }
    Ok(())
}

/// Back to the agent who parked it if she is online, above her units if need be; else into line, she first.
fn wake(draft: &mut Draft<'_>, id: &TicketId) {
    let Some(ticket) = draft.ticket(id).cloned() else { return };
    let agent = ticket.agent.clone();
    if let Some(agent) = agent.as_ref().filter(|agent| draft.online(agent)) {
        return give(draft, &ticket, agent, Reason::CustomerWrote);
    }
    let wish = agent.as_ref().and_then(|agent| affinity(draft, agent));
    requeue(draft, id, (wish, None), Reason::CustomerWrote);
}

/// Gives a ticket to an agent, whether or not she has room.
pub(super) fn give(draft: &mut Draft<'_>, ticket: &Ticket, agent: &AgentId, reason: Reason) {
    let units = draft.config().rules(&ticket.queue).units;
    let room = draft.seat(agent).is_some_and(|seat| fits(seat, ticket, units));
    draft.push(Event::Assigned(Box::new(Assignment {
        ticket: ticket.id.clone(),
        agent: agent.clone(),
        units,
        channel: ticket.channel.clone(),
        over_capacity: !room,
        reason,
        at: draft.now,
    })));
}

pub(super) fn park(
    draft: &mut Draft<'_>,
    agent: &AgentId,
    id: &TicketId,
    until: Option<Timestamp>,
) -> Planned {
    talking(draft, agent, id)?;
    let latest = later(draft.now, draft.config().times.park);
    let until = until.map_or(latest, |until| until.clamp(draft.now, latest));
    let reason = Reason::Parked;
    draft.push(Event::Parked { ticket: id.clone(), until, reason, at: draft.now });
    Ok(())
}

pub(super) fn transfer(
    draft: &mut Draft<'_>,
    agent: &AgentId,
    id: &TicketId,
    to: &Target,
) -> Planned {
    let from = talking(draft, agent, id)?.queue.clone();
    match to {
        Target::Queue(queue) => {
            configured(draft, queue)?;
            if *queue != from {
                room(draft, queue)?;
            }
            let exclude = Some(cool_down(draft, agent));
            requeue_to(draft, (id, queue), (None, exclude), Reason::Transferred);
        }
        Target::Agent(other) => {
            draft.known_agent(other)?;
            if !draft.logged_in(other) {
                return Err(RoutingError::AgentNotConnected { agent: other.clone() });
            }
            let wish = affinity(draft, other);
            let exclude = Some(cool_down(draft, agent)).filter(|_| other != agent);
            requeue(draft, id, (wish, exclude), Reason::Transferred);
        }
    }
    Ok(())
}

/// Refuses a queue that people name and nobody configured.
pub(super) fn configured(draft: &Draft<'_>, queue: &QueueId) -> Planned {
    let queues = &draft.config().queues;
    if queues.is_empty() || queues.contains_key(queue) {
        return Ok(());
    }
    Err(RoutingError::UnknownQueue { queue: queue.clone() })
}

pub(super) fn release(draft: &mut Draft<'_>, agent: &AgentId, id: &TicketId) -> Planned {
    talking(draft, agent, id)?;
    give_back(draft, id, Reason::Released);
    Ok(())
}

/// Back into line; who gave it back is not asked again at once.
pub(super) fn give_back(draft: &mut Draft<'_>, id: &TicketId, reason: Reason) {
    let agent = draft.ticket(id).and_then(|ticket| ticket.agent.clone());
    let exclude = agent.map(|agent| cool_down(draft, &agent));
    requeue(draft, id, (None, exclude), reason);
}

/// The agent is gone for longer than the grace: back into line one class higher, she first if she returns.
pub(super) fn lose(draft: &mut Draft<'_>, id: &TicketId) {
    let agent = draft.ticket(id).and_then(|ticket| ticket.agent.clone());
    let wish = agent.and_then(|agent| affinity(draft, &agent));
    requeue(draft, id, (wish, None), Reason::AgentLost);
}

fn cool_down(draft: &Draft<'_>, agent: &AgentId) -> Exclusion {
    let until = later(draft.now, draft.config().times.decline);
    Exclusion { agent: agent.clone(), until }
}

pub(super) fn requeue(
    draft: &mut Draft<'_>,
    id: &TicketId,
    preferences: (Option<Affinity>, Option<Exclusion>),
    reason: Reason,
) {
    if let Some(queue) = draft.ticket(id).map(|ticket| ticket.queue.clone()) {
        requeue_to(draft, (id, &queue), preferences, reason);
    }
}

fn requeue_to(
    draft: &mut Draft<'_>,
    (id, queue): (&TicketId, &QueueId),
    (affinity, exclude): (Option<Affinity>, Option<Exclusion>),
    reason: Reason,
) {
    let Some(priority) = draft.ticket(id).map(|ticket| ticket.priority) else { return };
    let lifted = if reason == Reason::AgentLost { aged(priority) } else { None };
    draft.push(Event::Requeued(Box::new(Requeue {
        ticket: id.clone(),
        queue: queue.clone(),
        priority: lifted.unwrap_or(priority),
        affinity,
        exclude,
        reason,
        at: draft.now,
    })));
}

pub(super) fn complete(draft: &mut Draft<'_>, agent: &AgentId, id: &TicketId) -> Planned {
    talking(draft, agent, id)?;
    let until = later(draft.now, draft.config().times.wrap);
    draft.push(Event::Completed { ticket: id.clone(), until, at: draft.now });
    Ok(())
}

pub(super) fn extend_wrap(draft: &mut Draft<'_>, agent: &AgentId, id: &TicketId) -> Planned {
    let ticket = in_hand(draft, agent, id)?;
    let (state, extended, until) = (ticket.state, ticket.wrap_extended, ticket.until);
    let Some(until) = until.filter(|_| state == TicketState::Wrapping) else {
        return Err(RoutingError::WrongState { ticket: id.clone(), state });
    };
    if extended {
        return Err(RoutingError::WrapAlreadyExtended { ticket: id.clone() });
    }
    let until = later(until, draft.config().times.wrap);
    draft.push(Event::WrapExtended { ticket: id.clone(), until });
    Ok(())
}

pub(super) fn close(
    draft: &mut Draft<'_>,
    agent: &AgentId,
    id: &TicketId,
    (resolution, intent): (Resolution, Option<&IntentId>),
) -> Planned {
    let ticket = in_hand(draft, agent, id)?;
    let intent = intent.or(ticket.intent.as_ref()).cloned();
    finish(draft, id, (Some(resolution), intent));
    Ok(())
}

pub(super) fn finish(
    draft: &mut Draft<'_>,
    id: &TicketId,
    (resolution, intent): (Option<Resolution>, Option<IntentId>),
) {
    draft.push(Event::Closed { ticket: id.clone(), resolution, intent, at: draft.now });
}
