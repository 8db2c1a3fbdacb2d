//! What a comparison says.

use serde::Serialize;

use super::Run;
use super::bootstrap::Differences;
use crate::eval::quality::Row;
use crate::message::ArticleId;

/// The document of `bench compare --json`, one for each set. Shares are fractions of 1; a difference is the second run less
/// the first.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// The suite's or the set's name.
    pub dataset: String,
    /// The models of the first and the second run.
    pub models: [String; 2],
    /// Messages.
    pub n: usize,
    /// Of these, answered by some article.
    pub in_scope: usize,
    /// Best intent right, of the messages in scope.
    pub accuracy_in_scope: Difference,
    /// Best candidate right, of the messages in scope.
    pub hit_at_1: Difference,
    /// At each target that both runs asked for.
    pub targets: Vec<AtTarget>,
    /// Messages that fare better in the second run at the strictest of these targets, the greatest step first.
    pub better: Vec<Change>,
    /// Messages that fare worse.
    pub worse: Vec<Change>,
}

/// What differs at one target.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct AtTarget {
    /// The precision asked for.
    pub target: f64,
    /// Answered of all messages.
    pub coverage: Difference,
    /// Right of answered.
    pub precision: Difference,
}

/// One figure in both runs.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Difference {
    /// In the first run.
    pub a: Option<f64>,
    /// In the second.
    pub b: Option<f64>,
    /// The second less the first; `None` where one of them has nothing to take a share of.
    pub difference: Option<f64>,
    /// The lower end of the paired 95 % interval.
    pub low: Option<f64>,
    /// The upper end.
    pub high: Option<f64>,
}

impl Difference {
    /// Of the figures, with the differences that resampling gave.
    pub(super) fn new(a: Option<f64>, b: Option<f64>, mut moved: Vec<f64>) -> Self {
        moved.sort_by(f64::total_cmp);
        let difference = a.zip(b).map(|(a, b)| b - a);
        let at = |share: f64| difference.and_then(|_| quantile(&moved, share));
        Self { a, b, difference, low: at(0.025), high: at(0.975) }
    }

    /// Whether the interval leaves out zero: which way, or neither.
    pub fn direction(&self) -> Option<bool> {
        match (self.low, self.high) {
            (Some(low), _) if low > 0.0 => Some(true),
            (_, Some(high)) if high < 0.0 => Some(false),
            _ => None,
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a place in a slice: non-negative and far below 2^53"
)]
fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let place = share * sorted.len().checked_sub(1)? as f64;
    sorted.get(place.round() as usize).copied()
}

/// What becomes of a message, from worst to best.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Fate {
    /// Answered wrongly.
    Wrong,
    /// Left to a person.
    Held,
    /// Answered rightly.
    Right,
}

/// A message in one run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figure {
    /// What becomes of it.
    pub fate: Fate,
    /// The place of the first right article, from 1.
    pub rank: Option<usize>,
    /// The best candidate.
    pub best: Option<ArticleId>,
    /// Calibrated P(right).
    pub score: Option<f64>,
}

/// A message that fares otherwise.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// Its place in the set, from 1.
    pub message: usize,
    /// What the customer wrote.
    pub text: String,
    /// In the first run.
    pub a: Figure,
    /// In the second.
    pub b: Figure,
}

impl Change {
    /// Both runs, the first one first.
    pub fn runs(&self) -> [&Figure; 2] {
        [&self.a, &self.b]
    }
}

impl Comparison {
    pub(super) fn of(
        (a, b): (&Run, &Run),
        targets: &[f64],
        found: &Differences,
        (better, worse): (Vec<Change>, Vec<Change>),
    ) -> Self {
        let at = |(target, (coverage, precision)): (&f64, &(Difference, Difference))| AtTarget {
            target: *target,
            coverage: *coverage,
            precision: *precision,
        };
        Self {
            dataset: a.name().to_owned(),
            models: [a.model.clone(), b.model.clone()],
            n: a.messages.rows.len(),
            in_scope: a.messages.rows.iter().filter(|row| row.in_scope).count(),
            accuracy_in_scope: found.accuracy_in_scope,
            hit_at_1: found.hit_at_1,
            targets: targets.iter().zip(&found.targets).map(at).collect(),
            better,
            worse,
        }
    }
}

/// The messages that fare better, and those that fare worse. A message answered in at least half of the halvings counts as
/// answered; with equal fates, the first place decides.
pub(super) fn changes(
    pairs: &[(&Row, &Row)],
    strictest: Option<(usize, usize)>,
) -> (Vec<Change>, Vec<Change>) {
    let places = (strictest.map(|places| places.0), strictest.map(|places| places.1));
    let (mut better, mut worse) = (Vec::new(), Vec::new());
    for (place, (a, b)) in pairs.iter().enumerate() {
        let step = rating(b, places.1) - rating(a, places.0);
        let change = || Change {
            message: place + 1,
            text: a.text.clone(),
            a: figure(a, places.0),
            b: figure(b, places.1),
        };
        match step {
            1.. => better.push((step, change())),
            ..=-1 => worse.push((-step, change())),
            0 => {}
        }
    }
    (greatest_first(better), greatest_first(worse))
}

fn greatest_first(mut changes: Vec<(i32, Change)>) -> Vec<Change> {
    changes.sort_by_key(|(step, _)| std::cmp::Reverse(*step));
    changes.into_iter().map(|(_, change)| change).collect()
}

/// A fate outweighs any place.
fn rating(row: &Row, place: Option<usize>) -> i32 {
    let fate = match fate(row, place) {
        Fate::Wrong => 0,
        Fate::Held => 2,
        Fate::Right => 4,
    };
    fate + i32::from(row.rank == Some(1))
}

fn fate(row: &Row, place: Option<usize>) -> Fate {
    let share = place.and_then(|place| row.answered.get(place).copied().flatten());
    match share {
        Some(share) if share >= 0.5 && row.right => Fate::Right,
        Some(share) if share >= 0.5 => Fate::Wrong,
        _ => Fate::Held,
    }
}

fn figure(row: &Row, place: Option<usize>) -> Figure {
    Figure { fate: fate(row, place), rank: row.rank, best: row.best.clone(), score: row.score }
}
