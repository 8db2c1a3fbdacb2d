//! Agents come, go, pause and finish; connections break and resume.

use super::offers::revoke_from;
use super::{Planned, work};
use crate::message::{AgentId, SessionId};
use crate::routing::agent::Presence;
use crate::routing::command::{Hello, Work};
use crate::routing::draft::Draft;
use crate::routing::error::RoutingError;
use crate::routing::event::Event;
use crate::routing::offer::RevokeReason;
use crate::routing::ticket::Reason;

/// Who changes a presence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    Agent,
    Supervisor,
}

pub(super) fn connect(draft: &mut Draft<'_>, hello: &Hello) -> Planned {
    let agent = &hello.agent;
    let state = &draft.known_agent(agent)?.state;
    let lives = state.session.is_some() && state.presence != Presence::Lost;
    let (session, presence) = match &hello.resume {
        Some(token) if state.session.as_ref() == Some(token) => {
            (token.clone(), state.before.unwrap_or(state.presence))
        }
        Some(_) => return Err(RoutingError::UnknownSession { agent: agent.clone() }),
        None if lives && !hello.take_over => {
            return Err(RoutingError::AgentAlreadyConnected { agent: agent.clone() });
        }
        None => (hello.session.clone(), wished(hello.presence)?),
    };
    let at = draft.now;
    draft.push(Event::Connected { agent: agent.clone(), session, presence, at });
    if presence == Presence::Away || presence == Presence::Draining {
        revoke_from(draft, agent, RevokeReason::AgentAway);
    }
    Ok(())
}

fn wished(presence: Presence) -> Result<Presence, RoutingError> {
    match presence {
        Presence::Online | Presence::Away | Presence::Draining => Ok(presence),
        Presence::Offline | Presence::NotResponding | Presence::Lost => {
            Err(RoutingError::PresenceNotAllowed { presence })
        }
    }
}

pub(super) fn disconnect(draft: &mut Draft<'_>, agent: &AgentId, session: &SessionId) -> Planned {
    in_session(draft, agent, session)?;
    draft.push(Event::Disconnected { agent: agent.clone(), at: draft.now });
    Ok(())
}

pub(super) fn heartbeat(draft: &mut Draft<'_>, agent: &AgentId, session: &SessionId) -> Planned {
    in_session(draft, agent, session)?;
    draft.push(Event::Heard { agent: agent.clone(), at: draft.now });
    Ok(())
}

fn in_session(draft: &Draft<'_>, agent: &AgentId, session: &SessionId) -> Planned {
    let state = &draft.known_agent(agent)?.state;
    if state.session.as_ref() != Some(session) || state.presence == Presence::Lost {
        return Err(RoutingError::UnknownSession { agent: agent.clone() });
    }
    Ok(())
}

/// Refuses the commands of an agent who is not connected.
pub(super) fn connected(draft: &Draft<'_>, agent: &AgentId) -> Planned {
    let state = &draft.known_agent(agent)?.state;
    if state.session.is_none() || state.presence == Presence::Lost {
        return Err(RoutingError::AgentNotConnected { agent: agent.clone() });
    }
    Ok(())
}

/// An agent acts: she is connected, and responds again if she did not.
pub(super) fn acts(draft: &mut Draft<'_>, agent: &AgentId) -> Planned {
    connected(draft, agent)?;
    if draft.state(agent).is_some_and(|state| state.presence == Presence::NotResponding) {
        announce(draft, agent, (Presence::Online, None));
    }
    Ok(())
}

pub(super) fn set(
    draft: &mut Draft<'_>,
    agent: &AgentId,
    (presence, after_drain): (Presence, Option<Presence>),
    (work, cause): (Work, Cause),
) -> Planned {
    if presence == Presence::Offline {
        return go(draft, agent, work, cause);
    }
    wished(presence)?;
    connected(draft, agent)?;
    match presence {
        Presence::Draining => {
            revoke_from(draft, agent, reason(cause, RevokeReason::AgentDraining));
            let next = match after_drain {
                Some(Presence::Away) => Presence::Away,
                _ => Presence::Offline,
            };
            announce(draft, agent, (Presence::Draining, Some(next)));
        }
        Presence::Away => {
            revoke_from(draft, agent, reason(cause, RevokeReason::AgentAway));
            announce(draft, agent, (Presence::Away, None));
        }
        Presence::Online | Presence::Offline | Presence::NotResponding | Presence::Lost => {
            announce(draft, agent, (Presence::Online, None));
        }
    }
    Ok(())
}

/// An agent goes offline: not with tickets in hand, unless they are released.
fn go(draft: &mut Draft<'_>, agent: &AgentId, work: Work, cause: Cause) -> Planned {
    let held = draft.known_agent(agent)?.state.held.clone();
    if !held.is_empty() && work == Work::Keep {
        return Err(RoutingError::AgentHasWork { agent: agent.clone(), tickets: held.len() });
    }
    revoke_from(draft, agent, reason(cause, RevokeReason::AgentOffline));
    for held in &held {
        work::give_back(draft, &held.ticket, Reason::Released);
    }
    announce(draft, agent, (Presence::Offline, None));
    Ok(())
}

fn reason(cause: Cause, own: RevokeReason) -> RevokeReason {
    match cause {
        Cause::Agent => own,
        Cause::Supervisor => RevokeReason::Admin,
    }
}

pub(super) fn announce(
    draft: &mut Draft<'_>,
    agent: &AgentId,
    (presence, next): (Presence, Option<Presence>),
) {
    draft.push(Event::PresenceSet { agent: agent.clone(), presence, next, at: draft.now });
}
