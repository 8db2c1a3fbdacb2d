//! What a start finds: the parts of the last state and what happened since; and what retention drops.

use std::time::Duration;

use super::{Ground, conversation_of, now, text_of, words};
use crate::journal::{Config, Journal, PartOf, Snapshot};
use crate::message::Timestamp;

fn later(hours: u64) -> Timestamp {
    now().checked_add(Duration::from_hours(hours)).unwrap()
}

/// Keeps a state after a record, with one part for a conversation.
fn keep(journal: &Journal, after: u64, whose: u32, content: &str) {
    let mut snapshot = Snapshot::new(after);
    snapshot.put(PartOf::Conversation(conversation_of(whose)), &content).unwrap();
    snapshot.put(PartOf::Named("desk"), &after).unwrap();
    snapshot.covers(after);
    journal.keep(now(), snapshot).unwrap().wait().unwrap();
}

#[test]
fn a_start_gets_the_parts_and_what_happened_since() {
    let ground = Ground::new();
    ground.write(&[words(1, "a"), words(2, "b"), words(1, "c")]);
    let journal = ground.open();
    keep(&journal, 2, 1, "one, early");
    keep(&journal, 3, 1, "one");
    keep(&journal, 3, 2, "two");
    drop(journal);
    let recovered = ground.open().recovered().unwrap();
    let mut contents: Vec<(Option<&str>, u64)> =
        recovered.parts.iter().map(|part| (part.name.as_deref(), part.after)).collect();
    contents.sort_unstable();
    assert_eq!(contents, [(None, 3), (None, 3), (Some("desk"), 3)]);
    let texts: Vec<String> = recovered
        .parts
        .iter()
        .filter(|part| part.name.is_none())
        .map(|part| part.content().unwrap())
        .collect();
    assert!(texts.contains(&"one".to_owned()) && texts.contains(&"two".to_owned()));
    let since: Vec<u64> = recovered.entries.map(|entry| entry.unwrap().sequence).collect();
    assert_eq!(since, [4, 5, 6], "only the notes that states were kept");
}

#[test]
fn retention_drops_what_is_old_and_kept_in_the_state() {
    let ground = Ground::new();
    let config = Config { keep: Duration::from_hours(10), ..Config::default() };
    let journal = Journal::open(&ground.storage, ground.keyring(), config).unwrap();
    for hour in 0..20 {
        let record = words(u32::try_from(hour).unwrap(), &format!("{hour}"));
        journal.append(later(hour), &record).unwrap().wait().unwrap();
    }
    let forget = |at: Timestamp| journal.forget(at).unwrap().wait().unwrap();
    assert_eq!(forget(later(1000)), 0, "nothing is kept of the state yet");
    let mut snapshot = Snapshot::new(15);
    for whose in 0..12 {
        snapshot.remove(PartOf::Conversation(conversation_of(whose)));
    }
    snapshot.covers(15);
    journal.keep(later(20), snapshot).unwrap().wait().unwrap();
    assert_eq!(forget(later(18)), 8);
    assert_eq!(forget(later(18)), 0);
    let texts = |journal: &Journal| -> Vec<String> {
        let entries = journal.entries(0).unwrap().map(Result::unwrap);
        entries.filter_map(|entry| text_of(&entry).map(str::to_owned)).collect()
    };
    assert_eq!(texts(&journal).first().map(String::as_str), Some("8"));
    assert_eq!(forget(later(1000)), 7, "what the state does not hold stays");
    assert_eq!(journal.store.keys(), 20 - 12, "keys that open nothing are gone");
    drop(journal);
    let journal = ground.open();
    assert_eq!(texts(&journal).first().map(String::as_str), Some("15"));
    assert_eq!(journal.append(now(), &words(1, "x")).unwrap().wait().unwrap(), 22);
}
