//! Learn-then-Test over a planned path of thresholds: planned from workshop scores alone, walked on untouched labels from
//! strict to loose while an exact binomial test passes. The last rung passed carries the bound: given how many were
//! answered, the errors are binomial for a fixed rung, and the first false rung is a fixed one, so no correction is needed.

use serde::{Deserialize, Serialize};

use super::Test;
use super::ladder::{Reading, Scored, Step, ladder};
use super::tails::{chance_to_pass, labels_needed};

/// Rungs a path has at most: what renewals must reckon a choice of.
pub(super) const RUNGS: usize = 24;
/// Candidate thresholds that are weighed when a path is planned.
const CANDIDATES: usize = 256;
/// How far a start may fall below the best chance to pass.
const NEAR_BEST: f64 = 0.01;
/// A path that is likelier to fail than to pass at its best rung is not walked.
const WORTH_TRYING: f64 = 0.5;
/// The chance to pass that a number of missing labels aims at.
const WANTED: f64 = 0.8;

/// Thresholds from strict to loose, fixed before any label is opened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Path {
    /// At least one; each answers more than the one before.
    pub rungs: Vec<Rung>,
}

/// One threshold of a path and what the workshop expects of it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Rung {
    /// The probability an answer must reach.
    pub threshold: f64,
    /// Certify messages that it is expected to answer.
    pub planned: u64,
    /// The precision that the scores predict.
    pub predicted: f64,
}

impl Path {
    /// The loosest threshold: below it no label is ever needed.
    pub fn loosest(&self) -> Option<f64> {
        self.rungs.last().map(|rung| rung.threshold)
    }
}

/// Why there is no path: too few labels for the target.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct TooFew {
    /// The chance to pass at the most promising threshold.
    pub best_chance: f64,
    /// Would-be answers expected there.
    pub planned: u64,
    /// The precision that the scores predict there.
    pub predicted: f64,
    /// Labelled answers that would give an 80 % chance there; `None` if no number would.
    pub needed: Option<u64>,
}

/// A candidate threshold with what the workshop predicts for it.
#[derive(Debug, Clone, Copy)]
struct Candidate {
    threshold: f64,
    /// Messages of the certify sample it would answer.
    planned: u64,
    precision: f64,
    chance: f64,
}

impl Candidate {
    fn rung(&self) -> Rung {
        Rung { threshold: self.threshold, planned: self.planned, predicted: self.precision }
    }
}

/// Plans a path for `certify` untouched messages from cross-fitted workshop scores. The labels among them are not read:
/// what a score predicts is the score.
pub fn plan(workshop: &[Scored], certify: usize, test: Test) -> Result<Path, TooFew> {
    let candidates = candidates(workshop, certify, test);
    let best = candidates.iter().copied().max_by(|a, b| a.chance.total_cmp(&b.chance));
    match best {
        Some(best) if best.chance >= WORTH_TRYING => {
            let start = start(&candidates, best.chance - NEAR_BEST).unwrap_or(best);
            Ok(Path { rungs: rungs(&candidates, start) })
        }
        Some(best) => Err(TooFew {
            best_chance: best.chance,
            planned: best.planned,
            predicted: best.precision,
            needed: labels_needed(best.precision, test.target, test.delta, WANTED),
        }),
        None => Err(TooFew::default()),
    }
}

/// Walks the path: `read` counts what a threshold does on the untouched labels. The place of the last rung passed, if any;
/// rungs behind the first that fails are not read.
pub fn walk(path: &Path, test: Test, mut read: impl FnMut(f64) -> Reading) -> Option<usize> {
    path.rungs.iter().take_while(|rung| test.passes(read(rung.threshold))).count().checked_sub(1)
}

/// What one threshold that stands already is expected to do; for the sentence that says how many labels are missing.
pub fn planned_at(reading: Reading, test: Test) -> TooFew {
    let precision = reading.precision().unwrap_or(0.0);
    // Halfway to perfect, where the sample itself shows less than the target: what could still be hoped for.
    let hoped = precision.max(f64::midpoint(test.target, 1.0));
    TooFew {
        best_chance: 0.0,
        planned: reading.answered as u64,
        predicted: hoped,
        needed: labels_needed(hoped, test.target, test.delta, WANTED),
    }
}

fn candidates(workshop: &[Scored], certify: usize, test: Test) -> Vec<Candidate> {
    let steps = ladder(workshop);
    let mut candidates = Vec::new();
    let (mut predicted, mut seen) = (0.0, 0);
    let stride = steps.len().div_ceil(CANDIDATES).max(1);
    for (index, step) in steps.iter().enumerate() {
        predicted += step.threshold * (step.answered - seen) as f64;
        seen = step.answered;
        let precision = predicted / step.answered as f64;
        if index % stride == 0 && !hopeless(precision, step, test.target) {
            let share = step.answered as f64 / workshop.len() as f64;
            candidates.push(candidate(step, precision, share * certify as f64, test));
        }
    }
    candidates
}

/// Predicted so far below the target that the workshop's own sampling error does not explain it: looser than any path goes.
fn hopeless(precision: f64, step: &Step, target: f64) -> bool {
    let error = (target * (1.0 - target) / step.answered as f64).sqrt();
    precision < target - 2.0 * error
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share of a sample size: non-negative and far below 2^53"
)]
fn candidate(step: &Step, precision: f64, planned: f64, test: Test) -> Candidate {
    let planned = planned.round() as u64;
    let chance = chance_to_pass(planned, precision, test.target, test.delta);
    Candidate { threshold: step.threshold, planned, precision, chance }
}

/// Of the candidates that are as good as the best, the middle one in the logarithm of the planned count.
fn start(candidates: &[Candidate], chance: f64) -> Option<Candidate> {
    let log = |candidate: &Candidate| (candidate.planned.max(1) as f64).ln();
    let good: Vec<&Candidate> = candidates.iter().filter(|c| c.chance >= chance).collect();
    let middle = f64::midpoint(log(good.first()?), log(good.last()?));
    let distance = |candidate: &Candidate| (log(candidate) - middle).abs();
    good.into_iter().min_by(|a, b| distance(a).total_cmp(&distance(b))).copied()
}

/// From the start in equal steps of the planned count to the loosest candidate.
fn rungs(candidates: &[Candidate], start: Candidate) -> Vec<Rung> {
    let loosest = candidates.iter().map(|c| c.planned).max().unwrap_or(start.planned);
    let step = (loosest.saturating_sub(start.planned)) as f64 / (RUNGS - 1) as f64;
    let mut rungs = vec![start.rung()];
    let mut due = start.planned as f64 + step;
    for candidate in candidates.iter().filter(|c| c.planned > start.planned) {
        if candidate.planned as f64 >= due {
            rungs.push(candidate.rung());
            due = (candidate.planned as f64 + step).min(loosest as f64);
        }
    }
    rungs.dedup_by(|a, b| a.threshold.total_cmp(&b.threshold).is_eq());
    rungs.truncate(RUNGS);
    rungs
}
