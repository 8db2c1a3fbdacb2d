//! The function that fitting minimises: mean cross-entropy of a linear softmax, plus a quadratic penalty. The two matrix
//! products of each evaluation run through candle's blocked kernels in f32; sums run in f64 and in a fixed order.

use candle_core::{Device, Tensor};
use rayon::prelude::*;

/// The examples, centred and scaled, with their classes.
pub(super) struct Objective {
    /// Examples × dimensions.
    vectors: Tensor,
    labels: Vec<usize>,
    classes: usize,
    dimensions: usize,
    /// The quadratic penalty's factor.
    penalty: f64,
}

impl Objective {
    /// `rows` holds `labels.len()` vectors of equal width, one after the other.
    pub(super) fn new(
        rows: Vec<f32>,
        labels: Vec<usize>,
        classes: usize,
        penalty: f64,
    ) -> candle_core::Result<Self> {
        let dimensions = rows.len() / labels.len().max(1);
        let vectors = Tensor::from_vec(rows, (labels.len(), dimensions), &Device::Cpu)?;
        Ok(Self { vectors, labels, classes, dimensions, penalty })
    }

    /// How many numbers describe a point: weights class by class, then biases.
    pub(super) fn parameters(&self) -> usize {
        self.classes * (self.dimensions + 1)
    }

    /// The value at `point`; its gradient is written to `gradient`.
    pub(super) fn evaluate(&self, point: &[f64], gradient: &mut [f64]) -> candle_core::Result<f64> {
        let (weights, biases) = point.split_at(self.classes * self.dimensions);
        let (loss, residuals) = self.residuals(self.logits(weights)?, biases);
        let examples = self.labels.len() as f64;
        self.slopes(&residuals, gradient)?;
        for (slope, weight) in gradient.iter_mut().zip(weights) {
            *slope = *slope / examples + self.penalty * weight;
        }
        let bias_slopes = gradient.iter_mut().skip(weights.len());
        for (class, slope) in bias_slopes.enumerate() {
            let column = residuals.iter().skip(class).step_by(self.classes);
            *slope = column.map(|&residual| f64::from(residual)).sum::<f64>() / examples;
        }
        let size: f64 = weights.iter().map(|weight| weight * weight).sum();
        Ok(loss / examples + self.penalty / 2.0 * size)
    }

    /// Examples × classes, without the biases.
    fn logits(&self, weights: &[f64]) -> candle_core::Result<Vec<f32>> {
        let narrow: Vec<f32> = weights.par_iter().map(|&weight| narrow(weight)).collect();
        let weights = Tensor::from_vec(narrow, (self.classes, self.dimensions), &Device::Cpu)?;
        self.vectors.matmul(&weights.t()?)?.flatten_all()?.to_vec1()
    }

    /// The summed cross-entropy, and per example and class probability minus truth.
    fn residuals(&self, mut logits: Vec<f32>, biases: &[f64]) -> (f64, Vec<f32>) {
        let biases: Vec<f32> = biases.iter().map(|&bias| narrow(bias)).collect();
        let rows = logits.par_chunks_mut(self.classes.max(1)).zip(&self.labels);
        let losses: Vec<f64> = rows.map(|(row, &label)| residual(row, &biases, label)).collect();
        (losses.iter().sum(), logits)
    }

    /// The weights' slopes, summed over the examples.
    fn slopes(&self, residuals: &[f32], gradient: &mut [f64]) -> candle_core::Result<()> {
        let shape = (self.labels.len(), self.classes);
        let residuals = Tensor::from_slice(residuals, shape, &Device::Cpu)?;
        let slopes = residuals.t()?.matmul(&self.vectors)?.flatten_all()?.to_vec1::<f32>()?;
        for (slope, summed) in gradient.iter_mut().zip(slopes) {
            *slope = f64::from(summed);
        }
        Ok(())
    }
}

/// Turns one row of logits into probability minus truth; returns its cross-entropy.
fn residual(row: &mut [f32], biases: &[f32], label: usize) -> f64 {
    let mut highest = f32::NEG_INFINITY;
    for (logit, bias) in row.iter_mut().zip(biases) {
        *logit += bias;
        highest = highest.max(*logit);
    }
    let mut total = 0.0;
    let truth = row.get(label).map_or(0.0, |logit| f64::from(logit - highest));
    for logit in row.iter_mut() {
        *logit = (*logit - highest).exp();
        total += *logit;
    }
    for share in row.iter_mut() {
        *share /= total;
    }
    if let Some(share) = row.get_mut(label) {
        *share -= 1.0;
    }
    f64::from(total).ln() - truth
}

#[expect(clippy::cast_possible_truncation, reason = "the kernels work in f32")]
fn narrow(number: f64) -> f32 {
    number as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gradient_is_the_slope_of_the_value() {
        let rows = vec![0.5, -1.0, 0.25, 1.5, -0.75, 0.1];
        let objective = Objective::new(rows, vec![0, 2, 1], 3, 0.3).unwrap();
        let point: Vec<f64> = (0..objective.parameters()).map(|i| (i as f64).sin()).collect();
        let (mut gradient, mut unused) = (vec![0.0; point.len()], vec![0.0; point.len()]);
        objective.evaluate(&point, &mut gradient).unwrap();
        for (i, slope) in gradient.iter().enumerate() {
            let mut value_at = |step: f64| {
                let mut moved = point.clone();
                moved[i] += step;
                objective.evaluate(&moved, &mut unused).unwrap()
            };
            let measured = (value_at(1e-2) - value_at(-1e-2)) / 2e-2;
            assert!((measured - slope).abs() < 1e-4, "{i}: {measured} against {slope}");
        }
    }

    #[test]
    fn nothing_known_costs_the_logarithm_of_the_classes() {
        let objective = Objective::new(vec![1.0, 0.0], vec![1], 4, 1.0).unwrap();
        let mut gradient = vec![0.0; objective.parameters()];
        let value = objective.evaluate(&vec![0.0; gradient.len()], &mut gradient).unwrap();
        assert!((value - 4f64.ln()).abs() < 1e-6);
    }
}
