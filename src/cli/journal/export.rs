//! `firstline journal export`: decisions as the one record of every log, a line each, with the verdicts that came later.

use std::collections::HashMap;

use clap::Args;
use serde::Serialize;

use super::super::{Outcome, Terminal, explained};
use crate::decision::{self, Action};
use crate::journal::record::{Decided, Judgement, Verdict};
use crate::journal::{Entry, Record, Upkeep};
use crate::message::{ArticleId, DecisionId, Language, Priority, QueueId, Timestamp};
use crate::routing::Conversation;
use crate::seal::hex;
use crate::text::redact::redact;

#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    /// 从这个时刻起 · From this moment on, such as 2026-11-02T00:00:00Z
    #[arg(long, value_name = "T")]
    from: Option<Timestamp>,
    /// 到这个时刻之前 · Up to this moment
    #[arg(long, value_name = "T")]
    to: Option<Timestamp>,
    /// 原文，不隐去个人信息 · Texts as they were written, personal data included
    #[arg(long)]
    plain: bool,
}

/// One line.
#[derive(Debug, Serialize)]
struct Line {
    text: String,
    lang: Language,
    at: Timestamp,
    conversation: String,
    turn: u32,
    channel: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    history: Vec<String>,
    /// Absent where nobody judged; empty where nothing answers it.
    #[serde(skip_serializing_if = "Option::is_none")]
    relevant: Option<Vec<ArticleId>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    queue: Option<QueueId>,
    urgent: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<Judgement>,
    /// Beside the schema: what was decided.
    decision: DecisionId,
    action: Action,
    bundle: String,
}

/// Runs the command.
pub(super) fn run(
    args: &ExportArgs,
    journal: &Upkeep,
    terminal: &mut Terminal,
) -> anyhow::Result<Outcome> {
    let verdicts = verdicts(journal)?;
    let mut turns = HashMap::new();
    for entry in journal.entries().map_err(explained)? {
        let Entry { at, record, .. } = entry.map_err(explained)?;
        let Some(Record::Decided(decided)) = record else { continue };
        let turn = turns.entry(decided.conversation.clone()).or_insert(0);
        *turn += 1;
        let inside = args.from.is_none_or(|from| from <= at) && args.to.is_none_or(|to| at < to);
        if inside {
            let line = line(&decided, *turn, verdicts.get(&decided.decision_id), args.plain);
            terminal.line(&serde_json::to_string(&line)?);
        }
    }
    Ok(Outcome::Done)
}

/// The last verdict on each decision.
fn verdicts(journal: &Upkeep) -> anyhow::Result<HashMap<DecisionId, Verdict>> {
    let mut verdicts = HashMap::new();
    for entry in journal.entries().map_err(explained)? {
        if let Some(Record::Verdict(verdict)) = entry.map_err(explained)?.record {
            verdicts.insert(verdict.decision_id.clone(), verdict);
        }
    }
    Ok(verdicts)
}

fn line(decided: &Decided, turn: u32, verdict: Option<&Verdict>, plain: bool) -> Line {
    let shown = |text: &str| if plain { text.to_owned() } else { redact(text) };
    Line {
        text: shown(&decided.text),
        lang: decided.decision.language,
        at: decided.decided_at,
        conversation: name(&decided.conversation, plain),
        turn,
        channel: decided.channel.to_string(),
        history: decided.before.as_deref().map(shown).into_iter().collect(),
        relevant: verdict.and_then(|verdict| relevant(decided, verdict)),
        queue: decided.ticket.as_ref().map(|ticket| ticket.queue.clone()),
        urgent: decided.decision.urgency.priority == Priority::Urgent,
        verdict: verdict.map(|verdict| verdict.verdict),
        decision: decided.decision_id.clone(),
        action: decided.decision.action,
        bundle: decided.bundle.to_string(),
    }
}

/// The gateway's id may name a person; its digest tells conversations apart as well.
fn name(conversation: &Conversation, plain: bool) -> String {
    use sha2::{Digest as _, Sha256};
    let Conversation { caller, id } = conversation;
    if plain {
        return id.to_string();
    }
    let digest = Sha256::digest(format!("{caller}\0{id}"));
    hex(digest.get(..8).unwrap_or_default())
}

/// What a verdict says about the articles of the knowledge.
fn relevant(decided: &Decided, verdict: &Verdict) -> Option<Vec<ArticleId>> {
    let answered = decided.decision.parts.iter().filter_map(|part| match &part.outcome {
        decision::Outcome::Answer(answer) => Some(answer.article.clone()),
        decision::Outcome::Clarify(_)
        | decision::Outcome::Route(_)
        | decision::Outcome::SmallTalk(_)
        | decision::Outcome::Nothing => None,
    });
    match (verdict.verdict, &verdict.correct_article) {
        (Judgement::NoArticle, _) => Some(Vec::new()),
        (_, Some(article)) => Some(vec![article.clone()]),
        (Judgement::Right, None) => Some(answered.collect()).filter(|ids: &Vec<_>| !ids.is_empty()),
        (Judgement::Wrong | Judgement::Unclear, None) => None,
    }
}
