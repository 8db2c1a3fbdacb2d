//! Evidence → verdict, pure: what the readers saw becomes Answer, Clarify or Route, with a reason. Functions of their
//! arguments only; no model, no clock, no file. The texts of answers come from the caller.

pub mod lexicon;
pub mod evidence;
pub mod fusion;
pub mod calibration;
mod prior;
mod newton;
pub mod guarantee;
pub mod policy;
pub mod options;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

pub use calibration::Calibration;
pub use evidence::Evidence;
pub use fusion::Fusion;

use crate::message::{
    ArticleId, IntentId, Language, Mode, Priority, Probability, QueueId, Risk, Shared,
};

/// What triage concluded about one turn of a customer. Ids, tickets and rendering are added by `dispatch`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// The summary a simple gateway switches on.
    pub action: Action,
    /// One per question found in the turn, in order; never empty.
    pub parts: Vec<Part>,
    /// How urgent the turn is, and why.
    pub urgency: Urgency,
    /// The language the turn was read in.
    pub language: Language,
    /// The mode in force for this channel and language. In `Off` and `Shadow` the action is never Answer or Clarify.
    pub mode: Mode,
    /// All that the verdict was computed from: with the bundle's gate and policy it gives the same verdict again.
    pub evidence: Evidence,
}

impl Decision {
    /// What the customer may choose from: the options of the first question asked back that has some.
    pub fn options(&self) -> &[Choice] {
        let mut asked = self.parts.iter().filter_map(|part| match &part.outcome {
            Outcome::Clarify(options) if !options.is_empty() => Some(options.as_slice()),
            Outcome::Clarify(_)
            | Outcome::Answer(_)
            | Outcome::Route(_)
            | Outcome::SmallTalk(_)
            | Outcome::Nothing => None,
        });
        asked.next().unwrap_or_default()
    }
}

/// The summary of a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Every part is answered from an article (or is small talk beside an answered part).
    Answer,
    /// Asked back.
    Clarify,
    /// A person is needed; parts may still hold answers.
    Route,
    /// Somebody holds the conversation already: the message was added to it. Set by `dispatch`, never by `decision`.
    Forward,
    /// Nothing for a person to do: small talk, a thumbs-up.
    None,
}

/// One question of a turn and what becomes of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// The piece of the message, as written.
    pub text: String,
    /// What becomes of it.
    pub outcome: Outcome,
    /// Why.
    pub reason: Reason,
    /// What decided it: enough to recompute the verdict without the model.
    pub explanation: Explanation,
}

/// What becomes of one question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// An article's answer, verbatim.
    Answer(Box<Answer>),
    /// Options to choose from; empty means "please say it differently".
    Clarify(Vec<Choice>),
    /// To a person.
    Route(Destination),
    /// A greeting, a thank-you, a goodbye: answered from the phrases, never counted in coverage.
    SmallTalk(SmallTalk),
    /// Nothing to say.
    Nothing,
}

/// An article's answer as it would be sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// The article.
    pub article: ArticleId,
    /// Hash of the article's content.
    pub revision: Shared,
    /// Its title.
    pub title: String,
    /// The answer with markup removed by a fixed rule.
    pub text: String,
    /// The answer as the editor wrote it.
    pub markdown: String,
    /// Further sections, the one that matched first; offered, never sent unasked.
    pub more: Vec<Section>,
    /// Calibrated P(this answer is right). No statistical claim while the guarantee is provisional.
    pub probability: Probability,
    /// What a wrong answer could cost.
    pub risk: Risk,
    /// What may be promised about it.
    pub guarantee: Guarantee,
}

/// A further section of an article.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Section {
    /// Its heading.
    pub heading: String,
    /// The heading as a link target.
    pub anchor: String,
    /// Its text as written.
    pub markdown: String,
}

/// One option of a question asked back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// `"1"`, `"2"`, …: typed by the customer it counts as chosen.
    pub id: String,
    /// What the customer reads.
    pub label: String,
    /// The article it leads to.
    pub article: ArticleId,
}

/// Where a person would take over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Destination {
    /// The queue.
    pub queue: QueueId,
    /// The class of the ticket.
    pub priority: Priority,
}

/// The kinds of small talk that have a phrase of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SmallTalk {
    /// "hello", "在吗".
    Greeting,
    /// "thanks", "谢谢".
    Thanks,
    /// "bye", "再见".
    Goodbye,
}

/// Why a part became what it is. Closed: the wire has the same names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Certain enough.
    GatePassed,
    /// A known topic, not certain enough.
    BelowThreshold,
    /// Nothing like it is known.
    OutOfScope,
    /// Two different answers within the margin.
    CloseAnswers,
    /// The classifier and the retriever want different answers.
    ReadersDisagree,
    /// The customer wants a person.
    PersonAskedFor,
    /// The article says `handling: route`.
    ArticleRoutes,
    /// The article says `handling: clarify`.
    ArticleClarifies,
    /// The article's risk needs a certificate of its own.
    RiskPolicy,
    /// Too urgent for a bot.
    Urgent,
    /// Nobody serves this language.
    LanguageNotServed,
    /// The right article exists, in another language only.
    NoAnswerInLanguage,
    /// The right article is not for this channel.
    ChannelExcluded,
    /// Asked back once already.
    ClarifyExhausted,
    /// No threshold is certified for this slice.
    NotCertified,
    /// Automation is off here.
    AutomationOff,
    /// The encoder or the index is not available.
    Degraded,
    /// An attachment, a sticker, nothing to read.
    NoText,
    /// A person closed this conversation a moment ago.
    CoolDown,
    /// An option was chosen.
    CustomerChoice,
    /// An agent holds the conversation.
    HeldByAgent,
    /// A ticket of the conversation waits.
    HeldInQueue,
    /// More questions than are answered one by one.
    TooManyParts,
    /// A greeting, thanks or goodbye.
    SmallTalk,
}

/// How urgent a turn is.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Urgency {
    /// The class.
    pub priority: Priority,
    /// The rules, words or examples that fired, by name.
    pub reasons: Vec<String>,
    /// P(urgent), 0 where no rule fired and no head is fitted.
    pub probability: Probability,
}

/// What decided one part.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Explanation {
    /// The best candidates, best first, at most five.
    pub candidates: Vec<Candidate>,
    /// The best intents, best first, at most five.
    pub intents: Vec<(IntentId, Probability)>,
    /// Every input of the gate and its share in the log-odds.
    pub evidence: Vec<Contribution>,
    /// The probability an answer must reach.
    pub threshold: f64,
    /// The policy rule that decided, by name.
    pub rule: Cow<'static, str>,
    /// The turn before, where the message was read together with it.
    pub read_with: Option<String>,
    /// Tokens read.
    pub tokens: usize,
    /// More tokens than the model reads: the rest was not seen.
    pub truncated: bool,
}

/// One article that could answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// The article.
    pub article: ArticleId,
    /// Hash of its content.
    pub revision: Shared,
    /// The nearest question or section heading.
    pub matched: Shared,
    /// Cosine to it, -1..=1.
    pub dense: f64,
    /// Lexical overlap, 0..=1.
    pub lexical: f64,
    /// Probability of its intent.
    pub intent: f64,
    /// Calibrated P(right).
    pub probability: Probability,
    /// Translations and equal answers share one group; margins are between groups.
    pub group: Shared,
}

/// One input of the gate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Contribution {
    /// Its name.
    pub name: Cow<'static, str>,
    /// Its value.
    pub value: f64,
    /// Its share in the log-odds.
    pub contribution: f64,
}

/// What may be promised about an answer.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Guarantee {
    /// The state.
    pub state: GuaranteeState,
    /// The precision asked for, 0..=1.
    pub target: f64,
    /// How sure it must be, 0..=1; 0 where nothing is claimed.
    pub confidence: f64,
    /// The probability threshold in force.
    pub threshold: f64,
    /// `all`, `zh`, `risk=money`, …
    pub slice: String,
    /// The one sentence that may be said.
    pub note: String,
}

/// How much is known about the gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GuaranteeState {
    /// Nothing is calibrated.
    #[default]
    None,
    /// From the knowledge's own questions: no statistical claim.
    Provisional,
    /// From labels whose origin allows no certificate.
    Measured,
    /// The target was shown on a random sample, for this very bundle.
    Certified,
    /// The bundle changed since; it is being tested again.
    Stale,
    /// It was tested again and did not pass.
    Withdrawn,
    /// The certificate's days or messages are over.
    Expired,
    /// The traffic is no longer like the sample.
    Drifted,
}
