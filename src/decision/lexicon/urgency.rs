//! What cannot wait, by named rules over words of two languages. It says that such words stand in a text, never how a
//! customer feels: anger and hurry are not urgent.

use std::sync::OnceLock;

use serde::Deserialize;

use super::fold::{compact, fold, words};

/// The names of the rules that fire, each once, in the order of the data.
pub(super) fn urgent_words(text: &str) -> Vec<&'static str> {
    let rules = Rules::get();
    let folded = fold(text);
    let zh = strike(compact(&folded), &rules.figures.zh, str::to_owned, "#");
    let en = strike(words(&folded), &rules.figures.en, |figure| format!(" {figure} "), " # ");
    let mut names: Vec<&'static str> = Vec::new();
    for rule in rules.rule.iter().filter(|rule| rule.fires(&zh, &en)) {
        if !names.contains(&rule.name.as_str()) {
            names.push(&rule.name);
        }
    }
    names
}

fn strike(mut text: String, figures: &[String], form: fn(&str) -> String, mark: &str) -> String {
    for figure in figures {
        if text.contains(figure.as_str()) {
            text = text.replace(&form(figure), mark);
        }
    }
    text
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rules {
    figures: Figures,
    rule: Vec<Rule>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Figures {
    zh: Vec<String>,
    en: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    name: String,
    zh: Vec<Vec<String>>,
    en: Vec<Vec<String>>,
}

impl Rules {
    pub(super) fn parse() -> Result<Self, toml::de::Error> {
        toml::from_str(include_str!("data/urgent.toml"))
    }

    /// The data is part of the program and a test parses it; were it broken, no rule would be known.
    fn get() -> &'static Self {
        static RULES: OnceLock<Rules> = OnceLock::new();
        RULES.get_or_init(|| Self::parse().unwrap_or_default())
    }
}

impl Rule {
    fn fires(&self, zh: &str, en: &str) -> bool {
        all_hit(&self.zh, |word| zh.contains(word))
            || all_hit(&self.en, |phrase| has_phrase(en, phrase))
    }
}

/// Each group has a hit; no group, no hit.
fn all_hit(groups: &[Vec<String>], hit: impl Fn(&str) -> bool) -> bool {
    !groups.is_empty() && groups.iter().all(|group| group.iter().any(|word| hit(word)))
}

/// Whether padded words hold a whole phrase.
fn has_phrase(words: &str, phrase: &str) -> bool {
    words.match_indices(phrase).any(|(at, _)| {
        let before = words.get(..at).is_some_and(|head| head.ends_with(' '));
        before && words.get(at + phrase.len()..).is_some_and(|tail| tail.starts_with(' '))
    })
}
