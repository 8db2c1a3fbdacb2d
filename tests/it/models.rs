//! The two models of the manifest: pulled as a user pulls them, and held to vectors that another implementation made.
//!
//! `golden/*.json` holds vectors of a plain float64 implementation in numpy, over the dequantised weights.

use std::fs;
use std::path::{Path, PathBuf};

use firstline::encoder::source::{self, Options};
use firstline::encoder::{self, Backend, DEFAULT_MAX_TOKENS, Embedding, Role};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde::Deserialize;
use tokenizers::Tokenizer;

#[derive(Deserialize)]
struct Golden {
    vectors: Vec<Vector>,
}

#[derive(Deserialize)]
struct Vector {
    text: String,
    tokens: usize,
    #[serde(rename = "vector")]
    numbers: Vec<f32>,
}

/// The folder of a model, if it can be had.
fn folder(name: &str) -> Option<PathBuf> {
    let options = Options::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("models"));
    let found = source::ensure(name, &options, &mut |_| ());
    found.inspect_err(|error| println!("not run, {name} cannot be pulled: {error}")).ok()
}

/// The least cosine to a golden vector.
const LEAST: [(Backend, f32); 3] =
    [(Backend::Candle, 0.999), (Backend::F32, 0.999), (Backend::Int8, 0.99)];

fn check(name: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let Some(dir) = folder(name) else { return };
    let golden = fs::read_to_string(root.join(format!("tests/golden/{name}.json"))).unwrap();
    let golden: Golden = serde_json::from_str(&golden).unwrap();
    for (backend, least) in LEAST {
        check_backend(&dir, &golden, backend, least);
    }
}

fn check_backend(dir: &Path, golden: &Golden, backend: Backend, least: f32) {
    let encoder = encoder::load_with(dir, DEFAULT_MAX_TOKENS, backend).unwrap();
    let read = |vector: &Vector| encoder.tokenize(&vector.text, Role::Query).unwrap();
    let texts: Vec<_> = golden.vectors.iter().map(read).collect();
    let embeddings = encoder.encode(&texts).unwrap();
    for ((vector, tokens), embedding) in golden.vectors.iter().zip(&texts).zip(&embeddings) {
        assert_eq!(tokens.len(), vector.tokens, "{}", vector.text);
        let cosine = Embedding::from_raw(vector.numbers.clone()).dot(embedding);
        assert!(cosine >= least, "{backend:?}, {}: {cosine}", vector.text);
    }
}

#[test]
fn multilingual_e5_small_gives_the_golden_vectors() {
    check("multilingual-e5-small");
}

#[test]
fn all_minilm_l6_v2_gives_the_golden_vectors() {
    check("all-minilm-l6-v2");
}

/// Pieces of the model's own vocabulary, which holds words of about a hundred languages, and characters of every kind.
fn texts(pieces: Vec<String>) -> impl Strategy<Value = String> {
    let piece = prop::sample::select(pieces).prop_map(|piece| piece.replace('▁', " "));
    let odd = "\u{301} \u{200d} \u{3000} \t \r\n \u{0} ▁ 🇩🇪 👩\u{200d}👧 ﷺ が か\u{3099} กำ <s> </s> <mask> <unk> ＜unk＞";
    let odd: Vec<_> = odd.split(' ').chain([" "]).collect();
    let odd = prop::sample::select(odd).prop_map(str::to_owned);
    let part = prop_oneof![4 => piece, 1 => odd, 1 => any::<char>().prop_map(String::from)];
    prop::collection::vec(part, 0..40).prop_map(|parts| parts.concat())
}

#[test]
fn multilingual_e5_small_reads_text_as_the_reference_does() {
    let Some(dir) = folder("multilingual-e5-small") else { return };
    let reference = Tokenizer::from_file(dir.join("tokenizer.json")).unwrap();
    let encoder = encoder::load_with(&dir, 512, Backend::Auto).unwrap();
    let mut pieces: Vec<_> = reference.get_vocab(true).into_keys().collect();
    pieces.sort();
    let mut runner = TestRunner::new(Config::with_cases(3000));
    runner
        .run(&texts(pieces), |text| {
            let expect = reference.encode(format!("query: {text}"), true).unwrap();
            let read = encoder.tokenize(&text, Role::Query).unwrap();
            prop_assume!(!read.truncated());
            prop_assert_eq!(read.ids(), expect.get_ids());
            Ok(())
        })
        .unwrap();
}
