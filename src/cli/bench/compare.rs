//! `firstline bench compare`.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use serde::Serialize;

use super::{JsonTo, explained, write_file};
use crate::cli::{Outcome, Terminal};
use crate::eval::compare::{self, Comparison, Difference};
use crate::eval::report;
use crate::message::Language;

#[derive(Debug, Args)]
pub(super) struct CompareArgs {
    /// 第一次评测的 JSON · The JSON of the first run
    #[arg(value_name = "A.json")]
    first: PathBuf,
    /// 第二次评测的 JSON · The JSON of the second run
    #[arg(value_name = "B.json")]
    second: PathBuf,
    /// 输出 JSON：到文件，不写文件名则到标准输出 · Write JSON to a file, or to standard output if none is named
    #[arg(long, value_name = "OUT", num_args = 0..=1, default_missing_value = "-")]
    json: Option<PathBuf>,
    /// 输出网页报告 · Write the report as a page
    #[arg(long, value_name = "OUT")]
    html: Option<PathBuf>,
}

/// The JSON document: of several sets, one comparison each.
#[derive(Serialize)]
#[serde(untagged)]
enum Document<'c> {
    One(&'c Comparison),
    Several { suites: &'c [Comparison] },
}

pub(super) fn run(args: &CompareArgs, terminal: &mut Terminal) -> anyhow::Result<Outcome> {
    let first = compare::read(&args.first).map_err(explained)?;
    let second = compare::read(&args.second).map_err(explained)?;
    let comparisons = compare::compare(&first, &second).map_err(explained)?;
    let to = JsonTo::of(args.json.as_deref());
    for comparison in &comparisons {
        to.table(&table(comparison, terminal), terminal);
    }
    match comparisons.as_slice() {
        [one] => to.write(&Document::One(one), terminal)?,
        suites => to.write(&Document::Several { suites }, terminal)?,
    }
    if let Some(path) = &args.html {
        let page = report::render_comparisons(&comparisons, terminal.language() == Language::ZH)
            .context("the report page cannot be drawn")?;
        write_file(path, &page)?;
    }
    Ok(Outcome::Done)
}

fn table(comparison: &Comparison, terminal: &Terminal) -> Vec<String> {
    let mut lines = vec![
        format!(
            "{} · {} → {} · {} {} · {} {}",
            comparison.dataset,
            comparison.models[0],
            comparison.models[1],
            comparison.n,
            terminal.pick("条消息", "messages"),
            comparison.in_scope,
            terminal.pick("条有答案", "in scope")
        ),
        line(terminal.pick("意图", "intent"), &comparison.accuracy_in_scope),
        line("hit@1", &comparison.hit_at_1),
    ];
    for at in &comparison.targets {
        let name = |zh, en| format!("{} @{:.0} %", terminal.pick(zh, en), at.target * 100.0);
        lines.push(line(&name("覆盖", "coverage"), &at.coverage));
        lines.push(line(&name("准确", "precision"), &at.precision));
    }
    lines.push(format!(
        "  {} {} · {} {}",
        terminal.pick("变好的消息", "messages that fare better"),
        comparison.better.len(),
        terminal.pick("变差的", "worse"),
        comparison.worse.len()
    ));
    lines
}

fn line(name: &str, of: &Difference) -> String {
    let percent = |value: Option<f64>| {
        value.map_or_else(|| "–".to_owned(), |value| format!("{:.1} %", value * 100.0))
    };
    let points = |value: Option<f64>| {
        value.map_or_else(|| "–".to_owned(), |value| format!("{:+.1}", value * 100.0))
    };
    format!(
        "  {name}: {} → {} · {} ({} … {})",
        percent(of.a),
        percent(of.b),
        points(of.difference),
        points(of.low),
        points(of.high)
    )
}
