//! The bounded queue in front of the workers: two lanes under one lock. The lane of single jobs is [`super::fair`] to callers.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::Job;
use super::fair::Fair;
use crate::encoder::{EncoderError, plan};

/// Batches of single jobs that may pass before bulk gets a turn.
const PATIENCE: u32 = 4;
/// The bounds of the time that who is refused should stay away.
const SOONEST: Duration = Duration::from_millis(50);
const LATEST: Duration = Duration::from_secs(30);
/// Texts that may wait however long each takes.
const ALWAYS: usize = 48;

/// Which lane a job stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lane {
    /// Somebody waits for the answer. Bounded here.
    Single,
    /// Bounded by who submits it.
    Bulk,
}

/// A job that had to leave the queue, and the error its caller is due.
pub(super) type Displaced = (Waiting, EncoderError);

/// A job in the queue.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) job: Job,
    pub(super) lane: Lane,
    pub(super) since: Instant,
}

impl Waiting {
    pub(super) fn new(lane: Lane, job: Job) -> Self {
        Self { job, lane, since: Instant::now() }
    }
    /// A guess at the tokens of its longest text, times its texts.
    fn guess(&self, cap: usize) -> usize {
        let longest = self.job.texts.iter().map(|(text, _)| text.len()).max().unwrap_or(0);
        plan::guess(longest, cap) * self.job.texts.len().max(1)
    }
}

#[derive(Debug)]
struct State {
    single: Fair,
    bulk: VecDeque<Waiting>,
    idle: usize,
    passed_over: u32,
    /// A running mean of the time one text takes one worker.
    per_text: Duration,
    /// The latest time to come back that anybody was told.
    promised: Option<Instant>,
    stopping: bool,
}

#[derive(Debug)]
pub(super) struct Queue {
    state: Mutex<State>,
    changed: Condvar,
    limit: usize,
    longest_wait: Duration,
    workers: usize,
}

impl Queue {
    /// A queue of at most so many texts, none of which should have to wait longer than that.
    pub(super) fn new((limit, longest_wait): (usize, Duration), workers: usize) -> Self {
        let state = State {
            single: Fair::default(),
            bulk: VecDeque::new(),
            idle: 0,
            passed_over: 0,
            per_text: Duration::from_millis(10),
            promised: None,
            stopping: false,
        };
        Self { state: Mutex::new(state), changed: Condvar::new(), limit, longest_wait, workers }
    }

    /// No code of others runs under the lock, so a poisoned one still guards a whole state.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn waiting(&self) -> usize {
        self.lock().single.texts()
    }

    /// Puts a job into its lane. Jobs of other callers that had to make room for it come back, with what to tell them.
    pub(super) fn push(&self, waiting: Waiting) -> Result<Vec<Displaced>, EncoderError> {
        let mut state = self.lock();
        if state.stopping {
            return Err(EncoderError::Stopped);
        }
        let mut displaced = Vec::new();
        match waiting.lane {
            Lane::Bulk => state.bulk.push_back(waiting),
            Lane::Single => {
                let room = self.room(&state);
                let Some(out) = state.single.make_room(&waiting, room) else {
                    return Err(self.overloaded(&mut state));
                };
                state.single.push(waiting);
                for job in out {
                    displaced.push((job, self.overloaded(&mut state)));
                }
            }
        }
        drop(state);
        self.changed.notify_one();
        Ok(displaced)
    }

    /// Texts that may wait, at the pace of late.
    fn room(&self, state: &State) -> usize {
        let each = state.per_text.as_nanos().max(1);
        let texts = self.longest_wait.as_nanos() / each * self.workers as u128;
        usize::try_from(texts).unwrap_or(usize::MAX).max(ALWAYS).min(self.limit)
    }

    /// Refuses, with a time to come back. Everybody who is refused is told another time, a text's work after the one
    /// before, so that a crowd does not come back as a crowd and find the queue full again.
    fn overloaded(&self, state: &mut State) -> EncoderError {
        let waiting = state.single.texts();
        let workers = u32::try_from(self.workers.max(1)).unwrap_or(u32::MAX);
        let step = state.per_text / workers;
        let now = Instant::now();
        let drained = now + step.saturating_mul(u32::try_from(waiting).unwrap_or(u32::MAX));
        let at = state.promised.map_or(drained, |promised| promised.max(drained) + step);
        let retry_after = (at - now).clamp(SOONEST, LATEST);
        state.promised = Some(now + retry_after);
        EncoderError::Overloaded { waiting, retry_after }
    }

    /// Blocks until there is work, and takes a share of it from the front of one lane; `None` once the queue is stopped.
    pub(super) fn take(&self, budget: usize, cap: usize) -> Option<Vec<Waiting>> {
        let mut state = self.lock();
        state.idle += 1;
        while !state.stopping && state.single.texts() == 0 && state.bulk.is_empty() {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let idle = state.idle;
        state.idle -= 1;
        (!state.stopping).then(|| state.next(idle, budget, cap))
    }

    /// Tells what a batch took a worker, for the foresight of [`Queue::room`] and the hint of a full queue.
    pub(super) fn record(&self, texts: usize, took: Duration) {
        let Ok(texts @ 1..) = u32::try_from(texts) else { return };
        let mut state = self.lock();
        state.per_text = (state.per_text * 7 + took / texts) / 8;
    }

    /// Ends the queue and hands back what still waits.
    pub(super) fn stop(&self) -> Vec<Waiting> {
        let mut state = self.lock();
        state.stopping = true;
        let mut left: Vec<Waiting> = state.single.drain().collect();
        left.extend(state.bulk.drain(..));
        drop(state);
        self.changed.notify_all();
        left
    }
}

impl State {
    fn next(&mut self, idle: usize, budget: usize, cap: usize) -> Vec<Waiting> {
        let bulk =
            !self.bulk.is_empty() && (self.single.texts() == 0 || self.passed_over >= PATIENCE);
        if bulk {
            self.passed_over = 0;
            return self.bulk.pop_front().into_iter().collect();
        }
        self.passed_over += 1;
        let share = plan::share(self.single.jobs(), idle);
        let guesses = self.single.in_turn().take(share).map(|waiting| waiting.guess(cap));
        let count = plan::front(guesses, budget);
        (0..count).map_while(|_| self.single.pop()).collect()
    }
}
