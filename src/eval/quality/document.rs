//! What a quality run says: the JSON document, and the details that only the report shows.

use serde::Serialize;

use super::messages::Messages;
use super::obstacle::{Obstacle, Unanswered};
use super::slices::Slice;
use super::urgency::Urgency;
use super::wrong::{Confusions, Why};
use crate::eval::dataset::Kind;
use crate::eval::gate::{CurvePoint, Guarantee, Plugin};
use crate::eval::score::{Bin, Judged, Scores};
use crate::message::{ArticleId, Language, Risk};

/// The document of `bench quality --json`. Shares and precisions are fractions of 1.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Document {
    /// The set's name.
    pub dataset: String,
    /// Its form.
    pub kind: Kind,
    /// The model that read it.
    pub model: String,
    /// Messages asked.
    pub n: usize,
    /// Of these, answered by some article.
    pub in_scope: usize,
    /// Ranking and probability.
    #[serde(flatten)]
    pub scores: Scores,
    /// The whole trade-off on the test itself: an upper bound.
    pub curve: Vec<CurvePoint>,
    /// A threshold picked by precision on one half, read on the other; one entry a target.
    pub plugin: Vec<Plugin>,
    /// A certified threshold; one entry a target.
    pub guarantee: Vec<Guarantee>,
    /// What the service would do with these messages as it stands, its gate being provisional.
    pub served: Served,
    /// Similarity of each message to the nearest question of the knowledge, -1..=1.
    pub nearest_question_similarity: Option<Quantiles>,
    /// What stands between the other messages and an answer, by target.
    pub unanswered: Vec<Unanswered>,
    /// The whole and its parts, under the whole's threshold.
    pub slices: Vec<Slice>,
    /// Which answers are given instead of which, by target.
    pub confusions: Vec<Confusions>,
    /// Urgency as served; `None` where no message is labelled urgent.
    pub urgency: Option<Urgency>,
    /// Where the time went.
    pub timings: Timings,
    /// What became of each message.
    pub messages: Messages,
}

/// Decisions as served. An answer is right if every article it sends is.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Served {
    /// Messages that are not labelled small talk: what coverage is a share of.
    pub messages: usize,
    /// Answered from articles in every part.
    pub answered: usize,
    /// Asked back.
    pub clarified: usize,
    /// Handed to a person.
    pub routed: usize,
    /// Messages to which at least one article is sent.
    pub answers: usize,
    /// Right of these.
    pub answers_right: usize,
    /// `answers_right` of `answers`.
    pub precision: Option<f64>,
    /// `answered` of `messages`.
    pub coverage: Option<f64>,
    /// The precision that the provisional gate aims at.
    pub target: f64,
}

/// A distribution in seven numbers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Quantiles {
    /// The least.
    pub min: f64,
    /// A tenth is below.
    pub p10: f64,
    /// A quarter is below.
    pub p25: f64,
    /// Half is below.
    pub p50: f64,
    /// Three quarters are below.
    pub p75: f64,
    /// Nine tenths are below.
    pub p90: f64,
    /// The greatest.
    pub max: f64,
}

impl Quantiles {
    /// Of some values, by linear interpolation; `None` of none.
    pub fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        let at = |share: f64| interpolated(&values, share);
        Some(Self {
            min: at(0.0)?,
            p10: at(0.1)?,
            p25: at(0.25)?,
            p50: at(0.5)?,
            p75: at(0.75)?,
            p90: at(0.9)?,
            max: at(1.0)?,
        })
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a place in a slice: non-negative and far below 2^53"
)]
fn interpolated(sorted: &[f64], share: f64) -> Option<f64> {
    let place = share * sorted.len().checked_sub(1)? as f64;
    let below = *sorted.get(place.floor() as usize)?;
    let above = *sorted.get(place.ceil() as usize)?;
    Some(below + (above - below) * place.fract())
}

/// Where the time of a run went, seconds.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Timings {
    /// Encoding the articles' texts and fitting head, fusion and calibration.
    pub build_s: f64,
    /// Encoding and deciding the messages.
    pub decide_s: f64,
    /// Thresholds and statistics.
    pub score_s: f64,
    /// All of it.
    pub total_s: f64,
    /// Texts that were encoded; the others were in the cache.
    pub encoded: usize,
}

/// What only the report shows.
#[derive(Debug, Clone, PartialEq)]
pub struct Details {
    /// The messages, each with the candidate that would answer it.
    pub messages: Vec<Seen>,
    /// The service's own probability against what was right.
    pub provisional: Vec<Bin>,
    /// A calibrator fitted on this set (cross-fitted) against what was right.
    pub fitted: Vec<Bin>,
}

/// One message and the candidate that would answer it: of several questions, the one that is answered wrongly.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// What the customer wrote.
    pub text: String,
    /// The language it was read in.
    pub language: Language,
    /// The marks of its record.
    pub marks: Vec<String>,
    /// The articles that are right; none: out of scope.
    pub relevant: Vec<ArticleId>,
    /// The answer group of the first of them that the knowledge has.
    pub right_group: Option<String>,
    /// The best candidate.
    pub best: Option<ArticleId>,
    /// Its answer group; empty where there is no candidate.
    pub sent_group: String,
    /// Its risk.
    pub risk: Option<Risk>,
    /// The question it was found by.
    pub matched: String,
    /// The place of the first right article for the whole message, from 0.
    pub rank: Option<usize>,
    /// Whether the best intent is one of a right article.
    pub intent_right: bool,
    /// P(right) as the service gives it.
    pub probability: f64,
    /// Cross-fitted P(right); minus infinity where a rule keeps it from being answered.
    pub score: f64,
    /// Whether what would be sent, part by part, answers it.
    pub right: bool,
    /// Halvings that read it.
    pub read: u32,
    /// The share of these that answered it, one entry a target; `None` where none read it.
    pub answered: Vec<Option<f64>>,
    /// What stands in the way where it is not answered.
    pub obstacle: Obstacle,
    /// What decided, where the answer is wrong.
    pub why: Option<Why>,
}

impl Seen {
    /// The share of the halvings that answered it at the target in this place; 0 where none read it.
    pub fn answered_share(&self, target: usize) -> f64 {
        self.answered.get(target).copied().flatten().unwrap_or(0.0)
    }

    /// Whether at least half of the halvings that read it answer it, and wrongly.
    pub fn wrong_at(&self, target: usize) -> bool {
        !self.right && self.answered_share(target) >= 0.5
    }

    pub(super) fn judged(&self) -> Judged {
        Judged {
            in_scope: !self.relevant.is_empty(),
            rank: self.rank,
            intent_right: self.intent_right,
            probability: self.probability,
        }
    }
}

#[cfg(test)]
impl Seen {
    /// A message that article `a` would answer.
    pub(in crate::eval) fn example(text: &str, relevant: Option<&str>) -> Self {
        let id = |text: &str| ArticleId::new(text).unwrap();
        Self {
            text: text.to_owned(),
            language: if text.is_ascii() { Language::EN } else { Language::ZH },
            marks: Vec::new(),
            relevant: relevant.map(id).into_iter().collect(),
            right_group: relevant.map(str::to_owned),
            best: Some(id("a")),
            sent_group: "a".to_owned(),
            risk: Some(Risk::None),
            matched: "a question".to_owned(),
            rank: (relevant == Some("a")).then_some(0),
            intent_right: relevant == Some("a"),
            probability: 0.5,
            score: 0.5,
            right: relevant == Some("a"),
            read: 1,
            answered: vec![Some(1.0)],
            obstacle: Obstacle::NotCertain,
            why: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_interpolate() {
        let check = |values: &[f64], p25: f64, p50: f64, max: f64| {
            let quantiles = Quantiles::of(values.to_vec()).unwrap();
            let found = [quantiles.p25, quantiles.p50, quantiles.max];
            let near = |(found, expect): (f64, f64)| (found - expect).abs() < 1e-12;
            assert!(found.into_iter().zip([p25, p50, max]).all(near), "{values:?}: {found:?}");
        };
        check(&[3.0], 3.0, 3.0, 3.0);
        check(&[4.0, 1.0, 3.0, 2.0, 0.0], 1.0, 2.0, 4.0);
        check(&[1.0, 0.0], 0.25, 0.5, 1.0);
        assert_eq!(Quantiles::of(Vec::new()), None);
    }
}
