//! `firstline journal …`: what is done to the journal of a service that does not run: checking, exporting and replaying it,
//! forgetting a conversation, renewing the master key.

mod export;

use std::path::Path;

use anyhow::anyhow;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{Outcome, Terminal, explained, workbench};
use crate::config::Config;
use crate::journal::{self, Findings, JournalError, Replay, Upkeep};
use crate::message::{CallerId, ConversationId, Timestamp};
use crate::routing::{Conversation, queue_views};
use crate::seal;

/// `firstline journal`
#[derive(Debug, Args)]
pub(super) struct JournalArgs {
    #[command(subcommand)]
    command: JournalCommand,
}

#[derive(Debug, Subcommand)]
enum JournalCommand {
    /// 核对：校验和、链、封印，以及每个决定能否重现 · Check sums, chain and seals, and that every verdict comes out again
    Verify {
        /// 输出一个 JSON 文档 · Print one JSON document
        #[arg(long)]
        json: bool,
    },
    /// 导出：每行一条 JSON 记录，默认隐去个人信息 · Print one JSON record a line, personal data struck out
    Export(export::ExportArgs),
    /// 重放：由记录的证据重算每个决定，由事件重建客服台 · Compute every decision and the desk again from what was recorded
    Replay {
        /// 输出一个 JSON 文档 · Print one JSON document
        #[arg(long)]
        json: bool,
    },
    /// 抹除一个会话：丢弃它的密钥，内容再也无法读取 · Forget a conversation: its key is dropped, nobody can read it again
    Erase {
        /// 会话，按网关的命名 · The conversation, as its gateway names it
        conversation: String,
        /// 网关的名字；没有配置密钥时为 local · The gateway's name; `local` where no keys are configured
        #[arg(long, value_name = "C", default_value = "local")]
        caller: String,
    },
    /// 换主密钥：生成新的，并用它重新包裹所有数据密钥 · Make a new master key and put every data key under it
    Rekey {
        /// 不生成新密钥，只把数据密钥移到最新的主密钥下 · Make none; only move the data keys under the newest one
        #[arg(long)]
        keep: bool,
    },
}

/// Runs the command.
pub(super) fn run(
    args: &JournalArgs,
    config: &Config,
    terminal: &mut Terminal,
) -> anyhow::Result<Outcome> {
    let storage = &config.storage;
    match &args.command {
        JournalCommand::Verify { json } => verify(storage, *json, terminal),
        JournalCommand::Export(args) => export::run(args, &open(storage)?, terminal),
        JournalCommand::Replay { json } => replay(&open(storage)?, *json, terminal),
        JournalCommand::Erase { conversation, caller } => {
            erase(storage, &whose(caller, conversation)?, terminal)
        }
        JournalCommand::Rekey { keep } => rekey(storage, *keep, terminal),
    }
}

fn open(storage: &Path) -> anyhow::Result<Upkeep> {
    must_exist(storage)?;
    Upkeep::open(storage, workbench::keyring(storage)?).map_err(explained)
}

/// Before anybody looks for its key, which would make one.
fn must_exist(storage: &Path) -> anyhow::Result<()> {
    let path = storage.join(journal::FILE);
    if path.exists() { Ok(()) } else { Err(explained(JournalError::Missing { path })) }
}

fn verify(storage: &Path, json: bool, terminal: &mut Terminal) -> anyhow::Result<Outcome> {
    must_exist(storage)?;
    let found = journal::verify(storage, workbench::keyring(storage)?).map_err(explained)?;
    if json {
        terminal.json(&document(&found))?;
    } else {
        tell(&found, terminal);
    }
    Ok(if found.holds() { Outcome::Done } else { Outcome::CheckFailed })
}

fn document(found: &Findings) -> Value {
    json!({
        "holds": found.holds(),
        "records": found.records,
        "damaged": found.damaged,
        "faults": found.faults.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "snapshot_parts": found.parts,
        "verdicts": summary(&found.replay),
    })
}

fn summary(replay: &Replay) -> Value {
    json!({
        "decisions": replay.decisions,
        "same": replay.same,
        "differing": replay.differing,
        "without_bundle": replay.without_bundle,
        "erased": replay.erased,
    })
}

fn tell(found: &Findings, terminal: &mut Terminal) {
    for fault in &found.faults {
        terminal.line(&fault.to_string());
    }
    let more = found.damaged.saturating_sub(found.faults.len() as u64);
    if more > 0 {
        let words = terminal.pick("处以上未列出", "more are damaged");
        terminal.line(&format!("{more} {words}"));
    }
    tell_replay(&found.replay, terminal);
    let (zh, en) = if found.holds() {
        ("完好", "all of it holds")
    } else {
        ("有损坏", "it does not hold")
    };
    let words = terminal.pick(zh, en);
    let (records, damaged) = (found.records, found.damaged);
    let labels = terminal.pick("条记录，损坏", "records, damaged:");
    terminal.line(&format!("{words}: {records} {labels} {damaged}"));
}

fn tell_replay(replay: &Replay, terminal: &mut Terminal) {
    for differing in &replay.differing {
        let words = terminal.pick("重算得到另一个结论", "comes out otherwise");
        terminal.line(&format!("{} {}: {words}", differing.sequence, differing.decision_id));
    }
    let total: u64 = replay.decisions.values().sum();
    let by_action: Vec<String> =
        replay.decisions.iter().map(|(action, count)| format!("{action} {count}")).collect();
    let words = terminal.pick("个决定", "decisions");
    terminal.line(&format!("{total} {words}: {}", by_action.join(", ")));
    let words = terminal.pick("重算一致", "come out the same");
    terminal.line(&format!("{} {words}", replay.same));
    let others = [
        (
            replay.without_bundle,
            "缺少当时的规则，无法重算",
            "whose bundle is not in the log any more",
        ),
        (replay.erased, "条记录属于已抹除的会话", "records of erased conversations"),
    ];
    for (count, zh, en) in others.into_iter().filter(|(count, ..)| *count > 0) {
        let words = terminal.pick(zh, en);
        terminal.line(&format!("{count} {words}"));
    }
}

fn replay(journal: &Upkeep, json: bool, terminal: &mut Terminal) -> anyhow::Result<Outcome> {
    let mut replay = Replay::default();
    for entry in journal.entries().map_err(explained)? {
        replay.take(&entry.map_err(explained)?);
    }
    let queues = queue_views(replay.desk());
    let waiting = |queue: &crate::routing::QueueView| queue.waiting.values().sum::<usize>();
    if json {
        let queues: serde_json::Map<String, Value> =
            queues.iter().map(|queue| (queue.queue.to_string(), waiting(queue).into())).collect();
        terminal.json(&json!({
            "verdicts": summary(&replay),
            "desk_events": replay.desk_events,
            "waiting": queues,
        }))?;
    } else {
        tell_replay(&replay, terminal);
        let words = terminal.pick("个客服台事件", "events of the desk");
        terminal.line(&format!("{} {words}", replay.desk_events));
        for queue in &queues {
            let words = terminal.pick("等待", "waiting");
            terminal.line(&format!("{}: {words} {}", queue.queue, waiting(queue)));
        }
    }
    Ok(if replay.differing.is_empty() { Outcome::Done } else { Outcome::CheckFailed })
}

fn whose(caller: &str, conversation: &str) -> anyhow::Result<Conversation> {
    let (caller, id) = (CallerId::new(caller), ConversationId::new(conversation));
    Ok(Conversation { caller: caller.map_err(|e| anyhow!(e))?, id: id.map_err(|e| anyhow!(e))? })
}

fn erase(storage: &Path, gone: &Conversation, terminal: &mut Terminal) -> anyhow::Result<Outcome> {
    must_exist(storage)?;
    let keyring = workbench::keyring(storage)?;
    Upkeep::erase(storage, keyring, Timestamp::now(), gone).map_err(explained)?;
    terminal.line(terminal.clone().pick(
        "已抹除；请同时处理备份中的副本",
        "erased; backups that are older still hold its key",
    ));
    Ok(Outcome::Done)
}

fn rekey(storage: &Path, keep: bool, terminal: &mut Terminal) -> anyhow::Result<Outcome> {
    must_exist(storage)?;
    // Nothing is rotated while a service has the journal open.
    drop(open(storage)?);
    if !keep && std::env::var_os("FIRSTLINE_KEY").is_some() {
        let (zh, en) = (
            "主密钥来自 FIRSTLINE_KEY：把新的放在最前面，再加 --keep 运行",
            "the key is given by FIRSTLINE_KEY: put the new one first in it, and run this with --keep",
        );
        return Err(anyhow!("{}", terminal.pick(zh, en)));
    }
    if !keep {
        let made = seal::rotate(storage).map_err(explained)?;
        let words =
            terminal.pick("已生成新的主密钥，请备份", "a new master key was made; keep a copy");
        terminal.line(&format!("{words}: {}", made.display()));
    }
    let moved = journal::rotate(storage, workbench::keyring(storage)?).map_err(explained)?;
    let words = terminal
        .pick("个数据密钥已移到新的主密钥下", "data keys are under the newest master key now");
    terminal.line(&format!("{moved} {words}"));
    terminal.note(terminal.clone().pick(
        "旧密钥 key.1 仍用于校准文件和旧备份，请保留",
        "keep key.1: the calibration's files and older backups open with it",
    ));
    Ok(Outcome::Done)
}
