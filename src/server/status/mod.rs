//! The one table from the neutral error kinds to what a caller sees, for both transports: the gRPC code and the HTTP status
//! stand side by side, with the same `google.rpc` details. Also the same content as a `Problem` inside a stream. It knows
//! no module's errors: they classify themselves.

use std::collections::{BTreeMap, HashMap};

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};
use tonic::{Code, Status};
use tonic_types::{
    BadRequest, ErrorDetail, ErrorInfo, FieldViolation, ResourceInfo, RetryInfo, StatusExt as _,
};

use super::error::DoorError;
use super::limit::MAX_BODY;
use crate::dispatch::DispatchError;
use crate::error::{Kind, Problem};
use crate::proto::v1;

/// The domain of every `ErrorInfo`.
pub const DOMAIN: &str = "firstline";

/// Every reason that can stand in an `ErrorInfo` or a `Problem`. Closed: a caller may switch on it.
pub const REASONS: &[&str] = &[
    "ADDRESS_UNUSABLE",
    "ADMIN_NOT_LOOPBACK",
    "AGENT_ALREADY_CONNECTED",
    "AGENT_HAS_WORK",
    "AGENT_MISMATCH",
    "AGENT_NOT_CONNECTED",
    "AGENT_UNKNOWN",
    "ARTICLE_UNKNOWN",
    "ATTACHED_ALREADY",
    "BAD_DOCUMENT",
    "BAD_KEY",
    "BAD_LABELS",
    "BAD_MODEL_NAME",
    "BAD_RECORD",
    "BAD_SUITE",
    "BAD_TARGET",
    "BODY_BROKEN",
    "BODY_NOT_UTF8",
    "BODY_TOO_LARGE",
    "CALIBRATION_BUSY",
    "CALIBRATION_MALFORMED",
    "CHANNEL_UNKNOWN",
    "CHECKPOINT_FOREIGN",
    "CHECKPOINT_MALFORMED",
    "CONFIG_INVALID",
    "CONFIG_UNREADABLE",
    "CONTENT_TYPE_UNSUPPORTED",
    "CONTRADICTORY_LABELS",
    "CONVERSATION_BUSY",
    "CONVERSATION_NOT_FOUND",
    "DEADLINE_EXCEEDED",
    "DECISION_NOT_FOUND",
    "DISK_FULL",
    "DRAINING",
    "ENCODER_FAILED",
    "ENCODER_OVERLOADED",
    "FIELD_INVALID",
    "FIELD_MISSING",
    "FIELD_UNKNOWN",
    "FILES_FAILED",
    "FILE_UNREADABLE",
    "FILE_UNWRITABLE",
    "FIT_FAILED",
    "FRAME_UNREADABLE",
    "HOST_REFUSED",
    "INTERNAL",
    "JOURNAL_BROKEN",
    "JOURNAL_BUSY",
    "JOURNAL_DAMAGED",
    "JOURNAL_FULL",
    "JOURNAL_MISSING",
    "JOURNAL_OVERLOADED",
    "JOURNAL_RECORD_TOO_LARGE",
    "JOURNAL_TORN",
    "JOURNAL_VERSION",
    "JSON_MALFORMED",
    "JSON_MISMATCH",
    "KEYS_REQUIRED",
    "KEY_MISSING",
    "KEY_UNKNOWN",
    "KNOWLEDGE_INVALID",
    "KNOWLEDGE_UNREADABLE",
    "LABELS_CONTRADICT",
    "LABELS_ONE_CLASS",
    "LABELS_UNKNOWN_ARTICLE",
    "LOG_FILTER_INVALID",
    "LOG_SET_UP_ALREADY",
    "MANIFEST_BROKEN",
    "MESSAGE_MALFORMED",
    "MESSAGE_WITHDRAWN",
    "METHOD_UNKNOWN",
    "MODEL_EXISTS",
    "MODEL_FOLDER_UNFIT",
    "MODEL_HASH_MISMATCH",
    "MODEL_MALFORMED",
    "MODEL_MISSING",
    "MODEL_UNKNOWN",
    "MODEL_UNREADABLE",
    "NOTHING_IN_COMMON",
    "NOTHING_TO_TELL_APART",
    "NOT_ATTACHED",
    "NOT_READY",
    "NOT_YOUR_OFFER",
    "NOT_YOUR_TICKET",
    "NO_CERTIFICATE",
    "NO_DATA_SET",
    "NO_DESK",
    "NO_EXAMPLES",
    "NO_FRESH_MESSAGES",
    "NO_LABELS",
    "NO_PLAN",
    "NO_RECORDS",
    "NO_SUCH_SUITE",
    "OFFER_NOT_PENDING",
    "ORIGIN_REFUSED",
    "OTHER_BUNDLE",
    "OTHER_DATA",
    "OTHER_SET",
    "OUT_OF_BOUNDS",
    "PIP_MISSING",
    "PRESENCE_NOT_ALLOWED",
    "QUEUE_CLOSED",
    "QUEUE_FULL",
    "QUEUE_UNKNOWN",
    "REMOTE_TARGET",
    "RENEWAL_TOO_SOON",
    "REQUEST_ID_REUSED",
    "ROLE_MISSING",
    "ROUTE_UNKNOWN",
    "SEAL_FOREIGN",
    "SEAL_KEY_INVALID",
    "SEAL_KEY_WRONG",
    "SEAL_TORN",
    "SEQUENCE_PASSED",
    "SERVER_BUSY",
    "SERVICE_UNKNOWN",
    "SESSION_TAKEN_OVER",
    "SESSION_UNKNOWN",
    "SETTING_OUT_OF_RANGE",
    "SHUTTING_DOWN",
    "SOURCE_LACKS_MODEL",
    "SOURCE_UNREACHABLE",
    "STALE_CONTEXT",
    "STREAM_REFUSED",
    "STREAM_SILENT",
    "TARGET_UNREACHABLE",
    "TEXT_TOO_LONG",
    "TICKET_NOT_FOUND",
    "TIMEOUT_MALFORMED",
    "TLS_FILE_UNREADABLE",
    "TLS_MISMATCH",
    "TOO_MANY_CONVERSATIONS",
    "TOO_MANY_IN_FLIGHT",
    "TOO_MANY_SLICES",
    "TOO_MANY_STREAMS",
    "TRAINING_DIVERGED",
    "VERSION_CHANGED",
    "WORK_ABANDONED",
    "WRAP_ALREADY_EXTENDED",
    "WRONG_STATE",
];

/// Kind → gRPC code and HTTP status. The HTTP column is Google's mapping of its own codes.
pub(crate) const fn codes(kind: Kind) -> (Code, u16) {
    match kind {
        Kind::InvalidArgument => (Code::InvalidArgument, 400),
        Kind::NotFound => (Code::NotFound, 404),
        Kind::AlreadyExists => (Code::AlreadyExists, 409),
        Kind::FailedPrecondition => (Code::FailedPrecondition, 400),
        Kind::OutOfRange => (Code::OutOfRange, 400),
        Kind::Unauthenticated => (Code::Unauthenticated, 401),
        Kind::PermissionDenied => (Code::PermissionDenied, 403),
        Kind::Overloaded => (Code::ResourceExhausted, 429),
        Kind::DeadlineExceeded => (Code::DeadlineExceeded, 504),
        Kind::Cancelled => (Code::Cancelled, 499),
        Kind::Unavailable => (Code::Unavailable, 503),
        Kind::Internal => (Code::Internal, 500),
    }
}

/// The name of a code, as `google.rpc.Code` spells it.
pub(crate) const fn code_name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

/// What a caller is told when a call or a frame is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Boxed, so that a refusal is cheap to carry in a `Result`.
    inner: Box<Inner>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Inner {
    problem: Problem,
    fields: Vec<Violation>,
    resource: Option<(&'static str, String)>,
}

/// How an HTTP response was refused, for whoever counts it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Refused {
    pub(crate) code: &'static str,
    pub(crate) reason: &'static str,
}

/// What is wrong with one field of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Path of the field, such as `message.attributes`.
    pub field: String,
    /// What it must be, to be read after the field's name.
    pub description: String,
    /// `UPPER_SNAKE_CASE`, of [`REASONS`].
    pub reason: &'static str,
}

impl From<DoorError> for Refusal {
    fn from(error: DoorError) -> Self {
        Self::new(Problem::from(&error))
    }
}

impl From<DispatchError> for Refusal {
    fn from(error: DispatchError) -> Self {
        Self::new(Problem::from(&error))
    }
}

impl Refusal {
    /// A problem as it is.
    pub fn new(problem: Problem) -> Self {
        Self { inner: Box::new(Inner { problem, fields: Vec::new(), resource: None }) }
    }

    /// Adds which fields are wrong.
    pub(crate) fn with_fields(mut self, fields: Vec<Violation>) -> Self {
        self.inner.fields = fields;
        self
    }

    /// Names the thing that was not found; nothing to any other kind.
    pub(crate) fn about(mut self, kind: &'static str, name: &str) -> Self {
        if self.kind() == Kind::NotFound {
            self.inner.resource = Some((kind, name.to_owned()));
        }
        self
    }

    /// The neutral code.
    pub fn kind(&self) -> Kind {
        self.inner.problem.kind
    }

    /// The reason, of [`REASONS`].
    pub fn reason(&self) -> &'static str {
        self.inner.problem.reason
    }

    /// What a gRPC caller gets.
    pub fn to_status(&self) -> Status {
        let (code, _) = codes(self.kind());
        Status::with_error_details_vec(code, self.sentence(), self.details())
    }

    /// What an HTTP caller gets: the same content as JSON.
    pub fn to_response(&self) -> Response {
        let (_, status) = codes(self.kind());
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, axum::Json(self.to_json())).into_response();
        if let Some(delay) = self.inner.problem.retry_after {
            let seconds = delay.as_secs_f64().ceil().max(1.0);
            if let Ok(value) = HeaderValue::from_str(&format!("{seconds:.0}")) {
                response.headers_mut().insert(header::RETRY_AFTER, value);
            }
        }
        let (code, reason) = (code_name(codes(self.kind()).0), self.reason());
        response.extensions_mut().insert(Refused { code, reason });
        if self.kind() == Kind::Unauthenticated {
            let scheme = HeaderValue::from_static("Bearer");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, scheme);
        }
        response
    }

    /// What stands in a stream in place of an error.
    pub fn to_problem(&self, request_id: &str) -> v1::Problem {
        let problem = &self.inner.problem;
        v1::Problem {
            request_id: request_id.to_owned(),
            code: codes(problem.kind).0.into(),
            reason: problem.reason.to_owned(),
            message: problem.message.clone(),
            remedy: problem.remedy.clone().into_owned(),
            metadata: self.metadata().into_iter().collect(),
            retry_after: problem.retry_after.and_then(|delay| delay.try_into().ok()),
            fields: self.inner.fields.iter().map(Violation::to_wire).collect(),
        }
    }

    /// What happened and what to do: a reader of the bare message gets both.
    fn sentence(&self) -> String {
        format!("{}. {}", self.inner.problem.message, self.inner.problem.remedy)
    }

    fn metadata(&self) -> BTreeMap<String, String> {
        let values = self.inner.problem.metadata.iter();
        values.map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
    }

    fn metadata_with_remedy(&self) -> BTreeMap<String, String> {
        let mut metadata = self.metadata();
        metadata.insert("remedy".to_owned(), self.inner.problem.remedy.clone().into_owned());
        metadata
    }

    fn details(&self) -> Vec<ErrorDetail> {
        let inner = &*self.inner;
        let metadata: HashMap<_, _> = self.metadata_with_remedy().into_iter().collect();
        let mut details: Vec<ErrorDetail> =
            vec![ErrorInfo::new(inner.problem.reason, DOMAIN, metadata).into()];
        if !inner.fields.is_empty() {
            let violations = inner.fields.iter().map(Violation::to_detail).collect::<Vec<_>>();
            details.push(BadRequest::new(violations).into());
        }
        if inner.problem.retry_after.is_some() {
            details.push(RetryInfo::new(inner.problem.retry_after).into());
        }
        if let Some((kind, name)) = &inner.resource {
            details.push(ResourceInfo::new(*kind, name, "", &inner.problem.message).into());
        }
        details
    }

    fn to_json(&self) -> Value {
        let inner = &*self.inner;
        let mut details = vec![json!({
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": inner.problem.reason,
            "domain": DOMAIN,
            "metadata": self.metadata_with_remedy(),
        })];
        if !inner.fields.is_empty() {
            let violations: Vec<Value> = inner.fields.iter().map(Violation::to_json).collect();
            details.push(json!({
                "@type": "type.googleapis.com/google.rpc.BadRequest",
                "fieldViolations": violations,
            }));
        }
        if let Some(delay) = inner.problem.retry_after {
            details.push(json!({
                "@type": "type.googleapis.com/google.rpc.RetryInfo",
                "retryDelay": format!("{}s", delay.as_secs_f64()),
            }));
        }
        if let Some((kind, name)) = &inner.resource {
            details.push(json!({
                "@type": "type.googleapis.com/google.rpc.ResourceInfo",
                "resourceType": kind,
                "resourceName": name,
                "description": inner.problem.message,
            }));
        }
        let code: i32 = codes(inner.problem.kind).0.into();
        json!({ "code": code, "message": self.sentence(), "details": details })
    }
}

impl Violation {
    fn to_wire(&self) -> v1::FieldProblem {
        v1::FieldProblem { field: self.field.clone(), description: self.description.clone() }
    }

    fn to_detail(&self) -> FieldViolation {
        let mut violation = FieldViolation::new(&self.field, &self.description);
        self.reason.clone_into(&mut violation.reason);
        violation
    }

    fn to_json(&self) -> Value {
        json!({ "field": self.field, "description": self.description, "reason": self.reason })
    }
}

/// Gives a status that a library made, and so has no details, the details that every status of ours has.
pub(crate) fn complete(status: Status) -> Status {
    if !status.details().is_empty() || status.code() == Code::Ok {
        return status;
    }
    let refusal = Refusal::from(foreign(&status));
    let code = if status.code() == Code::Unimplemented {
        Code::Unimplemented // what gRPC clients take for "an older server"
    } else {
        codes(refusal.kind()).0
    };
    Status::with_error_details_vec(code, refusal.sentence(), refusal.details())
}

/// What a library means by a status. Ours have details, so one without is the transport's word on what the peer sent.
fn foreign(status: &Status) -> DoorError {
    match status.code() {
        Code::Unimplemented => DoorError::MethodUnknown,
        Code::NotFound => DoorError::ServiceUnknown,
        Code::OutOfRange | Code::ResourceExhausted => DoorError::BodyTooLarge { limit: MAX_BODY },
        Code::InvalidArgument | Code::Internal => {
            DoorError::MessageMalformed { detail: status.message().to_owned() }
        }
        Code::DeadlineExceeded => DoorError::DeadlinePassed,
        Code::Cancelled | Code::Unavailable | Code::Unknown => DoorError::BodyBroken,
        Code::Ok
        | Code::AlreadyExists
        | Code::PermissionDenied
        | Code::FailedPrecondition
        | Code::Aborted
        | Code::DataLoss
        | Code::Unauthenticated => DoorError::Defect,
    }
}

#[cfg(test)]
mod tests;
