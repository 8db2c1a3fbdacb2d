//! `firstline ask TEXT`: one message through the same code that serves, and why it ended so.

use std::sync::Arc;

use clap::Args;

use super::{Outcome, Terminal, explained, serve, workbench};
use crate::config::Config;
use crate::decision::{self, Explanation, Part};
use crate::dispatch::{self, Dispatch, HandleOptions};
use crate::message::{
    CallerId, Channel, Content, ConversationId, Language, Message, RequestId, Timestamp,
};
use crate::server;
use crate::triage::Triage;

/// `firstline ask`
#[derive(Debug, Args)]
pub(super) struct AskArgs {
    /// 客户的话 · What the customer says
    text: String,
    /// 显示候选、证据和规则 · Show candidates, evidence and the rule that decided
    #[arg(long)]
    explain: bool,
    /// 只输出一个 JSON 文档 · Print one JSON document and nothing else
    #[arg(long)]
    json: bool,
    /// 渠道 · The channel
    #[arg(long, default_value = "web")]
    channel: String,
    /// 语言提示，例如 zh · A hint of the language, such as en
    #[arg(long, value_parser = language)]
    lang: Option<Language>,
}

fn language(tag: &str) -> Result<Language, String> {
    Language::parse(tag).ok_or_else(|| format!("{tag:?} is not a language such as zh or en"))
}

pub(super) fn run(
    args: &AskArgs,
    config: Config,
    terminal: &mut Terminal,
) -> anyhow::Result<Outcome> {
    let message = message(args)?;
    let batcher = workbench::batcher(&config, true, terminal)?;
    let vectors = workbench::vectors(&config, &batcher);
    let bundle =
        workbench::bundle(&config, &workbench::load(&config)?, (&batcher, &vectors), terminal)?;
    let triage = Triage::new(bundle.into_current(), batcher);
    let outcome = serve::runtime()?.block_on(async {
        let dispatch =
            Dispatch::new(triage, Some(config.routing), config.dispatch, Box::new(Timestamp::now));
        let options = HandleOptions { dry_run: true, ..HandleOptions::default() };
        dispatch.handle(&CallerId::new("ask")?, message, options).await.map_err(explained)
    })?;
    if args.json {
        terminal.json(&server::decision_json(&outcome.outcome).map_err(explained)?)?;
    } else {
        print(&outcome.outcome, args.explain, terminal);
    }
    Ok(Outcome::Done)
}

fn message(args: &AskArgs) -> anyhow::Result<Message> {
    Ok(Message {
        request_id: RequestId::new("ask")?,
        conversation_id: ConversationId::new("ask")?,
        sequence: None,
        sent_at: None,
        channel: Channel::new(&args.channel)?,
        language_hint: args.lang,
        customer_id: None,
        customer_name: None,
        content: Content::Text(args.text.clone()),
        attributes: std::collections::BTreeMap::new(),
    })
}

fn print(outcome: &Arc<dispatch::Outcome>, explain: bool, terminal: &mut Terminal) {
    let decision = &outcome.decision;
    terminal.line(
        &format!("{:?}  {}  {:?}", decision.action, decision.language, decision.urgency.priority)
            .to_uppercase(),
    );
    for part in &decision.parts {
        terminal.line(&summary(part));
        if explain {
            why(&part.explanation, terminal);
        }
    }
    for said in &outcome.say {
        terminal.line(&format!("> {}", said.text.replace('\n', "\n> ")));
    }
    if explain {
        let urgency = &decision.urgency;
        if !urgency.reasons.is_empty() {
            terminal.line(&format!("urgency: {}", urgency.reasons.join(", ")));
        }
        terminal.line(&format!("bundle {}  {}", outcome.bundle.hash, outcome.bundle.model));
    }
}

fn summary(part: &Part) -> String {
    let outcome = match &part.outcome {
        decision::Outcome::Answer(answer) => {
            format!(
                "answer {}@{:.8} ({:?})",
                answer.article, answer.revision, answer.guarantee.state
            )
        }
        decision::Outcome::Clarify(options) => {
            let labels: Vec<&str> = options.iter().map(|option| option.label.as_str()).collect();
            format!("clarify {}", labels.join(" | "))
        }
        decision::Outcome::Route(to) => format!("route {} {:?}", to.queue, to.priority),
        decision::Outcome::SmallTalk(kind) => format!("small talk {kind:?}"),
        decision::Outcome::Nothing => "nothing".to_owned(),
    };
    format!("“{}”  {outcome}  {:?}", part.text.trim(), part.reason)
}

fn why(explanation: &Explanation, terminal: &mut Terminal) {
    terminal.line(&format!("  rule {}  threshold {:.3}", explanation.rule, explanation.threshold));
    for candidate in &explanation.candidates {
        terminal.line(&format!(
            "  {:.3}  dense {:.3}  lexical {:.2}  intent {:.2}  {}@{:.8}  “{}”",
            candidate.probability.get(),
            candidate.dense,
            candidate.lexical,
            candidate.intent,
            candidate.article,
            candidate.revision,
            candidate.matched
        ));
    }
    for item in &explanation.evidence {
        terminal.line(&format!("  {:+.2}  {} = {:.3}", item.contribution, item.name, item.value));
    }
}
