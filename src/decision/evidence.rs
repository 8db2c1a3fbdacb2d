//! What the readers saw, as numbers and facts that can be stored: the policy computes its verdict from this alone, so that
//! a recorded decision can be replayed without the model. Reading messages is not done here.

use serde::{Deserialize, Serialize};

use super::lexicon::Wish;
use super::{Choice, SmallTalk};
use crate::message::{
    ArticleId, Handling, IntentId, Language, Mode, Priority, QueueId, Risk, Shared,
};

/// Everything a verdict on one turn depends on, but for the gate and the policy.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Evidence {
    /// Where and how the turn arrived.
    pub situation: Situation,
    /// What was seen in the whole message.
    pub whole: Piece,
    /// What was seen in each of its questions; empty where it is one question.
    pub pieces: Vec<Piece>,
    /// How certain it is that the pieces are questions of their own.
    pub division: Division,
    /// What was seen in a message that leans on the turn before, read together with it.
    pub follow_up: Option<FollowUp>,
}

/// A message read together with the turn before.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct FollowUp {
    /// Its first words take up what was said; else it is only short enough to.
    pub marked: bool,
    /// What was seen in both.
    pub together: Piece,
}

impl Evidence {
    /// The whole message, and what may be its questions.
    pub(super) fn all_pieces(&self) -> impl Iterator<Item = &Piece> {
        std::iter::once(&self.whole).chain(&self.pieces)
    }

    /// The whole message, and its questions where they are certain: only there is the encoder's sense of urgency, or of a
    /// wish, trusted.
    pub(super) fn certain_pieces(&self) -> impl Iterator<Item = &Piece> {
        let sure = self.division == Division::Sure;
        std::iter::once(&self.whole).chain(self.pieces.iter().filter(move |_| sure))
    }
}

/// How certain it is that the pieces of a message are questions of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Division {
    /// The words say so.
    #[default]
    Sure,
    /// Each asks, with only a pause between them: they are, if each resembles something and they mean different things.
    Likely,
    /// A pause may divide them: they are, if each is recognised and they mean different things.
    Possible,
}

/// Where and how a turn arrived.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Situation {
    /// Whether the bot may speak here.
    pub mode: Mode,
    /// The language the message was read in.
    pub language: Language,
    /// Whether any article speaks that language.
    pub served: bool,
    /// What kind of turn it is.
    pub input: Input,
    /// Whether the last thing said was a question asked back.
    pub clarified_last: bool,
    /// The message could not be looked up: index and bundle do not fit, or the index is away.
    pub degraded: bool,
}

impl Default for Situation {
    fn default() -> Self {
        Self {
            mode: Mode::default(),
            language: Language::UND,
            served: false,
            input: Input::default(),
            clarified_last: false,
            degraded: false,
        }
    }
}

/// What kind of turn it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Input {
    /// Words to read.
    #[default]
    Words,
    /// Nothing that can be read, but the customer shows something: only emoji, a sticker.
    Gesture,
    /// Marks without words, such as "???".
    Noise,
    /// A picture, a file, a voice message without text.
    Attachment,
    /// The customer opened the chat and said nothing yet.
    Opening,
    /// An option of a question asked back; the only sighting is the article it leads to.
    Chosen,
}

/// What was seen in one piece of a message.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Piece {
    /// A form of the word list that asks for a person, or declines one.
    pub wish: Option<Wish>,
    /// P(the customer asks for a person) by the encoder, 0..=1.
    pub wish_likeness: f64,
    /// The whole piece is small talk.
    pub small_talk: Option<SmallTalk>,
    /// Words of the list that say a matter is urgent.
    pub urgent_words: Vec<String>,
    /// P(urgent) by the encoder, 0..=1.
    pub urgent_likeness: f64,
    /// The candidates, one per answer group, best first, at most five.
    pub sightings: Vec<Sighting>,
    /// The best intents, best first, at most five.
    pub intents: Vec<(IntentId, f64)>,
}

/// One answer group that could answer, represented by the member in the customer's language where there is one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sighting {
    /// The article.
    pub article: ArticleId,
    /// Hash of its content.
    #[serde(default)]
    pub revision: Shared,
    /// The answer group.
    #[serde(default)]
    pub group: Shared,
    /// What an option that leads to it would read.
    #[serde(default)]
    pub label: String,
    /// What its editor wants done.
    #[serde(default)]
    pub handling: Handling,
    /// What a wrong answer could cost.
    #[serde(default)]
    pub risk: Risk,
    /// Its queue.
    #[serde(default)]
    pub queue: Option<QueueId>,
    /// The class of its tickets.
    #[serde(default)]
    pub priority: Priority,
    /// What forbids sending it here.
    #[serde(default)]
    pub bars: Vec<Bar>,
    /// Its own options, for `handling: clarify`.
    #[serde(default)]
    pub options: Vec<Choice>,
    /// The nearest question or section heading.
    #[serde(default)]
    pub matched: Shared,
    /// Cosine to it, -1..=1.
    #[serde(default)]
    pub dense: f64,
    /// Lexical overlap with it, 0..=1.
    #[serde(default)]
    pub lexical: f64,
    /// Probability of its group by the classifier.
    #[serde(default)]
    pub intent: f64,
    /// Who puts this group first.
    #[serde(default)]
    pub favourite: Favourite,
    /// The gate's inputs.
    #[serde(default)]
    pub readings: Readings,
}

/// Why an article may not be sent in this place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Bar {
    /// It is not for this channel.
    Channel,
    /// It speaks another language than the customer, and so do all that say the same.
    Language,
    /// It has no text.
    Empty,
}

/// Which readers put a group first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Favourite {
    /// Classifier and retriever.
    #[default]
    Both,
    /// The classifier alone.
    Classifier,
    /// The retriever alone.
    Retriever,
    /// Neither: it leads by their sum.
    Neither,
}

impl Favourite {
    /// Who it is the favourite of.
    pub fn of(classifier: bool, retriever: bool) -> Self {
        match (classifier, retriever) {
            (true, true) => Self::Both,
            (true, false) => Self::Classifier,
            (false, true) => Self::Retriever,
            (false, false) => Self::Neither,
        }
    }
}

/// A number with six decimals, so that it survives being written down and read back, to the last bit. Not a number is 0.
pub fn stored(number: f64) -> f64 {
    let rounded = (number * 1e6).round() / 1e6;
    if rounded.is_finite() { rounded } else { 0.0 }
}

macro_rules! readings {
    ($($(#[doc = $doc:literal])+ $name:ident: $sign:ident;)*) => {
        /// The inputs of the gate, each a number of about unit size. Larger is better evidence where it is said to rise.
        #[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
        #[serde(default)]
        pub struct Readings {$(
            $(#[doc = $doc])+
            pub $name: f64,
        )*}

        impl Readings {
            /// The names, in the order of [`Readings::values`].
            pub const NAMES: [&'static str; Self::COUNT] = [$(stringify!($name)),*];
            /// Whether more of it may never lower the probability.
            pub const RISING: [bool; Self::COUNT] = [$(readings!(@$sign)),*];
            /// How many there are.
            pub const COUNT: usize = [$(stringify!($name)),*].len();

            /// The numbers.
            pub fn values(&self) -> [f64; Self::COUNT] {
                [$(self.$name),*]
            }
            /// The readings that hold these numbers, as [`stored`] keeps them.
            pub fn from_values(values: [f64; Self::COUNT]) -> Self {
                let [$($name),*] = values.map(stored);
                Self { $($name),* }
            }
        }
    };
    (@rising) => { true };
    (@free) => { false };
}

readings! {
    /// Similarity to the group's nearest question; 0 is two unrelated texts of this knowledge, 1 the same text.
    question: rising;
    /// Mean similarity to its three nearest questions, on the same scale.
    nearest: rising;
    /// Similarity to its nearest passage, on the same scale.
    passage: rising;
    /// Words in common with the nearest question, 0..=1.
    lexical: rising;
    /// Words in common with its text, 0..=1.
    answer_words: rising;
    /// The classifier's log-odds of the group, over 7.
    intent: rising;
    /// How typical the message is of the group, against all.
    likeness: rising;
    /// Similarity ahead of the next different group's.
    question_margin: rising;
    /// Rank score ahead of the next different group's, over 6, at most 1.
    rank_margin: rising;
    /// The group's share among the candidates, by rank score.
    share: rising;
    /// Classifier and retriever want this group.
    agreement: rising;
    /// Similarity ahead of the nearest out-of-scope text's.
    foreign_gap: rising;
    /// The classifier's log-odds that something here answers, over 7; 0 where it learned of nothing outside.
    inside: rising;
    /// The share of the letters that are in a script which this knowledge is written in.
    script: rising;
    /// 1 where a wrong answer could cost money, rights or health, else 0.
    risk: free;
    /// Questions that the text may hold beyond the first, over 2, at most 1.
    questions: free;
    /// Words, logarithm over 4, at most 1.
    length: free;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readings_are_their_values() {
        let mut values = [0.0; Readings::COUNT];
        for (i, value) in values.iter_mut().enumerate() {
            *value = i as f64;
        }
        assert!(
            Readings::from_values(values).values().map(f64::to_bits) == values.map(f64::to_bits)
        );
        let last = (Readings::COUNT - 1) as f64;
        assert_eq!(Readings::from_values(values).length.to_bits(), last.to_bits());
        assert_eq!(Readings::NAMES.last(), Some(&"length"));
    }

    #[test]
    fn stored_numbers_survive_being_written_down() {
        for i in 0..20_000u32 {
            let number = stored(f64::from(i).sin() * 3.0);
            let text = serde_json::to_string(&number).unwrap();
            assert_eq!(
                serde_json::from_str::<f64>(&text).unwrap().to_bits(),
                number.to_bits(),
                "{text}"
            );
        }
        assert_eq!(stored(f64::NAN).to_bits(), 0f64.to_bits());
    }

    #[test]
    fn evidence_survives_storage() {
        let evidence = Evidence { pieces: vec![Piece::default()], ..Evidence::default() };
        let stored = serde_json::to_string(&evidence).unwrap();
        assert_eq!(serde_json::from_str::<Evidence>(&stored).unwrap(), evidence);
    }
}
