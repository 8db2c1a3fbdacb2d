//! Evidence → verdict: the rules, in order, each with a name that the explanation shows. Pure and total: every evidence has
//! a verdict, and equal evidence has an equal one. Which words an answer has is not decided here.

mod answers;
mod gate;
mod judge;
mod parts;
mod turn;
mod urgency;

use super::evidence::{Evidence, Piece};
use super::{Action, Choice, Destination, Reason, SmallTalk, Urgency};
use crate::message::{ArticleId, Probability, QueueId, Risk};

pub use answers::{Answered, answers};
pub use gate::{Claim, Gate};

/// What an operator decides about decisions.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Config {
    /// What becomes of a would-be answer while nothing but the knowledge's own questions vouches for it.
    pub provisional: Provisional,
    /// The precision that the threshold aims at, 0..1. No claim while the guarantee is provisional.
    pub target: f64,
    /// Where a message goes whose best article names no queue, or that no article fits.
    pub default_queue: QueueId,
    /// From this probability an article counts as what may be meant: it lends its queue and class, and can be an option.
    pub plausible: f64,
    /// From this joint probability up, two or three plausible articles are worth a question back.
    pub clarify: f64,
    /// From this probability up, an article that routes is followed.
    pub follow: f64,
    /// Below this probability nothing like the message is known.
    pub scope: f64,
    /// Options of a question asked back, at most.
    pub options: usize,
    /// Questions of one message that are answered one by one, at most.
    pub parts: usize,
    /// Whether an answer may be sent in another language than the customer's.
    pub other_language: bool,
    /// The risks that are answered without a certificate of their own.
    pub risks: Vec<Risk>,
    /// From this likeness up the encoder alone recognises a wish for a person.
    pub wish: f64,
    /// From this likeness up the encoder alone recognises urgency.
    pub urgent: f64,
}

impl Config {
    /// The defaults, with the queue that takes what no article claims.
    pub fn new(default_queue: QueueId) -> Self {
        Self {
            provisional: Provisional::Route,
            target: 0.95,
            default_queue,
            plausible: 0.15,
            clarify: 0.5,
            follow: 0.5,
            scope: 0.05,
            options: 3,
            parts: 3,
            other_language: false,
            risks: Vec::new(),
            wish: 0.45,
            urgent: 0.6,
        }
    }
}

/// What becomes of a would-be answer while the guarantee is provisional.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Default, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Provisional {
    /// It is sent.
    Answer,
    /// A person gets the message.
    #[default]
    Route,
}

/// What the policy makes of a turn; texts are filled in by the caller.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// The summary.
    pub action: Action,
    /// One per question, in order; never empty.
    pub rulings: Vec<Ruling>,
    /// How urgent the turn is.
    pub urgency: Urgency,
}

/// What becomes of one question.
#[derive(Debug, Clone, PartialEq)]
pub struct Ruling {
    /// Which piece it is about.
    pub about: About,
    /// What becomes of it.
    pub outcome: Ruled,
    /// Why.
    pub reason: Reason,
    /// The rule that decided.
    pub rule: &'static str,
    /// P(right) of the best candidate; 0 where there is none.
    pub probability: Probability,
}

/// The whole message, or one of its pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// All of it.
    Whole,
    /// The piece at this index.
    Piece(usize),
    /// The message together with the turn before.
    Together,
}

impl About {
    /// What was seen there; of what is not in the evidence, what was seen in the whole message.
    pub fn of(self, evidence: &Evidence) -> &Piece {
        let found = match self {
            Self::Whole => None,
            Self::Piece(at) => evidence.pieces.get(at),
            Self::Together => evidence.follow_up.as_ref().map(|follow_up| &follow_up.together),
        };
        found.unwrap_or(&evidence.whole)
    }
}

/// An outcome without its texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ruled {
    /// The article's answer.
    Answer(ArticleId),
    /// Options to choose from; empty means "please say it differently".
    Clarify(Vec<Choice>),
    /// To a person.
    Route(Destination),
    /// Small talk.
    SmallTalk(SmallTalk),
    /// Nothing to say.
    Nothing,
}

/// The verdict on a turn.
pub fn decide(evidence: &Evidence, gate: &Gate, config: &Config) -> Verdict {
    let bench = Bench { evidence, gate, config, urgency: urgency::of(evidence, gate, config) };
    let rulings = turn::ruled(&bench).map_or_else(|| parts::ruled(&bench), |ruling| vec![ruling]);
    let rulings = parts::permitted(&bench, rulings);
    Verdict { action: parts::action(&bench, &rulings), rulings, urgency: bench.urgency }
}

/// What every rule may look at.
struct Bench<'a> {
    evidence: &'a Evidence,
    gate: &'a Gate,
    config: &'a Config,
    urgency: Urgency,
}

#[cfg(test)]
mod tests;
