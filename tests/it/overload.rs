//! Too much, too large, too late, and not what it says it is: each refused at once, typed, and forgotten.

use std::time::Duration;

use ::http::uri::PathAndQuery;
use firstline::proto::v1;
use prost::Message as _;
use prost::bytes::{Buf as _, BufMut as _, Bytes};
use tokio_stream::StreamExt as _;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::{Code, Request, Status};

use crate::converse::Stream;
use crate::support::{
    ANSWERED, Ask, Fault, ROUTED, ask, channel, gateway, http, lives, message, service,
    service_with,
};

/// Bytes as they are, in place of protobuf.
#[derive(Debug, Clone, Default)]
struct Raw;

impl Codec for Raw {
    type Encode = Vec<u8>;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;
    fn encoder(&mut self) -> Self {
        Self
    }
    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Vec<u8>;
    type Error = Status;
    fn encode(&mut self, item: Vec<u8>, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put_slice(&item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;
    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining())))
    }
}

type Raws = tonic::client::Grpc<tonic::transport::Channel>;

async fn raw(service: &firstline::server::Running) -> Raws {
    let mut client = tonic::client::Grpc::new(channel(service).await);
    client.ready().await.unwrap();
    client
}

async fn send(client: &mut Raws, method: &'static str, bytes: Vec<u8>) -> Status {
    client.ready().await.unwrap();
    let path = PathAndQuery::from_static(method);
    client.unary(Request::new(bytes), path, Raw).await.unwrap_err()
}

const HANDLE: &str = "/firstline.v1.TriageService/Handle";

#[tokio::test]
async fn wrong_protobuf_is_the_caller_s_mistake() {
    let service = service().await;
    let mut client = raw(&service).await;
    let mut check = async |bytes: Vec<u8>, reason: &str| {
        let status = send(&mut client, HANDLE, bytes).await;
        Fault::of(&status).expect(Code::InvalidArgument, reason);
        status
    };
    check(vec![0xff; 40], "MESSAGE_MALFORMED").await;
    check(Vec::new(), "FIELD_MISSING").await;
    // A text that is not UTF-8: C++ and Lua gateways can send one.
    let mut bytes = ask("c1", "r1", "secret-words").encode_to_vec();
    let at = bytes.windows(6).position(|window| window == b"secret").unwrap();
    bytes[at] = 0xff;
    let status = check(bytes, "MESSAGE_MALFORMED").await;
    assert!(status.message().contains("Text.text"), "{status:?}");
    assert!(!format!("{status:?}").contains("words"), "customer text in an error");
    let unknown = v1::HandleRequest { explain: 77, ..ask("c1", "r1", ANSWERED) };
    let status = check(unknown.encode_to_vec(), "FIELD_INVALID").await;
    assert_eq!(Fault::of(&status).fields, ["explain"]);
    lives(&service).await;
}

#[tokio::test]
async fn wrong_protobuf_does_not_end_a_stream() {
    let service = service().await;
    let mut client = raw(&service).await;
    let frame = |frame| v1::ConverseRequest { frame: Some(frame) }.encode_to_vec();
    let hello = frame(v1::converse_request::Frame::Attach(v1::Attach::default()));
    let good = frame(v1::converse_request::Frame::Message(message("c1", "r1", ANSWERED)));
    let mut spoiled = good.clone();
    let at = spoiled.windows(6).position(|window| window == b"refund").unwrap();
    spoiled[at] = 0xff;
    let frames = tokio_stream::iter([hello, vec![0xff; 40], spoiled, good]);
    let path = PathAndQuery::from_static("/firstline.v1.TriageService/Converse");
    let replies = client.streaming(Request::new(frames), path, Raw).await.unwrap().into_inner();
    let replies: Vec<Bytes> = replies.map(Result::unwrap).collect().await;
    let kinds: Vec<_> = replies
        .into_iter()
        .map(|bytes| match v1::ConverseResponse::decode(bytes).unwrap().frame.unwrap() {
            v1::converse_response::Frame::Attached(_) => "attached".to_owned(),
            v1::converse_response::Frame::Receipt(_) => "receipt".to_owned(),
            v1::converse_response::Frame::Decision(_) => "decision".to_owned(),
            v1::converse_response::Frame::Problem(problem) => problem.reason,
            v1::converse_response::Frame::Draining(_) => "draining".to_owned(),
            v1::converse_response::Frame::Ticket(_)
            | v1::converse_response::Frame::Say(_)
            | v1::converse_response::Frame::AgentTyping(_) => "event".to_owned(),
        })
        .collect();
    let unreadable = "FRAME_UNREADABLE";
    assert_eq!(kinds, ["attached", unreadable, unreadable, "receipt", "decision"]);
}

#[tokio::test]
async fn a_method_that_nobody_serves_is_unimplemented() {
    let service = service().await;
    let mut client = raw(&service).await;
    for method in ["/firstline.v1.TriageService/Nothing", "/nobody.v1.Nothing/Handle"] {
        let status = send(&mut client, method, Vec::new()).await;
        Fault::of(&status).expect(Code::Unimplemented, "METHOD_UNKNOWN");
    }
    lives(&service).await;
}

#[tokio::test]
async fn a_megabyte_of_text_is_read_and_refused() {
    let service = service().await;
    let mut gateway = gateway(&service).await;
    let mut check = async |bytes: usize, reason: &str| {
        let status = gateway.handle(ask("c1", "r1", &"x".repeat(bytes))).await.unwrap_err();
        Fault::of(&status).expect(Code::InvalidArgument, reason);
    };
    check(8193, "TEXT_TOO_LONG").await;
    check(1 << 20, "TEXT_TOO_LONG").await;
    check(3 << 20, "BODY_TOO_LARGE").await;
    gateway.handle(ask("c1", "r1", &"x".repeat(8192))).await.unwrap();
    lives(&service).await;
}

#[tokio::test]
async fn what_is_missing_or_unprintable_is_named() {
    let service = service().await;
    let mut gateway = gateway(&service).await;
    let mut check = async |message: Option<v1::CustomerMessage>, reason: &str, fields: &[&str]| {
        let request = v1::HandleRequest { message, ..Default::default() };
        let fault = Fault::of(&gateway.handle(request).await.unwrap_err());
        fault.expect(Code::InvalidArgument, reason);
        assert_eq!(fault.fields, fields);
    };
    check(None, "FIELD_MISSING", &["message"]).await;
    let all =
        ["message.request_id", "message.conversation_id", "message.channel", "message.content"];
    check(Some(v1::CustomerMessage::default()), "FIELD_MISSING", &all).await;
    let control = message("c\u{7}1", "r\n1", ANSWERED);
    let ids = ["message.request_id", "message.conversation_id"];
    check(Some(control), "FIELD_INVALID", &ids).await;
    let nowhere =
        v1::CustomerMessage { channel: "pigeon".to_owned(), ..message("c1", "r1", ANSWERED) };
    check(Some(nowhere), "CHANNEL_UNKNOWN", &[]).await;
    let read = v1::GetConversationRequest { conversation_id: "never".to_owned() };
    let status = gateway.get_conversation(read).await.unwrap_err();
    Fault::of(&status).expect(Code::NotFound, "CONVERSATION_NOT_FOUND");
    gateway.handle(ask("c1", "r1", ANSWERED)).await.unwrap();
    let status = gateway.handle(ask("c1", "r1", ROUTED)).await.unwrap_err();
    Fault::of(&status).expect(Code::AlreadyExists, "REQUEST_ID_REUSED");
    lives(&service).await;
}

#[tokio::test]
async fn a_deadline_already_past_is_said_at_once() {
    let service = service().await;
    // By hand, because tonic's own client gives up before it has asked.
    let body = ask("c1", "r1", ANSWERED).encode_to_vec();
    let mut framed = vec![0];
    framed.extend(u32::try_from(body.len()).unwrap().to_be_bytes());
    framed.extend(body);
    let check = async |timeout: &str, code: Code, reason: &str| {
        let headers =
            [("content-type", "application/grpc"), ("te", "trailers"), ("grpc-timeout", timeout)];
        let page = http(service.public_addr(), Ask("POST", HANDLE, &headers, &framed)).await;
        let headers = page
            .headers
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        let status = Status::from_header_map(&headers.collect()).unwrap();
        Fault::of(&status).expect(code, reason);
    };
    check("0n", Code::DeadlineExceeded, "DEADLINE_EXCEEDED").await;
    check("1n", Code::DeadlineExceeded, "DEADLINE_EXCEEDED").await;
    check("soon", Code::InvalidArgument, "TIMEOUT_MALFORMED").await;
    lives(&service).await;
}

#[tokio::test]
async fn more_calls_than_there_is_room_for_are_told_to_come_back() {
    let service = service_with(|config| config.limits.calls = 1).await;
    let mut held = gateway(&service).await;
    let held = tokio::spawn(async move { held.handle(ask("held", "r1", ROUTED)).await });
    let begun = async {
        while service.metrics().calls_in_flight() == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), begun).await.unwrap();
    let status = gateway(&service).await.handle(ask("c1", "r1", ANSWERED)).await.unwrap_err();
    let fault = Fault::of(&status);
    fault.expect(Code::ResourceExhausted, "SERVER_BUSY");
    assert!(fault.retry);
    held.await.unwrap().unwrap();
    lives(&service).await;
}

#[tokio::test]
async fn streams_are_counted_and_their_room_comes_back() {
    let service = service_with(|config| config.limits.streams = 1).await;
    let first = Stream::attach(&service, 0).await;
    let frames = tokio_stream::empty::<v1::ConverseRequest>();
    let status = gateway(&service).await.converse(frames).await.unwrap_err();
    Fault::of(&status).expect(Code::ResourceExhausted, "TOO_MANY_STREAMS");
    drop(first);
    let again = async {
        loop {
            let frames = tokio_stream::empty::<v1::ConverseRequest>();
            if gateway(&service).await.converse(frames).await.is_ok() {
                break;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(10), again).await.unwrap();
    lives(&service).await;
}

#[tokio::test]
async fn a_flood_is_decided_or_refused_and_leaves_the_service_well() {
    let service = service_with(|config| config.limits.calls = 16).await;
    let gateway = gateway(&service).await;
    let flood = (0..300).map(|number| {
        let mut gateway = gateway.clone();
        tokio::spawn(
            async move { gateway.handle(ask(&format!("c{number}"), "r1", ANSWERED)).await },
        )
    });
    let flood: Vec<_> = flood.collect();
    let mut decided = 0;
    for call in flood {
        match call.await.unwrap() {
            Ok(_) => decided += 1,
            Err(status) => Fault::of(&status).expect(Code::ResourceExhausted, "SERVER_BUSY"),
        }
    }
    assert!(decided > 0);
    lives(&service).await;
}
