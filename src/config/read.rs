//! Raw → validated: each room's defaults, overlaid with what the file says, checked where a type cannot.

use std::collections::{BTreeMap, HashSet};
use std::num::NonZeroUsize;
use std::ops::Range;
use std::time::Duration;

use jiff::SignedDuration;
use jiff::tz::TimeZone;
use toml::Spanned;

use super::error::Fault;
use super::{Config, Knowledge, Model, desk, raw};
use crate::decision::policy;
use crate::dispatch::{self, Bounds, ChannelConfig, Slice, Times};
use crate::encoder::{DEFAULT_MAX_TOKENS, batcher};
use crate::message::{CallerId, Channel, QueueId};
use crate::server::auth::{Key, Role};
use crate::server::{self, Limits, TlsFiles};
use crate::{certify, journal, telemetry};

pub(super) type Checked<T> = Result<T, Fault>;

const DEFAULT_MODEL: &str = "multilingual-e5-small";
const DEFAULT_TIMEZONE: &str = "Asia/Shanghai";
/// The queue that takes what no article claims.
const DEFAULT_QUEUE: &str = "general";
/// The least bytes a channel's message may have, so that a cut text makes progress.
const LEAST_CHANNEL_BYTES: usize = 64;
/// The channels that exist where none is configured: name, bytes of one message, whether it shows markdown.
const CHANNELS: [(&str, usize, bool); 5] = [
    ("web", 16_384, true),
    ("app", 16_384, true),
    ("wechat", 2_048, false),
    ("feishu", 16_384, true),
    ("mail", 65_536, false),
];

pub(super) fn config(file: raw::File) -> Checked<Config> {
    let default_queue =
        file.policy.default_queue.clone().map_or_else(|| queue_id(DEFAULT_QUEUE), Ok)?;
    let routing = desk::routing(&file, &timezone(file.knowledge.timezone.as_ref())?)?;
    let journal = journal(&file.journal, &file.storage)?;
    Ok(Config {
        server: server(file.server, &file.limits, &file.agents)?,
        model: model(file.model)?,
        knowledge: knowledge(file.knowledge)?,
        policy: policy(&file.policy, default_queue.clone())?,
        certify: Some(certify(&file.policy)?),
        dispatch: dispatch::Config {
            channels: channels(file.channels)?,
            mode: file.automation.mode.unwrap_or_default(),
            modes: file.automation.slices.into_iter().map(slice).collect(),
            fallback_queue: default_queue,
            times: times(&file.conversations)?,
            bounds: bounds(&file.limits),
        },
        routing,
        telemetry: telemetry(file.telemetry),
        journal,
        storage: file.storage.dir.unwrap_or_else(|| "data".into()),
    })
}

fn server(
    raw: raw::Server,
    limits: &raw::Limits,
    agents: &[Spanned<raw::Agent>],
) -> Checked<server::Config> {
    let standard = server::Config::standard();
    let keys = keys(&raw.keys, agents)?;
    if let Some(listen) =
        raw.listen.as_ref().filter(|listen| !listen.get_ref().ip().is_loopback() && keys.is_empty())
    {
        return Err(Fault {
            span: listen.span(),
            message: format!(
                "{} is reachable from other machines, and no key is configured",
                listen.get_ref()
            ),
            remedy: "Add [[server.keys]], or listen on 127.0.0.1.",
        });
    }
    if let Some(admin) = raw.admin.as_ref().filter(|admin| !admin.get_ref().ip().is_loopback()) {
        return Err(Fault {
            span: admin.span(),
            message: format!(
                "the admin port must not leave this machine, and {} does",
                admin.get_ref()
            ),
            remedy: "Use an address such as 127.0.0.1:9701, and a tunnel from elsewhere.",
        });
    }
    Ok(server::Config {
        public: raw.listen.map_or(standard.public, Spanned::into_inner),
        admin: raw.admin.map_or(standard.admin, Spanned::into_inner),
        tls: raw.tls.map(|tls| TlsFiles { certificate: tls.certificate, key: tls.key }),
        keys,
        limits: Limits {
            calls: limits.calls.map_or(standard.limits.calls, usize::from),
            streams: limits.streams.map_or(standard.limits.streams, usize::from),
            per_stream: limits.per_stream.map_or(standard.limits.per_stream, usize::from),
        },
        notice: duration(raw.notice.as_ref(), standard.notice)?,
        grace: duration(raw.grace.as_ref(), standard.grace)?,
    })
}

/// The gateways' keys, then the agents': both are callers, and no two may share a name.
fn keys(keys: &[Spanned<raw::Key>], agents: &[Spanned<raw::Agent>]) -> Checked<Vec<Key>> {
    let mut found = Vec::new();
    let mut names = HashSet::new();
    for key in keys {
        let raw = key.get_ref();
        let roles = raw.roles.iter().map(role).collect::<Checked<Vec<_>>>()?;
        unique(&mut names, raw.name.as_str(), key.span())?;
        found.push(one_key(raw.name.clone(), &raw.sha256, roles, key.span())?);
    }
    for agent in agents {
        let raw = agent.get_ref();
        let Some(sha256) = &raw.key_sha256 else { continue };
        let id = CallerId::new(raw.id.as_str())
            .map_err(|fault| wrong(agent.span(), fault.to_string(), "Choose another id."))?;
        unique(&mut names, raw.id.as_str(), agent.span())?;
        found.push(one_key(id, sha256.get_ref(), vec![Role::Agent], sha256.span())?);
    }
    Ok(found)
}

fn one_key(id: CallerId, sha256: &str, roles: Vec<Role>, span: Range<usize>) -> Checked<Key> {
    let remedy = "Write the SHA-256 of the key as 64 hexadecimal digits: printf %s KEY | sha256sum";
    Key::new(id, sha256, roles).ok_or_else(|| wrong(span, "this is no SHA-256".to_owned(), remedy))
}

fn role(name: &Spanned<String>) -> Checked<Role> {
    let remedy = "Use gateway, agent, supervisor or editor.";
    Role::parse(name.get_ref())
        .ok_or_else(|| wrong(name.span(), format!("there is no role {:?}", name.get_ref()), remedy))
}

pub(super) fn unique(names: &mut HashSet<String>, name: &str, span: Range<usize>) -> Checked<()> {
    if names.insert(name.to_owned()) {
        return Ok(());
    }
    Err(wrong(
        span,
        format!("{name:?} is there twice"),
        "Give each key and each agent a name of its own.",
    ))
}

fn model(raw: raw::Model) -> Checked<Model> {
    let standard = batcher::Config::default();
    Ok(Model {
        name: raw.name.unwrap_or_else(|| DEFAULT_MODEL.to_owned()),
        dir: raw.dir.unwrap_or_else(|| "models".into()),
        backend: raw.backend.unwrap_or_default(),
        max_tokens: at_least(raw.max_tokens.as_ref(), 8, DEFAULT_MAX_TOKENS)?,
        batcher: batcher::Config {
            workers: raw.workers.unwrap_or(standard.workers),
            queue: raw.queue.map_or(standard.queue, usize::from),
            longest_wait: raw
                .queue_ms
                .map_or(standard.longest_wait, |ms| Duration::from_millis(ms.into())),
            cache_bytes: raw.cache_mb.map_or(standard.cache_bytes, |mb| u64::from(mb) << 20),
            batch_tokens: raw.batch_tokens.map_or(standard.batch_tokens, usize::from),
        },
    })
}

fn knowledge(raw: raw::Knowledge) -> Checked<Knowledge> {
    Ok(Knowledge {
        dir: raw.dir.unwrap_or_else(|| "knowledge".into()),
        timezone: timezone(raw.timezone.as_ref())?,
        own_contacts: raw.own_contacts,
    })
}

fn timezone(raw: Option<&Spanned<String>>) -> Checked<TimeZone> {
    let Some(name) = raw else {
        return Ok(TimeZone::get(DEFAULT_TIMEZONE).unwrap_or(TimeZone::UTC));
    };
    TimeZone::get(name.get_ref()).map_err(|_| no_zone(name))
}

pub(super) fn no_zone(name: &Spanned<String>) -> Fault {
    wrong(
        name.span(),
        format!("there is no time zone {:?}", name.get_ref()),
        "Use an IANA name such as Asia/Shanghai.",
    )
}

fn policy(raw: &raw::Policy, default_queue: QueueId) -> Checked<policy::Config> {
    let standard = policy::Config::new(default_queue);
    Ok(policy::Config {
        provisional: match raw.provisional {
            None => standard.provisional,
            Some(raw::Provisional::Answer) => policy::Provisional::Answer,
            Some(raw::Provisional::Route) => policy::Provisional::Route,
        },
        target: share(raw.target.as_ref(), standard.target)?,
        other_language: raw.allow_other_language.unwrap_or(standard.other_language),
        risks: raw.answer_risks.clone().unwrap_or_else(|| standard.risks.clone()),
        options: at_least(raw.clarify_options.as_ref(), 2, standard.options)?,
        parts: at_least(raw.max_questions.as_ref(), 1, standard.parts)?,
        ..standard
    })
}

fn certify(raw: &raw::Policy) -> Checked<certify::Config> {
    let standard = certify::Config::default();
    let audit = match &raw.audit {
        Some(none) if *none.get_ref() == 0.0 => 0.0,
        other => share(other.as_ref(), standard.audit)?,
    };
    Ok(certify::Config { grace: duration(raw.stale_grace.as_ref(), standard.grace)?, audit })
}

fn channels(
    raw: BTreeMap<Channel, raw::ChannelShape>,
) -> Checked<BTreeMap<Channel, ChannelConfig>> {
    if raw.is_empty() {
        return Ok(standard_channels());
    }
    raw.into_iter()
        .map(|(channel, shape)| {
            let limit = at_least(Some(&shape.max_bytes), LEAST_CHANNEL_BYTES, LEAST_CHANNEL_BYTES)?;
            Ok((channel, ChannelConfig { markup: shape.markup, limit }))
        })
        .collect()
}

fn standard_channels() -> BTreeMap<Channel, ChannelConfig> {
    let named =
        |(name, limit, markup)| Some((Channel::new(name).ok()?, ChannelConfig { markup, limit }));
    CHANNELS.into_iter().filter_map(named).collect()
}

fn slice(raw: raw::Slice) -> (Slice, crate::message::Mode) {
    (Slice { channel: raw.channel, language: raw.language }, raw.mode)
}

fn times(raw: &raw::Conversations) -> Checked<Times> {
    let standard = Times::STANDARD;
    Ok(Times {
        hold: duration(raw.burst.as_ref(), standard.hold)?,
        gap: duration(raw.sequence_gap.as_ref(), standard.gap)?,
        remember: duration(raw.remember_requests.as_ref(), standard.remember)?,
        clarify: duration(raw.clarify_expires.as_ref(), standard.clarify)?,
        cool_down: duration(raw.cool_down.as_ref(), standard.cool_down)?,
        idle: duration(raw.idle.as_ref(), standard.idle)?,
        ..standard
    })
}

fn bounds(raw: &raw::Limits) -> Bounds {
    let standard = Bounds::STANDARD;
    Bounds {
        in_flight: raw.in_flight.map_or(standard.in_flight, usize::from),
        conversations: raw.conversations.map_or(standard.conversations, usize::from),
        waiting: raw.waiting_per_conversation.map_or(standard.waiting, usize::from),
        outcomes: raw.remembered_requests.map_or(standard.outcomes, usize::from),
        ..standard
    }
}

fn telemetry(raw: raw::Telemetry) -> telemetry::Config {
    let standard = telemetry::Config::default();
    let format = match raw.format {
        None => standard.format,
        Some(raw::Format::Text) => telemetry::Format::Text,
        Some(raw::Format::Json) => telemetry::Format::Json,
    };
    telemetry::Config { format, filter: raw.filter.unwrap_or(standard.filter) }
}

fn journal(raw: &raw::Journal, storage: &raw::Storage) -> Checked<Option<journal::Config>> {
    let standard = journal::Config::default();
    let megabytes = |count: NonZeroUsize| (count.get() as u64).saturating_mul(1 << 20);
    let config = journal::Config {
        keep: duration(storage.keep.as_ref(), standard.keep)?,
        most_bytes: storage.keep_mb.map_or(standard.most_bytes, megabytes),
        queue: raw.queue.map_or(standard.queue, usize::from),
        snapshot: duration(raw.snapshot.as_ref(), standard.snapshot)?.max(Duration::from_secs(1)),
    };
    Ok(raw.on.unwrap_or(true).then_some(config))
}

fn queue_id(name: &str) -> Checked<QueueId> {
    QueueId::new(name).map_err(|fault| wrong(0..0, fault.to_string(), "Choose another name."))
}

pub(super) fn duration(
    raw: Option<&Spanned<SignedDuration>>,
    standard: Duration,
) -> Checked<Duration> {
    raw.map_or(Ok(standard), |given| {
        let remedy = "Write a duration such as \"1500ms\", \"30s\" or \"24h\".";
        Duration::try_from(*given.get_ref())
            .map_err(|_| wrong(given.span(), "a duration is never negative".to_owned(), remedy))
    })
}

fn at_least(raw: Option<&Spanned<usize>>, least: usize, standard: usize) -> Checked<usize> {
    raw.map_or(Ok(standard), |given| {
        let value = *given.get_ref();
        if value >= least {
            return Ok(value);
        }
        Err(wrong(
            given.span(),
            format!("{value} is too small, {least} is the least"),
            "Raise it, or leave it out.",
        ))
    })
}

fn share(raw: Option<&Spanned<f64>>, standard: f64) -> Checked<f64> {
    raw.map_or(Ok(standard), |given| {
        let value = *given.get_ref();
        if value > 0.0 && value < 1.0 {
            return Ok(value);
        }
        Err(wrong(
            given.span(),
            format!("{value} is no share"),
            "Write a fraction of 1, such as 0.95.",
        ))
    })
}

pub(super) fn wrong(span: Range<usize>, message: String, remedy: &'static str) -> Fault {
    Fault { span, message, remedy }
}
