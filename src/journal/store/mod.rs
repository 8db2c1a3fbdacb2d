//! The journal's file, and the only place that knows `redb`: records by number, wrapped data keys by alias, the parts of the
//! snapshot, and where the chain begins. What records mean is not known here.

mod batch;
mod parts;
#[cfg(test)]
mod raw;
mod rewrite;
mod scan;
mod vault;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use redb::{
    Builder, Database, DatabaseError, ReadableDatabase, ReadableTable as _, TableDefinition,
};

use super::error::{Damage, JournalError};
use super::frame::{self, Link};
use crate::seal::{Keyring, Secret};

pub(super) use batch::{Batch, Draft, PartDraft, PartName, Retention};
pub(super) use parts::OpenedPart;
pub(super) use scan::{Found, Scan};
pub(super) use vault::Vault;

/// The layout of the tables, and of what is in them.
const FORMAT: u32 = 1;
/// Pages that are held in memory.
const CACHE: usize = 16 << 20;

const RECORDS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("records");
/// Alias → a data key.
const KEYS: TableDefinition<'_, [u8; 16], Kept<'static>> = TableDefinition::new("data_keys");
/// Name → the last record that the part holds, and its sealed content.
const PARTS: TableDefinition<'_, &[u8], (u64, &[u8])> = TableDefinition::new("parts");
const META: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("meta");

/// Where the journal's own secret lies in `META`; it opens with the right master key alone.
const ROOT: &str = "root";
const VERSION: &str = "format";
/// The number and link of the record before the first one that is kept.
const BASE: &str = "base";
/// The last record that the snapshot holds.
const SNAPSHOT: &str = "snapshot";
/// Bytes of all records.
const BYTES: &str = "bytes";

/// The record from which a data key is used, the last record it is needed for (0 while that is open), and the wrapped key.
type Kept<'k> = (u64, u64, &'k [u8]);

/// The end of the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct End {
    /// The last record; 0 before the first.
    pub(super) sequence: u64,
    /// Its link.
    pub(super) link: Link,
}

/// The open file.
#[derive(Debug, Clone)]
pub(super) struct Store {
    path: PathBuf,
    database: Arc<Database>,
    vault: Arc<Vault>,
}

impl Store {
    /// Opens the file and checks format and key before anything is written; makes it where `make` says so and there is none.
    pub(super) fn open(path: &Path, keyring: Keyring, make: bool) -> Result<Self, JournalError> {
        if !path.exists() && !make {
            return Err(JournalError::Missing { path: path.to_owned() });
        }
        if let Some(folder) = path.parent() {
            fs_err::create_dir_all(folder)
                .map_err(|error| JournalError::reading(path, redb::Error::Io(error)))?;
        }
        let made = !path.exists();
        if !made {
            look(path, &keyring)?;
        }
        let database = guarded(path, || Builder::new().set_cache_size(CACHE).create(path))?
            .map_err(|error| JournalError::reading(path, error))?;
        let root =
            if made { found(path, &database, &keyring)? } else { root(path, &database, &keyring)? };
        let vault = Arc::new(Vault::new(keyring, &root));
        Ok(Self { path: path.to_owned(), database: Arc::new(database), vault })
    }

    /// The last record and its link, which is checked.
    pub(super) fn end(&self) -> Result<End, JournalError> {
        let transaction = self.database.begin_read().map_err(|error| self.reading(error))?;
        let records = transaction.open_table(RECORDS).map_err(|error| self.reading(error))?;
        let last = records.last().map_err(|error| self.reading(error))?;
        let Some((sequence, bytes)) =
            last.map(|(key, value)| (key.value(), value.value().to_vec()))
        else {
            return self.base();
        };
        let frame = frame::read(sequence, &bytes)?;
        let before = self.link_of(sequence.saturating_sub(1))?.link;
        if frame::expected(self.vault.chain(), &before, sequence, &bytes) != frame.link {
            return Err(JournalError::damaged(sequence, Damage::Link));
        }
        Ok(End { sequence, link: frame.link })
    }

    /// The record before the first one that is kept.
    fn base(&self) -> Result<End, JournalError> {
        let transaction = self.database.begin_read().map_err(|error| self.reading(error))?;
        let meta = transaction.open_table(META).map_err(|error| self.reading(error))?;
        let base = meta.get(BASE).map_err(|error| self.reading(error))?;
        let base = base.map_or(Some(BEGINNING), |bytes| base_of(bytes.value()));
        base.ok_or_else(|| self.torn("the chain's beginning cannot be read"))
    }

    /// A record's link, as it is stated.
    fn link_of(&self, sequence: u64) -> Result<End, JournalError> {
        let base = self.base()?;
        if sequence == base.sequence {
            return Ok(base);
        }
        let transaction = self.database.begin_read().map_err(|error| self.reading(error))?;
        let records = transaction.open_table(RECORDS).map_err(|error| self.reading(error))?;
        let bytes = records.get(sequence).map_err(|error| self.reading(error))?;
        let bytes = bytes.ok_or(JournalError::damaged(sequence + 1, Damage::Gap))?;
        Ok(End { sequence, link: frame::read(sequence, bytes.value())?.link })
    }

    /// Begins to write.
    pub(super) fn batch(&self, end: End) -> Result<Batch<'_>, JournalError> {
        Batch::begin(self, end)
    }

    /// Work whose panic is this file's fault.
    pub(super) fn guarded<T>(&self, work: impl FnOnce() -> T) -> Result<T, JournalError> {
        guarded(&self.path, work)
    }

    pub(super) fn vault(&self) -> &Vault {
        &self.vault
    }

    fn reading(&self, error: impl Into<redb::Error>) -> JournalError {
        JournalError::reading(&self.path, error)
    }

    fn writing(&self, error: impl Into<redb::Error>) -> JournalError {
        JournalError::writing(&self.path, error)
    }

    fn torn(&self, what: &str) -> JournalError {
        JournalError::Torn { path: self.path.clone(), what: what.to_owned() }
    }
}

const BEGINNING: End = End { sequence: 0, link: [0; 32] };

fn base_of(bytes: &[u8]) -> Option<End> {
    let (sequence, link) = bytes.split_first_chunk::<8>()?;
    Some(End { sequence: u64::from_le_bytes(*sequence), link: link.try_into().ok()? })
}

/// The engine trusts a file that it closed itself; on one that was altered since, it may panic instead of saying so.
fn guarded<T>(path: &Path, work: impl FnOnce() -> T) -> Result<T, JournalError> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|_| JournalError::Torn {
        path: path.to_owned(),
        what: "its pages do not fit together".to_owned(),
    })
}

/// A number of `META`.
fn number(bytes: &[u8]) -> u64 {
    bytes.try_into().map_or(0, u64::from_le_bytes)
}

/// Lays out a new file.
fn found(path: &Path, database: &Database, keyring: &Keyring) -> Result<Secret, JournalError> {
    let root = Secret::random();
    let wrapped = keyring.wrap(ROOT.as_bytes(), &root)?;
    let lay = || -> Result<(), redb::Error> {
        let transaction = database.begin_write()?;
        {
            let mut meta = transaction.open_table(META)?;
            meta.insert(VERSION, FORMAT.to_le_bytes().as_slice())?;
            meta.insert(ROOT, wrapped.as_slice())?;
        }
        transaction.open_table(RECORDS)?;
        transaction.open_table(KEYS)?;
        transaction.open_table(PARTS)?;
        transaction.commit()?;
        Ok(())
    };
    lay().map_err(|error| JournalError::writing(path, error))?;
    Ok(root)
}

/// Looks whether file and key fit, without a write. A file that a killed process left must be mended before anybody can look.
fn look(path: &Path, keyring: &Keyring) -> Result<(), JournalError> {
    match guarded(path, || Builder::new().open_read_only(path))? {
        Ok(database) => root(path, &database, keyring).map(drop),
        Err(DatabaseError::RepairAborted) => Ok(()),
        Err(error) => Err(JournalError::reading(path, error)),
    }
}

/// The secret of a file that is there; that it opens shows that the master key is the right one.
fn root(
    path: &Path,
    database: &impl ReadableDatabase,
    keyring: &Keyring,
) -> Result<Secret, JournalError> {
    let read = |name| -> Result<Option<Vec<u8>>, redb::Error> {
        let meta = database.begin_read()?.open_table(META)?;
        let value = meta.get(name)?;
        Ok(value.map(|bytes| bytes.value().to_vec()))
    };
    let read = |name| read(name).map_err(|error| JournalError::reading(path, error));
    let (version, root) = (read(VERSION)?, read(ROOT)?);
    let version = version.and_then(|bytes| bytes.try_into().ok()).map_or(0, u32::from_le_bytes);
    if version != FORMAT {
        return Err(JournalError::Version { path: path.to_owned(), found: version, known: FORMAT });
    }
    let torn = || JournalError::Torn { path: path.to_owned(), what: "it has no secret".to_owned() };
    Ok(keyring.unwrap(ROOT.as_bytes(), &root.ok_or_else(torn)?)?)
}
