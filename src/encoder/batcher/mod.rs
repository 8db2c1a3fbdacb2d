//! The threads of the encoder: one a core, fed from a bounded queue, in batches made of whatever waits ([`super::plan`]).
//! Nothing waits for a batch to fill, and a full queue says so at once. It knows no runtime: who waits for an answer passes
//! a closure, which runs on the worker.
//!
//! There are two lanes: single jobs first, and behind them the bulk of [`Batcher::encode_all`], which gets a turn now and
//! then even under load.

mod fair;
mod queue;
mod worker;

use std::collections::VecDeque;
use std::fmt;
use std::num::NonZero;
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::cache::Cache;
use queue::{Lane, Queue, Waiting};

use super::{Embedding, Encoder, EncoderError, Model, Role, plan};
use crate::message::CallerId;

/// How many threads, how much may wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Threads; 0 is one a core.
    pub workers: usize,
    /// Texts that may wait before [`EncoderError::Overloaded`], 1 or more.
    pub queue: usize,
    /// How long a text may have to wait, as far as can be foreseen, before [`EncoderError::Overloaded`]: who is refused at
    /// once can come back, who waits in a long queue is answered late. A queue of a few dozen texts is never too long.
    pub longest_wait: Duration,
    /// Bytes of vectors that are kept for texts that come again; 0 keeps none.
    pub cache_bytes: u64,
    /// Tokens of one pass through the network, padding included, 1 or more. A longer text passes alone.
    pub batch_tokens: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            workers: 0,
            queue: 512,
            longest_wait: Duration::from_millis(150),
            cache_bytes: 16 << 20,
            batch_tokens: 512,
        }
    }
}

/// Texts to encode, and what to do then.
pub struct Job {
    /// On whose behalf; callers take turns.
    pub caller: Option<CallerId>,
    /// The texts and their roles.
    pub texts: Vec<(String, Role)>,
    /// Asked when the job's turn comes; once it says no, the job is dropped and `then` never runs.
    pub wanted: Box<dyn Fn() -> bool + Send>,
    /// Gets the result on the worker's thread. A panic in it ends this job only.
    pub then: Box<Then>,
}

/// What is done with a result. What it returns runs when the whole batch is through: who waits for it is woken then, since
/// a thread that wakes for each text of a batch would take the processor from the texts behind it.
pub type Then = dyn FnOnce(Result<Encoded, EncoderError>) -> Tell + Send;

/// Tells whoever waits.
pub type Tell = Box<dyn FnOnce() + Send>;

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Job({} texts)", self.texts.len())
    }
}

/// What became of a job's texts, in their order.
#[derive(Debug, Clone)]
pub struct Encoded {
    /// One vector a text.
    pub embeddings: Vec<Embedding>,
    /// Tokens read, special ones included.
    pub tokens: Vec<usize>,
    /// Whether the text went on beyond the cap.
    pub truncated: Vec<bool>,
    /// How many of the vectors were still known from earlier jobs.
    pub cached: usize,
    /// Where the time went.
    pub timings: EncodeTimings,
}

/// Where the time of a job went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EncodeTimings {
    /// From submission to a worker's hands.
    pub queue: Duration,
    /// Reading the job's texts into tokens.
    pub tokenize: Duration,
    /// In the network, together with the texts that shared its batch.
    pub encode: Duration,
}

/// Owns the worker threads. Dropping it lets the batches under way finish and hands [`EncoderError::Stopped`] to the rest.
pub struct Batcher {
    encoder: Arc<dyn Encoder>,
    queue: Arc<Queue>,
    workers: Vec<JoinHandle<()>>,
    batch_tokens: usize,
}

impl Batcher {
    /// Starts the threads.
    pub fn start(encoder: Arc<dyn Encoder>, config: &Config) -> Result<Self, EncoderError> {
        for (setting, value) in [("queue", config.queue), ("batch_tokens", config.batch_tokens)] {
            if value == 0 {
                return Err(EncoderError::Setting { setting, range: "1 or more" });
            }
        }
        let cores = || thread::available_parallelism().map_or(1, NonZero::get);
        let count = if config.workers == 0 { cores() } else { config.workers };
        let queue = Arc::new(Queue::new((config.queue, config.longest_wait), count));
        let cache = Cache::holding(config.cache_bytes).map(Arc::new);
        let mut batcher = Self {
            encoder,
            queue,
            workers: Vec::with_capacity(count),
            batch_tokens: config.batch_tokens,
        };
        for number in 0..count {
            let worker = worker::Worker {
                encoder: Arc::clone(&batcher.encoder),
                queue: Arc::clone(&batcher.queue),
                cache: cache.clone(),
                batch_tokens: config.batch_tokens,
            };
            let thread = thread::Builder::new().name(format!("encoder-{number}"));
            batcher.workers.push(thread.spawn(move || worker.run()).map_err(EncoderError::Thread)?);
        }
        Ok(batcher)
    }

    /// What the encoder runs.
    pub fn model(&self) -> &Model {
        self.encoder.model()
    }

    /// How many worker threads there are.
    pub fn workers(&self) -> usize {
        self.workers.len()
    }

    /// Texts that wait in front of the workers now.
    pub fn waiting(&self) -> usize {
        self.queue.waiting()
    }

    /// Puts a job in the queue, or says at once that it is full. Where it is full of another caller's jobs, the newest of
    /// those are told so instead.
    pub fn submit(&self, job: Job) -> Result<(), EncoderError> {
        for (displaced, error) in self.queue.push(Waiting::new(Lane::Single, job))? {
            worker::finish(displaced.job.then, Err(error));
        }
        Ok(())
    }

    /// Encodes many texts on all workers and blocks until all are done. Short and long texts are kept apart inside; the
    /// result is in the order of `texts`. `progress` gets the number done so far.
    /// Not for a worker's own thread, whose turn it would wait for.
    pub fn encode_all(
        &self,
        texts: &[String],
        role: Role,
        progress: &mut dyn FnMut(usize),
    ) -> Result<Vec<Embedding>, EncoderError> {
        let mut chunks = self.chunks(texts);
        let mut slots: Vec<Option<Embedding>> = vec![None; texts.len()];
        let (done, results) = mpsc::channel::<Chunk>();
        let (mut under_way, mut finished) = (0, 0);
        while finished < texts.len() {
            while under_way < 2 * self.workers.len()
                && let Some(indices) = chunks.pop_front()
            {
                self.submit_chunk(texts, role, indices, done.clone())?;
                under_way += 1;
            }
            let Ok((indices, encoded)) = results.recv() else { return Err(EncoderError::Stopped) };
            under_way -= 1;
            finished += indices.len();
            fill(&mut slots, &indices, encoded?.embeddings);
            progress(finished);
        }
        slots.into_iter().map(|slot| slot.ok_or(EncoderError::Stopped)).collect()
    }

    /// The indices of `texts` by length, cut into pieces of about one batch; the longest first, so that the last pieces
    /// are small and the workers finish together.
    fn chunks(&self, texts: &[String]) -> VecDeque<Vec<usize>> {
        let cap = self.model().max_tokens;
        let mut order: Vec<usize> = (0..texts.len()).collect();
        let guess =
            |index: &usize| texts.get(*index).map_or(0, |text| plan::guess(text.len(), cap));
        order.sort_by_key(|index| std::cmp::Reverse(guess(index)));
        let lengths: Vec<usize> = order.iter().map(guess).collect();
        plan::batches(&lengths, self.batch_tokens)
            .into_iter()
            .map(|range| order.get(range).unwrap_or_default().to_vec())
            .collect()
    }

    fn submit_chunk(
        &self,
        texts: &[String],
        role: Role,
        indices: Vec<usize>,
        done: mpsc::Sender<Chunk>,
    ) -> Result<(), EncoderError> {
        let chosen = indices.iter().filter_map(|index| texts.get(*index));
        let job = Job {
            caller: None,
            texts: chosen.map(|text| (text.clone(), role)).collect(),
            wanted: Box::new(|| true),
            // A send fails only when the caller has given up on an earlier error.
            then: Box::new(move |result| Box::new(move || drop(done.send((indices, result))))),
        };
        self.queue.push(Waiting::new(Lane::Bulk, job)).map(drop)
    }
}

/// The indices of a piece of bulk work, and what became of it.
type Chunk = (Vec<usize>, Result<Encoded, EncoderError>);

fn fill(slots: &mut [Option<Embedding>], indices: &[usize], embeddings: Vec<Embedding>) {
    for (index, embedding) in indices.iter().zip(embeddings) {
        if let Some(slot) = slots.get_mut(*index) {
            *slot = Some(embedding);
        }
    }
}

impl Drop for Batcher {
    fn drop(&mut self) {
        let left = self.queue.stop();
        let here = thread::current().id();
        for worker in self.workers.drain(..) {
            // The last handle may be dropped by a closure on a worker, which cannot wait for itself.
            if worker.thread().id() != here && worker.join().is_err() {
                tracing::error!("an encoder thread had panicked");
            }
        }
        for waiting in left {
            worker::finish(waiting.job.then, Err(EncoderError::Stopped));
        }
    }
}

impl fmt::Debug for Batcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Batcher({}, {} workers)", self.model().name, self.workers.len())
    }
}

#[cfg(test)]
mod tests;
