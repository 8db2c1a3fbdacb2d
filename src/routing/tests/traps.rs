//! What desks get wrong, one test each.

use super::floor::*;
use super::*;
use crate::error::Classify as _;

fn two() -> Floor {
    Floor::with(vec![agent("ana", &["orders"], 1), agent("ben", &["orders"], 1)])
}

fn one() -> Floor {
    Floor::with(vec![agent("ana", &["orders"], 1)])
}

fn ends(events: &[Event]) -> Vec<&OfferEnd> {
    let ended = events.iter().filter_map(|event| {
        let Event::OfferEnded { end, .. } = event else { return None };
        Some(end)
    });
    ended.collect()
}

#[test]
fn a_freed_slot_serves_the_head_of_the_queue_not_the_newest() {
    let mut floor = one();
    floor.online("ana", 0);
    for (second, ticket) in (1..).zip(["a", "b", "c"]) {
        floor.open(ticket, second);
    }
    floor.accept("ana", 5);
    floor.done(&close("ana", "a", Resolution::Resolved), 9);
    assert_eq!(floor.asked("ana"), ["b"]);
}

#[test]
fn the_sole_agent_declines_and_gets_the_ticket_again_after_the_cool_down() {
    let mut floor = one();
    floor.online("ana", 0);
    floor.open("a", 1);
    floor.decline("ana", 2);
    floor.beat(25);
    floor.beat(50);
    floor.beat(75);
    floor.beat(100);
    floor.until(121);
    assert!(floor.asked("ana").is_empty());
    floor.until(122);
    assert_eq!(floor.asked("ana"), ["a"]);
}

#[test]
fn declined_by_everybody_goes_round_again_without_waiting() {
    let mut floor = two();
    floor.online("ana", 0);
    floor.online("ben", 0);
    floor.open("a", 1);
    floor.decline("ana", 2);
    assert_eq!(floor.asked("ben"), ["a"]);
    floor.decline("ben", 3);
    assert_eq!((floor.asked("ana"), floor.asked("ben").len()), (vec!["a".to_owned()], 0));
}

#[test]
fn an_agent_who_goes_busy_with_an_offer_open_loses_it_at_once() {
    let check = |presence, reason| {
        let mut floor = two();
        floor.online("ana", 0);
        floor.open("a", 1);
        floor.online("ben", 2);
        let events = floor.set("ana", presence, 3);
        assert_eq!(ends(&events), [&OfferEnd::Revoked(reason)]);
        assert_eq!(floor.asked("ben"), ["a"], "the next is asked in the same breath");
    };
    check(Presence::Away, RevokeReason::AgentAway);
    check(Presence::Draining, RevokeReason::AgentDraining);
    check(Presence::Offline, RevokeReason::AgentOffline);
}

#[test]
fn affinity_to_an_offline_agent_does_not_hold_a_ticket_up() {
    let mut floor = two();
    floor.online("ben", 0);
    let wish = |ticket| Opening { agent: Some(person("ana")), ..asks(ticket) };
    floor.done(&Command::Open(Box::new(wish("a"))), 1);
    assert_eq!(floor.asked("ben"), ["a"]);
    floor.online("ana", 2);
    floor.accept("ben", 3);
    floor.open("b", 4);
    floor.accept("ana", 5);
    floor.done(&Command::Open(Box::new(wish("c"))), 6);
    floor.done(&close("ben", "a", Resolution::Resolved), 7);
    assert!(floor.asked("ben").is_empty(), "ana is here and only busy: she is waited for");
    floor.beat(8);
    floor.until(26);
    assert_eq!(floor.asked("ben"), ["c"], "but not for longer than the affinity time");
}

#[test]
fn a_late_accept_and_a_double_accept_are_refused() {
    let mut floor = two();
    floor.online("ana", 0);
    floor.open("a", 1);
    let offer = floor.offer("ana").unwrap();
    let accept = |agent| Command::Accept { agent: person(agent), offer: offer.clone() };
    floor.online("ben", 2);
    let refused = floor.run(&accept("ben"), 3).unwrap_err();
    assert_eq!(refused.reason(), "NOT_YOUR_OFFER");
    floor.done(&accept("ana"), 4);
    assert_eq!(floor.run(&accept("ana"), 5).unwrap_err().reason(), "OFFER_NOT_PENDING");
    floor.open("b", 6);
    let late = floor.offer("ben").unwrap();
    floor.beat(7);
    floor.until(36);
    let accept = Command::Accept { agent: person("ben"), offer: late };
    assert_eq!(floor.run(&accept, 36).unwrap_err().reason(), "OFFER_NOT_PENDING");
}

#[test]
fn a_customer_who_leaves_during_an_offer_costs_the_agent_no_miss() {
    let mut floor = one();
    floor.online("ana", 0);
    floor.open("a", 1);
    let events = floor.done(&Command::Cancel { ticket: id("a"), end: End::CustomerLeft }, 2);
    assert_eq!(ends(&events), [&OfferEnd::Revoked(RevokeReason::CustomerLeft)]);
    let view = agent_view(&floor.desk, &person("ana")).unwrap();
    assert_eq!((view.misses, view.used_units, view.presence), (0, 0, Presence::Online));
}

#[test]
fn an_empty_skill_group_overflows_and_is_never_silent() {
    let expert = Ring { skills: [("orders".to_owned(), 5)].into(), ..Ring::default() };
    let wide = Ring {
        after: Duration::from_secs(20),
        overflow: vec![queue("general")],
        ..Ring::default()
    };
    let rules = QueueRules { rings: vec![expert, wide], ..QueueRules::default() };
    let mut senior = agent("zoe", &["orders"], 1);
    senior.skills = [("orders".to_owned(), 5)].into();
    let config = Config {
        queues: [(queue("orders"), rules)].into(),
        agents: vec![agent("gil", &["general"], 1), senior],
        ..Config::default()
    };
    let mut floor = Floor::new(config);
    floor.online("gil", 0);
    floor.open("a", 1);
    assert_eq!(floor.asked("gil"), ["a"], "nobody of the ring is logged in: it is skipped");
    floor.accept("gil", 2);
    floor.online("zoe", 3);
    floor.open("b", 4);
    floor.accept("zoe", 5);
    floor.done(&close("gil", "a", Resolution::Resolved), 6);
    floor.open("c", 7);
    assert!(floor.asked("gil").is_empty(), "zoe is only busy: the ring is not skipped");
    floor.beat(8);
    floor.until(27);
    assert_eq!(floor.asked("gil"), ["c"]);
    floor.done(&Command::Cancel { ticket: id("c"), end: End::Admin }, 28);
    floor.open("d", 28);
    let gone = Command::ForcePresence {
        agent: person("zoe"),
        presence: Presence::Offline,
        work: Work::Release,
    };
    floor.done(&gone, 29);
    floor.until(29);
    assert_eq!(floor.asked("gil"), ["b"], "who was in the ring left: the line moves on, in order");
}

#[test]
fn everybody_not_responding_is_told_to_the_supervisor_and_no_wait_is_promised() {
    let mut floor = one();
    floor.online("ana", 0);
    for (second, name) in (1..).zip(["a", "b", "c", "d", "e", "f", "g"]) {
        floor.open(name, 10 * second);
        floor.accept("ana", 10 * second + 1);
        floor.done(&close("ana", name, Resolution::Resolved), 10 * second + 2);
        floor.beat(10 * second + 3);
    }
    floor.open("x", 100);
    floor.open("y", 100);
    assert!(floor.desk.eta(&id("y"), at(100)).is_some());
    floor.beat(110);
    floor.until(130);
    floor.beat(140);
    floor.until(160);
    assert_eq!(floor.presence("ana"), Presence::NotResponding);
    let found = alerts(&floor.desk, at(161));
    assert_eq!(found.first().map(|alert| alert.concern), Some(Concern::NobodyResponding));
    assert_eq!(floor.desk.eta(&id("x"), at(161)), None);
    floor.beat(161);
    assert_eq!(floor.presence("ana"), Presence::NotResponding, "a heartbeat is no sign of life");
    floor.done(&Command::Responded { agent: person("ana") }, 162);
    assert_eq!(
        (floor.presence("ana"), floor.asked("ana")),
        (Presence::Online, vec!["x".to_owned()])
    );
}

#[test]
fn a_class_change_is_visible_at_once() {
    let mut floor = one();
    floor.open("a", 0);
    floor.open("b", 1);
    assert_eq!(floor.desk.position(&id("b")), Some(2));
    floor.done(&Command::Raise { ticket: id("b"), priority: Priority::High }, 2);
    assert_eq!(floor.desk.position(&id("b")), Some(1));
    floor.online("ana", 3);
    assert_eq!(floor.asked("ana"), ["b"]);
}

#[test]
fn units_are_exceeded_only_where_a_supervisor_says_so_and_then_it_shows() {
    let mut floor = one();
    floor.online("ana", 0);
    for ticket in ["a", "b", "c"] {
        floor.open(ticket, 1);
    }
    floor.accept("ana", 2);
    assert_eq!(agent_view(&floor.desk, &person("ana")).unwrap().used_units, 1);
    floor.done(&Command::Assign { ticket: id("c"), agent: person("ana") }, 3);
    let view = agent_view(&floor.desk, &person("ana")).unwrap();
    assert_eq!((view.used_units, view.total_units, view.over_capacity), (2, 1, true));
    assert!(floor.desk.ticket(&id("c")).unwrap().over_capacity);
    floor.done(&close("ana", "a", Resolution::Resolved), 4);
    assert!(floor.asked("ana").is_empty(), "still full");
    floor.done(&close("ana", "c", Resolution::Resolved), 5);
    assert_eq!(floor.asked("ana"), ["b"]);
}

#[test]
fn a_draining_agent_with_three_chats_finishes_and_then_flips() {
    let mut floor = Floor::with(vec![agent("ana", &["orders"], 3)]);
    floor.online("ana", 0);
    for ticket in ["a", "b", "c", "d"] {
        floor.open(ticket, 1);
    }
    for _ in 0..3 {
        floor.accept("ana", 2);
    }
    let drain = Command::SetPresence {
        agent: person("ana"),
        presence: Presence::Draining,
        after_drain: Some(Presence::Away),
        work: Work::Keep,
    };
    floor.done(&drain, 3);
    floor.done(&close("ana", "a", Resolution::Resolved), 4);
    assert!(floor.asked("ana").is_empty());
    floor.set("ana", Presence::Online, 5);
    assert_eq!(floor.asked("ana"), ["d"], "draining can be called off");
    floor.done(&drain, 6);
    floor.done(&close("ana", "b", Resolution::Resolved), 7);
    assert_eq!(floor.presence("ana"), Presence::Draining);
    floor.done(&close("ana", "c", Resolution::Resolved), 8);
    assert_eq!(floor.presence("ana"), Presence::Away);
}

#[test]
fn the_calendar_closes_while_tickets_wait() {
    let evening = 8 * 3600;
    let check = |closed, staffed: bool, expect: Option<TicketState>| {
        let rules = QueueRules {
            calendar: Some(office()),
            closed,
            max_wait: Duration::from_hours(12),
            ..QueueRules::default()
        };
        let config = Config {
            queues: [(queue("orders"), rules)].into(),
            agents: vec![agent("ana", &["orders"], 1)],
            ..Config::default()
        };
        let mut floor = Floor::new(config);
        floor.until(0);
        floor.open("a", evening - 60);
        if staffed {
            floor.online("ana", evening - 60);
            floor.accept("ana", evening - 60);
            floor.open("b", evening - 59);
        }
        floor.beat(evening - 10);
        floor.until(evening);
        let last = if staffed { "b" } else { "a" };
        assert_eq!(floor.state(last), expect);
        if let (Some(TicketState::Parked), false) = (expect, staffed) {
            floor.until(evening + 15 * 3600);
            let morning = floor.desk.ticket(&id("a")).unwrap();
            assert_eq!(
                (morning.state, morning.enqueued_at),
                (TicketState::Queued, at(evening - 60))
            );
        }
    };
    check(Fallback::BotOnly, false, None);
    check(Fallback::LeaveMessage, false, Some(TicketState::Parked));
    check(Fallback::BotOnly, true, Some(TicketState::Queued));
}

#[test]
fn a_closed_queue_takes_messages_or_says_when_it_opens() {
    let night = 12 * 3600;
    let floor = |closed| {
        let rules = QueueRules { calendar: Some(office()), closed, ..QueueRules::default() };
        Floor::new(Config { queues: [(queue("orders"), rules)].into(), ..Config::default() })
    };
    let mut parked = floor(Fallback::Callback);
    parked.open("a", night);
    assert_eq!(parked.state("a"), Some(TicketState::Parked));
    let refused = floor(Fallback::BotOnly).run(&Command::Open(Box::new(asks("a"))), night);
    let opens_at = Some(at(23 * 3600));
    assert_eq!(refused, Err(RoutingError::QueueClosed { queue: queue("orders"), opens_at }));
}

#[test]
fn the_wall_clock_jumps_back_and_time_stands_still() {
    let mut floor = two();
    floor.online("ana", 100);
    floor.open("a", 100);
    floor.open("b", 40);
    let made = floor.desk.ticket(&id("a")).unwrap().offers.first().unwrap().expires_at;
    assert_eq!(made, at(130));
    assert!(floor.done(&Command::Tick, 10).is_empty());
    assert_eq!(floor.desk.ticket(&id("b")).unwrap().enqueued_at, at(100));
    floor.accept("ana", 50);
    assert_eq!(floor.desk.ticket(&id("a")).unwrap().assigned_at, Some(at(100)));
}

#[test]
fn the_same_conversation_asks_twice_and_has_one_ticket() {
    let mut floor = one();
    floor.open("a", 0);
    assert!(floor.open("a", 1).is_empty());
    let again = Opening { id: id("z"), ..asks("a") };
    let conversation = again.conversation.clone();
    assert!(floor.done(&Command::Open(Box::new(again)), 2).is_empty());
    assert_eq!(floor.desk.ticket_of(&conversation).unwrap().id, id("a"));
}

#[test]
fn after_an_agents_close_stale_words_open_no_ticket() {
    let mut floor = one();
    floor.online("ana", 0);
    floor.open("a", 1);
    floor.accept("ana", 2);
    floor.done(&close("ana", "a", Resolution::Resolved), 10);
    let later =
        |ticket: &str, second| Opening { id: id(ticket), asked_at: at(second), ..asks("a") };
    let stale = floor.run(&Command::Open(Box::new(later("b", 9))), 11).unwrap_err();
    assert_eq!(stale.reason(), "STALE_CONTEXT");
    floor.done(&Command::Open(Box::new(later("b", 11))), 12);
    let again = floor.desk.ticket(&id("b")).unwrap();
    assert_eq!(again.reopens, Some(id("a")));
    assert_eq!(again.affinity.as_ref().map(|wish| wish.agent.as_str()), Some("ana"));
}

#[test]
fn a_message_to_a_held_ticket_goes_to_the_agent_not_to_the_bot() {
    let mut floor = one();
    floor.online("ana", 0);
    floor.open("a", 1);
    let conversation = asks("a").conversation;
    assert_eq!(floor.desk.holder(&conversation), None);
    floor.accept("ana", 2);
    assert_eq!(floor.desk.holder(&conversation), Some(&person("ana")));
    let events = floor.done(&Command::CustomerWrote { ticket: id("a") }, 3);
    assert!(matches!(events.as_slice(), [Event::Wrote { by: Author::Customer, .. }]));
}
