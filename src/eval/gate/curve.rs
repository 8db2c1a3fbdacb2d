//! The whole trade-off of coverage against precision, with the threshold picked where it is read: an upper bound.

use serde::Serialize;

use super::{Case, Fit, out_of_fold, ratio};
use crate::decision::guarantee::{Step, ladder};

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

/// The lowest threshold whose precision reaches `target`.
pub(super) fn lowest(ladder: &[Step], target: f64) -> Option<&Step> {
    // The slack keeps 9 of 10 from missing 0.9 by a rounding of the last bit.
    ladder.iter().rev().find(|step| step.right as f64 >= target * step.answered as f64 - 1e-9)
}
