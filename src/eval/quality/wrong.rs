//! Answers that would be wrong: what decided each, and which answers are taken for which.

use std::collections::BTreeMap;

use serde::Serialize;

use super::document::Seen;
use crate::decision::evidence::Piece;
use crate::decision::policy::Gate;
use crate::decision::{Candidate, Contribution};

/// Confusions that are listed.
const LISTED: usize = 20;

/// What decided an answer, as `ask --explain` shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Why {
    /// The candidates, best first, with the service's own probabilities.
    pub candidates: Vec<Candidate>,
    /// Every input of the gate for the first, with its share in the log-odds.
    pub evidence: Vec<Contribution>,
}

impl Why {
    pub(super) fn of(piece: &Piece, gate: &Gate) -> Self {
        let first = piece.sightings.first();
        let contributions = first.map(|s| gate.calibration.contributions(&s.readings));
        Self {
            candidates: piece.sightings.iter().map(|s| gate.candidate(s)).collect(),
            evidence: contributions.unwrap_or_default(),
        }
    }
}

/// Which answers are given instead of which, at one target.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Confusions {
    /// The precision asked for.
    pub target: f64,
    /// Messages answered wrongly in at least half of the halvings that read them.
    pub wrong: usize,
    /// The pairs, the most frequent first.
    pub pairs: Vec<Confusion>,
}

/// One answer group given instead of another.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Confusion {
    /// The group that is right; null: nothing answers these messages.
    pub right: Option<String>,
    /// The group that is sent.
    pub sent: String,
    /// Messages.
    pub messages: usize,
    /// Of all wrong answers at this target.
    pub share: f64,
}

/// The confusions at each target.
pub(super) fn confusions(messages: &[Seen], targets: &[f64]) -> Vec<Confusions> {
    let of_target = |(place, target): (usize, &f64)| {
        let mut counts: BTreeMap<(Option<&str>, &str), usize> = BTreeMap::new();
        let wrong = || messages.iter().filter(|seen| seen.wrong_at(place));
        for seen in wrong() {
            let pair = (seen.right_group.as_deref(), seen.sent_group.as_str());
            *counts.entry(pair).or_default() += 1;
        }
        let all = wrong().count();
        let mut pairs: Vec<Confusion> = counts
            .into_iter()
            .map(|((right, sent), messages)| Confusion {
                right: right.map(str::to_owned),
                sent: sent.to_owned(),
                messages,
                share: messages as f64 / all as f64,
            })
            .collect();
        pairs.sort_by_key(|pair| std::cmp::Reverse(pair.messages));
        pairs.truncate(LISTED);
        Confusions { target: *target, wrong: all, pairs }
    };
    targets.iter().enumerate().map(of_target).collect()
}
