//! What cannot wait, by named rules over words of two languages. It says that such words stand in a text, never how a
//! customer feels: anger and hurry are not urgent.

use std::sync::OnceLock;

use serde::Deserialize;

use super::finder::Finder;
use super::fold::{compact, fold, words};

/// The names of the rules that fire, each once, in the order of the data.
pub(super) fn urgent_words(text: &str) -> Vec<&'static str> {
    let rules = Rules::get();
    let folded = fold(text);
    let zh = rules.zh.finder.each(&rules.zh.strike(compact(&folded)));
    let en = rules.en.finder.each(&rules.en.strike(words(&folded)));
    let mut names: Vec<&'static str> = Vec::new();
    for rule in rules.all.iter().filter(|rule| rule.fires(&zh, &en)) {
        if !names.contains(&rule.name.as_str()) {
            names.push(&rule.name);
        }
    }
    names
}

/// The rules, with all their words of a language looked for at once.
#[derive(Debug, Default, Deserialize)]
#[serde(from = "Data")]
pub(super) struct Rules {
    zh: Words,
    en: Words,
    all: Vec<Rule>,
}

/// The words of one language, in the form in which they stand in a text.
#[derive(Debug, Default)]
struct Words {
    /// Struck out first.
    figures: Vec<String>,
    any_figure: Finder,
    /// What a figure leaves behind.
    mark: &'static str,
    finder: Finder,
}

/// Groups of words by their numbers; each group must have a word in the text, and there must be a group.
#[derive(Debug)]
struct Rule {
    name: String,
    zh: Vec<Vec<usize>>,
    en: Vec<Vec<usize>>,
}

/// The file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Data {
    figures: Figures,
    rule: Vec<DataRule>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Figures {
    zh: Vec<String>,
    en: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DataRule {
    name: String,
    zh: Vec<Vec<String>>,
    en: Vec<Vec<String>>,
}

impl From<Data> for Rules {
    fn from(data: Data) -> Self {
        let (mut zh, mut en) = (Vec::new(), Vec::new());
        let rules = data.rule.into_iter().map(|rule| Rule {
            name: rule.name,
            zh: numbered(rule.zh, &mut zh),
            en: numbered(rule.en, &mut en),
        });
        let all = rules.collect();
        let padded =
            |words: Vec<String>| words.into_iter().map(|word| format!(" {word} ")).collect();
        let Figures { zh: figures_zh, en: figures_en } = data.figures;
        Self {
            zh: Words::new(figures_zh, &zh, "#"),
            en: Words::new(padded(figures_en), &padded(en), " # "),
            all,
        }
    }
}

/// Puts the words of groups into one list, and their numbers in their place.
fn numbered(groups: Vec<Vec<String>>, all: &mut Vec<String>) -> Vec<Vec<usize>> {
    let mut number = |word: String| {
        all.push(word);
        all.len() - 1
    };
    groups.into_iter().map(|group| group.into_iter().map(&mut number).collect()).collect()
}

impl Words {
    fn new(figures: Vec<String>, words: &[String], mark: &'static str) -> Self {
        let any_figure = Finder::new(&figures);
        Self { figures, any_figure, mark, finder: Finder::new(words) }
    }

    fn strike(&self, mut text: String) -> String {
        if self.any_figure.any(&text) {
            for figure in &self.figures {
                text = text.replace(figure, self.mark);
            }
        }
        text
    }
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
    fn fires(&self, zh: &[bool], en: &[bool]) -> bool {
        all_hit(&self.zh, zh) || all_hit(&self.en, en)
    }
}

fn all_hit(groups: &[Vec<usize>], found: &[bool]) -> bool {
    let stands = |word: &usize| found.get(*word) == Some(&true);
    !groups.is_empty() && groups.iter().all(|group| group.iter().any(stands))
}
