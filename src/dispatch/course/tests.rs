use super::*;
use crate::decision::{Evidence, Urgency};
use std::collections::BTreeMap;
use std::time::Duration;

use crate::dispatch::outcome::TicketReason;
use crate::dispatch::tests::floor::{answer, choices, conversation_id, part, to};
use crate::message::{Channel, Language, TicketId, Timestamp};
use crate::routing::{self, TicketState};
use Priority::{High, Low, Normal, Urgent};

/// Parts by name, and the action that `decision` would give them.
fn decision(names: &[&str], mode: Mode) -> Decision {
    let parts: Vec<Part> = names.iter().map(|name| named(name)).collect();
    let action = match names {
        _ if names.iter().any(|name| ["route", "high", "person", "urgent"].contains(name)) => {
            Action::Route
        }
        _ if names.contains(&"clarify") => Action::Clarify,
        _ if names.contains(&"answer") => Action::Answer,
        _ => Action::None,
    };
    let (urgency, evidence) = (Urgency::default(), Evidence::default());
    Decision { action, parts, urgency, language: Language::EN, mode, evidence }
}

fn named(name: &str) -> Part {
    let (outcome, reason) = match name {
        "answer" => (answer("a"), Reason::GatePassed),
        "clarify" => (Outcome::Clarify(choices()), Reason::CloseAnswers),
        "route" => (to("general", Normal), Reason::OutOfScope),
        "high" => (to("refunds", High), Reason::ArticleRoutes),
        "person" => (to("general", Normal), Reason::PersonAskedFor),
        "urgent" => (to("care", Urgent), Reason::Urgent),
        "hello" => (Outcome::SmallTalk(SmallTalk::Greeting), Reason::SmallTalk),
        "thanks" => (Outcome::SmallTalk(SmallTalk::Thanks), Reason::SmallTalk),
        _ => (Outcome::Nothing, Reason::NoText),
    };
    part(name, outcome, reason)
}

fn ticket() -> TicketView {
    TicketView {
        id: TicketId::new("t").unwrap(),
        conversation_id: conversation_id("c"),
        state: TicketState::Queued,
        reason: TicketReason::Standing(routing::Reason::Routed),
        version: 1,
        queue: QueueId::new("orders").unwrap(),
        priority: Low,
        boost: Duration::ZERO,
        skills: BTreeMap::new(),
        ring: 0,
        wait: None,
        agent: None,
        agent_name: String::new(),
        over_capacity: false,
        reopens: None,
        enqueued_at: Timestamp::UNIX_EPOCH,
        position: Some(1),
        channel: Channel::new("web").unwrap(),
        language: Language::EN,
        as_of: Timestamp::UNIX_EPOCH,
    }
}

#[test]
fn the_bot_alone_follows_the_decision() {
    let check = |names: &[&str], expect: Course| {
        let mut decision = decision(names, Mode::On);
        let before = decision.clone();
        assert_eq!(
            choose(&mut decision, Situation { ticket: None, cools_down: false }),
            expect,
            "{names:?}"
        );
        assert_eq!(decision, before, "{names:?}");
    };
    check(&["answer"], Course::Speak);
    check(&["thanks"], Course::Speak);
    check(&["nothing"], Course::Speak);
    check(&["clarify"], Course::AskBack);
    check(&["answer", "clarify"], Course::AskBack);
    check(&["route"], Course::HandOver);
    check(&["answer", "route"], Course::HandOver);
}

#[test]
fn beside_a_ticket_only_answers_and_thanks_pass() {
    let check = |names: &[&str], expect: Course, action: Action| {
        let mut decision = decision(names, Mode::On);
        let ticket = ticket();
        let course = choose(&mut decision, Situation { ticket: Some(&ticket), cools_down: false });
        assert_eq!((course, decision.action), (expect, action), "{names:?}");
        let open = |part: &&Part| matches!(part.outcome, Outcome::Route(_) | Outcome::Clarify(_));
        for part in decision.parts.iter().filter(open) {
            assert_eq!(
                (&part.outcome, part.reason),
                (&to("orders", Low), Reason::HeldInQueue),
                "{names:?}"
            );
        }
    };
    check(&["answer"], Course::Speak, Action::Answer);
    check(&["thanks"], Course::Speak, Action::None);
    check(&["nothing"], Course::Speak, Action::None);
    check(&["hello"], Course::Forward, Action::Forward);
    check(&["clarify"], Course::Forward, Action::Forward);
    check(&["route"], Course::Forward, Action::Forward);
    check(&["person"], Course::Forward, Action::Forward);
    check(&["answer", "route", "clarify"], Course::Forward, Action::Forward);
}

#[test]
fn after_a_person_only_a_wish_or_urgency_hands_over() {
    let check = |names: &[&str], mode: Mode, expect: Course| {
        let mut decision = decision(names, mode);
        let course = choose(&mut decision, Situation { ticket: None, cools_down: true });
        assert_eq!(course, expect, "{names:?} {mode:?}");
    };
    check(&["route"], Mode::On, Course::AskBack);
    check(&["clarify"], Mode::On, Course::AskBack);
    check(&["answer", "high"], Mode::On, Course::AskBack);
    check(&["answer"], Mode::On, Course::Speak);
    check(&["thanks"], Mode::On, Course::Speak);
    check(&["person"], Mode::On, Course::HandOver);
    check(&["urgent"], Mode::On, Course::HandOver);
    // Where the bot does not speak it cannot ask either.
    check(&["route"], Mode::Shadow, Course::HandOver);
    check(&["route"], Mode::Off, Course::HandOver);
}

#[test]
fn waiting_is_for_what_more_words_could_change() {
    let check = |names: &[&str], mode: Mode, expect: bool| {
        assert_eq!(is_worth_a_wait(&decision(names, mode)), expect, "{names:?} {mode:?}");
    };
    check(&["route"], Mode::On, true);
    check(&["route"], Mode::Shadow, true);
    check(&["route"], Mode::Off, false);
    check(&["clarify"], Mode::On, true);
    check(&["answer", "route"], Mode::On, true);
    check(&["answer"], Mode::On, false);
    check(&["thanks"], Mode::On, false);
    check(&["person"], Mode::On, false);
    check(&["urgent", "route"], Mode::On, false);
    let mut alarming = decision(&["route"], Mode::On);
    alarming.urgency.priority = Urgent;
    assert!(!is_worth_a_wait(&alarming));
}

#[test]
fn the_ticket_goes_where_the_most_urgent_part_goes() {
    let fallback = QueueId::new("fallback").unwrap();
    let check = |names: &[&str], urgency: Priority, queue: &str, priority: Priority| {
        let mut decision = decision(names, Mode::On);
        decision.urgency.priority = urgency;
        let destination = destination(&decision, &fallback);
        assert_eq!(
            (destination.queue.as_str(), destination.priority),
            (queue, priority),
            "{names:?}"
        );
    };
    check(&["answer", "route"], Normal, "general", Normal);
    check(&["route", "high"], Normal, "refunds", High);
    check(&["high", "urgent", "route"], Normal, "care", Urgent);
    check(&["route"], Urgent, "general", Urgent);
    check(&["person", "route"], Low, "general", Normal);
    check(&["answer"], Normal, "fallback", Normal);
}

#[test]
fn the_options_are_those_of_the_first_question() {
    let unclear = part("", Outcome::Clarify(Vec::new()), Reason::OutOfScope);
    let mut decision = decision(&["answer", "clarify"], Mode::On);
    decision.parts.insert(0, unclear);
    assert_eq!(decision.options(), choices());
    decision.parts.truncate(1);
    assert!(decision.options().is_empty());
}
