//! The one thread that writes. It takes everything that waits into one transaction, and when that is on the disk it tells
//! whoever waits. After a fault it writes nothing more: every later append gets the same error, by name.

use std::sync::mpsc::{self, Receiver, SyncSender, TrySendError};
use std::sync::{Arc, OnceLock};
use std::thread::{self, JoinHandle};

use tokio::sync::oneshot;

use super::error::JournalError;
use super::frame::Alias;
use super::receipt::{Receipt, Reply};
use super::store::{Batch, Draft, End, PartDraft, Retention, Store};

/// Bytes of bodies that one transaction takes, about.
const BATCH_BYTES: usize = 8 << 20;

/// The way to the thread.
#[derive(Debug)]
pub(super) struct Writer {
    queue: Option<SyncSender<Job>>,
    limit: usize,
    fault: Arc<OnceLock<JournalError>>,
    thread: Option<JoinHandle<()>>,
}

/// Something to write.
#[derive(Debug)]
pub(super) enum Work {
    /// A record.
    Append(Draft),
    /// Parts of the state after a record, and the record that says so.
    Keep { after: u64, covers: Option<u64>, parts: Vec<PartDraft>, note: Draft },
    /// Forgets a conversation's key; the record says so.
    Erase(Alias, Draft),
    /// Drops what is out of date.
    Forget(Retention),
}

/// Something to write, and who waits for it.
#[derive(Debug)]
struct Job {
    work: Work,
    reply: oneshot::Sender<Reply>,
}

impl Writer {
    /// Starts the thread behind a queue for `limit` records.
    pub(super) fn start(store: Store, end: End, limit: usize) -> Result<Self, JournalError> {
        let (queue, jobs) = mpsc::sync_channel(limit);
        let fault = Arc::new(OnceLock::new());
        let task = Task { store, end, fault: Arc::clone(&fault) };
        let thread = thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || task.run(&jobs))
            .map_err(|error| JournalError::Broken {
                path: "the journal's thread".into(),
                what: error.to_string(),
            })?;
        Ok(Self { queue: Some(queue), limit, fault, thread: Some(thread) })
    }

    /// Puts something in line, or says at once why not.
    pub(super) fn write(&self, work: Work) -> Result<Receipt, JournalError> {
        if let Some(fault) = self.fault.get() {
            return Err(fault.clone());
        }
        let (reply, receipt) = oneshot::channel();
        let queue = self.queue.as_ref().ok_or(JournalError::Closed)?;
        queue.try_send(Job { work, reply }).map_err(|refused| match refused {
            TrySendError::Full(_) => JournalError::Overloaded { limit: self.limit },
            TrySendError::Disconnected(_) => self.fault().unwrap_or(JournalError::Closed),
        })?;
        Ok(Receipt::new(receipt))
    }

    #[cfg(test)]
    pub(super) fn fail(&self, fault: JournalError) {
        self.fault.get_or_init(|| fault);
    }

    /// What stopped it.
    pub(super) fn fault(&self) -> Option<JournalError> {
        self.fault.get().cloned()
    }
}

impl Drop for Writer {
    /// What waits is still written.
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            // It has told whoever waits; there is nobody left to tell of its end.
            thread.join().ok();
        }
    }
}

struct Task {
    store: Store,
    end: End,
    fault: Arc<OnceLock<JournalError>>,
}

impl Task {
    fn run(mut self, jobs: &Receiver<Job>) {
        while let Ok(first) = jobs.recv() {
            let jobs_of_now = gather(first, jobs);
            match self.write(&jobs_of_now) {
                Ok(numbers) => {
                    for (number, Job { reply, .. }) in numbers.into_iter().zip(jobs_of_now) {
                        // Whoever waited may have left; the record stands.
                        reply.send(Ok(number)).ok();
                    }
                }
                Err(error) => return self.give_up(&error, jobs_of_now, jobs),
            }
        }
    }

    fn write(&mut self, jobs: &[Job]) -> Result<Vec<u64>, JournalError> {
        let (store, end) = (&self.store, self.end);
        let (numbers, end) = store.guarded(|| commit(store, end, jobs))??;
        self.end = end;
        Ok(numbers)
    }

    /// Nothing is written after a gap. The thread stays to answer those that got in line before they could know.
    fn give_up(&self, error: &JournalError, waiting: Vec<Job>, jobs: &Receiver<Job>) {
        tracing::error!(%error, "the journal cannot be written any more");
        let error = self.fault.get_or_init(|| error.clone());
        for job in waiting.into_iter().chain(jobs.iter()) {
            job.reply.send(Err(error.clone())).ok();
        }
    }
}

fn commit(store: &Store, end: End, jobs: &[Job]) -> Result<(Vec<u64>, End), JournalError> {
    let mut batch = store.batch(end)?;
    let numbers = jobs.iter().map(|job| carry_out(&mut batch, &job.work));
    let numbers = numbers.collect::<Result<_, _>>()?;
    Ok((numbers, batch.commit()?))
}

/// The number of the record that it wrote; for what is dropped, how many.
fn carry_out(batch: &mut Batch<'_>, work: &Work) -> Result<u64, JournalError> {
    match work {
        Work::Append(draft) => batch.add(draft),
        Work::Keep { after, covers, parts, note } => {
            batch.keep(*after, parts)?;
            if let Some(covers) = covers {
                batch.cover(*covers)?;
            }
            batch.add(note)
        }
        Work::Erase(alias, note) => {
            batch.erase(alias)?;
            batch.add(note)
        }
        Work::Forget(retention) => batch.forget(*retention),
    }
}

/// Everything that waits, within a transaction's bound.
fn gather(first: Job, jobs: &Receiver<Job>) -> Vec<Job> {
    let mut bytes = first.work.bytes();
    let mut gathered = vec![first];
    while bytes < BATCH_BYTES
        && let Ok(job) = jobs.try_recv()
    {
        bytes += job.work.bytes();
        gathered.push(job);
    }
    gathered
}

impl Work {
    fn bytes(&self) -> usize {
        let part = |part: &PartDraft| part.body.as_ref().map_or(0, Vec::len);
        match self {
            Self::Append(draft) | Self::Erase(_, draft) => draft.body.len(),
            Self::Keep { parts, .. } => parts.iter().map(part).sum(),
            Self::Forget(_) => BATCH_BYTES,
        }
    }
}
