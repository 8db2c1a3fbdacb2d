//! What a few words decide without a model: a wish for a person, small talk, words that cannot wait; and the example
//! texts that the encoder compares with for what words alone do not show. Chinese and English alike. Pure: the lists are
//! part of the program. It sees one message and knows no article.

mod finder;
mod fold;
mod small_talk;
mod urgency;
mod wish;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use super::SmallTalk;

/// What a message says about being served by a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Wish {
    /// "转人工", "human please".
    Asked,
    /// "不用人工", "no need for an agent".
    Declined,
}

/// The wish for a person that a message spells out, if any. A word that merely holds the form (`人工费`, "user agent") is
/// none; a message that both declines and asks asks.
pub fn person_wish(text: &str) -> Option<Wish> {
    wish::person_wish(text)
}

/// The kind of small talk that the whole message is, emoji and typing slips allowed; `None` if anything else is said.
pub fn small_talk(text: &str) -> Option<SmallTalk> {
    small_talk::small_talk(text)
}

/// The names of what cannot wait in a message (`fire`, `account_theft`, …), each once; empty for figures of speech.
pub fn urgent_words(text: &str) -> Vec<&'static str> {
    urgency::urgent_words(text)
}

/// Texts of each kind, written for this project in both languages, for the encoder to compare with.
#[derive(Debug, Default)]
pub struct Examples {
    /// Asks for a person.
    pub person: Vec<&'static str>,
    /// Speaks of persons, agents or machines and asks for none.
    pub not_person: Vec<&'static str>,
    /// Greets.
    pub greeting: Vec<&'static str>,
    /// Thanks or acknowledges.
    pub thanks: Vec<&'static str>,
    /// Takes leave.
    pub goodbye: Vec<&'static str>,
    /// Cannot wait.
    pub urgent: Vec<&'static str>,
    /// Angry or hurried, and can wait.
    pub calm: Vec<&'static str>,
    /// Nothing that a shop's help centre answers.
    pub out_of_scope: Vec<&'static str>,
}

/// The example texts.
pub fn examples() -> &'static Examples {
    static EXAMPLES: OnceLock<Examples> = OnceLock::new();
    EXAMPLES.get_or_init(|| {
        let of = |kind: &str| texts().get(kind).into_iter().flatten().map(String::as_str).collect();
        Examples {
            person: of("person"),
            not_person: of("not_person"),
            greeting: of("greeting"),
            thanks: of("thanks"),
            goodbye: of("goodbye"),
            urgent: of("urgent"),
            calm: of("calm"),
            out_of_scope: of("out_of_scope"),
        }
    })
}

type Texts = BTreeMap<String, Vec<String>>;

/// The data is part of the program and a test parses it; were it broken, there would be no example.
fn texts() -> &'static Texts {
    static TEXTS: OnceLock<Texts> = OnceLock::new();
    TEXTS.get_or_init(|| parse_texts().unwrap_or_default())
}

fn parse_texts() -> Result<Texts, toml::de::Error> {
    toml::from_str(include_str!("data/examples.toml"))
}

#[cfg(test)]
mod tests;
