//! What people see of the desk: a picture taken at one moment.

use std::collections::{BTreeMap, BTreeSet};

use super::desk::Desk;
use crate::message::{AgentId, Priority, QueueId, Timestamp};

/// One queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueView {
    /// Which queue.
    pub queue: QueueId,
    /// How many wait, by class; classes in which nobody waits are absent.
    pub waiting: BTreeMap<Priority, usize>,
    /// Since when the oldest waits.
    pub oldest: Option<Timestamp>,
    /// How many may wait.
    pub max_waiting: usize,
    /// Who serves it.
    pub agents: Vec<AgentId>,
}

/// One queue now; an empty one too.
pub fn queue_view(desk: &Desk, queue: &QueueId) -> QueueView {
    let config = desk.config();
    let line = desk.line(queue);
    QueueView {
        queue: queue.clone(),
        waiting: line.map(super::line::Line::by_class).unwrap_or_default(),
        oldest: line.and_then(super::line::Line::oldest),
        max_waiting: config.rules(queue).max_waiting,
        agents: config
            .agents
            .iter()
            .filter(|agent| agent.queues.contains(queue))
            .map(|agent| agent.id.clone())
            .collect(),
    }
}

/// The configured queues and those in use, by name.
pub fn queue_views(desk: &Desk) -> Vec<QueueView> {
    let queues: BTreeSet<&QueueId> =
        desk.config().queues.keys().chain(desk.queues_in_use()).collect();
    queues.into_iter().map(|queue| queue_view(desk, queue)).collect()
}
