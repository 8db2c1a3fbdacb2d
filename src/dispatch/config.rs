//! What an operator may set about conversations. `config` fills it from the file; the figures that hold without one are
//! [`Config::standard`].

use std::collections::BTreeMap;
use std::time::Duration;

use crate::message::{Channel, Language, Mode, QueueId};

/// The settings of `dispatch`.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The channels that may send messages, and what each can carry.
    pub channels: BTreeMap<Channel, ChannelConfig>,
    /// The mode where no slice says otherwise.
    pub mode: Mode,
    /// Slices with a mode of their own; a later one replaces an earlier one that it covers.
    pub modes: Vec<(Slice, Mode)>,
    /// Where a message goes that must be routed and names no queue (automation off, shadow).
    pub fallback_queue: QueueId,
    /// The clocks.
    pub times: Times,
    /// The bounds.
    pub bounds: Bounds,
}

/// What a channel can carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChannelConfig {
    /// It shows markdown.
    pub markup: bool,
    /// Bytes of UTF-8 one message may have, at least 4. A longer text is sent as several.
    pub limit: usize,
}

/// A channel, a language, both or everything.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Slice {
    /// `None` is every channel.
    pub channel: Option<Channel>,
    /// `None` is every language.
    pub language: Option<Language>,
}

/// How long things last. A wait of more than an hour counts as an hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// How long a would-be Clarify or Route waits for the rest of a burst; zero is off.
    pub hold: Duration,
    /// How long a missing sequence number is waited for. Of a conversation that was forgotten, or that began before a
    /// restart, all earlier numbers are missing: its next message waits this long, once.
    pub gap: Duration,
    /// What a wait leaves of the caller's deadline for the decision itself.
    pub margin: Duration,
    /// How long a repeated `request_id` gets its earlier reply.
    pub remember: Duration,
    /// How long the options of a Clarify may be chosen.
    pub clarify: Duration,
    /// How long after an agent's close the bot does not hand over on stale context.
    pub cool_down: Duration,
    /// After how long without a message a conversation counts as closed.
    pub idle: Duration,
}

/// How much is kept, so that nothing grows without end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Conversations; the longest idle one without a ticket is forgotten first.
    pub conversations: usize,
    /// Recorded outcomes; the oldest is forgotten first.
    pub outcomes: usize,
    /// Bytes of recorded outcomes, as estimated.
    pub outcome_bytes: usize,
    /// Messages of one conversation that may wait.
    pub waiting: usize,
    /// Calls in flight.
    pub in_flight: usize,
    /// Turns of a conversation that are kept.
    pub turns: usize,
    /// Bytes of text that the kept turns of a conversation may have.
    pub turn_bytes: usize,
    /// The same while a ticket is open, for the person who takes it.
    pub desk_turns: usize,
    /// Bytes of those.
    pub desk_bytes: usize,
    /// Events that are kept for a gateway, or for an agent, until acknowledged.
    pub events: usize,
    /// Verdicts kept until something reads them.
    pub verdicts: usize,
}

impl Config {
    /// The figures that hold where nothing is configured.
    pub fn standard(channels: BTreeMap<Channel, ChannelConfig>, fallback_queue: QueueId) -> Self {
        Self {
            channels,
            mode: Mode::On,
            modes: Vec::new(),
            fallback_queue,
            times: Times::STANDARD,
            bounds: Bounds::STANDARD,
        }
    }
}

impl Times {
    /// What holds where nothing is configured.
    pub const STANDARD: Self = Self {
        hold: Duration::from_millis(1500),
        gap: Duration::from_secs(2),
        margin: Duration::from_millis(250),
        remember: Duration::from_hours(24),
        clarify: Duration::from_mins(10),
        cool_down: Duration::from_mins(5),
        idle: Duration::from_mins(30),
    };

    /// The same with waits that no moment in time is too late for.
    pub(super) fn within_reason(self) -> Self {
        const HOUR: Duration = Duration::from_hours(1);
        let Self { hold, gap, margin, .. } = self;
        Self { hold: hold.min(HOUR), gap: gap.min(HOUR), margin: margin.min(HOUR), ..self }
    }
}

impl Bounds {
    /// What holds where nothing is configured: at the very most a quarter of a gigabyte.
    pub const STANDARD: Self = Self {
        conversations: 50_000,
        outcomes: 100_000,
        outcome_bytes: 64 << 20,
        waiting: 32,
        in_flight: 4096,
        turns: 8,
        turn_bytes: 2048,
        desk_turns: 200,
        desk_bytes: 64 << 10,
        events: 10_000,
        verdicts: 10_000,
    };
}
