//! A process that is killed in the middle of it: whatever it acknowledged is there.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};
use std::sync::mpsc;

use rand::RngExt as _;

use super::{Ground, now, text_of, words};

/// How often; `JOURNAL_KILLS` says otherwise.
const KILLS: usize = 20;

/// The process: eight threads append and print what was acknowledged.
#[test]
#[ignore = "started by the test below"]
fn child() {
    let Some(storage) = std::env::var_os("JOURNAL_STORAGE") else { return };
    let ground = std::mem::ManuallyDrop::new(Ground { storage: storage.into() });
    let journal = ground.open();
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let journal = &journal;
            scope.spawn(move || {
                for count in 0.. {
                    let text = format!("{thread}-{count}-{}", "x".repeat(count as usize % 700));
                    let receipt = journal.append(now(), &words(count % 9, &text)).unwrap();
                    let number = receipt.wait().unwrap();
                    writeln!(std::io::stdout().lock(), "kept {number} {text}").unwrap();
                }
            });
        }
    });
}

#[test]
fn a_kill_loses_nothing_that_was_acknowledged() {
    let kills = std::env::var("JOURNAL_KILLS").ok().and_then(|count| count.parse().ok());
    let ground = Ground::new();
    let mut kept: Vec<(u64, String)> = Vec::new();
    for _ in 0..kills.unwrap_or(KILLS) {
        kept.extend(run_and_kill(&ground));
        let found = ground.read();
        let sequences: Vec<u64> = found.iter().map(|entry| entry.sequence).collect();
        assert_eq!(sequences, (1..=found.len() as u64).collect::<Vec<_>>());
        for (number, text) in &kept {
            let entry = &found[usize::try_from(*number).unwrap() - 1];
            assert_eq!(text_of(entry), Some(text.as_str()), "record {number}");
        }
    }
    assert!(kept.len() > 100, "only {} were acknowledged", kept.len());
}

/// What a process said was durable before it was killed.
fn run_and_kill(ground: &Ground) -> Vec<(u64, String)> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "journal::tests::kill::child", "--ignored", "--nocapture"])
        .env("JOURNAL_STORAGE", &ground.storage)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let (told, tell) = mpsc::channel();
    let reader = std::thread::spawn(move || {
        let kept = lines.map_while(Result::ok).filter_map(|line| acknowledged(&line));
        // After the kill nobody listens, and what was in the pipe still counts.
        kept.inspect(|_| told.send(()).unwrap_or_default()).collect::<Vec<_>>()
    });
    for _ in 0..rand::rng().random_range(1..400) {
        tell.recv().unwrap();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    reader.join().unwrap()
}

/// A line that was cut says nothing.
fn acknowledged(line: &str) -> Option<(u64, String)> {
    let (number, text) = line.split_once("kept ")?.1.split_once(' ')?;
    let (_, filling) = text.rsplit_once('-')?;
    let count: usize = text.split('-').nth(1)?.parse().ok()?;
    (filling.len() == count % 700).then_some((number.parse().ok()?, text.to_owned()))
}
