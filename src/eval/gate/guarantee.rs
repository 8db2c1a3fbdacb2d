//! The certified threshold and whether its promise held: half splits say what it costs, draws with replacement say how
//! often the precision on the whole set fell below the target, which is what the confidence speaks of.

use rayon::prelude::*;
use serde::Serialize;

use super::{Case, Fit, Reading, Repeats, Terms, fitted, mean, out_of_fold, score_all};
use crate::decision::guarantee::{plan, walk};
use crate::intent::Dice;

/// One in this many calibration messages fits the calibrator and plans the path; the rest stays untouched until the walk.
const WORKSHOP: usize = 3;
/// More than this fit a dozen coefficients no better, and are worth more as untouched labels.
const WORKSHOP_MOST: usize = 500;
/// Keeps the draws' dice apart from the splits'.
const DRAWS: u64 = 1 << 32;

/// What certified thresholds did.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Guarantee {
    /// The precision asked for.
    pub target: f64,
    /// How sure it must be.
    pub confidence: f64,
    /// Draws with replacement behind `violations`.
    pub draws: u32,
    /// Answered of all messages of the other halves; a split in which nothing passes counts as 0.
    pub mean_coverage: f64,
    /// Right of answered there, over the splits that answered anything.
    pub mean_precision: Option<f64>,
    /// Draws whose threshold has a precision below the target on the whole set.
    pub violations: u32,
    /// Splits in which no threshold passes.
    pub nothing_passed: u32,
    /// How many random halvings.
    pub splits: u32,
    /// Draws in which no threshold passes.
    pub draws_nothing_passed: u32,
    /// Messages in a calibration half; a third of it, at most 500, fits and plans; the rest certifies.
    pub calibration_messages: usize,
}

/// Certifies on random halves and on draws with replacement; one entry for each of `terms`, all on the same samples.
pub fn guarantee(
    cases: &[Case],
    terms: &[Terms],
    repeats: Repeats,
    fit: &Fit<'_>,
) -> Vec<Guarantee> {
    let splits = repeat(repeats.splits, |seed| one_split(cases, terms, seed, fit));
    let draws = repeat(repeats.draws, |seed| one_draw(cases, terms, DRAWS | seed, fit));
    let of = |experiments: &[Vec<Reading>], place: usize| -> Vec<Reading> {
        experiments.iter().filter_map(|readings| readings.get(place)).copied().collect()
    };
    let summary = |(place, terms): (usize, &Terms)| {
        summary(*terms, &of(&splits, place), &of(&draws, place), cases.len() / 2)
    };
    terms.iter().enumerate().map(summary).collect()
}

fn summary(terms: Terms, splits: &[Reading], draws: &[Reading], labels: usize) -> Guarantee {
    Guarantee {
        target: terms.target,
        confidence: terms.confidence,
        draws: count(draws, |_| true),
        mean_coverage: mean(splits.iter().map(|split| split.coverage())).unwrap_or(0.0),
        mean_precision: mean(splits.iter().filter_map(|split| split.precision())),
        violations: count(draws, |draw| draw.precision().is_some_and(|p| p < terms.target)),
        nothing_passed: count(splits, |split| split.answered == 0),
        splits: count(splits, |_| true),
        draws_nothing_passed: count(draws, |draw| draw.answered == 0),
        calibration_messages: labels,
    }
}

fn repeat(times: u32, experiment: impl Fn(u64) -> Vec<Reading> + Sync) -> Vec<Vec<Reading>> {
    (0..times).into_par_iter().map(|seed| experiment(u64::from(seed))).collect()
}

fn count(readings: &[Reading], holds: impl Fn(Reading) -> bool) -> u32 {
    readings.iter().map(|reading| u32::from(holds(*reading))).sum()
}

fn one_split(cases: &[Case], terms: &[Terms], seed: u64, fit: &Fit<'_>) -> Vec<Reading> {
    let shuffled = Dice::new(seed).shuffled(cases);
    let (calibration, rest) = shuffled.split_at(shuffled.len() / 2);
    certified(calibration, rest, terms, fit)
}

fn one_draw(cases: &[Case], terms: &[Terms], seed: u64, fit: &Fit<'_>) -> Vec<Reading> {
    let calibration = Dice::new(seed).drawn(cases, cases.len() / 2);
    certified(&calibration, &cases.iter().collect::<Vec<_>>(), terms, fit)
}

/// Certifies on `calibration`, whose order is random, and reads what came of each of `terms` on `rest`.
fn certified(
    calibration: &[&Case],
    rest: &[&Case],
    terms: &[Terms],
    fit: &Fit<'_>,
) -> Vec<Reading> {
    let workshop = (calibration.len() / WORKSHOP).min(WORKSHOP_MOST);
    let (workshop, certify) = calibration.split_at(workshop);
    let planning = out_of_fold(workshop, fit);
    let scorer = fitted(workshop, fit);
    let (certify, rest) = (score_all(certify, &scorer), score_all(rest, &scorer));
    let threshold = |terms: &Terms| {
        let path = plan(&planning, certify.len(), terms.test()).ok()?;
        let passed = walk(&path, terms.test(), |rung| Reading::at(Some(rung), &certify))?;
        path.rungs.get(passed).map(|rung| rung.threshold)
    };
    terms.iter().map(|terms| Reading::at(threshold(terms), &rest)).collect()
}
