//! `firstline bench encode`.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use super::{JsonTo, ModelFolder, explained, threads};
use crate::cli::{Outcome, Terminal};
use crate::encoder::{self, Backend, DEFAULT_MAX_TOKENS};
use crate::eval::encode::{Report, Subject};
use crate::eval::{encode, texts};

#[derive(Debug, Args)]
pub(super) struct EncodeArgs {
    /// 文本文件：一行一条，或 .jsonl 的 text 字段 · A text a line, or .jsonl with `text`
    #[arg(long, value_name = "F")]
    texts: PathBuf,
    /// 模型 · The model
    #[arg(long, value_name = "M", default_value = "multilingual-e5-small")]
    model: String,
    /// 计算后端 · The backend: auto, int8, f32 or candle
    #[arg(long, value_name = "B", default_value = "auto")]
    backend: Backend,
    /// 多少条同时用 candle 编码作对照，0 为不对照 · Texts that candle encodes too, for comparison; 0 is none
    #[arg(long, value_name = "N", default_value_t = 300)]
    compare: usize,
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
    let folder = model_folder(&args.model, terminal)?;
    let load =
        |backend| encoder::load_with(&folder, DEFAULT_MAX_TOKENS, backend).map_err(explained);
    let encoder = load(args.backend)?;
    let candle = (args.compare > 0).then(|| load(Backend::Candle)).transpose()?;
    let batcher = threads(Arc::clone(&encoder))?;
    let subject = Subject {
        batcher: &batcher,
        encoder: &*encoder,
        backend: args.backend,
        candle: candle.as_deref(),
    };
    let bar = terminal.bar(terminal.pick("编码", "encoding"), texts.len() as u64);
    let mut progress = |done| bar.set_position(done as u64);
    let report = encode::run(subject, &texts, args.compare, &mut progress).map_err(explained)?;
    bar.finish_and_clear();
    let to = JsonTo::of(args.json.as_deref());
    to.table(&table(&report, terminal), terminal);
    to.write(&report, terminal)?;
    Ok(Outcome::Done)
}

fn table(report: &Report, terminal: &Terminal) -> Vec<String> {
    let matrices = format!(
        "{:.0} GOP/s, {:.0} % of {:.0}",
        report.gop_per_s,
        100.0 * report.peak_share,
        report.peak_gop_per_s
    );
    let mut rows = vec![
        ("批量", "bulk", format!("{:.1} texts/s", report.texts_per_s)),
        ("单条 p50", "single p50", format!("{:.2} ms", report.single_p50_ms)),
        ("单条 p99", "single p99", format!("{:.2} ms", report.single_p99_ms)),
        ("矩阵运算", "matrices", matrices),
    ];
    if let Some(candle) = &report.candle {
        let cosine = format!("mean {:.4}, min {:.4}", candle.cosine_mean, candle.cosine_min);
        rows.push(("与 candle 余弦", "cosine", cosine));
        rows.push(("比 candle 快", "over candle", format!("{:.1} x", candle.times_candle)));
    }
    let rows =
        rows.into_iter().map(|(zh, en, value)| format!("  {:<12} {value}", terminal.pick(zh, en)));
    std::iter::once(head(report, terminal)).chain(rows).collect()
}

fn head(report: &Report, terminal: &Terminal) -> String {
    format!(
        "{} ({}) · {} {} · {} {}",
        report.model,
        report.backend,
        report.texts,
        terminal.pick("条文本", "texts"),
        report.workers,
        terminal.pick("个线程", "threads")
    )
}
