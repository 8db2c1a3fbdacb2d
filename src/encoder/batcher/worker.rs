//! One thread of the batcher: takes what waits, tokenises, encodes, hands out. Nothing that a job does ends the thread.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::queue::{Lane, Queue, Waiting};
use super::{EncodeTimings, Encoded, Job, Tell, Then};
use crate::encoder::cache::{Cache, Known};
use crate::encoder::{Embedding, Encoder, EncoderError, Role, Tokens, plan};

pub(super) struct Worker {
    pub(super) encoder: Arc<dyn Encoder>,
    pub(super) queue: Arc<Queue>,
    /// Of single jobs; what comes in bulk is kept by whoever sends it.
    pub(super) cache: Option<Arc<Cache>>,
    pub(super) batch_tokens: usize,
}

/// A job whose texts are tokenised, or known already.
struct Read {
    job: Job,
    lane: Lane,
    texts: Vec<Text>,
    timings: EncodeTimings,
}

enum Text {
    Known(Known),
    New(Tokens),
}

impl Text {
    fn tokens(&self) -> Option<&Tokens> {
        match self {
            Self::Known(_) => None,
            Self::New(tokens) => Some(tokens),
        }
    }

    /// What is known of it now; a new one takes the next result.
    fn known(
        self,
        results: &mut impl Iterator<Item = Result<Embedding, EncoderError>>,
    ) -> Result<Known, EncoderError> {
        match self {
            Self::Known(known) => Ok(known),
            Self::New(tokens) => {
                let embedding = results.next().unwrap_or(Err(EncoderError::NoTokens))?;
                Ok(Known { embedding, tokens: tokens.len(), truncated: tokens.truncated() })
            }
        }
    }
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
        let new: Vec<&Tokens> =
            read.iter().flat_map(|job| &job.texts).filter_map(Text::tokens).collect();
        let mut results = self.encode(&new).into_iter();
        let took = started.elapsed();
        let count = new.len();
        let mut tell = Vec::with_capacity(read.len());
        for Read { job, lane, texts, timings } in read {
            let cached = texts.iter().filter(|text| text.tokens().is_none()).count();
            // Every result is taken before the first error ends the job: the next job's results stand behind them.
            let known: Vec<Result<Known, EncoderError>> =
                texts.into_iter().map(|text| text.known(&mut results)).collect();
            let known: Result<Vec<Known>, EncoderError> = known.into_iter().collect();
            if let (Some(cache), Ok(known)) = (self.cache_of(lane), &known) {
                keep(cache, &job.texts, known);
            }
            let timings = EncodeTimings { encode: took, ..timings };
            tell.extend(conclude(job.then, known.map(|known| encoded(known, cached, timings))));
        }
        tell.into_iter().for_each(run);
        self.queue.record(count, taken.elapsed());
    }

    fn cache_of(&self, lane: Lane) -> Option<&Cache> {
        self.cache.as_deref().filter(|_| lane == Lane::Single)
    }

    /// Tokenises a job. One that nobody waits for is dropped; one whose text cannot be read is told so and is done.
    fn read(&self, waiting: Waiting, taken: Instant) -> Option<Read> {
        let Waiting { job, lane, since } = waiting;
        let started = Instant::now();
        if !guarded(|| Ok((job.wanted)())).unwrap_or(false) {
            return None;
        }
        match guarded(|| job.texts.iter().map(|text| self.read_text(text, lane)).collect()) {
            Ok(texts) => {
                let (queue, tokenize) = (taken.saturating_duration_since(since), started.elapsed());
                let timings = EncodeTimings { queue, tokenize, encode: Duration::ZERO };
                Some(Read { job, lane, texts, timings })
            }
            Err(error) => {
                finish(job.then, Err(error));
                None
            }
        }
    }

    fn read_text(&self, (text, role): &(String, Role), lane: Lane) -> Result<Text, EncoderError> {
        match self.cache_of(lane).and_then(|cache| cache.get(text, *role)) {
            Some(known) => Ok(Text::Known(known)),
            None => self.encoder.tokenize(text, *role).map(Text::New),
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

fn keep(cache: &Cache, texts: &[(String, Role)], known: &[Known]) {
    for ((text, role), known) in texts.iter().zip(known) {
        cache.keep(text, *role, known.clone());
    }
}

fn encoded(known: Vec<Known>, cached: usize, timings: EncodeTimings) -> Encoded {
    let tokens = known.iter().map(|known| known.tokens).collect();
    let truncated = known.iter().map(|known| known.truncated).collect();
    let embeddings = known.into_iter().map(|known| known.embedding).collect();
    Encoded { embeddings, tokens, truncated, cached, timings }
}

/// Ends a job: works on its result, and tells.
pub(super) fn finish(then: Box<Then>, result: Result<Encoded, EncoderError>) {
    if let Some(tell) = conclude(then, result) {
        run(tell);
    }
}

/// Runs the closure that waits for a result.
fn conclude(then: Box<Then>, result: Result<Encoded, EncoderError>) -> Option<Tell> {
    let concluded = guarded(|| Ok(then(result)));
    if concluded.is_err() {
        tracing::error!("the work after encoding panicked; its job is lost");
    }
    concluded.ok()
}

fn run(tell: Tell) {
    let told = guarded(|| {
        tell();
        Ok(())
    });
    if told.is_err() {
        tracing::error!("telling of a result panicked; its job is lost");
    }
}

/// Runs `work`; a panic becomes an error. What it may have left half done belongs to one job and is dropped with it.
fn guarded<T>(work: impl FnOnce() -> Result<T, EncoderError>) -> Result<T, EncoderError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or(Err(EncoderError::Panicked))
}
