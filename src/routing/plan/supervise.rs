//! What a supervisor may do beyond an agent: give tickets above anybody's units, change class, boost and queue.

use super::intake::relocate;
use super::offers::revoke_all;
use super::{Planned, work};
use crate::message::{AgentId, TicketId};
use crate::routing::command::Change;
use crate::routing::draft::Draft;
use crate::routing::error::RoutingError;
use crate::routing::event::Event;
use crate::routing::offer::RevokeReason;
use crate::routing::ticket::Reason;

/// Gives a ticket to an agent who is logged in, above her units if need be. Whoever had it, or was asked, loses it.
pub(super) fn assign(draft: &mut Draft<'_>, id: &TicketId, agent: &AgentId) -> Planned {
    let ticket = draft.known(id)?;
    if ticket.state.held() && ticket.agent.as_ref() == Some(agent) {
        return Ok(());
    }
    draft.known_agent(agent)?;
    if !draft.logged_in(agent) {
        return Err(RoutingError::AgentNotConnected { agent: agent.clone() });
    }
    revoke_all(draft, id, RevokeReason::Superseded);
    let ticket = draft.known(id)?.clone();
    work::give(draft, &ticket, agent, Reason::Admin);
    Ok(())
}

/// Changes a ticket that waits.
pub(super) fn update(draft: &mut Draft<'_>, id: &TicketId, change: &Change) -> Planned {
    let ticket = draft.known(id)?;
    let (version, priority, boost) = (ticket.version, ticket.priority, ticket.boost);
    if change.version.is_some_and(|seen| seen != version) {
        return Err(RoutingError::VersionChanged { ticket: id.clone(), version });
    }
    if !ticket.state.waits() {
        return Err(RoutingError::WrongState { ticket: id.clone(), state: ticket.state });
    }
    if let Some(queue) = &change.queue {
        work::configured(draft, queue)?;
        relocate(draft, id, queue)?;
    }
    if let Some(priority) = change.priority.filter(|new| *new != priority) {
        draft.push(Event::Raised { ticket: id.clone(), priority, at: draft.now });
    }
    if let Some(boost) = change.boost.filter(|new| *new != boost) {
        draft.push(Event::Boosted { ticket: id.clone(), boost });
    }
    Ok(())
}
