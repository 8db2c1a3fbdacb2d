//! How much could be answered, at which precision: thresholds on the evidence of judged messages, chosen on one part and
//! read on another. Pure functions of the evidence; the calibrator they fit is handed in, because the one that serves is
//! `decision`'s. Nothing here ships a threshold: it measures what a threshold would have done.

mod curve;
mod guarantee;
mod plugin;

pub use crate::decision::guarantee::{Reading, Scored, Terms};
pub use curve::{CurvePoint, curve};
pub use guarantee::{Guarantee, guarantee};
pub(crate) use plugin::Halving;
pub use plugin::{Plugin, plugin};

pub(super) use crate::intent::Dice;

/// One judged message as the gate sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// What the gate knows about its best answer; `None` where a rule keeps the message from being answered at all.
    pub evidence: Option<Vec<f64>>,
    /// Whether that answer is right.
    pub right: bool,
}

/// A fitted calibrator: evidence → P(right).
pub type Scorer = Box<dyn Fn(&[f64]) -> f64 + Send + Sync>;

/// How a calibrator is fitted: rows of evidence and whether each answer was right. Called from several threads.
pub type Fit<'f> = dyn Fn(&[&[f64]], &[bool]) -> Scorer + Sync + 'f;

/// How often the experiment is repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Repeats {
    /// Random halvings of the messages.
    pub splits: u32,
    /// Draws with replacement, for `violations`.
    pub draws: u32,
}

/// Cross-fitted scores: five folds, each scored by a calibrator that did not see it.
pub(crate) fn out_of_fold(cases: &[&Case], fit: &Fit<'_>) -> Vec<Scored> {
    const FOLDS: usize = 5;
    let mut scored = vec![Scored { score: f64::NEG_INFINITY, right: false }; cases.len()];
    for fold in 0..FOLDS.min(cases.len()) {
        let outside: Vec<&Case> = every_nth(cases, fold, FOLDS, false);
        let scorer = fitted(&outside, fit);
        for (slot, case) in scored.iter_mut().zip(cases).skip(fold).step_by(FOLDS) {
            *slot = score(case, &scorer);
        }
    }
    scored
}

fn every_nth<'c>(cases: &[&'c Case], from: usize, step: usize, inside: bool) -> Vec<&'c Case> {
    let chosen = |index: usize| (index % step == from) == inside;
    cases.iter().enumerate().filter(|(index, _)| chosen(*index)).map(|(_, case)| *case).collect()
}

/// A calibrator fitted on those of `cases` that may be answered.
fn fitted(cases: &[&Case], fit: &Fit<'_>) -> Scorer {
    let (rows, rights): (Vec<&[f64]>, Vec<bool>) = cases
        .iter()
        .filter_map(|case| case.evidence.as_deref().map(|evidence| (evidence, case.right)))
        .unzip();
    fit(&rows, &rights)
}

fn score(case: &Case, scorer: &Scorer) -> Scored {
    let score = case.evidence.as_deref().map_or(f64::NEG_INFINITY, scorer);
    Scored { score: if score.is_nan() { f64::NEG_INFINITY } else { score }, right: case.right }
}

fn score_all(cases: &[&Case], scorer: &Scorer) -> Vec<Scored> {
    cases.iter().map(|case| score(case, scorer)).collect()
}

fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

fn mean(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let (count, sum) =
        values.into_iter().fold((0_usize, 0.0), |(count, sum), value| (count + 1, sum + value));
    (count > 0).then(|| sum / count as f64)
}

#[cfg(test)]
mod tests;
