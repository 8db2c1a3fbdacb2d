//! The journal from outside: what was acknowledged is there, and what is wrong is named.

mod append;
mod damage;
mod erase;
mod kill;
mod snapshots;

use std::path::PathBuf;

use super::record::{AgentWords, Record};
use super::{Config, Entry, FILE, Journal, JournalError, Upkeep};
use crate::message::{AgentId, CallerId, ConversationId, TicketId, Timestamp};
use crate::routing::Conversation;
use crate::seal::Keyring;

/// A storage directory that ends with the test.
struct Ground {
    storage: PathBuf,
}

impl Ground {
    fn new() -> Self {
        let name = format!("firstline-journal-{}", uuid::Uuid::new_v4());
        Self { storage: std::env::temp_dir().join(name) }
    }

    /// The same files in another directory.
    fn copy(&self) -> Self {
        let copy = Self::new();
        fs_err::create_dir_all(&copy.storage).unwrap();
        for file in fs_err::read_dir(&self.storage).unwrap() {
            let file = file.unwrap();
            fs_err::copy(file.path(), copy.storage.join(file.file_name())).unwrap();
        }
        copy
    }

    fn keyring(&self) -> Keyring {
        Keyring::open(&self.storage, None).unwrap()
    }

    fn try_open(&self) -> Result<Journal, JournalError> {
        Journal::open(&self.storage, self.keyring(), Config::default())
    }

    fn open(&self) -> Journal {
        self.try_open().unwrap()
    }

    fn upkeep(&self) -> Upkeep {
        Upkeep::open(&self.storage, self.keyring()).unwrap()
    }

    fn file(&self) -> PathBuf {
        self.storage.join(FILE)
    }

    fn other_key(&self) {
        fs_err::remove_file(self.storage.join("key")).unwrap();
    }

    /// Appends records and waits for all of them.
    fn write(&self, records: &[Record]) {
        let journal = self.open();
        let receipts: Vec<_> =
            records.iter().map(|record| journal.append(now(), record).unwrap()).collect();
        for receipt in receipts {
            receipt.wait().unwrap();
        }
    }

    /// Everything that can be read.
    fn read(&self) -> Vec<Entry> {
        self.upkeep().entries().unwrap().collect::<Result<_, _>>().unwrap()
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        fs_err::remove_dir_all(&self.storage).ok();
    }
}

fn now() -> Timestamp {
    "2026-11-02T01:31:07Z".parse().unwrap()
}

/// A record of a conversation.
fn words(conversation: u32, text: &str) -> Record {
    Record::AgentSaid(AgentWords {
        name: "Ana".to_owned(),
        conversation: conversation_of(conversation),
        ticket: TicketId::new("t1").unwrap(),
        agent: AgentId::new("ana").unwrap(),
        message_id: "m1".to_owned(),
        text: text.to_owned(),
    })
}

fn text_of(entry: &Entry) -> Option<&str> {
    let Record::AgentSaid(words) = entry.record.as_ref()? else { return None };
    Some(&words.text)
}

fn conversation_of(number: u32) -> Conversation {
    Conversation {
        caller: CallerId::new("web").unwrap(),
        id: ConversationId::new(&format!("c{number}")).unwrap(),
    }
}
