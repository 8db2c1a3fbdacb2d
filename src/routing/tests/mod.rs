mod floor;
mod invariants;
mod knowing;
mod traps;
mod working;
mod world;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::error::{Classify as _, Kind};
use crate::message::{
    AgentId, CallerId, Channel, ConversationId, Language, OfferId, Priority, QueueId, SessionId,
    TicketId, Timestamp,
};

const MINUTE: i64 = 60;

fn config(max_waiting: usize) -> Config {
    let rules = QueueRules {
        max_waiting,
        max_wait: Duration::from_mins(30),
        max_class_wait: Duration::from_mins(10),
        ..QueueRules::default()
    };
    let agent = |id: &str, queue: &str, language| Agent {
        id: AgentId::new(id).unwrap(),
        name: id.to_owned(),
        queues: vec![QueueId::new(queue).unwrap()],
        skills: BTreeMap::new(),
        languages: vec![language],
        units: 1,
        per_channel: BTreeMap::new(),
        wrap_slots: None,
    };
    Config {
        queues: BTreeMap::from([(queue("orders"), rules.clone())]),
        implied: rules,
        agents: vec![agent("ana", "orders", Language::EN), agent("lin", "orders", Language::ZH)],
        ..Config::default()
    }
}

fn desk() -> Desk {
    Desk::new(Arc::new(config(500)))
}

fn queue(name: &str) -> QueueId {
    QueueId::new(name).unwrap()
}

fn id(name: &str) -> TicketId {
    TicketId::new(name).unwrap()
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(floor::START + second).unwrap()
}

fn opening(ticket: &str, priority: Priority) -> Command {
    Command::Open(Box::new(Opening {
        id: id(ticket),
        conversation: Conversation {
            caller: CallerId::new("gateway").unwrap(),
            id: ConversationId::new(&format!("c-{ticket}")).unwrap(),
        },
        queue: queue("orders"),
        priority,
        language: Language::EN,
        channel: Channel::new("web").unwrap(),
        customer: None,
        intent: None,
        skills: BTreeMap::new(),
        agent: None,
        asked_at: at(0),
    }))
}

fn run(desk: &mut Desk, command: &Command, second: i64) -> Result<Vec<Event>, RoutingError> {
    let events = plan(desk, command, at(second))?;
    for event in &events {
        desk.apply(event);
    }
    Ok(events)
}

fn order(desk: &Desk) -> Vec<&str> {
    desk.in_order(&queue("orders")).map(|ticket| ticket.id.as_str()).collect()
}

fn filled(tickets: &[(&str, Priority)]) -> Desk {
    let mut desk = desk();
    for (second, (ticket, priority)) in (0..).zip(tickets) {
        run(&mut desk, &opening(ticket, *priority), second).unwrap();
    }
    desk
}

#[test]
fn the_line_is_class_then_age() {
    use Priority::{High, Low, Normal, Urgent};
    let check =
        |tickets: &[(&str, Priority)], expect: &[&str]| assert_eq!(order(&filled(tickets)), expect);
    check(&[("a", Normal), ("b", Normal)], &["a", "b"]);
    check(&[("a", Normal), ("b", Urgent)], &["b", "a"]);
    check(&[("a", Low), ("b", Normal), ("c", High), ("d", Urgent)], &["d", "c", "b", "a"]);
    check(&[("a", Urgent), ("b", Urgent), ("c", High), ("d", Urgent)], &["a", "b", "d", "c"]);
}

#[test]
fn equal_times_keep_arrival_order() {
    let mut desk = desk();
    for ticket in ["z", "a", "m"] {
        run(&mut desk, &opening(ticket, Priority::Normal), 0).unwrap();
    }
    assert_eq!(order(&desk), ["z", "a", "m"]);
}

#[test]
fn a_clock_that_jumps_back_loses_nobody() {
    let mut desk = desk();
    run(&mut desk, &opening("a", Priority::Normal), 100).unwrap();
    run(&mut desk, &opening("b", Priority::Normal), 40).unwrap();
    assert!(run(&mut desk, &Command::Tick, 10).unwrap().is_empty());
    assert_eq!(order(&desk), ["a", "b"]);
}

#[test]
fn a_conversation_has_one_ticket() {
    let mut desk = filled(&[("a", Priority::Normal)]);
    let Command::Open(mut again) = opening("a", Priority::Urgent) else { unreachable!() };
    again.id = id("other");
    assert_eq!(run(&mut desk, &Command::Open(again), 9), Ok(vec![]));
    assert_eq!(order(&desk), ["a"]);
}

#[test]
fn a_full_queue_refuses_and_says_when_to_come_back() {
    let mut desk = Desk::new(Arc::new(config(1)));
    run(&mut desk, &opening("a", Priority::Normal), 0).unwrap();
    let refused = run(&mut desk, &opening("b", Priority::Urgent), 1).unwrap_err();
    assert_eq!(refused.kind(), Kind::Overloaded);
    assert!(refused.retry_after().is_some());
    assert_eq!(order(&desk), ["a"]);
}

#[test]
fn a_class_rises_and_never_falls() {
    let mut desk = filled(&[("a", Priority::Normal), ("b", Priority::Normal)]);
    let raise = |priority| Command::Raise { ticket: id("b"), priority };
    assert_eq!(run(&mut desk, &raise(Priority::Urgent), 5).unwrap().len(), 1);
    assert_eq!(order(&desk), ["b", "a"]);
    assert!(run(&mut desk, &raise(Priority::Low), 6).unwrap().is_empty());
    assert_eq!(
        desk.ticket(&id("b")).map(|ticket| (ticket.priority, ticket.version)),
        Some((Priority::Urgent, 2))
    );
    assert_eq!(desk.ticket(&id("b")).map(|ticket| ticket.enqueued_at), Some(at(1)));
}

#[test]
fn a_moved_ticket_keeps_its_age() {
    let mut desk = filled(&[("a", Priority::Normal), ("b", Priority::Normal)]);
    run(&mut desk, &Command::Move { ticket: id("a"), queue: queue("refunds") }, 50).unwrap();
    assert_eq!(order(&desk), ["b"]);
    let moved: Vec<_> = desk.in_order(&queue("refunds")).map(|ticket| ticket.enqueued_at).collect();
    assert_eq!(moved, [at(0)]);
}

#[test]
fn waiting_lifts_a_ticket_to_high_at_most() {
    let mut desk = filled(&[("a", Priority::Low), ("u", Priority::Urgent)]);
    let class = |desk: &Desk| desk.ticket(&id("a")).map(|ticket| ticket.priority);
    assert_eq!(desk.next_due(), Some(at(10 * MINUTE)));
    run(&mut desk, &Command::Tick, 10 * MINUTE).unwrap();
    assert_eq!(class(&desk), Some(Priority::Normal));
    run(&mut desk, &Command::Tick, 20 * MINUTE).unwrap();
    assert_eq!(class(&desk), Some(Priority::High));
    run(&mut desk, &Command::Tick, 29 * MINUTE).unwrap();
    assert_eq!(class(&desk), Some(Priority::High));
    assert_eq!(order(&desk), ["u", "a"]);
}

#[test]
fn nobody_waits_longer_than_the_queue_allows() {
    let mut desk = filled(&[("a", Priority::Normal), ("b", Priority::Urgent)]);
    let events = run(&mut desk, &Command::Tick, 31 * MINUTE).unwrap();
    assert!(events.iter().all(|event| matches!(event, Event::Ended { end: End::MaxWait, .. })));
    assert_eq!((events.len(), order(&desk).len(), desk.next_due()), (2, 0, None));
}

#[test]
fn a_cancelled_ticket_is_gone_and_its_conversation_may_return() {
    let mut desk = filled(&[("a", Priority::Normal)]);
    let cancel = Command::Cancel { ticket: id("a"), end: End::CustomerLeft };
    run(&mut desk, &cancel, 5).unwrap();
    assert_eq!(run(&mut desk, &cancel, 6), Err(RoutingError::UnknownTicket { ticket: id("a") }));
    assert_eq!(run(&mut desk, &opening("a", Priority::Normal), 7).unwrap().len(), 1);
}

#[test]
fn views_show_who_waits_and_who_could_help() {
    let desk = filled(&[("a", Priority::Normal), ("b", Priority::Urgent), ("c", Priority::Normal)]);
    let [view] = queue_views(&desk).try_into().unwrap();
    assert_eq!(view.waiting, BTreeMap::from([(Priority::Normal, 2), (Priority::Urgent, 1)]));
    assert_eq!((view.oldest, view.agents.len()), (Some(at(0)), 2));
    let english: Vec<_> = desk
        .config()
        .eligible(&queue("orders"), Language::EN)
        .map(|agent| agent.id.as_str())
        .collect();
    assert_eq!(english, ["ana"]);
}
