//! What every test of the doors needs: a service on free ports, callers of both transports, and what their errors say.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use firstline::dispatch::{self, ChannelConfig, Dispatch};
use firstline::message::{self, QueueId, Timestamp};
use firstline::proto::v1::desk_service_client::DeskServiceClient;
use firstline::proto::v1::triage_service_client::TriageServiceClient;
use firstline::proto::v1::{self, customer_message};
use firstline::routing::{self, QueueRules};
use firstline::server::{Config, Parts, Running};
use firstline::triage::Triage;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tonic::Status;
use tonic::transport::Channel;
use tonic_types::StatusExt as _;

use crate::shop::{SHOP, Shop};

/// What the service of the tests answers from an article.
pub(crate) const ANSWERED: &str = "How long does a refund take";
/// What it hands to a person, after it waited for the rest of a burst.
pub(crate) const ROUTED: &str = "quantum zebra violin";
/// What it hands to a person at once, since the customer wants one.
pub(crate) const PERSON: &str = "I want to talk to a human agent";
/// What it hands to a person at once, before all others.
pub(crate) const URGENT: &str = "My account was stolen";

/// How long would-be hand-overs wait for the rest of a burst here.
pub(crate) const HOLD: Duration = Duration::from_millis(300);

/// Tickets that a queue of the tests takes.
pub(crate) const QUEUE: usize = 4;

/// Everything behind the doors.
pub(crate) fn parts() -> Parts {
    parts_of(&SHOP, desk())
}

/// The same with another desk.
pub(crate) fn parts_with(desk: routing::Config) -> Parts {
    parts_of(&SHOP, desk)
}

fn parts_of(shop: &Shop, desk: routing::Config) -> Parts {
    let triage = Triage::new(Arc::clone(&shop.current), Arc::clone(&shop.batcher));
    let dispatch = Dispatch::new(triage, Some(desk), rules(), Box::new(Timestamp::now));
    Parts {
        dispatch: Arc::new(dispatch),
        current: Arc::clone(&shop.current),
        shelf: Arc::clone(&shop.shelf),
    }
}

fn rules() -> dispatch::Config {
    let web = ChannelConfig { markup: true, limit: 4000 };
    let channels = [(message::Channel::new("web").unwrap(), web)].into();
    let mut rules = dispatch::Config::standard(channels, QueueId::new("general").unwrap());
    rules.times.hold = HOLD;
    rules
}

fn desk() -> routing::Config {
    let implied = QueueRules { max_waiting: QUEUE, ..QueueRules::default() };
    routing::Config { implied, ..routing::Config::default() }
}

/// Both ports on loopback, wherever there is room.
pub(crate) fn config() -> Config {
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let (notice, grace) = (Duration::ZERO, Duration::from_secs(2));
    Config { public: any, admin: any, notice, grace, ..Config::standard() }
}

/// A running service with its settings.
pub(crate) async fn service_with(change: impl FnOnce(&mut Config)) -> Running {
    let mut config = config();
    change(&mut config);
    firstline::server::start(parts(), config).await.unwrap()
}

/// A running service.
pub(crate) async fn service() -> Running {
    service_with(|_| {}).await
}

/// A running service over another shop.
pub(crate) async fn service_of(shop: &Shop) -> Running {
    firstline::server::start(parts_of(shop, desk()), config()).await.unwrap()
}

/// A connection to the public port.
pub(crate) async fn channel(service: &Running) -> Channel {
    let uri = format!("http://{}", service.public_addr());
    Channel::from_shared(uri).unwrap().connect().await.unwrap()
}

/// A gateway.
pub(crate) async fn gateway(service: &Running) -> TriageServiceClient<Channel> {
    TriageServiceClient::new(channel(service).await)
}

/// A supervisor.
pub(crate) async fn supervisor(service: &Running) -> DeskServiceClient<Channel> {
    DeskServiceClient::new(channel(service).await)
}

/// A message of a conversation on the web.
pub(crate) fn message(conversation: &str, request: &str, text: &str) -> v1::CustomerMessage {
    let text = v1::Text { text: text.to_owned() };
    v1::CustomerMessage {
        request_id: request.to_owned(),
        conversation_id: conversation.to_owned(),
        channel: "web".to_owned(),
        language_hint: "en".to_owned(),
        content: Some(customer_message::Content::Text(text)),
        ..Default::default()
    }
}

/// The same as a request.
pub(crate) fn ask(conversation: &str, request: &str, text: &str) -> v1::HandleRequest {
    let message = Some(message(conversation, request, text));
    v1::HandleRequest { message, ..Default::default() }
}

/// Sends words and gives the decision.
pub(crate) async fn decide(
    gateway: &mut TriageServiceClient<Channel>,
    conversation: &str,
    request: &str,
    text: &str,
) -> v1::Decision {
    let reply = gateway.handle(ask(conversation, request, text)).await.unwrap();
    reply.into_inner().decision.unwrap()
}

/// What an error says: code, reason, remedy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) code: i32,
    pub(crate) reason: String,
    pub(crate) remedy: String,
    pub(crate) fields: Vec<String>,
    pub(crate) retry: bool,
}

impl Fault {
    /// The fault of a gRPC call; fails unless it has exactly one `ErrorInfo`, of our domain.
    pub(crate) fn of(status: &Status) -> Self {
        let infos = status.get_error_details_vec().into_iter();
        let infos = infos.filter(|detail| matches!(detail, tonic_types::ErrorDetail::ErrorInfo(_)));
        assert_eq!(infos.count(), 1, "{status:?}");
        let details = status.get_error_details();
        let info = details.error_info().unwrap();
        assert_eq!(info.domain, "firstline");
        let violations = details.bad_request().map(|bad| bad.field_violations.clone());
        Self {
            code: status.code().into(),
            reason: info.reason.clone(),
            remedy: info.metadata["remedy"].clone(),
            fields: violations.unwrap_or_default().into_iter().map(|wrong| wrong.field).collect(),
            retry: details.retry_info().is_some(),
        }
    }

    /// The fault of an HTTP call.
    pub(crate) fn of_json(json: &Value) -> Self {
        let details = json["details"].as_array().unwrap();
        let detail = |name: &str| {
            let kind = format!("type.googleapis.com/google.rpc.{name}");
            details.iter().find(|detail| detail["@type"] == kind.as_str())
        };
        let info = detail("ErrorInfo").unwrap();
        assert_eq!(info["domain"], "firstline");
        let violations = detail("BadRequest").map(|bad| bad["fieldViolations"].clone());
        let violations = violations.as_ref().and_then(Value::as_array).cloned().unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        Self {
            code: i32::try_from(json["code"].as_i64().unwrap()).unwrap(),
            reason: text(&info["reason"]),
            remedy: text(&info["metadata"]["remedy"]),
            fields: violations.iter().map(|wrong| text(&wrong["field"])).collect(),
            retry: detail("RetryInfo").is_some(),
        }
    }

    /// The fault of one frame of a stream.
    pub(crate) fn of_problem(problem: &v1::Problem) -> Self {
        Self {
            code: problem.code,
            reason: problem.reason.clone(),
            remedy: problem.remedy.clone(),
            fields: problem.fields.iter().map(|wrong| wrong.field.clone()).collect(),
            retry: problem.retry_after.is_some(),
        }
    }

    /// Fails unless it is this one; every fault has a remedy.
    pub(crate) fn expect(&self, code: tonic::Code, reason: &str) {
        assert_eq!((self.code, self.reason.as_str()), (i32::from(code), reason), "{self:?}");
        assert!(self.remedy.ends_with('.'), "no remedy: {self:?}");
    }
}

/// An HTTP response, read whole.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Page {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// One HTTP request: method, path, headers, body.
pub(crate) struct Ask<'a>(
    pub(crate) &'a str,
    pub(crate) &'a str,
    pub(crate) &'a [(&'a str, &'a str)],
    pub(crate) &'a [u8],
);

const JSON: (&str, &str) = ("content-type", "application/json");

/// Sends a request over HTTP/1.1 and reads the response.
pub(crate) async fn http(address: SocketAddr, request: Ask<'_>) -> Page {
    let stream = TcpStream::connect(address).await.unwrap();
    http_on(stream, &address.to_string(), request).await
}

/// The same on a connection that stands already.
pub(crate) async fn http_on(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    host: &str,
    Ask(method, path, headers, body): Ask<'_>,
) -> Page {
    let mut head = format!("{method} {path} HTTP/1.1\r\nconnection: close\r\n");
    let host = [("host", host)];
    let has_host = headers.iter().any(|(name, _)| *name == "host");
    for (name, value) in host.iter().filter(|_| !has_host).chain(headers) {
        write!(head, "{name}: {value}\r\n").unwrap();
    }
    write!(head, "content-length: {}\r\n\r\n", body.len()).unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    // A server that has seen enough may answer and close before it has read all of it.
    stream.write_all(body).await.unwrap_or_default();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap_or_default();
    page(&String::from_utf8(bytes).unwrap())
}

fn page(text: &str) -> Page {
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no head: {text:?}"));
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).unwrap().parse().unwrap();
    let headers = lines.filter_map(|line| line.split_once(": "));
    let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()));
    Page { status, headers: headers.collect(), body: body.to_owned() }
}

/// Posts JSON to the public port.
pub(crate) async fn post(service: &Running, path: &str, body: &str) -> Page {
    http(service.public_addr(), Ask("POST", path, &[JSON], body.as_bytes())).await
}

/// Reads a path of the public port.
pub(crate) async fn get(service: &Running, path: &str) -> Page {
    http(service.public_addr(), Ask("GET", path, &[], b"")).await
}

/// Reads a path of the admin port.
pub(crate) async fn admin(service: &Running, path: &str) -> Page {
    http(service.admin_addr(), Ask("GET", path, &[], b"")).await
}

/// The service still decides, over both transports.
pub(crate) async fn lives(service: &Running) {
    let mut gateway = gateway(service).await;
    let id = uuid::Uuid::new_v4().to_string();
    let decision = decide(&mut gateway, &id, &id, ANSWERED).await;
    assert_eq!(decision.action(), v1::Action::Answer);
    let read = get(service, &format!("/v1/conversations/{id}")).await;
    assert_eq!(read.status, 200, "{read:?}");
}
