//! Appending and opening again.

use proptest::prelude::*;

use super::{Ground, now, words};
use crate::journal::{Config, Journal, JournalError};

#[test]
fn what_was_acknowledged_is_there_after_reopening() {
    let ground = Ground::new();
    let journal = ground.open();
    let records: Vec<_> = (0..100).map(|at| words(at % 7, &format!("text {at}"))).collect();
    let receipts: Vec<_> =
        records.iter().map(|record| journal.append(now(), record).unwrap()).collect();
    let numbers: Vec<u64> = receipts.into_iter().map(|receipt| receipt.wait().unwrap()).collect();
    assert_eq!(numbers, (1..=100).collect::<Vec<_>>());
    drop(journal);
    let found: Vec<_> = ground.read().into_iter().map(|entry| entry.record.unwrap()).collect();
    assert_eq!(found, records);
    let journal = ground.open();
    assert_eq!(journal.append(now(), &records[0]).unwrap().wait().unwrap(), 101);
    assert_eq!(journal.entries(99).unwrap().count(), 2);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn whatever_was_appended_is_read_again(
        runs in prop::collection::vec(prop::collection::vec((0u32..5, "(?s).{0,60}"), 0..12), 1..4)
    ) {
        let ground = Ground::new();
        let mut all = Vec::new();
        for run in runs {
            let records: Vec<_> = run.iter().map(|(whose, text)| words(*whose, text)).collect();
            ground.write(&records);
            all.extend(records);
        }
        let found: Vec<_> = ground.read().into_iter().map(|entry| entry.record.unwrap()).collect();
        prop_assert_eq!(found, all);
    }
}

#[test]
fn two_services_never_share_a_folder() {
    let ground = Ground::new();
    let _journal = ground.open();
    assert!(matches!(ground.try_open(), Err(JournalError::Busy { .. })));
}

#[test]
fn a_full_queue_is_said_at_once() {
    let ground = Ground::new();
    let config = Config { queue: 1, ..Config::default() };
    let journal = Journal::open(&ground.storage, ground.keyring(), config).unwrap();
    let attempts: Vec<_> = (0..200).map(|at| journal.append(now(), &words(at, "x"))).collect();
    let refused = |attempt: &Result<_, _>| matches!(attempt, Err(JournalError::Overloaded { .. }));
    assert!(attempts.iter().any(refused));
    let kept = attempts.into_iter().flatten().filter_map(|receipt| receipt.wait().ok()).count();
    drop(journal);
    assert_eq!(ground.read().len(), kept);
}
