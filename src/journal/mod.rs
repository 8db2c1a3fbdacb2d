//! The only durable state: an append-only log of what happened, on the disk before anybody is told. Records are sealed, each
//! conversation's with a key of its own, and linked, so that one that is changed, moved or missing is named. What a record
//! does to conversations or to the desk is not known here; whoever holds those replays it.
//!
//! ```text
//! append ─▶ record as CBOR ─▶ queue ─▶ writer: number · seal · link ─▶ one transaction for all that waits ─▶ receipts
//! open   ─▶ parts of the last snapshot ─▶ records after it
//! ```

mod config;
mod entries;
mod error;
mod frame;
mod receipt;
mod replay;
mod verify;
pub mod record;
mod snapshot;
mod store;
mod upkeep;
mod writer;

use std::path::Path;

pub use config::Config;
pub use entries::{Entries, Entry};
pub use error::{Damage, JournalError};
pub use receipt::Receipt;
pub use record::Record;
pub use replay::{Differing, Replay};
pub use snapshot::{Part, PartOf, Recovered, Snapshot};
pub use upkeep::{Upkeep, rotate};
pub use verify::{Findings, verify};

use store::{Draft, Store};
use writer::{Work, Writer};

use crate::message::Timestamp;
use crate::routing::Conversation;
use crate::seal::{Keyring, hex};

/// Bytes that a record may have: a burst has at most 8 KiB of words, and what was said is no longer than articles are.
const LARGEST: usize = 4 << 20;

/// The file in the storage directory.
pub const FILE: &str = "journal.redb";

/// The open journal. Cheap to share behind an `Arc`; every method may be called at once with every other.
#[derive(Debug)]
pub struct Journal {
    store: Store,
    writer: Writer,
    config: Config,
}

impl Journal {
    /// Opens the journal of a storage directory, and makes it where there is none.
    pub fn open(storage: &Path, keyring: Keyring, config: Config) -> Result<Self, JournalError> {
        let store = Store::open(&storage.join(FILE), keyring, true)?;
        let end = store.end()?;
        let writer = Writer::start(store.clone(), end, config.queue)?;
        Ok(Self { store, writer, config })
    }

    /// Puts a record in line. Records are numbered in the order of these calls; the receipt says when it is durable.
    pub fn append(&self, at: Timestamp, record: &Record) -> Result<Receipt, JournalError> {
        self.writer.write(Work::Append(self.draft(at, record)?))
    }

    /// What the kept records of one kind say, in order. The others are passed over, unread and unchecked.
    pub fn records(
        &self,
        kind: record::Kind,
    ) -> Result<impl Iterator<Item = Result<Record, JournalError>>, JournalError> {
        let entries = Entries(self.store.scan(0)?.only(kind));
        Ok(entries.filter_map(|entry| entry.map(|entry| entry.record).transpose()))
    }

    /// The records after this one, as they are on the disk now; 0 for all that are kept.
    pub fn entries(&self, after: u64) -> Result<Entries, JournalError> {
        Ok(Entries(self.store.scan(after)?))
    }

    /// Forgets the key of a conversation: whatever was written of it cannot be read any more, by anybody. Its bytes are
    /// overwritten when the file is made anew ([`Upkeep::erase`]).
    pub fn erase(&self, at: Timestamp, gone: &Conversation) -> Result<Receipt, JournalError> {
        let alias = self.store.vault().alias(gone);
        let erased = record::Erased { caller: gone.caller.clone(), alias: hex(&alias) };
        self.store.key_of(&alias)?.ok_or(JournalError::UnknownConversation)?;
        let note = self.draft(at, &Record::Erased(erased))?;
        self.writer.write(Work::Erase(alias, note))
    }

    /// From now on it behaves as after this fault.
    #[cfg(test)]
    pub(crate) fn fail(&self, fault: JournalError) {
        self.writer.fail(fault);
    }

    /// What keeps the journal from being written; `None` while it is sound.
    pub fn fault(&self) -> Option<JournalError> {
        self.writer.fault()
    }

    fn draft(&self, at: Timestamp, record: &Record) -> Result<Draft, JournalError> {
        let body = encoded(record)?;
        let alias = record.conversation().map(|whose| self.store.vault().alias(whose));
        Ok(Draft { kind: record.kind(), at, alias, body })
    }
}

/// A value as CBOR, within a record's bound.
fn encoded(value: &impl serde::Serialize) -> Result<Vec<u8>, JournalError> {
    let mut body = Vec::new();
    // Writing to a vector cannot fail, and every value of ours has a form in CBOR.
    ciborium::into_writer(value, &mut body).ok();
    if body.is_empty() || body.len() > LARGEST {
        return Err(JournalError::TooLarge { bytes: body.len(), limit: LARGEST });
    }
    Ok(body)
}

#[cfg(test)]
mod tests;
