//! Idempotency.

use std::time::Duration;

use super::floor::*;
use crate::dispatch::{DispatchError, HandleOptions};
use crate::message::{Content, Language, Message};

#[tokio::test(start_paused = true)]
async fn a_repeat_gets_the_recorded_outcome() {
    let floor = Floor::new();
    let first = floor.handle(words("c", "r1", "urgent"), HandleOptions::default()).await.unwrap();
    let again = floor.handle(words("c", "r1", "urgent"), HandleOptions::default()).await.unwrap();
    assert!(!first.repeated && again.repeated);
    assert_eq!(first.outcome, again.outcome);
    assert_eq!(floor.read().len(), 1);
    assert_eq!(floor.dispatch.tickets().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_repeat_while_in_progress_waits_for_the_same_one() {
    let floor = Floor::new();
    let first = floor.begin(words("c", "r1", "answer slow"), HandleOptions::default()).await;
    let again = floor.begin(words("c", "r1", "answer slow"), HandleOptions::default()).await;
    let (first, again) = (first.await.unwrap().unwrap(), again.await.unwrap().unwrap());
    assert!(!first.repeated && again.repeated);
    assert_eq!(first.outcome, again.outcome);
    assert_eq!(floor.read().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_repeat_keeps_alive_what_its_first_caller_left() {
    let floor = Floor::new();
    let first = floor.begin(words("c", "r1", "answer slow"), HandleOptions::default()).await;
    let again = floor.begin(words("c", "r1", "answer slow"), HandleOptions::default()).await;
    first.abort();
    assert!(again.await.unwrap().unwrap().repeated);
    assert_eq!(floor.unwanted(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_body_of_a_repeat_must_be_the_same() {
    let original = || words("c", "r1", "answer a");
    let check = async |repeat: Message, same: bool| {
        let floor = Floor::new();
        floor.handle(original(), HandleOptions::default()).await.unwrap();
        let second = floor.handle(repeat.clone(), HandleOptions::default()).await;
        match second {
            Ok(handled) => assert_eq!(handled.repeated, same, "{repeat:?}"),
            Err(error) => {
                assert_eq!((error, same), (DispatchError::RequestIdReused, false), "{repeat:?}");
            }
        }
    };
    check(original(), true).await;
    check(words("c", "r1", "answer b"), false).await;
    check(words("other", "r1", "answer b"), false).await;
    check(message("c", "r1", Content::Opening), false).await;
    check(Message { language_hint: Some(Language::ZH), ..original() }, false).await;
    check(Message { attributes: [("vip".to_owned(), "1".to_owned())].into(), ..original() }, false)
        .await;
    // What a gateway's resend may differ in.
    check(Message { sequence: Some(7), customer_name: Some("Ana".to_owned()), ..original() }, true)
        .await;
}

#[tokio::test(start_paused = true)]
async fn the_body_is_compared_while_in_progress_too() {
    let floor = Floor::new();
    let first = floor.begin(words("c", "r1", "answer slow"), HandleOptions::default()).await;
    let other = floor.handle(words("c", "r1", "answer b"), HandleOptions::default()).await;
    assert_eq!(other.unwrap_err(), DispatchError::RequestIdReused);
    assert!(first.await.unwrap().is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_not_recorded() {
    let floor = Floor::new();
    for reads in 1..=2 {
        let failed = floor.handle(words("c", "r1", "fail"), HandleOptions::default()).await;
        assert_eq!(failed.unwrap_err(), DispatchError::Stage(problem()));
        assert_eq!(floor.read().len(), reads);
    }
}

#[tokio::test(start_paused = true)]
async fn outcomes_are_forgotten_by_age_number_and_bytes() {
    let day = Duration::from_hours(24);
    let check = async |outcomes: usize, bytes: usize, wait: Duration, remembered: bool| {
        let floor = Floor::with(|setting| {
            setting.config.bounds.outcomes = outcomes;
            setting.config.bounds.outcome_bytes = bytes;
        });
        floor.say("c", "r1", "answer a").await;
        floor.say("c", "r2", "answer b").await;
        tokio::time::advance(wait).await;
        let again =
            floor.handle(words("c", "r1", "answer a"), HandleOptions::default()).await.unwrap();
        assert_eq!(again.repeated, remembered, "{outcomes} {bytes} {wait:?}");
    };
    check(100, 1 << 20, Duration::ZERO, true).await;
    check(100, 1 << 20, Duration::from_mins(24 * 60 - 1), true).await;
    check(100, 1 << 20, day, false).await;
    check(1, 1 << 20, Duration::ZERO, false).await;
    check(100, 2000, Duration::ZERO, false).await;
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_leaves_nothing() {
    let floor = Floor::new();
    let dry = HandleOptions { dry_run: true, ..HandleOptions::default() };
    let rehearsed = floor.handle(words("c", "r1", "urgent"), dry).await.unwrap().outcome;
    assert_eq!(rehearsed.route, Some(crate::dispatch::RouteOutcome::WouldQueue));
    assert_eq!(said(&rehearsed), ["HandOver"]);
    assert!(rehearsed.ticket.is_none() && floor.dispatch.tickets().is_empty());
    let unknown = floor.dispatch.conversation(&caller(), &conversation_id("c"));
    assert_eq!(unknown.unwrap_err(), DispatchError::ConversationNotFound);
    // The request id is still free, and a real conversation stays as it is.
    assert!(
        !floor
            .handle(words("c", "r1", "clarify"), HandleOptions::default())
            .await
            .unwrap()
            .repeated
    );
    let before = floor.view("c");
    let chosen = floor.handle(words("c", "r2", "1"), dry).await.unwrap().outcome;
    assert_eq!(said(&chosen), ["About returns."]);
    assert_eq!(floor.view("c"), before);
}
