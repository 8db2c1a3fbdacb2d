//! What came back, counted.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::{Serialize, Serializer};

use super::client::Refusal;
use crate::proto::v1::Action;

/// The longest latency that is told apart, in microseconds: ten minutes.
const LONGEST_US: u64 = 600_000_000;

/// What became of one message.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) reply: Result<Action, Refusal>,
    /// How often it was sent again.
    pub(super) retries: u32,
}

impl From<Result<Action, Refusal>> for Outcome {
    fn from(reply: Result<Action, Refusal>) -> Self {
        Self { reply, retries: 0 }
    }
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
    /// Of the decisions.
    #[serde(rename = "latency_ms")]
    pub latency: Latency,
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
            Ok(action) => {
                self.latency.record(latency);
                (&mut self.actions, name_of(action))
            }
            Err(refusal) if refusal.retry_after.is_some() => (&mut self.refused, refusal.reason),
            Err(refusal) => (&mut self.errors, refusal.reason),
        };
        *kind.entry(name).or_default() += 1;
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
        tally.add(Ok(Action::Answer).into(), second);
        tally.add(Ok(Action::Answer).into(), second * 3);
        tally.add(Ok(Action::Route).into(), second);
        tally.add(Err(refusal("OVERLOADED", true)).into(), second);
        tally.add(Err(refusal("INTERNAL", false)).into(), second);
        assert_eq!((tally.replied(), tally.is_clean()), (5, false));
        let json = serde_json::to_value(&tally).unwrap();
        assert_eq!(json["actions"], serde_json::json!({"answer": 2, "route": 1}));
        assert_eq!(json["refused"], serde_json::json!({"OVERLOADED": 1}));
        assert_eq!(json["errors"], serde_json::json!({"INTERNAL": 1}));
        let max = json["latency_ms"]["max"].as_f64().unwrap();
        assert!((max - 3000.0).abs() < 5.0, "{max}");
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
