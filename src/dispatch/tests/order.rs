//! The order of a conversation, sequence numbers, deadlines, callers who leave.

use std::time::Duration;

use tokio::time::Instant;

use super::floor::*;
use crate::dispatch::{DispatchError, HandleOptions};

const PLAIN: fn() -> HandleOptions = HandleOptions::default;

#[tokio::test(start_paused = true)]
async fn one_message_of_a_conversation_at_a_time_and_no_other_held_up() {
    let floor = Floor::new();
    let slow = floor.begin(words("c", "r1", "answer slow"), PLAIN()).await;
    let next = floor.begin(words("c", "r2", "answer b"), PLAIN()).await;
    floor.say("other", "r1", "answer a").await;
    assert_eq!(floor.read(), ["answer slow", "answer a"]);
    slow.await.unwrap().unwrap();
    next.await.unwrap().unwrap();
    assert_eq!(floor.read(), ["answer slow", "answer a", "answer b"]);
}

#[tokio::test(start_paused = true)]
async fn a_thousand_conversations_each_keep_their_order() {
    let floor = Floor::with(|setting| setting.config.bounds.in_flight = 5000);
    let mut begun = Vec::new();
    for round in 0..5 {
        for conversation in 0..1000 {
            let slow = if (conversation + round) % 7 == 0 { " slow" } else { "" };
            let text = format!("answer {conversation}-{round}{slow}");
            let message = words(&conversation.to_string(), &format!("r{round}"), &text);
            let floor = floor.clone();
            begun.push(tokio::spawn(async move { floor.handle(message, PLAIN()).await }));
        }
    }
    for task in begun {
        task.await.unwrap().unwrap();
    }
    let read = floor.read();
    assert_eq!(read.len(), 5000);
    for conversation in 0..1000 {
        let name = format!("answer {conversation}-");
        let rounds: Vec<char> =
            read.iter().filter_map(|text| text.strip_prefix(&name)?.chars().next()).collect();
        assert_eq!(rounds, ['0', '1', '2', '3', '4'], "{conversation}");
    }
}

/// On real threads: numbered messages arrive in any order, every one twice, and each conversation still keeps its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn threads_race_and_the_order_stands() {
    let floor = Floor::with(|setting| {
        setting.config.bounds.in_flight = 10_000;
        setting.config.times.gap = Duration::from_hours(1);
    });
    let mut begun = Vec::new();
    for place in 0..20u64 {
        for conversation in 0..200u64 {
            // 1 to 10, each twice, in an order of its own.
            let number = 1 + (place * 7 + conversation) % 10;
            let text = format!("answer {conversation}-{number}");
            let message = numbered(&conversation.to_string(), &number.to_string(), number, &text);
            let floor = floor.clone();
            begun.push(tokio::spawn(async move { floor.handle(message, PLAIN()).await }));
        }
    }
    let mut repeated = 0;
    for task in begun {
        repeated += usize::from(task.await.unwrap().unwrap().repeated);
    }
    let read = floor.read();
    assert_eq!((read.len(), repeated, floor.dispatch.in_flight()), (2000, 2000, 0));
    for conversation in 0..200 {
        let name = format!("answer {conversation}-");
        let numbers: Vec<u64> =
            read.iter().filter_map(|text| text.strip_prefix(&name)?.parse().ok()).collect();
        assert!(numbers.is_sorted() && numbers.len() == 10, "{conversation}: {numbers:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn two_callers_never_meet_in_one_conversation() {
    let floor = Floor::new();
    floor.say("c", "r1", "answer a").await;
    let other = crate::message::CallerId::new("other").unwrap();
    assert!(floor.dispatch.conversation(&other, &conversation_id("c")).is_err());
    let handled =
        floor.dispatch.handle(&other, words("c", "r1", "answer b"), PLAIN()).await.unwrap();
    assert!(!handled.repeated);
}

#[tokio::test(start_paused = true)]
async fn numbers_order_messages_and_a_gap_is_waited_for() {
    let floor = Floor::new();
    let second = floor.begin(numbered("c", "r2", 2, "answer b"), PLAIN()).await;
    pass(1000).await;
    assert!(floor.read().is_empty());
    let first = floor.begin(numbered("c", "r1", 1, "answer a"), PLAIN()).await;
    first.await.unwrap().unwrap();
    second.await.unwrap().unwrap();
    assert_eq!(floor.read(), ["answer a", "answer b"]);
}

#[tokio::test(start_paused = true)]
async fn a_gap_is_given_up_and_its_message_comes_too_late() {
    let floor = Floor::new();
    let start = Instant::now();
    floor.handle(numbered("c", "r1", 1, "answer a"), PLAIN()).await.unwrap();
    floor.handle(numbered("c", "r3", 3, "answer c"), PLAIN()).await.unwrap();
    assert_eq!(start.elapsed(), Duration::from_secs(2));
    let late = floor.handle(numbered("c", "r2", 2, "answer b"), PLAIN()).await;
    assert_eq!(late.unwrap_err(), DispatchError::SequencePassed { sequence: 2, expected: 4 });
    // The same request again is a repeat, not a late number.
    assert!(floor.handle(numbered("c", "r3", 3, "answer c"), PLAIN()).await.unwrap().repeated);
}

#[tokio::test(start_paused = true)]
async fn a_number_seen_twice_is_refused_in_its_turn() {
    let floor = Floor::new();
    let first = floor.begin(numbered("c", "r1", 1, "answer slow"), PLAIN()).await;
    let twin = floor.begin(numbered("c", "r2", 1, "answer b"), PLAIN()).await;
    first.await.unwrap().unwrap();
    let passed = DispatchError::SequencePassed { sequence: 1, expected: 2 };
    assert_eq!(twin.await.unwrap().unwrap_err(), passed);
}

#[tokio::test(start_paused = true)]
async fn a_failed_number_may_come_again() {
    let floor = Floor::new();
    assert!(floor.handle(numbered("c", "r1", 1, "fail"), PLAIN()).await.is_err());
    let second = floor.begin(numbered("c", "r2", 2, "answer b"), PLAIN()).await;
    assert!(floor.handle(numbered("c", "r1", 1, "answer a"), PLAIN()).await.is_ok());
    assert!(second.await.unwrap().is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_deadline_ends_the_wait_for_a_gap_in_time() {
    let floor = Floor::new();
    let start = Instant::now();
    floor.handle(numbered("c", "r2", 2, "answer b"), within(1000)).await.unwrap();
    assert_eq!(start.elapsed(), Duration::from_millis(750));
}

#[tokio::test(start_paused = true)]
async fn a_deadline_that_is_past_is_refused_at_once() {
    let floor = Floor::new();
    let refused = floor.handle(words("c", "r1", "answer a"), within(0)).await;
    assert_eq!(refused.unwrap_err(), DispatchError::DeadlinePassed);
    assert!(floor.read().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_deadline_that_passes_in_the_queue_drops_the_work() {
    let floor = Floor::new();
    let slow = floor.begin(words("c", "r1", "answer slow"), PLAIN()).await;
    let late = floor.handle(words("c", "r2", "answer b"), within(500)).await;
    assert_eq!(late.unwrap_err(), DispatchError::DeadlinePassed);
    slow.await.unwrap().unwrap();
    breathe().await;
    assert_eq!(floor.read(), ["answer slow"]);
    // Nothing was recorded: the same request with more time is decided.
    assert!(!floor.handle(words("c", "r2", "answer b"), PLAIN()).await.unwrap().repeated);
}

#[tokio::test(start_paused = true)]
async fn a_deadline_that_passes_at_work_takes_the_wish_away() {
    let floor = Floor::new();
    let late = floor.handle(words("c", "r1", "slow urgent"), within(500)).await;
    assert_eq!(late.unwrap_err(), DispatchError::DeadlinePassed);
    pass(1000).await;
    assert_eq!(floor.unwanted(), 1);
    assert!(floor.dispatch.tickets().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_leaves_takes_the_work_along() {
    let floor = Floor::new();
    let slow = floor.begin(words("c", "r1", "answer slow"), PLAIN()).await;
    let gone = floor.begin(words("c", "r2", "urgent"), PLAIN()).await;
    gone.abort();
    slow.await.unwrap().unwrap();
    breathe().await;
    assert_eq!(floor.read(), ["answer slow"]);
    assert!(floor.dispatch.tickets().is_empty());
}
