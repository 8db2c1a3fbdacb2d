//! What agents are good at: a matrix of agent by intent, learned from the cases they closed.
//!
//! Each cell counts cases closed with a result and those of them that are resolved and stayed so; both fade with a
//! half-life. The estimate is the mean of a Beta distribution (Beta-Binomial shrinkage): its prior is worth
//! [`PRIOR`] cases and lies between what the agent's declared level promises, her mean over all intents and the group's
//! mean for this intent, each weighted by the cases behind it. Who closes faster than her group gains a little. A free
//! agent is ranked by this mean plus one standard deviation of that distribution: whoever nobody knows yet has the widest
//! one, and so gets work, the same way at every replay.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::past::Closed;
use super::ticket::Resolution;
use crate::message::{AgentId, IntentId, Timestamp};

/// How many cases a prior is worth.
const PRIOR: f64 = 8.0;
/// After this long a case counts half.
const HALF_LIFE_SECS: f64 = 30.0 * 86_400.0;
/// What closing e times as fast as the group is worth.
const SPEED: f64 = 0.05;
/// Handle times outside are taken for these.
const HANDLE_SECS: (f64, f64) = (5.0, 14_400.0);
/// Cells that are kept; intents beyond this are not learned.
const MOST: usize = 200_000;
const MILLION: f64 = 1_000_000.0;

/// What is known of an agent with an intent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// Cases she closed with a result.
    pub closed: u32,
    /// Of those, how many are resolved and stayed so.
    pub resolved: u32,
    /// The pooled estimate of her resolving the next one, in millionths.
    pub pooled: u32,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Profile {
    agents: HashMap<AgentId, Row>,
    groups: HashMap<IntentId, Cell>,
    cells: usize,
}

#[derive(Debug, Clone, Default, PartialEq)]
struct Row {
    all: Cell,
    intents: HashMap<IntentId, Cell>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Cell {
    closed: u32,
    resolved: u32,
    /// Faded counts, true at `at`.
    weight: f64,
    good: f64,
    /// Faded sum of logarithms of seconds.
    log_handle: f64,
    at: Option<Timestamp>,
}

impl Profile {
    /// Learns from a close. Spam, a wrong queue and a customer who went away say nothing about the agent.
    pub(super) fn closed(
        &mut self,
        case: &Closed,
        resolution: Resolution,
        since: Option<Timestamp>,
    ) {
        let good = match resolution {
            Resolution::Resolved => true,
            Resolution::Unresolved => false,
            Resolution::CustomerGone | Resolution::Spam | Resolution::WrongQueue => return,
        };
        let Some(intent) = &case.intent else { return };
        let (least, most) = HANDLE_SECS;
        let seconds = since.map_or(least, |since| case.at.duration_since(since).as_secs_f64());
        let log = seconds.clamp(least, most).ln();
        self.each(&case.agent, intent, |cell| cell.add(good, log, case.at));
    }

    /// Takes a resolution back: the customer returned with the same case.
    pub(super) fn reopened(&mut self, case: &Closed, now: Timestamp) {
        let Some(intent) = &case.intent else { return };
        let age = now.duration_since(case.at).as_secs_f64();
        self.each(&case.agent, intent, |cell| cell.take_back(faded(age), now));
    }

    fn each(&mut self, agent: &AgentId, intent: &IntentId, change: impl Fn(&mut Cell)) {
        let row = self.agents.entry(agent.clone()).or_default();
        if !row.intents.contains_key(intent) {
            if self.cells >= MOST {
                return;
            }
            self.cells += 1;
        }
        change(row.intents.entry(intent.clone()).or_default());
        change(&mut row.all);
        change(self.groups.entry(intent.clone()).or_default());
    }

    /// What is known of an agent with an intent, her declared level for it being `level`.
    pub(super) fn evidence(
        &self,
        agent: &AgentId,
        intent: &IntentId,
        level: Option<u8>,
    ) -> Evidence {
        let cell = self.cell(agent, intent);
        let (mean, _) = self.estimate(agent, intent, level);
        Evidence { closed: cell.closed, resolved: cell.resolved, pooled: millionths(mean) }
    }

    /// What an agent is ranked by for an intent, in millionths: the estimate and one standard deviation.
    pub(super) fn score(&self, agent: &AgentId, intent: &IntentId, level: Option<u8>) -> u32 {
        let (mean, deviation) = self.estimate(agent, intent, level);
        millionths(mean + deviation)
    }

    fn estimate(&self, agent: &AgentId, intent: &IntentId, level: Option<u8>) -> (f64, f64) {
        let cell = self.cell(agent, intent);
        let all = self.agents.get(agent).map(|row| row.all).unwrap_or_default();
        let group = self.groups.get(intent).copied().unwrap_or_default();
        let declared = promise(level);
        let (own, common) = (all.weight.min(PRIOR), group.weight.min(PRIOR));
        let prior = (PRIOR * declared + own * all.mean(declared) + common * group.mean(declared))
            / (PRIOR + own + common);
        let weight = PRIOR + cell.weight;
        let mean = (PRIOR * prior + cell.good) / weight;
        let deviation = (mean * (1.0 - mean) / (weight + 1.0)).max(0.0).sqrt();
        ((mean + cell.gain(&group)).clamp(0.0, 1.0), deviation)
    }

    fn cell(&self, agent: &AgentId, intent: &IntentId) -> Cell {
        let cell = self.agents.get(agent).and_then(|row| row.intents.get(intent));
        cell.copied().unwrap_or_default()
    }
}

impl Cell {
    fn add(&mut self, good: bool, log_handle: f64, at: Timestamp) {
        self.fade(at);
        self.closed = self.closed.saturating_add(1);
        self.resolved = self.resolved.saturating_add(u32::from(good));
        self.weight += 1.0;
        self.good += f64::from(u8::from(good));
        self.log_handle += log_handle;
    }

    fn take_back(&mut self, weight: f64, at: Timestamp) {
        self.fade(at);
        self.resolved = self.resolved.saturating_sub(1);
        self.good = (self.good - weight).max(0.0);
    }

    fn fade(&mut self, at: Timestamp) {
        let since = self.at.replace(at);
        let factor = since.map_or(1.0, |since| faded(at.duration_since(since).as_secs_f64()));
        self.weight *= factor;
        self.good *= factor;
        self.log_handle *= factor;
    }

    /// The share of resolved cases, drawn towards what was declared.
    fn mean(&self, declared: f64) -> f64 {
        (PRIOR * declared + self.good) / (PRIOR + self.weight)
    }

    fn gain(&self, group: &Self) -> f64 {
        if self.weight <= 0.0 || group.weight <= 0.0 {
            return 0.0;
        }
        let faster = group.log_handle / group.weight - self.log_handle / self.weight;
        SPEED * faster.clamp(-1.0, 1.0) * self.weight / (self.weight + PRIOR)
    }
}

/// What a declared level promises before any case: 0.5 at level 1 to 0.9 at level 5, 0.6 undeclared.
fn promise(level: Option<u8>) -> f64 {
    level.map_or(0.6, |level| 0.4 + 0.1 * f64::from(level.clamp(1, 5)))
}

fn faded(seconds: f64) -> f64 {
    (-seconds.max(0.0) / HALF_LIFE_SECS).exp2()
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=1")]
fn millionths(share: f64) -> u32 {
    (share.clamp(0.0, 1.0) * MILLION).round() as u32
}
