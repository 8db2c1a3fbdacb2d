//! Reading the snapshot: the last record that it holds, and its parts.

use redb::{ReadableDatabase as _, ReadableTable as _};

use super::super::error::JournalError;
use super::batch::{PartName, part_place};
use super::{BYTES, KEYS, META, PARTS, SNAPSHOT, Store, number};
use crate::seal::hex;

/// A part of the kept state, opened.
#[derive(Debug)]
pub(in crate::journal) struct OpenedPart {
    pub(in crate::journal) name: PartName,
    pub(in crate::journal) after: u64,
    pub(in crate::journal) body: Vec<u8>,
}

/// Name, the last record that it has, and what is sealed.
type Row = (Vec<u8>, u64, Vec<u8>);

impl Store {
    /// The last record that the snapshot holds; 0 where there is none.
    pub(in crate::journal) fn snapshot(&self) -> Result<u64, JournalError> {
        self.meta(SNAPSHOT)
    }

    /// Bytes of all records.
    pub(super) fn bytes(&self) -> Result<u64, JournalError> {
        self.meta(BYTES)
    }

    fn meta(&self, name: &str) -> Result<u64, JournalError> {
        let read = || -> Result<u64, redb::Error> {
            let meta = self.database.begin_read()?.open_table(META)?;
            let value = meta.get(name)?;
            Ok(value.map_or(0, |bytes| number(bytes.value())))
        };
        read().map_err(|error| self.reading(error))
    }

    /// Every part. One that does not open is named.
    pub(in crate::journal) fn parts(&self) -> Result<Vec<OpenedPart>, JournalError> {
        let read = || -> Result<Vec<Row>, redb::Error> {
            let parts = self.database.begin_read()?.open_table(PARTS)?;
            let mut rows = Vec::new();
            for row in parts.iter()? {
                let (name, value) = row?;
                let (after, sealed) = value.value();
                rows.push((name.value().to_vec(), after, sealed.to_vec()));
            }
            Ok(rows)
        };
        let rows = read().map_err(|error| self.reading(error))?;
        rows.into_iter().map(|(name, after, sealed)| self.part(&name, after, &sealed)).collect()
    }

    fn part(&self, name: &[u8], after: u64, sealed: &[u8]) -> Result<OpenedPart, JournalError> {
        let damaged = || JournalError::DamagedPart { part: hex(name) };
        let name = PartName::read(name).ok_or_else(damaged)?;
        let secret = match &name {
            PartName::Named(_) => self.vault.own().clone(),
            PartName::Conversation(alias) => {
                self.vault.open(alias, &self.key_of(alias)?.ok_or_else(damaged)?)?
            }
        };
        let body = secret.cipher().open(&part_place(&name, after), sealed).ok_or_else(damaged)?;
        Ok(OpenedPart { name, after, body })
    }

    /// What is kept of a conversation's data key.
    pub(in crate::journal) fn key_of(
        &self,
        alias: &[u8; 16],
    ) -> Result<Option<Vec<u8>>, JournalError> {
        self.wrapped(alias).map_err(|error| self.reading(error))
    }

    fn wrapped(&self, alias: &[u8; 16]) -> Result<Option<Vec<u8>>, redb::Error> {
        let keys = self.database.begin_read()?.open_table(KEYS)?;
        let kept = keys.get(alias)?;
        Ok(kept.map(|kept| kept.value().2.to_vec()))
    }
}
