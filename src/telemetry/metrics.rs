//! Every metric of the service as a typed field, registered once. Labels are closed sets or configured names, never an id
//! and never text. Inner modules return their timings; the doors record them here.

use std::time::Duration;

use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

/// Seconds; an encoding takes milliseconds, a bulk of them seconds.
const STAGE_BUCKETS: [f64; 14] =
    [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];
/// Seconds.
const CALL_BUCKETS: [f64; 13] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

type Histograms<Labels> = Family<Labels, Histogram, fn() -> Histogram>;

/// The metrics of one running service.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    decisions: Family<DecisionLabels, Counter>,
    stages: Histograms<StageLabels>,
    held: Histogram,
    queue_depth: Family<QueueLabels, Gauge>,
    calls: Histograms<CallLabels>,
    in_flight: Gauge,
    streams: Gauge,
    refused: Family<ReasonLabels, Counter>,
    texts: Family<SourceLabels, Counter>,
    feedback: Family<FeedbackLabels, Counter>,
    bundle: Family<BundleLabels, Gauge>,
    guarantee: Family<StateLabels, Gauge>,
    pooled: Family<FateLabels, Counter>,
    journal: Gauge,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FateLabels {
    fate: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DecisionLabels {
    action: &'static str,
    reason: &'static str,
    channel: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StageLabels {
    stage: Stage,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct QueueLabels {
    queue: String,
    class: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
#[expect(clippy::struct_field_names, reason = "the labels of OpenTelemetry's convention")]
struct CallLabels {
    rpc_system_name: &'static str,
    rpc_method: &'static str,
    rpc_response_status_code: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabels {
    reason: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SourceLabels {
    source: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FeedbackLabels {
    verdict: &'static str,
    source: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct BundleLabels {
    hash: String,
    model: String,
    knowledge: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StateLabels {
    state: &'static str,
}

/// The stages of a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Waiting for an encoder thread.
    Queue,
    /// Text to tokens.
    Tokenize,
    /// The forward passes.
    Encode,
    /// Finding candidates.
    Retrieve,
    /// Evidence to verdict.
    Decide,
    /// From arrival to decision.
    Total,
}

impl EncodeLabelValue for Stage {
    fn encode(
        &self,
        encoder: &mut prometheus_client::encoding::LabelValueEncoder<'_>,
    ) -> Result<(), std::fmt::Error> {
        let name = match self {
            Self::Queue => "queue",
            Self::Tokenize => "tokenize",
            Self::Encode => "encode",
            Self::Retrieve => "retrieve",
            Self::Decide => "decide",
            Self::Total => "total",
        };
        EncodeLabelValue::encode(&name, encoder)
    }
}

/// How a call came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Transport {
    /// gRPC.
    Grpc,
    /// JSON over HTTP.
    Http,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// Registers every metric.
    pub fn new() -> Self {
        let mut metrics = Self {
            registry: Registry::default(),
            decisions: Family::default(),
            stages: Family::new_with_constructor(|| Histogram::new(STAGE_BUCKETS)),
            held: Histogram::new(STAGE_BUCKETS),
            queue_depth: Family::default(),
            calls: Family::new_with_constructor(|| Histogram::new(CALL_BUCKETS)),
            in_flight: Gauge::default(),
            streams: Gauge::default(),
            refused: Family::default(),
            texts: Family::default(),
            feedback: Family::default(),
            bundle: Family::default(),
            guarantee: Family::default(),
            pooled: Family::default(),
            journal: Gauge::default(),
        };
        metrics.register_decisions();
        metrics.register_calls();
        metrics
    }

    fn register_decisions(&mut self) {
        let ours = self.registry.sub_registry_with_prefix("firstline");
        ours.register(
            "decisions",
            "Messages decided, by action, by the first part's reason, by channel",
            self.decisions.clone(),
        );
        ours.register_with_unit(
            "stage_duration",
            "Time of each stage of a decision",
            Unit::Seconds,
            self.stages.clone(),
        );
        ours.register_with_unit(
            "burst_held",
            "Time decisions waited for the rest of a burst",
            Unit::Seconds,
            self.held.clone(),
        );
        ours.register(
            "queue_depth",
            "Tickets that wait, by queue and class",
            self.queue_depth.clone(),
        );
        ours.register("feedback", "Verdicts on decisions, by source", self.feedback.clone());
        ours.register(
            "pooled",
            "Live messages for calibration: taken in, or dropped since too many waited",
            self.pooled.clone(),
        );
        ours.register("guarantee_info", "The guarantee in force; always 1", self.guarantee.clone());
        ours.register(
            "journal_sound",
            "1 while outcomes can be written; 0 stops all messages",
            self.journal.clone(),
        );
        ours.register("bundle_info", "What decides now; always 1", self.bundle.clone());
    }

    fn register_calls(&mut self) {
        self.registry.register_with_unit(
            "rpc_server_call_duration",
            "Time of each call, until its last byte",
            Unit::Seconds,
            self.calls.clone(),
        );
        let ours = self.registry.sub_registry_with_prefix("firstline");
        ours.register("calls_in_flight", "Calls being worked on", self.in_flight.clone());
        ours.register("streams_open", "Open Converse streams", self.streams.clone());
        ours.register(
            "texts",
            "Texts read for decisions, by where their vectors came from",
            self.texts.clone(),
        );
        ours.register("refused", "Calls and frames refused, by reason", self.refused.clone());
    }

    /// One message was decided. A recorded outcome that is sent again is not another decision.
    pub fn decided(&self, action: &'static str, reason: &'static str, channel: &str) {
        let labels = DecisionLabels { action, reason, channel: channel.to_owned() };
        self.decisions.get_or_create(&labels).inc();
    }

    /// A stage of a decision took this long.
    pub fn stage(&self, stage: Stage, took: Duration) {
        self.stages.get_or_create(&StageLabels { stage }).observe(took.as_secs_f64());
    }

    /// A decision waited this long for the rest of a burst.
    pub fn held(&self, waited: Duration) {
        self.held.observe(waited.as_secs_f64());
    }

    /// A call ended with this code.
    pub fn call(
        &self,
        transport: Transport,
        method: &'static str,
        code: &'static str,
        took: Duration,
    ) {
        let labels = CallLabels {
            rpc_system_name: match transport {
                Transport::Grpc => "grpc",
                Transport::Http => "http",
            },
            rpc_method: method,
            rpc_response_status_code: code,
        };
        self.calls.get_or_create(&labels).observe(took.as_secs_f64());
    }

    /// A call or a frame was refused.
    pub fn refused(&self, reason: &'static str) {
        self.refused.get_or_create(&ReasonLabels { reason }).inc();
    }

    /// A decision took so many passes through the network, and so many vectors that were still known.
    pub fn encoded(&self, passes: u32, cached: u32) {
        for (source, texts) in [("network", passes), ("cache", cached)] {
            self.texts.get_or_create(&SourceLabels { source }).inc_by(u64::from(texts));
        }
    }

    /// A verdict was recorded.
    pub fn feedback(&self, verdict: &'static str, source: &'static str) {
        self.feedback.get_or_create(&FeedbackLabels { verdict, source }).inc();
    }

    /// Counts a call as being worked on for as long as the guard lives.
    pub fn call_in_flight(&self) -> InFlight {
        InFlight::new(&self.in_flight)
    }

    /// Counts a stream as open for as long as the guard lives.
    pub fn stream_open(&self) -> InFlight {
        InFlight::new(&self.streams)
    }

    /// How many calls are being worked on.
    pub fn calls_in_flight(&self) -> u64 {
        u64::try_from(self.in_flight.get()).unwrap_or(0)
    }

    /// The depth of one class of one queue as of now.
    pub fn queue_depth(&self, queue: &str, class: &'static str, tickets: usize) {
        let labels = QueueLabels { queue: queue.to_owned(), class };
        self.queue_depth.get_or_create(&labels).set(i64::try_from(tickets).unwrap_or(i64::MAX));
    }

    /// A live message went to the pools of the calibration, or found no room on the way.
    pub fn pooled(&self, taken: bool) {
        let fate = if taken { "taken" } else { "dropped" };
        self.pooled.get_or_create(&FateLabels { fate }).inc();
    }

    /// The guarantee in force, in place of what was in force before.
    pub fn guarantee(&self, state: &'static str) {
        let labels = StateLabels { state };
        if self.guarantee.get(&labels).is_none() {
            self.guarantee.clear();
        }
        self.guarantee.get_or_create(&labels).set(1);
    }

    /// Whether outcomes can be written; true as well where nothing is to be.
    pub fn journal(&self, sound: bool) {
        self.journal.set(i64::from(sound));
    }

    /// What decides now, in place of what decided before.
    pub fn bundle(&self, hash: &str, model: &str, knowledge: &str) {
        let labels = BundleLabels {
            hash: hash.to_owned(),
            model: model.to_owned(),
            knowledge: knowledge.to_owned(),
        };
        let stands = self.bundle.get(&labels).is_some();
        if !stands {
            self.bundle.clear();
        }
        self.bundle.get_or_create(&labels).set(1);
    }

    /// Everything in the `OpenMetrics` text format.
    pub fn render(&self) -> Result<String, std::fmt::Error> {
        let mut page = String::new();
        text::encode(&mut page, &self.registry)?;
        Ok(page)
    }
}

/// Counts one thing for as long as it lives.
#[derive(Debug)]
pub struct InFlight(Gauge);

impl InFlight {
    fn new(gauge: &Gauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.dec();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(metrics: &Metrics, line: &str) {
        let page = metrics.render().unwrap();
        assert!(page.lines().any(|found| found == line), "no {line:?} in\n{page}");
    }

    #[test]
    fn every_recording_shows_under_its_documented_name() {
        let metrics = Metrics::new();
        metrics.decided("ANSWER", "GATE_PASSED", "web");
        metrics.stage(Stage::Encode, Duration::from_millis(4));
        metrics.held(Duration::from_millis(1500));
        metrics.queue_depth("refunds", "urgent", 2);
        metrics.call(Transport::Grpc, "firstline.v1.TriageService/Handle", "OK", Duration::ZERO);
        metrics.refused("OVERLOADED");
        metrics.encoded(2, 1);
        metrics.feedback("WRONG", "EDITOR");
        metrics.bundle("b1", "tiny", "k1");
        metrics.pooled(true);
        metrics.pooled(false);
        has(&metrics, r#"firstline_pooled_total{fate="taken"} 1"#);
        has(&metrics, r#"firstline_pooled_total{fate="dropped"} 1"#);
        has(
            &metrics,
            r#"firstline_decisions_total{action="ANSWER",reason="GATE_PASSED",channel="web"} 1"#,
        );
        has(&metrics, r#"firstline_stage_duration_seconds_count{stage="encode"} 1"#);
        has(&metrics, r#"firstline_stage_duration_seconds_bucket{le="0.005",stage="encode"} 1"#);
        has(&metrics, "firstline_burst_held_seconds_count 1");
        has(&metrics, r#"firstline_queue_depth{queue="refunds",class="urgent"} 2"#);
        has(
            &metrics,
            r#"rpc_server_call_duration_seconds_count{rpc_system_name="grpc",rpc_method="firstline.v1.TriageService/Handle",rpc_response_status_code="OK"} 1"#,
        );
        has(&metrics, r#"firstline_refused_total{reason="OVERLOADED"} 1"#);
        has(&metrics, r#"firstline_texts_total{source="network"} 2"#);
        has(&metrics, r#"firstline_texts_total{source="cache"} 1"#);
        has(&metrics, r#"firstline_feedback_total{verdict="WRONG",source="EDITOR"} 1"#);
        has(&metrics, r#"firstline_bundle_info{hash="b1",model="tiny",knowledge="k1"} 1"#);
    }

    #[test]
    fn a_new_bundle_replaces_the_old_one() {
        let metrics = Metrics::new();
        metrics.bundle("b1", "tiny", "k1");
        metrics.bundle("b2", "tiny", "k2");
        let page = metrics.render().unwrap();
        assert!(!page.contains(r#"hash="b1""#) && page.contains(r#"hash="b2""#), "{page}");
    }

    #[test]
    fn a_guard_counts_for_as_long_as_it_lives() {
        let metrics = Metrics::new();
        let call = metrics.call_in_flight();
        assert_eq!(metrics.calls_in_flight(), 1);
        drop(call);
        assert_eq!(metrics.calls_in_flight(), 0);
    }
}
