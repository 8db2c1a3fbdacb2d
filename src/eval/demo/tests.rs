use std::collections::HashSet;

use super::outcome::Counts;
use super::standing::urgent_first;
use super::*;
use crate::proto::v1::part::Outcome;
use crate::proto::v1::{
    Action, Answer, Part, PriorityClass, Reason, Route, SmallTalk, Ticket, Urgency,
};

fn record(json: &str) -> Record {
    serde_json::from_str(json).unwrap()
}

fn answer(article: &str) -> Part {
    let answer = Answer { article_id: article.to_owned(), ..Answer::default() };
    Part { outcome: Some(Outcome::Answer(answer)), ..Part::default() }
}

fn route(reason: Reason) -> Part {
    let mut part = Part { outcome: Some(Outcome::Route(Route::default())), ..Part::default() };
    part.set_reason(reason);
    part
}

fn decision(action: Action, parts: Vec<Part>) -> Decision {
    let mut decision = Decision { parts, ..Decision::default() };
    decision.set_action(action);
    decision
}

fn counted(json: &str, decision: &Decision) -> Counts {
    let mut counts = Counts::default();
    let same_answer = |a: &str, b: &str| a.trim_end_matches("-en") == b.trim_end_matches("-en");
    counts.add(&record(json), Some(decision), &same_answer);
    counts.finished()
}

#[test]
fn an_answer_is_right_if_every_article_it_sent_is() {
    let check = |relevant: &str, sent: &[&str], right: usize| {
        let json = format!(r#"{{"text":"x","relevant":{relevant}}}"#);
        let parts = sent.iter().map(|article| answer(article)).collect();
        let counts = counted(&json, &decision(Action::Answer, parts));
        assert_eq!((counts.answers, counts.answers_right), (1, right), "{relevant} {sent:?}");
        assert_eq!(counts.coverage, Some(1.0));
    };
    check(r#"["a"]"#, &["a"], 1);
    check(r#"["a"]"#, &["a-en"], 1);
    check(r#"["a"]"#, &["b"], 0);
    check(r#"["a","b"]"#, &["a", "b"], 1);
    check(r#"["a"]"#, &["a", "b"], 0);
    check("[]", &["a"], 0);
}

#[test]
fn a_half_answer_is_judged_but_covers_nothing() {
    let parts = vec![answer("a"), route(Reason::BelowThreshold)];
    let counts = counted(r#"{"text":"x","relevant":["a"]}"#, &decision(Action::Route, parts));
    assert_eq!((counts.answered, counts.routed, counts.precision), (0, 1, Some(1.0)));
    assert_eq!(counts.coverage, Some(0.0));
    let one = decision(Action::Answer, vec![answer("a")]);
    let two_questions = r#"{"text":"x","relevant":["a","b"],"kind":["two-questions"]}"#;
    assert_eq!(counted(two_questions, &one).half_answered, 1);
}

#[test]
fn small_talk_counts_in_nothing() {
    let greeting =
        Part { outcome: Some(Outcome::SmallTalk(SmallTalk::default())), ..Part::default() };
    let counts = counted(
        r#"{"text":"hi","relevant":[],"expect":"none"}"#,
        &decision(Action::None, vec![greeting]),
    );
    assert_eq!((counts.messages, counts.small_talk, counts.coverage), (1, 1, None));
    assert_eq!(
        (counts.answered, counts.clarified, counts.routed, counts.precision),
        (0, 0, 0, None)
    );
}

#[test]
fn in_shadow_nothing_is_answered() {
    let counts =
        counted(r#"{"text":"x","relevant":["a"]}"#, &decision(Action::Route, vec![answer("a")]));
    assert_eq!((counts.answered, counts.routed), (0, 1));
}

#[test]
fn alarms_count_both_ways() {
    let wish = decision(Action::Route, vec![route(Reason::PersonAskedFor)]);
    let check = |json: &str, decision: &Decision, person: (usize, usize, usize)| {
        let alarm = counted(json, decision).person;
        assert_eq!((alarm.labelled, alarm.recognised, alarm.false_alarms), person, "{json}");
    };
    check(r#"{"text":"x","kind":["person"]}"#, &wish, (1, 1, 0));
    check(r#"{"text":"x","kind":["person-negated"]}"#, &wish, (0, 0, 1));
    check(r#"{"text":"x","kind":["person"]}"#, &decision(Action::Answer, vec![]), (1, 0, 0));
    let mut urgent = decision(Action::Route, vec![]);
    let mut urgency = Urgency::default();
    urgency.set_class(PriorityClass::Urgent);
    urgent.urgency = Some(urgency);
    assert_eq!(counted(r#"{"text":"x","urgent":true}"#, &urgent).urgent.recall(), Some(1.0));
    assert_eq!(counted(r#"{"text":"x"}"#, &urgent).urgent.false_alarms, 1);
}

#[test]
fn urgent_tickets_stand_before_the_ordinary() {
    use PriorityClass::{Normal, Urgent};
    let check = |queue: &[(&str, &str, PriorityClass)], expect: Option<f64>| {
        let tickets: Vec<Ticket> = queue
            .iter()
            .map(|(queue, conversation, class)| {
                let mut ticket = Ticket {
                    queue: (*queue).to_owned(),
                    conversation_id: (*conversation).to_owned(),
                    ..Ticket::default()
                };
                ticket.set_class(*class);
                ticket
            })
            .collect();
        let urgent: HashSet<Arc<str>> = [Arc::from("u1"), Arc::from("u2")].into();
        assert_eq!(urgent_first(&tickets, &urgent), expect, "{queue:?}");
    };
    check(&[("a", "n", Normal)], None);
    check(&[("a", "u1", Urgent), ("a", "n", Normal), ("b", "u2", Urgent)], Some(1.0));
    check(&[("a", "n", Normal), ("a", "u1", Urgent), ("b", "u2", Urgent)], Some(0.5));
    // A false alarm before it is no ordinary ticket; a case that was not recognised stands behind.
    check(
        &[("a", "n", Urgent), ("a", "u1", Urgent), ("a", "m", Normal), ("a", "u2", Normal)],
        Some(0.5),
    );
}

#[test]
fn conversations_keep_their_order() {
    let records = ["b2", "a1", "b1", "-", "a2"]
        .map(|mark| match mark {
            "-" => record(r#"{"text":"alone"}"#),
            mark => {
                let (conversation, turn) = mark.split_at(1);
                record(&format!(
                    r#"{{"text":"{mark}","conversation":"{conversation}","turn":{turn}}}"#
                ))
            }
        })
        .to_vec();
    let order: Vec<Vec<String>> = conversations(records)
        .iter()
        .map(|c| c.messages.iter().map(|message| message.text.clone()).collect())
        .collect();
    assert_eq!(order, [vec!["b1", "b2"], vec!["a1", "a2"], vec!["alone"]]);
}
