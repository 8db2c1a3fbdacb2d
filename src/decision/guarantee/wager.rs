//! A watch over audited answers that may be read after every verdict: a bet against "the precision is at least the target"
//! whose stake multiplies by more than 1 on average only if that is false. By Ville's inequality the stake ever reaches 20
//! with a chance of 5 % at most while it is true, however often somebody looks. Repeated binomial tests have no such bound.

use serde::{Deserialize, Serialize};

/// Verdicts so far, and whether the alarm ever rang.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Wager {
    /// Answers judged.
    pub judged: u64,
    /// Of these, wrong.
    pub wrong: u64,
    /// The stake was 20 or more at some time; it stays so.
    pub alarmed: bool,
}

/// The stake at which the watch rings.
const ALARM: f64 = 20.0;
/// The error rates that are bet on, as multiples of the allowed one; the mixture is good against each.
const MULTIPLES: [f64; 5] = [1.4, 2.0, 3.0, 5.0, 8.0];

impl Wager {
    /// Takes in one verdict, on an answer that was drawn at random.
    pub fn judge(&mut self, right: bool, target: f64) {
        self.judged += 1;
        self.wrong += u64::from(!right);
        self.alarmed |= self.stake(target) >= ALARM;
    }

    /// What became of a stake of 1: the mean likelihood ratio of the error rates bet on against the allowed one.
    pub fn stake(&self, target: f64) -> f64 {
        let allowed = 1.0 - target;
        let bets = MULTIPLES.map(|multiple| (allowed * multiple).min(0.95));
        let (wrong, right) = (self.wrong as f64, (self.judged - self.wrong) as f64);
        let ratio = |rate: f64| {
            (wrong * (rate / allowed).ln() + right * ((1.0 - rate) / (1.0 - allowed)).ln()).exp()
        };
        let fair = bets.iter().filter(|rate| **rate > allowed);
        fair.map(|rate| ratio(*rate)).sum::<f64>() / bets.len() as f64
    }
}
