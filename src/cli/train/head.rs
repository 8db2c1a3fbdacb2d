//! The classifier alone, as every release fits it: nothing is written, since a release fits its own on its own knowledge.

use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::time::Instant;

use serde::Serialize;

use super::super::{Outcome, Terminal, explained, models};
use super::TrainArgs;
use super::material::Given;
use crate::config::Config;
use crate::encoder::{self, Batcher, Embedding, Role};
use crate::intent::finetune::Labelled;
use crate::intent::{Head, fit};
use crate::message::IntentId;

/// What came out.
#[derive(Debug, Serialize)]
struct Fitted {
    model: String,
    texts: usize,
    intents: usize,
    held_out_texts: usize,
    /// The share of held-out texts whose first intent is right.
    held_out: Option<f64>,
    encode_s: f64,
    fit_s: f64,
}

pub(super) fn run(
    args: &TrainArgs,
    (model, config): (&str, &Config),
    given: Given,
    terminal: &mut Terminal,
) -> anyhow::Result<Outcome> {
    let folder = models::ensure(model, &config.model.dir, terminal)?;
    let encoder = encoder::load_with(&folder, config.model.max_tokens, config.model.backend)
        .map_err(explained)?;
    let batcher = Arc::new(Batcher::start(encoder, &config.model.batcher).map_err(explained)?);
    let (taught, held) = (given.material.labelled, given.held.labelled);
    let began = Instant::now();
    let vectors = encode(&batcher, &taught, terminal)?;
    let held_vectors = encode(&batcher, &held, terminal)?;
    let encode_s = began.elapsed().as_secs_f64();
    let labels = numbered(&taught);
    let began = Instant::now();
    let head = fitted(&vectors, &taught, &labels)?;
    let fitted = Fitted {
        model: batcher.model().name.clone(),
        texts: taught.len(),
        intents: labels.len(),
        held_out_texts: held.len(),
        held_out: share_right(&head, &held_vectors, &held, &labels),
        encode_s,
        fit_s: began.elapsed().as_secs_f64(),
    };
    show(args.json, &fitted, terminal)?;
    Ok(Outcome::Done)
}

fn encode(
    batcher: &Batcher,
    texts: &[Labelled],
    terminal: &Terminal,
) -> anyhow::Result<Vec<Embedding>> {
    let texts: Vec<String> = texts.iter().map(|text| text.text.clone()).collect();
    let bar = terminal.bar(terminal.pick("编码", "encoding"), texts.len() as u64);
    let vectors = batcher
        .encode_all(&texts, Role::Query, &mut |done| bar.set_position(done as u64))
        .map_err(explained)?;
    bar.finish_and_clear();
    Ok(vectors)
}

/// The labels in order, numbered from 0.
fn numbered(taught: &[Labelled]) -> BTreeMap<&str, usize> {
    let mut labels: BTreeMap<&str, usize> =
        taught.iter().map(|text| (text.label.as_str(), 0)).collect();
    labels.values_mut().enumerate().for_each(|(number, label)| *label = number);
    labels
}

fn fitted(
    vectors: &[Embedding],
    taught: &[Labelled],
    labels: &BTreeMap<&str, usize>,
) -> anyhow::Result<Head> {
    let rows: Vec<&[f32]> = vectors.iter().map(Embedding::as_slice).collect();
    let classes: Vec<usize> =
        taught.iter().filter_map(|text| labels.get(text.label.as_str()).copied()).collect();
    // Classes are counted here, never shown.
    let anonymous = vec![IntentId::new("intent")?; labels.len()];
    fit(&rows, &classes, anonymous, &fit::Config::default()).map_err(explained)
}

fn share_right(
    head: &Head,
    vectors: &[Embedding],
    held: &[Labelled],
    labels: &BTreeMap<&str, usize>,
) -> Option<f64> {
    let right = |(vector, text): (&Embedding, &Labelled)| {
        let scores = head.scores(vector.as_slice());
        let best = scores.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
        best.map(|(class, _)| class) == labels.get(text.label.as_str()).copied()
    };
    let count = vectors.iter().zip(held).filter(|pair| right(*pair)).count();
    (!held.is_empty()).then(|| count as f64 / held.len() as f64)
}

fn show(json: bool, fitted: &Fitted, terminal: &mut Terminal) -> anyhow::Result<()> {
    if json {
        return terminal.json(fitted);
    }
    let held_out = fitted.held_out.map_or_else(|| "–".to_owned(), super::tune::percent);
    terminal.line(&format!(
        "{} · {} {} · {} {} · {} {held_out} ({}) · {} {:.1} s · {} {:.1} s",
        fitted.model,
        fitted.texts,
        terminal.pick("条文本", "texts"),
        fitted.intents,
        terminal.pick("个意图", "intents"),
        terminal.pick("留出部分的准确率", "held-out accuracy"),
        fitted.held_out_texts,
        terminal.pick("编码", "encoding"),
        fitted.encode_s,
        terminal.pick("拟合", "fitting"),
        fitted.fit_s,
    ));
    Ok(())
}
