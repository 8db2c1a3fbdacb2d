//! A data set through the pipeline: the bundle is built as `serve` builds it, every message is decided by the functions
//! that serve, and the evidence of each decision is what thresholds are chosen on. Only the thresholds are the
//! evaluation's own.

mod document;
mod asked;
mod history;
mod judge;
mod halvings;
mod obstacle;
mod slices;
mod wrong;
mod urgency;
mod messages;
mod served;

use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::time::Instant;

use super::dataset::{Dataset, Kind};
use super::gate::{self, Case, CurvePoint, Guarantee, Plugin, Repeats, Scorer, Terms};
use super::record::Record;
use super::score::Scores;
use crate::decision::calibration::{Calibration, Sample};
use crate::decision::evidence::Readings;
use crate::decision::policy;
use crate::encoder::{Batcher, EncoderError};
use crate::error::{Classify, Kind as ErrorKind};
use crate::knowledge::KnowledgeError;
use crate::message::{Channel, IdError};
use crate::release::{self, Bundle, ReleaseError, Source, VectorCache};
use crate::triage::{Triage, Turn};

use asked::Asked;
pub use document::{Details, Document, Quantiles, Seen, Served, Timings};
pub use messages::{Messages, Row};
pub use obstacle::{Obstacle, Unanswered};
pub use slices::{Answers, Dimension, Slice};
pub use urgency::Urgency;
pub use wrong::{Confusion, Confusions, Why};

/// What to measure.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// The precisions to ask for, above 0 and below 1.
    pub targets: Vec<f64>,
    /// How sure a certified threshold must be, above 0 and below 1.
    pub confidence: f64,
    /// How often the experiments are repeated.
    pub repeats: Repeats,
    /// Where vectors are kept between runs.
    pub cache: PathBuf,
    /// What an operator would decide; a provisional gate may answer here, so that it can be measured.
    pub policy: policy::Config,
}

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Texts of the articles encoded.
    Articles {
        /// So many are done.
        done: usize,
        /// Of so many.
        of: usize,
    },
    /// Readers, mix and gate are fitted.
    Fit,
    /// Messages encoded.
    Messages {
        /// So many are done.
        done: usize,
        /// Of so many.
        of: usize,
    },
    /// Thresholds are chosen and read.
    Thresholds,
}

/// Why a set could not be measured.
#[derive(Debug, thiserror::Error)]
pub enum QualityError {
    /// No bundle of its articles.
    #[error(transparent)]
    Release(#[from] ReleaseError),
    /// The encoder failed.
    #[error(transparent)]
    Encoder(#[from] EncoderError),
    /// The library could not be searched.
    #[error(transparent)]
    Knowledge(#[from] KnowledgeError),
    /// A record names a channel that is none.
    #[error("a message names a channel that is none: {0}")]
    Channel(#[from] IdError),
}

impl Classify for QualityError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Release(error) => error.kind(),
            Self::Encoder(error) => error.kind(),
            Self::Knowledge(error) => error.kind(),
            Self::Channel(_) => ErrorKind::InvalidArgument,
        }
    }
    fn reason(&self) -> &'static str {
        match self {
            Self::Release(error) => error.reason(),
            Self::Encoder(error) => error.reason(),
            Self::Knowledge(error) => error.reason(),
            Self::Channel(_) => "BAD_RECORD",
        }
    }
    fn remedy(&self) -> Cow<'static, str> {
        match self {
            Self::Release(error) => error.remedy(),
            Self::Encoder(error) => error.remedy(),
            Self::Knowledge(error) => error.remedy(),
            Self::Channel(_) => {
                "Write a channel such as web, app or wechat, or leave it out.".into()
            }
        }
    }
}

/// Measures a set: the document, and what the report shows beside it.
pub fn run(
    set: Dataset,
    batcher: &Arc<Batcher>,
    options: &Options,
    progress: &mut dyn FnMut(Step),
) -> Result<(Document, Details), QualityError> {
    let vectors = VectorCache::open(&options.cache, batcher.model());
    let (mut clock, known_before) = (Clock::start(), vectors.len());
    let (asked, form) = ask(set, (batcher, &vectors), (options, &mut clock), progress)?;
    progress(Step::Thresholds);
    let nearest = match form.kind {
        Kind::Knowledge => asked.nearest(&vectors)?,
        Kind::Labels | Kind::Faq => None,
    };
    let judged = asked.judged();
    let examined = asked.examined();
    let cases: Vec<Case> = examined.iter().map(|one| one.case.clone()).collect();
    let thresholds = Thresholds::of(&cases, options);
    let details = asked.details(&judged, &examined, options);
    clock.timings.score_s = clock.lap();
    let timings =
        Timings { total_s: clock.total(), encoded: vectors.len() - known_before, ..clock.timings };
    let document = Document {
        dataset: form.name,
        kind: form.kind,
        model: batcher.model().name.clone(),
        n: judged.len(),
        in_scope: judged.iter().filter(|message| message.in_scope).count(),
        scores: Scores::of(&judged),
        curve: thresholds.curve,
        plugin: thresholds.plugin,
        guarantee: thresholds.guarantee,
        served: asked.served(),
        nearest_question_similarity: nearest,
        unanswered: obstacle::unanswered(&details.messages, &options.targets),
        slices: slices::slices(&details.messages, &options.targets),
        confusions: wrong::confusions(&details.messages, &options.targets),
        urgency: asked.urgency(),
        timings,
        messages: Messages::of(&details.messages, &options.targets),
    };
    Ok((document, details))
}

/// A set's name and form, once its contents went into the bundle.
struct Form {
    name: String,
    kind: Kind,
}

/// Builds the bundle and has every message decided.
fn ask(
    set: Dataset,
    (batcher, vectors): (&Arc<Batcher>, &VectorCache),
    (options, clock): (&Options, &mut Clock),
    progress: &mut dyn FnMut(Step),
) -> Result<(Asked, Form), QualityError> {
    let mut turns = turns(&set)?;
    let Dataset { name, kind, articles, phrases, messages, outside, language: _ } = set;
    // Provisional answers are measured here, not sent.
    let policy =
        policy::Config { provisional: policy::Provisional::Answer, ..options.policy.clone() };
    let source = Source { articles, phrases: phrases.unwrap_or_default(), policy, outside };
    let bundle = Bundle::build(source, batcher, vectors, &mut |step| progress(step.into()))?;
    clock.timings.build_s = clock.lap();
    let triage = Triage::new(bundle.into_current(), Arc::clone(batcher));
    history::resume(&triage, &messages, &mut turns, vectors)?;
    let decisions = triage
        .decide_all(&turns, vectors, &mut |done, of| progress(Step::Messages { done, of }))?;
    clock.timings.decide_s = clock.lap();
    Ok((Asked { bundle: triage.bundle(), messages, decisions }, Form { name, kind }))
}

/// What a gateway would hand in for each message; the set's language is the hint where a record gives none.
fn turns(set: &Dataset) -> Result<Vec<Turn>, QualityError> {
    let turn = |record: &Record| {
        let channel = Channel::new(record.channel.as_deref().unwrap_or("web"))?;
        let language_hint = Some(record.lang.unwrap_or(set.language));
        Ok(Turn { language_hint, ..Turn::words(&record.text, channel) })
    };
    set.messages.iter().map(turn).collect()
}

impl From<release::Step> for Step {
    fn from(step: release::Step) -> Self {
        match step {
            release::Step::Encode { done, of } => Self::Articles { done, of },
            release::Step::Fit | release::Step::Learn => Self::Fit,
        }
    }
}

/// What thresholds on the evidence do.
struct Thresholds {
    curve: Vec<CurvePoint>,
    plugin: Vec<Plugin>,
    guarantee: Vec<Guarantee>,
}

impl Thresholds {
    fn of(cases: &[Case], options: &Options) -> Self {
        let terms = |target: &f64| Terms { target: *target, confidence: options.confidence };
        let terms: Vec<Terms> = options.targets.iter().map(terms).collect();
        Self {
            curve: gate::curve(cases, &calibrator),
            plugin: gate::plugin(cases, &options.targets, options.repeats.splits, &calibrator),
            guarantee: gate::guarantee(cases, &terms, options.repeats, &calibrator),
        }
    }
}

/// The calibrator that serves, fitted to a sample of the set.
fn calibrator(rows: &[&[f64]], rights: &[bool]) -> Scorer {
    let samples: Vec<Sample> =
        rows.iter().zip(rights).map(|(row, right)| Sample::new(readings(row), *right)).collect();
    let fitted = Calibration::fit(&samples);
    Box::new(move |row: &[f64]| fitted.probability(&readings(row)).get())
}

fn readings(row: &[f64]) -> Readings {
    let mut values = [0.0; Readings::COUNT];
    values.iter_mut().zip(row).for_each(|(value, given)| *value = *given);
    Readings::from_values(values)
}

/// Laps of one run.
struct Clock {
    begun: Instant,
    lap: Instant,
    timings: Timings,
}

impl Clock {
    fn start() -> Self {
        let now = Instant::now();
        Self { begun: now, lap: now, timings: Timings::default() }
    }

    /// Seconds since the lap before.
    fn lap(&mut self) -> f64 {
        let lap = self.lap.elapsed().as_secs_f64();
        self.lap = Instant::now();
        lap
    }

    fn total(&self) -> f64 {
        self.begun.elapsed().as_secs_f64()
    }
}

#[cfg(test)]
mod tests;
