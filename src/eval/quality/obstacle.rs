//! What stands between a message and an answer. A message that is out of scope is rightly left to a person; the others are
//! what more articles, more questions or another policy could gain.

use std::collections::BTreeMap;

use serde::Serialize;

use super::document::Seen;
use crate::decision::Reason;

/// Why a message is not answered at a target. The first that holds, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Obstacle {
    /// A greeting, thanks or a goodbye.
    SmallTalk,
    /// No article answers it, say the labels.
    OutOfScope,
    /// The article that would answer it is not in the knowledge.
    NoArticle,
    /// The customer wants a person, or it is too urgent for a bot.
    Person,
    /// The article may only be sent under a certificate of its own.
    Risk,
    /// There is no answer in the customer's language.
    Language,
    /// The editor, or another rule, keeps it from being answered.
    Rule,
    /// Another answer came first; it was rightly held back.
    NotFirst,
    /// The right answer came first, not surely or not clearly enough.
    NotCertain,
}

impl Obstacle {
    /// What a rule that bars an answer amounts to; `None` where it only says that the readers are not sure.
    pub(super) fn of_rule(reason: Reason) -> Option<Self> {
        match reason {
            Reason::PersonAskedFor | Reason::Urgent | Reason::HeldByAgent | Reason::HeldInQueue => {
                Some(Self::Person)
            }
            Reason::RiskPolicy => Some(Self::Risk),
            Reason::LanguageNotServed | Reason::NoAnswerInLanguage => Some(Self::Language),
            Reason::SmallTalk => Some(Self::SmallTalk),
            Reason::BelowThreshold
            | Reason::OutOfScope
            | Reason::CloseAnswers
            | Reason::ReadersDisagree => None,
            Reason::GatePassed
            | Reason::ArticleRoutes
            | Reason::ArticleClarifies
            | Reason::ChannelExcluded
            | Reason::ClarifyExhausted
            | Reason::NotCertified
            | Reason::AutomationOff
            | Reason::Degraded
            | Reason::NoText
            | Reason::CoolDown
            | Reason::CustomerChoice
            | Reason::TooManyParts => Some(Self::Rule),
        }
    }
}

/// Messages that are not answered at one target, for one reason.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Unanswered {
    /// The precision asked for.
    pub target: f64,
    /// What stands in the way.
    pub obstacle: Obstacle,
    /// Messages, expected over the halvings.
    pub messages: f64,
    /// Of all messages, fractions of 1.
    pub share: f64,
}

/// By target and obstacle, the greatest first; obstacles that hold nothing up are left out.
pub(super) fn unanswered(messages: &[Seen], targets: &[f64]) -> Vec<Unanswered> {
    let of_target = |(place, target): (usize, &f64)| -> Vec<Unanswered> {
        let mut sums = BTreeMap::<Obstacle, f64>::new();
        for seen in messages {
            *sums.entry(seen.obstacle).or_default() += 1.0 - seen.answered_share(place);
        }
        let mut found: Vec<Unanswered> = sums
            .into_iter()
            .filter(|(_, sum)| *sum > 0.0)
            .map(|(obstacle, sum)| Unanswered {
                target: *target,
                obstacle,
                messages: sum,
                share: sum / messages.len() as f64,
            })
            .collect();
        found.sort_by(|a, b| b.messages.total_cmp(&a.messages));
        found
    };
    targets.iter().enumerate().flat_map(of_target).collect()
}
