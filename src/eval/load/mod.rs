//! Open-loop load over gRPC: each message has its moment, and its latency runs from that moment whether or not it could be
//! sent then. A service that stalls is therefore charged with every message that should have been sent meanwhile, not with
//! the one that was under way (the mistake known as coordinated omission). Bounded in messages, time and calls under way.

pub mod client;
mod schedule;
mod streams;
mod tally;
mod target;

use std::borrow::Cow;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use crate::error::{Classify, Kind};
use crate::proto::v1::Decision;

pub use client::{Gateway, Reach, Refusal};
pub use schedule::{Pace, Shot};
pub use tally::{Latency, Tally};
pub use target::Target;

/// The most messages of one run.
pub const MOST_MESSAGES: u64 = 10_000_000;
/// The longest run.
pub const LONGEST: Duration = Duration::from_hours(1);

/// Why a run could not be started.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// Not an address this client can send to.
    #[error("{target:?} is no address of the form http://HOST:PORT")]
    BadTarget {
        /// As it was given.
        target: String,
    },
    /// A machine other than this one, without leave.
    #[error("{target} is not this machine")]
    Remote {
        /// As it was given.
        target: String,
    },
    /// Nobody listens there.
    #[error("{target} does not answer: {message}")]
    Unreachable {
        /// As it was given.
        target: String,
        /// What the transport said.
        message: String,
    },
    /// Something listens there and opens no stream.
    #[error("{target} opened no stream: {refusal}")]
    StreamRefused {
        /// As it was given.
        target: String,
        /// What it said.
        refusal: Refusal,
    },
    /// The key holds characters that a header cannot.
    #[error("the key is not printable ASCII")]
    BadKey,
    /// A rate, a count or a duration out of bounds.
    #[error("{what} must be between {least} and {most}")]
    OutOfBounds {
        /// Which one.
        what: &'static str,
        /// The least.
        least: f64,
        /// The most.
        most: f64,
    },
}

impl Classify for LoadError {
    fn kind(&self) -> Kind {
        match self {
            Self::BadTarget { .. } | Self::BadKey | Self::OutOfBounds { .. } => {
                Kind::InvalidArgument
            }
            Self::Remote { .. } => Kind::FailedPrecondition,
            Self::Unreachable { .. } | Self::StreamRefused { .. } => Kind::Unavailable,
        }
    }
    fn reason(&self) -> &'static str {
        match self {
            Self::BadTarget { .. } => "BAD_TARGET",
            Self::Remote { .. } => "REMOTE_TARGET",
            Self::Unreachable { .. } => "TARGET_UNREACHABLE",
            Self::StreamRefused { .. } => "STREAM_REFUSED",
            Self::BadKey => "BAD_KEY",
            Self::OutOfBounds { .. } => "OUT_OF_BOUNDS",
        }
    }
    fn remedy(&self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::BadTarget { .. } => {
                "Give the gRPC address that `firstline serve` printed, such as http://127.0.0.1:50051."
            }
            Self::Remote { .. } => "Add --allow-remote if that service is yours to load.",
            Self::Unreachable { .. } => {
                "Start `firstline serve` and give the gRPC address that it prints."
            }
            Self::StreamRefused { .. } => {
                "Give a gateway's key where the service wants one, and fewer --streams than its limits.streams."
            }
            Self::BadKey => "Give the key as it was issued.",
            Self::OutOfBounds { .. } => "Give a number within these bounds.",
        })
    }
}

/// What to send.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The texts, sent in turn and again from the first when they are through.
    pub texts: Vec<String>,
    /// How fast, how many, for how long.
    pub pace: Pace,
    /// By which door they go.
    pub transport: Transport,
    /// How often a message that was refused is sent again, each time when the refusal says so.
    pub retries: u32,
}

/// By which door messages go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// A `Handle` call each.
    Calls {
        /// Decide only: open no tickets, remember nothing.
        dry_run: bool,
    },
    /// So many `Converse` streams, as a gateway keeps them.
    Streams(NonZeroUsize),
}

impl Transport {
    /// Its name in a report.
    fn name(self) -> String {
        match self {
            Self::Calls { dry_run: false } => "Handle".to_owned(),
            Self::Calls { dry_run: true } => "Handle, dry run".to_owned(),
            Self::Streams(count) => format!("Converse x {count}"),
        }
    }
}

/// A transport that is open.
enum Door {
    Calls { gateway: Gateway, dry_run: bool },
    Streams(streams::Streams),
}

impl Door {
    async fn open(gateway: &Gateway, transport: Transport) -> Result<Self, LoadError> {
        Ok(match transport {
            Transport::Calls { dry_run } => Self::Calls { gateway: gateway.clone(), dry_run },
            Transport::Streams(count) => {
                Self::Streams(streams::Streams::open(gateway, count).await?)
            }
        })
    }

    async fn handle(&self, message: client::Outgoing) -> Result<Decision, Refusal> {
        match self {
            Self::Calls { gateway, dry_run } => gateway.handle(message, *dry_run).await,
            Self::Streams(streams) => streams.handle(message).await,
        }
    }
}

/// What came of it. The document of `bench load --json`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// Where it was sent.
    pub target: String,
    /// By which door: `Handle`, or `Converse x N` for N streams.
    pub transport: String,
    /// Messages due a second.
    pub rate: f64,
    /// Conversations they were spread over.
    pub conversations: u32,
    /// From the first due moment to the last reply, seconds.
    pub duration_s: f64,
    /// Replies a second.
    pub achieved_rate: f64,
    /// The counts and the latency.
    #[serde(flatten)]
    pub tally: Tally,
}

/// Sends the plan and waits for every reply. `progress` hears how many messages are through.
pub async fn run(
    gateway: &Gateway,
    plan: Plan,
    progress: &mut dyn FnMut(u64),
) -> Result<Report, LoadError> {
    let pace = plan.pace.checked()?;
    let run = uuid::Uuid::new_v4().simple().to_string();
    let door = Arc::new(Door::open(gateway, plan.transport).await?);
    let send = move |shot: Shot| {
        let (door, message) = (Arc::clone(&door), message(&run, &plan.texts, shot));
        async move { deliver(&door, message, plan.retries).await }
    };
    let (tally, took) = schedule::fire(pace, send, progress).await;
    Ok(Report {
        target: gateway.target().to_owned(),
        transport: plan.transport.name(),
        rate: pace.rate,
        conversations: pace.conversations,
        duration_s: took.as_secs_f64(),
        achieved_rate: tally.replied() as f64 / took.as_secs_f64().max(1e-9),
        tally,
    })
}

/// Sends one message, and again after a refusal that says when.
async fn deliver(door: &Door, message: client::Outgoing, most: u32) -> tally::Outcome {
    let mut retries = 0;
    loop {
        let reply = door.handle(message.clone()).await;
        match reply.as_ref().err().and_then(|refusal| refusal.retry_after) {
            Some(wait) if retries < most => tokio::time::sleep(wait).await,
            Some(_) | None => {
                return tally::Outcome { reply: reply.map(tally::Reply::from), retries };
            }
        }
        retries += 1;
    }
}

fn message(run: &str, texts: &[String], shot: Shot) -> client::Outgoing {
    let place = usize::try_from(shot.number).unwrap_or(0) % texts.len().max(1);
    client::Outgoing {
        request_id: format!("load-{run}-{}", shot.number),
        conversation_id: format!("load-{run}-{}", shot.conversation),
        channel: "web".to_owned(),
        language_hint: String::new(),
        text: texts.get(place).cloned().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests;
