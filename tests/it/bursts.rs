//! Many messages at once through the whole service, by plain calls: what belongs together is read together, what was handled
//! stays handled, and no conversation loses its order to another.

use std::time::Duration;

use firstline::proto::v1;
use firstline::proto::v1::transcript_entry;
use firstline::server::Running;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tonic::Code;

use crate::support::{ANSWERED, Fault, HOLD, ROUTED, ask, gateway, message, service};

/// Sends a message in a task of its own; what comes back is the whole reply.
fn begin(
    gateway: &mut v1::triage_service_client::TriageServiceClient<tonic::transport::Channel>,
    request: v1::HandleRequest,
) -> tokio::task::JoinHandle<Result<v1::HandleResponse, tonic::Status>> {
    let mut gateway = gateway.clone();
    tokio::spawn(async move { Ok(gateway.handle(request).await?.into_inner()) })
}

async fn transcript(service: &Running, conversation: &str) -> Vec<String> {
    let read = v1::GetConversationRequest { conversation_id: conversation.to_owned() };
    let view = gateway(service).await.get_conversation(read).await.unwrap().into_inner();
    let customers = |entry: v1::TranscriptEntry| match entry.entry? {
        transcript_entry::Entry::Customer(message) => Some(message.request_id),
        transcript_entry::Entry::Said(_) | transcript_entry::Entry::Note(_) => None,
    };
    view.transcript.into_iter().filter_map(customers).collect()
}

#[tokio::test]
async fn two_messages_within_the_hold_are_read_together() {
    let service = service().await;
    let mut gateway = gateway(&service).await;
    let begun = Instant::now();
    let first = begin(&mut gateway, ask("c1", "r1", ROUTED));
    sleep(HOLD / 3).await;
    let second = begin(&mut gateway, ask("c1", "r2", "yellow harbour"));
    let first = first.await.unwrap().unwrap().decision.unwrap();
    let second = second.await.unwrap().unwrap().decision.unwrap();
    assert!(begun.elapsed() >= HOLD, "decided after {:?}", begun.elapsed());
    assert_eq!(first, second);
    assert_eq!(first.request_ids, ["r1", "r2"]);
    assert!(first.parts.iter().any(|part| part.text.contains("harbour")), "{:?}", first.parts);
}

#[tokio::test]
async fn after_the_hold_a_message_is_read_alone() {
    let service = service().await;
    let mut gateway = gateway(&service).await;
    let first = begin(&mut gateway, ask("c1", "r1", ROUTED)).await.unwrap().unwrap();
    let second = begin(&mut gateway, ask("c1", "r2", ROUTED)).await.unwrap().unwrap();
    let (first, second) = (first.decision.unwrap(), second.decision.unwrap());
    assert_ne!(first.decision_id, second.decision_id);
    assert_eq!((first.action(), second.action()), (v1::Action::Route, v1::Action::Forward));
}

#[tokio::test]
async fn a_repeat_during_the_hold_waits_with_the_first() {
    let service = service().await;
    let mut gateway = gateway(&service).await;
    let first = begin(&mut gateway, ask("c1", "r1", ROUTED));
    sleep(HOLD / 3).await;
    let again = begin(&mut gateway, ask("c1", "r1", ROUTED));
    let other = begin(&mut gateway, ask("c1", "r1", ANSWERED)).await.unwrap().unwrap_err();
    Fault::of(&other).expect(Code::AlreadyExists, "REQUEST_ID_REUSED");
    let (first, again) = (first.await.unwrap().unwrap(), again.await.unwrap().unwrap());
    assert_eq!((first.repeated_request, again.repeated_request), (false, true));
    assert_eq!(first.decision, again.decision);
    assert_eq!(first.decision.unwrap().request_ids, ["r1"]);
}

/// Fifty conversations of four messages, all under way at once; each conversation's arrive in an order of their own.
#[tokio::test]
async fn fifty_conversations_at_once_each_keep_their_order() {
    let service = service().await;
    let gateway = gateway(&service).await;
    let mut calls = JoinSet::new();
    for place in 0..4 {
        for conversation in 0..50u64 {
            let sequence = (place + conversation) % 4 + 1;
            let (conversation, request) = (format!("c{conversation}"), format!("r{sequence}"));
            let numbered =
                v1::CustomerMessage { sequence, ..message(&conversation, &request, ANSWERED) };
            let call = v1::HandleRequest { message: Some(numbered), ..Default::default() };
            let mut gateway = gateway.clone();
            calls.spawn(async move { gateway.handle(call).await.unwrap().into_inner() });
            tokio::task::yield_now().await;
        }
    }
    let replies = tokio::time::timeout(Duration::from_mins(1), calls.join_all()).await.unwrap();
    let decisions = replies.iter().filter_map(|reply| reply.decision.as_ref());
    assert_eq!(decisions.filter(|one| one.action() == v1::Action::Answer).count(), 200);
    for conversation in 0..50 {
        let order = transcript(&service, &format!("c{conversation}")).await;
        assert_eq!(order, ["r1", "r2", "r3", "r4"], "c{conversation}");
    }
}
