//! Writing: what waits goes into one transaction, which is on the disk when it is over.

use redb::{Durability, ReadableTable as _, Table, WriteTransaction};

use super::super::error::{Damage, JournalError};
use super::super::frame::{self, Alias, Head};
use super::super::record::Kind;
use super::{BASE, BYTES, End, KEYS, Kept, META, PARTS, RECORDS, SNAPSHOT, Store, number};
use crate::message::Timestamp;
use crate::seal::{Cipher, Secret};

/// One transaction.
pub(in crate::journal) struct Batch<'s> {
    store: &'s Store,
    transaction: WriteTransaction,
    end: End,
    bytes: u64,
}

/// A record that is to be sealed and linked.
#[derive(Debug)]
pub(in crate::journal) struct Draft {
    pub(in crate::journal) kind: Kind,
    pub(in crate::journal) at: Timestamp,
    /// `None` for what belongs to no conversation.
    pub(in crate::journal) alias: Option<Alias>,
    pub(in crate::journal) body: Vec<u8>,
}

/// A part of a state that is to be kept.
#[derive(Debug)]
pub(in crate::journal) struct PartDraft {
    pub(in crate::journal) name: PartName,
    /// `None` for one that is no longer needed.
    pub(in crate::journal) body: Option<Vec<u8>>,
}

/// What a part is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::journal) enum PartName {
    /// One conversation; its data key seals the part.
    Conversation(Alias),
    /// Something else; the journal's own key seals it.
    Named(String),
}

impl PartName {
    /// Its key in the table: the kind, then the name.
    pub(super) fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Conversation(alias) => [b"c".as_slice(), alias].concat(),
            Self::Named(name) => [b"n", name.as_bytes()].concat(),
        }
    }

    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        match bytes.split_first()? {
            (b'c', alias) => Some(Self::Conversation(alias.try_into().ok()?)),
            (b'n', name) => Some(Self::Named(String::from_utf8(name.to_vec()).ok()?)),
            _ => None,
        }
    }
}

/// Which records may go.
#[derive(Debug, Clone, Copy)]
pub(in crate::journal) struct Retention {
    /// Those before this moment.
    pub(in crate::journal) since: Timestamp,
    /// And the oldest, while there are more bytes than this.
    pub(in crate::journal) most_bytes: u64,
    /// At most so many in one transaction.
    pub(in crate::journal) at_once: usize,
}

type Keys<'t> = Table<'t, [u8; 16], Kept<'static>>;

impl<'s> Batch<'s> {
    pub(super) fn begin(store: &'s Store, end: End) -> Result<Self, JournalError> {
        let mut transaction = store.database.begin_write().map_err(|error| store.writing(error))?;
        transaction
            .set_durability(Durability::Immediate)
            .map_err(|error| store.writing(redb::Error::from(error)))?;
        // A commit writes its map of free pages too, so that a start after a kill does not read the whole file.
        transaction.set_quick_repair(true);
        Ok(Self { store, transaction, end, bytes: store.bytes()? })
    }

    /// Adds a record after the last one; gives its number.
    pub(in crate::journal) fn add(&mut self, draft: &Draft) -> Result<u64, JournalError> {
        let Draft { kind, at, alias, body } = draft;
        let (kind, at, sequence) = (*kind, *at, self.end.sequence + 1);
        let head = Head { sequence, kind, at, alias: alias.unwrap_or_default() };
        let sealed = self.cipher(alias.as_ref(), sequence)?.seal(&head.place(), body);
        let sealed = sealed.ok_or(JournalError::damaged(sequence, Damage::Seal))?;
        let chain = self.store.vault.chain();
        let (bytes, link) = frame::write(&head, &sealed, chain, &self.end.link);
        self.change(|transaction| {
            transaction.open_table(RECORDS)?.insert(sequence, bytes.as_slice())?;
            Ok(())
        })?;
        self.bytes += bytes.len() as u64;
        self.end = End { sequence, link };
        Ok(sequence)
    }

    /// Keeps changed parts of the state after a record, and drops those that are no longer needed.
    pub(in crate::journal) fn keep(
        &mut self,
        after: u64,
        parts: &[PartDraft],
    ) -> Result<(), JournalError> {
        for PartDraft { name, body } in parts {
            match body {
                Some(body) => self.keep_part(after, name, body)?,
                None => self.drop_part(after, name)?,
            }
        }
        Ok(())
    }

    /// The kept parts are the state after this record: a start begins behind it.
    pub(in crate::journal) fn cover(&mut self, after: u64) -> Result<(), JournalError> {
        self.change(|transaction| {
            transaction.open_table(META)?.insert(SNAPSHOT, after.to_le_bytes().as_slice())?;
            Ok(())
        })
    }

    fn keep_part(&mut self, after: u64, name: &PartName, body: &[u8]) -> Result<(), JournalError> {
        let alias = match name {
            PartName::Conversation(alias) => Some(alias),
            PartName::Named(_) => None,
        };
        let place = part_place(name, after);
        let sealed = self.cipher(alias, self.end.sequence)?.seal(&place, body);
        let part = || JournalError::DamagedPart { part: "new".to_owned() };
        let sealed = sealed.ok_or_else(part)?;
        self.change(|transaction| {
            let mut parts = transaction.open_table(PARTS)?;
            parts.insert(name.bytes().as_slice(), (after, sealed.as_slice()))?;
            Ok(())
        })
    }

    /// Without a part, a conversation's key is needed only as long as its records are.
    fn drop_part(&mut self, after: u64, name: &PartName) -> Result<(), JournalError> {
        self.change(|transaction| {
            transaction.open_table(PARTS)?.remove(name.bytes().as_slice())?;
            let PartName::Conversation(alias) = name else { return Ok(()) };
            let mut keys = transaction.open_table(KEYS)?;
            let kept = keys.get(alias)?.map(|kept| owned(kept.value()));
            if let Some((since, _, wrapped)) = kept {
                keys.insert(alias, (since, after, wrapped.as_slice()))?;
            }
            Ok(())
        })
    }

    /// Forgets the key of a conversation and its part.
    pub(in crate::journal) fn erase(&mut self, alias: &Alias) -> Result<(), JournalError> {
        self.change(|transaction| {
            transaction.open_table(KEYS)?.remove(alias)?;
            let part = PartName::Conversation(*alias).bytes();
            transaction.open_table(PARTS)?.remove(part.as_slice())?;
            Ok(())
        })
    }

    /// Drops records whose time is over and that the snapshot covers, and keys that open nothing any more; how many records.
    pub(in crate::journal) fn forget(&mut self, rule: Retention) -> Result<u64, JournalError> {
        let gone = self.outdated(rule)?;
        let Some(last) = gone.last().copied() else { return Ok(0) };
        self.change(|transaction| {
            let mut records = transaction.open_table(RECORDS)?;
            records.retain_in(..=last.sequence, |_, _| false)?;
            let base = [last.sequence.to_le_bytes().as_slice(), &last.link].concat();
            transaction.open_table(META)?.insert(BASE, base.as_slice())?;
            let mut keys = transaction.open_table(KEYS)?;
            keys.retain(|_, (_, until, _)| until == 0 || until > last.sequence)?;
            Ok(())
        })?;
        Ok(gone.len() as u64)
    }

    fn outdated(&mut self, rule: Retention) -> Result<Vec<End>, JournalError> {
        let (store, mut bytes) = (self.store, self.bytes);
        let mut gone = Vec::new();
        let reading = |error: redb::StorageError| store.reading(error);
        let meta = self.transaction.open_table(META).map_err(|error| store.writing(error))?;
        let covered = meta.get(SNAPSHOT).map_err(reading)?;
        let covered = covered.map_or(0, |bytes| number(bytes.value()));
        drop(meta);
        let records = self.transaction.open_table(RECORDS).map_err(|error| store.writing(error))?;
        for entry in records.range(..=covered).map_err(reading)?.take(rule.at_once) {
            let (sequence, value) = entry.map_err(reading)?;
            let (sequence, value) = (sequence.value(), value.value());
            let frame = frame::read(sequence, value)?;
            if frame.head.at >= rule.since && bytes <= rule.most_bytes {
                break;
            }
            bytes -= bytes.min(value.len() as u64);
            gone.push(End { sequence, link: frame.link });
        }
        drop(records);
        self.bytes = bytes;
        Ok(gone)
    }

    /// Makes it durable; gives the end of the chain.
    pub(in crate::journal) fn commit(self) -> Result<End, JournalError> {
        let bytes = self.bytes;
        self.change(|transaction| {
            transaction.open_table(META)?.insert(BYTES, bytes.to_le_bytes().as_slice())?;
            Ok(())
        })?;
        let Self { store, transaction, end, .. } = self;
        transaction.commit().map_err(|error| store.writing(error))?;
        Ok(end)
    }

    /// What seals for a conversation, or for none of them. Its data key is made where there is none, and is in use again.
    fn cipher(&mut self, alias: Option<&Alias>, sequence: u64) -> Result<Cipher, JournalError> {
        let store = self.store;
        let Some(alias) = alias else { return Ok(store.vault.own().cipher()) };
        let keys = self.transaction.open_table(KEYS).map_err(|error| store.writing(error))?;
        Ok(data_key(store, keys, alias, sequence)?.cipher())
    }

    fn change<T>(
        &self,
        change: impl FnOnce(&WriteTransaction) -> Result<T, redb::Error>,
    ) -> Result<T, JournalError> {
        change(&self.transaction).map_err(|error| self.store.writing(error))
    }
}

/// What a part is sealed to.
pub(super) fn part_place(name: &PartName, after: u64) -> Vec<u8> {
    [b"part".as_slice(), &after.to_le_bytes(), &name.bytes()].concat()
}

fn owned((since, until, wrapped): Kept<'_>) -> (u64, u64, Vec<u8>) {
    (since, until, wrapped.to_vec())
}

fn data_key(
    store: &Store,
    mut keys: Keys<'_>,
    alias: &Alias,
    sequence: u64,
) -> Result<Secret, JournalError> {
    let kept = keys.get(alias).map_err(|error| store.writing(error))?;
    let kept = kept.map(|kept| owned(kept.value()));
    let (secret, row) = match kept {
        Some((_, 0, wrapped)) => return store.vault.open(alias, &wrapped),
        Some((since, _, wrapped)) => (store.vault.open(alias, &wrapped)?, (since, 0, wrapped)),
        None => {
            let (secret, wrapped) = store.vault.make(alias)?;
            (secret, (sequence, 0, wrapped))
        }
    };
    let (since, until, wrapped) = row;
    keys.insert(alias, (since, until, wrapped.as_slice())).map_err(|error| store.writing(error))?;
    Ok(secret)
}
