//! Nothing grows without end.

use super::floor::*;
use crate::decision::Evidence;
use crate::dispatch::recorded::weight;
use crate::dispatch::{DispatchError, HandleOptions, Outcome};
use crate::message::{Channel, Message};

#[tokio::test(start_paused = true)]
async fn an_unknown_channel_is_refused() {
    let floor = Floor::new();
    let message =
        Message { channel: Channel::new("pager").unwrap(), ..words("c", "r1", "answer a") };
    let refused = floor.handle(message, HandleOptions::default()).await.unwrap_err();
    assert_eq!(refused, DispatchError::ChannelUnknown { channel: "pager".to_owned() });
}

#[tokio::test(start_paused = true)]
async fn the_messages_of_a_conversation_that_wait_are_bounded() {
    let floor = Floor::with(|setting| setting.config.bounds.waiting = 2);
    let mut begun = Vec::new();
    for request in ["r1", "r2"] {
        begun.push(floor.begin(words("c", request, "answer slow"), HandleOptions::default()).await);
    }
    let refused = floor.handle(words("c", "r3", "answer a"), HandleOptions::default()).await;
    assert_eq!(refused.unwrap_err(), DispatchError::ConversationBusy { limit: 2 });
    floor.say("other", "r1", "answer a").await;
    for task in begun {
        task.await.unwrap().unwrap();
    }
    floor.say("c", "r3", "answer a").await;
}

#[tokio::test(start_paused = true)]
async fn the_calls_in_flight_are_bounded() {
    let floor = Floor::with(|setting| setting.config.bounds.in_flight = 1);
    let slow = floor.begin(words("c", "r1", "answer slow"), HandleOptions::default()).await;
    let refused = floor.handle(words("d", "r1", "answer a"), HandleOptions::default()).await;
    assert_eq!(refused.unwrap_err(), DispatchError::TooManyInFlight { limit: 1 });
    slow.await.unwrap().unwrap();
    floor.say("d", "r1", "answer a").await;
}

#[tokio::test(start_paused = true)]
async fn the_longest_idle_conversation_without_a_ticket_makes_room() {
    let floor = Floor::with(|setting| setting.config.bounds.conversations = 3);
    let knows = |name: &str| floor.dispatch.conversation(&caller(), &conversation_id(name)).is_ok();
    floor.say("ticket", "r1", "person").await;
    floor.say("old", "r1", "answer a").await;
    floor.say("young", "r1", "answer a").await;
    floor.say("old", "r2", "answer b").await;
    floor.say("new", "r1", "answer a").await;
    assert_eq!(["ticket", "old", "young", "new"].map(knows), [true, true, false, true]);
}

#[tokio::test(start_paused = true)]
async fn where_none_is_idle_a_new_conversation_is_refused() {
    let floor = Floor::with(|setting| setting.config.bounds.conversations = 1);
    let ticket = floor.say("a", "r1", "person").await.ticket.clone().unwrap();
    let refused = floor.handle(words("b", "r1", "answer a"), HandleOptions::default()).await;
    assert_eq!(refused.unwrap_err(), DispatchError::TooManyConversations { limit: 1 });
    floor.dispatch.cancel(&ticket.id).await.unwrap();
    floor.say("b", "r1", "answer a").await;
}

#[tokio::test(start_paused = true)]
async fn what_is_remembered_of_a_conversation_is_bounded() {
    let floor = Floor::with(|setting| {
        setting.config.bounds.turns = 4;
        setting.config.bounds.turn_bytes = 40;
    });
    for number in 0..5 {
        floor.say("c", &number.to_string(), "answer a").await;
    }
    let texts = |floor: &Floor| -> Vec<String> {
        floor.view("c").lines.iter().map(|line| line.text.clone()).collect()
    };
    assert_eq!(texts(&floor), ["answer a", "About a.", "answer a", "About a."]);
    floor.say("c", "long", &"长".repeat(100)).await;
    let bytes: usize = texts(&floor).iter().map(String::len).sum();
    assert!(bytes <= 40, "{bytes}");
}

#[tokio::test(start_paused = true)]
async fn the_work_on_a_conversation_ends_with_its_messages() {
    let floor = Floor::new();
    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let before = tasks();
    for conversation in 0..100 {
        floor.say(&conversation.to_string(), "r1", "answer a").await;
    }
    breathe().await;
    assert_eq!(tasks(), before);
}

/// Evidence would be half of what a decision weighs, and no reply carries it.
#[tokio::test(start_paused = true)]
async fn what_is_kept_of_a_decision_is_its_reply_without_the_evidence() {
    let floor = Floor::new();
    let outcome = floor.say("c", "r1", "answer a").await;
    assert_eq!(outcome.decision.evidence, Evidence::default());
    let kept = weight(&outcome);
    assert!((size_of::<Outcome>()..3_000).contains(&kept), "{kept}");
    let longer = floor.say("d", "r1", &format!("answer {}", "a".repeat(100))).await;
    assert!(
        weight(&longer) >= kept + 4 * 99,
        "its question, its answer in two forms, and what is said"
    );
}
