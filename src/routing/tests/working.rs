//! An agent's day: connections, pauses, passing on, wrapping up.

use super::floor::*;
use super::*;
use crate::error::Classify as _;

fn two() -> Floor {
    let mut floor = Floor::with(vec![agent("ana", &["orders"], 1), agent("ben", &["orders"], 1)]);
    floor.online("ana", 0);
    floor.open("a", 1);
    floor.accept("ana", 2);
    floor
}

fn gone(agent: &str) -> Command {
    let session = SessionId::new(&format!("s-{agent}")).unwrap();
    Command::Disconnect { agent: person(agent), session }
}

fn again(agent: &str, token: &str) -> Command {
    let Command::Connect(hello) = hello(agent) else { unreachable!() };
    Command::Connect(Hello { resume: SessionId::new(token).ok(), ..hello })
}

#[test]
fn a_resume_within_the_grace_changes_nothing() {
    let mut floor = two();
    floor.done(&gone("ana"), 10);
    assert_eq!(floor.presence("ana"), Presence::Lost);
    assert_eq!(floor.run(&again("ana", "s-x"), 20).unwrap_err().reason(), "SESSION_UNKNOWN");
    floor.done(&again("ana", "s-ana"), 69);
    assert_eq!(
        (floor.presence("ana"), floor.state("a")),
        (Presence::Online, Some(TicketState::Assigned))
    );
}

#[test]
fn after_the_grace_the_ticket_goes_on_one_class_higher() {
    let mut floor = two();
    floor.done(&gone("ana"), 10);
    floor.until(70);
    let ticket = floor.desk.ticket(&id("a")).unwrap();
    let seen = (ticket.state, ticket.priority, ticket.reason, ticket.enqueued_at);
    assert_eq!(seen, (TicketState::Queued, Priority::High, Reason::AgentLost, at(1)));
    assert_eq!(ticket.affinity.as_ref().map(|wish| wish.agent.as_str()), Some("ana"));
    assert_eq!(floor.presence("ana"), Presence::Offline);
    assert_eq!(floor.run(&again("ana", "s-ana"), 71).unwrap_err().reason(), "SESSION_UNKNOWN");
}

#[test]
fn the_offers_of_a_lost_connection_are_taken_back_after_five_seconds() {
    let mut floor = Floor::with(vec![agent("ana", &["orders"], 1), agent("ben", &["orders"], 1)]);
    floor.online("ana", 0);
    floor.open("a", 1);
    floor.online("ben", 2);
    floor.done(&gone("ana"), 3);
    floor.until(7);
    assert_eq!(floor.asked("ana"), ["a"]);
    floor.until(8);
    assert_eq!(floor.asked("ben"), ["a"]);
}

#[test]
fn silence_for_a_lease_is_a_lost_connection() {
    let mut floor = two();
    floor.beat(20);
    floor.until(49);
    assert_eq!(floor.presence("ana"), Presence::Online);
    floor.until(50);
    assert_eq!(floor.presence("ana"), Presence::Lost);
}

#[test]
fn a_second_stream_is_refused_unless_it_takes_over() {
    let mut floor = two();
    let refused = floor.run(&hello("ana"), 5).unwrap_err();
    assert_eq!(refused.reason(), "AGENT_ALREADY_CONNECTED");
    let Command::Connect(base) = hello("ana") else { unreachable!() };
    let session = SessionId::new("other").unwrap();
    floor.done(&Command::Connect(Hello { session, take_over: true, ..base }), 6);
    let late = floor.run(&gone("ana"), 7).unwrap_err();
    assert_eq!(late.reason(), "SESSION_UNKNOWN", "the ended stream cannot take the new one along");
    assert_eq!(floor.state("a"), Some(TicketState::Assigned));
}

#[test]
fn going_offline_with_work_is_refused_unless_it_is_released() {
    let mut floor = two();
    let refused = floor.run(&presence_of("ana", Presence::Offline), 5).unwrap_err();
    assert_eq!(refused, RoutingError::AgentHasWork { agent: person("ana"), tickets: 1 });
    let release = Command::SetPresence {
        agent: person("ana"),
        presence: Presence::Offline,
        after_drain: None,
        work: Work::Release,
    };
    floor.done(&release, 6);
    assert_eq!(floor.state("a"), Some(TicketState::Queued));
}

#[test]
fn a_parked_ticket_wakes_above_capacity_or_waits_for_its_agent() {
    let mut floor = two();
    floor.done(&Command::Park { agent: person("ana"), ticket: id("a"), until: None }, 3);
    floor.open("b", 4);
    floor.accept("ana", 5);
    let wrote = Command::CustomerWrote { ticket: id("a") };
    floor.done(&wrote, 6);
    let ticket = floor.desk.ticket(&id("a")).unwrap();
    assert_eq!((ticket.state, ticket.over_capacity), (TicketState::Assigned, true));
    floor.done(&Command::Park { agent: person("ana"), ticket: id("a"), until: None }, 7);
    floor.set("ana", Presence::Away, 8);
    floor.online("ben", 9);
    floor.done(&wrote, 10);
    assert!(floor.asked("ben").is_empty(), "ana is still here and is waited for");
    floor.until(30);
    assert_eq!(floor.asked("ben"), ["a"]);
}

#[test]
fn a_parked_ticket_whose_customer_stays_away_is_closed() {
    let mut floor = two();
    let until = Some(at(100));
    floor.done(&Command::Park { agent: person("ana"), ticket: id("a"), until }, 3);
    let events = floor.until(100);
    let gone = Some(Resolution::CustomerGone);
    assert!(
        events.iter().any(|e| matches!(e, Event::Closed { resolution, .. } if *resolution == gone))
    );
}

#[test]
fn a_customer_who_falls_silent_frees_the_agent() {
    let mut floor = two();
    floor.done(&Command::AgentWrote { agent: person("ana"), ticket: id("a") }, 5);
    floor.done(&Command::CustomerWrote { ticket: id("a") }, 6);
    for second in (20..=1000).step_by(20) {
        floor.beat(second);
        floor.until(second);
    }
    assert_eq!(floor.state("a"), Some(TicketState::Assigned), "now the agent owes a word");
    floor.done(&Command::AgentWrote { agent: person("ana"), ticket: id("a") }, 1000);
    for second in (1020..=1600).step_by(20) {
        floor.beat(second);
        floor.until(second);
    }
    assert_eq!(floor.state("a"), Some(TicketState::Parked));
}

#[test]
fn a_wrap_up_holds_units_is_prolonged_once_and_ends() {
    let mut floor = two();
    let (agent, ticket) = (person("ana"), id("a"));
    floor.done(&Command::Complete { agent: agent.clone(), ticket: ticket.clone() }, 10);
    let view = agent_view(&floor.desk, &agent).unwrap();
    assert_eq!((view.wrapping, view.used_units), (1, 1));
    let extend = Command::ExtendWrap { agent, ticket };
    floor.done(&extend, 20);
    assert_eq!(floor.run(&extend, 21).unwrap_err().reason(), "WRAP_ALREADY_EXTENDED");
    for second in (40..=120).step_by(20) {
        floor.beat(second);
    }
    floor.until(129);
    assert_eq!(floor.state("a"), Some(TicketState::Wrapping));
    let events = floor.until(130);
    assert!(events.iter().any(|e| matches!(e, Event::Closed { resolution: None, .. })));
}

#[test]
fn a_ticket_passed_on_goes_to_whom_it_was_meant_for() {
    let mut floor = two();
    floor.online("ben", 3);
    let to = |to| Command::Transfer { agent: person("ana"), ticket: id("a"), to };
    let refused = floor.run(&to(Target::Agent(person("zoe"))), 4).unwrap_err();
    assert_eq!(refused.reason(), "AGENT_UNKNOWN");
    floor.done(&to(Target::Agent(person("ben"))), 5);
    assert_eq!(floor.asked("ben"), ["a"]);
    let foreign = Command::Release { agent: person("ana"), ticket: id("a") };
    assert_eq!(floor.run(&foreign, 6).unwrap_err().reason(), "NOT_YOUR_TICKET");
    floor.accept("ben", 7);
    floor.done(&Command::Release { agent: person("ben"), ticket: id("a") }, 8);
    assert_eq!(floor.asked("ana"), ["a"], "who gave it back is not asked first");
}

#[test]
fn a_supervisor_acts_on_what_she_saw() {
    let mut floor = two();
    floor.open("b", 3);
    let update =
        |version, change| Command::Update { ticket: id("b"), change: Change { version, ..change } };
    let boost = Change { boost: Some(Duration::from_mins(5)), ..Change::default() };
    let refused = floor.run(&update(Some(9), boost.clone()), 4).unwrap_err();
    assert_eq!(refused.reason(), "VERSION_CHANGED");
    floor.open("c", 4);
    let up = Command::Update { ticket: id("c"), change: boost };
    floor.done(&up, 5);
    assert_eq!(order(&floor.desk), ["c", "b"]);
    let lower = Change { priority: Some(Priority::Low), ..Change::default() };
    floor.done(&update(Some(1), lower), 6);
    assert_eq!(floor.desk.ticket(&id("b")).map(|ticket| ticket.priority), Some(Priority::Low));
}

#[test]
fn a_new_reading_takes_the_offer_back_only_from_who_no_longer_qualifies() {
    let mut floor = Floor::with(vec![agent("ana", &["orders"], 1), agent("gil", &["refunds"], 1)]);
    floor.online("ana", 0);
    floor.online("gil", 0);
    floor.open("a", 1);
    let urgent = Reading { priority: Some(Priority::Urgent), ..Reading::default() };
    floor.done(&Command::Reclassify { ticket: id("a"), reading: urgent }, 2);
    assert_eq!(floor.asked("ana"), ["a"]);
    let moved = Reading { queue: Some(queue("refunds")), ..Reading::default() };
    let events = floor.done(&Command::Reclassify { ticket: id("a"), reading: moved }, 3);
    let revoked = OfferEnd::Revoked(RevokeReason::Reclassified);
    assert!(events.iter().any(|e| matches!(e, Event::OfferEnded { end, .. } if *end == revoked)));
    assert_eq!(floor.asked("gil"), ["a"]);
}

#[test]
fn after_a_restart_nobody_pays_for_the_time_in_between() {
    let mut floor = two();
    floor.online("ben", 3);
    floor.open("b", 4);
    floor.done(&Command::Recovered, 40);
    let view = agent_view(&floor.desk, &person("ben")).unwrap();
    assert_eq!((view.presence, view.misses, view.offers.len()), (Presence::Lost, 0, 0));
    assert_eq!(floor.state("a"), Some(TicketState::Assigned));
    floor.done(&again("ben", "s-ben"), 41);
    assert_eq!(floor.asked("ben"), ["b"]);
}

#[test]
fn another_configuration_puts_waiting_tickets_and_new_agents_together() {
    let mut floor = two();
    floor.open("b", 3);
    let mut config = floor.desk.config().clone();
    config.agents.first_mut().unwrap().units = 2;
    floor.done(&Command::Reconfigure(Box::new(config.clone())), 4);
    assert_eq!(floor.asked("ana"), ["b"]);
    config.agents.clear();
    floor.done(&Command::Reconfigure(Box::new(config)), 5);
    assert_eq!((floor.asked("ana").len(), floor.state("a")), (0, Some(TicketState::Assigned)));
}

#[test]
fn several_agents_are_asked_at_once_where_that_is_wished() {
    let agents = vec![agent("ana", &["orders"], 1), agent("ben", &["orders"], 1)];
    let concurrent_offers = ConcurrentOffers(2.try_into().unwrap());
    let mut floor = Floor::new(Config { agents, concurrent_offers, ..Config::default() });
    floor.online("ana", 0);
    floor.online("ben", 0);
    floor.open("a", 1);
    assert_eq!((floor.asked("ana").len(), floor.asked("ben").len()), (1, 1));
    let events = floor.accept("ana", 2);
    let revoked = OfferEnd::Revoked(RevokeReason::Superseded);
    assert!(events.iter().any(|e| matches!(e, Event::OfferEnded { end, .. } if *end == revoked)));
    assert!(floor.asked("ben").is_empty());
}
