//! The JSON twin: the same calls as gRPC's, in the proto3 JSON mapping. Four paths, each one line of meaning.

use std::sync::Arc;

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use prost::{Message, Name};

use super::body;
use super::events::events;
use super::json::Schema;
use crate::proto::v1;
use crate::server::calls::{Call, admitted};
use crate::server::convert;
use crate::server::doors::Doors;
use crate::server::guard::nowhere;
use crate::server::status::Refusal;

/// What a handler of this port needs.
#[derive(Debug, Clone)]
pub(super) struct Twin {
    pub(super) doors: Arc<Doors>,
    pub(super) schema: Schema,
}

/// The paths of the public port.
pub(crate) fn router(doors: Arc<Doors>, schema: Schema) -> Router {
    Router::new()
        .route("/v1/messages", post(handle))
        .route("/v1/conversations/{id}/events", post(send_event))
        .route("/v1/conversations/{id}", get(get_conversation))
        .route("/v1/feedback", post(record_feedback))
        .route("/v1/events", get(events))
        .method_not_allowed_fallback(nowhere)
        .with_state(Twin { doors, schema })
}

impl Twin {
    async fn take<M>(&self, request: Request) -> Result<(Call, M), Refusal>
    where
        M: Message + Name + Default,
    {
        let (head, body) = request.into_parts();
        let call = admitted(&head.extensions)?;
        let text = body::json(&head.headers, body).await?;
        Ok((call, self.schema.read(&text)?))
    }

    pub(super) fn reply<M: Message + Name>(&self, result: Result<M, Refusal>) -> Response {
        let json = result.and_then(|message| Ok(self.schema.write(&message)?));
        match json {
            Ok(json) => axum::Json(json).into_response(),
            Err(refusal) => refusal.to_response(),
        }
    }
}

async fn handle(State(twin): State<Twin>, request: Request) -> Response {
    let result = async {
        let (call, request) = twin.take(request).await?;
        twin.doors.handle(&call, request).await
    };
    twin.reply(result.await)
}

async fn send_event(
    State(twin): State<Twin>,
    id: Result<Path<String>, PathRejection>,
    request: Request,
) -> Response {
    let result = async {
        let (call, event) = twin.take(request).await?;
        let event = Some(convert::event_of(&named(id), event)?);
        twin.doors.send_event(&call, v1::SendEventRequest { event }).await
    };
    twin.reply(result.await)
}

async fn get_conversation(
    State(twin): State<Twin>,
    id: Result<Path<String>, PathRejection>,
    request: Request,
) -> Response {
    let result = admitted(request.extensions()).map_err(Refusal::from).and_then(|call| {
        let request = v1::GetConversationRequest { conversation_id: named(id) };
        twin.doors.get_conversation(&call, &request)
    });
    twin.reply(result)
}

async fn record_feedback(State(twin): State<Twin>, request: Request) -> Response {
    let result = async {
        let (call, request) = twin.take(request).await?;
        twin.doors.record_feedback(&call, request).await
    };
    twin.reply(result.await)
}

/// A path segment that is not UTF-8 is no identifier; it becomes one that the reader of identifiers refuses.
fn named(id: Result<Path<String>, PathRejection>) -> String {
    id.map_or_else(|_| "\u{fffd}".to_owned(), |Path(id)| id)
}
