//! Bundles built twice: what is kept from the first time must be what the second time would come to.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::*;
use crate::encoder::{Batcher, Embedding, Encoder, Model, Pooling, Role, Tokens, batcher};
use crate::knowledge::{Article, Phrases};
use crate::message::{Language, QueueId};

const WIDTH: usize = 24;

/// An encoder that knows letters: texts of like letters have like vectors.
#[derive(Debug)]
struct Letters(Model);

impl Encoder for Letters {
    fn model(&self) -> &Model {
        &self.0
    }
    fn tokenize(&self, text: &str, _: Role) -> Result<Tokens, EncoderError> {
        Ok(Tokens::new(text.chars().map(u32::from).collect(), false))
    }
    fn encode(&self, batch: &[Tokens]) -> Result<Vec<Embedding>, EncoderError> {
        Ok(batch.iter().map(|tokens| counts(tokens.ids())).collect())
    }
}

fn counts(letters: &[u32]) -> Embedding {
    let mut counts = vec![0.1; WIDTH];
    for pair in letters.windows(2) {
        counts[(pair[0] as usize * 31 + pair[1] as usize) % WIDTH] += 1.0;
    }
    Embedding::from_raw(counts)
}

fn batcher(hash: &str) -> Batcher {
    let model = Model {
        name: "letters".into(),
        dimensions: WIDTH,
        layers: 1,
        vocabulary: 100_000,
        multiplied: 0,
        max_tokens: 64,
        pooling: Pooling::Mean,
        hash: hash.repeat(16),
    };
    Batcher::start(Arc::new(Letters(model)), &batcher::Config::default()).unwrap()
}

fn source(answer: &str, target: f64) -> Source {
    let topics = [
        ("refund", answer),
        ("invoice", "In your account."),
        ("kettle", "Vinegar."),
        ("lamp", "No bulb is in it."),
    ];
    let forms = ["where is my", "how do I get a", "what about the", "question on", "no", "my"];
    let articles = topics.into_iter().map(|(id, answer)| {
        let mut article = Article::new(id, id, Language::EN).unwrap();
        article.questions =
            forms.iter().map(|form| format!("{form} {id}").as_str().into()).collect();
        article.answer = answer.to_owned();
        article
    });
    let policy = policy::Config { target, ..policy::Config::new(QueueId::new("general").unwrap()) };
    Source {
        articles: articles.collect(),
        phrases: Phrases::default(),
        policy,
        outside: Vec::new(),
    }
}

fn folder(name: &str) -> PathBuf {
    let folder =
        std::env::temp_dir().join(format!("firstline-release-{}-{name}", std::process::id()));
    drop(fs_err::remove_dir_all(&folder));
    folder
}

/// Builds with what a folder keeps; whether anything was fitted, and the bundle.
fn build(folder: &Path, batcher: &Batcher, source: Source) -> (bool, Bundle) {
    let vectors = VectorCache::open(folder, batcher.model());
    let mut fitted = false;
    let mut progress = |step| fitted |= matches!(step, Step::Fit | Step::Learn);
    let bundle = Bundle::build(source, batcher, &vectors, &mut progress).unwrap();
    (fitted, bundle)
}

#[test]
fn a_second_start_fits_nothing_and_decides_alike() {
    let (folder, batcher) = (folder("again"), batcher("a"));
    let (fitted, fresh) = build(&folder, &batcher, source("Three days.", 0.9));
    assert!(fitted);
    let (fitted, kept) = build(&folder, &batcher, source("Three days.", 0.9));
    assert!(!fitted);
    assert_eq!(kept.info(), fresh.info());
    assert_eq!((kept.gate(), kept.fusion()), (fresh.gate(), fresh.fusion()));
    let vectors = VectorCache::in_memory(batcher.model());
    let alone = Bundle::build(source("Three days.", 0.9), &batcher, &vectors, &mut |_| ()).unwrap();
    assert_eq!(alone.info(), fresh.info());
    let view =
        View { language: Language::EN, channel: crate::message::Channel::new("web").unwrap() };
    let vector = counts(&"where's my refund".chars().map(u32::from).collect::<Vec<_>>());
    let read = |bundle: &Bundle| bundle.read("where's my refund", &vector, &view).unwrap();
    assert_eq!(read(&kept), read(&fresh));
}

#[test]
fn what_a_fit_depends_on_makes_a_new_one() {
    let check = |name: &str, model: &str, source_after: Source| {
        let folder = folder(name);
        build(&folder, &batcher("a"), source("Three days.", 0.9));
        let (fitted, after) = build(&folder, &batcher(model), source_after.clone());
        assert!(fitted, "{name}");
        let (_, alone) = build(&self::folder("alone"), &batcher(model), source_after);
        assert_eq!(after.info(), alone.info(), "{name}");
    };
    check("model", "b", source("Three days.", 0.9));
    check("knowledge", "a", source("Five days.", 0.9));
    check("target", "a", source("Three days.", 0.8));
    let outside = vec!["who wins the match".to_owned()];
    check("outside", "a", Source { outside, ..source("Three days.", 0.9) });
}

#[test]
fn texts_outside_teach_classifier_and_calibrator() {
    let batcher = batcher("a");
    let outside: Vec<String> = (0..12).map(|at| format!("who wins match {at}")).collect();
    let with = Source { outside, ..source("Three days.", 0.9) };
    let (_, plain) = build(&folder("plain"), &batcher, source("Three days.", 0.9));
    let (_, taught) = build(&folder("taught"), &batcher, with);
    let view =
        View { language: Language::EN, channel: crate::message::Channel::new("web").unwrap() };
    let text = "who wins match 3";
    let vector = counts(&text.chars().map(u32::from).collect::<Vec<_>>());
    let best = |bundle: &Bundle| bundle.read(text, &vector, &view).unwrap().sightings[0].clone();
    assert!(best(&plain).readings.inside.abs() < f64::EPSILON, "nothing outside was learned");
    assert!(best(&taught).readings.inside < 0.0, "{:?}", best(&taught).readings);
    assert!(best(&taught).readings.foreign_gap < best(&plain).readings.foreign_gap);
    assert_ne!(taught.gate().calibration, plain.gate().calibration);
}
