//! `firstline train`: fits the classifier and says how it does on questions it has not seen; with `--finetune`, trains the
//! encoder on them too and writes it as a model of its own.

mod material;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;
use sha2::{Digest, Sha256};

use super::{Outcome, Terminal, explained, models, workbench};
use crate::config::Config;
use crate::encoder::training::{Checkpoint, Provenance, Trainable};
use crate::intent::finetune::{self, Trainer};
use material::Given;

/// `firstline train`
#[derive(Debug, Args)]
pub(super) struct TrainArgs {
    #[command(flatten)]
    material: MaterialArgs,
    /// 连编码器一起训练 · Train the encoder too
    #[arg(long)]
    finetune: bool,
    /// 起点模型 · The model to start from
    #[arg(long, value_name = "M")]
    model: Option<String>,
    /// 训练出的模型名 · The name of the trained model
    #[arg(long, value_name = "NAME")]
    out: Option<String>,
    #[command(flatten)]
    run: RunArgs,
}

/// What to learn from.
#[derive(Debug, Args)]
pub(super) struct MaterialArgs {
    /// 知识目录 · A directory of articles
    #[arg(long, value_name = "DIR")]
    knowledge: Vec<PathBuf>,
    /// 带标注的消息：.jsonl 文件或数据集目录 · Labelled messages: a .jsonl file or a data-set folder
    #[arg(long, value_name = "F")]
    data: Vec<PathBuf>,
    /// 问句对：{"a","b","label"} · Pairs of questions
    #[arg(long, value_name = "F")]
    pairs: Vec<PathBuf>,
    /// 留出的带标注消息 · Labelled messages to judge by, never trained on
    #[arg(long, value_name = "F")]
    valid: Option<PathBuf>,
}

/// How to train.
#[derive(Debug, Args)]
struct RunArgs {
    #[arg(long, default_value_t = 10)]
    epochs: usize,
    #[arg(long, default_value_t = 64)]
    batch: usize,
    #[arg(long, default_value_t = 5e-5)]
    rate: f64,
    #[arg(long, default_value_t = 0.9)]
    layer_decay: f64,
    #[arg(long, default_value_t = 1e-3)]
    prototype_rate: f64,
    #[arg(long, default_value_t = 0.05)]
    temperature: f64,
    #[arg(long, default_value_t = 1.0)]
    contrast: f64,
    #[arg(long, default_value_t = 0.1)]
    token_drop: f32,
    #[arg(long, default_value_t = 1.0)]
    blend: f32,
    #[arg(long, default_value_t = 2)]
    patience: usize,
    #[arg(long, default_value_t = 0)]
    freeze: usize,
    #[arg(long, default_value_t = 1)]
    seed: u64,
    #[arg(long, default_value_t = 64)]
    max_tokens: usize,
}

impl RunArgs {
    fn config(&self) -> finetune::Config {
        finetune::Config {
            epochs: self.epochs,
            batch: self.batch,
            rate: self.rate,
            layer_decay: self.layer_decay,
            prototype_rate: self.prototype_rate,
            loss: finetune::Weights { temperature: self.temperature, contrast: self.contrast },
            token_drop: self.token_drop,
            blend: self.blend,
            patience: self.patience,
            seed: self.seed,
            ..finetune::Config::default()
        }
    }
}

/// Runs the command.
pub(super) fn run(
    args: &TrainArgs,
    config: &Config,
    terminal: &mut Terminal,
) -> anyhow::Result<Outcome> {
    let given = Given::read(&args.material, &workbench::load_options(config))?;
    let name = args.model.as_deref().unwrap_or(&config.model.name);
    let folder = models::ensure(name, &config.model.dir, terminal)?;
    let model =
        Trainable::load(&folder, args.run.max_tokens, args.run.freeze).map_err(explained)?;
    let out = args.out.as_deref().unwrap_or("tuned");
    let stage = Trainable::stage(&config.model.dir, out).map_err(explained)?;
    let saved = stage.join("checkpoint");
    let began = Instant::now();
    let mut trainer =
        Trainer::new(&model, &given.material, &given.held, args.run.config()).map_err(explained)?;
    let run = material::hex(&Sha256::digest(format!(
        "{:?} {:?} {}",
        args.run,
        given.hashes,
        model.hash()
    )));
    if let Some(checkpoint) = Checkpoint::read(&saved).map_err(explained)? {
        let step = trainer.resume(checkpoint, &run).map_err(explained)?;
        terminal.note(&format!("resumed at {step}"));
    }
    let bar = terminal.bar("training", trainer.steps() as u64);
    let figure = trainer.figure().map_err(explained)?;
    terminal.note(&format!(
        "before: {figure:?} ({} steps, {:.1} s)",
        trainer.steps(),
        began.elapsed().as_secs_f64()
    ));
    let (mut last, mut sum, mut count) = (Instant::now(), 0.0, 0);
    while !trainer.is_over() {
        let progress = trainer.step().map_err(explained)?;
        bar.set_position(progress.step as u64);
        sum += progress.loss;
        count += 1;
        if progress.held_out.is_some() || progress.step % 50 == 0 {
            terminal.note(&format!(
                "step {} epoch {} loss {:.4} held {:?} {:.0} s",
                progress.step,
                progress.epoch,
                sum / count as f64,
                progress.held_out,
                began.elapsed().as_secs_f64()
            ));
            (sum, count) = (0.0, 0);
        }
        if last.elapsed() > Duration::from_secs(120) {
            trainer.checkpoint(&run).map_err(explained)?.write(&saved).map_err(explained)?;
            last = Instant::now();
        }
    }
    bar.finish_and_clear();
    let (epochs, held_out) = trainer.finish().map_err(explained)?;
    terminal.note(&format!(
        "epochs {epochs} held out {held_out:?} {:.0} s",
        began.elapsed().as_secs_f64()
    ));
    let provenance = Provenance {
        base: model.name(),
        base_sha256: model.hash().to_owned(),
        data_sha256: given.hashes.clone(),
        seed: args.run.seed,
        epochs,
        held_out,
    };
    model.write(&config.model.dir, out, &provenance).map_err(|error| anyhow::anyhow!("{error}"))?;
    Ok(Outcome::Done)
}
