//! Paired differences with bootstrap intervals (Efron 1979, percentile): messages are drawn with replacement, each with both
//! of its outcomes, so that what makes a message easy or hard for both runs cancels out.

use rayon::prelude::*;

use super::document::Difference;
use crate::eval::gate::Dice;
use crate::eval::quality::Row;

/// Keeps these dice apart from those of the halvings.
const SEED: u64 = 3 << 32;

/// The paired differences of one comparison.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Differences {
    pub(super) accuracy_in_scope: Difference,
    pub(super) hit_at_1: Difference,
    /// Coverage and precision, one entry a target.
    pub(super) targets: Vec<(Difference, Difference)>,
}

/// Sums over messages, for one run.
#[derive(Debug, Clone, Default)]
struct Sums {
    in_scope: f64,
    intent: f64,
    hit: f64,
    /// Read, answered, and rightly answered; one entry a target.
    targets: Vec<[f64; 3]>,
}

impl Sums {
    fn of<'r>(rows: impl Iterator<Item = &'r Row>, places: &[usize]) -> Self {
        let mut sums = Self { targets: vec![[0.0; 3]; places.len()], ..Self::default() };
        for row in rows {
            sums.add(row, places);
        }
        sums
    }

    fn add(&mut self, row: &Row, places: &[usize]) {
        let one = |holds: bool| f64::from(u8::from(holds));
        self.in_scope += one(row.in_scope);
        self.intent += one(row.in_scope && row.intent);
        self.hit += one(row.in_scope && row.rank == Some(1));
        for (sums, place) in self.targets.iter_mut().zip(places) {
            let Some(answered) = row.answered.get(*place).copied().flatten() else { continue };
            let [read, all, right] = sums;
            *read += 1.0;
            *all += answered;
            *right += answered * one(row.right);
        }
    }

    /// Accuracy, hit@1, then coverage and precision of each target.
    fn figures(&self) -> Vec<Option<f64>> {
        let share = |part: f64, whole: f64| (whole > 0.0).then(|| part / whole);
        let ranking = [share(self.intent, self.in_scope), share(self.hit, self.in_scope)];
        let targets = self.targets.iter();
        let targets =
            targets.flat_map(|[read, all, right]| [share(*all, *read), share(*right, *all)]);
        ranking.into_iter().chain(targets).collect()
    }
}

/// `places` are a target's places in the rows of the first and of the second run.
pub(super) fn differences(
    pairs: &[(&Row, &Row)],
    places: &[(usize, usize)],
    draws: u32,
) -> Differences {
    let (first, second): (Vec<usize>, Vec<usize>) = places.iter().copied().unzip();
    let figures = |drawn: &[&(&Row, &Row)]| {
        let a = Sums::of(drawn.iter().map(|pair| pair.0), &first).figures();
        let b = Sums::of(drawn.iter().map(|pair| pair.1), &second).figures();
        a.into_iter().zip(b).collect::<Vec<_>>()
    };
    let whole = figures(&pairs.iter().collect::<Vec<_>>());
    let drawn: Vec<Vec<(Option<f64>, Option<f64>)>> = (0..draws)
        .into_par_iter()
        .map(|draw| figures(&Dice::new(SEED | u64::from(draw)).drawn(pairs, pairs.len())))
        .collect();
    let mut found = whole.into_iter().enumerate().map(|(at, (a, b))| {
        let moved = drawn.iter().filter_map(|figures| {
            let (a, b) = figures.get(at)?;
            Some((*b)? - (*a)?)
        });
        Difference::new(a, b, moved.collect())
    });
    let mut next = || found.next().unwrap_or_default();
    let (accuracy_in_scope, hit_at_1) = (next(), next());
    let targets = places.iter().map(|_| (next(), next())).collect();
    Differences { accuracy_in_scope, hit_at_1, targets }
}
