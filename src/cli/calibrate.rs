//! `firstline calibrate`: from a log to a threshold that labels vouch for, and what became of it since.

use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{Outcome, Terminal, explained, workbench};
use crate::certify::{
    Agreement, Ask, Certified, Desk, Ledger, Moment, Pipeline, Planned, Renewed, standing,
};
use crate::config::Config;
use crate::decision::GuaranteeState;
use crate::decision::guarantee::{Sentence, Slice, Terms};
use crate::message::{Channel, Timestamp};
use crate::release::Bundle;

/// `firstline calibrate`
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct CalibrateArgs {
    #[command(flatten)]
    plan: PlanArgs,
    #[command(subcommand)]
    step: Option<Step>,
}

#[derive(Debug, Args)]
struct PlanArgs {
    /// 消息日志（每行一条 JSON）· The log, one JSON record a line [default for `plan`: what the service collected]
    #[arg(long, value_name = "F")]
    log: Option<PathBuf>,
    /// 目标准确率 · The precision to show [default: policy.target]
    #[arg(long, value_name = "P")]
    target: Option<f64>,
    /// 置信度 · How sure that must be
    #[arg(long, value_name = "P", default_value_t = 0.95)]
    confidence: f64,
    /// 单独认证的分组，例如 zh、risk=money · Slices with a certificate of their own, such as zh or risk=money
    #[arg(long = "slice", value_name = "S", value_delimiter = ',', value_parser = slice)]
    slices: Vec<Slice>,
    /// 只输出一个 JSON 文档 · Print one JSON document and nothing else
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Step {
    /// 规划：分池、冻结、写出待标注的表格 · Pool the log, freeze the bundle, write the tables to label
    Plan(PlanArgs),
    /// 认证：读回标注，检验门槛 · Read the labels back and test the thresholds
    Certify(LabelArgs),
    /// 续期：知识库变动后重新检验 · Test a changed knowledge again
    Renew(LabelArgs),
    /// 抽查：写出或读回抽查的回答 · Write out answers to audit, or read the verdicts back
    Audit(LabelArgs),
    /// 现状与能说的那一句话 · How it stands, and the one sentence that may be said
    Status {
        /// 只输出一个 JSON 文档 · Print one JSON document and nothing else
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Args)]
struct LabelArgs {
    /// 标注员填好的表格，每人一份 · The tables that labellers filled in, one each
    #[arg(long, value_name = "CSV", num_args = 1..)]
    labels: Vec<PathBuf>,
    /// 只输出一个 JSON 文档 · Print one JSON document and nothing else
    #[arg(long)]
    json: bool,
}

fn slice(text: &str) -> Result<Slice, String> {
    Slice::try_from(text.to_owned())
}

pub(super) fn run(
    args: &CalibrateArgs,
    config: &Config,
    terminal: &mut Terminal,
) -> anyhow::Result<Outcome> {
    let desk = Desk::with(&config.storage, &workbench::keyring(&config.storage)?);
    workbench::tell_of_key(&desk, terminal);
    match &args.step {
        Some(Step::Audit(labels)) => audit(&desk, labels, terminal),
        Some(Step::Status { json }) => {
            Office::open(config, desk, terminal)?.status(*json, terminal)
        }
        Some(Step::Plan(plan)) => {
            let office = Office::taught(plan, config, desk, terminal)?;
            let planned = office.plan(plan, config, terminal)?;
            Ok(tell_plan(&planned, plan.json, terminal)?)
        }
        Some(Step::Certify(labels)) => {
            let office = Office::open(config, desk, terminal)?;
            let certified = office.certify(&labels.labels, terminal)?;
            tell_certified(&certified, labels.json, terminal)
        }
        Some(Step::Renew(labels)) => Office::open(config, desk, terminal)?.renew(labels, terminal),
        None => whole(&args.plan, config, desk, terminal),
    }
}

/// A fully labelled random log goes straight through; any other stops where people are needed.
fn whole(
    args: &PlanArgs,
    config: &Config,
    desk: Desk,
    terminal: &mut Terminal,
) -> anyhow::Result<Outcome> {
    anyhow::ensure!(
        args.log.is_some(),
        "calibrate needs --log F, or a step such as plan or status"
    );
    let office = Office::taught(args, config, desk, terminal)?;
    let planned = office.plan(args, config, terminal)?;
    if !matches!(planned, Planned::Ready { open: 0, .. }) {
        return tell_plan(&planned, args.json, terminal);
    }
    let certified = office.certify(&[], terminal)?;
    tell_certified(&certified, args.json, terminal)
}

/// The folder, and the bundle that would serve.
struct Office {
    desk: Desk,
    bundle: Arc<Bundle>,
    pipeline: Pipeline,
}

impl Office {
    /// With the bundle that has learned from the log what lies outside of its knowledge, as the next release will.
    fn taught(
        args: &PlanArgs,
        config: &Config,
        desk: Desk,
        terminal: &mut Terminal,
    ) -> anyhow::Result<Self> {
        if let Some(log) = &args.log {
            desk.teach(log).map_err(explained)?;
        }
        Self::open(config, desk, terminal)
    }

    fn open(config: &Config, desk: Desk, terminal: &mut Terminal) -> anyhow::Result<Self> {
        let batcher = workbench::batcher(config, true, terminal)?;
        let vectors = workbench::vectors(config, &batcher);
        let loaded = workbench::load(config)?;
        let bundle = workbench::bundle(config, &loaded, (&batcher, &vectors), terminal)?;
        let first = config.dispatch.channels.keys().next().cloned();
        let channel = first.map_or_else(|| Channel::new("web"), Ok)?;
        Ok(Self { desk, bundle: Arc::new(bundle), pipeline: Pipeline::new(batcher, channel) })
    }

    fn plan(
        &self,
        args: &PlanArgs,
        config: &Config,
        terminal: &Terminal,
    ) -> anyhow::Result<Planned> {
        let target = args.target.unwrap_or(config.policy.target);
        let terms = Terms { target, confidence: args.confidence };
        let ask = Ask { log: args.log.clone(), terms, slices: args.slices.clone() };
        let bar = terminal.bar(terminal.pick("读取消息", "reading messages"), 0);
        let planned = self.desk.plan(&ask, (&self.bundle, &self.pipeline), &mut |done, of| {
            bar.set_length(of as u64);
            bar.set_position(done as u64);
        });
        bar.finish_and_clear();
        planned.map_err(explained)
    }

    fn certify(&self, tables: &[PathBuf], terminal: &Terminal) -> anyhow::Result<Certified> {
        let bar = terminal.bar(terminal.pick("读取消息", "reading messages"), 0);
        let parts = (&self.bundle, &self.pipeline);
        let certified = self.desk.certify(tables, parts, Timestamp::now(), &mut |done, of| {
            bar.set_length(of as u64);
            bar.set_position(done as u64);
        });
        bar.finish_and_clear();
        certified.map_err(explained)
    }

    fn renew(&self, args: &LabelArgs, terminal: &mut Terminal) -> anyhow::Result<Outcome> {
        let parts = (&self.bundle, &self.pipeline);
        let renewed =
            self.desk.renew(Some(&args.labels), parts, Timestamp::now()).map_err(explained)?;
        let (name, tables) = match &renewed {
            Renewed::Stands => ("stands", Vec::new()),
            Renewed::Free => ("free", Vec::new()),
            Renewed::Passed => ("passed", Vec::new()),
            Renewed::Withdrawn => ("withdrawn", Vec::new()),
            Renewed::Waits { tables, .. } => ("waits", tables.clone()),
        };
        let (state, sentence) = self.standing()?;
        if args.json {
            terminal.json(&json!({ "renewal": name, "tables": tables, "state": state, "sentence": both(&sentence) }))?;
        } else {
            terminal.line(sentence.to(terminal.language()));
            show(&tables, terminal);
        }
        Ok(verdict(!matches!(renewed, Renewed::Withdrawn)))
    }

    fn standing(&self) -> anyhow::Result<(GuaranteeState, Sentence)> {
        let ledger = self.desk.ledger().map_err(explained)?;
        let served = self.desk.served().map_err(explained)?;
        let moment = Moment { now: Timestamp::now(), served, grace: false };
        let gate = standing(&ledger, &self.bundle, moment).gate;
        Ok((gate.state, gate.sentence()))
    }

    fn status(&self, json: bool, terminal: &mut Terminal) -> anyhow::Result<Outcome> {
        let (state, sentence) = self.standing()?;
        let ledger = self.desk.ledger().map_err(explained)?;
        if json {
            terminal.json(&figures(state, &sentence, &ledger))?;
        } else {
            terminal.line(&format!("{}: {}", name(state), sentence.to(terminal.language())));
        }
        Ok(Outcome::Done)
    }
}

fn name(state: GuaranteeState) -> String {
    format!("{state:?}").to_lowercase()
}

fn both(sentence: &Sentence) -> Value {
    json!({ "zh": sentence.zh, "en": sentence.en })
}

fn verdict(holds: bool) -> Outcome {
    if holds { Outcome::Done } else { Outcome::CheckFailed }
}

/// Everything that may be shown, coverage and precision never apart from target and sample.
fn figures(state: GuaranteeState, sentence: &Sentence, ledger: &Ledger) -> Value {
    let certificate = ledger.granted.as_ref().map(|granted| {
        let certificate = &granted.certificate;
        let (coverage, interval) = certificate.coverage();
        json!({
            "target": certificate.budget.terms.target,
            "confidence": certificate.budget.terms.confidence,
            "messages": certificate.messages,
            "answered": certificate.whole.answered,
            "allowed_errors": certificate.whole.allowed,
            "threshold": certificate.whole.threshold,
            "rung": certificate.rung,
            "coverage": coverage,
            "coverage_interval": interval,
            "period": certificate.period,
            "expires": certificate.bounds.expires,
            "slices": certificate.slices,
            "renewals": granted.epoch.renewals,
            "spent": granted.epoch.spent(),
        })
    });
    json!({
        "state": name(state),
        "sentence": both(sentence),
        "certificate": certificate,
        "audit": { "judged": ledger.audit.judged, "wrong": ledger.audit.wrong, "alarm": ledger.audit.alarmed },
    })
}

fn tell_plan(planned: &Planned, json: bool, terminal: &mut Terminal) -> anyhow::Result<Outcome> {
    match planned {
        Planned::Ready { messages, rungs, fitted, open, tables } => {
            if json {
                let document = json!({
                    "planned": "ready", "messages": messages, "rungs": rungs, "fitted": fitted,
                    "open": open, "tables": tables,
                });
                terminal.json(&document)?;
                return Ok(Outcome::Done);
            }
            let said = terminal.pick(
                "已规划，尚未打开任何标注。待标注的回答数",
                "planned, no label opened yet; answers to label",
            );
            terminal.line(&format!("{said}: {open} ({messages} · {rungs})"));
            show(tables, terminal);
            let next = terminal.pick(
                "两位标注员各填一份，然后运行 firstline calibrate certify --labels",
                "let two people fill in one each, then run firstline calibrate certify --labels",
            );
            terminal.line(&format!("{next} {}", paths(tables)));
            Ok(Outcome::Done)
        }
        Planned::TooFew(sentence) => tell("too-few", sentence, (json, false), terminal),
        Planned::Measured(sentence) => tell("measured", sentence, (json, true), terminal),
    }
}

fn show(tables: &[PathBuf], terminal: &mut Terminal) {
    for table in tables {
        terminal.line(&table.display().to_string());
    }
}

fn paths(tables: &[PathBuf]) -> String {
    let names: Vec<String> = tables.iter().map(|table| table.display().to_string()).collect();
    names.join(" ")
}

fn tell(
    what: &str,
    sentence: &Sentence,
    (json, holds): (bool, bool),
    terminal: &mut Terminal,
) -> anyhow::Result<Outcome> {
    if json {
        terminal.json(&json!({ "planned": what, "sentence": both(sentence) }))?;
    } else {
        terminal.line(sentence.to(terminal.language()));
    }
    Ok(verdict(holds))
}

fn tell_certified(
    certified: &Certified,
    json: bool,
    terminal: &mut Terminal,
) -> anyhow::Result<Outcome> {
    let holds = certified.certificate.is_some();
    if json {
        terminal.json(&json!({
            "certified": holds,
            "sentence": both(&certified.sentence),
            "agreement": certified.agreement,
            "disputed": certified.disputed,
            "open": certified.open,
        }))?;
        return Ok(verdict(holds));
    }
    if let Some(Agreement { both, alike, kappa }) = certified.agreement {
        let said = terminal.pick("两位标注员判断一致", "two labellers agree");
        let kappa = kappa.map_or_else(String::new, |kappa| format!(", kappa {kappa:.2}"));
        terminal.line(&format!("{said}: {alike}/{both}{kappa}"));
    }
    if certified.open > 0 {
        let said = terminal
            .pick("未标注或有争议，按错误计", "without a verdict or disputed, counted as wrong");
        terminal.line(&format!("{said}: {}", certified.open));
    }
    terminal.line(certified.sentence.to(terminal.language()));
    Ok(verdict(holds))
}

fn audit(desk: &Desk, args: &LabelArgs, terminal: &mut Terminal) -> anyhow::Result<Outcome> {
    if args.labels.is_empty() {
        let (open, tables) = desk.audit_table().map_err(explained)?;
        if args.json {
            terminal.json(&json!({ "open": open, "tables": tables }))?;
        } else {
            terminal.line(&format!("{open} {}", paths(&tables)));
        }
        return Ok(Outcome::Done);
    }
    let wager = desk.audit(&args.labels).map_err(explained)?;
    if args.json {
        terminal.json(
            &json!({ "judged": wager.judged, "wrong": wager.wrong, "alarm": wager.alarmed }),
        )?;
    } else {
        let said = terminal.pick("已抽查 / 错误", "judged / wrong");
        terminal.line(&format!("{said}: {} / {}", wager.judged, wager.wrong));
    }
    Ok(verdict(!wager.alarmed))
}
