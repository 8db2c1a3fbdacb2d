//! The whole trade-off of coverage against precision, with the threshold picked where it is read: an upper bound.

use serde::Serialize;

use super::{Case, Fit, Scored, out_of_fold, ratio};

/// The most that can be answered at one precision.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct CurvePoint {
    /// Right of answered, 0..=1.
    pub precision: f64,
    /// Answered of all messages, 0..=1; 0 where no threshold reaches the precision.
    pub coverage: f64,
}

/// Coverage at precision 0.80, 0.81, … 0.99 over all cases, by cross-fitted scores.
pub fn curve(cases: &[Case], fit: &Fit<'_>) -> Vec<CurvePoint> {
    let ladder = ladder(&out_of_fold(&cases.iter().collect::<Vec<_>>(), fit));
    (80..=99_u32)
        .map(|percent| {
            let precision = f64::from(percent) / 100.0;
            let answered = lowest(&ladder, precision).map_or(0, |step| step.answered);
            CurvePoint { precision, coverage: ratio(answered, cases.len()) }
        })
        .collect()
}

/// One possible threshold and what it does; equal scores are answered together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Step {
    pub(super) threshold: f64,
    pub(super) answered: usize,
    pub(super) right: usize,
}

/// All thresholds of a sample, the strictest first.
pub(super) fn ladder(sample: &[Scored]) -> Vec<Step> {
    let mut sorted: Vec<&Scored> =
        sample.iter().filter(|scored| scored.score.is_finite()).collect();
    sorted.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut steps: Vec<Step> = Vec::new();
    let (mut answered, mut right) = (0, 0);
    for scored in sorted {
        answered += 1;
        right += usize::from(scored.right);
        let step = Step { threshold: scored.score, answered, right };
        match steps.last_mut() {
            Some(last) if last.threshold.total_cmp(&step.threshold).is_eq() => *last = step,
            _ => steps.push(step),
        }
    }
    steps
}

/// The lowest threshold whose precision reaches `target`.
pub(super) fn lowest(ladder: &[Step], target: f64) -> Option<&Step> {
    // The slack keeps 9 of 10 from missing 0.9 by a rounding of the last bit.
    ladder.iter().rev().find(|step| step.right as f64 >= target * step.answered as f64 - 1e-9)
}
