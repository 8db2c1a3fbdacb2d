//! The report of a comparison.

use std::borrow::Borrow;

use askama::Template;

use super::{LISTED, share, share_or_dash};
use crate::eval::compare::{Change, Comparison, Difference, Fate};

#[derive(Template)]
#[template(path = "compare.html")]
struct Page<'c> {
    chinese: bool,
    comparisons: Vec<Shown<'c>>,
}

/// One set.
struct Shown<'c> {
    of: &'c Comparison,
    lines: Vec<Line<'c>>,
    lists: [List<'c>; 2],
}

/// One figure in both runs.
struct Line<'c> {
    zh: String,
    en: String,
    of: &'c Difference,
    class: &'static str,
}

/// Messages that changed in one direction.
struct List<'c> {
    zh: &'static str,
    en: &'static str,
    all: usize,
    changes: &'c [Change],
}

/// The page for comparisons; a reader meets it in Chinese or in English and can switch.
pub fn render(comparisons: &[Comparison], chinese: bool) -> Result<String, askama::Error> {
    Page { chinese, comparisons: comparisons.iter().map(shown).collect() }.render()
}

fn shown(of: &Comparison) -> Shown<'_> {
    Shown {
        of,
        lines: lines(of),
        lists: [
            list(("变好的消息", "Messages that fare better"), &of.better),
            list(("变差的消息", "Messages that fare worse"), &of.worse),
        ],
    }
}

fn lines(of: &Comparison) -> Vec<Line<'_>> {
    let line = |zh: String, en: String, of| Line { zh, en, of, class: class(of) };
    let mut lines = vec![
        line("意图准确率".to_owned(), "intent accuracy".to_owned(), &of.accuracy_in_scope),
        line("第一条就对 hit@1".to_owned(), "hit@1".to_owned(), &of.hit_at_1),
    ];
    for at in &of.targets {
        let target = share(at.target);
        let (zh, en) = (format!("覆盖率 @{target}"), format!("coverage @{target}"));
        lines.push(line(zh, en, &at.coverage));
        let (zh, en) = (format!("准确率 @{target}"), format!("precision @{target}"));
        lines.push(line(zh, en, &at.precision));
    }
    lines
}

fn class(difference: &Difference) -> &'static str {
    match difference.direction() {
        Some(true) => "up",
        Some(false) => "low",
        None => "",
    }
}

fn list<'c>((zh, en): (&'static str, &'static str), changes: &'c [Change]) -> List<'c> {
    let shown = changes.get(..LISTED.min(changes.len())).unwrap_or_default();
    List { zh, en, all: changes.len(), changes: shown }
}

/// A difference of shares in percentage points.
fn points(value: impl Borrow<Option<f64>>) -> String {
    value.borrow().map_or_else(|| "–".to_owned(), |value| format!("{:+.1}", value * 100.0))
}
