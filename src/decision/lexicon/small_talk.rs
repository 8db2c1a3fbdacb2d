//! Whether a whole message is a greeting, thanks or a goodbye, and nothing besides. It is taken apart into known phrases;
//! one word that is none of them, and the message is left to the readers.

use std::sync::OnceLock;

use serde::Deserialize;

use super::finder::Finder;
use super::fold::fold;
use crate::decision::SmallTalk;

/// The longest message that is looked at, in characters: small talk is short.
const LONGEST: usize = 120;

/// The kind of small talk that the whole text is. A goodbye in it names it before thanks, thanks before a greeting.
pub(super) fn small_talk(text: &str) -> Option<SmallTalk> {
    let phrases = Phrases::get();
    let folded = fold(text);
    if folded.chars().count() > LONGEST || phrases.any_spoiling.any(&folded) {
        return None;
    }
    let asks = folded.contains('?');
    // "好的？" and "ok?" ask for something; "在吗？" only greets.
    phrases.read(&shorten(&folded)).filter(|kind| !asks || *kind == SmallTalk::Greeting)
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Phrases {
    greeting: Vec<String>,
    thanks: Vec<String>,
    goodbye: Vec<String>,
    filler: Vec<String>,
    spoiling: Vec<String>,
    #[serde(skip)]
    any_spoiling: Finder,
}

impl Phrases {
    pub(super) fn parse() -> Result<Self, toml::de::Error> {
        let mut phrases: Self = toml::from_str(include_str!("data/small_talk.toml"))?;
        phrases.any_spoiling = Finder::new(&phrases.spoiling);
        Ok(phrases)
    }

    /// The data is part of the program and a test parses it; were it broken, no phrase would be known.
    fn get() -> &'static Self {
        static PHRASES: OnceLock<Phrases> = OnceLock::new();
        PHRASES.get_or_init(|| Self::parse().unwrap_or_default())
    }

    /// Takes the longest phrase at each place; `None` as soon as something is no phrase.
    fn read(&self, text: &str) -> Option<SmallTalk> {
        let mut rest = text;
        let mut found = None;
        while let Some(first) = rest.chars().next() {
            if let Some((kind, tail)) = self.longest(rest) {
                found = outranking(found, kind);
                rest = tail;
            } else if first.is_alphanumeric() {
                return None;
            } else {
                rest = rest.get(first.len_utf8()..)?;
            }
        }
        found
    }

    /// The longest phrase at the beginning, its kind (`None` for a filler), and what follows.
    fn longest<'a>(&self, text: &'a str) -> Option<(Option<SmallTalk>, &'a str)> {
        let lists = [
            (Some(SmallTalk::Goodbye), &self.goodbye),
            (Some(SmallTalk::Thanks), &self.thanks),
            (Some(SmallTalk::Greeting), &self.greeting),
            (None, &self.filler),
        ];
        let matches = lists.into_iter().flat_map(|(kind, list)| {
            list.iter().filter_map(move |phrase| Some((kind, strip_phrase(text, phrase)?)))
        });
        matches.min_by_key(|(_, rest)| rest.len())
    }
}

/// What follows a phrase; a Latin one must end with its word.
fn strip_phrase<'a>(text: &'a str, phrase: &str) -> Option<&'a str> {
    let rest = text.strip_prefix(phrase)?;
    let goes_on = |c: char| c.is_ascii_alphanumeric() || c == '\'';
    let cut_word = phrase.ends_with(goes_on) && rest.starts_with(goes_on);
    (!cut_word).then_some(rest)
}

fn outranking(found: Option<SmallTalk>, kind: Option<SmallTalk>) -> Option<SmallTalk> {
    match (found, kind) {
        (found, None) => found,
        (Some(SmallTalk::Goodbye), _) | (_, Some(SmallTalk::Goodbye)) => Some(SmallTalk::Goodbye),
        (Some(SmallTalk::Thanks), _) | (_, Some(SmallTalk::Thanks)) => Some(SmallTalk::Thanks),
        (Some(SmallTalk::Greeting) | None, Some(SmallTalk::Greeting)) => Some(SmallTalk::Greeting),
    }
}

/// Letters written three times or more in a row, once: `hiiii` is `hi`. Double letters stay.
fn shorten(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut short = String::with_capacity(text.len());
    for run in chars.chunk_by(|a, b| a == b) {
        let stretched = run.len() > 2 && run.iter().all(char::is_ascii_lowercase);
        short.extend(run.iter().take(if stretched { 1 } else { run.len() }));
    }
    short
}
