//! Who may take a ticket: the demand it makes at its ring, and whether an agent meets it. Rings only widen; whoever meets
//! an earlier one still meets the demand.

use std::collections::BTreeMap;
use std::time::Duration;

use super::config::{Agent, Config, QueueRules, Ring};
use super::ticket::Ticket;
use crate::message::{AgentId, Channel, Language, QueueId};

/// When a ticket's own skills stop to count where its queue has one ring only.
const OWN_SKILLS: Duration = Duration::from_secs(30);

/// What a ticket asks of an agent. Tickets that ask the same wait in one lane.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Demand {
    pub(super) queue: QueueId,
    pub(super) language: Language,
    pub(super) channel: Channel,
    pub(super) ring: u8,
    /// The ticket's own, in ring 0; later rings have dropped them.
    pub(super) skills: BTreeMap<String, u8>,
    /// The one agent who is asked for now.
    pub(super) only: Option<AgentId>,
}

impl Demand {
    pub(super) fn of(ticket: &Ticket) -> Self {
        let first = ticket.ring == 0;
        Self {
            queue: ticket.queue.clone(),
            language: ticket.language,
            channel: ticket.channel.clone(),
            ring: ticket.ring,
            skills: if first { ticket.skills.clone() } else { BTreeMap::new() },
            only: ticket.only().cloned(),
        }
    }

    /// Whether an agent qualifies, busy or not. Of the wished-for agent only the language is asked.
    pub(super) fn meets(&self, config: &Config, agent: &Agent) -> bool {
        if let Some(only) = &self.only {
            return *only == agent.id && agent.speaks(self.language);
        }
        let speaks = agent.speaks(self.language);
        let mut member = agent.serves(&self.queue);
        self.rings(config).iter().any(|ring| {
            member = member || ring.overflow.iter().any(|queue| agent.serves(queue));
            member
                && (ring.any_language || speaks)
                && agent.has(&ring.skills)
                && agent.has(&self.skills)
        })
    }

    /// The queues whose agents may qualify.
    pub(super) fn groups<'a>(&'a self, config: &'a Config) -> impl Iterator<Item = &'a QueueId> {
        let overflow = self.rings(config).iter().flat_map(|ring| &ring.overflow);
        [&self.queue].into_iter().chain(overflow)
    }

    /// Whether the customer's language is no longer asked.
    pub(super) fn any_language(&self, config: &Config) -> bool {
        self.rings(config).iter().any(|ring| ring.any_language)
    }

    /// Whether there is a wider ring, or a wish to be given up.
    pub(super) fn can_widen(&self, config: &Config) -> bool {
        let own = self.ring == 0 && !self.skills.is_empty();
        self.only.is_some() || next_ring(config.rules(&self.queue), self.ring, own).is_some()
    }

    fn rings<'a>(&self, config: &'a Config) -> &'a [Ring] {
        let rings = &config.rules(&self.queue).rings;
        rings.get(..=usize::from(self.ring)).unwrap_or(rings)
    }
}

/// How long a ticket has looked for an agent when it leaves its ring; `None` in the last one.
pub(super) fn ring_ends_after(rules: &QueueRules, ticket: &Ticket) -> Option<Duration> {
    next_ring(rules, ticket.ring, !ticket.skills.is_empty())
}

fn next_ring(rules: &QueueRules, ring: u8, own_skills: bool) -> Option<Duration> {
    let next = usize::from(ring) + 1;
    let implied = (ring == 0 && own_skills).then_some(OWN_SKILLS);
    rules.rings.get(next).map(|ring| ring.after).or(implied)
}
