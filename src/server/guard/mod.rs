//! What every call of the public port passes through, whichever transport: who calls, until when, is there room. What goes
//! wrong here or below is answered in the form of the call's transport, counted and logged.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderMap, header};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use super::calls::Call;
use super::caught::Caught;
use super::deadline::Deadline;
use super::doors::Doors;
use super::error::DoorError;
use super::local;
use super::status::{REASONS, Refusal, Refused, code_name, complete};
use crate::telemetry::metrics::Transport;

/// The streams, which are counted when they end and not when they open.
pub(crate) const CONVERSE: &str = "firstline.v1.TriageService/Converse";
pub(crate) const WORK: &str = "firstline.v1.DeskService/Work";
pub(crate) const WATCH: &str = "firstline.v1.DeskService/WatchQueues";
const STREAMS: [&str; 3] = [CONVERSE, WORK, WATCH];

/// The methods that metrics and logs name; everything else is `_OTHER`, so that a stranger cannot make labels.
const METHODS: [&str; 20] = [
    "firstline.v1.TriageService/Handle",
    CONVERSE,
    "firstline.v1.TriageService/SendEvent",
    "firstline.v1.TriageService/GetConversation",
    "firstline.v1.TriageService/RecordFeedback",
    WORK,
    WATCH,
    "firstline.v1.DeskService/ListQueues",
    "firstline.v1.DeskService/ListAgents",
    "firstline.v1.DeskService/ListTickets",
    "firstline.v1.DeskService/GetTicket",
    "firstline.v1.DeskService/AssignTicket",
    "firstline.v1.DeskService/UpdateTicket",
    "firstline.v1.DeskService/CancelTicket",
    "firstline.v1.DeskService/SetAgentPresence",
    "firstline.v1.DeskService/SetAutomation",
    "grpc.health.v1.Health/Check",
    "grpc.health.v1.Health/Watch",
    "grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    "grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
];

/// The JSON twin's paths and the methods they stand for.
pub(crate) const TWINS: [(&str, &str); 5] = [
    ("/v1/messages", "firstline.v1.TriageService/Handle"),
    ("/v1/conversations/{id}/events", "firstline.v1.TriageService/SendEvent"),
    ("/v1/conversations/{id}", "firstline.v1.TriageService/GetConversation"),
    ("/v1/feedback", "firstline.v1.TriageService/RecordFeedback"),
    ("/v1/events", CONVERSE),
];

/// Lets a call in or answers it.
pub(super) async fn guard(
    State(doors): State<Arc<Doors>>,
    mut request: Request,
    next: Next,
) -> Response {
    let arrived = Instant::now();
    let transport = transport(request.headers());
    let method = method(&request);
    let admitted = admit(&doors, &mut request, method, arrived);
    let caller = admitted.as_ref().ok().and_then(|admitted| admitted.caller.clone());
    let response = match admitted {
        Ok(_room) => Caught::new(next.run(request)).await.unwrap_or_else(refuse(transport)),
        Err(error) => refuse(transport)(error),
    };
    let response = if transport == Transport::Grpc { completed(response) } else { response };
    let ending = Ending::of(&response, transport);
    if !STREAMS.contains(&method) || ending.reason.is_some() {
        let took = arrived.elapsed();
        doors.metrics.call(transport, method, ending.code, took);
        ending.report(&doors, method, caller.as_deref(), took);
    }
    response
}

/// What a call holds while it is worked on.
struct Admitted {
    caller: Option<String>,
    _room: Option<OwnedSemaphorePermit>,
    _counted: Option<crate::telemetry::metrics::InFlight>,
}

fn admit(
    doors: &Doors,
    request: &mut Request,
    method: &str,
    now: Instant,
) -> Result<Admitted, DoorError> {
    if method.starts_with("grpc.health.") {
        return Ok(Admitted { caller: None, _room: None, _counted: None });
    }
    if doors.keyring.is_open() {
        local::check_host(request)?;
    }
    let caller = doors.keyring.caller(request.headers())?;
    let deadline = Deadline::read(request.headers(), now)?;
    let name = caller.id.to_string();
    request.extensions_mut().insert(Call { caller, deadline });
    let is_stream = STREAMS.contains(&method) || method.starts_with("grpc.reflection.");
    let room = if is_stream { None } else { Some(doors.gate.call()?) };
    let counted = room.as_ref().map(|_| doors.metrics.call_in_flight());
    Ok(Admitted { caller: Some(name), _room: room, _counted: counted })
}

fn transport(headers: &HeaderMap) -> Transport {
    let grpc = headers.get(header::CONTENT_TYPE).map(http::HeaderValue::as_bytes);
    if grpc.is_some_and(|value| value.starts_with(b"application/grpc")) {
        Transport::Grpc
    } else {
        Transport::Http
    }
}

fn method(request: &Request) -> &'static str {
    let twin = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    let twin = TWINS.iter().find(|(path, _)| twin == Some(*path)).map(|(_, method)| *method);
    let path = request.uri().path();
    let grpc = METHODS.into_iter().find(|method| path.strip_prefix('/') == Some(*method));
    twin.or(grpc).unwrap_or("_OTHER")
}

/// The answer to a call that nothing serves.
pub(super) async fn nowhere(headers: HeaderMap) -> Response {
    match transport(&headers) {
        // A bare status: what every other status of a library becomes, this becomes too.
        Transport::Grpc => Status::unimplemented("").into_http(),
        Transport::Http => Refusal::from(DoorError::RouteUnknown).to_response(),
    }
}

fn refuse(transport: Transport) -> impl FnOnce(DoorError) -> Response {
    move |error| match transport {
        Transport::Grpc => Refusal::from(error).to_status().into_http(),
        Transport::Http => Refusal::from(error).to_response(),
    }
}

/// Every status that leaves in the headers has the details of ours.
fn completed(mut response: Response) -> Response {
    let status = Status::from_header_map(response.headers());
    let Some(status) = status.filter(|status| status.code() != Code::Ok) else { return response };
    if status.details().is_empty() {
        // A header that cannot be written leaves the library's own status, which is no less true.
        let completed = complete(status);
        completed.add_header(response.headers_mut()).unwrap_or_default();
    }
    response
}

/// How a call ended.
struct Ending {
    code: &'static str,
    /// Unset where all went well.
    reason: Option<&'static str>,
}

impl Ending {
    fn of(response: &Response, transport: Transport) -> Self {
        match transport {
            Transport::Grpc => Status::from_header_map(response.headers())
                .map_or(Self { code: "OK", reason: None }, |status| Self::of_status(&status)),
            Transport::Http => match response.extensions().get::<Refused>() {
                Some(refused) => Self { code: refused.code, reason: Some(refused.reason) },
                None => Self { code: "OK", reason: None },
            },
        }
    }

    fn of_status(status: &Status) -> Self {
        let info = status.get_details_error_info();
        let known = |info: tonic_types::ErrorInfo| {
            REASONS.iter().copied().find(|reason| *reason == info.reason)
        };
        let is_error = status.code() != Code::Ok;
        let reason = is_error.then(|| info.and_then(known).unwrap_or("INTERNAL"));
        Self { code: code_name(status.code()), reason }
    }

    fn report(&self, doors: &Doors, method: &str, caller: Option<&str>, took: Duration) {
        let Some(reason) = self.reason else {
            tracing::debug!(method, caller, code = self.code, ?took, "call");
            return;
        };
        doors.metrics.refused(reason);
        if self.code == code_name(Code::ResourceExhausted) {
            // They come by the thousand, when there is no time to spare; the metric counts them.
            tracing::debug!(method, caller, code = self.code, reason, ?took, "call refused");
        } else if self.code == "INTERNAL" {
            tracing::error!(method, caller, code = self.code, reason, ?took, "call failed");
        } else {
            tracing::info!(method, caller, code = self.code, reason, ?took, "call refused");
        }
    }
}

#[cfg(test)]
mod tests;
