//! What came back, counted.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::{Serialize, Serializer};

use super::client::Refusal;
use crate::proto::v1::{Action, Decision};

/// The longest latency that is told apart, in microseconds: ten minutes.
const LONGEST_US: u64 = 600_000_000;

/// What a decision says that is counted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reply {
    pub(super) action: Action,
    pub(super) held: Duration,
    pub(super) encodings: u32,
    pub(super) cached: u32,
}

impl From<Decision> for Reply {
    fn from(decision: Decision) -> Self {
        let action = decision.action();
        let timings = decision.timings.unwrap_or_default();
        let held = timings.held.and_then(|held| Duration::try_from(held).ok()).unwrap_or_default();
        Self { action, held, encodings: timings.encodings, cached: timings.cached }
    }
}

/// What became of one message.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) reply: Result<Reply, Refusal>,
    /// How often it was sent again.
    pub(super) retries: u32,
}

/// Counts of one run, and the latency of its decisions from their due moments.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Tally {
    /// Messages that were sent.
    pub sent: u64,
    /// Messages that were due while as many calls as allowed were under way: not sent, and a failure of the service.
    pub unsent: u64,
    /// Messages sent again after a refusal, at the time it named; each counts once for every time.
    pub retried: u64,
    /// Decisions by action, in lower case.
    pub actions: BTreeMap<String, u64>,
    /// Refusals that said when to come back, by reason.
    pub refused: BTreeMap<String, u64>,
    /// Everything else that went wrong, by reason.
    pub errors: BTreeMap<String, u64>,
    /// Texts that the service encoded for the decisions.
    pub encodings: u64,
    /// Texts whose vectors it still knew.
    pub cached: u64,
    /// Of the decisions, from their due moments; without the time that the service held them for the rest of a burst.
    #[serde(rename = "latency_ms")]
    pub latency: Latency,
    /// That time, of the decisions that were held.
    #[serde(rename = "held_ms")]
    pub held: Latency,
}

impl Tally {
    /// Decisions, refusals and errors.
    pub fn replied(&self) -> u64 {
        [&self.actions, &self.refused, &self.errors].into_iter().flat_map(BTreeMap::values).sum()
    }

    /// Nothing was left unsent and nothing went wrong.
    pub fn is_clean(&self) -> bool {
        self.unsent == 0 && self.refused.is_empty() && self.errors.is_empty()
    }

    pub(super) fn add(&mut self, outcome: Outcome, latency: Duration) {
        self.retried += u64::from(outcome.retries);
        let (kind, name) = match outcome.reply {
            Ok(reply) => {
                self.count(reply, latency);
                (&mut self.actions, name_of(reply.action))
            }
            Err(refusal) if refusal.retry_after.is_some() => (&mut self.refused, refusal.reason),
            Err(refusal) => (&mut self.errors, refusal.reason),
        };
        *kind.entry(name).or_default() += 1;
    }

    fn count(&mut self, reply: Reply, latency: Duration) {
        self.encodings += u64::from(reply.encodings);
        self.cached += u64::from(reply.cached);
        self.latency.record(latency.saturating_sub(reply.held));
        if !reply.held.is_zero() {
            self.held.record(reply.held);
        }
    }
}

fn name_of(action: Action) -> String {
    action.as_str_name().trim_start_matches("ACTION_").to_ascii_lowercase()
}

/// A distribution of latencies, to three digits.
#[derive(Debug, Clone, PartialEq)]
pub struct Latency(Option<Histogram<u64>>);

impl Default for Latency {
    fn default() -> Self {
        Self(Histogram::new_with_bounds(1, LONGEST_US, 3).ok())
    }
}

impl Latency {
    /// Adds one; longer than ten minutes counts as ten minutes.
    pub fn record(&mut self, latency: Duration) {
        let micros = u64::try_from(latency.as_micros()).unwrap_or(LONGEST_US);
        if let Some(histogram) = &mut self.0 {
            histogram.saturating_record(micros.clamp(1, LONGEST_US));
        }
    }

    /// The latency that the share `quantile` of all stays within, milliseconds; `None` without any.
    pub fn quantile_ms(&self, quantile: f64) -> Option<f64> {
        let histogram = self.0.as_ref().filter(|histogram| !histogram.is_empty())?;
        Some(histogram.value_at_quantile(quantile) as f64 / 1000.0)
    }

    /// The mean, milliseconds; `None` without any.
    pub fn mean_ms(&self) -> Option<f64> {
        let histogram = self.0.as_ref().filter(|histogram| !histogram.is_empty())?;
        Some((histogram.mean()).round() / 1000.0)
    }
}

impl Serialize for Latency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let quantiles = [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p999", 0.999), ("max", 1.0)];
        let named = quantiles.map(|(name, quantile)| (name, self.quantile_ms(quantile)));
        serializer.collect_map([("mean", self.mean_ms())].into_iter().chain(named))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(reason: &str, retry: bool) -> Refusal {
        let retry_after = retry.then(|| Duration::from_millis(50));
        Refusal { reason: reason.to_owned(), message: String::new(), retry_after }
    }

    #[test]
    fn refusals_with_a_hint_stand_apart_from_errors() {
        let mut tally = Tally::default();
        let second = Duration::from_secs(1);
        let replied = |action: Action, held: Duration| Outcome {
            reply: Ok(Reply { action, held, encodings: 2, cached: 1 }),
            retries: 1,
        };
        let refused = |refusal: Refusal| Outcome { reply: Err(refusal), retries: 0 };
        tally.add(replied(Action::Answer, Duration::ZERO), second);
        tally.add(replied(Action::Answer, Duration::ZERO), second * 3);
        tally.add(replied(Action::Route, second), second * 2);
        tally.add(refused(refusal("OVERLOADED", true)), second);
        tally.add(refused(refusal("INTERNAL", false)), second);
        assert_eq!((tally.replied(), tally.is_clean()), (5, false));
        let json = serde_json::to_value(&tally).unwrap();
        assert_eq!(json["actions"], serde_json::json!({"answer": 2, "route": 1}));
        assert_eq!(json["refused"], serde_json::json!({"OVERLOADED": 1}));
        assert_eq!(json["errors"], serde_json::json!({"INTERNAL": 1}));
        let max = json["latency_ms"]["max"].as_f64().unwrap();
        assert!((max - 3000.0).abs() < 5.0, "{max}");
        assert_eq!((tally.encodings, tally.cached, tally.retried), (6, 3, 3));
        assert!((tally.held.quantile_ms(0.5).unwrap() - 1000.0).abs() < 5.0);
        assert!((tally.latency.quantile_ms(0.5).unwrap() - 1000.0).abs() < 5.0, "held is apart");
    }

    #[test]
    fn no_latency_is_null_not_zero() {
        let json = serde_json::to_value(Latency::default()).unwrap();
        assert_eq!(json["p50"], serde_json::Value::Null);
        let mut endless = Latency::default();
        endless.record(Duration::MAX);
        assert!(endless.quantile_ms(1.0).unwrap() >= 590_000.0);
    }
}
