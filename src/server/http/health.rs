//! Probes and metrics, for machines.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use http::{StatusCode, header};
use serde_json::json;

use crate::message::Priority;
use crate::proto::v1;
use crate::server::convert::bare;
use crate::server::doors::{Doors, Phase};
use crate::server::error::DoorError;
use crate::server::status::Refusal;

/// The media type of the `OpenMetrics` text format.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Alive, ready, and how it goes.
pub(super) fn router(doors: Arc<Doors>) -> Router {
    Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(doors)
}

/// Ready once model and knowledge are loaded, until the service drains or cannot write any more.
async fn ready(State(doors): State<Arc<Doors>>) -> Response {
    let not_ready = match *doors.phase().borrow() {
        Phase::Serving => {
            if let Some(fault) = doors.parts().ok().and_then(|parts| parts.dispatch.fault()) {
                return Refusal::from(fault).to_response();
            }
            let guarantee = guarantee(&doors).map(str::to_ascii_lowercase);
            return axum::Json(json!({ "state": "ready", "guarantee": guarantee })).into_response();
        }
        Phase::Starting { waits_for } => DoorError::NotReady { waits_for },
        Phase::Draining { .. } => DoorError::Draining,
    };
    Refusal::from(not_ready).to_response()
}

/// The state of the guarantee in force.
fn guarantee(doors: &Doors) -> Option<&'static str> {
    let state = doors.parts().ok()?.current.load().gate().state;
    let name = v1::GuaranteeState::from(state).as_str_name();
    Some(bare(name, "GUARANTEE_STATE_"))
}

async fn metrics(State(doors): State<Arc<Doors>>) -> Response {
    look(&doors);
    match doors.metrics.render() {
        Ok(page) => ([(header::CONTENT_TYPE, OPEN_METRICS)], page).into_response(),
        Err(std::fmt::Error) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// What is a state and not an event is read when it is asked for.
fn look(doors: &Doors) {
    let Ok(parts) = doors.parts() else { return };
    doors.metrics.journal(parts.dispatch.fault().is_none());
    let bundle = parts.current.load();
    let bundle = bundle.info();
    doors.metrics.bundle(&bundle.hash, &bundle.model, &bundle.knowledge_revision);
    if let Some(state) = guarantee(doors) {
        doors.metrics.guarantee(state);
    }
    for queue in parts.dispatch.queues() {
        for class in CLASSES {
            let name = v1::PriorityClass::from(class).as_str_name();
            let tickets = queue.waiting.get(&class).copied().unwrap_or(0);
            let name = bare(name, "PRIORITY_CLASS_");
            doors.metrics.queue_depth(queue.queue.as_str(), name, tickets);
        }
    }
}

/// Every class has its gauge: an empty one reads zero, not what it was.
const CLASSES: [Priority; 4] = [Priority::Urgent, Priority::High, Priority::Normal, Priority::Low];
