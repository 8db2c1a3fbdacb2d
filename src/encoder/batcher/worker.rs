//! One thread of the batcher: takes what waits, tokenises, encodes, hands out. Nothing that a job does ends the thread.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::queue::{Queue, Waiting};
use super::{EncodeTimings, Encoded};
use crate::encoder::{Embedding, Encoder, EncoderError, Tokens, plan};

pub(super) struct Worker {
    pub(super) encoder: Arc<dyn Encoder>,
    pub(super) queue: Arc<Queue>,
    pub(super) batch_tokens: usize,
}

type Then = Box<dyn FnOnce(Result<Encoded, EncoderError>) + Send>;

/// A job whose texts are tokenised.
struct Read {
    then: Then,
    tokens: Vec<Tokens>,
    timings: EncodeTimings,
}

impl Worker {
    pub(super) fn run(self) {
        // The matrix library asks for the rayon pool it stands in. A pool of this one thread keeps the workers apart.
        let alone = rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread().build();
        if let Err(error) = alone {
            tracing::warn!(%error, "an encoder thread shares its processor time with others");
        }
        while let Some(jobs) = self.queue.take(self.batch_tokens, self.encoder.model().max_tokens) {
            self.work(jobs);
        }
    }

    fn work(&self, jobs: Vec<Waiting>) {
        let taken = Instant::now();
        let read: Vec<Read> = jobs.into_iter().filter_map(|job| self.read(job, taken)).collect();
        let started = Instant::now();
        let tokens: Vec<&Tokens> = read.iter().flat_map(|job| &job.tokens).collect();
        let mut results = self.encode(&tokens).into_iter();
        let took = started.elapsed();
        self.queue.record(tokens.len(), took);
        for job in read {
            let embeddings = results.by_ref().take(job.tokens.len()).collect();
            let Read { then, tokens, timings } = job;
            finish(then, encoded(embeddings, &tokens, EncodeTimings { encode: took, ..timings }));
        }
    }

    /// Tokenises a job. One that nobody waits for is dropped; one whose text cannot be read is told so and is done.
    fn read(&self, waiting: Waiting, taken: Instant) -> Option<Read> {
        let Waiting { job, since } = waiting;
        let started = Instant::now();
        if !guarded(|| Ok((job.wanted)())).unwrap_or(false) {
            return None;
        }
        let read =
            || job.texts.iter().map(|(text, role)| self.encoder.tokenize(text, *role)).collect();
        match guarded(read) {
            Ok(tokens) => {
                let (queue, tokenize) = (taken.saturating_duration_since(since), started.elapsed());
                let timings = EncodeTimings { queue, tokenize, encode: Duration::ZERO };
                Some(Read { then: job.then, tokens, timings })
            }
            Err(error) => {
                finish(job.then, Err(error));
                None
            }
        }
    }

    /// One result a text, in order. Texts of like length share a pass; if one fails, each of its texts passes alone.
    fn encode(&self, texts: &[&Tokens]) -> Vec<Result<Embedding, EncoderError>> {
        let mut order: Vec<(usize, &Tokens)> = texts.iter().copied().enumerate().collect();
        order.sort_by_key(|(_, text)| text.len());
        let lengths: Vec<usize> = order.iter().map(|(_, text)| text.len()).collect();
        let mut results = Vec::with_capacity(texts.len());
        for range in plan::batches(&lengths, self.batch_tokens) {
            let batch = order.get(range).unwrap_or_default();
            let tokens: Vec<Tokens> = batch.iter().map(|(_, text)| (*text).clone()).collect();
            let places = batch.iter().map(|(place, _)| *place);
            results.extend(places.zip(self.encode_batch(&tokens)));
        }
        results.sort_by_key(|(place, _)| *place);
        results.into_iter().map(|(_, result)| result).collect()
    }

    fn encode_batch(&self, batch: &[Tokens]) -> Vec<Result<Embedding, EncoderError>> {
        match guarded(|| self.encoder.encode(batch)) {
            Ok(embeddings) if embeddings.len() == batch.len() => {
                embeddings.into_iter().map(Ok).collect()
            }
            Err(error) if batch.len() == 1 => vec![Err(error)],
            Ok(_) | Err(_) => batch.iter().map(|text| self.encode_one(text)).collect(),
        }
    }

    fn encode_one(&self, text: &Tokens) -> Result<Embedding, EncoderError> {
        let embeddings = guarded(|| self.encoder.encode(std::slice::from_ref(text)))?;
        embeddings.into_iter().next().ok_or(EncoderError::NoTokens)
    }
}

fn encoded(
    embeddings: Vec<Result<Embedding, EncoderError>>,
    tokens: &[Tokens],
    timings: EncodeTimings,
) -> Result<Encoded, EncoderError> {
    Ok(Encoded {
        embeddings: embeddings.into_iter().collect::<Result<_, _>>()?,
        tokens: tokens.iter().map(Tokens::len).collect(),
        truncated: tokens.iter().map(Tokens::truncated).collect(),
        timings,
    })
}

/// Runs the closure that waits for a result.
pub(super) fn finish(then: Then, result: Result<Encoded, EncoderError>) {
    let handed_over = guarded(|| {
        then(result);
        Ok(())
    });
    if handed_over.is_err() {
        tracing::error!("the work after encoding panicked; its job is lost");
    }
}

/// Runs `work`; a panic becomes an error. What it may have left half done belongs to one job and is dropped with it.
fn guarded<T>(work: impl FnOnce() -> Result<T, EncoderError>) -> Result<T, EncoderError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or(Err(EncoderError::Panicked))
}
