//! This encoder's backends beside candle's own BERT, on the same batches of the demo traffic, one thread each.
//!
//! `cargo bench --bench encode` prints for each model: `bulk` (all messages, sorted by length, up to 512 tokens a batch; throughput in texts),
//! `single` (one message of median length), and, with all workers, `batcher` (all messages as the bulk lane takes them) and `message` (one
//! message from its text to its vector). Models are pulled if they are not there.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a bench")]

use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};

use candle_core::{DType, Device, Tensor};
use candle_transformers::models::bert::{BertModel, Config};
use criterion::measurement::WallTime;
use criterion::{
    BenchmarkGroup, BenchmarkId, Criterion, SamplingMode, Throughput, criterion_group,
    criterion_main,
};
use firstline::encoder::source::{self, Options};
use firstline::encoder::{
    self, Backend, Batcher, DEFAULT_MAX_TOKENS, Encoder, Role, Tokens, batcher,
};
use serde_json::Value;

const MODELS: [&str; 2] = ["all-minilm-l6-v2", "multilingual-e5-small"];
const BACKENDS: [Backend; 3] = [Backend::Int8, Backend::F32, Backend::Candle];
const BATCH_TOKENS: usize = 512;
/// Every so-manieth message, so that a sample takes seconds.
const STRIDE: usize = 4;

/// `candle-transformers`, with masks and mean pooling as its examples do it.
struct Stock(BertModel);

impl Stock {
    fn load(dir: &Path) -> Self {
        let mut config: Value =
            serde_json::from_str(&fs::read_to_string(dir.join("config.json")).unwrap()).unwrap();
        config["hidden_dropout_prob"] = 0.1.into();
        config["initializer_range"] = 0.02.into();
        let config: Config = serde_json::from_value(config).unwrap();
        let tensors =
            candle_core::safetensors::load(dir.join("model.safetensors"), &Device::Cpu).unwrap();
        let weights = candle_nn::VarBuilder::from_tensors(tensors, DType::F32, &Device::Cpu);
        Self(BertModel::load(weights, &config).unwrap())
    }

    fn encode(&self, batch: &[Tokens]) -> Vec<Vec<f32>> {
        let longest = batch.iter().map(Tokens::len).max().unwrap();
        let (mut ids, mut mask) = (Vec::new(), Vec::new());
        for text in batch {
            let padding = longest - text.len();
            ids.extend(text.ids().iter().copied().chain(std::iter::repeat_n(0, padding)));
            mask.extend(
                std::iter::repeat_n(1f32, text.len()).chain(std::iter::repeat_n(0.0, padding)),
            );
        }
        self.run(ids, mask, (batch.len(), longest)).unwrap()
    }

    fn run(
        &self,
        ids: Vec<u32>,
        mask: Vec<f32>,
        shape: (usize, usize),
    ) -> candle_core::Result<Vec<Vec<f32>>> {
        let ids = Tensor::from_vec(ids, shape, &Device::Cpu)?;
        let mask = Tensor::from_vec(mask, shape, &Device::Cpu)?;
        let vectors = self.0.forward(&ids, &ids.zeros_like()?, Some(&mask))?;
        let mask = mask.unsqueeze(2)?;
        let mean = vectors.broadcast_mul(&mask)?.sum(1)?.broadcast_div(&mask.sum(1)?)?;
        mean.broadcast_div(&mean.sqr()?.sum_keepdim(1)?.sqrt()?)?.to_vec2()
    }
}

fn messages() -> Vec<String> {
    let traffic = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/suites/demo/traffic.jsonl");
    let text =
        |line: &str| serde_json::from_str::<Value>(line).ok()?["text"].as_str().map(str::to_owned);
    fs::read_to_string(traffic).unwrap().lines().filter_map(text).step_by(STRIDE).collect()
}

fn model(name: &str) -> Option<PathBuf> {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    source::ensure(name, &Options::new(models), &mut |_| ())
        .map_err(|error| println!("{name} left out: {error}"))
        .ok()
}

/// The messages as tokens, sorted, in batches.
fn batches(encoder: &dyn Encoder) -> Vec<Vec<Tokens>> {
    let mut all: Vec<Tokens> = messages()
        .iter()
        .map(|text| encoder.tokenize(text, Role::Query).unwrap())
        .filter(|text| !text.is_empty())
        .collect();
    all.sort_by_key(Tokens::len);
    let mut batches: Vec<Vec<Tokens>> = vec![Vec::new()];
    for text in all {
        if let Some(batch) = batches.last_mut()
            && (batch.is_empty() || (batch.len() + 1) * text.len() <= BATCH_TOKENS)
        {
            batch.push(text);
        } else {
            batches.push(vec![text]);
        }
    }
    batches
}

fn compare(criterion: &mut Criterion) {
    // One thread each: how many cores there are is not the question.
    let _alone =
        rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread().build().unwrap();
    for name in MODELS {
        let Some(dir) = model(name) else { continue };
        let mut group = criterion.benchmark_group(name);
        group.sample_size(10).sampling_mode(SamplingMode::Flat);
        for backend in BACKENDS {
            let ours = encoder::load_with(&dir, DEFAULT_MAX_TOKENS, backend).unwrap();
            let batches = batches(&*ours);
            measure(&mut group, &backend.to_string(), &batches, |batch| {
                black_box(ours.encode(batch).unwrap());
            });
        }
        let stock = Stock::load(&dir);
        let batches = batches(&*encoder::load(&dir).unwrap());
        measure(&mut group, "candle-transformers", &batches, |batch| {
            black_box(stock.encode(batch));
        });
        group.finish();
    }
}

/// All batches, and the text in the middle of them.
fn measure(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    batches: &[Vec<Tokens>],
    encode: impl Fn(&[Tokens]),
) {
    let all: Vec<&Tokens> = batches.iter().flatten().collect();
    group.throughput(Throughput::Elements(all.len() as u64));
    group.bench_function(BenchmarkId::new("bulk", name), |bench| {
        bench.iter(|| batches.iter().for_each(|batch| encode(batch)));
    });
    let middle = std::slice::from_ref(all[all.len() / 2]);
    group.throughput(Throughput::Elements(1));
    group.bench_function(BenchmarkId::new("single", name), |bench| bench.iter(|| encode(middle)));
}

/// The threads that serve, without a memory of earlier texts.
fn serve(criterion: &mut Criterion) {
    for name in MODELS {
        let Some(dir) = model(name) else { continue };
        let config = batcher::Config { cache_bytes: 0, ..batcher::Config::default() };
        let batcher = Batcher::start(encoder::load(&dir).unwrap(), &config).unwrap();
        let messages = messages();
        let one = vec![messages[messages.len() / 2].clone()];
        let mut group = criterion.benchmark_group(name);
        group.sample_size(10).sampling_mode(SamplingMode::Flat);
        for (what, texts) in [("batcher", &messages), ("message", &one)] {
            group.throughput(Throughput::Elements(texts.len() as u64));
            group.bench_function(what, |bench| {
                bench.iter(|| batcher.encode_all(texts, Role::Query, &mut |_| ()).unwrap());
            });
        }
        group.finish();
    }
}

criterion_group!(benches, compare, serve);
criterion_main!(benches);
