//! The client against a service on a real socket, whose every reply is known beforehand.

use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio_stream::Stream;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Code, Request, Response, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

use super::*;
use crate::proto::v1::triage_service_server::{TriageService, TriageServiceServer};
use crate::proto::v1::{
    Action, ConverseRequest, ConverseResponse, Decision, GetConversationRequest,
    GetConversationResponse, HandleRequest, HandleResponse, RecordFeedbackRequest,
    RecordFeedbackResponse, SendEventRequest, SendEventResponse,
};

/// Answers the first message, refuses the second, gives the third no decision, and so on; only to who has the key.
#[derive(Debug, Default)]
struct Moody(AtomicU64);

#[tonic::async_trait]
impl TriageService for Moody {
    type ConverseStream = Pin<Box<dyn Stream<Item = Result<ConverseResponse, Status>> + Send>>;

    async fn handle(
        &self,
        request: Request<HandleRequest>,
    ) -> Result<Response<HandleResponse>, Status> {
        if request.metadata().get("authorization").is_none_or(|key| key != "Bearer secret") {
            return Err(Status::unauthenticated("no key"));
        }
        match self.0.fetch_add(1, Ordering::Relaxed) % 3 {
            0 => {
                let decision = Decision { action: Action::Answer.into(), ..Decision::default() };
                Ok(Response::new(HandleResponse { decision: Some(decision), ..Default::default() }))
            }
            1 => Err(full()),
            _ => Ok(Response::new(HandleResponse::default())),
        }
    }

    async fn converse(
        &self,
        _: Request<tonic::Streaming<ConverseRequest>>,
    ) -> Result<Response<Self::ConverseStream>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn send_event(
        &self,
        _: Request<SendEventRequest>,
    ) -> Result<Response<SendEventResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn get_conversation(
        &self,
        _: Request<GetConversationRequest>,
    ) -> Result<Response<GetConversationResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn record_feedback(
        &self,
        _: Request<RecordFeedbackRequest>,
    ) -> Result<Response<RecordFeedbackResponse>, Status> {
        Err(Status::unimplemented(""))
    }
}

fn full() -> Status {
    let mut details = ErrorDetails::new();
    details.set_error_info("OVERLOADED", "firstline", std::collections::HashMap::new());
    details.set_retry_info(Some(Duration::from_millis(50)));
    Status::with_error_details(Code::ResourceExhausted, "full", details)
}

/// Starts the service and sends it nine messages over two connections.
async fn report(key: Option<&str>, retries: u32) -> Report {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = Target::parse(&listener.local_addr().unwrap().to_string(), false).unwrap();
    let service = TriageServiceServer::new(Moody::default());
    let server = tonic::transport::Server::builder().add_service(service);
    let server = tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
    let reach = Reach { target, key: key.map(str::to_owned), connections: 2 };
    let gateway = Gateway::connect(&reach).await.unwrap();
    let texts = vec!["one".to_owned(), "two".to_owned()];
    let pace = Pace { rate: 500.0, conversations: 2, messages: 9 };
    let mut heard = 0;
    let plan = Plan { texts, pace, dry_run: true, retries };
    let report = run(&gateway, plan, &mut |done| heard = done).await.unwrap();
    server.abort();
    assert_eq!((heard, report.tally.sent, report.tally.replied()), (9, 9, 9));
    report
}

#[tokio::test]
async fn every_message_is_accounted_for() {
    let report = report(Some("secret"), 0).await;
    let three = |name: &str| [(name.to_owned(), 3)].into();
    assert_eq!(report.tally.actions, three("answer"));
    assert_eq!(report.tally.refused, three("OVERLOADED"));
    assert_eq!(report.tally.errors, three("NO_DECISION"));
    assert!(report.tally.latency.quantile_ms(0.5).is_some() && !report.tally.is_clean());
    assert!(report.achieved_rate > 0.0 && report.duration_s > 0.0);
}

#[tokio::test]
async fn a_refused_message_is_sent_again_when_told_to() {
    let report = report(Some("secret"), 100).await;
    assert!(report.tally.refused.is_empty(), "{:?}", report.tally);
    assert!(report.tally.retried >= 3, "{:?}", report.tally);
}

#[tokio::test]
async fn a_missing_key_is_an_error_and_no_latency() {
    let report = report(None, 9).await;
    assert_eq!(report.tally.errors, [("UNAUTHENTICATED".to_owned(), 9)].into());
    assert_eq!(report.tally.latency.quantile_ms(0.5), None);
}
