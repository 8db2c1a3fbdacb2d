//! What labellers said, about exactly which text. A verdict holds for the texts it was given on: an answer with another text
//! is open until somebody reads it, and open counts as wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::error::CertifyError;
use super::pool::Pooled;
use super::scoring::{Would, text_hash};
use super::{csv, files};
use crate::message::ArticleId;
use crate::release::Bundle;

/// All that is known of one message.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Label {
    /// The message.
    pub(super) id: String,
    /// From a labelled log: the right articles with the text they had then. Every other article is wrong.
    #[serde(default)]
    pub(super) relevant: Option<Vec<(ArticleId, String)>>,
    /// From labellers: the texts that were read, and whether they answer.
    #[serde(default)]
    pub(super) verdicts: BTreeMap<String, bool>,
}

/// What the labels say about an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Finding {
    Right,
    Wrong,
    /// Nobody has read this text for this message.
    Open,
}

/// The labels of an epoch, by message.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Labels(pub(super) BTreeMap<String, Label>);

impl Labels {
    /// What a labelled log says.
    pub(super) fn of_log(messages: &[Pooled], bundle: &Bundle) -> Self {
        let text = |id: &ArticleId| {
            let article = bundle.library().article(id)?;
            Some((article.id.clone(), text_hash(article)))
        };
        let label = |message: &Pooled| {
            let relevant = message.relevant.as_ref()?;
            let relevant = Some(relevant.iter().filter_map(text).collect());
            let label = Label { id: message.id.clone(), relevant, verdicts: BTreeMap::new() };
            Some((message.id.clone(), label))
        };
        Self(messages.iter().filter_map(label).collect())
    }

    /// What they say about an answer to a message.
    pub(super) fn find(&self, id: &str, would: &Would) -> Finding {
        let Some(label) = self.0.get(id) else { return Finding::Open };
        match (label.verdicts.get(&would.key()), &label.relevant) {
            (Some(true), _) => Finding::Right,
            (Some(false), _) => Finding::Wrong,
            (None, None) => Finding::Open,
            (None, Some(relevant)) => found(relevant, would),
        }
    }

    /// Adds verdicts on texts.
    pub(super) fn judge(&mut self, id: &str, key: &str, right: bool) {
        let label = self.0.entry(id.to_owned()).or_default();
        id.clone_into(&mut label.id);
        label.verdicts.insert(key.to_owned(), right);
    }

    pub(super) fn records(&self) -> Vec<Label> {
        self.0.values().cloned().collect()
    }

    pub(super) fn from_records(records: Vec<Label>) -> Self {
        Self(records.into_iter().map(|label| (label.id.clone(), label)).collect())
    }
}

/// A text is right if it is one of the right ones, whichever article sends it. A right article with a new text is open.
fn found(relevant: &[(ArticleId, String)], would: &Would) -> Finding {
    let part = |(id, hash): &(ArticleId, String)| {
        if relevant.iter().any(|(_, right)| right == hash) {
            Finding::Right
        } else if relevant.iter().any(|(right, _)| right == id) {
            Finding::Open
        } else {
            Finding::Wrong
        }
    };
    let parts: Vec<Finding> = would.texts.iter().map(part).collect();
    if parts.contains(&Finding::Wrong) {
        Finding::Wrong
    } else if parts.contains(&Finding::Open) || parts.is_empty() {
        Finding::Open
    } else {
        Finding::Right
    }
}

/// What a labeller wrote into a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Right,
    Wrong,
    /// Nothing yet.
    Missing,
}

/// One line of a labeller's table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) id: String,
    pub(super) key: String,
    pub(super) verdict: Verdict,
}

const HEAD: [&str; 5] =
    ["id", "answer_id", "message 客户的话", "answer 拟发送的回答", "verdict 对=1 错=0"];

/// Writes the table that each labeller gets: the message and the text that would answer it, and no score.
pub(super) fn write_table(path: &Path, rows: &[[String; 4]]) -> Result<(), CertifyError> {
    let mut table = vec![HEAD.to_vec()];
    for [id, key, message, answer] in rows {
        table.push(vec![id, key, message, answer, ""]);
    }
    files::replace(path, &csv::write(table))
}

/// Reads a labeller's table back. An empty verdict is a missing one.
pub(super) fn read_table(path: &Path) -> Result<Vec<Line>, CertifyError> {
    let bad = |line, what| CertifyError::BadLabels { path: path.to_owned(), line, what };
    let missing = || std::io::Error::from(std::io::ErrorKind::NotFound);
    let bytes = files::read(path)?.ok_or_else(|| CertifyError::file(path, missing()))?;
    let text = String::from_utf8(bytes).map_err(|_| bad(1, "it is not UTF-8"))?;
    let mut rows = csv::read(&text).into_iter();
    let (_, head) = rows.next().ok_or_else(|| bad(1, "it is empty"))?;
    let column = |name: &str| head.iter().position(|cell| cell.starts_with(name));
    let (Some(id), Some(key), Some(verdict)) =
        (column("id"), column("answer_id"), column("verdict"))
    else {
        return Err(bad(1, "the columns id, answer_id and verdict are not all there"));
    };
    let cell = |row: &[String], at: usize| row.get(at).cloned().unwrap_or_default();
    let line = |(number, row): (usize, Vec<String>)| {
        let verdict = self::verdict(&cell(&row, verdict))
            .ok_or_else(|| bad(number, "the verdict is neither 1 nor 0"))?;
        Ok(Line { id: cell(&row, id), key: cell(&row, key), verdict })
    };
    rows.map(line).collect()
}

/// `None` for a cell that says something else.
fn verdict(cell: &str) -> Option<Verdict> {
    match cell.trim().to_lowercase().as_str() {
        "" => Some(Verdict::Missing),
        "1" | "y" | "yes" | "right" | "true" | "对" | "是" | "√" => Some(Verdict::Right),
        "0" | "n" | "no" | "wrong" | "false" | "错" | "否" | "×" => Some(Verdict::Wrong),
        _ => None,
    }
}

/// How far two labellers agree.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Agreement {
    /// Texts that both judged.
    pub both: usize,
    /// Of these, judged alike.
    pub alike: usize,
    /// Cohen's kappa: agreement beyond what their habits alone would give; `None` where they judged nothing or both always
    /// said the same word.
    pub kappa: Option<f64>,
}

/// Verdicts of one or more labellers, brought together.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Judged {
    /// (message, texts) → right. Labellers who differ leave it out: it stays open, and counts as wrong.
    pub(super) verdicts: BTreeMap<(String, String), bool>,
    pub(super) agreement: Option<Agreement>,
    /// Texts on which they differ.
    pub(super) disputed: usize,
}

/// A labeller's verdicts by message and texts.
type Own = BTreeMap<(String, String), bool>;

/// Reads the tables. One table may contradict another, never itself.
pub(super) fn judged(tables: &[PathBuf]) -> Result<Judged, CertifyError> {
    let each: Vec<Own> = tables.iter().map(|path| own(path)).collect::<Result<_, _>>()?;
    let mut judged = Judged::default();
    if let [first, second, ..] = each.as_slice() {
        judged.agreement = Some(agreement(first, second));
    }
    let texts: BTreeSet<&(String, String)> = each.iter().flat_map(BTreeMap::keys).collect();
    for text in texts {
        let said: BTreeSet<bool> = each.iter().filter_map(|own| own.get(text)).copied().collect();
        if let [one] = Vec::from_iter(said).as_slice() {
            judged.verdicts.insert(text.clone(), *one);
        } else {
            judged.disputed += 1;
        }
    }
    Ok(judged)
}

fn own(path: &Path) -> Result<Own, CertifyError> {
    let mut own = Own::new();
    for (at, line) in read_table(path)?.into_iter().enumerate() {
        let right = match line.verdict {
            Verdict::Missing => continue,
            Verdict::Right => true,
            Verdict::Wrong => false,
        };
        if own.insert((line.id, line.key), right).is_some_and(|before| before != right) {
            let what = "the same answer is judged in two ways";
            return Err(CertifyError::BadLabels { path: path.to_owned(), line: at + 2, what });
        }
    }
    Ok(own)
}

fn agreement(first: &Own, second: &Own) -> Agreement {
    let pairs: Vec<(bool, bool)> =
        first.iter().filter_map(|(text, one)| Some((*one, *second.get(text)?))).collect();
    let n = pairs.len() as f64;
    let share = |holds: &dyn Fn(&(bool, bool)) -> bool| {
        pairs.iter().filter(|pair| holds(pair)).count() as f64 / n
    };
    let alike = pairs.iter().filter(|(a, b)| a == b).count();
    let (a, b) = (share(&|pair| pair.0), share(&|pair| pair.1));
    let by_habit = a * b + (1.0 - a) * (1.0 - b);
    let kappa = (alike as f64 / n - by_habit) / (1.0 - by_habit);
    Agreement { both: pairs.len(), alike, kappa: Some(kappa).filter(|kappa| kappa.is_finite()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(pairs: &[(&str, bool)]) -> BTreeMap<(String, String), bool> {
        pairs.iter().map(|(id, v)| (((*id).to_owned(), "k".to_owned()), *v)).collect()
    }

    #[test]
    fn kappa_is_agreement_beyond_habit() {
        // 20 yes-yes, 5 yes-no, 10 no-yes, 15 no-no: the textbook's 0.4.
        let mut pairs = Vec::new();
        for (count, a, b) in
            [(20, true, true), (5, true, false), (10, false, true), (15, false, false)]
        {
            pairs.extend(std::iter::repeat_n((a, b), count));
        }
        let names: Vec<String> = (0..50).map(|n| n.to_string()).collect();
        let side = |of: fn(&(bool, bool)) -> bool| -> Vec<(&str, bool)> {
            names.iter().map(String::as_str).zip(pairs.iter().map(of)).collect()
        };
        let found = agreement(&table(&side(|p| p.0)), &table(&side(|p| p.1)));
        assert_eq!((found.both, found.alike), (50, 35));
        assert!((found.kappa.unwrap() - 0.4).abs() < 1e-12);
        let same = table(&[("a", true), ("b", true)]);
        assert_eq!(agreement(&same, &same).kappa, None);
    }

    fn would(texts: &[(&str, &str)]) -> Would {
        Would {
            score: 1.0,
            under: crate::decision::guarantee::Slice::Whole,
            language: crate::message::Language::EN,
            texts: texts
                .iter()
                .map(|(id, hash)| (ArticleId::new(id).unwrap(), (*hash).to_owned()))
                .collect(),
        }
    }

    #[test]
    fn a_label_holds_for_the_text_it_was_given_on() {
        let relevant = vec![(ArticleId::new("refund").unwrap(), "t1".to_owned())];
        let label = Label { id: "m".into(), relevant: Some(relevant), ..Label::default() };
        let mut labels = Labels::from_records(vec![label]);
        let check = |labels: &Labels, texts: &[(&str, &str)], expect: Finding| {
            assert_eq!(labels.find("m", &would(texts)), expect, "{texts:?}");
        };
        check(&labels, &[("refund", "t1")], Finding::Right);
        check(&labels, &[("copy", "t1")], Finding::Right);
        check(&labels, &[("refund", "t2")], Finding::Open);
        check(&labels, &[("other", "t9")], Finding::Wrong);
        check(&labels, &[("refund", "t1"), ("other", "t9")], Finding::Wrong);
        assert_eq!(labels.find("unknown", &would(&[("refund", "t1")])), Finding::Open);
        labels.judge("m", "refund@t2", true);
        check(&labels, &[("refund", "t2")], Finding::Right);
        labels.judge("m", "refund@t2", false);
        check(&labels, &[("refund", "t2")], Finding::Wrong);
    }
}
