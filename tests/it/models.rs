//! The two models of the manifest: pulled as a user pulls them, and held to vectors that another implementation made.
//!
//! `golden/*.json` holds vectors of a plain float64 implementation in numpy, over the dequantised weights.

use std::fs;
use std::path::Path;

use firstline::encoder::source::{self, Options};
use firstline::encoder::{self, Embedding, Role};
use serde::Deserialize;

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

fn check(name: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let options = Options::new(root.join("models"));
    let dir = match source::ensure(name, &options, &mut |_| ()) {
        Ok(dir) => dir,
        Err(error) => return println!("not run, {name} cannot be pulled: {error}"),
    };
    let golden = fs::read_to_string(root.join(format!("tests/golden/{name}.json"))).unwrap();
    let golden: Golden = serde_json::from_str(&golden).unwrap();
    let encoder = encoder::load(&dir).unwrap();
    let read = |vector: &Vector| encoder.tokenize(&vector.text, Role::Query).unwrap();
    let texts: Vec<_> = golden.vectors.iter().map(read).collect();
    let embeddings = encoder.encode(&texts).unwrap();
    for ((vector, tokens), embedding) in golden.vectors.iter().zip(&texts).zip(&embeddings) {
        assert_eq!(tokens.len(), vector.tokens, "{}", vector.text);
        let cosine = Embedding::from_raw(vector.numbers.clone()).dot(embedding);
        assert!(cosine >= 0.999, "{name}, {}: {cosine}", vector.text);
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
