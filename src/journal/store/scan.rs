//! Reading: records in order, each checked against the chain and opened. A damaged one is named, and reading can go on
//! behind it.

use std::collections::HashMap;

use redb::{AccessGuard, Range, ReadOnlyTable, ReadableDatabase as _, StorageError};

use super::super::error::{Damage, JournalError};
use super::super::frame::{self, Alias, Frame, Head};
use super::super::record::Kind;
use super::{End, KEYS, Kept, RECORDS, Store, guarded};
use crate::seal::Secret;

/// Records as they were when the scan began.
pub(in crate::journal) struct Scan {
    store: Store,
    range: Range<'static, u64, &'static [u8]>,
    keys: Keys,
    /// The record before.
    before: End,
    /// The file's own structure does not hold: nothing behind this can be found.
    torn: bool,
    /// Only records of this kind are checked and opened; the others are given without what they say.
    only: Option<Kind>,
}

type Row = Result<(AccessGuard<'static, u64>, AccessGuard<'static, &'static [u8]>), StorageError>;

/// One record.
#[derive(Debug)]
pub(in crate::journal) struct Found {
    pub(in crate::journal) head: Head,
    /// `None` where its conversation was erased.
    pub(in crate::journal) body: Option<Vec<u8>>,
}

impl Store {
    /// The records after this one; `0` for all that are kept.
    pub(in crate::journal) fn scan(&self, after: u64) -> Result<Scan, JournalError> {
        let base = self.base()?;
        let before = if after <= base.sequence { base } else { self.link_of(after)? };
        let transaction = self.database.begin_read().map_err(|error| self.reading(error))?;
        let records = transaction.open_table(RECORDS).map_err(|error| self.reading(error))?;
        let kept = transaction.open_table(KEYS).map_err(|error| self.reading(error))?;
        let range = records.range(before.sequence + 1..).map_err(|error| self.reading(error))?;
        Ok(Scan {
            store: self.clone(),
            range,
            keys: Keys { kept, known: HashMap::new() },
            before,
            torn: false,
            only: None,
        })
    }
}

impl Iterator for Scan {
    type Item = Result<Found, JournalError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.torn {
            return None;
        }
        let range = &mut self.range;
        match guarded(&self.store.path, || range.next()) {
            Ok(next) => Some(self.found(next?)),
            Err(torn) => {
                self.torn = true;
                Some(Err(torn))
            }
        }
    }
}

impl Scan {
    /// The same for the records of one kind alone.
    pub(in crate::journal) fn only(self, kind: Kind) -> Self {
        Self { only: Some(kind), ..self }
    }

    fn found(&mut self, row: Row) -> Result<Found, JournalError> {
        let (sequence, bytes) = row.map_err(|error| self.store.reading(error))?;
        self.check(sequence.value(), bytes.value())
    }

    fn check(&mut self, sequence: u64, bytes: &[u8]) -> Result<Found, JournalError> {
        let before = std::mem::replace(&mut self.before, End { sequence, link: tail(bytes) });
        if sequence != before.sequence + 1 {
            return Err(JournalError::damaged(sequence, Damage::Gap));
        }
        let Frame { head, body, link } = frame::read(sequence, bytes)?;
        if self.only.is_some_and(|only| only != head.kind) {
            return Ok(Found { head, body: None });
        }
        let chain = self.store.vault.chain();
        if frame::expected(chain, &before.link, sequence, bytes) != link {
            return Err(JournalError::damaged(sequence, Damage::Link));
        }
        let body = self.open(&head, body)?;
        Ok(Found { head, body })
    }

    fn open(&mut self, head: &Head, body: &[u8]) -> Result<Option<Vec<u8>>, JournalError> {
        let opened = if head.alias == Alias::default() {
            self.store.vault.own().cipher().open(&head.place(), body)
        } else {
            match self.keys.of(&self.store, head)? {
                None => return Ok(None),
                Some(key) => key.cipher().open(&head.place(), body),
            }
        };
        opened.map(Some).ok_or(JournalError::damaged(head.sequence, Damage::Seal))
    }
}

fn tail(bytes: &[u8]) -> frame::Link {
    bytes.split_last_chunk().map_or([0; 32], |(_, link)| *link)
}

/// Data keys, as far as they were needed.
struct Keys {
    kept: ReadOnlyTable<[u8; 16], Kept<'static>>,
    known: HashMap<Alias, Option<(u64, Secret)>>,
}

impl Keys {
    /// The key of a record; `None` where its conversation was erased, and may have a new one since.
    fn of(&mut self, store: &Store, head: &Head) -> Result<Option<&Secret>, JournalError> {
        if !self.known.contains_key(&head.alias) {
            let kept = self.kept.get(head.alias).map_err(|error| store.reading(error))?;
            let key = kept.map(|kept| {
                let (since, _, wrapped) = kept.value();
                store.vault.open(&head.alias, wrapped).map(|secret| (since, secret))
            });
            self.known.insert(head.alias, key.transpose()?);
        }
        let key = self.known.get(&head.alias).and_then(Option::as_ref);
        Ok(key.filter(|(since, _)| *since <= head.sequence).map(|(_, secret)| secret))
    }
}
