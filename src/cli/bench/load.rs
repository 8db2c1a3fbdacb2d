//! `firstline bench load`.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use serde::Serialize;

use super::{JsonTo, explained};
use crate::cli::{Outcome, Terminal};
use crate::eval::load::{self, Gateway, Pace, Plan, Reach, Report, Target, Transport};
use crate::eval::{report, texts};
use crate::message::Language;

/// Connections that the calls are spread over; one would measure its own head-of-line blocking.
const CONNECTIONS: usize = 4;

/// Streams of a gateway, unless it is told otherwise.
const STREAMS: usize = 4;

#[derive(Debug, Args)]
pub(super) struct LoadArgs {
    /// 服务的 gRPC 地址，如 <http://127.0.0.1:50051> · The service's gRPC address
    #[arg(long, value_name = "URL")]
    target: String,
    /// 文本文件：一行一条，或 .jsonl 的 text 字段 · A text a line, or .jsonl with `text`
    #[arg(long, value_name = "F")]
    texts: PathBuf,
    /// 每秒多少条，不论服务跟不跟得上；可写多个，逐个来 · Messages a second, whether or not the service keeps up; several run in turn
    #[arg(long, value_name = "R[,R…]", value_delimiter = ',', required = true)]
    rate: Vec<f64>,
    /// 分摊到多少个会话 · Conversations they are spread over
    #[arg(long, value_name = "N")]
    conversations: u32,
    /// 持续多少秒，文本循环使用；不写则每条发一次 · Seconds, going round the texts; without it each text is sent once
    #[arg(long, value_name = "S")]
    duration: Option<f64>,
    /// 网关的密钥 · A gateway's key
    #[arg(long, value_name = "K", env = "FIRSTLINE_KEY", hide_env_values = true)]
    key: Option<String>,
    /// 被拒绝的消息按提示的时间重发，最多几次 · Send a refused message again when it was told to, at most so often
    #[arg(long, value_name = "N", default_value_t = 0)]
    retries: u32,
    /// 走几条 Converse 长流，像真实网关那样；0 为每条消息一次 Handle 调用 · How many Converse streams carry them, as a gateway's do; 0 makes a Handle call of each
    #[arg(long, value_name = "N", default_value_t = STREAMS)]
    streams: usize,
    /// 只判断，不建工单，不留记录；走 Handle 调用 · Decide only: open no tickets, remember nothing; by Handle calls
    #[arg(long, conflicts_with = "streams")]
    dry_run: bool,
    /// 允许发往别的机器 · Allow a target on another machine
    #[arg(long)]
    allow_remote: bool,
    /// 输出 JSON：到文件，不写文件名则到标准输出 · Write JSON to a file, or to standard output if none is named
    #[arg(long, value_name = "OUT", num_args = 0..=1, default_missing_value = "-")]
    json: Option<PathBuf>,
    /// 输出网页：延迟随速率的变化 · Write a page that draws latency against the offered rate
    #[arg(long, value_name = "OUT")]
    html: Option<PathBuf>,
}

/// The JSON document: of several rates, one report each.
#[derive(Serialize)]
#[serde(untagged)]
enum Document<'r> {
    One(&'r Report),
    Several { steps: &'r [Report] },
}

pub(super) fn run(args: LoadArgs, terminal: &mut Terminal) -> anyhow::Result<Outcome> {
    let texts = texts::read(&args.texts).map_err(explained)?;
    let plans = plans(&args, &texts)?;
    let target = Target::parse(&args.target, args.allow_remote).map_err(explained)?;
    let reach = Reach { target, key: args.key, connections: CONNECTIONS };
    // One thread: a client that shares the machine with the service should take as little of it as it can.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let reports = runtime.block_on(async {
        let gateway = Gateway::connect(&reach).await.map_err(explained)?;
        let mut reports = Vec::new();
        for plan in plans {
            let bar = terminal.bar(terminal.pick("发送", "sending"), plan.pace.messages);
            let report = load::run(&gateway, plan, &mut |done| bar.set_position(done)).await;
            bar.finish_and_clear();
            reports.push(report.map_err(explained)?);
        }
        anyhow::Ok(reports)
    })?;
    let to = JsonTo::of(args.json.as_deref());
    for report in &reports {
        to.table(&table(report, terminal), terminal);
    }
    match reports.as_slice() {
        [one] => to.write(&Document::One(one), terminal)?,
        steps => to.write(&Document::Several { steps }, terminal)?,
    }
    if let Some(path) = &args.html {
        let page = report::render_load(&reports, terminal.language() == Language::ZH)
            .context("the report page cannot be drawn")?;
        fs_err::write(path, page)?;
    }
    let failed = reports.iter().any(|report| !report.tally.errors.is_empty());
    Ok(if failed { Outcome::CheckFailed } else { Outcome::Done })
}

/// One plan a rate.
fn plans(args: &LoadArgs, texts: &[String]) -> anyhow::Result<Vec<Plan>> {
    let duration = args.duration.map(seconds).transpose()?;
    let plan = |rate: &f64| {
        let pace =
            Pace::new(*rate, args.conversations, texts.len(), duration).map_err(explained)?;
        let (transport, retries) = (transport(args), args.retries);
        Ok(Plan { texts: texts.to_vec(), pace, transport, retries })
    };
    args.rate.iter().map(plan).collect()
}

fn transport(args: &LoadArgs) -> Transport {
    match NonZeroUsize::new(args.streams) {
        Some(count) if !args.dry_run => Transport::Streams(count),
        Some(_) | None => Transport::Calls { dry_run: args.dry_run },
    }
}

fn seconds(seconds: f64) -> anyhow::Result<Duration> {
    Duration::try_from_secs_f64(seconds)
        .map_err(|_| anyhow::anyhow!("--duration must be a positive number of seconds"))
}

fn table(report: &Report, terminal: &Terminal) -> Vec<String> {
    let tally = &report.tally;
    let milliseconds = |quantile: f64| {
        tally
            .latency
            .quantile_ms(quantile)
            .map_or_else(|| "–".to_owned(), |ms| format!("{ms:.1} ms"))
    };
    let counts = |counts: &std::collections::BTreeMap<String, u64>| {
        let named: Vec<String> =
            counts.iter().map(|(name, count)| format!("{name} {count}")).collect();
        if named.is_empty() { "–".to_owned() } else { named.join(" · ") }
    };
    let held = tally.held.mean_ms().map_or_else(|| "–".to_owned(), |ms| format!("{ms:.0} ms"));
    let share = |texts: u64, of: u64| texts as f64 / (of as f64).max(1.0);
    let encodings = format!(
        "{:.2} {} · {:.1} % {}",
        share(tally.encodings, tally.sent),
        terminal.pick("每条消息", "a message"),
        100.0 * share(tally.cached, tally.encodings + tally.cached),
        terminal.pick("来自缓存", "from the cache")
    );
    let rows = [
        (
            "已发送",
            "sent",
            format!("{} ({:.1}/s, {:.1}/s)", tally.sent, report.rate, report.achieved_rate),
        ),
        ("未发送", "unsent", tally.unsent.to_string()),
        ("动作", "actions", counts(&tally.actions)),
        ("被拒绝", "refused", counts(&tally.refused)),
        ("重发", "sent again", tally.retried.to_string()),
        ("错误", "errors", counts(&tally.errors)),
        ("p50", "p50", milliseconds(0.5)),
        ("p99", "p99", milliseconds(0.99)),
        ("最大", "max", milliseconds(1.0)),
        ("等补充", "held", held),
        ("编码", "encodings", encodings),
    ];
    let head = format!("{} · {} · {:.1} s", report.target, report.transport, report.duration_s);
    let rows = rows.map(|(zh, en, value)| format!("  {:<10} {value}", terminal.pick(zh, en)));
    std::iter::once(head).chain(rows).collect()
}
