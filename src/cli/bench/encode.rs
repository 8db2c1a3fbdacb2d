//! `firstline bench encode`.

use std::path::PathBuf;

use clap::Args;

use super::{JsonTo, ModelFolder, explained, start};
use crate::cli::{Outcome, Terminal};
use crate::eval::{encode, texts};

#[derive(Debug, Args)]
pub(super) struct EncodeArgs {
    /// 文本文件：一行一条，或 .jsonl 的 text 字段 · A text a line, or .jsonl with `text`
    #[arg(long, value_name = "F")]
    texts: PathBuf,
    /// 模型 · The model
    #[arg(long, value_name = "M", default_value = "multilingual-e5-small")]
    model: String,
    /// 输出 JSON：到文件，不写文件名则到标准输出 · Write JSON to a file, or to standard output if none is named
    #[arg(long, value_name = "OUT", num_args = 0..=1, default_missing_value = "-")]
    json: Option<PathBuf>,
}

pub(super) fn run(
    args: &EncodeArgs,
    model_folder: &mut ModelFolder<'_>,
    terminal: &mut Terminal,
) -> anyhow::Result<Outcome> {
    let texts = texts::read(&args.texts).map_err(explained)?;
    let batcher = start(&args.model, model_folder, terminal)?;
    let bar = terminal.bar(terminal.pick("编码", "encoding"), texts.len() as u64);
    let report = encode::run(&batcher, &texts, &mut |done| bar.set_position(done as u64))
        .map_err(explained)?;
    bar.finish_and_clear();
    let to = JsonTo::of(args.json.as_deref());
    to.table(&table(&report, terminal), terminal);
    to.write(&report, terminal)?;
    Ok(Outcome::Done)
}

fn table(report: &encode::Report, terminal: &Terminal) -> Vec<String> {
    let rows = [
        ("批量", "bulk", format!("{:.1} texts/s", report.texts_per_s)),
        ("单条 p50", "single p50", format!("{:.2} ms", report.single_p50_ms)),
        ("单条 p99", "single p99", format!("{:.2} ms", report.single_p99_ms)),
    ];
    let head = format!(
        "{} · {} {} · {} {}",
        report.model,
        report.texts,
        terminal.pick("条文本", "texts"),
        report.workers,
        terminal.pick("个线程", "threads")
    );
    let rows = rows.map(|(zh, en, value)| format!("  {:<12} {value}", terminal.pick(zh, en)));
    std::iter::once(head).chain(rows).collect()
}
