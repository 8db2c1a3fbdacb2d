//! The state after a record, so that a start does not replay everything: its owner gives the parts that changed and gets all
//! of them back. What is in a part is the owner's.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::entries::Entries;
use super::record::{Record, SnapshotTaken};
use super::store::{OpenedPart, PartDraft, PartName, Retention};
use super::writer::Work;
use super::{Journal, JournalError, Receipt, encoded};
use crate::message::Timestamp;
use crate::routing::Conversation;

/// Records that one transaction drops at most, so that no append waits for long behind it.
const DROPPED_AT_ONCE: usize = 5_000;

/// Changed parts of the state after a record.
#[derive(Debug)]
pub struct Snapshot {
    /// The last record whose effect these parts have.
    after: u64,
    /// The last record whose effect every kept part has, those of earlier snapshots included.
    covers: Option<u64>,
    parts: Vec<(PartOf, Option<Vec<u8>>)>,
}

/// What a part is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PartOf {
    /// A conversation; its part is sealed with its key, and goes when it is erased.
    Conversation(Conversation),
    /// Something else, by name.
    Named(&'static str),
}

/// A part of a kept state.
#[derive(Debug)]
pub struct Part {
    /// The name of one that belongs to no conversation.
    pub name: Option<String>,
    /// The last record whose effect it has. Records after the snapshot up to this one are in it already.
    pub after: u64,
    body: Vec<u8>,
}

/// What the journal holds when it is opened.
#[derive(Debug)]
pub struct Recovered {
    /// The parts of the snapshot.
    pub parts: Vec<Part>,
    /// The last record that all of them have.
    pub after: u64,
    /// The records after it.
    pub entries: Entries,
}

impl Snapshot {
    /// Parts of the state after a record; none yet.
    pub fn new(after: u64) -> Self {
        Self { after, covers: None, parts: Vec::new() }
    }

    /// Adds a part that changed.
    pub fn put(&mut self, of: PartOf, content: &impl Serialize) -> Result<(), JournalError> {
        self.parts.push((of, Some(encoded(content)?)));
        Ok(())
    }

    /// Adds a part that is no longer needed.
    pub fn remove(&mut self, of: PartOf) {
        self.parts.push((of, None));
    }

    /// With these, every part that changed up to this record is kept: a start begins behind it.
    pub fn covers(&mut self, after: u64) {
        self.covers = Some(after);
    }

    /// How many parts changed.
    pub fn len(&self) -> usize {
        self.parts.len()
    }

    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }
}

impl Part {
    /// What was put in.
    pub fn content<T: DeserializeOwned>(&self) -> Result<T, JournalError> {
        let name = || self.name.clone().unwrap_or_else(|| "of a conversation".to_owned());
        ciborium::from_reader(self.body.as_slice())
            .map_err(|_| JournalError::DamagedPart { part: name() })
    }
}

impl Journal {
    /// Keeps a state; records up to it are needed no longer than retention says.
    pub fn keep(&self, at: Timestamp, snapshot: Snapshot) -> Result<Receipt, JournalError> {
        let Snapshot { after, covers, .. } = snapshot;
        let taken = SnapshotTaken { after, parts: snapshot.len() as u64 };
        let note = self.draft(at, &Record::SnapshotTaken(taken))?;
        let vault = self.store.vault();
        let parts = snapshot.parts.into_iter().map(|(of, body)| PartDraft {
            name: match of {
                PartOf::Conversation(whose) => PartName::Conversation(vault.alias(&whose)),
                PartOf::Named(name) => PartName::Named(name.to_owned()),
            },
            body,
        });
        self.writer.write(Work::Keep { after, covers, parts: parts.collect(), note })
    }

    /// The kept state and what happened after it.
    pub fn recovered(&self) -> Result<Recovered, JournalError> {
        let part = |OpenedPart { name, after, body }| Part {
            after,
            name: match name {
                PartName::Conversation(_) => None,
                PartName::Named(name) => Some(name),
            },
            body,
        };
        let parts = self.store.parts()?.into_iter().map(part).collect();
        let after = self.store.snapshot()?;
        Ok(Recovered { parts, after, entries: self.entries(after)? })
    }

    /// Drops some records whose time is over and that the snapshot holds. Its receipt says how many; with none left to drop, 0.
    pub fn forget(&self, now: Timestamp) -> Result<Receipt, JournalError> {
        let since = now.checked_sub(self.config.keep).unwrap_or(Timestamp::MIN);
        let most_bytes = self.config.most_bytes;
        self.writer.write(Work::Forget(Retention { since, most_bytes, at_once: DROPPED_AT_ONCE }))
    }
}
