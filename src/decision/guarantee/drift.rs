//! Whether the traffic is still like the messages a certificate was drawn from, by what can be counted without a label:
//! the share answered, the share that nothing fits, the mix of languages, the mean score. An alarm says "look again", never
//! what the precision is.

use serde::{Deserialize, Serialize};

use crate::message::Language;

/// What a number of messages looked like.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Profile {
    /// How many.
    pub messages: u64,
    /// Answered by the threshold in force.
    pub answered: u64,
    /// Nothing like them is known.
    pub out_of_scope: u64,
    /// Read as Chinese.
    pub chinese: u64,
    /// Read as English.
    pub english: u64,
    /// The sum of P(right) of the best candidate.
    pub score: f64,
}

/// What is no longer as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Alarm {
    /// More or fewer messages are answered.
    Answered,
    /// More or fewer messages are out of scope.
    OutOfScope,
    /// The languages are mixed otherwise.
    Languages,
    /// The readers are more or less sure.
    Scores,
    /// Audited answers are wrong too often.
    Audit,
}

/// Live messages that are compared at once.
const WINDOW: u64 = 1_000;
/// Standard errors that are no accident: one window in 150,000.
const FAR: f64 = 4.5;
/// Differences below this change no promise.
const MATTERS: f64 = 0.05;

/// The sum of one covariate.
type Look = fn(&Profile) -> f64;

impl Profile {
    /// Counts one message.
    pub fn add(&mut self, language: Language, score: f64, (answered, out_of_scope): (bool, bool)) {
        self.messages += 1;
        self.answered += u64::from(answered);
        self.out_of_scope += u64::from(out_of_scope);
        self.chinese += u64::from(language == Language::ZH);
        self.english += u64::from(language == Language::EN);
        self.score += score;
    }

    /// Whether enough messages were counted to compare; then a new count begins.
    pub fn is_full(&self) -> bool {
        self.messages >= WINDOW
    }

    /// What is different in `live`, if anything.
    pub fn alarm(&self, live: &Self) -> Option<Alarm> {
        let shares = |of: Look| apart((of(self), self.messages), (of(live), live.messages));
        let looks: [(Alarm, Look); 5] = [
            (Alarm::Answered, |p| p.answered as f64),
            (Alarm::OutOfScope, |p| p.out_of_scope as f64),
            (Alarm::Languages, |p| p.chinese as f64),
            (Alarm::Languages, |p| p.english as f64),
            (Alarm::Scores, |p| p.score),
        ];
        looks.into_iter().find(|(_, of)| shares(*of)).map(|(alarm, _)| alarm)
    }
}

/// Whether two means of numbers in 0..=1 differ by more than chance and more than a little. p (1 - p) bounds the variance of
/// any such number, so a mean score is held to the same distance as a share, or a wider one.
fn apart((a, of_a): (f64, u64), (b, of_b): (f64, u64)) -> bool {
    if of_a == 0 || of_b == 0 {
        return false;
    }
    let (n, m) = (of_a as f64, of_b as f64);
    let difference = (a / n - b / m).abs();
    let pooled = ((a + b) / (n + m)).clamp(0.0, 1.0);
    let error = (pooled * (1.0 - pooled) * (1.0 / n + 1.0 / m)).sqrt();
    difference > MATTERS && difference > FAR * error
}
