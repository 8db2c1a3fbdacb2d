//! What holds at every desk after every command, in whatever order things happen. `FIRSTLINE_DESK_COMMANDS` says how many
//! commands are played.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::super::desk::Seat;
use super::super::index::Rank;
use super::super::line::Place;
use super::super::matching::fits;
use super::super::rings::Demand;
use super::floor::*;
use super::world::{Step, command, config, steps};
use super::*;

/// About how many commands a play has.
const PLAY: u32 = 100;
const COMMANDS: u32 = 1_000_000;

fn plays() -> ProptestConfig {
    let wanted = std::env::var("FIRSTLINE_DESK_COMMANDS").ok();
    let commands = wanted.and_then(|count| count.parse().ok()).unwrap_or(COMMANDS);
    ProptestConfig {
        cases: commands / PLAY,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// A play: the desk, its shadow that hears of everything in writing only, and which tickets should be there.
struct Play {
    floor: Floor,
    shadow: Desk,
    open: BTreeSet<TicketId>,
    second: i64,
    reconfigured: bool,
}

impl Play {
    fn new(order: Order) -> Self {
        let config = Config { order, ..config(2) };
        let shadow = Desk::new(Arc::new(config.clone()));
        let floor = Floor::new(config);
        Self { floor, shadow, open: BTreeSet::new(), second: 0, reconfigured: false }
    }

    fn step(&mut self, step: &Step, count: usize) {
        if let Step::Wait(seconds) = step {
            self.second += seconds;
        }
        let Some(command) = command(&self.floor.desk, step, count) else { return };
        let Ok(events) = self.floor.run(&command, self.second) else { return };
        let whole = matches!(command, Command::Reconfigure(_));
        self.reconfigured |= whole;
        for event in &events {
            if let (Event::Offered(offer), false) = (event, whole) {
                offers_in_order(&self.shadow, offer);
            }
            self.keep_count(event);
            let text = serde_json::to_string(event).unwrap();
            self.shadow.apply(&serde_json::from_str(&text).unwrap());
        }
        self.check();
    }

    fn keep_count(&mut self, event: &Event) {
        if let Event::Opened(ticket) = event {
            assert!(self.open.insert(ticket.id.clone()), "opened twice");
        }
        if let Event::Closed { ticket, .. } | Event::Ended { ticket, .. } = event {
            assert!(self.open.remove(ticket), "ended twice or never opened");
        }
    }

    fn check(&self) {
        let desk = &self.floor.desk;
        let there: BTreeSet<_> = desk.tickets().map(|ticket| ticket.id.clone()).collect();
        assert_eq!(there, self.open, "a ticket is lost or too many");
        held_by_one(desk);
        units_add_up(desk, self.reconfigured);
        nobody_is_stuck(desk);
    }
}

fn held_by_one(desk: &Desk) {
    let views = agent_views(desk);
    for ticket in desk.tickets() {
        let holders: Vec<_> = views
            .iter()
            .filter(|view| view.tickets.contains(&ticket.id))
            .map(|view| &view.id)
            .collect();
        let expect: Vec<_> = ticket.agent.iter().filter(|_| ticket.state.held()).collect();
        assert_eq!(holders, expect, "{ticket:?}");
        let asked = views.iter().flat_map(|view| &view.offers);
        let asked: BTreeSet<_> =
            asked.filter(|offer| ticket.offers.iter().any(|own| own.id == **offer)).collect();
        assert_eq!(asked.len(), ticket.offers.len());
        assert_eq!(ticket.state == TicketState::Offered, !ticket.offers.is_empty());
    }
    let held: usize = views.iter().map(|view| view.tickets.len()).sum();
    assert_eq!(held, desk.tickets().filter(|ticket| ticket.state.held()).count());
}

fn units_add_up(desk: &Desk, reconfigured: bool) {
    for view in agent_views(desk) {
        let units = |ticket: &Ticket| desk.config().rules(&ticket.queue).units;
        let held = view.tickets.iter().filter_map(|id| desk.ticket(id));
        let flagged: u32 = held.filter(|ticket| ticket.over_capacity).map(units).sum();
        let above = view.used_units.saturating_sub(view.total_units);
        assert!(above <= flagged || reconfigured, "{view:?}");
        assert_eq!(view.used_units == 0, view.offers.is_empty() && view.tickets.is_empty());
        if view.presence != Presence::Online && view.presence != Presence::Lost {
            assert!(view.offers.is_empty(), "{view:?} is asked");
        }
    }
}

fn takers<'a>(desk: &'a Desk, ticket: &'a Ticket) -> impl Iterator<Item = &'a Seat> {
    let demand = Demand::of(ticket);
    let units = desk.config().rules(&ticket.queue).units;
    desk.seats.values().filter(move |seat| {
        Rank::of(&seat.agent, &seat.state).is_some()
            && fits(seat, ticket, units)
            && demand.meets(desk.config(), &seat.agent)
            && !ticket.excludes(&seat.agent.id)
    })
}

/// Whenever a free agent who qualifies and a waiting ticket exist, an offer exists.
fn nobody_is_stuck(desk: &Desk) {
    for ticket in desk.tickets().filter(|ticket| ticket.state == TicketState::Queued) {
        let taker = takers(desk, ticket).next();
        assert!(taker.is_none(), "{} could take {ticket:?}", taker.unwrap().agent.id);
        let demand = Demand::of(ticket);
        assert_eq!(desk.deserted.contains(&demand), desk.is_deserted(&demand));
    }
}

/// Nobody ahead in line could have been served, and nobody before the agent could have been asked.
fn offers_in_order(desk: &Desk, offer: &Offer) {
    let ticket = desk.ticket(&offer.ticket).unwrap();
    let place = Place::of(ticket);
    for other in desk.tickets().filter(|other| desk.seeks(other) && Place::of(other) < place) {
        assert!(takers(desk, other).next().is_none(), "{other:?} was passed over");
    }
    if desk.config().order == Order::Even {
        let key = |seat: &Seat| {
            let wish = ticket.affinity.as_ref().is_none_or(|wish| wish.agent != seat.agent.id);
            let missed = ticket.missed_by.as_ref() == Some(&seat.agent.id);
            (wish, missed, Rank::of(&seat.agent, &seat.state))
        };
        let first = takers(desk, ticket).min_by_key(|seat| key(seat));
        assert_eq!(first.map(|seat| &seat.agent.id), Some(&offer.agent));
    }
}

fn play(steps: &[Step], order: Order) {
    let mut play = Play::new(order);
    for (count, step) in steps.iter().enumerate() {
        play.step(step, count);
    }
    assert!(play.shadow == play.floor.desk, "the events alone give another desk");
    let end = play.second.max(0) + 5 * 86_400;
    let reached = (0..5_000).find(|_| {
        let due = play.floor.desk.next_due().filter(|due| *due <= at(end));
        let Some(due) = due else { return true };
        let second = due.max(at(0)).as_second() - START + 1;
        play.floor.done(&Command::Tick, second);
        false
    });
    assert!(reached.is_some(), "time does not come to rest");
    let left: Vec<_> = play.floor.desk.tickets().collect();
    assert!(left.is_empty(), "nobody works and {left:?} never ends");
}

proptest! {
    #![proptest_config(plays())]

    #[test]
    fn no_ticket_is_lost_doubled_or_stuck_and_units_add_up(steps in steps(), best in any::<bool>()) {
        play(&steps, if best { Order::Best } else { Order::Even });
    }
}
