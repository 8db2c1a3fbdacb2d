//! Learn-then-Test over a planned path of thresholds: planned from workshop scores alone, walked on untouched labels from
//! strict to loose while an exact binomial test passes. The last rung passed carries the bound; `GUARANTEE.md` says why.

use super::curve::{Step, ladder};
use super::{Reading, Scored, Terms};
use crate::eval::statistics::{binomial_tail, chance_to_pass, labels_needed};

/// Rungs a path has at most.
const RUNGS: usize = 24;
/// Candidate thresholds that are weighed when a path is planned.
const CANDIDATES: usize = 256;
/// How far a start may fall below the best chance to pass.
const NEAR_BEST: f64 = 0.01;
/// A path that is likelier to fail than to pass at its best rung is not walked.
const WORTH_TRYING: f64 = 0.5;

/// Thresholds from strict to loose, fixed before any label is opened.
#[derive(Debug, Clone, PartialEq)]
pub struct Path {
    rungs: Vec<f64>,
}

/// Why there is no path: too few labels for the target.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TooFew {
    /// The chance to pass at the most promising threshold.
    pub best_chance: f64,
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

/// Plans a path for `certify` untouched messages from cross-fitted workshop scores. The labels among them are not read:
/// what a score predicts is the score.
pub fn plan(workshop: &[Scored], certify: usize, terms: Terms) -> Result<Path, TooFew> {
    let candidates = candidates(workshop, certify, terms);
    let best = candidates.iter().copied().max_by(|a, b| a.chance.total_cmp(&b.chance));
    match best {
        Some(best) if best.chance >= WORTH_TRYING => {
            let start = start(&candidates, best.chance - NEAR_BEST).unwrap_or(best);
            Ok(Path { rungs: rungs(&candidates, start) })
        }
        Some(best) => Err(TooFew {
            best_chance: best.chance,
            needed: labels_needed(best.precision, terms.target, terms.delta(), 0.8),
        }),
        None => Err(TooFew { best_chance: 0.0, needed: None }),
    }
}

/// Walks the path on certify labels; the last threshold passed, if any.
pub fn walk(path: &Path, certify: &[Scored], terms: Terms) -> Option<f64> {
    path.rungs.iter().copied().take_while(|rung| passes(*rung, certify, terms)).last()
}

fn passes(rung: f64, certify: &[Scored], terms: Terms) -> bool {
    let reading = Reading::at(Some(rung), certify);
    let (answered, wrong) = (reading.answered as u64, (reading.answered - reading.right) as u64);
    answered > 0 && binomial_tail(answered, wrong, 1.0 - terms.target) <= terms.delta()
}

fn candidates(workshop: &[Scored], certify: usize, terms: Terms) -> Vec<Candidate> {
    let steps = ladder(workshop);
    let mut candidates = Vec::new();
    let (mut predicted, mut seen) = (0.0, 0);
    let stride = steps.len().div_ceil(CANDIDATES).max(1);
    for (index, step) in steps.iter().enumerate() {
        predicted += step.threshold * (step.answered - seen) as f64;
        seen = step.answered;
        let precision = predicted / step.answered as f64;
        if index % stride == 0 && !hopeless(precision, step, terms.target) {
            let share = step.answered as f64 / workshop.len() as f64;
            candidates.push(candidate(step, precision, share * certify as f64, terms));
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
fn candidate(step: &Step, precision: f64, planned: f64, terms: Terms) -> Candidate {
    let planned = planned.round() as u64;
    let chance = chance_to_pass(planned, precision, terms.target, terms.delta());
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
fn rungs(candidates: &[Candidate], start: Candidate) -> Vec<f64> {
    let loosest = candidates.iter().map(|c| c.planned).max().unwrap_or(start.planned);
    let step = (loosest.saturating_sub(start.planned)) as f64 / (RUNGS - 1) as f64;
    let mut rungs = vec![start.threshold];
    let mut due = start.planned as f64 + step;
    for candidate in candidates.iter().filter(|c| c.planned > start.planned) {
        if candidate.planned as f64 >= due {
            rungs.push(candidate.threshold);
            due = (candidate.planned as f64 + step).min(loosest as f64);
        }
    }
    rungs.dedup();
    rungs.truncate(RUNGS);
    rungs
}
