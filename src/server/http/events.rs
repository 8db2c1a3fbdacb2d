//! A gateway's events as server-sent events: the receiving half of a Converse stream for gateways that speak JSON. What comes
//! after the cursor is sent; naming a cursor says that everything up to it is dealt with.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, Request, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use tokio::sync::{OwnedSemaphorePermit, mpsc, watch};
use tokio_stream::wrappers::ReceiverStream;

use super::json::Schema;
use super::twin::Twin;
use crate::dispatch::Receiving;
use crate::server::auth::Role;
use crate::server::calls::admitted;
use crate::server::convert;
use crate::server::doors::Phase;
use crate::server::status::Refusal;

/// A comment is sent so often, so that nobody on the way takes the line for dead.
const ALIVE: Duration = Duration::from_secs(15);
/// Events that may wait for a gateway that reads slowly.
const UNREAD: usize = 64;
/// Events under way: they are acknowledged only when the gateway connects anew.
const UNDER_WAY: usize = 10_000;
/// The name under which such a stream is known.
const INSTANCE: &str = "events";

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct From {
    after: String,
}

/// Streams what happens to the gateway's tickets.
pub(super) async fn events(
    State(twin): State<Twin>,
    from: Result<Query<From>, QueryRejection>,
    request: Request,
) -> Response {
    let last = request.headers().get("last-event-id").and_then(|id| id.to_str().ok());
    let after = from.ok().map(|Query(from)| from.after).filter(|after| !after.is_empty());
    let after = after.or_else(|| last.map(str::to_owned)).unwrap_or_default();
    match open(&twin, &request, &after) {
        Ok(stream) => Sse::new(stream).keep_alive(KeepAlive::new().interval(ALIVE)).into_response(),
        Err(refusal) => refusal.to_response(),
    }
}

fn open(
    twin: &Twin,
    request: &Request,
    after: &str,
) -> Result<ReceiverStream<Result<Event, Infallible>>, Refusal> {
    let call = admitted(request.extensions())?;
    call.caller.require(Role::Gateway)?;
    let parts = twin.doors.parts()?;
    let room = twin.doors.gate.stream()?;
    let receiving = parts.dispatch.receive(&call.caller.id, (INSTANCE, after), UNDER_WAY);
    let (send, events) = mpsc::channel(UNREAD);
    tokio::spawn(forward(receiving, twin.clone(), send, room));
    Ok(ReceiverStream::new(events))
}

async fn forward(
    receiving: Receiving,
    twin: Twin,
    send: mpsc::Sender<Result<Event, Infallible>>,
    _room: OwnedSemaphorePermit,
) {
    let mut phase = twin.doors.phase();
    loop {
        tokio::select! {
            () = send.closed() => return,
            () = drains(&mut phase) => return,
            news = receiving.next() => {
                let Some(event) = event(&twin.schema, &convert::news(&news)) else { return };
                send.send(Ok(event)).await.unwrap_or_default();
            }
        }
    }
}

/// Waits until the service is about to stop.
async fn drains(phase: &mut watch::Receiver<Phase>) {
    // Over as well where nobody is left to say so.
    drop(phase.wait_for(|phase| matches!(phase, Phase::Draining { .. })).await);
}

fn event(schema: &Schema, news: &crate::proto::v1::ConverseResponse) -> Option<Event> {
    let json = schema.write(news).ok()?;
    Event::default().id(&news.cursor).json_data(json).ok()
}
