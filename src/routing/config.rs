//! The queues and agents an operator configured, already validated.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::calendar::Calendar;
use crate::message::{AgentId, Channel, Language, QueueId};

/// The desk as configured.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Config {
    /// The configured queues. Empty means that the queues are those which the knowledge names.
    pub queues: BTreeMap<QueueId, QueueRules>,
    /// The rules of a queue that is not configured.
    pub implied: QueueRules,
    /// Who works here.
    pub agents: Vec<Agent>,
    /// How long things take.
    pub times: Times,
    /// Who of several free agents is asked first.
    pub order: Order,
    /// How many agents are asked at once for one ticket, at least 1.
    pub concurrent_offers: ConcurrentOffers,
}

impl Config {
    /// The rules of a queue.
    pub fn rules(&self, queue: &QueueId) -> &QueueRules {
        self.queues.get(queue).unwrap_or(&self.implied)
    }

    /// The agents who could take a ticket of this queue in this language, in the order of the configuration.
    pub fn eligible(&self, queue: &QueueId, language: Language) -> impl Iterator<Item = &Agent> {
        self.agents.iter().filter(move |agent| agent.serves(queue) && agent.speaks(language))
    }
}

/// How many agents are asked at once for one ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ConcurrentOffers(pub std::num::NonZeroUsize);

impl Default for ConcurrentOffers {
    fn default() -> Self {
        Self(std::num::NonZeroUsize::MIN)
    }
}

/// Who of several free agents is asked first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// Who has the least to do, then who has waited longest.
    #[default]
    Even,
    /// Who has closed this intent best, then as above.
    Best,
}

/// How long things take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Times {
    /// Until an offer lapses.
    pub offer: Duration,
    /// Until the offers of an agent whose connection is gone are taken back.
    pub lost_offers: Duration,
    /// Until her tickets go back to their queues.
    pub grace: Duration,
    /// How long an agent who declined a ticket is not asked for it again.
    pub decline: Duration,
    /// How long only the wished-for agent is asked.
    pub affinity: Duration,
    /// How long a wrap-up may take; an extension takes as long again.
    pub wrap: Duration,
    /// How long an agent waits for the customer's next word.
    pub inactive: Duration,
    /// How long a ticket may be put aside.
    pub park: Duration,
    /// How long a connection may say nothing.
    pub lease: Duration,
    /// How long a closed case counts as taken up again when its customer returns.
    pub reopen: Duration,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            offer: Duration::from_secs(30),
            lost_offers: Duration::from_secs(5),
            grace: Duration::from_mins(1),
            decline: Duration::from_mins(2),
            affinity: Duration::from_secs(20),
            wrap: Duration::from_mins(1),
            inactive: Duration::from_mins(10),
            park: Duration::from_hours(24),
            lease: Duration::from_secs(30),
            reopen: Duration::from_hours(24),
        }
    }
}

/// What holds for the tickets of one queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueRules {
    /// More waiting tickets than this are refused.
    pub max_waiting: usize,
    /// A ticket that waited this long expires.
    pub max_wait: Duration,
    /// A ticket that waited this long in its class rises by one, at most to `high`.
    pub max_class_wait: Duration,
    /// When the queue is open; absent: always.
    pub calendar: Option<Calendar>,
    /// What a customer is told who comes while it is closed, or whose ticket expired.
    pub closed: Fallback,
    /// Who may take its tickets, wider from ring to ring. Never empty; the first begins at once.
    pub rings: Vec<Ring>,
    /// What one of its tickets holds of an agent's units, at least 1.
    pub units: u32,
}

impl Default for QueueRules {
    fn default() -> Self {
        Self {
            max_waiting: 500,
            max_wait: Duration::from_mins(30),
            max_class_wait: Duration::from_mins(10),
            calendar: None,
            closed: Fallback::default(),
            rings: vec![Ring::default()],
            units: 1,
        }
    }
}

/// What happens when no person is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fallback {
    /// There is no ticket; the bot alone goes on.
    #[default]
    BotOnly,
    /// The customer's words wait for the opening.
    LeaveMessage,
    /// The ticket waits for the opening and the customer is called back.
    Callback,
}

/// One ring: whoever meets it may take the ticket from then on. Earlier rings stay in force.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Ring {
    /// How long a ticket has looked for an agent when it reaches this ring.
    pub after: Duration,
    /// Levels asked of the agents, 1 to 5.
    pub skills: BTreeMap<String, u8>,
    /// Queues whose agents join in.
    pub overflow: Vec<QueueId>,
    /// Whether they need not speak the customer's language.
    pub any_language: bool,
}

/// One agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agent {
    /// Her id.
    pub id: AgentId,
    /// What customers read.
    pub name: String,
    /// The queues she serves.
    pub queues: Vec<QueueId>,
    /// Declared levels, 1 to 5.
    pub skills: BTreeMap<String, u8>,
    /// The languages she speaks.
    pub languages: Vec<Language>,
    /// How much she can hold at a time.
    pub units: u32,
    /// Limits per channel below that.
    pub per_channel: BTreeMap<Channel, u32>,
    /// How many tickets she may wrap up at a time before she is asked for more; absent: as her units allow.
    pub wrap_slots: Option<usize>,
}

impl Agent {
    /// Whether she works in this queue.
    pub fn serves(&self, queue: &QueueId) -> bool {
        self.queues.contains(queue)
    }

    /// Whether she speaks this language.
    pub fn speaks(&self, language: Language) -> bool {
        self.languages.contains(&language)
    }

    /// Whether she has all of these levels.
    pub fn has(&self, skills: &BTreeMap<String, u8>) -> bool {
        skills.iter().all(|(skill, level)| self.skills.get(skill).is_some_and(|own| own >= level))
    }
}
