//! `firstline bench …`: the evaluators' door. Each subcommand measures the very code that serves and prints a table, a JSON
//! document, or both.

mod compare;
mod encode;
mod layout;
mod load;
mod quality;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, Subcommand};
use jiff::civil::Date;
use serde::Serialize;

use super::{Outcome, Terminal, explained};
use crate::decision::policy;
use crate::encoder::{self, Batcher, Encoder, batcher};

/// `firstline bench`
#[derive(Debug, Args)]
pub(super) struct BenchArgs {
    #[command(subcommand)]
    command: BenchCommand,
}

#[derive(Debug, Subcommand)]
enum BenchCommand {
    /// 在带标注的消息上：多少能自动回答，准确率多高 · On labelled messages: how much could be answered, how precisely
    Quality(quality::QualityArgs),
    /// 比较同一批消息的两次评测 · Compare two runs over the same messages
    Compare(compare::CompareArgs),
    /// 编码有多快 · How fast texts are encoded
    Encode(encode::EncodeArgs),
    /// 向运行中的服务按固定速率发消息 · Send messages to a running service at a fixed rate
    Load(load::LoadArgs),
}

/// Gives the folder of a model by its name, pulling it if it is missing.
pub(super) type ModelFolder<'m> = dyn FnMut(&str, &mut Terminal) -> anyhow::Result<PathBuf> + 'm;

/// What the command needs from the configuration.
pub(super) struct Ground<'g> {
    /// Where models come from.
    pub(super) model_folder: &'g mut ModelFolder<'g>,
    /// What the operator decided.
    pub(super) policy: policy::Config,
    /// The day for which articles are served.
    pub(super) today: Date,
}

/// Runs the command.
pub(super) fn run(
    args: BenchArgs,
    ground: Ground<'_>,
    terminal: &mut Terminal,
) -> anyhow::Result<Outcome> {
    match args.command {
        BenchCommand::Quality(args) => quality::run(&args, ground, terminal),
        BenchCommand::Compare(args) => compare::run(&args, terminal),
        BenchCommand::Encode(args) => encode::run(&args, ground.model_folder, terminal),
        BenchCommand::Load(args) => load::run(args, terminal),
    }
}

/// A line for each key, each entry of a list below it, and each row of `messages`.
const DEPTH: usize = 3;
/// The same where each suite has a document of its own.
const DEPTH_OF_SUITES: usize = DEPTH + 2;

/// Where a JSON document goes.
#[derive(Debug, Clone, PartialEq, Eq)]
enum JsonTo {
    /// Nowhere: the table is for people.
    Nowhere,
    /// To standard output, and nothing else goes there.
    Output,
    /// To a file; the table still goes to standard output.
    File(PathBuf),
}

impl JsonTo {
    /// `--json` alone is standard output, `--json OUT` a file.
    fn of(argument: Option<&Path>) -> Self {
        match argument {
            None => Self::Nowhere,
            Some(path) if path == Path::new("-") => Self::Output,
            Some(path) => Self::File(path.to_owned()),
        }
    }

    /// Prints lines for people, out of the way of a document on standard output.
    fn table(&self, lines: &[String], terminal: &mut Terminal) {
        for line in lines {
            if *self == Self::Output { terminal.note(line) } else { terminal.line(line) }
        }
    }

    fn write(&self, document: &impl Serialize, terminal: &mut Terminal) -> anyhow::Result<()> {
        self.write_to_depth(document, DEPTH, terminal)
    }

    /// Writes the document with what is nested deeper than `depth` on one line.
    fn write_to_depth(
        &self,
        document: &impl Serialize,
        depth: usize,
        terminal: &mut Terminal,
    ) -> anyhow::Result<()> {
        match self {
            Self::Nowhere => {}
            Self::Output => terminal.line(&layout::text(document, depth)?),
            Self::File(path) => write_file(path, &(layout::text(document, depth)? + "\n"))?,
        }
        Ok(())
    }
}

fn write_file(path: &Path, text: &str) -> anyhow::Result<()> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs_err::create_dir_all(folder)?;
    }
    Ok(fs_err::write(path, text)?)
}

/// Loads a model and starts its threads.
fn start(
    model: &str,
    model_folder: &mut ModelFolder<'_>,
    terminal: &mut Terminal,
) -> anyhow::Result<Arc<Batcher>> {
    let folder = model_folder(model, terminal)?;
    threads(encoder::load(&folder).map_err(explained)?)
}

/// Starts an encoder's threads, without a memory of earlier texts.
fn threads(encoder: Arc<dyn Encoder>) -> anyhow::Result<Arc<Batcher>> {
    let uncached = batcher::Config { cache_bytes: 0, ..batcher::Config::default() };
    let batcher = Batcher::start(encoder, &uncached).map_err(explained)?;
    Ok(Arc::new(batcher))
}
