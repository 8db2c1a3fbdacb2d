//! `firstline demo`: the whole service on this machine, the demo help centre, and labelled messages sent through gRPC like
//! any gateway's, each decision shown as it comes.

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;
use tokio::time::Instant;

use super::serve::{self, Service};
use super::{Outcome, Terminal, explained};
use crate::config::Config;
use crate::decision::policy::Provisional;
use crate::eval::demo::{self, Played, Report};
use crate::eval::load::{Gateway, Reach, Target};
use crate::eval::record;
use crate::knowledge::Library;
use crate::message::ArticleId;
use crate::proto::v1::Action;
use crate::proto::v1::part::Outcome as Part;
use crate::server;

/// Conversations at a time: as many as keep both the encoder and a reader busy.
const AT_ONCE: usize = 4;
/// What the demo's provisional threshold aims at. Held-out questions are harder than traffic where an article has few of them,
/// so the estimate is low; the summary says what came of it.
const TARGET: f64 = 0.80;

/// `firstline demo`
#[derive(Debug, Args)]
pub(super) struct DemoArgs {
    /// 播放完就退出，不保留控制台 · End when the messages are played, instead of keeping the console open
    #[arg(long)]
    exit: bool,
    /// 只输出一个 JSON 文档 · Print one JSON document and nothing else
    #[arg(long)]
    json: bool,
    /// 带标注的消息 · The labelled messages
    #[arg(long, value_name = "F", default_value = "benches/suites/demo/traffic.jsonl")]
    messages: PathBuf,
}

/// What the demo measured.
#[derive(Debug, Serialize)]
struct Summary {
    #[serde(flatten)]
    report: Report,
    /// From the command to the first message, a model that had to be pulled included.
    start_s: f64,
    /// Resident memory of the whole process after the last message, megabytes.
    rss_mb: Option<f64>,
}

pub(super) fn run(
    args: &DemoArgs,
    mut config: Config,
    terminal: &mut Terminal,
) -> anyhow::Result<Outcome> {
    let begun = Instant::now();
    let records = record::read(&args.messages).map_err(explained)?;
    prepare(&mut config, args.exit);
    serve::runtime()?.block_on(async {
        let service = serve::start(config, true, terminal).await?;
        let start_s = begun.elapsed().as_secs_f64();
        let report = play(&service, records, args, terminal).await?;
        let summary = Summary { report, start_s, rss_mb: resident_mb() };
        if args.json {
            terminal.json(&summary)?;
        } else {
            print(&summary, terminal);
        }
        if !args.exit {
            let open = terminal.pick("控制台", "console").to_owned();
            terminal.note(&format!("{open}: http://{} (Ctrl-C)", service.running.admin_addr()));
            server::signal().await?;
        }
        service.running.shutdown().await;
        Ok(Outcome::Done)
    })
}

/// The demo answers on a provisional gate, and sends each message by itself: no burst is waited for. What exits by itself
/// takes free ports, so that it never collides with a service that runs.
fn prepare(config: &mut Config, exit: bool) {
    config.policy.provisional = Provisional::Answer;
    config.policy.target = TARGET;
    // Frozen traffic is nobody's sample, and another policy than the service's is another bundle.
    config.certify = None;
    config.journal = None;
    config.dispatch.times.hold = std::time::Duration::ZERO;
    if exit {
        config.server.public.set_port(0);
        config.server.admin.set_port(0);
    }
}

async fn play(
    service: &Service,
    records: Vec<record::Record>,
    args: &DemoArgs,
    terminal: &mut Terminal,
) -> anyhow::Result<Report> {
    let target = Target::parse(&format!("http://{}", service.running.public_addr()), false)
        .map_err(explained)?;
    let gateway =
        Gateway::connect(&Reach { target, key: None, connections: 1 }).await.map_err(explained)?;
    let bundle = service.current.load_full();
    let same_answer = |one: &str, other: &str| same_group(bundle.library(), one, other);
    let mut show = |played: &Played| {
        if !args.json {
            terminal.line(&line(played));
        }
    };
    Ok(demo::play(&gateway, records, AT_ONCE, &same_answer, &mut show).await?)
}

/// Whether two articles give one answer: translations of each other, or the same text.
fn same_group(library: &Library, one: &str, other: &str) -> bool {
    let group =
        |id: &str| Some(library.groups().group(library.index_of(&ArticleId::new(id).ok()?)?));
    one == other || group(one).is_some_and(|found| group(other) == Some(found))
}

/// One decision in one line: what was asked, what became of it, and whether that was right.
fn line(played: &Played) -> String {
    let text: String =
        played.record.text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(56).collect();
    match &played.outcome {
        Ok(decision) => {
            let articles: Vec<&str> = decision.parts.iter().filter_map(article).collect();
            let ticket = decision
                .ticket
                .as_ref()
                .map(|ticket| format!("→ {}", ticket.queue))
                .unwrap_or_default();
            let millis = played.latency.as_secs_f64() * 1e3;
            format!(
                "{:8} {millis:>5.0} ms  {text}  {} {ticket}",
                action(decision.action()),
                articles.join(" + ")
            )
        }
        Err(refusal) => format!("{:8}           {text}  {}", "refused", refusal.reason),
    }
}

fn article(part: &crate::proto::v1::Part) -> Option<&str> {
    match part.outcome.as_ref()? {
        Part::Answer(answer) => Some(&answer.article_id),
        Part::Clarify(_) | Part::Route(_) | Part::SmallTalk(_) | Part::Nothing(_) => None,
    }
}

fn action(action: Action) -> &'static str {
    match action {
        Action::Answer => "answer",
        Action::Clarify => "clarify",
        Action::Route => "route",
        Action::Forward => "forward",
        Action::None => "none",
        Action::Unspecified => "?",
    }
}

fn print(summary: &Summary, terminal: &mut Terminal) {
    let counts = &summary.report.counts;
    let percent = |share: Option<f64>| {
        share.map_or("–".to_owned(), |share| format!("{:.1} %", 100.0 * share))
    };
    let millis =
        |value: Option<f64>| value.map_or("–".to_owned(), |value| format!("{value:.0} ms"));
    let rows = [
        ("消息", "messages", counts.messages.to_string()),
        (
            "回答 / 反问 / 转人工",
            "answered / clarified / routed",
            format!("{} / {} / {}", counts.answered, counts.clarified, counts.routed),
        ),
        (
            "回答的准确率",
            "precision of answers",
            format!(
                "{} ({} / {})",
                percent(counts.precision),
                counts.answers_right,
                counts.answers
            ),
        ),
        ("覆盖率（寒暄不计）", "coverage, small talk aside", percent(counts.coverage)),
        ("紧急的排在最前", "urgent before all others", percent(summary.report.urgent_first)),
        ("识别出要人工的", "wishes for a person recognised", recall(&counts.person)),
        ("识别出紧急的", "urgency recognised", recall(&counts.urgent)),
        (
            "延迟 p50 / p99",
            "latency p50 / p99",
            format!("{} / {}", millis(summary.report.p50_ms), millis(summary.report.p99_ms)),
        ),
        ("启动", "start", format!("{:.1} s", summary.start_s)),
        ("内存", "memory", summary.rss_mb.map_or("–".to_owned(), |mb| format!("{mb:.0} MB"))),
    ];
    terminal.line("");
    for (zh, en, value) in rows {
        let label = terminal.pick(zh, en).to_owned();
        terminal.line(&format!("{label}: {value}"));
    }
    let claim = terminal.pick(
        "以上是在演示消息上的测量，门槛未经认证（provisional），不构成对真实流量的承诺。",
        "Measured on the demo's own messages; the gate is provisional and promises nothing about other traffic.",
    );
    let claim = claim.to_owned();
    terminal.line(&claim);
}

fn recall(alarm: &demo::Alarm) -> String {
    format!("{} / {} (+{})", alarm.recognised, alarm.labelled, alarm.false_alarms)
}

/// Resident memory of this process, where the system tells it.
fn resident_mb() -> Option<f64> {
    let status = fs_err::read_to_string(Path::new("/proc/self/status")).ok()?;
    let kilobytes: f64 = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?
        .trim()
        .split(' ')
        .next()?
        .parse()
        .ok()?;
    Some(kilobytes / 1024.0)
}
