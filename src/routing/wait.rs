//! How long a place in line takes: from the intervals between the services of a queue and class in the last half hour.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use crate::message::{Priority, QueueId, Timestamp};

const WINDOW: Duration = Duration::from_mins(30);
/// Fewer intervals than this say nothing.
const LEAST: usize = 5;
/// Services that are remembered of each queue and class.
const MOST: usize = 256;
/// The 90 % point of the normal distribution.
const Z90: f64 = 1.2816;

/// How long a wait will probably take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Eta {
    /// The middle.
    pub p50: Duration,
    /// Nine of ten wait no longer.
    pub p90: Duration,
    /// When this was estimated.
    pub as_of: Timestamp,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Services {
    times: BTreeMap<(QueueId, Priority), VecDeque<Timestamp>>,
}

impl Services {
    pub(super) fn served(&mut self, queue: &QueueId, class: Priority, at: Timestamp) {
        let times = self.times.entry((queue.clone(), class)).or_default();
        times.push_back(at);
        times.drain(..times.len().saturating_sub(MOST));
        while times.front().is_some_and(|first| older(*first, at)) {
            times.pop_front();
        }
    }

    /// The wait at a position, 1 for the head: the sum of that many intervals, by their mean and spread.
    pub(super) fn eta(
        &self,
        (queue, class): (&QueueId, Priority),
        position: u32,
        now: Timestamp,
    ) -> Option<Eta> {
        let times = self.times.get(&(queue.clone(), class))?;
        let recent: Vec<_> = times.iter().filter(|at| !older(**at, now)).collect();
        let gaps: Vec<f64> = recent
            .windows(2)
            .filter_map(|pair| match pair {
                [a, b] => Some(b.duration_since(**a).as_secs_f64()),
                _ => None,
            })
            .collect();
        if gaps.len() < LEAST {
            return None;
        }
        let count = gaps.len() as f64;
        let mean = gaps.iter().sum::<f64>() / count;
        let variance = gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / (count - 1.0);
        let middle = mean * f64::from(position);
        let spread = Z90 * (variance * f64::from(position)).sqrt();
        Some(Eta { p50: seconds(middle), p90: seconds(middle + spread), as_of: now })
    }
}

fn older(at: Timestamp, now: Timestamp) -> bool {
    now.duration_since(at) > jiff::SignedDuration::from_secs(WINDOW.as_secs().cast_signed())
}

fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(Duration::MAX)
}
