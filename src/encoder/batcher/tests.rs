use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};

use super::*;
use crate::encoder::{Pooling, Tokens};

/// Encodes a text as its length and its first byte; knows some texts that are trouble.
#[derive(Debug)]
struct Toy {
    model: Model,
    passes: AtomicUsize,
    gate: Option<std::sync::Mutex<Receiver<()>>>,
}

impl Toy {
    fn new() -> Self {
        let model = Model {
            name: "toy".to_owned(),
            dimensions: 2,
            layers: 1,
            vocabulary: 256,
            multiplied: 0,
            max_tokens: 64,
            pooling: Pooling::Mean,
            hash: String::new(),
        };
        Self { model, passes: AtomicUsize::new(0), gate: None }
    }
}

impl Encoder for Toy {
    fn model(&self) -> &Model {
        &self.model
    }
    fn tokenize(&self, text: &str, _: Role) -> Result<Tokens, EncoderError> {
        assert_ne!(text, "tokenizer panics");
        let ids: Vec<u32> = text.bytes().take(64).map(u32::from).collect();
        if ids.is_empty() {
            Err(EncoderError::NoTokens)
        } else {
            Ok(Tokens::new(ids, text.len() > 64))
        }
    }
    fn encode(&self, batch: &[Tokens]) -> Result<Vec<Embedding>, EncoderError> {
        self.passes.fetch_add(1, Ordering::Relaxed);
        if let Some(gate) = &self.gate {
            gate.lock().unwrap().recv().ok();
        }
        assert!(batch.iter().all(|text| text.ids()[0] != u32::from(b'!')), "bad text");
        Ok(batch.iter().map(vector).collect())
    }
}

fn vector(tokens: &Tokens) -> Embedding {
    Embedding::from_raw(vec![tokens.ids()[0] as f32, tokens.len() as f32])
}

fn expected(text: &str) -> Embedding {
    Embedding::from_raw(vec![f32::from(text.as_bytes()[0]), text.len().min(64) as f32])
}

fn config(workers: usize, queue: usize) -> Config {
    Config {
        workers,
        queue,
        longest_wait: Duration::from_hours(1),
        cache_bytes: 0,
        batch_tokens: 40,
    }
}

fn job(text: &str) -> (Job, Receiver<Result<Encoded, EncoderError>>) {
    let (sender, receiver) = channel();
    let job = Job {
        caller: None,
        texts: vec![(text.to_owned(), Role::Query)],
        wanted: Box::new(|| true),
        then: Box::new(move |result| Box::new(move || drop(sender.send(result)))),
    };
    (job, receiver)
}

fn run(batcher: &Batcher, text: &str) -> Result<Encoded, EncoderError> {
    let (job, receiver) = job(text);
    batcher.submit(job)?;
    receiver.recv_timeout(Duration::from_secs(20)).expect("an answer")
}

/// A batcher whose every pass waits for one unit sent down the channel.
fn gated(workers: usize, queue: usize) -> (Batcher, mpsc::Sender<()>, Arc<Toy>) {
    let (open, gate) = channel();
    let toy = Arc::new(Toy { gate: Some(std::sync::Mutex::new(gate)), ..Toy::new() });
    let encoder: Arc<dyn Encoder> = Arc::<Toy>::clone(&toy);
    (Batcher::start(encoder, &config(workers, queue)).unwrap(), open, toy)
}

fn until(condition: impl Fn() -> bool) {
    while !condition() {
        thread::yield_now();
    }
}

#[test]
fn an_answer_says_what_was_read() {
    let batcher = Batcher::start(Arc::new(Toy::new()), &config(2, 8)).unwrap();
    let answer = run(&batcher, "hello").unwrap();
    assert_eq!(answer.embeddings, [expected("hello")]);
    assert_eq!((answer.tokens, answer.truncated), (vec![5], vec![false]));
    let long = run(&batcher, &"x".repeat(99)).unwrap();
    assert_eq!((long.tokens, long.truncated), (vec![64], vec![true]));
}

#[test]
fn trouble_ends_one_job_and_not_the_worker() {
    let batcher = Batcher::start(Arc::new(Toy::new()), &config(1, 8)).unwrap();
    assert!(matches!(run(&batcher, "tokenizer panics"), Err(EncoderError::Panicked)));
    assert!(matches!(run(&batcher, "!"), Err(EncoderError::Panicked)));
    assert!(matches!(run(&batcher, ""), Err(EncoderError::NoTokens)));
    let (mut panics, _receiver) = job("then");
    panics.then = Box::new(|_| panic!("after encoding"));
    batcher.submit(panics).unwrap();
    assert_eq!(run(&batcher, "still here").unwrap().embeddings, [expected("still here")]);
}

#[test]
fn a_neighbour_in_the_batch_survives_a_bad_text() {
    let (batcher, open, _) = gated(1, 8);
    let (first, _first) = job("a");
    batcher.submit(first).unwrap();
    until(|| batcher.waiting() == 0);
    let ((bad, bad_result), (good, good_result)) = (job("!"), job("good"));
    batcher.submit(bad).unwrap();
    batcher.submit(good).unwrap();
    drop(open);
    assert!(matches!(bad_result.recv().unwrap(), Err(EncoderError::Panicked)));
    assert_eq!(good_result.recv().unwrap().unwrap().embeddings, [expected("good")]);
}

#[test]
fn a_full_queue_says_so_at_once() {
    let (batcher, open, _) = gated(1, 2);
    let (first, _first) = job("a");
    batcher.submit(first).unwrap();
    until(|| batcher.waiting() == 0);
    let receivers: Vec<_> = (0..2)
        .map(|_| {
            let (job, receiver) = job("b");
            batcher.submit(job).unwrap();
            receiver
        })
        .collect();
    let Err(EncoderError::Overloaded { waiting: 2, retry_after }) = batcher.submit(job("c").0)
    else {
        panic!("overloaded")
    };
    assert!(retry_after >= Duration::from_millis(50));
    drop(open);
    for receiver in &receivers {
        assert!(receiver.recv().unwrap().is_ok());
    }
}

#[test]
fn a_queue_is_full_when_its_end_is_too_far_off() {
    let check = |longest_wait: Duration, queue: usize, expect: usize| {
        let (open, gate) = channel();
        let toy = Toy { gate: Some(std::sync::Mutex::new(gate)), ..Toy::new() };
        let config = Config { longest_wait, ..config(1, queue) };
        let batcher = Batcher::start(Arc::new(toy), &config).unwrap();
        batcher.submit(job("a").0).unwrap();
        until(|| batcher.waiting() == 0);
        let taken = (0..500).take_while(|_| batcher.submit(job("b").0).is_ok()).count();
        assert_eq!(taken, expect, "{longest_wait:?}");
        drop(open);
    };
    // A text is taken to last 10 ms until one has been timed.
    check(Duration::from_secs(1), 400, 100);
    check(Duration::from_secs(1), 70, 70);
    check(Duration::ZERO, 400, 48);
}

#[test]
fn who_is_refused_is_told_different_times() {
    let (batcher, open, _) = gated(1, 1);
    batcher.submit(job("a").0).unwrap();
    until(|| batcher.waiting() == 0);
    batcher.submit(job("b").0).unwrap();
    let told: Vec<Duration> = (0..20)
        .map(|_| match batcher.submit(job("c").0) {
            Err(EncoderError::Overloaded { retry_after, .. }) => retry_after,
            other => panic!("{other:?}"),
        })
        .collect();
    assert!(told.windows(2).all(|pair| pair[0] < pair[1]), "{told:?}");
    assert!(told[19] > told[0] + Duration::from_millis(100), "ten milliseconds a text: {told:?}");
    drop(open);
}

#[test]
fn a_crowd_of_one_caller_gives_way_to_another() {
    let (batcher, open, _) = gated(1, 2);
    let submit = |caller: &str, text: &str| {
        let (job, receiver) = job(text);
        let caller = Some(CallerId::new(caller).unwrap());
        batcher.submit(Job { caller, ..job }).map(|()| receiver)
    };
    let first = submit("crowd", "a").unwrap();
    until(|| batcher.waiting() == 0);
    let (second, third) = (submit("crowd", "b").unwrap(), submit("crowd", "c").unwrap());
    let other = submit("other", "d").unwrap();
    assert!(matches!(third.recv().unwrap(), Err(EncoderError::Overloaded { .. })));
    drop(open);
    for receiver in [first, second, other] {
        assert!(receiver.recv().unwrap().is_ok());
    }
}

#[test]
fn a_text_that_comes_again_is_not_encoded_again() {
    let toy = Arc::new(Toy::new());
    let config = Config { cache_bytes: 1 << 20, ..config(1, 8) };
    let encoder: Arc<dyn Encoder> = Arc::<Toy>::clone(&toy);
    let batcher = Batcher::start(encoder, &config).unwrap();
    let long = "x".repeat(99);
    let (first, again) = (run(&batcher, &long).unwrap(), run(&batcher, &long).unwrap());
    assert_eq!((first.cached, again.cached), (0, 1));
    assert_eq!(
        (first.embeddings, first.tokens, first.truncated),
        (again.embeddings, again.tokens, again.truncated)
    );
    assert_eq!(toy.passes.load(Ordering::Relaxed), 1);
    batcher.encode_all(std::slice::from_ref(&long), Role::Query, &mut |_| ()).unwrap();
    assert_eq!(toy.passes.load(Ordering::Relaxed), 2, "bulk work is kept by whoever sends it");
}

#[test]
fn waiting_jobs_share_a_pass() {
    let (batcher, open, toy) = gated(1, 64);
    let (first, _first) = job("a");
    batcher.submit(first).unwrap();
    until(|| batcher.waiting() == 0);
    let receivers: Vec<_> = (0..6)
        .map(|_| {
            let (job, receiver) = job("bb");
            batcher.submit(job).unwrap();
            receiver
        })
        .collect();
    drop(open);
    for receiver in &receivers {
        assert!(receiver.recv().unwrap().is_ok());
    }
    assert_eq!(toy.passes.load(Ordering::Relaxed), 2);
}

#[test]
fn work_that_nobody_waits_for_is_dropped() {
    let (batcher, open, toy) = gated(1, 8);
    let (first, first_result) = job("a");
    batcher.submit(first).unwrap();
    until(|| batcher.waiting() == 0);
    let (mut gone, gone_result) = job("gone");
    gone.wanted = Box::new(|| false);
    batcher.submit(gone).unwrap();
    drop(open);
    assert!(first_result.recv().unwrap().is_ok());
    let dropped = gone_result.recv_timeout(Duration::from_secs(20));
    assert_eq!(dropped.unwrap_err(), RecvTimeoutError::Disconnected);
    assert_eq!(toy.passes.load(Ordering::Relaxed), 1);
}

#[test]
fn a_stopped_batcher_answers_everybody() {
    let (batcher, open, _) = gated(1, 8);
    let ((first, first_result), (second, second_result)) = (job("a"), job("b"));
    batcher.submit(first).unwrap();
    until(|| batcher.waiting() == 0);
    batcher.submit(second).unwrap();
    let stopping = thread::spawn(move || drop(batcher));
    drop(open);
    stopping.join().unwrap();
    assert!(first_result.recv().unwrap().is_ok());
    let second = second_result.recv().unwrap();
    assert!(second.is_ok() || matches!(second, Err(EncoderError::Stopped)));
}

#[test]
fn the_last_handle_may_be_dropped_on_a_worker() {
    let batcher = Arc::new(Batcher::start(Arc::new(Toy::new()), &config(2, 8)).unwrap());
    let (sender, receiver) = channel();
    let (mut last, _receiver) = job("a");
    let inside = Arc::clone(&batcher);
    let (ready, go) = channel::<()>();
    last.then = Box::new(move |_| {
        go.recv().ok();
        drop(inside);
        Box::new(move || sender.send(()).unwrap_or_default())
    });
    batcher.submit(last).unwrap();
    drop(batcher);
    ready.send(()).unwrap();
    receiver.recv_timeout(Duration::from_secs(20)).expect("no deadlock");
}

#[test]
fn bulk_keeps_the_order_of_its_texts() {
    let batcher = Batcher::start(Arc::new(Toy::new()), &config(3, 1)).unwrap();
    let texts: Vec<String> = (0..200u8)
        .map(|i| char::from(b'A' + i % 50).to_string().repeat(1 + usize::from(i) % 90))
        .collect();
    let mut seen = 0;
    let all = batcher.encode_all(&texts, Role::Passage, &mut |done| seen = done).unwrap();
    assert_eq!(all, texts.iter().map(|text| expected(text)).collect::<Vec<_>>());
    assert_eq!(seen, 200);
    assert!(batcher.encode_all(&[], Role::Query, &mut |_| ()).unwrap().is_empty());
}

#[test]
fn bulk_reports_a_bad_text() {
    let batcher = Batcher::start(Arc::new(Toy::new()), &config(2, 8)).unwrap();
    let texts = ["fine".to_owned(), "!".to_owned()];
    let result = batcher.encode_all(&texts, Role::Query, &mut |_| ());
    assert!(matches!(result, Err(EncoderError::Panicked)));
}

#[test]
fn settings_have_ranges() {
    let start =
        |config| Batcher::start(Arc::new(Toy::new()), &config).map(|batcher| batcher.workers());
    assert!(matches!(start(config(2, 0)), Err(EncoderError::Setting { setting: "queue", .. })));
    assert!(start(Config::default()).unwrap() >= 1);
}
