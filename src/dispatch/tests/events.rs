//! Events, verdicts, reading a conversation, draining.

use super::floor::*;
use crate::dispatch::{
    ConversationState, DispatchError, EventKind, Feedback, FeedbackSource, HandleOptions, Speaker,
    Verdict,
};
use crate::message::{DecisionId, RequestId};

#[tokio::test(start_paused = true)]
async fn a_conversation_is_known_from_its_first_message() {
    let floor = Floor::new();
    let unknown = floor.dispatch.conversation(&caller(), &conversation_id("c"));
    assert_eq!(unknown.unwrap_err(), DispatchError::ConversationNotFound);
    floor.event("c", EventKind::CustomerLeft).await;
    assert!(floor.dispatch.conversation(&caller(), &conversation_id("c")).is_err());
    let outcome = floor.say("c", "r1", "answer a").await;
    let view = floor.view("c");
    let lines: Vec<_> =
        view.lines.iter().map(|line| (line.by, line.text.as_str(), line.id.as_str())).collect();
    let sent = outcome.say[0].message_id.as_str();
    assert_eq!(lines, [(Speaker::Customer, "answer a", "r1"), (Speaker::Bot, "About a.", sent)]);
    assert_eq!(view.state, ConversationState::Bot);
}

#[tokio::test(start_paused = true)]
async fn an_event_takes_its_turn() {
    let floor = Floor::new();
    let message = floor.begin(words("c", "r1", "slow person"), HandleOptions::default()).await;
    // The message comes first and opens a ticket, which the event then ends.
    floor.event("c", EventKind::CustomerLeft).await;
    assert!(message.await.unwrap().unwrap().outcome.ticket.is_some());
    assert!(floor.dispatch.tickets().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_event_ends_the_wait_for_a_burst() {
    let floor = Floor::new();
    let start = tokio::time::Instant::now();
    let message = floor.begin(words("c", "r1", "route"), HandleOptions::default()).await;
    floor.event("c", EventKind::Cancel).await;
    message.await.unwrap().unwrap();
    assert_eq!(start.elapsed().as_millis(), 0);
    assert!(floor.dispatch.tickets().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_message_taken_back_is_forgotten() {
    let floor = Floor::new();
    let withdraw = |request: &str| EventKind::Withdrawn(RequestId::new(request).unwrap());
    floor.say("c", "r1", "answer a").await;
    floor.event("c", withdraw("r1")).await;
    assert!(floor.view("c").lines.iter().all(|line| line.by != Speaker::Customer));
    // One that waits is not decided, and its number is no gap.
    let slow = floor.begin(numbered("d", "r1", 1, "answer slow"), HandleOptions::default()).await;
    let back = floor.begin(numbered("d", "r2", 2, "answer b"), HandleOptions::default()).await;
    let next = floor.begin(numbered("d", "r3", 3, "answer c"), HandleOptions::default()).await;
    floor.event("d", withdraw("r2")).await;
    assert_eq!(back.await.unwrap().unwrap_err(), DispatchError::Withdrawn);
    slow.await.unwrap().unwrap();
    let start = tokio::time::Instant::now();
    next.await.unwrap().unwrap();
    assert_eq!(start.elapsed().as_millis(), 0);
    assert!(!floor.read().contains(&"answer b".to_owned()));
}

fn verdict(request: &str, decision: &DecisionId, verdict: Verdict) -> Feedback {
    Feedback {
        request_id: RequestId::new(request).unwrap(),
        decision_id: decision.clone(),
        verdict,
        source: FeedbackSource::Agent,
        correct_article: None,
        comment: String::new(),
    }
}

#[tokio::test(start_paused = true)]
async fn verdicts_are_counted_once_and_bounded() {
    let floor = Floor::with(|setting| setting.config.bounds.verdicts = 2);
    let decision = floor.say("c", "r1", "answer a").await.decision_id.clone();
    let give = async |request: &str, decision: &DecisionId, given: Verdict| {
        floor.dispatch.feedback(&caller(), verdict(request, decision, given)).await
    };
    let unknown = DecisionId::new("unknown").unwrap();
    assert_eq!(give("f1", &unknown, Verdict::Right).await, Err(DispatchError::DecisionNotFound));
    assert_eq!(give("f1", &decision, Verdict::Right).await, Ok(()));
    assert_eq!(give("f1", &decision, Verdict::Right).await, Ok(()));
    assert_eq!(give("f1", &decision, Verdict::Wrong).await, Err(DispatchError::RequestIdReused));
    assert_eq!(floor.dispatch.feedback_counts()[&(Verdict::Right, FeedbackSource::Agent)], 1);
    assert_eq!(give("f2", &decision, Verdict::Wrong).await, Ok(()));
    assert_eq!(give("f3", &decision, Verdict::Wrong).await, Ok(()));
    assert_eq!(floor.dispatch.feedback_counts()[&(Verdict::Wrong, FeedbackSource::Agent)], 2);
    let kept: Vec<_> = floor.dispatch.verdicts().into_iter().map(|kept| kept.request_id).collect();
    assert_eq!(kept, [RequestId::new("f2").unwrap(), RequestId::new("f3").unwrap()]);
}

#[tokio::test(start_paused = true)]
async fn a_defect_ends_one_job_and_the_conversation_lives_on() {
    let floor = Floor::new();
    let slow = floor.begin(words("c", "r1", "slow defect"), HandleOptions::default()).await;
    let behind = floor.begin(words("c", "r2", "answer a"), HandleOptions::default()).await;
    assert_eq!(slow.await.unwrap().unwrap_err(), DispatchError::Abandoned);
    assert_eq!(behind.await.unwrap().unwrap_err(), DispatchError::Abandoned);
    assert_eq!(said(&*floor.say("c", "r2", "answer a").await), ["About a."]);
    assert_eq!(floor.dispatch.in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn draining_refuses_the_new_and_waits_for_the_rest() {
    let floor = Floor::new();
    let slow = floor.begin(words("c", "r1", "answer slow"), HandleOptions::default()).await;
    let dispatch = std::sync::Arc::clone(&floor.dispatch);
    let drained = tokio::spawn(async move { dispatch.drain().await });
    breathe().await;
    let refused = floor.handle(words("d", "r1", "answer a"), HandleOptions::default()).await;
    assert_eq!(refused.unwrap_err(), DispatchError::Draining);
    assert!(!drained.is_finished());
    slow.await.unwrap().unwrap();
    drained.await.unwrap();
    assert_eq!(floor.dispatch.in_flight(), 0);
}
