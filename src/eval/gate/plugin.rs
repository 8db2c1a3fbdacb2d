//! The plug-in threshold: the lowest one whose precision on the choosing half reaches the target. It promises nothing, so
//! it is only as good as the precision it had on the other half, and the two are never shown apart.

use rayon::prelude::*;
use serde::Serialize;

use super::curve::lowest;
use super::{Case, Fit, Reading, Scored, fitted, mean, out_of_fold, score};
use crate::decision::guarantee::ladder;
use crate::intent::Dice;

/// What the plug-in threshold did on the halves it was not chosen on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Plugin {
    /// The precision asked for.
    pub target: f64,
    /// Answered of all messages; a split without a threshold counts as 0.
    pub mean_coverage: f64,
    /// Right of answered, over the splits that answered anything.
    pub mean_precision: Option<f64>,
    /// How many random halvings.
    pub splits: u32,
    /// Messages in the half that chose.
    pub calibration_messages: usize,
}

/// Chooses on a random half by cross-fitted scores, reads on the other by the refit, `splits` times; one entry for each of
/// `targets`, all on the same halves.
pub fn plugin(cases: &[Case], targets: &[f64], splits: u32, fit: &Fit<'_>) -> Vec<Plugin> {
    let readings: Vec<Vec<Reading>> =
        (0..splits).into_par_iter().map(|seed| one_split(cases, targets, seed, fit)).collect();
    let summary = |(place, target): (usize, &f64)| {
        let of_target: Vec<Reading> =
            readings.iter().filter_map(|split| split.get(place)).copied().collect();
        Plugin {
            target: *target,
            mean_coverage: mean(of_target.iter().map(|split| split.coverage())).unwrap_or(0.0),
            mean_precision: mean(of_target.iter().filter_map(|split| split.precision())),
            splits,
            calibration_messages: cases.len() / 2,
        }
    };
    targets.iter().enumerate().map(summary).collect()
}

fn one_split(cases: &[Case], targets: &[f64], seed: u32, fit: &Fit<'_>) -> Vec<Reading> {
    let Halving { read, thresholds } = Halving::of(cases, targets, seed, fit);
    let scored: Vec<Scored> = read.into_iter().map(|(_, scored)| scored).collect();
    thresholds.into_iter().map(|threshold| Reading::at(threshold, &scored)).collect()
}

/// One random halving.
pub(crate) struct Halving {
    /// The messages of the half that did not choose, by their places among the cases, scored by the refit.
    pub(crate) read: Vec<(usize, Scored)>,
    /// What the other half chose for each target; `None` where no threshold reaches it.
    pub(crate) thresholds: Vec<Option<f64>>,
}

impl Halving {
    pub(crate) fn of(cases: &[Case], targets: &[f64], seed: u32, fit: &Fit<'_>) -> Self {
        let shuffled = Dice::new(u64::from(seed)).shuffled(cases.iter().enumerate());
        let (choosing, reading) = shuffled.split_at(shuffled.len() / 2);
        let choosing: Vec<&Case> = choosing.iter().map(|(_, case)| *case).collect();
        let ladder = ladder(&out_of_fold(&choosing, fit));
        let scorer = fitted(&choosing, fit);
        let threshold = |target: &f64| lowest(&ladder, *target).map(|step| step.threshold);
        Self {
            read: reading.iter().map(|(place, case)| (*place, score(case, &scorer))).collect(),
            thresholds: targets.iter().map(threshold).collect(),
        }
    }
}
