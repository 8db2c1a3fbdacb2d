//! The gateway's side of the wire, as small as a bench and a demo need it. The only place of this module that knows tonic.

use std::time::Duration;

use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Streaming};
use tonic_types::StatusExt as _;

use super::{LoadError, Target};
use crate::proto::v1::customer_message::Content;
use crate::proto::v1::desk_service_client::DeskServiceClient;
use crate::proto::v1::triage_service_client::TriageServiceClient;
use crate::proto::v1::{
    ConverseRequest, ConverseResponse, CustomerMessage, Decision, HandleRequest,
    ListTicketsRequest, Text, Ticket,
};

/// How long a call may take before it counts as an error.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);
/// Tickets asked for at once.
const PAGE: u32 = 1000;

/// Where a service is and how to be let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reach {
    /// Its gRPC address.
    pub target: Target,
    /// The key of a gateway; for tickets, of a supervisor.
    pub key: Option<String>,
    /// TCP connections to spread the calls over, at least 1.
    pub connections: usize,
}

/// A connected client; clones share the connections.
#[derive(Debug, Clone)]
pub struct Gateway {
    target: String,
    key: Option<MetadataValue<Ascii>>,
    channel: Channel,
}

/// One message to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// The idempotency key.
    pub request_id: String,
    /// Whose conversation.
    pub conversation_id: String,
    /// By which channel.
    pub channel: String,
    /// BCP 47, or empty.
    pub language_hint: String,
    /// What the customer wrote.
    pub text: String,
}

/// A call that came to nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}: {message}")]
pub struct Refusal {
    /// The service's own reason, else the status code's name.
    pub reason: String,
    /// What it said.
    pub message: String,
    /// When to come back, if it said so.
    pub retry_after: Option<Duration>,
}

impl From<tonic::Status> for Refusal {
    fn from(status: tonic::Status) -> Self {
        let details = status.get_error_details();
        let reason = details
            .error_info()
            .map(|info| info.reason.clone())
            .filter(|reason| !reason.is_empty())
            .unwrap_or_else(|| name_of(status.code()));
        let retry_after = details.retry_info().and_then(|retry| retry.retry_delay);
        Self { reason, message: status.message().to_owned(), retry_after }
    }
}

impl Gateway {
    /// Connects; an address where nobody listens is an error here, not at the first call.
    pub async fn connect(reach: &Reach) -> Result<Self, LoadError> {
        let target = reach.target.as_str();
        let endpoint = Endpoint::from_shared(target.to_owned())
            .map_err(|_| LoadError::BadTarget { target: target.to_owned() })?
            .connect_timeout(Duration::from_secs(5))
            .tcp_nodelay(true);
        // A balanced channel connects lazily, so one connection is tried first.
        let first = endpoint.connect().await.map_err(|error| LoadError::Unreachable {
            target: target.to_owned(),
            message: innermost(&error),
        })?;
        let channel = if reach.connections > 1 {
            Channel::balance_list((0..reach.connections).map(|_| endpoint.clone()))
        } else {
            first
        };
        let key = reach.key.as_deref().map(bearer).transpose()?;
        Ok(Self { target: target.to_owned(), key, channel })
    }

    /// The address it is connected to.
    pub fn target(&self) -> &str {
        &self.target
    }

    /// Hands in one message and waits for the decision.
    pub async fn handle(&self, message: Outgoing, dry_run: bool) -> Result<Decision, Refusal> {
        let body = HandleRequest { message: Some(wire(message)), explain: 0, dry_run };
        let mut client = TriageServiceClient::new(self.channel.clone());
        let reply = client.handle(self.request(body)).await?.into_inner();
        reply.decision.ok_or_else(|| Refusal {
            reason: "NO_DECISION".to_owned(),
            message: "the reply holds no decision".to_owned(),
            retry_after: None,
        })
    }

    /// Opens a stream, without a deadline.
    pub(super) async fn converse(
        &self,
        frames: impl tokio_stream::Stream<Item = ConverseRequest> + Send + 'static,
    ) -> Result<Streaming<ConverseResponse>, LoadError> {
        let mut client = TriageServiceClient::new(self.channel.clone());
        let opened = client.converse(self.keyed(frames)).await;
        opened.map(tonic::Response::into_inner).map_err(|status| {
            let target = self.target.clone();
            LoadError::StreamRefused { target, refusal: Refusal::from(status) }
        })
    }

    /// Every waiting ticket, by queue and in the order in which they will be served.
    pub async fn tickets(&self) -> Result<Vec<Ticket>, Refusal> {
        let mut client = DeskServiceClient::new(self.channel.clone());
        let (mut tickets, mut page_token) = (Vec::new(), String::new());
        loop {
            let body = ListTicketsRequest { page_size: PAGE, page_token, ..Default::default() };
            let page = client.list_tickets(self.request(body)).await?.into_inner();
            tickets.extend(page.tickets);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return Ok(tickets);
            }
        }
    }

    fn request<T>(&self, body: T) -> tonic::Request<T> {
        let mut request = self.keyed(body);
        request.set_timeout(PATIENCE);
        request
    }

    fn keyed<T>(&self, body: T) -> tonic::Request<T> {
        let mut request = tonic::Request::new(body);
        if let Some(key) = &self.key {
            request.metadata_mut().insert("authorization", key.clone());
        }
        request
    }
}

pub(super) fn wire(message: Outgoing) -> CustomerMessage {
    CustomerMessage {
        request_id: message.request_id,
        conversation_id: message.conversation_id,
        channel: message.channel,
        language_hint: message.language_hint,
        content: Some(Content::Text(Text { text: message.text })),
        ..CustomerMessage::default()
    }
}

fn bearer(key: &str) -> Result<MetadataValue<Ascii>, LoadError> {
    let mut value: MetadataValue<Ascii> =
        format!("Bearer {key}").parse().map_err(|_| LoadError::BadKey)?;
    value.set_sensitive(true);
    Ok(value)
}

/// The transport's own message only says "transport error".
fn innermost(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(|| error.to_string(), innermost)
}

pub(super) fn name_of(code: Code) -> String {
    let camel = format!("{code:?}");
    camel.chars().enumerate().fold(String::new(), |mut name, (place, letter)| {
        if place > 0 && letter.is_ascii_uppercase() {
            name.push('_');
        }
        name.push(letter.to_ascii_uppercase());
        name
    })
}

#[cfg(test)]
mod tests {
    use tonic_types::{ErrorDetails, StatusExt as _};

    use super::*;

    #[test]
    fn a_refusal_keeps_the_reason_and_the_hint() {
        let mut details = ErrorDetails::new();
        details.set_error_info("OVERLOADED", "firstline", std::collections::HashMap::new());
        details.set_retry_info(Some(Duration::from_millis(250)));
        let status = tonic::Status::with_error_details(Code::ResourceExhausted, "full", details);
        let refusal = Refusal::from(status);
        assert_eq!(refusal.reason, "OVERLOADED");
        assert_eq!(refusal.retry_after, Some(Duration::from_millis(250)));
    }

    #[test]
    fn a_bare_status_goes_by_its_code() {
        let check = |code: Code, expect: &str| {
            assert_eq!(Refusal::from(tonic::Status::new(code, "x")).reason, expect);
        };
        check(Code::DeadlineExceeded, "DEADLINE_EXCEEDED");
        check(Code::Unavailable, "UNAVAILABLE");
    }

    #[tokio::test]
    async fn nobody_at_home_is_said_at_once() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        drop(listener);
        let target = Target::parse(&address, false).unwrap();
        let error =
            Gateway::connect(&Reach { target, key: None, connections: 1 }).await.unwrap_err();
        assert!(matches!(error, LoadError::Unreachable { .. }), "{error}");
        let target = Target::parse(&address, false).unwrap();
        assert!(matches!(bearer("a\nb"), Err(LoadError::BadKey)), "{}", target.as_str());
    }
}
