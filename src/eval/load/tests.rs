//! The client against a service on a real socket, whose every reply is known beforehand.

use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio_stream::Stream;
use tokio_stream::wrappers::{ReceiverStream, TcpListenerStream};
use tonic::{Code, Request, Response, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

use super::*;
use crate::proto::v1::converse_request::Frame as Write;
use crate::proto::v1::converse_response::Frame as Read;
use crate::proto::v1::triage_service_server::{TriageService, TriageServiceServer};
use crate::proto::v1::{
    Action, ConverseRequest, ConverseResponse, Decision, GetConversationRequest,
    GetConversationResponse, HandleRequest, HandleResponse, Problem, RecordFeedbackRequest,
    RecordFeedbackResponse, SendEventRequest, SendEventResponse,
};

/// Answers the first message, refuses the second, gives the third no decision, and so on; only to who has the key.
#[derive(Debug, Default)]
struct Moody(Arc<AtomicU64>);

impl Moody {
    fn decide(&self) -> Result<Option<Decision>, Status> {
        match self.0.fetch_add(1, Ordering::Relaxed) % 3 {
            0 => Ok(Some(Decision { action: Action::Answer.into(), ..Decision::default() })),
            1 => Err(full()),
            _ => Ok(None),
        }
    }

    /// The same on a stream, where a missing decision is a problem that says nothing of coming back.
    fn frame(&self, request_id: String) -> Read {
        match self.decide() {
            Ok(Some(decision)) => {
                let request_ids = vec!["another".to_owned(), request_id];
                Read::Decision(Box::new(Decision { request_ids, ..decision }))
            }
            Ok(None) => {
                let reason = "NO_DECISION".to_owned();
                Read::Problem(Problem { request_id, reason, ..Default::default() })
            }
            Err(status) => {
                let Refusal { reason, message, retry_after } = status.into();
                let retry_after = retry_after.map(|delay| delay.try_into().unwrap());
                Read::Problem(Problem {
                    request_id,
                    reason,
                    message,
                    retry_after,
                    ..Default::default()
                })
            }
        }
    }
}

fn let_in<T>(request: &Request<T>) -> Result<(), Status> {
    match request.metadata().get("authorization") {
        Some(key) if key == "Bearer secret" => Ok(()),
        Some(_) | None => Err(Status::unauthenticated("no key")),
    }
}

#[tonic::async_trait]
impl TriageService for Moody {
    type ConverseStream = Pin<Box<dyn Stream<Item = Result<ConverseResponse, Status>> + Send>>;

    async fn handle(
        &self,
        request: Request<HandleRequest>,
    ) -> Result<Response<HandleResponse>, Status> {
        let_in(&request)?;
        let decision = self.decide()?;
        Ok(Response::new(HandleResponse { decision, ..Default::default() }))
    }

    async fn converse(
        &self,
        request: Request<tonic::Streaming<ConverseRequest>>,
    ) -> Result<Response<Self::ConverseStream>, Status> {
        let_in(&request)?;
        let (mut frames, own) = (request.into_inner(), Self(Arc::clone(&self.0)));
        let (replies, stream) = tokio::sync::mpsc::channel(64);
        tokio::spawn(async move {
            while let Ok(Some(ConverseRequest { frame })) = frames.message().await {
                if let Some(Write::Message(message)) = frame {
                    let frame = Some(own.frame(message.request_id));
                    let reply = ConverseResponse { frame, ..Default::default() };
                    replies.send(Ok(reply)).await.unwrap();
                }
            }
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(stream))))
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

const CALLS: Transport = Transport::Calls { dry_run: true };
const STREAMS: Transport = Transport::Streams(NonZeroUsize::new(2).unwrap());

/// Starts the service and sends it nine messages over two connections.
async fn report(key: Option<&str>, retries: u32, transport: Transport) -> Report {
    let (report, heard) = try_report(key, (retries, transport)).await;
    let report = report.unwrap();
    assert_eq!((heard, report.tally.sent, report.tally.replied()), (9, 9, 9));
    report
}

async fn try_report(
    key: Option<&str>,
    (retries, transport): (u32, Transport),
) -> (Result<Report, LoadError>, u64) {
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
    let plan = Plan { texts, pace, transport, retries };
    let report = run(&gateway, plan, &mut |done| heard = done).await;
    server.abort();
    (report, heard)
}

#[tokio::test]
async fn every_message_is_accounted_for() {
    for (transport, name) in [(CALLS, "Handle, dry run"), (STREAMS, "Converse x 2")] {
        let report = report(Some("secret"), 0, transport).await;
        let three = |name: &str| [(name.to_owned(), 3)].into();
        assert_eq!(report.transport, name);
        assert_eq!(report.tally.actions, three("answer"));
        assert_eq!(report.tally.refused, three("OVERLOADED"));
        assert_eq!(report.tally.errors, three("NO_DECISION"));
        assert!(report.tally.latency.quantile_ms(0.5).is_some() && !report.tally.is_clean());
        assert!(report.achieved_rate > 0.0 && report.duration_s > 0.0);
    }
}

#[tokio::test]
async fn a_refused_message_is_sent_again_when_told_to() {
    for transport in [CALLS, STREAMS] {
        let report = report(Some("secret"), 100, transport).await;
        assert!(report.tally.refused.is_empty(), "{:?}", report.tally);
        assert!(report.tally.retried >= 3, "{:?}", report.tally);
    }
}

#[tokio::test]
async fn a_missing_key_is_an_error_and_no_latency() {
    let report = report(None, 9, CALLS).await;
    assert_eq!(report.tally.errors, [("UNAUTHENTICATED".to_owned(), 9)].into());
    assert_eq!(report.tally.latency.quantile_ms(0.5), None);
    let (refused, _) = try_report(None, (9, STREAMS)).await;
    let refused = refused.unwrap_err();
    assert!(matches!(refused, LoadError::StreamRefused { .. }), "{refused}");
}
