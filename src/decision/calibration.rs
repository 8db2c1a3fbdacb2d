//! [`Readings`] → P(this answer is right): a small logistic model that no better reading can lower. Fitted when a bundle
//! is built from the knowledge's own questions (see `release`), or from judged messages. What it says about the
//! knowledge's own questions is no claim about customers: until labels say otherwise its probability is provisional.

use serde::{Deserialize, Serialize};

use super::evidence::Readings;
use super::newton::{Local, minimise};
use super::{Contribution, prior};
use crate::message::Probability;

const COUNT: usize = Readings::COUNT;
/// How strongly the weights lean on the shipped ones, in samples' worth.
const LEAN: f64 = 2.0;
/// How strongly the intercept does: hardly, for how much of the traffic is in scope differs everywhere.
const LEAN_INTERCEPT: f64 = 0.01;

/// A fitted calibrator.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    weights: [f64; COUNT],
    intercept: f64,
}

/// One judged candidate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    /// What the readers saw.
    pub readings: Readings,
    /// Whether its answer is right.
    pub right: bool,
    /// How much it counts, above 0.
    pub weight: f64,
}

impl Sample {
    /// A sample that counts once.
    pub fn new(readings: Readings, right: bool) -> Self {
        Self { readings, right, weight: 1.0 }
    }
}

impl Default for Calibration {
    /// The shipped coefficients.
    fn default() -> Self {
        prior::CALIBRATION
    }
}

impl Calibration {
    /// The calibrator with these coefficients, in the order of [`Readings::NAMES`].
    pub const fn new(weights: [f64; COUNT], intercept: f64) -> Self {
        Self { weights, intercept }
    }

    /// P(right).
    pub fn probability(&self, readings: &Readings) -> Probability {
        Probability::new(sigmoid(self.log_odds(readings)))
    }

    /// Each reading with its share in the log-odds.
    pub fn contributions(&self, readings: &Readings) -> Vec<Contribution> {
        let parts = Readings::NAMES.into_iter().zip(readings.values()).zip(self.weights);
        parts
            .map(|((name, value), weight)| Contribution {
                name: name.into(),
                value,
                contribution: value * weight,
            })
            .collect()
    }

    /// Fits to samples, leaning on the shipped coefficients; without samples it is those.
    pub fn fit(samples: &[Sample]) -> Self {
        Self::fit_towards(samples, &Self::default())
    }

    /// Fits to samples, leaning on `towards`.
    pub fn fit_towards(samples: &[Sample], towards: &Self) -> Self {
        let start: Vec<f64> = towards.weights.iter().copied().chain([towards.intercept]).collect();
        let floors = Readings::RISING.map(|rising| if rising { 0.0 } else { f64::NEG_INFINITY });
        let found = minimise(start.clone(), &floors, |at| lost(samples, at, &start));
        Self {
            weights: std::array::from_fn(|i| found.get(i).copied().unwrap_or_default()),
            intercept: found.last().copied().unwrap_or_default(),
        }
    }

    /// The numbers, little-endian: what a bundle hashes.
    pub fn bytes(&self) -> impl Iterator<Item = u8> + '_ {
        self.weights.iter().chain([&self.intercept]).flat_map(|number| number.to_le_bytes())
    }

    /// ln(P / (1 - P)).
    pub fn log_odds(&self, readings: &Readings) -> f64 {
        readings.values().iter().zip(self.weights).map(|(x, w)| x * w).sum::<f64>() + self.intercept
    }
}

/// The weighted cross-entropy plus the lean; the last coordinate is the intercept.
fn lost(samples: &[Sample], at: &[f64], towards: &[f64]) -> Local {
    let lean = |i: usize| if i == COUNT { LEAN_INTERCEPT } else { LEAN };
    let away: Vec<f64> = at.iter().zip(towards).map(|(x, t)| x - t).collect();
    let mut local = Local {
        value: away.iter().enumerate().map(|(i, x)| lean(i) / 2.0 * x * x).sum(),
        gradient: away.iter().enumerate().map(|(i, x)| lean(i) * x).collect(),
        hessian: vec![vec![0.0; COUNT + 1]; COUNT + 1],
    };
    for (i, row) in local.hessian.iter_mut().enumerate() {
        row.iter_mut().skip(i).take(1).for_each(|x| *x = lean(i));
    }
    for sample in samples {
        add_sample(&mut local, sample, at);
    }
    local
}

fn add_sample(local: &mut Local, sample: &Sample, at: &[f64]) {
    let mut row = [1.0; COUNT + 1];
    row.iter_mut().zip(sample.readings.values()).for_each(|(slot, value)| *slot = value);
    let log_odds: f64 = row.iter().zip(at).map(|(x, w)| x * w).sum();
    let probability = sigmoid(log_odds);
    let towards = if sample.right { log_odds } else { -log_odds };
    local.value += sample.weight * softplus(-towards);
    let miss = sample.weight * (probability - f64::from(u8::from(sample.right)));
    let bend = sample.weight * probability * (1.0 - probability);
    for ((slope, entries), x) in local.gradient.iter_mut().zip(&mut local.hessian).zip(row) {
        *slope += miss * x;
        entries.iter_mut().zip(row).for_each(|(entry, y)| *entry += bend * x * y);
    }
}

fn sigmoid(log_odds: f64) -> f64 {
    1.0 / (1.0 + (-log_odds).exp())
}

/// ln(1 + eˣ) without overflow.
fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Right where the question is near, whatever the length.
    fn samples() -> Vec<Sample> {
        let one = |i: u32| {
            let question = f64::from(i % 40) / 40.0;
            let length = f64::from(i % 7) / 7.0;
            // A blurred edge, so that the fit has a finite optimum.
            let right = question + f64::from(i % 11) / 40.0 > 0.6;
            Sample::new(Readings { question, length, ..Readings::default() }, right)
        };
        (0..400).map(one).collect()
    }

    #[test]
    fn probabilities_follow_the_samples() {
        let fitted = Calibration::fit(&samples());
        let at = |question| {
            fitted.probability(&Readings { question, length: 0.5, ..Readings::default() }).get()
        };
        assert!(at(0.1) < 0.1 && at(0.95) > 0.9, "{} {}", at(0.1), at(0.95));
        let mean =
            samples().iter().map(|s| fitted.probability(&s.readings).get()).sum::<f64>() / 400.0;
        let share = samples().iter().filter(|s| s.right).count() as f64 / 400.0;
        assert!((mean - share).abs() < 0.01, "mean {mean}, share right {share}");
    }

    #[test]
    fn contributions_and_intercept_make_the_probability() {
        let fitted = Calibration::fit(&samples());
        let readings = samples()[17].readings;
        let parts: f64 = fitted.contributions(&readings).iter().map(|c| c.contribution).sum();
        let expect = fitted.probability(&readings).get();
        assert!((sigmoid(parts + fitted.intercept) - expect).abs() < 1e-12);
    }

    #[test]
    fn a_reading_that_misleads_is_ignored_not_inverted() {
        let misled: Vec<Sample> = samples()
            .into_iter()
            .map(|s| Sample {
                readings: Readings { passage: f64::from(u8::from(!s.right)), ..s.readings },
                ..s
            })
            .collect();
        assert!(
            Calibration::fit(&misled)
                .weights
                .iter()
                .zip(Readings::RISING)
                .all(|(w, r)| !r || *w >= 0.0)
        );
    }

    #[test]
    fn no_samples_leave_the_shipped_coefficients() {
        assert_eq!(Calibration::fit(&[]), Calibration::default());
    }

    fn any_readings() -> impl Strategy<Value = Readings> {
        prop::array::uniform17(-2.0..2.0f64).prop_map(Readings::from_values)
    }

    proptest! {
        #[test]
        fn better_readings_never_lower_the_probability(
            readings in any_readings(),
            judged in prop::collection::vec((any_readings(), any::<bool>()), 0..40),
            which in 0..COUNT,
            more in 0.0..3.0f64,
        ) {
            prop_assume!(Readings::RISING[which]);
            let samples: Vec<Sample> = judged.iter().map(|(r, y)| Sample::new(*r, *y)).collect();
            let fitted = Calibration::fit(&samples);
            let mut values = readings.values();
            values[which] += more;
            let better = Readings::from_values(values);
            prop_assert!(fitted.probability(&better) >= fitted.probability(&readings));
        }
    }
}
