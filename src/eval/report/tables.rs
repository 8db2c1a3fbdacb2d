//! The lists of the report, read at one threshold: the lowest whose cross-fitted precision on the set reaches the target.

use std::collections::BTreeMap;

use crate::eval::quality::Seen;
use crate::message::Language;

/// Confusions that are listed.
const CONFUSIONS: usize = 20;

/// A right article and the one that would be sent instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Confusion {
    pub(super) right: String,
    pub(super) sent: String,
    pub(super) messages: usize,
}

/// The messages of one language.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Slice {
    pub(super) language: Language,
    pub(super) messages: usize,
    pub(super) in_scope: usize,
    pub(super) hit_at_1: Option<f64>,
    pub(super) coverage: f64,
    pub(super) precision: Option<f64>,
}

/// A message that would be answered wrongly.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct WrongAnswer<'s> {
    pub(super) text: &'s str,
    pub(super) sent: &'s str,
    pub(super) matched: &'s str,
    pub(super) right: String,
    pub(super) score: f64,
}

/// The lowest score down to which at least `target` of the answers are right; above every score if there is none.
pub(super) fn cut(messages: &[Seen], target: f64) -> f64 {
    let mut sorted: Vec<&Seen> = messages.iter().filter(|seen| seen.score.is_finite()).collect();
    sorted.sort_by(|a, b| b.score.total_cmp(&a.score));
    let (mut answered, mut right, mut cut) = (0.0, 0.0, f64::INFINITY);
    for tied in sorted.chunk_by(|a, b| a.score.total_cmp(&b.score).is_eq()) {
        answered += tied.len() as f64;
        right += tied.iter().filter(|seen| seen.right).count() as f64;
        if right >= target * answered - 1e-9 {
            cut = tied.first().map_or(cut, |seen| seen.score);
        }
    }
    cut
}

/// What would be answered wrongly, the surest first.
pub(super) fn wrong(messages: &[Seen], cut: f64) -> Vec<WrongAnswer<'_>> {
    let mut wrong: Vec<&Seen> =
        messages.iter().filter(|seen| seen.score >= cut && !seen.right).collect();
    wrong.sort_by(|a, b| b.score.total_cmp(&a.score));
    wrong.into_iter().map(wrong_answer).collect()
}

fn wrong_answer(seen: &Seen) -> WrongAnswer<'_> {
    WrongAnswer {
        text: &seen.text,
        sent: seen.best.as_ref().map_or("", |id| id.as_str()),
        matched: &seen.matched,
        right: right_article(seen),
        score: seen.score,
    }
}

fn right_article(seen: &Seen) -> String {
    seen.relevant.first().map_or_else(String::new, ToString::to_string)
}

/// Pairs of right and sent article among the wrong answers, the most frequent first.
pub(super) fn confusions(messages: &[Seen], cut: f64) -> Vec<Confusion> {
    let mut counts: BTreeMap<(String, &str), usize> = BTreeMap::new();
    for answer in wrong(messages, cut) {
        *counts.entry((answer.right, answer.sent)).or_default() += 1;
    }
    let mut confusions: Vec<Confusion> = counts
        .into_iter()
        .map(|((right, sent), messages)| Confusion { right, sent: sent.to_owned(), messages })
        .collect();
    confusions.sort_by_key(|confusion| std::cmp::Reverse(confusion.messages));
    confusions.truncate(CONFUSIONS);
    confusions
}

/// By language, the most frequent first.
pub(super) fn slices(messages: &[Seen], cut: f64) -> Vec<Slice> {
    let mut by_language: BTreeMap<Language, Vec<&Seen>> = BTreeMap::new();
    for seen in messages {
        by_language.entry(seen.language).or_default().push(seen);
    }
    let mut slices: Vec<Slice> =
        by_language.into_iter().map(|(language, members)| slice(language, &members, cut)).collect();
    slices.sort_by_key(|slice| std::cmp::Reverse(slice.messages));
    slices
}

fn slice(language: Language, members: &[&Seen], cut: f64) -> Slice {
    let count = |holds: &dyn Fn(&Seen) -> bool| members.iter().filter(|seen| holds(seen)).count();
    let in_scope = count(&|seen| !seen.relevant.is_empty());
    let answered = count(&|seen| seen.score >= cut);
    let share = |part: usize, whole: usize| (whole > 0).then(|| part as f64 / whole as f64);
    Slice {
        language,
        messages: members.len(),
        in_scope,
        hit_at_1: share(count(&|seen| !seen.relevant.is_empty() && seen.hit), in_scope),
        coverage: share(answered, members.len()).unwrap_or(0.0),
        precision: share(count(&|seen| seen.score >= cut && seen.right), answered),
    }
}
