//! Works off one conversation: a task that exists while something waits in it, takes one thing at a time in order, and so
//! keeps the order of a conversation without ever holding up another.

use std::sync::Arc;

use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use super::burst::Burst;
use super::conversation::Conversation;
use super::course::is_worth_a_wait;
use super::error::DispatchError;
use super::inbox::Next;
use super::inner::Inner;
use super::key::Key;
use super::reading::Reading;
use super::registry::Entry;
use super::waiter::Pending;
use crate::journal::Record;
use crate::journal::record::{CustomerEvent, Happened};
use crate::routing;

/// The task of one conversation.
#[derive(Debug)]
pub(super) struct Worker {
    inner: Arc<Inner>,
    key: Key,
    bell: Arc<Notify>,
    at_end: bool,
}

/// What waiting for the rest of a burst brought.
enum Waited {
    /// The burst is another now: read it again.
    Changed,
    /// Nothing; it is decided as it stands.
    Over,
}

impl Worker {
    /// Starts the task. The registry says when there is none yet.
    pub(super) fn start(inner: &Arc<Inner>, key: Key) {
        let bell = inner.registry.bell(&key);
        let worker = Self { inner: Arc::clone(inner), key, bell, at_end: false };
        drop(tokio::spawn(worker.run()));
    }

    async fn run(mut self) {
        loop {
            match self.inner.registry.next(&self.key, Instant::now()) {
                Next::Take { value, gap_from } => {
                    self.note_gap(gap_from);
                    self.take(value).await;
                }
                Next::Passed(Entry::Message(pending)) => self.refuse_passed(&pending),
                Next::Passed(Entry::NoMore(..)) => {} // has no number
                Next::Wait(until) => self.listen(until).await,
                Next::Other | Next::Empty => break,
            }
        }
        self.at_end = true;
    }

    async fn take(&self, entry: Entry) {
        match entry {
            Entry::Message(pending) => self.decide(Burst::new(*pending)).await,
            Entry::NoMore(end, done) => {
                let record = || ended(&self.key, end);
                match self.inner.write(record).await {
                    Ok(_written) => {
                        self.inner.end_ticket_of(&self.key, end).await;
                        // Whoever reported it may have stopped waiting; the effect stands.
                        done.send(()).ok();
                    }
                    Err(error) => tracing::warn!(%error, "the end of a ticket was not written"),
                }
            }
        }
    }

    /// Reads, waits for more where more could change it, and settles.
    async fn decide(&self, mut burst: Burst) {
        loop {
            if let Some(held) = self.inner.held_by_person(&self.key) {
                return self.inner.pass_on(&self.key, &burst, &held).await;
            }
            let reading = match self.read(&mut burst).await {
                Ok(reading) => reading,
                Err(error) => return self.fail(&burst, error),
            };
            match self.wait_for_more(&mut burst, &reading).await {
                Waited::Changed if burst.messages.is_empty() => return,
                Waited::Changed => {}
                Waited::Over => return self.inner.settle(&self.key, &burst, reading).await,
            }
        }
    }

    async fn read(&self, burst: &mut Burst) -> Result<Reading, DispatchError> {
        let conversation = self.inner.wake(&self.key);
        let turn = self.inner.turn(&self.key, &conversation, burst);
        let waiters: Vec<_> =
            burst.messages.iter().map(|pending| Arc::clone(&pending.waiter)).collect();
        let wanted = Box::new(move || waiters.iter().any(|waiter| waiter.wanted()));
        let reading = (self.inner.reader.read)(turn, wanted).await?;
        burst.spent(&reading.timings);
        Ok(reading)
    }

    /// Waits for the rest of a burst. A message that cannot be read together with these ends the wait.
    async fn wait_for_more(&self, burst: &mut Burst, reading: &Reading) -> Waited {
        loop {
            if self.inner.registry.prune(&self.key, &mut burst.messages) {
                return Waited::Changed;
            }
            let now = Instant::now();
            let Some(until) = self.may_wait_until(burst, reading, now) else { return Waited::Over };
            let registry = &self.inner.registry;
            match registry
                .next_of_burst(&self.key, burst.expected(), now, |other| burst.fits(other))
            {
                Next::Take { value, gap_from } => {
                    self.note_gap(gap_from);
                    burst.messages.push(value);
                    return Waited::Changed;
                }
                Next::Passed(pending) => self.refuse_passed(&pending),
                Next::Wait(gap) => self.hold(burst, until.min(gap)).await,
                Next::Empty => self.hold(burst, until).await,
                Next::Other => return Waited::Over,
            }
        }
    }

    /// Beside a ticket nothing waits: there a message is only passed on.
    fn may_wait_until(
        &self,
        burst: &mut Burst,
        reading: &Reading,
        now: Instant,
    ) -> Option<Instant> {
        let has_ticket =
            self.inner.registry.read(&self.key, |conversation| conversation.ticket().is_some());
        if has_ticket == Some(true) || !is_worth_a_wait(&reading.decision) {
            return None;
        }
        burst.wait_until(self.inner.config.times.hold, now)
    }

    async fn hold(&self, burst: &mut Burst, until: Instant) {
        let from = Instant::now();
        self.listen(until).await;
        burst.held(from.elapsed());
    }

    /// Until something arrives or the time has come.
    async fn listen(&self, until: Instant) {
        drop(timeout_at(until, self.bell.notified()).await);
    }

    fn fail(&self, burst: &Burst, error: DispatchError) {
        self.inner.registry.finish(&self.key, &burst.messages, &Err(error), |_| {});
    }

    fn refuse_passed(&self, pending: &Pending) {
        let expected =
            self.inner.registry.read(&self.key, Conversation::expected).unwrap_or_default();
        let sequence = pending.message.sequence.unwrap_or_default();
        let error = DispatchError::SequencePassed { sequence, expected };
        self.inner.registry.finish(&self.key, std::slice::from_ref(pending), &Err(error), |_| {});
    }

    fn note_gap(&self, gap_from: Option<u64>) {
        if let Some(missing) = gap_from {
            tracing::info!(conversation = %self.key.id, missing, "a gap in the sequence was given up");
        }
    }
}

/// What the gateway reported.
fn ended(key: &Key, end: routing::End) -> Record {
    let what = if end == routing::End::CustomerLeft { Happened::Left } else { Happened::Cancelled };
    Record::Customer(CustomerEvent { conversation: key.clone(), what })
}

impl Drop for Worker {
    /// A defect below ends this task early; nobody may wait for ever on what it left.
    fn drop(&mut self) {
        if !self.at_end {
            self.inner.registry.abandon(&self.key);
        }
    }
}
