//! The admin port: loopback only, plain HTTP. Probes and metrics for machines, JSON for the console, and the console. A page
//! of the web cannot use it: host and origin are checked, and what it serves may load nothing from elsewhere.

use std::sync::Arc;

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use http::{HeaderName, HeaderValue, header};
use serde_json::{Value, json};
use tower_http::set_header::SetResponseHeaderLayer;

use super::json::Schema;
use super::{body, console, health};
use crate::error::Classify as _;
use crate::message::{ArticleId, Language, Risk};
use crate::proto::v1;
use crate::server::auth::Caller;
use crate::server::calls::Call;
use crate::server::caught::Caught;
use crate::server::convert;
use crate::server::deadline::Deadline;
use crate::server::doors::{Doors, Phase};
use crate::server::error::DoorError;
use crate::server::local;
use crate::server::status::Refusal;

/// Nothing at all: what is no page of the console may load, run and frame nothing.
const POLICY: &str =
    "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// What a handler of this port needs.
#[derive(Debug, Clone)]
struct Admin {
    doors: Arc<Doors>,
    schema: Schema,
    /// The console as a caller: conversations tried there are nobody else's.
    console: Caller,
}

/// Everything that the admin port serves.
pub(crate) fn router(doors: Arc<Doors>, schema: Schema, console: Caller) -> Router {
    let router = Router::new()
        .route("/admin/status", get(status))
        .route("/admin/queues", get(queues))
        .route("/admin/tickets", get(tickets))
        .route("/admin/articles", get(articles))
        .route("/admin/articles/{*id}", get(article))
        .route("/admin/ask", post(ask))
        .with_state(Admin { doors: Arc::clone(&doors), schema, console })
        .merge(health::router(doors))
        .merge(console::router())
        .fallback(nowhere)
        .method_not_allowed_fallback(nowhere)
        .layer(from_fn(guard));
    let headers = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    headers.into_iter().fold(router, |router, (name, value)| {
        let value = HeaderValue::from_static(value);
        router.layer(SetResponseHeaderLayer::if_not_present(name, value))
    })
}

async fn guard(request: Request, next: Next) -> Response {
    let local = local::check_host(&request).and_then(|()| local::check_origin(&request));
    let result = match local {
        Ok(()) => Caught::new(next.run(request)).await,
        Err(error) => Err(error),
    };
    result.unwrap_or_else(|error| {
        if error == DoorError::Defect {
            tracing::error!(reason = error.reason(), "admin call failed");
        }
        Refusal::from(error).to_response()
    })
}

async fn nowhere() -> Response {
    Refusal::from(DoorError::RouteUnknown).to_response()
}

impl Admin {
    fn call(&self) -> Call {
        Call { caller: self.console.clone(), deadline: Deadline::default() }
    }
}

fn reply(result: Result<Value, Refusal>) -> Response {
    match result {
        Ok(json) => axum::Json(json).into_response(),
        Err(refusal) => refusal.to_response(),
    }
}

/// How the service is, also while it is starting.
async fn status(State(admin): State<Admin>) -> Response {
    let state = match *admin.doors.phase().borrow() {
        Phase::Starting { .. } => "starting",
        Phase::Serving => "ready",
        Phase::Draining { .. } => "draining",
    };
    let mut status = json!({ "state": state, "version": env!("CARGO_PKG_VERSION") });
    if let (Ok(facts), Some(status)) = (admin.facts(), status.as_object_mut()) {
        status.extend(facts);
    }
    axum::Json(status).into_response()
}

impl Admin {
    /// What can be said once the parts are there.
    fn facts(&self) -> Result<serde_json::Map<String, Value>, Refusal> {
        let parts = self.doors.parts()?;
        let bundle = parts.current.load();
        let guarantee = bundle.gate().guarantee(bundle.policy().target, Language::EN, Risk::None);
        let sentence = bundle.gate().sentence();
        let attached = self.schema.write(&self.doors.attached()?)?;
        let channels: Vec<String> = parts.dispatch.channels().map(ToString::to_string).collect();
        let guarantee = self.schema.write(&convert::guarantee(&guarantee))?;
        let facts = [
            ("bundle", attached.get("bundle").cloned().unwrap_or_default()),
            ("mode", attached.get("mode").cloned().unwrap_or_default()),
            ("guarantee", guarantee),
            ("sentence", json!({ "zh": sentence.zh, "en": sentence.en })),
            ("channels", channels.into()),
        ];
        Ok(facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }
}

async fn queues(State(admin): State<Admin>) -> Response {
    let queues = admin.doors.list_queues(&admin.call());
    reply(queues.and_then(|queues| Ok(admin.schema.write(&queues)?)))
}

async fn tickets(State(admin): State<Admin>) -> Response {
    reply(admin.waiting())
}

impl Admin {
    /// Who waits, as supervisors know it, all at once.
    fn waiting(&self) -> Result<Value, Refusal> {
        let waiting = self.doors.parts()?.dispatch.waiting();
        let tickets: Result<Vec<Value>, DoorError> =
            waiting.iter().map(|view| self.schema.write(&convert::waiting(view))).collect();
        Ok(json!({ "tickets": tickets? }))
    }
}

async fn articles(State(admin): State<Admin>) -> Response {
    let list = admin.doors.parts().map(|parts| {
        let bundle = parts.current.load();
        parts.shelf.load().list(&bundle.info().knowledge_revision)
    });
    reply(list.map_err(Refusal::from))
}

async fn article(State(admin): State<Admin>, id: Result<Path<String>, PathRejection>) -> Response {
    let id = id.ok().and_then(|Path(id)| ArticleId::new(&id).ok());
    let article = admin.doors.parts().and_then(|parts| {
        id.and_then(|id| parts.shelf.load().article(&id)).ok_or(DoorError::ArticleUnknown)
    });
    reply(article.map_err(Refusal::from))
}

/// What would the bot say, and why: the same call as a gateway's, as the console.
async fn ask(State(admin): State<Admin>, request: Request) -> Response {
    let result = async {
        let (head, body) = request.into_parts();
        let text = body::json(&head.headers, body).await?;
        let request: v1::HandleRequest = admin.schema.read(&text)?;
        let decision = admin.doors.handle(&admin.call(), request).await?;
        Ok(admin.schema.write(&decision)?)
    };
    reply(result.await)
}
