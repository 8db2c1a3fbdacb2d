//! Tickets and who holds the conversation.

use std::time::Duration;

use super::floor::*;
use crate::decision::{Action, Outcome as PartOutcome, Reason};
use crate::dispatch::{
    ConversationState, DispatchError, EventKind, HandleOptions, Outcome, RouteOutcome, Slice,
    TicketState,
};
use crate::message::Priority::{self, High, Normal, Urgent};
use crate::message::{Content, Mode};

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn summary(outcome: &Outcome) -> (Action, Option<u32>) {
    (outcome.decision.action, outcome.ticket.as_ref().and_then(|ticket| ticket.position))
}

#[tokio::test(start_paused = true)]
async fn a_route_opens_a_ticket_and_says_so() {
    let floor = Floor::new();
    let outcome = floor.say("c", "r1", "person").await;
    assert_eq!(summary(&outcome), (Action::Route, Some(1)));
    assert_eq!(outcome.route, Some(RouteOutcome::Queued));
    assert_eq!(said(&outcome), ["HandOver\nPosition 1"]);
    let view = floor.view("c");
    assert_eq!((view.state, view.ticket), (ConversationState::Waiting, outcome.ticket.clone()));
}

#[tokio::test(start_paused = true)]
async fn urgent_stands_before_what_came_earlier() {
    let floor = Floor::new();
    floor.say("a", "r1", "person").await;
    floor.say("b", "r1", "urgent+person").await;
    let tickets = floor.dispatch.tickets();
    let urgent = tickets.iter().find(|ticket| ticket.conversation_id.as_str() == "b").unwrap();
    assert_eq!((urgent.queue.as_str(), urgent.priority), ("care", Urgent));
    assert_eq!(urgent.position, Some(1));
}

#[tokio::test(start_paused = true)]
async fn the_list_says_why_and_what_was_written_last() {
    let floor = Floor::new();
    floor.say("a", "r1", "person").await;
    floor.say("a", "r2", "route 13800138000").await;
    let [waiting] = floor.dispatch.waiting().try_into().unwrap();
    assert_eq!(waiting.ticket, floor.dispatch.tickets()[0]);
    assert_eq!(waiting.reason, Some(Reason::PersonAskedFor));
    assert!(waiting.last_words.starts_with("route "), "{waiting:?}");
    assert!(!waiting.last_words.contains("13800138000"), "{waiting:?}");
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_is_said_and_holds_nobody() {
    let floor = Floor::with(|setting| setting.desk.as_mut().unwrap().implied.max_waiting = 1);
    floor.say("a", "r1", "person").await;
    let outcome = floor.say("b", "r1", "person").await;
    assert_eq!(outcome.route, Some(RouteOutcome::QueueFull));
    assert_eq!(said(&outcome), ["QueueFull"]);
    assert_eq!((outcome.ticket.clone(), floor.view("b").state), (None, ConversationState::Bot));
}

#[tokio::test(start_paused = true)]
async fn without_a_desk_the_gateway_hands_over() {
    let floor = Floor::with(|setting| setting.desk = None);
    let outcome = floor.say("c", "r1", "person").await;
    assert_eq!(outcome.route, Some(RouteOutcome::NoDesk));
    assert_eq!(said(&outcome), ["HandOver"]);
}

/// What a message becomes while a ticket waits: the action, what is said, the class of the ticket after it.
#[tokio::test(start_paused = true)]
async fn while_a_ticket_waits() {
    let check = async |text: &str, action: Action, say: &[&str], class: Priority| {
        let floor = Floor::new();
        let opened = floor.say("c", "r1", "person").await.ticket.clone().unwrap();
        tokio::time::advance(Duration::from_secs(1)).await;
        let outcome = floor.say("c", "r2", text).await;
        let ticket = outcome.ticket.clone().unwrap();
        assert_eq!((outcome.decision.action, said(&outcome)), (action, owned(say)), "{text}");
        assert_eq!((&ticket.id, ticket.enqueued_at), (&opened.id, opened.enqueued_at), "{text}");
        assert_eq!(ticket.priority, class, "{text}");
        assert_eq!(floor.dispatch.tickets().len(), 1, "{text}");
        assert_eq!(floor.view("c").state, ConversationState::Waiting, "{text}");
    };
    check("answer a", Action::Answer, &["About a."], Normal).await;
    check("route", Action::Forward, &[], Normal).await;
    check("clarify", Action::Forward, &[], Normal).await;
    check("person", Action::Forward, &["Position 1"], Normal).await;
    check("hello", Action::Forward, &[], Normal).await;
    check("thanks", Action::None, &["Thanks"], Normal).await;
    check("high", Action::Forward, &[], High).await;
    check("urgent", Action::Forward, &[], Urgent).await;
    check("answer a+route", Action::Forward, &["About a."], Normal).await;
}

#[tokio::test(start_paused = true)]
async fn urgency_rises_and_never_falls() {
    let floor = Floor::new();
    let classes = ["person", "urgent", "route", "high"];
    let mut seen = Vec::new();
    for (number, text) in classes.iter().enumerate() {
        seen.push(floor.say("c", &number.to_string(), text).await.ticket.clone().unwrap().priority);
    }
    assert_eq!(seen, [Normal, Urgent, Urgent, Urgent]);
}

#[tokio::test(start_paused = true)]
async fn a_forwarded_part_says_why() {
    let floor = Floor::new();
    floor.say("c", "r1", "person").await;
    let outcome = floor.say("c", "r2", "answer a+clarify").await;
    let parts: Vec<_> =
        outcome.decision.parts.iter().map(|part| (&part.outcome, part.reason)).collect();
    assert!(matches!(parts[0], (PartOutcome::Answer(_), Reason::GatePassed)));
    assert!(matches!(parts[1], (PartOutcome::Route(_), Reason::HeldInQueue)));
}

#[tokio::test(start_paused = true)]
async fn a_customer_who_moved_is_told() {
    let floor = Floor::new();
    floor.say("a", "r1", "person").await;
    tokio::time::advance(Duration::from_secs(1)).await;
    let second = floor.say("b", "r1", "person").await;
    assert_eq!(summary(&second), (Action::Route, Some(2)));
    assert!(floor.say("b", "r2", "route").await.say.is_empty());
    floor.event("a", EventKind::CustomerLeft).await;
    let moved = floor.say("b", "r3", "route").await;
    assert_eq!(said(&moved), ["Position 1"]);
    assert!(floor.say("b", "r4", "route").await.say.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_ticket_ends_in_four_ways() {
    for kind in [Some(EventKind::CustomerLeft), Some(EventKind::Cancel), None] {
        let floor = Floor::new();
        floor.say("c", "r1", "person").await;
        match kind {
            Some(kind) => floor.event("c", kind).await,
            None => pass(1800 * 1000).await,
        }
        assert!(floor.dispatch.tickets().is_empty());
        assert_ne!(floor.view("c").state, ConversationState::Waiting);
        assert_eq!(floor.say("c", "r2", "person").await.decision.action, Action::Route);
    }
    let floor = Floor::new();
    let ticket = floor.say("c", "r1", "person").await.ticket.clone().unwrap();
    let ended = floor.dispatch.cancel(&ticket.id).await.unwrap();
    assert_eq!((ended.id, ended.state), (ticket.id, TicketState::Cancelled));
    assert_eq!(floor.view("c").state, ConversationState::CoolDown);
    let unknown = crate::message::TicketId::new("nothing").unwrap();
    assert_eq!(floor.dispatch.cancel(&unknown).await, Err(DispatchError::TicketNotFound));
}

#[tokio::test(start_paused = true)]
async fn after_a_person_the_bot_does_not_hand_over_on_what_was_said_before() {
    let check = async |text: &str, wait: u64, action: Action, say: &[&str]| {
        let floor = Floor::with(|setting| setting.config.times.hold = Duration::ZERO);
        let ticket = floor.say("c", "r1", "person").await.ticket.clone().unwrap();
        floor.dispatch.cancel(&ticket.id).await.unwrap();
        assert!(floor.view("c").lines.is_empty());
        tokio::time::advance(Duration::from_secs(wait)).await;
        let outcome = floor.say("c", "r2", text).await;
        assert_eq!((outcome.decision.action, said(&outcome)), (action, owned(say)), "{text}");
    };
    let handed = ["HandOver\nPosition 1"];
    check("route", 0, Action::Clarify, &["CoolDown"]).await;
    check("answer a", 0, Action::Answer, &["About a."]).await;
    check("answer a+route", 0, Action::Clarify, &["About a.", "CoolDown"]).await;
    check("person", 0, Action::Route, &handed).await;
    check("urgent", 0, Action::Route, &handed).await;
    check("route", 300, Action::Route, &handed).await;
}

#[tokio::test(start_paused = true)]
async fn the_cool_down_is_said_once() {
    let floor = Floor::new();
    let ticket = floor.say("c", "r1", "person").await.ticket.clone().unwrap();
    floor.dispatch.cancel(&ticket.id).await.unwrap();
    let asked = floor.say("c", "r2", "route").await;
    assert!(asked.decision.parts.iter().all(|part| part.reason == Reason::CoolDown));
    let handed = floor.say("c", "r3", "route").await;
    assert_eq!(handed.decision.action, Action::Route);
}

#[tokio::test(start_paused = true)]
async fn an_option_is_chosen_by_number_or_by_tap_while_it_is_open() {
    let check = async |content: fn(&Outcome) -> Content, wait: u64, expect: &str| {
        let floor = Floor::with(|setting| setting.config.times.hold = Duration::ZERO);
        let asked = floor.say("c", "r1", "clarify").await;
        assert_eq!(said(&asked), ["ClarifyPrompt\n1. returns\n2. refunds"]);
        assert_eq!(asked.say[0].options, choices());
        assert_eq!(floor.view("c").state, ConversationState::Clarifying);
        tokio::time::advance(Duration::from_secs(wait)).await;
        let chosen =
            floor.handle(message("c", "r2", content(&asked)), HandleOptions::default()).await;
        assert_eq!(said(&chosen.unwrap().outcome), [expect]);
    };
    let tap: fn(&Outcome) -> Content = |asked| Content::Choice {
        clarify_id: asked.clarify.clone().unwrap().id,
        option_id: "2".to_owned(),
    };
    let typed: fn(&Outcome) -> Content = |_| Content::Text("1".to_owned());
    let handed = "HandOver\nPosition 1";
    check(tap, 0, "About refunds.").await;
    check(typed, 0, "About returns.").await;
    check(tap, 600, handed).await;
    check(typed, 600, handed).await;
}

#[tokio::test(start_paused = true)]
async fn a_late_tap_is_read_as_its_words() {
    let floor = Floor::new();
    let asked = floor.say("c", "r1", "clarify").await;
    tokio::time::advance(Duration::from_mins(10)).await;
    let tap = Content::Choice {
        clarify_id: asked.clarify.clone().unwrap().id,
        option_id: "2".to_owned(),
    };
    floor.handle(message("c", "r2", tap), HandleOptions::default()).await.unwrap();
    assert_eq!(floor.last_turn().text, "refunds");
}

#[tokio::test(start_paused = true)]
async fn asking_back_twice_in_a_row_is_seen() {
    let floor = Floor::with(|setting| setting.config.times.hold = Duration::ZERO);
    let mut actions = Vec::new();
    for (number, text) in ["clarify", "thanks", "clarify"].iter().enumerate() {
        actions.push(floor.say("c", &number.to_string(), text).await.decision.action);
    }
    assert_eq!(actions, [Action::Clarify, Action::None, Action::Route]);
    let after_an_answer = ["clarify", "answer a", "clarify"];
    for (number, text) in after_an_answer.iter().enumerate() {
        actions.push(floor.say("d", &number.to_string(), text).await.decision.action);
    }
    assert_eq!(actions.split_off(3), [Action::Clarify, Action::Answer, Action::Clarify]);
}

#[tokio::test(start_paused = true)]
async fn an_idle_conversation_is_closed_and_starts_afresh() {
    let floor = Floor::with(|setting| setting.config.times.hold = Duration::ZERO);
    floor.say("c", "r1", "clarify").await;
    tokio::time::advance(Duration::from_mins(30)).await;
    assert_eq!(floor.view("c").state, ConversationState::Closed);
    assert_eq!(floor.say("c", "r2", "clarify").await.decision.action, Action::Clarify);
    assert_eq!(floor.view("c").lines.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn with_automation_off_or_in_shadow_people_speak() {
    for mode in [Mode::Off, Mode::Shadow] {
        let floor = Floor::new();
        floor.dispatch.set_mode(Slice::default(), mode).await.unwrap();
        let outcome = floor.say("c", "r1", "answer a").await;
        assert_eq!(summary(&outcome), (Action::Route, Some(1)), "{mode:?}");
        assert_eq!((outcome.route, said(&outcome).len()), (Some(RouteOutcome::Queued), 0));
        assert_eq!(floor.say("c", "r2", "answer b").await.decision.action, Action::Forward);
        assert_eq!(floor.dispatch.tickets().len(), 1);
    }
}
