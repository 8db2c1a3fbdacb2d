//! What a suite must reach, beside what it reached. A floor is what plain methods reach: below it something is broken. A bar is
//! the aim. A coverage is only reached together with the precision that was asked for.

use serde::{Deserialize, Serialize};

use crate::eval::gate::Plugin;
use crate::eval::score::Scores;

/// How far the mean precision may fall below the target: it is itself a mean over few messages.
const SLACK: f64 = 0.01;
/// The same where fewer than [`FEW`] messages are answered.
const SLACK_OF_FEW: f64 = 0.02;
/// Answers of a half from which the smaller slack holds.
const FEW: f64 = 100.0;

/// The least figures of a suite, fractions of 1.
#[derive(Debug, Clone, Copy, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Floor {
    /// Best intent right.
    pub accuracy_in_scope: Option<f64>,
    /// Best article right.
    pub hit_at_1: Option<f64>,
}

/// The aims of a suite, fractions of 1.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Bar {
    /// Best intent right.
    pub accuracy_in_scope: Option<f64>,
    /// Best article right.
    pub hit_at_1: Option<f64>,
    /// Separation of what is in scope.
    pub auroc_oos: Option<f64>,
    /// Coverage by a threshold picked on a random half.
    pub coverage: Vec<CoverageBar>,
}

/// A coverage at a target.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CoverageBar {
    /// The precision asked for.
    pub target: f64,
    /// Answered of all, at least.
    pub at_least: f64,
}

/// A coverage that another method reached, with its precision and target.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reference {
    /// The precision asked for.
    pub target: f64,
    /// Answered of all.
    pub coverage: f64,
    /// Right of answered.
    pub precision: f64,
}

/// One figure beside its floor.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Held {
    /// The JSON key of the figure.
    pub figure: &'static str,
    /// What was reached.
    pub reached: Option<f64>,
    /// What must be.
    pub floor: f64,
    /// Whether it was.
    pub held: bool,
}

/// One figure beside its bar.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Reached {
    /// The JSON key of the figure.
    pub figure: &'static str,
    /// The precision asked for, of a coverage.
    pub target: Option<f64>,
    /// What was reached; `None` where the target was not asked for.
    pub reached: Option<f64>,
    /// The aim.
    pub bar: f64,
    /// The precision that came with a coverage.
    pub precision: Option<f64>,
    /// What that must be at least.
    pub precision_at_least: Option<f64>,
    /// Whether figure and precision are there.
    pub held: bool,
}

/// What a run reached.
#[derive(Debug, Clone, Copy)]
pub struct Measured<'m> {
    /// Ranking and separation.
    pub scores: &'m Scores,
    /// Thresholds picked on random halves.
    pub plugin: &'m [Plugin],
    /// Messages.
    pub n: usize,
}

impl Floor {
    /// The figures that have a floor, beside it.
    pub fn held(&self, scores: &Scores) -> Vec<Held> {
        let figures = [
            ("accuracy_in_scope", scores.accuracy_in_scope, self.accuracy_in_scope),
            ("hit_at_1", scores.hit_at_1, self.hit_at_1),
        ];
        figures
            .into_iter()
            .filter_map(|(figure, reached, floor)| {
                let floor = floor?;
                Some(Held { figure, reached, floor, held: reaches(reached, floor) })
            })
            .collect()
    }
}

impl Bar {
    /// The figures that have a bar, beside it.
    pub fn reached(&self, measured: Measured<'_>) -> Vec<Reached> {
        let scores = measured.scores;
        let figures = [
            ("accuracy_in_scope", scores.accuracy_in_scope, self.accuracy_in_scope),
            ("hit_at_1", scores.hit_at_1, self.hit_at_1),
            ("auroc_oos", scores.auroc_oos, self.auroc_oos),
        ];
        let plain = figures.into_iter().filter_map(|(figure, reached, bar)| {
            let bar = bar?;
            let held = reaches(reached, bar);
            let (target, precision, precision_at_least) = (None, None, None);
            Some(Reached { figure, target, reached, bar, precision, precision_at_least, held })
        });
        plain.chain(self.coverage.iter().map(|bar| bar.reached(measured))).collect()
    }
}

impl CoverageBar {
    fn reached(&self, measured: Measured<'_>) -> Reached {
        let plugin = measured.plugin.iter().find(|one| (one.target - self.target).abs() < 1e-9);
        let reached = plugin.map(|plugin| plugin.mean_coverage);
        let precision = plugin.and_then(|plugin| plugin.mean_precision);
        let read = measured.n - measured.n / 2;
        let few = reached.unwrap_or(0.0) * (read as f64) < FEW;
        let least = self.target - if few { SLACK_OF_FEW } else { SLACK };
        Reached {
            figure: "coverage",
            target: Some(self.target),
            reached,
            bar: self.at_least,
            precision,
            precision_at_least: Some(least),
            held: reaches(reached, self.at_least) && reaches(precision, least),
        }
    }
}

/// The slack keeps a figure from missing its own value by a rounding of the last bit.
fn reaches(reached: Option<f64>, least: f64) -> bool {
    reached.is_some_and(|reached| reached >= least - 1e-9)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plugin(coverage: f64, precision: f64) -> Plugin {
        Plugin {
            target: 0.95,
            mean_coverage: coverage,
            mean_precision: Some(precision),
            splits: 50,
            calibration_messages: 500,
        }
    }

    #[test]
    fn a_floor_is_held_by_reaching_it() {
        let floor = Floor { accuracy_in_scope: Some(0.926), hit_at_1: None };
        let check = |reached: Option<f64>, held: bool| {
            let scores = Scores { accuracy_in_scope: reached, ..Scores::of(&[]) };
            let found = floor.held(&scores);
            let found: Vec<_> = found.iter().map(|one| (one.figure, one.held)).collect();
            assert_eq!(found, [("accuracy_in_scope", held)], "{reached:?}");
        };
        check(Some(0.93), true);
        check(Some(0.926), true);
        check(Some(0.92), false);
        check(None, false);
    }

    #[test]
    fn a_coverage_is_reached_with_its_precision_only() {
        let bar = CoverageBar { target: 0.95, at_least: 0.4 };
        let check = |n: usize, coverage: f64, precision: f64, held: bool| {
            let (scores, plugin) = (Scores::of(&[]), [plugin(coverage, precision)]);
            let found = bar.reached(Measured { scores: &scores, plugin: &plugin, n });
            assert_eq!(found.held, held, "{n} {coverage} {precision}: {found:?}");
        };
        check(1000, 0.4, 0.95, true);
        check(1000, 0.39, 0.99, false);
        check(1000, 0.4, 0.94, true);
        check(1000, 0.4, 0.935, false);
        // 80 answers on the reading half: twice the slack.
        check(200, 0.8, 0.935, true);
        check(200, 0.8, 0.925, false);
    }

    #[test]
    fn a_target_that_was_not_asked_for_is_missed() {
        let bar = CoverageBar { target: 0.9, at_least: 0.1 };
        let (scores, plugin) = (Scores::of(&[]), [plugin(0.5, 0.95)]);
        let found = bar.reached(Measured { scores: &scores, plugin: &plugin, n: 100 });
        assert_eq!((found.reached, found.held), (None, false));
    }
}
