//! How fast texts become vectors: in bulk on all workers, and one at a time as a customer's message comes. Tokenising is
//! included and nothing is cached. It measures the batcher that serves, not a loop around the encoder.

use std::sync::mpsc;

use serde::Serialize;
use tokio::time::Instant;

use super::load::Latency;
use crate::encoder::batcher::Job;
use crate::encoder::{Batcher, EncoderError, Role};

/// Texts that are encoded one at a time.
const SINGLES: usize = 300;
/// Texts that are encoded before the clock starts, so that the first pages and threads are not measured.
const WARM_UP: usize = 16;

/// The document of `bench encode --json`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The model's name.
    pub model: String,
    /// Worker threads.
    pub workers: usize,
    /// Texts in the file.
    pub texts: usize,
    /// In bulk, all workers.
    pub texts_per_s: f64,
    /// One text through the idle batcher, milliseconds, the median.
    pub single_p50_ms: f64,
    /// And the slowest of a hundred.
    pub single_p99_ms: f64,
}

/// Encodes `texts` in bulk, then some of them one by one. `progress` hears how many texts of the bulk are done.
pub fn run(
    batcher: &Batcher,
    texts: &[String],
    progress: &mut dyn FnMut(usize),
) -> Result<Report, EncoderError> {
    let warm_up: Vec<String> = spread(texts, WARM_UP).cloned().collect();
    batcher.encode_all(&warm_up, Role::Query, &mut |_| ())?;
    let start = Instant::now();
    batcher.encode_all(texts, Role::Query, progress)?;
    let bulk = start.elapsed();
    let mut singles = Latency::default();
    for text in spread(texts, SINGLES) {
        let start = Instant::now();
        single(batcher, text)?;
        singles.record(start.elapsed());
    }
    Ok(Report {
        model: batcher.model().name.clone(),
        workers: batcher.workers(),
        texts: texts.len(),
        texts_per_s: texts.len() as f64 / bulk.as_secs_f64().max(1e-9),
        single_p50_ms: singles.quantile_ms(0.5).unwrap_or_default(),
        single_p99_ms: singles.quantile_ms(0.99).unwrap_or_default(),
    })
}

/// Up to `count` of the texts, from the whole file evenly.
fn spread(texts: &[String], count: usize) -> impl Iterator<Item = &String> {
    texts.iter().step_by(texts.len().div_ceil(count.max(1)).max(1))
}

fn single(batcher: &Batcher, text: &str) -> Result<(), EncoderError> {
    let (done, result) = mpsc::channel();
    batcher.submit(Job {
        caller: None,
        texts: vec![(text.to_owned(), Role::Query)],
        wanted: Box::new(|| true),
        // The receiver is waiting below.
        then: Box::new(move |encoded| drop(done.send(encoded.map(|_| ())))),
    })?;
    result.recv().unwrap_or(Err(EncoderError::Stopped))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::encoder::{Embedding, Encoder, Model, Pooling, Tokens, batcher};

    /// Counts what it is given.
    #[derive(Debug)]
    struct Counting {
        model: Model,
        encoded: AtomicUsize,
    }

    impl Encoder for Counting {
        fn model(&self) -> &Model {
            &self.model
        }
        fn tokenize(&self, text: &str, _: Role) -> Result<Tokens, EncoderError> {
            Ok(Tokens::new(vec![1; text.len().max(1)], false))
        }
        fn encode(&self, batch: &[Tokens]) -> Result<Vec<Embedding>, EncoderError> {
            self.encoded.fetch_add(batch.len(), Ordering::Relaxed);
            Ok(batch.iter().map(|_| Embedding::from_raw(vec![1.0])).collect())
        }
    }

    fn counting() -> Arc<Counting> {
        let model = Model {
            name: "counting".to_owned(),
            dimensions: 1,
            layers: 1,
            vocabulary: 2,
            multiplied: 0,
            max_tokens: 64,
            pooling: Pooling::Mean,
            hash: String::new(),
        };
        Arc::new(Counting { model, encoded: AtomicUsize::new(0) })
    }

    #[test]
    fn every_text_is_encoded_and_none_from_memory() {
        let encoder = counting();
        let batcher =
            Batcher::start(Arc::clone(&encoder) as Arc<dyn Encoder>, &batcher::Config::default())
                .unwrap();
        let texts = vec!["the same".to_owned(); 100];
        let mut last = 0;
        let report = run(&batcher, &texts, &mut |done| last = done).unwrap();
        assert_eq!((report.texts, last), (100, 100));
        assert!(report.texts_per_s > 0.0 && report.single_p99_ms >= report.single_p50_ms);
        // Sixteen or fewer to warm up, all in bulk, all one by one.
        let encoded = encoder.encoded.load(Ordering::Relaxed);
        assert!((200 + 10..=200 + WARM_UP).contains(&encoded), "{encoded}");
    }

    #[test]
    fn some_are_spread_over_all() {
        let check = |texts: usize, count: usize, expect: &[usize]| {
            let all: Vec<String> = (0..texts).map(|n| n.to_string()).collect();
            let some: Vec<usize> = spread(&all, count).map(|t| t.parse().unwrap()).collect();
            assert_eq!(some, expect, "{texts} {count}");
        };
        check(10, 3, &[0, 4, 8]);
        check(2, 5, &[0, 1]);
        check(0, 5, &[]);
    }
}
