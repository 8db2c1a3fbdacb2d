//! Who waits for whom: lanes of tickets that ask the same, and free agents in the order in which they are asked. Holds
//! nothing that the tickets and agents do not say; it is built again from them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::agent::{AgentState, Presence};
use super::config::{Agent, Config};
use super::line::{Line, Place};
use super::rings::Demand;
use crate::message::{AgentId, Language, QueueId, Timestamp};

/// A free agent's place: less load first, then who has been free for longest.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank {
    /// Units in use, in 1,048,576ths of all.
    pub(super) load: u64,
    pub(super) since: Timestamp,
    pub(super) agent: AgentId,
}

impl Rank {
    /// The place of an agent who can be asked; `None` for one who cannot.
    pub(super) fn of(agent: &Agent, state: &AgentState) -> Option<Self> {
        let slots = agent.wrap_slots.is_none_or(|slots| state.wrapping() < slots);
        let free = state.presence == Presence::Online && state.used < agent.units && slots;
        free.then(|| Self {
            load: (u64::from(state.used) << 20) / u64::from(agent.units),
            since: state.available_since,
            agent: agent.id.clone(),
        })
    }
}

/// The tickets that make one demand, in order.
#[derive(Debug, Clone)]
pub(super) struct Lane {
    pub(super) demand: Demand,
    pub(super) line: Line,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Index {
    lanes: Vec<Option<Lane>>,
    vacant: Vec<usize>,
    by_demand: HashMap<Demand, usize>,
    /// Lanes by the queues whose agents may serve them.
    by_queue: HashMap<QueueId, Vec<usize>>,
    /// Lanes that ask for one agent.
    by_agent: HashMap<AgentId, Vec<usize>>,
    free: HashMap<QueueId, BTreeMap<Language, BTreeSet<Rank>>>,
    here: HashMap<QueueId, BTreeSet<AgentId>>,
}

impl Index {
    pub(super) fn insert(&mut self, config: &Config, demand: Demand, place: Place) {
        let at = match self.by_demand.get(&demand) {
            Some(at) => *at,
            None => self.open_lane(config, demand),
        };
        if let Some(Some(lane)) = self.lanes.get_mut(at) {
            lane.line.insert(place);
        }
    }

    pub(super) fn remove(&mut self, config: &Config, demand: &Demand, place: &Place) {
        let Some(at) = self.by_demand.get(demand).copied() else { return };
        let Some(Some(lane)) = self.lanes.get_mut(at) else { return };
        lane.line.remove(place);
        if lane.line.is_empty() {
            self.close_lane(config, demand, at);
        }
    }

    fn open_lane(&mut self, config: &Config, demand: Demand) -> usize {
        let lane = Lane { demand: demand.clone(), line: Line::default() };
        let at = self.vacant.pop().unwrap_or(self.lanes.len());
        match self.lanes.get_mut(at) {
            Some(vacant) => *vacant = Some(lane),
            None => self.lanes.push(Some(lane)),
        }
        if let Some(agent) = &demand.only {
            self.by_agent.entry(agent.clone()).or_default().push(at);
        } else {
            let groups: BTreeSet<_> = demand.groups(config).collect();
            for queue in groups {
                self.by_queue.entry(queue.clone()).or_default().push(at);
            }
        }
        self.by_demand.insert(demand, at);
        at
    }

    fn close_lane(&mut self, config: &Config, demand: &Demand, at: usize) {
        self.by_demand.remove(demand);
        match &demand.only {
            Some(agent) => forget(&mut self.by_agent, agent, at),
            None => demand.groups(config).for_each(|queue| forget(&mut self.by_queue, queue, at)),
        }
        if let Some(lane) = self.lanes.get_mut(at) {
            *lane = None;
            self.vacant.push(at);
        }
    }

    /// Takes an agent's place among the free away, or gives her a new one.
    pub(super) fn seat(&mut self, agent: &Agent, before: Option<&Rank>, after: Option<&Rank>) {
        if before == after {
            return;
        }
        for queue in &agent.queues {
            let languages = self.free.entry(queue.clone()).or_default();
            for language in &agent.languages {
                let ranks = languages.entry(*language).or_default();
                if let Some(rank) = before {
                    ranks.remove(rank);
                }
                if let Some(rank) = after {
                    ranks.insert(rank.clone());
                }
            }
        }
    }

    pub(super) fn arrive(&mut self, agent: &Agent) {
        for queue in &agent.queues {
            self.here.entry(queue.clone()).or_default().insert(agent.id.clone());
        }
    }

    pub(super) fn leave(&mut self, agent: &Agent) {
        for queue in &agent.queues {
            self.here.entry(queue.clone()).or_default().remove(&agent.id);
        }
    }

    /// The lanes that an agent may be able to serve; some twice.
    pub(super) fn lanes_for<'a>(&'a self, agent: &'a Agent) -> impl Iterator<Item = &'a Lane> {
        let queues = agent.queues.iter().filter_map(|queue| self.by_queue.get(queue));
        let named = self.by_agent.get(&agent.id);
        queues.chain(named).flatten().filter_map(|at| self.lanes.get(*at)?.as_ref())
    }

    pub(super) fn lanes(&self) -> impl Iterator<Item = &Lane> {
        self.lanes.iter().flatten()
    }

    pub(super) fn lane(&self, demand: &Demand) -> Option<&Lane> {
        self.by_demand.get(demand).and_then(|at| self.lanes.get(*at)?.as_ref())
    }

    /// The free agents of a queue who speak a language, in order; of every language where there is none.
    pub(super) fn free(
        &self,
        queue: &QueueId,
        language: Option<Language>,
    ) -> impl Iterator<Item = &BTreeSet<Rank>> {
        let all = self.free.get(queue).into_iter().flatten();
        all.filter(move |(spoken, _)| language.is_none_or(|language| **spoken == language))
            .map(|(_, ranks)| ranks)
    }

    /// The agents of a queue who are logged in.
    pub(super) fn here(&self, queue: &QueueId) -> impl Iterator<Item = &AgentId> {
        self.here.get(queue).into_iter().flatten()
    }
}

fn forget<K: std::hash::Hash + Eq>(lists: &mut HashMap<K, Vec<usize>>, key: &K, at: usize) {
    if let Some(list) = lists.get_mut(key) {
        list.retain(|other| *other != at);
        if list.is_empty() {
            lists.remove(key);
        }
    }
}
