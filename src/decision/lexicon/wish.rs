//! Whether a customer asks for a person, by forms of two languages. A clause at a time: a refusal in one clause does not
//! silence a wish in the next. In doubt it is a wish, for a missed one leaves a customer with a bot.

use std::collections::HashSet;
use std::sync::OnceLock;

use serde::Deserialize;

use super::Wish;
use super::finder::Finder;
use super::fold::{clauses, find_spaced, fold, is_han, words};

/// The wish in a text, if there is one. Asked wins over Declined.
pub(super) fn person_wish(text: &str) -> Option<Wish> {
    let forms = Forms::get();
    let folded = fold(text);
    let mut found = None;
    let clauses = clauses(&folded);
    let alone = clauses.len() == 1;
    for clause in &clauses {
        match forms.zh.wish(clause, alone).or_else(|| forms.en.wish(clause)) {
            Some(Wish::Asked) => return Some(Wish::Asked),
            Some(Wish::Declined) => found = Some(Wish::Declined),
            None => {}
        }
    }
    found
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Forms {
    zh: Chinese,
    en: English,
}

impl Forms {
    pub(super) fn parse() -> Result<Self, toml::de::Error> {
        let mut forms: Self = toml::from_str(include_str!("data/wishes.toml"))?;
        forms.zh.prepare();
        forms.en.prepare();
        Ok(forms)
    }

    /// The data is part of the program and a test parses it; were it broken, no form would be known.
    fn get() -> &'static Self {
        static FORMS: OnceLock<Forms> = OnceLock::new();
        FORMS.get_or_init(|| Self::parse().unwrap_or_default())
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Chinese {
    forms: Vec<String>,
    whole: Vec<String>,
    others: Vec<String>,
    negations: Vec<String>,
    not_negations: Vec<String>,
    links: Vec<String>,
    negated_after: Vec<String>,
    tails: Vec<String>,
    /// `forms` and `whole` without spaces.
    #[serde(skip)]
    any_form: Finder,
}

impl Chinese {
    fn prepare(&mut self) {
        let forms = self.forms.iter().chain(&self.whole);
        self.any_form = Finder::new(&forms.map(|form| form.replace(' ', "")).collect::<Vec<_>>());
    }

    /// `alone`: the clause is the whole message.
    fn wish(&self, clause: &str, alone: bool) -> Option<Wish> {
        let bare: String = clause.chars().filter(|c| !c.is_whitespace()).collect();
        // Few messages hold a form, and where and whether it is meant is dear to find out.
        if !self.any_form.any(&bare) {
            return None;
        }
        let polite = bare
            .trim_start_matches(['请', '請'])
            .trim_end_matches(['吧', '啊', '呀', '啦', '呗', '谢', '謝']);
        if alone && self.whole.iter().any(|form| form == polite) {
            return Some(Wish::Asked);
        }
        let struck = self.strike(clause);
        let found: Vec<(usize, usize)> =
            self.forms.iter().flat_map(|form| occurrences(&struck, form)).collect();
        let asked = found.iter().any(|(start, end)| !self.is_negated(&struck, *start, *end));
        match (found.is_empty(), asked) {
            (true, _) => None,
            (false, true) => Some(Wish::Asked),
            (false, false) => Some(Wish::Declined),
        }
    }

    /// The clause with everything struck out that only looks like a form.
    fn strike(&self, clause: &str) -> String {
        let mut text = clause.to_owned();
        for other in &self.others {
            while let Some((start, end)) = find_spaced(&text, other, 0) {
                text.replace_range(start..end, "#");
            }
        }
        text
    }

    fn is_negated(&self, clause: &str, start: usize, end: usize) -> bool {
        let before = clause.get(..start).unwrap_or_default();
        let after = clause.get(end..).unwrap_or_default();
        self.refuses_before(before) || self.refuses_after(after)
    }

    fn refuses_before(&self, mut before: &str) -> bool {
        loop {
            if ends_with_any(before, &self.not_negations).is_some() {
                return false;
            }
            if ends_with_any(before, &self.negations).is_some() {
                return true;
            }
            match ends_with_any(before, &self.links) {
                Some(rest) => before = rest,
                None => return false,
            }
        }
    }

    fn refuses_after(&self, after: &str) -> bool {
        let mut rest = after.trim_start();
        while let Some(tail) = self.tails.iter().find_map(|tail| rest.strip_prefix(tail.as_str())) {
            rest = tail.trim_start();
        }
        let rest = rest.trim_end_matches(['吧', '啊', '哈', '啦', '哦', '谢', '謝', ' ']);
        self.negated_after.iter().any(|form| rest == form)
    }
}

fn occurrences(text: &str, form: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some((start, end)) = find_spaced(text, form, from) {
        found.push((start, end));
        from = end;
    }
    found
}

/// What stands before the longest of the endings that `text` has.
fn ends_with_any<'a>(text: &'a str, endings: &[String]) -> Option<&'a str> {
    endings
        .iter()
        .filter_map(|ending| text.strip_suffix(ending.as_str()))
        .min_by_key(|rest| rest.len())
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct English {
    forms: Vec<String>,
    contacts: Vec<String>,
    demands: Vec<String>,
    links: Vec<String>,
    roles: Vec<String>,
    people: Vec<String>,
    fillers: Vec<String>,
    urging: Vec<String>,
    whole: Vec<String>,
    others: Vec<String>,
    hours: Vec<String>,
    negations: Vec<String>,
    reproaches: Vec<String>,
    negation_links: Vec<String>,
    negated_after: Vec<String>,
    #[serde(skip)]
    any_other: Finder,
    #[serde(skip)]
    any_hours: Finder,
    /// The words with which a wish may start.
    #[serde(skip)]
    beginnings: HashSet<String>,
}

impl English {
    fn prepare(&mut self) {
        self.any_other = Finder::of_phrases(&self.others);
        self.any_hours = Finder::of_phrases(&self.hours);
        let starting = [&self.forms, &self.contacts, &self.demands, &self.roles];
        let first = |phrase: &String| phrase.split(' ').next().map(str::to_owned);
        self.beginnings = starting.into_iter().flatten().filter_map(first).collect();
    }

    fn wish(&self, clause: &str) -> Option<Wish> {
        let mut text = words(clause);
        if self.any_other.any(&text) {
            for other in &self.others {
                text = text.replace(&format!(" {other} "), " # ");
            }
        }
        if self.any_hours.any(&text) {
            return None;
        }
        let text = text.trim();
        if self.whole.iter().any(|form| form == text) {
            return Some(Wish::Asked);
        }
        let words: Vec<&str> = text.split(' ').collect();
        let latin_only = !clause.chars().any(is_han);
        let starts: Vec<usize> =
            (0..words.len()).filter(|at| self.wish_starts(&words, *at, latin_only)).collect();
        if starts.is_empty() {
            return None;
        }
        let refused_after = self.negated_after.iter().any(|form| text.ends_with(form.as_str()));
        let asked = !refused_after && starts.iter().any(|at| !self.is_negated(&words, *at));
        Some(if asked { Wish::Asked } else { Wish::Declined })
    }

    fn wish_starts(&self, words: &[&str], at: usize, latin_only: bool) -> bool {
        let rest = words.get(at..).unwrap_or_default();
        if rest.first().is_none_or(|first| !self.beginnings.contains(*first)) {
            return false;
        }
        self.forms.iter().any(|form| starts_with(rest, form).is_some())
            || self.contacts.iter().any(|verb| self.leads_to(rest, verb, true))
            || self.demands.iter().any(|verb| self.leads_to(rest, verb, false))
            || self.is_urged(rest)
            || (latin_only && self.stands_alone(words, at))
    }

    /// A verb, links, and then somebody.
    fn leads_to(&self, words: &[&str], verb: &str, people_too: bool) -> bool {
        let Some(rest) = starts_with(words, verb) else { return false };
        for word in rest {
            if is_in(&self.roles, word) || (people_too && is_in(&self.people, word)) {
                return true;
            }
            if !is_in(&self.links, word) {
                return false;
            }
        }
        false
    }

    /// `agent please`.
    fn is_urged(&self, words: &[&str]) -> bool {
        matches!(words, [role, urging, ..] if is_in(&self.roles, role) && is_in(&self.urging, urging))
    }

    /// A role in a clause that says nothing else.
    fn stands_alone(&self, words: &[&str], at: usize) -> bool {
        let role = words.get(at).is_some_and(|word| is_in(&self.roles, word));
        role && words.iter().all(|word| is_in(&self.roles, word) || is_in(&self.fillers, word))
    }

    fn is_negated(&self, words: &[&str], at: usize) -> bool {
        let before = words.get(..at).unwrap_or_default();
        let Some(no) = before.iter().rposition(|word| is_in(&self.negations, word)) else {
            return false;
        };
        let between = before.get(no + 1..).unwrap_or_default();
        let linked = between.iter().all(|word| is_in(&self.negation_links, word));
        let lead = before.get(..no).unwrap_or_default().join(" ");
        let reproach =
            self.reproaches.iter().any(|form| lead == *form || lead.ends_with(&format!(" {form}")));
        linked && !reproach
    }
}

/// What follows after a phrase at the beginning of `words`.
fn starts_with<'a, 'b>(words: &'a [&'b str], phrase: &str) -> Option<&'a [&'b str]> {
    phrase.split(' ').try_fold(words, |rest, wanted| match rest {
        [first, tail @ ..] if *first == wanted => Some(tail),
        _ => None,
    })
}

fn is_in(list: &[String], word: &str) -> bool {
    list.iter().any(|entry| entry == word)
}
