//! Judged messages → figures of ranking and of probability: accuracy, hits, reciprocal rank, separation of what is out of
//! scope, calibration error. Pure; what may be answered at which precision is `gate`'s.

use serde::Serialize;

/// What is known about one message after the service read it and its labels were compared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Judged {
    /// Some article answers it.
    pub in_scope: bool,
    /// The place of the first right article among the candidates, from 0; `None` if there is none among them.
    pub rank: Option<usize>,
    /// Whether the best intent is one of a right article.
    pub intent_right: bool,
    /// What the service itself gave as P(the best answer is right), 0..=1.
    pub probability: f64,
}

impl Judged {
    /// Whether the best candidate answers the message.
    pub fn right(&self) -> bool {
        self.rank == Some(0)
    }
}

/// Figures over one set of messages. Shares are fractions of 1; `None` where there is nothing to take a share of.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Scores {
    /// Best intent right, of the messages in scope.
    pub accuracy_in_scope: Option<f64>,
    /// Best candidate right, of the messages in scope.
    pub hit_at_1: Option<f64>,
    /// A right article among the best five, of the messages in scope.
    pub hit_at_5: Option<f64>,
    /// Mean of 1 / place of the first right article, 0 where it is not among the candidates; of the messages in scope.
    pub mrr: Option<f64>,
    /// The chance that a message in scope has a higher probability than one out of scope.
    pub auroc_oos: Option<f64>,
    /// Expected calibration error of the service's own probability, over all messages.
    pub ece: Option<f64>,
}

impl Scores {
    /// The figures of `judged`.
    pub fn of(judged: &[Judged]) -> Self {
        let in_scope: Vec<&Judged> = judged.iter().filter(|message| message.in_scope).collect();
        let share = |holds: &dyn Fn(&Judged) -> f64| {
            let sum: f64 = in_scope.iter().map(|message| holds(message)).sum();
            (!in_scope.is_empty()).then(|| sum / in_scope.len() as f64)
        };
        let hit = |within: usize| {
            share(&|message| f64::from(message.rank.is_some_and(|rank| rank < within)))
        };
        Self {
            accuracy_in_scope: share(&|message| f64::from(message.intent_right)),
            hit_at_1: hit(1),
            hit_at_5: hit(5),
            mrr: share(&|message| message.rank.map_or(0.0, |rank| 1.0 / (rank + 1) as f64)),
            auroc_oos: auroc(judged),
            ece: ece(judged),
        }
    }
}

/// Area under the ROC curve of the probability, in scope against out of scope; equal probabilities count half.
fn auroc(judged: &[Judged]) -> Option<f64> {
    let mut sorted: Vec<&Judged> = judged.iter().collect();
    sorted.sort_by(|a, b| a.probability.total_cmp(&b.probability));
    let positives = judged.iter().filter(|message| message.in_scope).count();
    let negatives = judged.len() - positives;
    let (mut below, mut sum) = (0, 0.0);
    for tied in sorted.chunk_by(|a, b| a.probability.total_cmp(&b.probability).is_eq()) {
        let inside = tied.iter().filter(|message| message.in_scope).count();
        let outside = tied.len() - inside;
        sum += inside as f64 * (below as f64 + outside as f64 / 2.0);
        below += outside;
    }
    (positives > 0 && negatives > 0).then(|| sum / positives as f64 / negatives as f64)
}

/// One bar of a reliability diagram.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Bin {
    /// Messages in it.
    pub messages: usize,
    /// Their mean probability.
    pub probability: f64,
    /// The share of them whose best candidate is right.
    pub right: f64,
}

/// Ten bins of equal width over the probability; empty ones are left out.
pub fn reliability(judged: &[Judged]) -> Vec<Bin> {
    const BINS: u32 = 10;
    (0..BINS)
        .filter_map(|bin| {
            let (from, to) =
                (f64::from(bin) / f64::from(BINS), f64::from(bin + 1) / f64::from(BINS));
            let last = bin + 1 == BINS;
            bin_of(judged.iter().filter(|m| m.probability >= from && (m.probability < to || last)))
        })
        .collect()
}

fn bin_of<'j>(members: impl Iterator<Item = &'j Judged>) -> Option<Bin> {
    let (messages, probability, right) =
        members.fold((0_usize, 0.0, 0.0), |(count, probability, right), message| {
            (count + 1, probability + message.probability, right + f64::from(message.right()))
        });
    let mean = |sum: f64| sum / messages as f64;
    (messages > 0).then(|| Bin { messages, probability: mean(probability), right: mean(right) })
}

fn ece(judged: &[Judged]) -> Option<f64> {
    let weighted: f64 = reliability(judged)
        .iter()
        .map(|bin| bin.messages as f64 * (bin.probability - bin.right).abs())
        .sum();
    (!judged.is_empty()).then(|| weighted / judged.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(in_scope: bool, rank: Option<usize>, probability: f64) -> Judged {
        Judged { in_scope, rank, intent_right: rank == Some(0), probability }
    }

    fn close(value: Option<f64>, expect: Option<f64>) {
        let same = match (value, expect) {
            (Some(value), Some(expect)) => (value - expect).abs() < 1e-12,
            (value, expect) => value == expect,
        };
        assert!(same, "{value:?} is not {expect:?}");
    }

    #[test]
    fn ranking_is_read_on_what_is_in_scope() {
        let scores = Scores::of(&[
            judged(true, Some(0), 0.9),
            judged(true, Some(1), 0.5),
            judged(true, Some(7), 0.5),
            judged(true, None, 0.1),
            judged(false, None, 0.2),
        ]);
        close(scores.accuracy_in_scope, Some(0.25));
        close(scores.hit_at_1, Some(0.25));
        close(scores.hit_at_5, Some(0.5));
        close(scores.mrr, Some((1.0 + 0.5 + 0.125) / 4.0));
    }

    #[test]
    fn auroc_counts_pairs() {
        let check = |pairs: &[(bool, f64)], expect: Option<f64>| {
            let messages: Vec<Judged> = pairs.iter().map(|&(s, p)| judged(s, None, p)).collect();
            close(auroc(&messages), expect);
        };
        check(&[(true, 0.9), (false, 0.1)], Some(1.0));
        check(&[(true, 0.1), (false, 0.9)], Some(0.0));
        check(&[(true, 0.5), (false, 0.5)], Some(0.5));
        check(&[(true, 0.5), (false, 0.5), (true, 0.6), (false, 0.7)], Some((0.5 + 1.0) / 4.0));
        check(&[(true, 0.5)], None);
        check(&[], None);
    }

    #[test]
    fn calibration_error_is_the_gap_of_each_bin() {
        let check = |pairs: &[(f64, bool)], expect: Option<f64>| {
            let messages: Vec<Judged> =
                pairs.iter().map(|&(p, right)| judged(true, right.then_some(0), p)).collect();
            close(ece(&messages), expect);
        };
        check(&[], None);
        check(&[(1.0, true)], Some(0.0));
        check(&[(1.0, false), (0.95, true)], Some(0.475));
        check(&[(0.5, true), (0.5, false), (0.0, false)], Some(0.0));
    }

    #[test]
    fn nothing_to_share_is_not_zero() {
        let scores = Scores::of(&[judged(false, None, 0.3)]);
        close(scores.hit_at_1, None);
        close(scores.auroc_oos, None);
        close(scores.ece, Some(0.3));
    }
}
