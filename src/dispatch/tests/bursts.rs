//! Messages in bursts.

use std::time::Duration;

use tokio::time::Instant;

use super::floor::*;
use crate::decision::Action;
use crate::dispatch::{EventKind, HandleOptions};
use crate::message::{Channel, Content, Message, RequestId};

const HOLD: u64 = 1500;

/// How long one message takes, in milliseconds.
async fn time_of(text: &str, options: HandleOptions) -> u128 {
    let start = Instant::now();
    Floor::new().handle(words("c", "r1", text), options).await.unwrap();
    start.elapsed().as_millis()
}

#[tokio::test(start_paused = true)]
async fn only_what_more_words_could_change_is_held() {
    let no_hold = HandleOptions { no_hold: true, ..HandleOptions::default() };
    let check = async |text: &str, options: HandleOptions, expect: u64| {
        assert_eq!(time_of(text, options).await, u128::from(expect), "{text} {options:?}");
    };
    check("route", HandleOptions::default(), HOLD).await;
    check("clarify", HandleOptions::default(), HOLD).await;
    check("answer a+route", HandleOptions::default(), HOLD).await;
    check("answer a", HandleOptions::default(), 0).await;
    check("thanks", HandleOptions::default(), 0).await;
    check("urgent", HandleOptions::default(), 0).await;
    check("person", HandleOptions::default(), 0).await;
    check("route+urgent", HandleOptions::default(), 0).await;
    check("route", no_hold, 0).await;
    // Within the caller's deadline, with a margin for the decision.
    check("route", within(1000), 750).await;
    check("route", within(5000), HOLD).await;
    check("route", within(200), 0).await;
}

#[tokio::test(start_paused = true)]
async fn a_hold_of_zero_is_off() {
    let floor = Floor::with(|setting| setting.config.times.hold = Duration::ZERO);
    let start = Instant::now();
    floor.say("c", "r1", "route").await;
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_burst_is_read_as_one_and_every_request_gets_the_same_decision() {
    let floor = Floor::new();
    let start = Instant::now();
    let first = floor.begin(words("c", "r1", "my"), HandleOptions::default()).await;
    pass(600).await;
    let second = floor.begin(words("c", "r2", "question"), HandleOptions::default()).await;
    let (first, second) = (first.await.unwrap().unwrap(), second.await.unwrap().unwrap());
    assert_eq!(start.elapsed(), Duration::from_millis(600));
    assert_eq!(first.outcome, second.outcome);
    assert_eq!(first.outcome.decision.action, Action::Answer);
    let ids: Vec<&str> = first.outcome.request_ids.iter().map(RequestId::as_str).collect();
    assert_eq!(ids, ["r1", "r2"]);
    assert_eq!(floor.read(), ["my", "my\nquestion"]);
    assert_eq!(first.outcome.timings.held, Duration::from_millis(600));
    assert_eq!(first.outcome.timings.total, Duration::ZERO);
    assert_eq!(first.outcome.timings.encodings, 2);
    for request in ["r1", "r2"] {
        let text = if request == "r1" { "my" } else { "question" };
        let again =
            floor.handle(words("c", request, text), HandleOptions::default()).await.unwrap();
        assert!(again.repeated && again.outcome == first.outcome);
    }
}

#[tokio::test(start_paused = true)]
async fn one_wait_for_the_whole_burst() {
    let floor = Floor::new();
    let start = Instant::now();
    let first = floor.begin(words("c", "r1", "route"), HandleOptions::default()).await;
    pass(1000).await;
    floor.say("c", "r2", "route").await;
    assert_eq!(start.elapsed(), Duration::from_millis(HOLD));
    assert_eq!(first.await.unwrap().unwrap().outcome.request_ids.len(), 2);
    assert_eq!(floor.dispatch.tickets().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_urgent_word_ends_the_wait() {
    let floor = Floor::new();
    let start = Instant::now();
    let first = floor.begin(words("c", "r1", "route"), HandleOptions::default()).await;
    pass(300).await;
    floor.say("c", "r2", "urgent").await;
    assert_eq!(start.elapsed(), Duration::from_millis(300));
    assert_eq!(first.await.unwrap().unwrap().outcome.request_ids.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_earliest_deadline_of_a_burst_ends_the_wait() {
    let floor = Floor::new();
    let start = Instant::now();
    let first = floor.begin(words("c", "r1", "route"), HandleOptions::default()).await;
    pass(100).await;
    floor.handle(words("c", "r2", "route"), within(650)).await.unwrap();
    assert_eq!(start.elapsed(), Duration::from_millis(500));
    first.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_stands_for_itself_ends_the_wait_and_comes_next() {
    let tap = Content::Opening;
    let wechat = Message { channel: Channel::new("wechat").unwrap(), ..words("c", "r2", "thanks") };
    let long = words("c", "r2", &"x".repeat(8 << 10));
    for second in [message("c", "r2", tap), wechat, long] {
        let floor = Floor::new();
        let start = Instant::now();
        let first = floor.begin(words("c", "r1", "route"), HandleOptions::default()).await;
        pass(200).await;
        let second = floor.begin(second, HandleOptions::default()).await;
        assert_eq!(first.await.unwrap().unwrap().outcome.request_ids.len(), 1);
        assert_eq!(start.elapsed(), Duration::from_millis(200));
        assert_eq!(second.await.unwrap().unwrap().outcome.request_ids.len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_picture_and_its_words_are_one() {
    let floor = Floor::new();
    let picture =
        || Content::Attachment { kind: "image".into(), uri: "u".into(), caption: String::new() };
    let first = floor.begin(message("c", "r1", picture()), HandleOptions::default()).await;
    pass(200).await;
    let outcome = floor.say("c", "r2", "answer a").await;
    assert_eq!(outcome.request_ids.len(), 2);
    assert_eq!(floor.last_turn().text, "answer a");
    first.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_message_taken_back_in_the_wait_is_not_decided() {
    let floor = Floor::new();
    let first = floor.begin(words("c", "r1", "route"), HandleOptions::default()).await;
    let second = floor.begin(words("c", "r2", "route"), HandleOptions::default()).await;
    pass(200).await;
    floor.event("c", EventKind::Withdrawn(RequestId::new("r1").unwrap())).await;
    assert_eq!(first.await.unwrap().unwrap_err(), crate::dispatch::DispatchError::Withdrawn);
    let second = second.await.unwrap().unwrap().outcome;
    assert_eq!(second.request_ids.len(), 1);
    assert_eq!(floor.last_turn().text, "route");
}

#[tokio::test(start_paused = true)]
async fn a_burst_that_everybody_left_opens_no_ticket() {
    let floor = Floor::new();
    let first = floor.begin(words("c", "r1", "route"), HandleOptions::default()).await;
    first.abort();
    pass(HOLD + 100).await;
    assert!(floor.dispatch.tickets().is_empty());
}

#[tokio::test(start_paused = true)]
async fn numbers_order_a_burst() {
    let floor = Floor::new();
    let first = floor.begin(numbered("c", "r1", 1, "my"), HandleOptions::default()).await;
    let third = floor.begin(numbered("c", "r3", 3, "route"), HandleOptions::default()).await;
    pass(100).await;
    assert_eq!(floor.read(), ["my"]);
    let second = floor.begin(numbered("c", "r2", 2, "question"), HandleOptions::default()).await;
    assert_eq!(first.await.unwrap().unwrap().outcome.request_ids.len(), 2);
    second.await.unwrap().unwrap();
    assert_eq!(third.await.unwrap().unwrap().outcome.request_ids.len(), 1);
    assert_eq!(floor.read(), ["my", "my\nquestion", "route"]);
}
