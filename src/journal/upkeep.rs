//! What is done to a journal that no service has open: reading all of it, making its file anew without what was erased,
//! and putting its keys under a new master key.

use std::path::Path;

use super::entries::Entries;
use super::{Config, store::OpenedPart};
use super::{FILE, Journal, JournalError, Store};
use crate::message::Timestamp;
use crate::routing::Conversation;
use crate::seal::Keyring;

/// A journal at rest.
#[derive(Debug)]
pub struct Upkeep {
    pub(super) store: Store,
}

impl Upkeep {
    /// Opens the journal of a storage directory; there must be one.
    pub fn open(storage: &Path, keyring: Keyring) -> Result<Self, JournalError> {
        Ok(Self { store: Store::open(&storage.join(FILE), keyring, false)? })
    }

    /// All records that are kept.
    pub fn entries(&self) -> Result<Entries, JournalError> {
        Ok(Entries(self.store.scan(0)?))
    }

    /// How many parts the snapshot has; each of them was opened.
    pub fn parts(&self) -> Result<usize, JournalError> {
        self.store.parts().map(|parts: Vec<OpenedPart>| parts.len())
    }

    /// Checks the pages of the file itself. A file whose pages do not hold may not even open.
    pub fn pages(self) -> Result<(), JournalError> {
        self.store.pages_hold()
    }
}

/// Puts every key of a journal under the newest master key, and makes the file anew so that nothing is left under an older
/// one; how many keys there were.
pub fn rotate(storage: &Path, keyring: Keyring) -> Result<u64, JournalError> {
    let Upkeep { store } = Upkeep::open(storage, keyring)?;
    let count = store.rekey()?;
    store.rewrite()?;
    Ok(count)
}

impl Upkeep {
    /// Forgets the key of a conversation and makes the file anew, so that not even its sealed form is left.
    pub fn erase(
        storage: &Path,
        keyring: Keyring,
        at: Timestamp,
        gone: &Conversation,
    ) -> Result<(), JournalError> {
        let journal = Journal::open(storage, keyring, Config::default())?;
        journal.erase(at, gone)?.wait()?;
        let store = journal.store.clone();
        drop(journal);
        store.rewrite()
    }
}
