//! Labelled vectors → [`Head`]. Deterministic: no random start, no sampling, sums in a fixed order.

use std::borrow::Cow;

use super::lbfgs::{Limits, minimise};
use super::objective::Objective;
use super::{Examples, Folds, Head};
use crate::encoder::dot;
use crate::error::{Classify, Kind};
use crate::message::IntentId;

/// How a head is fitted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Config {
    /// How far the examples are trusted against the penalty (scikit-learn's `C`, on centred vectors of mean length 1).
    pub strength: f64,
    /// Steps of the optimiser at most.
    pub iterations: usize,
}

impl Default for Config {
    /// Chosen once, on the training parts of open sets, with both models of the manifest.
    fn default() -> Self {
        Self { strength: 20.0, iterations: 100 }
    }
}

/// Why no head could be fitted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FitError {
    /// No example at all.
    #[error("there is no example to learn intents from")]
    Empty,
    /// Vectors and labels do not belong together.
    #[error("{vectors} vectors came with {labels} labels")]
    Lengths {
        /// How many vectors.
        vectors: usize,
        /// How many labels.
        labels: usize,
    },
    /// A label that names no class.
    #[error("label {label} names none of the {classes} classes")]
    Label {
        /// The label.
        label: usize,
        /// How many classes there are.
        classes: usize,
    },
    /// Vectors of different widths, or of none.
    #[error("vectors of {expected} and of {found} numbers cannot be fitted together")]
    Widths {
        /// The first vector's width.
        expected: usize,
        /// The offending one's.
        found: usize,
    },
    /// The matrix kernels refused.
    #[error("the matrix kernels failed: {0}")]
    Kernel(String),
}

impl From<candle_core::Error> for FitError {
    fn from(error: candle_core::Error) -> Self {
        Self::Kernel(error.to_string())
    }
}

impl Classify for FitError {
    fn kind(&self) -> Kind {
        match self {
            Self::Empty => Kind::FailedPrecondition,
            Self::Lengths { .. } | Self::Label { .. } | Self::Widths { .. } | Self::Kernel(_) => {
                Kind::Internal
            }
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Empty => "NO_EXAMPLES",
            Self::Lengths { .. } | Self::Label { .. } | Self::Widths { .. } | Self::Kernel(_) => {
                "FIT_FAILED"
            }
        }
    }

    fn remedy(&self) -> Cow<'static, str> {
        match self {
            Self::Empty => "Give at least one article a `questions:` list.".into(),
            Self::Lengths { .. } | Self::Label { .. } | Self::Widths { .. } | Self::Kernel(_) => {
                "This is a defect of firstline: please report it with the log.".into()
            }
        }
    }
}

/// The head that explains the labels best. `labels` holds class indices; a class without examples keeps a bias only.
pub fn fit<V: AsRef<[f32]>>(
    vectors: &[V],
    labels: &[usize],
    classes: Vec<IntentId>,
    config: &Config,
) -> Result<Head, FitError> {
    let examples = Examples::new(vectors, labels, classes.len())?;
    fit_some(&examples, &examples.all(), classes, config)
}

/// For every vector that is held out the probabilities that a head gives it which has not seen it, in order.
///
/// A class whose examples all lie in one fold gets no more than its bias there.
pub fn out_of_fold<V: AsRef<[f32]> + Sync>(
    examples: &Examples<'_, V>,
    folds: Folds,
    config: &Config,
) -> Result<Vec<Option<Vec<f64>>>, FitError> {
    // Inside this function classes are counted, never shown.
    let anonymous = IntentId::new("fold").map_err(|_| FitError::Empty)?;
    let classes = vec![anonymous; examples.classes()];
    examples.cross(folds, |seen| fit_some(examples, seen, classes.clone(), config), Head::scores)
}

/// Fits on the examples that `chosen` names.
fn fit_some<V: AsRef<[f32]>>(
    examples: &Examples<'_, V>,
    chosen: &[usize],
    classes: Vec<IntentId>,
    config: &Config,
) -> Result<Head, FitError> {
    if chosen.is_empty() {
        return Ok(Head::uniform(classes, examples.width()));
    }
    let frame = Frame::around(examples, chosen);
    let labels = examples.labels(chosen);
    let penalty = 1.0 / (config.strength * labels.len() as f64);
    let objective = Objective::new(frame.rows(examples, chosen), labels, classes.len(), penalty)?;
    let limits = Limits { iterations: config.iterations, gradient: 1e-6, progress: 1e-6 };
    let mut failed = None;
    let point = minimise(vec![0.0; objective.parameters()], limits, |at, gradient| {
        objective.evaluate(at, gradient).unwrap_or_else(|error| {
            failed.get_or_insert(error);
            // No step is taken to where nothing can be computed.
            f64::INFINITY
        })
    });
    match failed {
        Some(error) => Err(error.into()),
        None => Ok(frame.head(&point, classes)),
    }
}

/// The centre of the examples, and the factor that gives them mean squared length 1 around it.
///
/// Encoders differ in how narrow a cone their vectors fill: centred and scaled, one penalty suits them all.
struct Frame {
    centre: Vec<f32>,
    factor: f32,
}

impl Frame {
    #[expect(clippy::cast_possible_truncation, reason = "the kernels work in f32")]
    fn around<V: AsRef<[f32]>>(examples: &Examples<'_, V>, chosen: &[usize]) -> Self {
        let count = chosen.len().max(1) as f64;
        let mut centre = vec![0f64; examples.width()];
        for (vector, _) in examples.pick(chosen) {
            centre.iter_mut().zip(vector).for_each(|(sum, &x)| *sum += f64::from(x) / count);
        }
        let spread: f64 = examples
            .pick(chosen)
            .flat_map(|(vector, _)| vector.iter().zip(&centre))
            .map(|(&x, c)| (f64::from(x) - c).powi(2))
            .sum();
        let factor = if spread > f64::EPSILON { (count / spread).sqrt() as f32 } else { 1.0 };
        Self { centre: centre.into_iter().map(|c| c as f32).collect(), factor }
    }

    fn rows<V: AsRef<[f32]>>(&self, examples: &Examples<'_, V>, chosen: &[usize]) -> Vec<f32> {
        let vectors = examples.pick(chosen).flat_map(|(vector, _)| vector.iter().zip(&self.centre));
        vectors.map(|(x, c)| (x - c) * self.factor).collect()
    }

    /// The fitted point, back in the vectors' own units.
    #[expect(clippy::cast_possible_truncation, reason = "a head works in f32")]
    fn head(&self, point: &[f64], classes: Vec<IntentId>) -> Head {
        let dimensions = self.centre.len();
        let (weights, biases) = point.split_at(classes.len() * dimensions);
        let weights: Vec<f32> = weights.iter().map(|&w| w as f32 * self.factor).collect();
        let shifted = weights.chunks(dimensions.max(1)).zip(biases);
        let biases = shifted.map(|(row, &bias)| bias as f32 - dot(row, &self.centre)).collect();
        Head { classes, dimensions, weights, biases }
    }
}
