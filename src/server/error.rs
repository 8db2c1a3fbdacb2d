//! What the doors refuse by themselves, before anything below them sees the call. What the modules below refuse classifies
//! itself; `status` speaks for both.

use std::borrow::Cow;
use std::time::Duration;

use crate::error::{Classify, Kind};

/// Why a door refused a call or a frame.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DoorError {
    /// The model or the knowledge is not loaded yet.
    #[error("the service is starting: {waits_for}")]
    NotReady {
        /// What it waits for.
        waits_for: &'static str,
    },
    /// The service is about to stop.
    #[error("the service is draining and takes no new work")]
    Draining,
    /// More calls than the service works on at once.
    #[error("{limit} calls are being worked on already")]
    ServerBusy {
        /// The bound.
        limit: usize,
    },
    /// More streams than the service holds open.
    #[error("{limit} streams are open already")]
    TooManyStreams {
        /// The bound.
        limit: usize,
    },
    /// The caller's deadline lay in the past when the call arrived, or passed while it was worked on.
    #[error("the deadline passed before there was a result")]
    DeadlinePassed,
    /// A timeout header that does not parse.
    #[error("{header} cannot be read")]
    TimeoutMalformed {
        /// The header.
        header: &'static str,
    },
    /// A defect of ours; its detail is in the log only.
    #[error("a defect ended this call")]
    Defect,
    /// No key where keys are configured.
    #[error("no key was presented")]
    KeyMissing,
    /// A key that is not configured.
    #[error("the key is not known")]
    KeyUnknown,
    /// A known key that does not have the role.
    #[error("this key does not have the role {role}")]
    RoleMissing {
        /// The role that the call needs.
        role: &'static str,
    },
    /// A body that does not claim to be JSON.
    #[error("the content type is not application/json")]
    ContentType,
    /// A body or a frame beyond the transport's limit.
    #[error("the body has more than {limit} bytes")]
    BodyTooLarge {
        /// The bound.
        limit: usize,
    },
    /// A body that ended before it was whole.
    #[error("the body could not be read to its end")]
    BodyBroken,
    /// A body that is not UTF-8.
    #[error("the body is not UTF-8 at byte {offset}")]
    BodyNotUtf8 {
        /// Where.
        offset: usize,
    },
    /// A body that is not JSON.
    #[error("the body is not JSON at line {line}, column {column}")]
    JsonMalformed {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
    },
    /// JSON that does not have the message's shape.
    #[error("the JSON does not fit {message} at line {line}, column {column}")]
    JsonMismatch {
        /// The message of the proto files.
        message: &'static str,
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
    },
    /// JSON with a field that the message does not have.
    #[error("{message} has no field {field}, at line {line}, column {column}")]
    FieldUnknown {
        /// The message of the proto files.
        message: &'static str,
        /// As written, shortened.
        field: String,
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
    },
    /// Protobuf that is not what the method takes.
    #[error("the message is not readable protobuf of the expected type: {detail}")]
    MessageMalformed {
        /// The field and what is wrong with it, as the decoder says it.
        detail: String,
    },
    /// A frame that is empty, of an unknown kind, or not readable.
    #[error("the frame is empty, of an unknown kind, or not readable")]
    FrameUnreadable,
    /// Work on a stream before its first frame was an Attach.
    #[error("the stream is not attached")]
    NotAttached,
    /// A second Attach on one stream.
    #[error("the stream is attached already")]
    AttachedAlready,
    /// A stream on which nothing came for too long, not even a heartbeat.
    #[error("nothing came on this stream for too long")]
    StreamSilent,
    /// An agent who is not whom the key belongs to.
    #[error("the key belongs to another agent")]
    OtherAgent,
    /// An HTTP path and method that nothing serves.
    #[error("nothing is served at this path by this method")]
    RouteUnknown,
    /// A gRPC method that nothing serves.
    #[error("no such method")]
    MethodUnknown,
    /// A service name that the health or reflection service does not know.
    #[error("no such service or symbol")]
    ServiceUnknown,
    /// An article that the knowledge directory does not hold.
    #[error("no such article")]
    ArticleUnknown,
    /// A request to a port without keys under a name that is not loopback's.
    #[error("this port is not called by that host name")]
    HostRefused,
    /// A request to a port without keys that a page of another origin sent.
    #[error("a page of another origin sent this request")]
    OriginRefused,
}

impl Classify for DoorError {
    fn kind(&self) -> Kind {
        match self {
            Self::NotReady { .. } | Self::Draining => Kind::Unavailable,
            Self::ServerBusy { .. } | Self::TooManyStreams { .. } => Kind::Overloaded,
            Self::DeadlinePassed | Self::StreamSilent => Kind::DeadlineExceeded,
            Self::TimeoutMalformed { .. }
            | Self::ContentType
            | Self::BodyTooLarge { .. }
            | Self::BodyBroken
            | Self::BodyNotUtf8 { .. }
            | Self::JsonMalformed { .. }
            | Self::JsonMismatch { .. }
            | Self::FieldUnknown { .. }
            | Self::MessageMalformed { .. }
            | Self::FrameUnreadable => Kind::InvalidArgument,
            Self::Defect => Kind::Internal,
            Self::KeyMissing | Self::KeyUnknown => Kind::Unauthenticated,
            Self::RoleMissing { .. }
            | Self::OtherAgent
            | Self::HostRefused
            | Self::OriginRefused => Kind::PermissionDenied,
            Self::NotAttached | Self::AttachedAlready => Kind::FailedPrecondition,
            Self::RouteUnknown
            | Self::MethodUnknown
            | Self::ServiceUnknown
            | Self::ArticleUnknown => Kind::NotFound,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::NotReady { .. } => "NOT_READY",
            Self::Draining => "DRAINING",
            Self::ServerBusy { .. } => "SERVER_BUSY",
            Self::TooManyStreams { .. } => "TOO_MANY_STREAMS",
            Self::DeadlinePassed => "DEADLINE_EXCEEDED",
            Self::TimeoutMalformed { .. } => "TIMEOUT_MALFORMED",
            Self::Defect => "INTERNAL",
            Self::KeyMissing => "KEY_MISSING",
            Self::KeyUnknown => "KEY_UNKNOWN",
            Self::RoleMissing { .. } => "ROLE_MISSING",
            Self::ContentType => "CONTENT_TYPE_UNSUPPORTED",
            Self::BodyTooLarge { .. } => "BODY_TOO_LARGE",
            Self::BodyBroken => "BODY_BROKEN",
            Self::BodyNotUtf8 { .. } => "BODY_NOT_UTF8",
            Self::JsonMalformed { .. } => "JSON_MALFORMED",
            Self::JsonMismatch { .. } => "JSON_MISMATCH",
            Self::FieldUnknown { .. } => "FIELD_UNKNOWN",
            Self::MessageMalformed { .. } => "MESSAGE_MALFORMED",
            Self::FrameUnreadable => "FRAME_UNREADABLE",
            Self::NotAttached => "NOT_ATTACHED",
            Self::AttachedAlready => "ATTACHED_ALREADY",
            Self::StreamSilent => "STREAM_SILENT",
            Self::OtherAgent => "AGENT_MISMATCH",
            Self::RouteUnknown => "ROUTE_UNKNOWN",
            Self::MethodUnknown => "METHOD_UNKNOWN",
            Self::ServiceUnknown => "SERVICE_UNKNOWN",
            Self::ArticleUnknown => "ARTICLE_UNKNOWN",
            Self::HostRefused => "HOST_REFUSED",
            Self::OriginRefused => "ORIGIN_REFUSED",
        }
    }

    fn remedy(&self) -> Cow<'static, str> {
        match self {
            Self::NotReady { .. } => "Send it again after the hint; /readyz on the admin port says when it is ready.",
            Self::Draining => "Send it again: another instance, or this one after its restart, takes it.",
            Self::ServerBusy { .. } => {
                "Send it again after the hint; if this lasts, add an instance or raise server.limits in the configuration."
            }
            Self::TooManyStreams { .. } => {
                "Carry the conversations of one gateway over one stream; Converse keeps them apart."
            }
            Self::DeadlinePassed => "Send it again with the same request_id and a later deadline.",
            Self::TimeoutMalformed { .. } => {
                "Write grpc-timeout as in the gRPC protocol (500m, 2S), X-Request-Timeout as seconds (0.5, 2), or leave it out."
            }
            Self::Defect => {
                "Send it again with the same request_id; if it fails again, report it with the log of this minute."
            }
            Self::KeyMissing => {
                "Send the key as `authorization: Bearer KEY` or as `x-api-key: KEY`."
            }
            Self::KeyUnknown => {
                "Check the key; its SHA-256 must stand under [[server.keys]] of the configuration."
            }
            Self::RoleMissing { .. } => {
                "Use a key that has this role, or add the role to this key in the configuration."
            }
            Self::ContentType => "Send the header `content-type: application/json`.",
            Self::BodyTooLarge { .. } => "Send one message at a time; a text has at most 8 KiB.",
            Self::BodyBroken => "Send the whole body, of the length that its header states.",
            Self::BodyNotUtf8 { .. } => "Encode the body as UTF-8.",
            Self::JsonMalformed { .. } => "Send one JSON document and nothing after it.",
            Self::JsonMismatch { .. } | Self::FieldUnknown { .. } => {
                "Write the fields of proto/firstline/v1 in lowerCamelCase, enums by name, times as RFC 3339."
            }
            Self::MessageMalformed { .. } => {
                "Generate the client from proto/firstline/v1 of this version; every string must be UTF-8."
            }
            Self::FrameUnreadable => {
                "Send an attach, a message or an event of proto/firstline/v1; every string must be UTF-8."
            }
            Self::NotAttached => "Send an Attach, or a Hello, as the first frame, then send this again.",
            Self::AttachedAlready => "Attach once; open another stream to attach with other settings.",
            Self::StreamSilent => "Open the stream again with the session token, and send a Heartbeat as often as Welcome says.",
            Self::OtherAgent => "Say hello with the agent_id that this key belongs to.",
            Self::RouteUnknown => {
                "Use POST /v1/messages, POST /v1/conversations/{id}/events, GET /v1/conversations/{id}, POST /v1/feedback or GET /v1/events."
            }
            Self::MethodUnknown => {
                "List what is served by reflection, generate the client from proto/firstline/v1 of this version, and do not compress."
            }
            Self::ServiceUnknown => "List what is served by reflection.",
            Self::ArticleUnknown => "List the articles; it may have been renamed or deleted.",
            Self::HostRefused => "Call it as localhost or by its loopback address; beyond that, configure keys.",
            Self::OriginRefused => "Send it from the console's own pages, or without an Origin header.",
        }
        .into()
    }

    fn retry_after(&self) -> Option<Duration> {
        let retry = matches!(
            self,
            Self::NotReady { .. }
                | Self::Draining
                | Self::ServerBusy { .. }
                | Self::TooManyStreams { .. }
        );
        retry.then_some(Duration::from_secs(1))
    }

    fn metadata(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::NotReady { waits_for } => vec![("waits_for", (*waits_for).to_owned())],
            Self::ServerBusy { limit }
            | Self::TooManyStreams { limit }
            | Self::BodyTooLarge { limit } => vec![("limit", limit.to_string())],
            Self::TimeoutMalformed { header } => vec![("header", (*header).to_owned())],
            Self::RoleMissing { role } => vec![("role", (*role).to_owned())],
            Self::BodyNotUtf8 { offset } => vec![("offset", offset.to_string())],
            Self::JsonMalformed { line, column } => place(*line, *column),
            Self::JsonMismatch { message, line, column } => {
                with("message", message, place(*line, *column))
            }
            Self::FieldUnknown { message, field, line, column } => {
                with("message", message, with("field", field, place(*line, *column)))
            }
            Self::MessageMalformed { detail } => vec![("detail", detail.clone())],
            Self::Draining
            | Self::DeadlinePassed
            | Self::Defect
            | Self::KeyMissing
            | Self::KeyUnknown
            | Self::ContentType
            | Self::BodyBroken
            | Self::FrameUnreadable
            | Self::NotAttached
            | Self::AttachedAlready
            | Self::StreamSilent
            | Self::OtherAgent
            | Self::RouteUnknown
            | Self::MethodUnknown
            | Self::ServiceUnknown
            | Self::ArticleUnknown
            | Self::HostRefused
            | Self::OriginRefused => Vec::new(),
        }
    }
}

type Values = Vec<(&'static str, String)>;

fn place(line: usize, column: usize) -> Values {
    vec![("line", line.to_string()), ("column", column.to_string())]
}

fn with(name: &'static str, value: &str, mut rest: Values) -> Values {
    rest.insert(0, (name, value.to_owned()));
    rest
}
