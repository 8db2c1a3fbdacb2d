//! The journal: how many records a second are durable for 64 callers that each wait for the one before, and how long a start
//! takes with a million records.
//!
//! `cargo bench --bench journal` prints both; fsync is on. The start reads the state that was kept, 50,000 conversations, and
//! the 50,000 records after it, as a service that keeps its state once a minute would find them; once after a clean end, once on
//! a copy that was taken while the journal was open, as a killed process leaves it. `JOURNAL_RECORDS` says how many records.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a bench"
)]

use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use firstline::journal::record::{AgentWords, Record};
use firstline::journal::{Config, FILE, Journal, JournalError, PartOf, Receipt, Snapshot};
use firstline::message::{AgentId, CallerId, ConversationId, TicketId, Timestamp};
use firstline::routing::Conversation;
use firstline::seal::Keyring;

const CALLERS: u32 = 64;
const CONVERSATIONS: u32 = 50_000;
/// Records after the kept state.
const SINCE: u32 = 50_000;
/// Bytes of a decision with its evidence, about; and of an event.
const SIZES: [usize; 2] = [300, 6000];

/// A storage directory that ends with the bench.
struct Storage(PathBuf);

impl Storage {
    fn new() -> Self {
        Self(std::env::temp_dir().join(format!("firstline-bench-{}", uuid::Uuid::new_v4())))
    }

    fn open(&self) -> Journal {
        open(&self.0)
    }

    /// The files as they are now.
    fn copy(&self) -> Self {
        let copy = Self::new();
        std::fs::create_dir_all(&copy.0).unwrap();
        for name in [FILE, "key"] {
            std::fs::copy(self.0.join(name), copy.0.join(name)).unwrap();
        }
        copy
    }
}

impl Drop for Storage {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

fn open(storage: &Path) -> Journal {
    let config = Config { queue: 65_536, ..Config::default() };
    Journal::open(storage, Keyring::open(storage, None).unwrap(), config).unwrap()
}

fn now() -> Timestamp {
    "2026-11-02T01:31:07Z".parse().unwrap()
}

fn whose(number: u32) -> Conversation {
    let id = ConversationId::new(&format!("c{}", number % CONVERSATIONS)).unwrap();
    Conversation { caller: CallerId::new("web").unwrap(), id }
}

fn record(number: u32, text: &str) -> Record {
    Record::AgentSaid(AgentWords {
        name: "Ana".to_owned(),
        conversation: whose(number),
        ticket: TicketId::new("t1").unwrap(),
        agent: AgentId::new("ana").unwrap(),
        message_id: format!("m{number}"),
        text: text.to_owned(),
    })
}

/// Each caller waits for its record before it brings the next.
fn append(journal: &Journal, each: u64, text: &str) -> Duration {
    let begun = Instant::now();
    thread::scope(|scope| {
        for caller in 0..CALLERS {
            scope.spawn(move || {
                for count in 0..u32::try_from(each).unwrap() {
                    let record = record(caller * 7919 + count * 31, text);
                    journal.append(now(), &record).unwrap().wait().unwrap();
                }
            });
        }
    });
    begun.elapsed()
}

fn appends(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("durable appends, 64 callers");
    group.sample_size(10).throughput(Throughput::Elements(CALLERS.into()));
    for bytes in SIZES {
        let storage = Storage::new();
        let journal = storage.open();
        let text = "x".repeat(bytes);
        group.bench_function(format!("{bytes} bytes"), |bencher| {
            bencher.iter_custom(|rounds| append(&journal, rounds, &text));
        });
    }
    group.finish();
}

/// Puts a record in line, waiting where the line is full.
fn put(journal: &Journal, record: &Record) -> Receipt {
    loop {
        match journal.append(now(), record) {
            Err(JournalError::Overloaded { .. }) => thread::sleep(Duration::from_millis(1)),
            other => return other.unwrap(),
        }
    }
}

/// A journal of so many records whose state was kept some while before its end.
fn fill(storage: &Storage, records: u32) -> Journal {
    let journal = storage.open();
    let text = "x".repeat(SIZES[0]);
    let before = records.saturating_sub(SINCE);
    let last = (0..before).fold(None, |_, number| Some(put(&journal, &record(number, &text))));
    let after = last.map_or(0, |last| last.wait().unwrap());
    for numbers in (0..CONVERSATIONS).collect::<Vec<_>>().chunks(1000) {
        let mut snapshot = Snapshot::new(after);
        for number in numbers {
            snapshot.put(PartOf::Conversation(whose(*number)), &"x".repeat(1500)).unwrap();
        }
        snapshot.covers(after);
        journal.keep(now(), snapshot).unwrap().wait().unwrap();
    }
    let last =
        (before..records).fold(None, |_, number| Some(put(&journal, &record(number, &text))));
    last.map(|last| last.wait().unwrap());
    journal
}

/// Everything that a start reads.
fn start(storage: &Path) -> Duration {
    let begun = Instant::now();
    let recovered = open(storage).recovered().unwrap();
    let parts = recovered.parts.iter().filter(|part| part.content::<String>().is_ok()).count();
    let records = recovered.entries.map(Result::unwrap).count();
    assert!(parts == CONVERSATIONS as usize && records >= 1);
    begun.elapsed()
}

fn starts(criterion: &mut Criterion) {
    let records = std::env::var("JOURNAL_RECORDS").ok().and_then(|count| count.parse().ok());
    let records = records.unwrap_or(1_000_000);
    let storage = Storage::new();
    let journal = fill(&storage, records);
    let killed = storage.copy();
    drop(journal);
    println!("start with {records} records, after a kill: {:.2?}", start(&killed.0));
    let mut group = criterion.benchmark_group("start");
    group.sample_size(10);
    group.bench_function(format!("{records} records"), |bencher| {
        bencher.iter_custom(|rounds| (0..rounds).map(|_| start(&storage.0)).sum());
    });
    group.finish();
}

criterion_group!(benches, appends, starts);
criterion_main!(benches);
