//! The stream: order within a conversation, none across, and nothing that one frame can do to the others.

use std::collections::BTreeMap;
use std::time::Duration;

use firstline::proto::v1::converse_request::Frame as Send;
use firstline::proto::v1::converse_response::Frame;
use firstline::proto::v1::{self, conversation_event};
use firstline::server::Running;
use tokio::sync::mpsc;
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Streaming};

use crate::support::{
    ANSWERED, Fault, HOLD, ROUTED, gateway, lives, message, service, service_with,
};

/// Longer than anything here should take; a test that waits so long has failed.
const PATIENCE: Duration = Duration::from_secs(10);

/// A gateway's end of a stream.
pub(crate) struct Stream {
    send: mpsc::Sender<v1::ConverseRequest>,
    replies: Streaming<v1::ConverseResponse>,
}

impl Stream {
    /// Opens a stream without attaching.
    async fn open(service: &Running) -> Self {
        let (send, frames) = mpsc::channel(64);
        let replies = gateway(service).await.converse(ReceiverStream::new(frames)).await.unwrap();
        Self { send, replies: replies.into_inner() }
    }

    /// Opens a stream and attaches.
    pub(crate) async fn attach(service: &Running, at_once: u32) -> Self {
        let mut stream = Self::open(service).await;
        let attach = v1::Attach { max_unacknowledged: at_once, ..Default::default() };
        stream.send(Send::Attach(attach)).await;
        let Frame::Attached(attached) = stream.next().await else { panic!("not attached") };
        assert_eq!(attached.server_version, env!("CARGO_PKG_VERSION"));
        assert!(!attached.bundle.unwrap().hash.is_empty());
        stream
    }

    async fn send(&self, frame: Send) {
        self.send.send(v1::ConverseRequest { frame: Some(frame) }).await.unwrap();
    }

    pub(crate) async fn say(&self, conversation: &str, request: &str, text: &str) {
        self.send(Send::Message(message(conversation, request, text))).await;
    }

    async fn reply(&mut self) -> Option<Result<v1::ConverseResponse, tonic::Status>> {
        tokio::time::timeout(PATIENCE, self.replies.next()).await.expect("no reply in time")
    }

    async fn next(&mut self) -> Frame {
        let reply = self.reply().await.expect("the stream ended").unwrap();
        assert!(reply.at.is_some());
        reply.frame.unwrap()
    }

    async fn problem(&mut self) -> v1::Problem {
        let frame = self.next().await;
        let Frame::Problem(problem) = frame else { panic!("no problem: {frame:?}") };
        problem
    }

    /// The next event of the desk, whatever stands before it.
    pub(crate) async fn event(&mut self) -> v1::ConverseResponse {
        loop {
            let reply = self.reply().await.expect("the stream ended").unwrap();
            if reply.event_sequence > 0 {
                assert!(!reply.cursor.is_empty());
                return reply;
            }
        }
    }

    /// The next decision, whatever stands before it.
    pub(crate) async fn decision_past_events(&mut self) -> v1::Decision {
        loop {
            if let Frame::Decision(decision) = self.next().await {
                return *decision;
            }
        }
    }

    /// The next decision, whatever receipts stand before it.
    pub(crate) async fn decision(&mut self) -> v1::Decision {
        loop {
            let frame = self.next().await;
            if let Frame::Decision(decision) = frame {
                return *decision;
            }
            assert!(matches!(frame, Frame::Receipt(_)), "no decision: {frame:?}");
        }
    }
}

#[tokio::test]
async fn a_message_gets_a_receipt_and_then_a_decision() {
    let service = service().await;
    let mut stream = Stream::attach(&service, 0).await;
    for (request, place) in [("r1", 1), ("r2", 2)] {
        stream.say("c1", request, ANSWERED).await;
        let Frame::Receipt(receipt) = stream.next().await else { panic!("no receipt") };
        assert_eq!((receipt.request_id.as_str(), receipt.sequence), (request, place));
        let Frame::Decision(decision) = stream.next().await else { panic!("no decision") };
        assert_eq!(decision.request_ids, [request]);
    }
}

#[tokio::test]
async fn a_slow_conversation_does_not_hold_up_another() {
    let service = service().await;
    let mut stream = Stream::attach(&service, 0).await;
    stream.say("slow", "r1", ROUTED).await;
    stream.say("quick", "r1", ANSWERED).await;
    assert_eq!(stream.decision().await.conversation_id, "quick");
    assert_eq!(stream.decision().await.conversation_id, "slow");
}

#[tokio::test]
async fn a_conversation_is_answered_in_its_order() {
    let service = service().await;
    let mut stream = Stream::attach(&service, 0).await;
    let requests: Vec<String> = (0..20).map(|number| format!("r{number:02}")).collect();
    for request in &requests {
        for conversation in ["a", "b", "c"] {
            stream.say(conversation, request, ANSWERED).await;
        }
    }
    let mut answered: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for _ in 0..60 {
        let decision = stream.decision().await;
        answered.entry(decision.conversation_id).or_default().extend(decision.request_ids);
    }
    assert!(answered.values().all(|order| *order == requests), "{answered:?}");
}

#[tokio::test]
async fn a_burst_is_decided_as_one_and_each_message_gets_it() {
    let service = service().await;
    let mut stream = Stream::attach(&service, 0).await;
    stream.say("c1", "r1", ROUTED).await;
    stream.say("c1", "r2", ROUTED).await;
    let (first, second) = (stream.decision().await, stream.decision().await);
    assert_eq!(first.request_ids, ["r1", "r2"]);
    assert_eq!(first, second);
}

#[tokio::test]
async fn one_bad_frame_never_ends_the_stream() {
    let service = service().await;
    let mut stream = Stream::attach(&service, 0).await;
    let mut check = async |frame: Option<Send>, code, reason: &str| {
        stream.send.send(v1::ConverseRequest { frame }).await.unwrap();
        let problem = stream.problem().await;
        Fault::of_problem(&problem).expect(code, reason);
        problem
    };
    let long = "长".repeat(350_000);
    let invalid = Code::InvalidArgument;
    check(None, invalid, "FRAME_UNREADABLE").await;
    check(Some(Send::Message(message("", "r1", ANSWERED))), invalid, "FIELD_MISSING").await;
    let problem =
        check(Some(Send::Message(message("c1", "r1", &long))), invalid, "TEXT_TOO_LONG").await;
    assert_eq!(problem.request_id, "r1");
    assert_eq!(problem.fields[0].field, "message.text.text");
    assert!(!format!("{problem:?}").contains('长'), "customer text in an error");
    check(Some(Send::Message(message("c\u{1}", "r1", ANSWERED))), invalid, "FIELD_INVALID").await;
    let unknown =
        v1::CustomerMessage { channel: "pigeon".to_owned(), ..message("c1", "r1", ANSWERED) };
    stream.send(Send::Message(unknown)).await;
    assert!(matches!(stream.next().await, Frame::Receipt(_)));
    Fault::of_problem(&stream.problem().await).expect(invalid, "CHANNEL_UNKNOWN");
    stream.send(Send::Attach(v1::Attach::default())).await;
    let again = Fault::of_problem(&stream.problem().await);
    again.expect(Code::FailedPrecondition, "ATTACHED_ALREADY");
    stream.send(Send::Event(v1::ConversationEvent::default())).await;
    Fault::of_problem(&stream.problem().await).expect(invalid, "FIELD_MISSING");
    stream.say("c1", "r2", ANSWERED).await;
    assert_eq!(stream.decision().await.request_ids, ["r2"]);
    lives(&service).await;
}

#[tokio::test]
async fn a_reused_id_is_a_problem_of_its_own() {
    let service = service().await;
    let mut stream = Stream::attach(&service, 0).await;
    stream.say("c1", "r1", ANSWERED).await;
    stream.decision().await;
    stream.say("c1", "r1", ROUTED).await;
    assert!(matches!(stream.next().await, Frame::Receipt(_)));
    let fault = Fault::of_problem(&stream.problem().await);
    fault.expect(Code::AlreadyExists, "REQUEST_ID_REUSED");
    stream.say("c1", "r1", ANSWERED).await;
    assert_eq!(stream.decision().await.request_ids, ["r1"], "the earlier reply still stands");
}

#[tokio::test]
async fn the_first_frame_attaches() {
    let service = service().await;
    let mut stream = Stream::open(&service).await;
    stream.say("c1", "r1", ANSWERED).await;
    let problem = stream.problem().await;
    assert_eq!(problem.request_id, "r1");
    Fault::of_problem(&problem).expect(Code::FailedPrecondition, "NOT_ATTACHED");
    stream.send(Send::Attach(v1::Attach::default())).await;
    assert!(matches!(stream.next().await, Frame::Attached(_)));
    stream.say("c1", "r1", ANSWERED).await;
    stream.decision().await;
}

#[tokio::test]
async fn an_event_takes_its_place_in_the_conversation() {
    let service = service().await;
    let mut stream = Stream::attach(&service, 0).await;
    stream.say("c1", "r1", ROUTED).await;
    let left = v1::ConversationEvent {
        request_id: "e1".to_owned(),
        conversation_id: "c1".to_owned(),
        event: Some(conversation_event::Event::CustomerLeft(v1::CustomerLeft {})),
    };
    assert!(matches!(stream.next().await, Frame::Receipt(_)));
    stream.send(Send::Event(left)).await;
    assert_eq!(stream.decision().await.action(), v1::Action::Route);
    let Frame::Ticket(ticket) = stream.next().await else { panic!("no word of the ticket") };
    assert_eq!(ticket.reason(), v1::TicketReason::CustomerLeft);
    let Frame::Receipt(receipt) = stream.next().await else { panic!("no receipt") };
    assert_eq!((receipt.request_id.as_str(), receipt.sequence), ("e1", 2));
    let read = v1::GetConversationRequest { conversation_id: "c1".to_owned() };
    let view = gateway(&service).await.get_conversation(read).await.unwrap().into_inner();
    assert_eq!(view.ticket, None, "the ticket went with the customer");
}

#[tokio::test]
async fn half_closing_drains() {
    let service = service().await;
    let mut stream = Stream::attach(&service, 0).await;
    stream.say("slow", "r1", ROUTED).await;
    stream.say("quick", "r1", ANSWERED).await;
    let (send, _) = mpsc::channel(1);
    drop(std::mem::replace(&mut stream.send, send));
    stream.decision().await;
    stream.decision().await;
    assert!(stream.reply().await.is_none(), "the stream ends when all is answered");
}

#[tokio::test]
async fn beyond_the_limit_frames_stay_unread() {
    let service = service().await;
    let mut stream = Stream::attach(&service, 1).await;
    stream.say("slow", "r1", ROUTED).await;
    stream.say("quick", "r1", ANSWERED).await;
    let mut seen = Vec::new();
    while seen.len() < 4 {
        let frame = stream.next().await;
        if let Frame::Receipt(receipt) = &frame {
            seen.push(format!("receipt {}", receipt.sequence));
        } else if let Frame::Decision(decision) = &frame {
            seen.push(format!("decision {}", decision.conversation_id));
        }
    }
    // With room for one, the second message is not even read before the first is answered.
    assert_eq!(seen, ["receipt 1", "decision slow", "receipt 2", "decision quick"]);
}

#[tokio::test]
async fn a_service_that_stops_tells_its_streams_first() {
    let service = service().await;
    let mut stream = Stream::attach(&service, 0).await;
    stream.say("c1", "r1", ROUTED).await;
    assert!(matches!(stream.next().await, Frame::Receipt(_)));
    let stopping = tokio::spawn(service.shutdown());
    let Frame::Draining(draining) = stream.next().await else { panic!("not told") };
    assert!(draining.deadline.is_some());
    assert_eq!(stream.decision().await.action(), v1::Action::Route, "what was begun is finished");
    let (send, _) = mpsc::channel(1);
    drop(std::mem::replace(&mut stream.send, send));
    assert!(stream.reply().await.is_none());
    stopping.await.unwrap();
}

#[tokio::test]
async fn a_stream_that_stays_is_ended_after_the_grace() {
    let service = service_with(|config| config.grace = HOLD).await;
    let mut stream = Stream::attach(&service, 0).await;
    let stopping = tokio::spawn(service.shutdown());
    assert!(matches!(stream.next().await, Frame::Draining(_)));
    let end = stream.reply().await.unwrap().unwrap_err();
    Fault::of(&end).expect(Code::Unavailable, "DRAINING");
    stopping.await.unwrap();
}

#[tokio::test]
async fn a_stream_past_its_deadline_is_ended() {
    let service = service().await;
    let (send, frames) = mpsc::channel(8);
    let mut request = tonic::Request::new(ReceiverStream::new(frames));
    request.metadata_mut().insert("grpc-timeout", "300m".parse().unwrap());
    let replies = gateway(&service).await.converse(request).await.unwrap().into_inner();
    let mut stream = Stream { send, replies };
    let end = stream.reply().await.unwrap().unwrap_err();
    Fault::of(&end).expect(Code::DeadlineExceeded, "DEADLINE_EXCEEDED");
}
