//! The command line: one file per subcommand, each a few named steps. The only place that knows clap, anyhow and progress
//! bars; everything it prints goes through [`Terminal`].

mod terminal;
mod workbench;
mod demo;
mod serve;
mod ask;
mod calibrate;
mod models;
mod kb;
mod journal;
mod train;
mod bench;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub use terminal::Terminal;

use crate::config::Config;
use crate::error::Classify;

/// How a command that ran to its end ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Exit code 0.
    Done,
    /// What was checked did not hold: exit code 1.
    CheckFailed,
}

/// 客服第一线：有把握的回答，其余转给合适的人 · The first line of customer service
#[derive(Debug, Parser)]
#[command(name = "firstline", version, max_term_width = 100)]
struct Cli {
    /// 配置文件，默认为当前目录的 firstline.toml · The configuration [default: firstline.toml here, if there is one]
    #[arg(long, global = true, value_name = "F", env = "FIRSTLINE_CONFIG")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// 演示：启动服务，播放带标注的消息，逐条显示决定 · Start everything here and watch labelled messages being decided
    Demo(demo::DemoArgs),
    /// 启动服务 · Run the service
    Serve,
    /// 问一句，走完整条流水线 · Send one message through the whole pipeline
    Ask(ask::AskArgs),
    /// 知识库：检查、新建 · The knowledge: check it, start an article
    Kb(kb::KbArgs),
    /// 校准：用标注过的消息选出有保证的门槛 · Calibrate: choose a threshold that labels vouch for
    Calibrate(calibrate::CalibrateArgs),
    /// 日志：核对、导出、重放、抹除会话 · The journal: verify, export, replay, forget a conversation
    Journal(journal::JournalArgs),
    /// 模型：列出、下载、核对 · The models: list, pull, verify
    Models(models::ModelsArgs),
    /// 训练：分类头，或连编码器一起 · Train the classifier, or the encoder with it
    Train(train::TrainArgs),
    /// 评测：质量、编码速度、负载 · Measure quality, encoding and load
    Bench(bench::BenchArgs),
}

/// Parses the arguments, runs the command, and turns what it says into an exit code: 0 done, 1 the check failed, 2 the
/// call was wrong.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let mut terminal = Terminal::new();
    match run(cli, &mut terminal) {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::CheckFailed) => ExitCode::from(1),
        Err(error) => {
            terminal.error(&error);
            ExitCode::from(2)
        }
    }
}

fn run(cli: Cli, terminal: &mut Terminal) -> anyhow::Result<Outcome> {
    let config = || Config::load(cli.config.as_deref()).map_err(explained);
    match cli.command {
        Command::Demo(args) => demo::run(&args, config()?, terminal),
        Command::Serve => serve::run(config()?, terminal),
        Command::Ask(args) => ask::run(&args, config()?, terminal),
        Command::Kb(args) => check_knowledge(args, &config()?, terminal),
        Command::Calibrate(args) => calibrate::run(&args, &config()?, terminal),
        Command::Journal(args) => journal::run(&args, &config()?, terminal),
        Command::Models(args) => models::run(&args, terminal),
        Command::Train(args) => train::run(&args, &config()?, terminal),
        Command::Bench(args) => measure(args, &config()?, terminal),
    }
}

fn check_knowledge(
    args: kb::KbArgs,
    config: &Config,
    terminal: &mut Terminal,
) -> anyhow::Result<Outcome> {
    let (mut checker, mut shown) = (workbench::Checker::default(), terminal.clone());
    let mut with_model = |loaded: &_, _day| checker.check(config, loaded, &mut shown);
    let workshop = kb::Workshop {
        dir: config.knowledge.dir.clone(),
        options: workbench::load_options(config),
        with_model: &mut with_model,
    };
    kb::run(args, workshop, terminal)
}

fn measure(
    args: bench::BenchArgs,
    config: &Config,
    terminal: &mut Terminal,
) -> anyhow::Result<Outcome> {
    let models = config.model.dir.as_path();
    let mut model_folder =
        |name: &str, terminal: &mut Terminal| models::ensure(name, models, terminal);
    let today = workbench::today(config);
    let ground =
        bench::Ground { model_folder: &mut model_folder, policy: config.policy.clone(), today };
    bench::run(args, ground, terminal)
}

/// An error with its remedy in the same line: a command line has no other place for it.
#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn explained(error: impl Classify + Send + Sync + 'static) -> anyhow::Error {
    let remedy = error.remedy().into_owned();
    anyhow::anyhow!("{error}. {remedy}")
}
