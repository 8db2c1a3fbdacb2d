//! The encoder itself: one run from the material to a model folder, that goes on where a killed one stopped.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use serde::Serialize;
use sha2::{Digest, Sha256};
use tokio::time::Instant;

use super::super::{Outcome, Terminal, explained, models};
use super::TrainArgs;
use super::material::{Given, hex};
use crate::encoder;
use crate::encoder::training::{Checkpoint, Provenance, Trainable};
use crate::intent::finetune::{self, Trainer};

/// How often a run is stored: writing takes about a second.
const STORED_EVERY: Duration = Duration::from_mins(2);
/// What candle reads, once, to size the pool in which its element-wise operations meet.
const CANDLE_THREADS: &str = "CANDLE_NUM_THREADS";

/// How to train.
#[derive(Debug, Args)]
pub(super) struct RunArgs {
    /// 训练出的模型名 · The name of the trained model
    #[arg(long, value_name = "NAME", requires = "finetune")]
    pub(super) out: Option<String>,
    /// 最多训练几遍 · Passes over the texts at most
    #[arg(long, value_name = "N", default_value_t = finetune::Config::default().epochs)]
    epochs: usize,
    /// 每批文本数 · Texts in a batch
    #[arg(long, value_name = "N", default_value_t = finetune::Config::default().batch)]
    batch: usize,
    /// 最高学习率 · The greatest learning rate
    #[arg(long, value_name = "R", default_value_t = finetune::Config::default().rate)]
    rate: f64,
    /// 保持不动的底层层数 · The lowest layers that stay as they are
    #[arg(long, value_name = "N", default_value_t = 0)]
    freeze: usize,
    /// 读入的词元数上限 · Tokens of a text that are read
    #[arg(long, value_name = "N", default_value_t = 64)]
    max_tokens: usize,
    /// 写出的权重：起点与训练结果之间的比例，1 为训练结果 · How far the written weights go from the start, 0, to the trained ones, 1
    #[arg(long, value_name = "A", default_value_t = 1.0)]
    blend: f64,
    /// 随机种子；同一种子得到同一模型 · The same seed gives the same model
    #[arg(long, value_name = "N", default_value_t = finetune::Config::default().seed)]
    pub(super) seed: u64,
    /// 不接着上次中断的训练，从头开始 · Begin again instead of where an interrupted run stopped
    #[arg(long)]
    fresh: bool,
}

/// What came out.
#[derive(Debug, Serialize)]
struct Tuned {
    model: String,
    folder: PathBuf,
    hash: String,
    texts: usize,
    pairs: usize,
    epochs: usize,
    steps: usize,
    /// The held-out figure of the model it started from.
    held_out_before: Option<f64>,
    held_out: Option<f64>,
    total_s: f64,
}

/// Sees to it that candle's element-wise operations run where they are called: two workers that share one pool would spend a
/// fifth of the time waiting for each other. The size of that pool can be set from outside the process only.
pub(super) fn alone() -> anyhow::Result<()> {
    #[cfg(unix)]
    if std::env::var_os(CANDLE_THREADS).is_none() {
        use std::os::unix::process::CommandExt as _;
        let mut again = std::process::Command::new(std::env::current_exe()?);
        return Err(again.args(std::env::args_os().skip(1)).env(CANDLE_THREADS, "1").exec().into());
    }
    Ok(())
}

pub(super) fn run(
    args: &TrainArgs,
    (base, models_dir): (&str, &Path),
    given: &Given,
    terminal: &mut Terminal,
) -> anyhow::Result<Outcome> {
    let began = Instant::now();
    let out = args.run.out.as_deref().unwrap_or_default();
    let stage = Trainable::stage(models_dir, out).map_err(explained)?;
    let folder = models::ensure(base, models_dir, terminal)?;
    let RunArgs { max_tokens, freeze, .. } = args.run;
    let model = Trainable::load(&folder, max_tokens, freeze).map_err(explained)?;
    let config = args.run.config()?;
    anyhow::ensure!(
        (0.0..=1.0).contains(&args.run.blend),
        terminal.pick("--blend 须在 0 到 1 之间", "--blend must be between 0 and 1").to_owned()
    );
    let mut trainer =
        Trainer::new(&model, &given.material, &given.held, config.clone()).map_err(explained)?;
    let held_out_before = trainer.figure().map_err(explained)?;
    announce(given, &trainer, held_out_before, terminal);
    let run = identity(&model, given, (&config, max_tokens, freeze));
    let mut keeper = Keeper { path: stage.join("checkpoint"), run, stored: Instant::now() };
    keeper.resume(&mut trainer, args.run.fresh, terminal)?;
    descend(&mut trainer, &mut keeper, terminal)?;
    let steps = trainer.done();
    let (epochs, held_out) = trainer.finish().map_err(explained)?;
    let provenance = Provenance {
        base: model.name(),
        base_sha256: model.hash().to_owned(),
        data_sha256: given.hashes.clone(),
        seed: args.run.seed,
        epochs,
        blend: args.run.blend,
        held_out,
    };
    let folder = model.write(models_dir, out, &provenance).map_err(explained)?;
    let tuned = Tuned {
        model: out.to_owned(),
        hash: encoder::load(&folder).map_err(explained)?.model().hash.clone(),
        folder,
        texts: given.material.labelled.len(),
        pairs: given.material.pairs.len(),
        epochs,
        steps,
        held_out_before,
        held_out,
        total_s: began.elapsed().as_secs_f64(),
    };
    show(args.json, &tuned, terminal)?;
    Ok(Outcome::Done)
}

impl RunArgs {
    fn config(&self) -> anyhow::Result<finetune::Config> {
        let config = finetune::Config {
            epochs: self.epochs,
            batch: self.batch,
            rate: self.rate,
            seed: self.seed,
            ..finetune::Config::default()
        };
        config.checked().map_err(explained)
    }
}

/// Says which run this is: another model, other data or other settings make it another.
fn identity(
    model: &Trainable,
    given: &Given,
    settings: (&finetune::Config, usize, usize),
) -> String {
    let sizes = [&given.material, &given.held].map(|m| (m.labelled.len(), m.pairs.len()));
    let said = format!("{settings:?} {:?} {sizes:?} {}", given.hashes, model.hash());
    hex(&Sha256::digest(said))
}

fn announce(given: &Given, trainer: &Trainer<'_>, before: Option<f64>, terminal: &mut Terminal) {
    let held = given.held.labelled.len() + given.held.pairs.len();
    let judged = match before {
        Some(before) => {
            format!("{held} {} {}", terminal.pick("条留出，起点", "held out, at"), percent(before))
        }
        None => {
            terminal.pick("没有留出，不会提前停止", "nothing held out, so no early stop").to_owned()
        }
    };
    terminal.note(&format!(
        "{} {} · {} {} · {} {} · {judged}",
        given.material.labelled.len(),
        terminal.pick("条文本", "texts"),
        given.material.pairs.len(),
        terminal.pick("个问句对", "pairs"),
        trainer.steps(),
        terminal.pick("步", "steps"),
    ));
}

/// Stores a run every so often, and finds it again.
struct Keeper {
    path: PathBuf,
    run: String,
    stored: Instant,
}

impl Keeper {
    fn resume(
        &self,
        trainer: &mut Trainer<'_>,
        fresh: bool,
        terminal: &mut Terminal,
    ) -> anyhow::Result<()> {
        if fresh {
            return Ok(());
        }
        if let Some(saved) = Checkpoint::read(&self.path).map_err(explained)? {
            let step = trainer.resume(saved, &self.run).map_err(explained)?;
            terminal
                .note(&format!("{} {step}", terminal.pick("接着第几步：", "going on after step")));
        }
        Ok(())
    }

    fn keep(&mut self, trainer: &Trainer<'_>) -> anyhow::Result<()> {
        if self.stored.elapsed() < STORED_EVERY {
            return Ok(());
        }
        let checkpoint = trainer.checkpoint(&self.run).map_err(explained)?;
        checkpoint.write(&self.path).map_err(explained)?;
        self.stored = Instant::now();
        Ok(())
    }
}

/// Steps until the run is over.
fn descend(
    trainer: &mut Trainer<'_>,
    keeper: &mut Keeper,
    terminal: &mut Terminal,
) -> anyhow::Result<()> {
    let label = terminal.pick("训练", "training");
    let bar = terminal.bar(label, trainer.steps() as u64);
    bar.set_position(trainer.done() as u64);
    bar.reset_eta();
    while !trainer.is_over() {
        let progress = trainer.step().map_err(explained)?;
        bar.set_message(format!("{label} · loss {:.3}", progress.loss));
        bar.set_position(progress.step as u64);
        if let Some(held_out) = progress.held_out {
            let (zh, en) = ("遍后，留出部分", "passes, held out");
            let passes = terminal.pick(zh, en);
            let line = format!("{} {passes} {}", progress.epoch, percent(held_out));
            bar.suspend(|| terminal.note(&line));
        }
        keeper.keep(trainer)?;
    }
    bar.finish_and_clear();
    Ok(())
}

fn show(json: bool, tuned: &Tuned, terminal: &mut Terminal) -> anyhow::Result<()> {
    if json {
        return terminal.json(tuned);
    }
    let figure = |figure: Option<f64>| figure.map_or_else(|| "–".to_owned(), percent);
    terminal.line(&format!(
        "{} · {} {} → {} · {} {} · {:.0} s · sha256 {}",
        tuned.folder.display(),
        terminal.pick("留出部分", "held out"),
        figure(tuned.held_out_before),
        figure(tuned.held_out),
        tuned.epochs,
        terminal.pick("遍", "passes"),
        tuned.total_s,
        tuned.hash.chars().take(12).collect::<String>(),
    ));
    Ok(())
}

pub(super) fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}
