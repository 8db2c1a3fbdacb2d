//! Forgetting a conversation, and renewing the master key.

use super::{Ground, conversation_of, now, text_of, words};
use crate::journal::{JournalError, PartOf, Snapshot, Upkeep, rotate, verify};
use crate::seal;

fn with_a_snapshot() -> Ground {
    let ground = Ground::new();
    ground.write(&[words(1, "gone"), words(2, "stays"), words(1, "gone too")]);
    let journal = ground.open();
    let mut snapshot = Snapshot::new(3);
    for whose in [1, 2] {
        snapshot
            .put(PartOf::Conversation(conversation_of(whose)), &format!("part {whose}"))
            .unwrap();
    }
    journal.keep(now(), snapshot).unwrap().wait().unwrap();
    drop(journal);
    ground
}

#[test]
fn an_erased_conversation_is_unreadable_and_the_others_are_not() {
    let ground = with_a_snapshot();
    let wrapped = {
        let upkeep = ground.upkeep();
        let alias = upkeep.store.vault().alias(&conversation_of(1));
        upkeep.store.key_of(&alias).unwrap().unwrap()
    };
    let holds = |ground: &Ground| {
        let bytes = fs_err::read(ground.file()).unwrap();
        bytes.windows(wrapped.len()).any(|window| window == wrapped)
    };
    assert!(holds(&ground));
    Upkeep::erase(&ground.storage, ground.keyring(), now(), &conversation_of(1)).unwrap();

    // Not even the master key and every byte of the file give it back.
    let copy = ground.copy();
    assert!(!holds(&copy));
    let found = copy.read();
    let texts: Vec<_> = found.iter().map(text_of).collect();
    assert_eq!(texts, [None, Some("stays"), None, None, None]);
    assert!(verify(&copy.storage, copy.keyring()).unwrap().holds());
    assert_eq!(copy.open().recovered().unwrap().parts.len(), 1);

    let again = Upkeep::erase(&ground.storage, ground.keyring(), now(), &conversation_of(1));
    assert!(matches!(again, Err(JournalError::UnknownConversation)));
}

#[test]
fn an_erased_conversation_may_begin_anew() {
    let ground = with_a_snapshot();
    Upkeep::erase(&ground.storage, ground.keyring(), now(), &conversation_of(1)).unwrap();
    ground.write(&[words(1, "new")]);
    let found = ground.read();
    assert_eq!(text_of(&found[0]), None);
    assert_eq!(text_of(found.last().unwrap()), Some("new"));
    assert!(verify(&ground.storage, ground.keyring()).unwrap().holds());
}

#[test]
fn a_new_master_key_opens_everything_and_the_old_one_nothing() {
    let ground = with_a_snapshot();
    let before = ground.read();
    seal::rotate(&ground.storage).unwrap();
    assert_eq!(rotate(&ground.storage, ground.keyring()).unwrap(), 2);
    fs_err::rename(ground.storage.join("key.1"), ground.storage.join("old")).unwrap();
    assert_eq!(ground.read(), before);
    assert_eq!(ground.open().recovered().unwrap().parts.len(), 2);
    fs_err::rename(ground.storage.join("old"), ground.storage.join("key")).unwrap();
    assert!(matches!(ground.try_open(), Err(JournalError::Seal(_))));
}
