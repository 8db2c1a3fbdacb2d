//! Embedding → intent probabilities: a multinomial logistic regression on unit vectors, fitted on the articles' own
//! questions. It is one of two readers; it knows neither articles nor thresholds, and its probabilities are no gate:
//! `decision::calibration` turns them, with the retriever's evidence, into P(this answer is right).

mod examples;
mod folds;
mod lbfgs;
mod objective;
pub mod fit;
mod likeness;
mod dice;
pub mod finetune;

use serde::{Deserialize, Serialize};

use crate::encoder::dots;
use crate::message::IntentId;

pub(crate) use dice::Dice;
pub use examples::Examples;
pub use fit::{FitError, fit, out_of_fold};
pub use folds::Folds;
pub use likeness::Likeness;

/// A fitted classifier: one row of weights and one bias per class.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Head {
    classes: Vec<IntentId>,
    dimensions: usize,
    /// `classes` rows of `dimensions` columns, in the vectors' own units.
    weights: Vec<f32>,
    biases: Vec<f32>,
}

impl Head {
    /// A head that knows nothing: every class is equally likely, whatever the vector.
    pub fn uniform(classes: Vec<IntentId>, dimensions: usize) -> Self {
        let (rows, biases) = (classes.len(), vec![0.0; classes.len()]);
        Self { classes, dimensions, weights: vec![0.0; rows * dimensions], biases }
    }

    /// The intents, in the order of the scores. One intent may own several classes.
    pub fn classes(&self) -> &[IntentId] {
        &self.classes
    }

    /// The width of the vectors it reads.
    pub fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// The probability of each class, in class order; sums to 1 unless there is no class.
    ///
    /// A vector of another width is read as far as both go: the caller's model and head come from one bundle.
    pub fn scores(&self, vector: &[f32]) -> Vec<f64> {
        if self.dimensions == 0 {
            return softmax(self.biases.iter().map(|&bias| f64::from(bias)).collect());
        }
        let rows = self.weights.chunks_exact(self.dimensions);
        let products = dots(vector, rows);
        softmax(products.iter().zip(&self.biases).map(|(x, bias)| f64::from(x + bias)).collect())
    }

    /// The numbers that make this head what it is, little-endian: what a bundle hashes.
    pub fn bytes(&self) -> impl Iterator<Item = u8> + '_ {
        let numbers =
            self.weights.iter().chain(&self.biases).flat_map(|number| number.to_le_bytes());
        let names = self.classes.iter().flat_map(|class| class.as_str().bytes().chain([0]));
        names.chain(numbers)
    }
}

/// Logits → probabilities, safe against overflow.
fn softmax(mut logits: Vec<f64>) -> Vec<f64> {
    let highest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    for logit in &mut logits {
        *logit = (*logit - highest).exp();
    }
    let total: f64 = logits.iter().sum();
    for probability in &mut logits {
        *probability /= total;
    }
    logits
}

#[cfg(test)]
mod tests;
