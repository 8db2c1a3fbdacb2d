//! Which agent is asked for which ticket. After every command the waiting tickets that it touched, and the heads of the
//! lanes of the agents that it touched, are served in the order of the line; each asks the first free agent who
//! qualifies. What the command did not touch was settled before.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::agent::Presence;
use super::config::Order;
use super::desk::Seat;
use super::draft::Draft;
use super::due::later;
use super::event::Event;
use super::index::Rank;
use super::line::Place;
use super::offer::{Offer, Why};
use super::rings::Demand;
use super::ticket::Ticket;
use crate::message::{AgentId, OfferId, TicketId};

/// In which order agents are asked: the wished-for first, who let it lapse last, then by score, load, time and id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Turn {
    unwished: bool,
    missed: bool,
    score: Reverse<u32>,
    rank: Rank,
}

/// Makes the offers that the events so far have made possible.
pub(super) fn offer_all(draft: &mut Draft<'_>) {
    let mut tickets: BTreeMap<Place, TicketId> = draft
        .tickets
        .values()
        .flatten()
        .filter(|ticket| draft.desk.seeks(ticket))
        .map(|ticket| (Place::of(ticket), ticket.id.clone()))
        .collect();
    let mut wanted: BTreeMap<AgentId, Option<Place>> = BTreeMap::new();
    let mut asked = BTreeSet::new();
    loop {
        for agent in draft.agents.keys().filter(|agent| !asked.contains(*agent)) {
            wanted.insert(agent.clone(), best_ticket(draft, agent));
        }
        asked.extend(draft.agents.keys().cloned());
        let touched = tickets.first_key_value().map(|(place, _)| place);
        let Some(place) = wanted.values().flatten().chain(touched).min().cloned() else { return };
        tickets.remove(&place);
        let wishing: Vec<_> = wanted
            .extract_if(.., |_, wish| wish.as_ref() == Some(&place))
            .map(|(agent, _)| agent)
            .collect();
        let offer = draft.ticket(&place.ticket).and_then(|ticket| offer(draft, ticket));
        let Some(offer) = offer else { continue };
        asked.retain(|agent| *agent != offer.agent && !wishing.contains(agent));
        draft.push(Event::Offered(Box::new(offer)));
        if draft.ticket(&place.ticket).is_some_and(|ticket| again(draft, ticket)) {
            tickets.insert(place.clone(), place.ticket);
        }
    }
}

/// Whether a ticket that has just been offered asks one more agent.
fn again(draft: &Draft<'_>, ticket: &Ticket) -> bool {
    !ticket.offers.is_empty() && draft.desk.seeks(ticket) && best_agent(draft, ticket).is_some()
}

fn offer(draft: &Draft<'_>, ticket: &Ticket) -> Option<Offer> {
    let turn = best_agent(draft, ticket)?;
    let seat = draft.seat(&turn.rank.agent)?;
    let config = draft.config();
    let level = level(seat, ticket);
    let profile = &draft.desk.profile;
    Some(Offer {
        id: offer_id(ticket)?,
        ticket: ticket.id.clone(),
        agent: seat.agent.id.clone(),
        made_at: draft.now,
        expires_at: later(draft.now, config.times.offer),
        units: config.rules(&ticket.queue).units,
        channel: ticket.channel.clone(),
        why: Why {
            ring: ticket.ring,
            affinity: !turn.unwished,
            evidence: ticket
                .intent
                .as_ref()
                .map(|intent| profile.evidence(&seat.agent.id, intent, level)),
            used_units: seat.state.used,
            total_units: seat.agent.units,
            available_since: seat.state.available_since,
        },
    })
}

/// The ticket's id, a dot, and the number of the offer; of an id that is too long, its end.
fn offer_id(ticket: &Ticket) -> Option<OfferId> {
    let number = ticket.offer_count + 1;
    let id = ticket.id.as_str();
    let end = id.get(id.len().saturating_sub(110)..).unwrap_or(id);
    OfferId::new(&format!("{}.{number}", end.trim_start())).ok()
}

/// The declared level that counts for a ticket: the skill of its intent's name, or of its queue's.
fn level(seat: &Seat, ticket: &Ticket) -> Option<u8> {
    let skills = &seat.agent.skills;
    let own = ticket.intent.as_ref().and_then(|intent| skills.get(intent.as_str()));
    own.or_else(|| skills.get(ticket.queue.as_str())).copied()
}

/// The first agent to ask for a ticket.
fn best_agent(draft: &Draft<'_>, ticket: &Ticket) -> Option<Turn> {
    let demand = Demand::of(ticket);
    let wish = ticket.affinity.as_ref().map(|wish| &wish.agent);
    let wished = wish.and_then(|agent| wished(draft, ticket, (&demand, agent)));
    if wished.is_some() || demand.only.is_some() {
        return wished;
    }
    let touched = draft.agents.values().filter(|seat| demand.meets(draft.config(), &seat.agent));
    let touched = touched.filter(|seat| takes(draft, seat, ticket));
    let touched = touched.filter_map(|seat| turn(draft, seat, ticket)).min();
    let others = demand.groups(draft.config()).filter_map(|queue| {
        let language = (!demand.any_language(draft.config())).then_some(demand.language);
        let sets = draft.desk.index.free(queue, language);
        sets.filter_map(|ranks| first_of(draft, ticket, &demand, ranks)).min()
    });
    others.chain(touched).min()
}

fn wished(
    draft: &Draft<'_>,
    ticket: &Ticket,
    (demand, agent): (&Demand, &AgentId),
) -> Option<Turn> {
    let seat = draft.seat(agent)?;
    let fits = demand.meets(draft.config(), &seat.agent) && takes(draft, seat, ticket);
    fits.then(|| turn(draft, seat, ticket)).flatten()
}

/// The first of a set of free agents, of whom the draft has changed none: by rank where nothing else counts.
fn first_of(
    draft: &Draft<'_>,
    ticket: &Ticket,
    demand: &Demand,
    ranks: &BTreeSet<Rank>,
) -> Option<Turn> {
    let fit = ranks.iter().filter(|rank| !draft.agents.contains_key(&rank.agent));
    let fit = fit.filter_map(|rank| draft.desk.seats.get(&rank.agent));
    let fit = fit.filter(|seat| demand.meets(draft.config(), &seat.agent));
    let fit = fit.filter(|seat| takes(draft, seat, ticket));
    let mut turns = fit.filter_map(|seat| turn(draft, seat, ticket));
    match (draft.config().order, &ticket.intent, &ticket.missed_by) {
        (Order::Best, Some(_), _) => turns.min(),
        (_, _, None) => turns.next(),
        (_, _, Some(_)) => turns.by_ref().take(2).min(),
    }
}

fn turn(draft: &Draft<'_>, seat: &Seat, ticket: &Ticket) -> Option<Turn> {
    let rank = Rank::of(&seat.agent, &seat.state)?;
    let score = match (draft.config().order, &ticket.intent) {
        (Order::Best, Some(intent)) => {
            draft.desk.profile.score(&seat.agent.id, intent, level(seat, ticket))
        }
        _ => 0,
    };
    Some(Turn {
        unwished: ticket.affinity.as_ref().is_none_or(|wish| wish.agent != seat.agent.id),
        missed: ticket.missed_by.as_ref() == Some(&seat.agent.id),
        score: Reverse(score),
        rank,
    })
}

/// Whether an agent has room for a ticket and may be asked for it.
fn takes(draft: &Draft<'_>, seat: &Seat, ticket: &Ticket) -> bool {
    let units = draft.config().rules(&ticket.queue).units;
    fits(seat, ticket, units)
        && !ticket.excludes(&seat.agent.id)
        && ticket.offers.iter().all(|offer| offer.agent != seat.agent.id)
}

/// Whether a ticket is within an agent's units and her channel's.
pub(super) fn fits(seat: &Seat, ticket: &Ticket, units: u32) -> bool {
    let state = &seat.state;
    let channel = seat.agent.per_channel.get(&ticket.channel);
    state.used.saturating_add(units) <= seat.agent.units
        && channel.is_none_or(|most| state.used_on(&ticket.channel).saturating_add(units) <= *most)
}

/// The first ticket in line that an agent of the draft can take.
fn best_ticket(draft: &Draft<'_>, agent: &AgentId) -> Option<Place> {
    let seat = draft.seat(agent)?;
    if seat.state.presence != Presence::Online || Rank::of(&seat.agent, &seat.state).is_none() {
        return None;
    }
    let touched = draft.tickets.values().flatten().filter(|ticket| draft.desk.seeks(ticket));
    let touched = touched.filter(|ticket| qualifies(draft, seat, ticket));
    let mut best = touched.map(Place::of).min();
    for lane in draft.desk.index.lanes_for(&seat.agent) {
        let later = |head: &Place| best.as_ref().is_some_and(|best| best < head);
        if lane.line.head().is_none_or(later) || !lane.demand.meets(draft.config(), &seat.agent) {
            continue;
        }
        let places = lane.line.places().filter(|place| !draft.tickets.contains_key(&place.ticket));
        let mut places = places.take_while(|place| best.as_ref().is_none_or(|best| *place < best));
        let first = places.find(|place| {
            draft.desk.ticket(&place.ticket).is_some_and(|ticket| takes(draft, seat, ticket))
        });
        best = first.cloned().or(best);
    }
    best
}

fn qualifies(draft: &Draft<'_>, seat: &Seat, ticket: &Ticket) -> bool {
    takes(draft, seat, ticket) && Demand::of(ticket).meets(draft.config(), &seat.agent)
}
