//! Offers are answered, lapse, or are taken back.

use std::time::Duration;

use super::{Planned, presence};
use crate::message::{AgentId, OfferId, TicketId};
use crate::routing::agent::{Presence, Reserved};
use crate::routing::draft::Draft;
use crate::routing::due::later;
use crate::routing::error::RoutingError;
use crate::routing::event::{Assignment, Event};
use crate::routing::offer::{Offer, OfferEnd, RevokeReason};
use crate::routing::rings::Demand;
use crate::routing::ticket::Reason;

/// Offers in a row that lapse before an agent is taken not to respond.
const MISSES: u32 = 2;
/// The longest time for which an agent may rule out a ticket.
const LONGEST_DECLINE: Duration = Duration::from_hours(1);

pub(super) fn accept(draft: &mut Draft<'_>, agent: &AgentId, offer: &OfferId) -> Planned {
    presence::acts(draft, agent)?;
    let reserved = pending(draft, agent, offer)?;
    end(draft, &reserved, agent, OfferEnd::Accepted);
    revoke_all(draft, &reserved.ticket, RevokeReason::Superseded);
    draft.push(Event::Assigned(Box::new(Assignment {
        ticket: reserved.ticket,
        agent: agent.clone(),
        units: reserved.units,
        channel: reserved.channel,
        over_capacity: false,
        reason: Reason::Accepted,
        at: draft.now,
    })));
    Ok(())
}

pub(super) fn decline(
    draft: &mut Draft<'_>,
    agent: &AgentId,
    offer: &OfferId,
    retry_after: Option<Duration>,
) -> Planned {
    presence::acts(draft, agent)?;
    let reserved = pending(draft, agent, offer)?;
    let wait = retry_after.unwrap_or(draft.config().times.decline).min(LONGEST_DECLINE);
    let until = later(draft.now, wait);
    end(draft, &reserved, agent, OfferEnd::Declined { until });
    second_round(draft, &reserved.ticket, agent);
    Ok(())
}

/// Once every agent who is online and qualifies has declined, all but the last may be asked again. One who is alone
/// waits for her cool-down.
fn second_round(draft: &mut Draft<'_>, id: &TicketId, last: &AgentId) {
    let Some(ticket) = draft.ticket(id) else { return };
    let demand = Demand::of(ticket);
    let online = draft.desk.candidates(&demand).map(|seat| &seat.agent.id);
    let mut online = online.filter(|agent| draft.online(agent));
    if online.any(|agent| !ticket.excludes(agent)) {
        return;
    }
    let others = ticket.excluded.iter().map(|exclusion| exclusion.agent.clone());
    let agents: Vec<_> = others.filter(|agent| agent != last).collect();
    if !agents.is_empty() {
        draft.push(Event::ExclusionsLifted { ticket: id.clone(), agents });
    }
}

/// An offer to this agent that has not ended.
fn pending(draft: &Draft<'_>, agent: &AgentId, offer: &OfferId) -> Result<Reserved, RoutingError> {
    let own = draft.state(agent).and_then(|state| state.offers.iter().find(|o| o.offer == *offer));
    if let Some(reserved) = own {
        return Ok(reserved.clone());
    }
    let ticket = offer.as_str().rsplit_once('.').and_then(|(ticket, _)| TicketId::new(ticket).ok());
    let ticket = ticket.and_then(|ticket| draft.ticket(&ticket));
    if ticket.is_some_and(|ticket| ticket.offers.iter().any(|other| other.id == *offer)) {
        return Err(RoutingError::NotYourOffer { offer: offer.clone(), agent: agent.clone() });
    }
    Err(RoutingError::OfferNotPending { offer: offer.clone() })
}

fn end(draft: &mut Draft<'_>, reserved: &Reserved, agent: &AgentId, end: OfferEnd) {
    draft.push(Event::OfferEnded {
        offer: reserved.offer.clone(),
        ticket: reserved.ticket.clone(),
        agent: agent.clone(),
        end,
        at: draft.now,
    });
}

/// An offer lapses. The second one in a row tells that the agent does not respond.
pub(super) fn lapse(draft: &mut Draft<'_>, offer: &Offer) {
    end_offer(draft, offer, OfferEnd::Expired { miss: true });
    let silent = draft
        .state(&offer.agent)
        .is_some_and(|state| state.misses >= MISSES && state.presence == Presence::Online);
    if silent {
        draft.push(Event::PresenceSet {
            agent: offer.agent.clone(),
            presence: Presence::NotResponding,
            next: None,
            at: draft.now,
        });
        revoke_from(draft, &offer.agent, RevokeReason::AgentNotResponding);
    }
}

pub(super) fn end_offer(draft: &mut Draft<'_>, offer: &Offer, end: OfferEnd) {
    draft.push(Event::OfferEnded {
        offer: offer.id.clone(),
        ticket: offer.ticket.clone(),
        agent: offer.agent.clone(),
        end,
        at: draft.now,
    });
}

/// Takes back every offer of a ticket.
pub(super) fn revoke_all(draft: &mut Draft<'_>, ticket: &TicketId, reason: RevokeReason) {
    let offers = draft.ticket(ticket).map(|ticket| ticket.offers.clone()).unwrap_or_default();
    for offer in &offers {
        end_offer(draft, offer, OfferEnd::Revoked(reason));
    }
}

/// Takes back the offers of a ticket to agents who no longer qualify.
pub(super) fn revoke_unfit(draft: &mut Draft<'_>, id: &TicketId) {
    let Some(ticket) = draft.ticket(id) else { return };
    let demand = Demand::of(ticket);
    let fits = |agent: &AgentId| {
        draft.seat(agent).is_some_and(|seat| demand.meets(draft.config(), &seat.agent))
    };
    let unfit: Vec<_> = ticket.offers.iter().filter(|offer| !fits(&offer.agent)).cloned().collect();
    for offer in &unfit {
        end_offer(draft, offer, OfferEnd::Revoked(RevokeReason::Reclassified));
    }
}

/// Takes back every offer to an agent.
pub(super) fn revoke_from(draft: &mut Draft<'_>, agent: &AgentId, reason: RevokeReason) {
    let offers = draft.state(agent).map(|state| state.offers.clone()).unwrap_or_default();
    for reserved in &offers {
        end(draft, reserved, agent, OfferEnd::Revoked(reason));
    }
}
