//! Records as they come back out.

use super::error::{Damage, JournalError};
use super::record::{Kind, Record};
use super::store::{Found, Scan};
use crate::message::Timestamp;

/// One record with its number and its time.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its number, from 1 without a gap.
    pub sequence: u64,
    /// When it was appended, by the service's clock.
    pub at: Timestamp,
    /// What it is about.
    pub kind: Kind,
    /// What it says; `None` where its conversation was erased.
    pub record: Option<Record>,
}

/// Records in order. After a damaged one, which is named, the next can still be read.
pub struct Entries(pub(super) Scan);

impl Iterator for Entries {
    type Item = Result<Entry, JournalError>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(self.0.next()?.and_then(entry))
    }
}

impl std::fmt::Debug for Entries {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Entries")
    }
}

fn entry(Found { head, body }: Found) -> Result<Entry, JournalError> {
    let record = body
        .map(|body| {
            let parsed: Result<Record, _> = ciborium::from_reader(body.as_slice());
            parsed.map_err(|_| JournalError::damaged(head.sequence, Damage::Content))
        })
        .transpose()?;
    Ok(Entry { sequence: head.sequence, at: head.at, kind: head.kind, record })
}
