use super::*;
use crate::dispatch::tests::floor::choices;
use ConversationState::{Bot, Clarifying, Closed, CoolDown, Waiting};
use proptest::prelude::*;

const TIMES: Times = Times::STANDARD;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn ticket(name: &str) -> TicketId {
    TicketId::new(name).unwrap()
}

fn asked(second: i64) -> Step {
    Step::AskedBack(Asked {
        id: ClarifyId::new("q").unwrap(),
        options: choices(),
        expires_at: at(second + 600),
    })
}

fn after(steps: &[Step]) -> Conversation {
    let mut conversation = Conversation::new(at(0));
    for step in steps {
        conversation.step(step.clone());
    }
    conversation
}

#[test]
fn a_step_leads_to_a_state() {
    let check = |steps: &[Step], expect: ConversationState, clarified: bool| {
        let conversation = after(steps);
        assert_eq!(conversation.state(at(1), &TIMES), expect, "{steps:?}");
        assert_eq!(conversation.clarified_last(), clarified, "{steps:?}");
    };
    let opened = || Step::Opened(ticket("t"));
    check(&[], Bot, false);
    check(&[Step::Spoke], Bot, false);
    check(&[asked(0)], Clarifying, true);
    check(&[asked(0), Step::Stayed], Clarifying, true);
    check(&[asked(0), Step::Spoke], Bot, false);
    check(&[opened()], Waiting, false);
    check(&[asked(0), opened()], Waiting, false);
    check(&[opened(), Step::Stayed], Waiting, false);
    check(&[opened(), Step::Spoke], Waiting, false);
}

#[test]
fn time_ends_what_it_ends() {
    let check = |conversation: &Conversation, second: i64, expect: ConversationState| {
        assert_eq!(conversation.state(at(second), &TIMES), expect, "{second}");
    };
    let clarifying = after(&[asked(0)]);
    check(&clarifying, 599, Clarifying);
    check(&clarifying, 600, Bot);
    check(&clarifying, 1800, Closed);
    let waiting = after(&[Step::Opened(ticket("t"))]);
    check(&waiting, 100_000, Waiting);
    let mut cooling = waiting.clone();
    cooling.ticket_ended(&ticket("t"), End::ByPerson, at(300));
    check(&cooling, 299, CoolDown);
    check(&cooling, 300, Bot);
    // A clock that was set back closes nothing.
    check(&clarifying, -5000, Clarifying);
}

#[test]
fn waking_forgets_what_has_expired() {
    let check = |second: i64, options: usize, clarified: bool, lines: usize| {
        let mut conversation = after(&[asked(0)]);
        conversation.remember(line("hello"), &Bounds::STANDARD);
        conversation.wake(at(second), &TIMES);
        let seen = (
            conversation.options().len(),
            conversation.clarified_last(),
            conversation.lines().count(),
        );
        assert_eq!(seen, (options, clarified, lines), "{second}");
    };
    check(10, 2, true, 1);
    check(600, 0, false, 1);
    check(1800, 0, false, 0);
}

#[test]
fn only_its_own_ticket_ends_the_wait() {
    let mut conversation = after(&[Step::Opened(ticket("t"))]);
    conversation.ticket_ended(&ticket("other"), End::Otherwise, at(0));
    assert_eq!(conversation.ticket(), Some(&ticket("t")));
    conversation.remember(line("hello"), &Bounds::STANDARD);
    conversation.ticket_ended(&ticket("t"), End::Otherwise, at(0));
    assert_eq!((conversation.ticket(), conversation.lines().count()), (None, 1));
}

#[test]
fn a_tap_is_read_against_what_was_asked() {
    let tap = |clarify: &str, option: &str| Content::Choice {
        clarify_id: ClarifyId::new(clarify).unwrap(),
        option_id: option.to_owned(),
    };
    let options = choices();
    let check = |steps: &[Step], content: &Content, expect: Meaning<'_>| {
        assert_eq!(after(steps).meaning(content), expect, "{steps:?} {content:?}");
    };
    check(&[asked(0)], &tap("q", "2"), Meaning::Chosen(&options[1]));
    check(&[asked(0)], &tap("q", "9"), Meaning::Words("9"));
    check(&[asked(0)], &tap("older", "2"), Meaning::Words("2"));
    check(&[asked(0), Step::Spoke], &tap("q", "2"), Meaning::Words("refunds"));
    check(&[asked(0), Step::Opened(ticket("t"))], &tap("q", "2"), Meaning::Words("refunds"));
}

#[test]
fn numbers_only_go_forward() {
    let mut conversation = after(&[]);
    let mut seen = vec![conversation.expected()];
    for number in [1, 5, 3, u64::MAX] {
        conversation.pass(number);
        seen.push(conversation.expected());
    }
    assert_eq!(seen, [1, 2, 6, 6, u64::MAX]);
}

fn line(text: &str) -> Line {
    Line::new(at(0), Speaker::Customer, "r", text)
}

proptest! {
    #[test]
    fn lines_stay_within_their_bounds(texts in prop::collection::vec("\\PC{0,40}", 0..20), turns in 0usize..6, turn_bytes in 0usize..80) {
        let bounds = Bounds { turns, turn_bytes, ..Bounds::STANDARD };
        let mut conversation = after(&[]);
        for text in &texts {
            conversation.remember(line(text), &bounds);
        }
        let bytes: usize = conversation.lines().map(|line| line.text.len()).sum();
        prop_assert!(conversation.lines().count() <= turns && bytes <= turn_bytes);
    }
}
