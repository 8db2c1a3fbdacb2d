//! The queues and agents an operator configured, already validated.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::message::{AgentId, Channel, Language, QueueId};

/// The desk as configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The configured queues. Empty means that the queues are those which the knowledge names.
    pub queues: BTreeMap<QueueId, QueueRules>,
    /// The rules of a queue that is not configured.
    pub implied: QueueRules,
    /// Who works here.
    pub agents: Vec<Agent>,
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

/// What holds for the tickets of one queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueRules {
    /// More waiting tickets than this are refused.
    pub max_waiting: usize,
    /// A ticket that waited this long expires.
    pub max_wait: Duration,
    /// A ticket that waited this long in its class rises by one, at most to `high`.
    pub max_class_wait: Duration,
}

impl Default for QueueRules {
    fn default() -> Self {
        Self {
            max_waiting: 500,
            max_wait: Duration::from_mins(30),
            max_class_wait: Duration::from_mins(10),
        }
    }
}

/// One agent.
#[derive(Debug, Clone, PartialEq, Eq)]
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
}

impl Agent {
    fn serves(&self, queue: &QueueId) -> bool {
        self.queues.contains(queue)
    }

    fn speaks(&self, language: Language) -> bool {
        self.languages.contains(&language)
    }
}
