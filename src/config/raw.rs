//! The shape of `firstline.toml`: every key, its type, and nothing else. An absent key keeps the room's default.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;

use jiff::SignedDuration;
use jiff::civil::Date;
use serde::Deserialize;
use toml::Spanned;

use crate::encoder::Backend;
use crate::message::{AgentId, CallerId, Channel, Language, Mode, QueueId, Risk};
use crate::routing::{Fallback, Order};

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct File {
    pub(super) server: Server,
    pub(super) model: Model,
    pub(super) knowledge: Knowledge,
    pub(super) policy: Policy,
    pub(super) automation: Automation,
    pub(super) conversations: Conversations,
    pub(super) limits: Limits,
    pub(super) channels: BTreeMap<Channel, ChannelShape>,
    pub(super) desk: Desk,
    pub(super) calendars: BTreeMap<String, Calendar>,
    pub(super) queues: BTreeMap<QueueId, Queue>,
    pub(super) agents: Vec<Spanned<Agent>>,
    pub(super) telemetry: Telemetry,
    pub(super) storage: Storage,
    pub(super) journal: Journal,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Server {
    pub(super) listen: Option<Spanned<SocketAddr>>,
    pub(super) admin: Option<Spanned<SocketAddr>>,
    pub(super) tls: Option<Tls>,
    pub(super) keys: Vec<Spanned<Key>>,
    pub(super) notice: Option<Spanned<SignedDuration>>,
    pub(super) grace: Option<Spanned<SignedDuration>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tls {
    pub(super) certificate: PathBuf,
    pub(super) key: PathBuf,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Key {
    pub(super) name: CallerId,
    pub(super) sha256: String,
    pub(super) roles: Vec<Spanned<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Model {
    pub(super) name: Option<String>,
    pub(super) dir: Option<PathBuf>,
    pub(super) backend: Option<Backend>,
    pub(super) max_tokens: Option<Spanned<usize>>,
    pub(super) workers: Option<usize>,
    pub(super) queue: Option<NonZeroUsize>,
    pub(super) queue_ms: Option<u32>,
    pub(super) batch_tokens: Option<NonZeroUsize>,
    pub(super) cache_mb: Option<u16>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Knowledge {
    pub(super) dir: Option<PathBuf>,
    pub(super) timezone: Option<Spanned<String>>,
    pub(super) own_contacts: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Policy {
    pub(super) target: Option<Spanned<f64>>,
    pub(super) provisional: Option<Provisional>,
    pub(super) default_queue: Option<QueueId>,
    pub(super) allow_other_language: Option<bool>,
    pub(super) answer_risks: Option<Vec<Risk>>,
    pub(super) clarify_options: Option<Spanned<usize>>,
    pub(super) max_questions: Option<Spanned<usize>>,
    pub(super) stale_grace: Option<Spanned<SignedDuration>>,
    pub(super) audit: Option<Spanned<f64>>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Provisional {
    Answer,
    Route,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Automation {
    pub(super) mode: Option<Mode>,
    pub(super) slices: Vec<Slice>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Slice {
    pub(super) channel: Option<Channel>,
    pub(super) language: Option<Language>,
    pub(super) mode: Mode,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Conversations {
    pub(super) burst: Option<Spanned<SignedDuration>>,
    pub(super) sequence_gap: Option<Spanned<SignedDuration>>,
    pub(super) remember_requests: Option<Spanned<SignedDuration>>,
    pub(super) clarify_expires: Option<Spanned<SignedDuration>>,
    pub(super) cool_down: Option<Spanned<SignedDuration>>,
    pub(super) idle: Option<Spanned<SignedDuration>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Limits {
    pub(super) calls: Option<NonZeroUsize>,
    pub(super) streams: Option<NonZeroUsize>,
    pub(super) per_stream: Option<NonZeroUsize>,
    pub(super) in_flight: Option<NonZeroUsize>,
    pub(super) conversations: Option<NonZeroUsize>,
    pub(super) waiting_per_conversation: Option<NonZeroUsize>,
    pub(super) remembered_requests: Option<NonZeroUsize>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ChannelShape {
    pub(super) max_bytes: Spanned<usize>,
    #[serde(default)]
    pub(super) markup: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Desk {
    pub(super) order: Option<Order>,
    pub(super) concurrent_offers: Option<NonZeroUsize>,
    pub(super) offer: Option<Spanned<SignedDuration>>,
    pub(super) grace: Option<Spanned<SignedDuration>>,
    pub(super) decline: Option<Spanned<SignedDuration>>,
    pub(super) affinity: Option<Spanned<SignedDuration>>,
    pub(super) wrap: Option<Spanned<SignedDuration>>,
    pub(super) inactive: Option<Spanned<SignedDuration>>,
    pub(super) park: Option<Spanned<SignedDuration>>,
    pub(super) lease: Option<Spanned<SignedDuration>>,
    pub(super) reopen: Option<Spanned<SignedDuration>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Queue {
    pub(super) calendar: Option<Spanned<String>>,
    pub(super) closed: Option<Fallback>,
    pub(super) max_waiting: Option<NonZeroUsize>,
    pub(super) max_wait: Option<Spanned<SignedDuration>>,
    pub(super) max_class_wait: Option<Spanned<SignedDuration>>,
    pub(super) rings: Vec<Spanned<Ring>>,
    pub(super) units: Option<NonZeroU32>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Ring {
    pub(super) after: Spanned<SignedDuration>,
    #[serde(default)]
    pub(super) skills: BTreeMap<String, Spanned<u8>>,
    #[serde(default)]
    pub(super) overflow: Vec<Spanned<QueueId>>,
    #[serde(default)]
    pub(super) any_language: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Calendar {
    pub(super) timezone: Option<Spanned<String>>,
    pub(super) days: Vec<Spanned<String>>,
    pub(super) hours: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) holidays: BTreeSet<Date>,
    #[serde(default)]
    pub(super) workdays: BTreeSet<Date>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Agent {
    pub(super) id: AgentId,
    pub(super) name: Option<String>,
    pub(super) queues: Vec<Spanned<QueueId>>,
    #[serde(default)]
    pub(super) skills: BTreeMap<String, Spanned<u8>>,
    pub(super) languages: Vec<Language>,
    pub(super) units: Option<NonZeroU32>,
    pub(super) wrap_slots: Option<NonZeroUsize>,
    #[serde(default)]
    pub(super) per_channel: BTreeMap<Channel, u32>,
    pub(super) key_sha256: Option<Spanned<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Telemetry {
    pub(super) format: Option<Format>,
    pub(super) filter: Option<String>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Format {
    Text,
    Json,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Storage {
    pub(super) dir: Option<PathBuf>,
    pub(super) keep: Option<Spanned<SignedDuration>>,
    pub(super) keep_mb: Option<NonZeroUsize>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Journal {
    pub(super) on: Option<bool>,
    pub(super) queue: Option<NonZeroUsize>,
    pub(super) snapshot: Option<Spanned<SignedDuration>>,
}
