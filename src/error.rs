//! The neutral error vocabulary: every module's closed error enum classifies itself with [`Classify`]; a door turns the
//! resulting [`Problem`] into its own status with one table (`server::status`). This module knows no transport.

use std::borrow::Cow;
use std::time::Duration;

/// What went wrong, in terms that every transport can express.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The request can never succeed as it is.
    InvalidArgument,
    /// The thing that was read does not exist.
    NotFound,
    /// The thing exists already with other content.
    AlreadyExists,
    /// The request is well formed, but the state does not allow it.
    FailedPrecondition,
    /// A cursor or page outside what is kept.
    OutOfRange,
    /// No key, or an unknown one.
    Unauthenticated,
    /// A known key whose role does not allow this.
    PermissionDenied,
    /// A bounded queue is full; come back after the hint.
    Overloaded,
    /// The caller's deadline passed before the work was done.
    DeadlineExceeded,
    /// The caller went away.
    Cancelled,
    /// A part of the service is not usable now.
    Unavailable,
    /// A defect or an environment fault on our side.
    Internal,
}

/// How an error presents itself to somebody who has to act on it.
pub trait Classify: std::error::Error {
    /// The neutral code.
    fn kind(&self) -> Kind;
    /// `UPPER_SNAKE_CASE`, at most 63 characters, from the closed list in `server::status`.
    fn reason(&self) -> &'static str;
    /// What to do next, as one sentence.
    fn remedy(&self) -> Cow<'static, str>;
    /// When trying again makes sense.
    fn retry_after(&self) -> Option<Duration> {
        None
    }
    /// The dynamic values of the message. Never customer text.
    fn metadata(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }
}

/// A classified error, detached from its type: what crosses a door.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Problem {
    /// The neutral code.
    pub kind: Kind,
    /// The reason from the closed list.
    pub reason: &'static str,
    /// What happened. Never customer text.
    pub message: String,
    /// What to do next.
    pub remedy: Cow<'static, str>,
    /// When to try again.
    pub retry_after: Option<Duration>,
    /// The dynamic values of the message.
    pub metadata: Vec<(&'static str, String)>,
}

impl<E: Classify> From<&E> for Problem {
    fn from(error: &E) -> Self {
        Self {
            kind: error.kind(),
            reason: error.reason(),
            message: error.to_string(),
            remedy: error.remedy(),
            retry_after: error.retry_after(),
            metadata: error.metadata(),
        }
    }
}
