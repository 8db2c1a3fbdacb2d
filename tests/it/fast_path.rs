//! What the fused int8 path costs in accuracy, on whole public sets that are not part of this repository:
//! `FIRSTLINE_DATA=DIR cargo test --release --test it fast_path -- --ignored`.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{env, fs};

use firstline::decision::policy;
use firstline::encoder::source::{self, Options as Pull};
use firstline::encoder::{self, Backend, Batcher, DEFAULT_MAX_TOKENS, Encoder, Role, batcher};
use firstline::eval::dataset::{Changes, Dataset, Origin};
use firstline::eval::gate::Repeats;
use firstline::eval::quality::{self, Options};
use firstline::eval::texts;
use firstline::message::QueueId;
use rayon::prelude::*;

/// The least mean and the least cosine of a text's two vectors.
const COSINES: (f64, f64) = (0.995, 0.98);
/// What accuracy or the first hit may differ by.
const DRIFT: f64 = 0.003;

fn load(model: &str, backend: Backend) -> Arc<dyn Encoder> {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    let dir = source::ensure(model, &Pull::new(models), &mut |_| ()).unwrap();
    encoder::load_with(&dir, DEFAULT_MAX_TOKENS, backend).unwrap()
}

fn data(set: &str) -> PathBuf {
    let root = env::var_os("FIRSTLINE_DATA").expect("FIRSTLINE_DATA names the folder of the sets");
    PathBuf::from(root).join(set)
}

fn cosines(one: &dyn Encoder, other: &dyn Encoder, texts: &[String]) -> Vec<f64> {
    let cosine = |text: &String| {
        let read = [one.tokenize(text, Role::Query).unwrap()];
        f64::from(one.encode(&read).unwrap()[0].dot(&other.encode(&read).unwrap()[0]))
    };
    // One thread a text: within one, two would wait for each other.
    texts.par_iter().map(cosine).collect()
}

/// Accuracy, or the first hit where a set has no intents.
fn figure(encoder: Arc<dyn Encoder>, set: &Path) -> f64 {
    let origin = Origin::Folder(set.to_owned());
    let dataset = Dataset::open(&origin, &Changes::default()).unwrap();
    let has_intents = set.join("train.jsonl").exists();
    let batcher = Arc::new(Batcher::start(encoder, &batcher::Config::default()).unwrap());
    let cache = env::temp_dir().join(format!("firstline-fast-path-{}", uuid::Uuid::new_v4()));
    let options = Options {
        targets: vec![0.9],
        confidence: 0.95,
        repeats: Repeats { splits: 1, draws: 1 },
        cache: cache.clone(),
        policy: policy::Config::new(QueueId::new("general").unwrap()),
    };
    let (document, _) = quality::run(dataset, &batcher, &options, &mut |_| ()).unwrap();
    fs::remove_dir_all(cache).unwrap();
    let scores = document.scores;
    if has_intents { scores.accuracy_in_scope.unwrap() } else { scores.hit_at_1.unwrap() }
}

fn check(model: &str, set: &str, asked: &str) {
    let set = data(set);
    let (fast, reference) = (load(model, Backend::Int8), load(model, Backend::Candle));
    let texts = texts::read(&set.join(asked)).unwrap();
    let cosines = cosines(&*fast, &*reference, &texts);
    let mean = cosines.iter().sum::<f64>() / cosines.len() as f64;
    let least = cosines.iter().copied().fold(1.0, f64::min);
    let (fast, reference) = (figure(fast, &set), figure(reference, &set));
    let told = format!(
        "{model}, {} texts: cosine mean {mean:.4}, least {least:.4}; int8 {fast:.4}, f32 {reference:.4}",
        texts.len()
    );
    println!("{told}");
    assert!(mean >= COSINES.0 && least >= COSINES.1, "{told}");
    assert!((fast - reference).abs() <= DRIFT, "{told}");
}

#[test]
#[ignore = "minutes, and sets that are not part of the repository"]
fn intents_of_banking77_are_recognised_as_by_candle() {
    check("all-minilm-l6-v2", "banking77", "test.jsonl");
}

#[test]
#[ignore = "minutes, and sets that are not part of the repository"]
fn answers_of_the_union_pay_faq_are_found_as_by_candle() {
    check("multilingual-e5-small", "unionpay_faq_zh", "queries.jsonl");
}
