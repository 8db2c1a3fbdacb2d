//! How fast texts become vectors: in bulk on all workers, and one at a time as a customer's message comes. Tokenising is
//! included and nothing is cached. It measures the batcher that serves, not a loop around the encoder.

use std::sync::mpsc;
use std::time::Duration;

use serde::Serialize;
use tokio::time::Instant;

use super::load::Latency;
use crate::encoder::batcher::Job;
use crate::encoder::{Backend, Batcher, Encoder, EncoderError, Role};

/// Texts that are encoded one at a time.
const SINGLES: usize = 300;
/// Texts that are encoded before the clock starts, so that the first pages and threads are not measured.
const WARM_UP: usize = 16;

/// What is measured, and beside what.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The threads that serve, without a memory of earlier texts.
    pub batcher: &'a Batcher,
    /// The encoder they run.
    pub encoder: &'a dyn Encoder,
    /// Its backend.
    pub backend: Backend,
    /// candle's network of the same model, if it is to be compared with.
    pub candle: Option<&'a dyn Encoder>,
}

/// The document of `bench encode --json`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The model's name.
    pub model: String,
    /// What computed the forward pass.
    pub backend: String,
    /// Worker threads.
    pub workers: usize,
    /// Texts in the file.
    pub texts: usize,
    /// Tokens in them, special ones and prefixes included.
    pub tokens: usize,
    /// In bulk, all workers.
    pub texts_per_s: f64,
    /// One text through the idle batcher, milliseconds, the median.
    pub single_p50_ms: f64,
    /// And the slowest of a hundred.
    pub single_p99_ms: f64,
    /// Billions of additions and multiplications a second in bulk: those of the layers' matrices alone, tokenising included
    /// in the time.
    pub gop_per_s: f64,
    /// What the matrix kernel reaches on as many threads.
    pub peak_gop_per_s: f64,
    /// The share of that in bulk, 0..=1.
    pub peak_share: f64,
    /// The same texts, or some of them, through candle.
    #[serde(flatten)]
    pub candle: Option<Comparison>,
}

/// An encoder beside candle's network, on one thread and texts one at a time.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// Texts compared.
    pub compared: usize,
    /// How much faster than candle, by the time of all compared texts.
    pub times_candle: f64,
    /// Cosine of the two vectors of a text, the mean.
    pub cosine_mean: f64,
    /// And the least.
    pub cosine_min: f64,
}

/// Encodes `texts` in bulk, then some of them one by one, then up to `compared` of them by candle too. `progress` hears how
/// many texts of the bulk are done.
pub fn run(
    subject: Subject<'_>,
    texts: &[String],
    compared: usize,
    progress: &mut dyn FnMut(usize),
) -> Result<Report, EncoderError> {
    let Subject { batcher, encoder, backend, candle } = subject;
    let warm_up: Vec<String> = spread(texts, WARM_UP).cloned().collect();
    batcher.encode_all(&warm_up, Role::Query, &mut |_| ())?;
    let start = Instant::now();
    batcher.encode_all(texts, Role::Query, progress)?;
    let bulk = start.elapsed().as_secs_f64().max(1e-9);
    let singles = singles(batcher, texts)?;
    let read = texts.iter().map(|text| encoder.tokenize(text, Role::Query).map(|read| read.len()));
    let tokens = read.sum::<Result<usize, _>>()?;
    let gop_per_s = 2e-9 * encoder.model().multiplied as f64 * tokens as f64 / bulk;
    let peak_gop_per_s = 1e-9 * backend.peak(batcher.workers())?;
    let some: Vec<&String> = spread(texts, compared).collect();
    Ok(Report {
        model: encoder.model().name.clone(),
        backend: backend.to_string(),
        workers: batcher.workers(),
        texts: texts.len(),
        tokens,
        texts_per_s: texts.len() as f64 / bulk,
        single_p50_ms: singles.quantile_ms(0.5).unwrap_or_default(),
        single_p99_ms: singles.quantile_ms(0.99).unwrap_or_default(),
        gop_per_s,
        peak_gop_per_s,
        peak_share: gop_per_s / peak_gop_per_s.max(1e-9),
        candle: candle.map(|candle| compare(encoder, candle, &some)).transpose()?,
    })
}

/// How long single texts take through the idle batcher.
fn singles(batcher: &Batcher, texts: &[String]) -> Result<Latency, EncoderError> {
    let mut singles = Latency::default();
    for text in spread(texts, SINGLES) {
        let start = Instant::now();
        single(batcher, text)?;
        singles.record(start.elapsed());
    }
    Ok(singles)
}

/// Both encoders over `texts`, in turns, so that what else the machine does meets both.
fn compare(
    encoder: &dyn Encoder,
    candle: &dyn Encoder,
    texts: &[&String],
) -> Result<Comparison, EncoderError> {
    // Both would spread over all cores from this thread, and neither does so in a worker.
    let _alone = rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread().build();
    let (mut ours, mut theirs) = (Duration::ZERO, Duration::ZERO);
    let mut cosines = Vec::with_capacity(texts.len());
    for text in texts {
        let read = [encoder.tokenize(text, Role::Query)?];
        let start = Instant::now();
        let one = encoder.encode(&read)?;
        let between = Instant::now();
        let other = candle.encode(&read)?;
        ours += between - start;
        theirs += between.elapsed();
        cosines.extend(one.iter().zip(&other).map(|(one, other)| f64::from(one.dot(other))));
    }
    Ok(Comparison {
        compared: cosines.len(),
        times_candle: theirs.as_secs_f64() / ours.as_secs_f64().max(1e-9),
        cosine_mean: cosines.iter().sum::<f64>() / cosines.len().max(1) as f64,
        cosine_min: cosines.iter().copied().fold(1.0, f64::min),
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
        then: Box::new(move |encoded| Box::new(move || drop(done.send(encoded.map(|_| ()))))),
    })?;
    result.recv().unwrap_or(Err(EncoderError::Stopped))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::encoder::{Embedding, Model, Pooling, Tokens, batcher};

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
            multiplied: 1,
            max_tokens: 64,
            pooling: Pooling::Mean,
            hash: String::new(),
        };
        Arc::new(Counting { model, encoded: AtomicUsize::new(0) })
    }

    #[test]
    fn every_text_is_encoded_and_none_from_memory() {
        let encoder = counting();
        let uncached = batcher::Config { cache_bytes: 0, ..batcher::Config::default() };
        let batcher = Batcher::start(Arc::clone(&encoder) as Arc<dyn Encoder>, &uncached).unwrap();
        let texts = vec!["the same".to_owned(); 100];
        let mut last = 0;
        let subject = Subject {
            batcher: &batcher,
            encoder: &*encoder,
            backend: Backend::Int8,
            candle: Some(&*encoder),
        };
        let report = run(subject, &texts, 10, &mut |done| last = done).unwrap();
        assert_eq!((report.texts, report.tokens, last), (100, 800, 100));
        assert!(report.gop_per_s > 0.0 && report.peak_share < 1.0);
        let candle = report.candle.unwrap();
        assert_eq!(candle.compared, 10);
        assert!((candle.cosine_min - 1.0).abs() < 1e-6);
        assert!(report.texts_per_s > 0.0 && report.single_p99_ms >= report.single_p50_ms);
        // Sixteen or fewer to warm up, all in bulk, all one by one, ten by both.
        let encoded = encoder.encoded.load(Ordering::Relaxed) - 2 * 10;
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
