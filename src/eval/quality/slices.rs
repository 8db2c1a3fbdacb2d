//! The figures for parts of the set: by language, script, mark and risk. Every part is read under the whole's threshold; none
//! has one of its own, and nothing is promised about any.

use std::collections::BTreeMap;

use serde::Serialize;

use super::document::Seen;
use crate::eval::interval::Share;
use crate::eval::score::{Judged, Scores};
use crate::text::shape::shape;

/// Messages in and out of scope that a separation is read on, at least; of fewer it is noise.
const FOR_AUROC: usize = 20;
/// Messages that a calibration error is read on, at least: its ten bins of fewer are mostly noise.
const FOR_ECE: usize = 100;

/// What a set is divided by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Dimension {
    /// Not at all.
    All,
    /// The language a message was read in.
    Language,
    /// The letters it is written in: `han`, `latin`, `mixed`, `none` of these.
    Script,
    /// The marks its record carries; a record with several counts in each, one without any in `plain`.
    Kind,
    /// The risk of the article that comes first.
    Risk,
}

/// One part of the set.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Slice {
    /// What the set is divided by.
    pub by: Dimension,
    /// Which part.
    pub value: String,
    /// Messages in it.
    pub n: usize,
    /// Of these, answered by some article.
    pub in_scope: usize,
    /// Best intent right, of the messages in scope.
    pub accuracy_in_scope: Option<Share>,
    /// Best candidate right, of the messages in scope.
    pub hit_at_1: Option<Share>,
    /// Separation of what is in scope; null for fewer than 20 messages on either side.
    pub auroc_oos: Option<f64>,
    /// Calibration error; null for fewer than 100 messages.
    pub ece: Option<f64>,
    /// At each target.
    pub answers: Vec<Answers>,
}

/// What the whole's threshold answers of a slice.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Answers {
    /// The precision asked for, of the whole.
    pub target: f64,
    /// Messages answered, expected over the halvings.
    pub answered: f64,
    /// Answered of the slice's messages.
    pub coverage: Option<Share>,
    /// Right of answered.
    pub precision: Option<Share>,
}

/// The whole, then its parts, the largest first. Marks and risks are left out where all messages share one.
pub(super) fn slices(messages: &[Seen], targets: &[f64]) -> Vec<Slice> {
    let all: Vec<&Seen> = messages.iter().collect();
    let mut slices = vec![slice(Dimension::All, "all".to_owned(), &all, targets)];
    for by in [Dimension::Language, Dimension::Script, Dimension::Kind, Dimension::Risk] {
        let mut parts: BTreeMap<String, Vec<&Seen>> = BTreeMap::new();
        for seen in messages {
            for value in values(by, seen) {
                parts.entry(value).or_default().push(seen);
            }
        }
        let telling = parts.len() > 1 || matches!(by, Dimension::Language | Dimension::Script);
        let parts = parts.into_iter().filter(|_| telling);
        let mut parts: Vec<Slice> =
            parts.map(|(value, members)| slice(by, value, &members, targets)).collect();
        parts.sort_by_key(|part| std::cmp::Reverse(part.n));
        slices.extend(parts);
    }
    slices
}

/// The parts that a message belongs to.
fn values(by: Dimension, seen: &Seen) -> Vec<String> {
    match by {
        Dimension::All => vec!["all".to_owned()],
        Dimension::Language => vec![seen.language.to_string()],
        Dimension::Script => vec![script(&seen.text).to_owned()],
        Dimension::Kind if seen.marks.is_empty() => vec!["plain".to_owned()],
        Dimension::Kind => seen.marks.clone(),
        Dimension::Risk => {
            seen.risk.map(|risk| format!("{risk:?}").to_lowercase()).into_iter().collect()
        }
    }
}

/// Han, Latin, both, or neither.
fn script(text: &str) -> &'static str {
    let han = shape(text).han > 0;
    match (han, text.chars().any(is_latin)) {
        (true, true) => "mixed",
        (true, false) => "han",
        (false, true) => "latin",
        (false, false) => "none",
    }
}

/// A letter of the Latin blocks up to U+024F; full-width ones are another form of the same letters.
fn is_latin(letter: char) -> bool {
    letter.is_alphabetic() && (letter < '\u{250}' || ('\u{ff21}'..='\u{ff5a}').contains(&letter))
}

fn slice(by: Dimension, value: String, members: &[&Seen], targets: &[f64]) -> Slice {
    let in_scope = members.iter().filter(|seen| !seen.relevant.is_empty()).count();
    let of_scope = |holds: fn(&Seen) -> bool| {
        let part = members.iter().filter(|seen| !seen.relevant.is_empty() && holds(seen)).count();
        Share::counted(part, in_scope)
    };
    let judged: Vec<Judged> = members.iter().map(|seen| seen.judged()).collect();
    let scores = Scores::of(&judged);
    let outside = members.len() - in_scope;
    Slice {
        by,
        value,
        n: members.len(),
        in_scope,
        accuracy_in_scope: of_scope(|seen| seen.intent_right),
        hit_at_1: of_scope(|seen| seen.rank == Some(0)),
        auroc_oos: scores.auroc_oos.filter(|_| in_scope.min(outside) >= FOR_AUROC),
        ece: scores.ece.filter(|_| members.len() >= FOR_ECE),
        answers: targets.iter().enumerate().map(|at| answers(at, members)).collect(),
    }
}

/// Each reading of a message counts alike, so that the parts add up to the plug-in's own figures.
fn answers((place, target): (usize, &f64), members: &[&Seen]) -> Answers {
    let n = members.len() as f64;
    let (mut read, mut answered, mut right) = (0.0, 0.0, 0.0);
    for seen in members {
        let times = f64::from(seen.read);
        let share = seen.answered_share(place);
        read += times;
        answered += times * share;
        right += if seen.right { times * share } else { 0.0 };
    }
    // In messages instead of readings: one message read often is still one observation.
    let expected = |readings: f64| if read > 0.0 { readings / read * n } else { 0.0 };
    Answers {
        target: *target,
        answered: expected(answered),
        coverage: Share::of(expected(answered), if read > 0.0 { n } else { 0.0 }),
        precision: Share::of(expected(right), expected(answered)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::quality::document::Seen;
    use crate::message::Risk;

    #[test]
    fn scripts_are_read_off_the_letters() {
        let check = |text: &str, expect: &str| assert_eq!(script(text), expect, "{text:?}");
        check("退款多久", "han");
        check("where is it", "latin");
        check("我的order在哪", "mixed");
        check("Ｏｒｄｅｒ 状态", "mixed");
        check("größer", "latin");
        check("😀 123", "none");
        check("где заказ", "none");
    }

    #[test]
    fn a_part_is_read_by_the_threshold_of_the_whole() {
        let message = |text: &str, share: f64, right: bool| Seen {
            read: 10,
            answered: vec![Some(share)],
            right,
            ..Seen::example(text, Some("a"))
        };
        let messages = [
            message("one", 1.0, true),
            message("two", 0.5, false),
            message("三", 0.0, true),
            Seen { marks: vec!["typo".to_owned()], ..message("four", 1.0, true) },
        ];
        let slices = slices(&messages, &[0.9]);
        let find = |by: Dimension, value: &str| {
            slices.iter().find(|slice| slice.by == by && slice.value == value).unwrap()
        };
        let answers = find(Dimension::Script, "latin").answers[0];
        let near = |share: Option<Share>, expect: f64| (share.unwrap().share - expect).abs() < 1e-9;
        assert!(near(answers.coverage, 2.5 / 3.0) && near(answers.precision, 2.0 / 2.5));
        let none = find(Dimension::Script, "han").answers[0];
        assert!(near(none.coverage, 0.0) && none.precision.is_none());
        assert_eq!(find(Dimension::Kind, "typo").n, 1);
        assert_eq!(find(Dimension::Kind, "plain").n, 3);
        // All are of one risk: the whole says it already.
        assert!(slices.iter().all(|slice| slice.by != Dimension::Risk));
        let risky = [messages[0].clone(), Seen { risk: Some(Risk::Money), ..messages[1].clone() }];
        let slices = super::slices(&risky, &[0.9]);
        let money = slices.iter().find(|slice| slice.value == "money").unwrap();
        assert_eq!((money.by, money.n, money.ece), (Dimension::Risk, 1, None));
    }
}
