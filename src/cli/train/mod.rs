//! `firstline train`: fits the classifier and says how it does on texts it has not seen; with `--finetune`, trains the
//! encoder on them and writes it as a model of its own.

mod head;
mod material;
mod tune;

use std::path::PathBuf;

use clap::Args;

use super::{Outcome, Terminal, workbench};
use crate::config::Config;
use material::{Given, LEAST_TO_STOP_BY};

/// `firstline train`
#[derive(Debug, Args)]
pub(super) struct TrainArgs {
    #[command(flatten)]
    material: MaterialArgs,
    /// 起点模型，默认为配置中的模型 · The model to start from [default: the configured one]
    #[arg(long, value_name = "M")]
    model: Option<String>,
    /// 连编码器一起训练，写成新模型 · Train the encoder too, into a model of its own
    #[arg(long, requires = "out")]
    finetune: bool,
    #[command(flatten)]
    run: tune::RunArgs,
    /// 输出一个 JSON 文档 · Print one JSON document
    #[arg(long)]
    json: bool,
}

/// What to learn from; all that is given is learned together, and one label means one thing everywhere.
#[derive(Debug, Args)]
struct MaterialArgs {
    /// 知识目录：每篇文章的问法 · A directory of articles: their questions
    #[arg(long, value_name = "DIR")]
    knowledge: Vec<PathBuf>,
    /// 带标注的消息：.jsonl 文件或数据集目录 · Labelled messages: a .jsonl file, or a data-set folder
    #[arg(long, value_name = "F")]
    data: Vec<PathBuf>,
    /// 问句对 {"a","b","label"}，1 为同义 · Pairs of questions, label 1 where both ask the same
    #[arg(long, value_name = "F")]
    pairs: Vec<PathBuf>,
    /// 只用来评判的带标注消息 · Labelled messages to judge by, never trained on
    #[arg(long, value_name = "F")]
    valid: Option<PathBuf>,
    /// 没有 --valid 时留出的比例 · The share that is held out where there is no --valid
    #[arg(long, value_name = "SHARE", default_value_t = 0.1)]
    hold_out: f64,
    /// 丢弃互相矛盾的标注 · Leave out texts and pairs that contradict each other
    #[arg(long)]
    drop_contradictions: bool,
}

/// Runs the command.
pub(super) fn run(
    args: &TrainArgs,
    config: &Config,
    terminal: &mut Terminal,
) -> anyhow::Result<Outcome> {
    if args.finetune {
        tune::alone()?;
    }
    // The classifier alone is trained to be judged: every text held out says something.
    let least = if args.finetune { LEAST_TO_STOP_BY } else { 1 };
    let options = workbench::load_options(config);
    let given = Given::read(&args.material, &options, (args.run.seed, least))?;
    if given.dropped > 0 {
        let (zh, en) = ("条矛盾的标注已丢弃", "contradictory texts and pairs were left out");
        terminal.note(&format!("{} {}", given.dropped, terminal.pick(zh, en)));
    }
    let model = args.model.as_deref().unwrap_or(&config.model.name);
    if args.finetune {
        return tune::run(args, (model, &config.model.dir), &given, terminal);
    }
    head::run(args, (model, config), given, terminal)
}
