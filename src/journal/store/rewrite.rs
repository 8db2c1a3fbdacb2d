//! Making the file anew, so that nothing of what was dropped is left in it: a page that is free is not empty. The journal
//! must be open nowhere else.

use std::path::{Path, PathBuf};

use redb::{
    Builder, Database, Key, ReadableDatabase as _, ReadableTable as _, TableDefinition, Value,
};

use super::super::error::JournalError;
use super::{KEYS, META, PARTS, RECORDS, ROOT, Store};

/// Rows of one transaction.
const ROWS: usize = 10_000;

impl Store {
    /// Copies every row into a new file and puts it in the place of the old one. The store ends with it.
    pub(in crate::journal) fn rewrite(self) -> Result<(), JournalError> {
        let beside = self.path.with_extension("new");
        let made = self.copy(&beside);
        let path = self.path.clone();
        drop(self);
        let io = |error| JournalError::writing(&path, redb::Error::Io(error));
        match made {
            Ok(()) => {
                fs_err::rename(&beside, &path).map_err(io)?;
                sync_folder(&path).map_err(io)
            }
            Err(error) => {
                // What could not be finished is of no use; the old file is whole.
                fs_err::remove_file(&beside).ok();
                Err(JournalError::writing(&path, error))
            }
        }
    }

    fn copy(&self, beside: &PathBuf) -> Result<(), redb::Error> {
        if beside.exists() {
            fs_err::remove_file(beside)?;
        }
        let new = Builder::new().create(beside)?;
        copy(&self.database, &new, META)?;
        copy(&self.database, &new, KEYS)?;
        copy(&self.database, &new, PARTS)?;
        copy(&self.database, &new, RECORDS)
    }

    /// Puts every data key, and the journal's own secret, under the newest master key; how many were under an older one.
    pub(in crate::journal) fn rekey(&self) -> Result<u64, JournalError> {
        let stale = self.stale().map_err(|error| self.reading(error))?;
        for rows in stale.chunks(ROWS) {
            let fresh: Vec<_> = rows
                .iter()
                .map(|(alias, since, until, wrapped)| {
                    Ok((alias, *since, *until, self.vault.again(alias, wrapped)?))
                })
                .collect::<Result<_, JournalError>>()?;
            let put = || -> Result<(), redb::Error> {
                let transaction = self.database.begin_write()?;
                let mut keys = transaction.open_table(KEYS)?;
                for (alias, since, until, wrapped) in &fresh {
                    keys.insert(*alias, (*since, *until, wrapped.as_slice()))?;
                }
                drop(keys);
                Ok(transaction.commit()?)
            };
            put().map_err(|error| self.writing(error))?;
        }
        self.rekey_root()?;
        Ok(stale.len() as u64)
    }

    fn rekey_root(&self) -> Result<(), JournalError> {
        let wrapped = self.vault.root()?;
        let put = || -> Result<(), redb::Error> {
            let transaction = self.database.begin_write()?;
            transaction.open_table(META)?.insert(ROOT, wrapped.as_slice())?;
            Ok(transaction.commit()?)
        };
        put().map_err(|error| self.writing(error))
    }

    fn stale(&self) -> Result<Vec<Row>, redb::Error> {
        let keys = self.database.begin_read()?.open_table(KEYS)?;
        let mut stale = Vec::new();
        for row in keys.iter()? {
            let (alias, kept) = row?;
            let (since, until, wrapped) = kept.value();
            if !self.vault.is_newest(wrapped) {
                stale.push((alias.value(), since, until, wrapped.to_vec()));
            }
        }
        Ok(stale)
    }

    /// Whether every page of the file is as it was written, by the engine's own sums.
    pub(in crate::journal) fn pages_hold(self) -> Result<(), JournalError> {
        let Self { path, database, .. } = self;
        let Some(mut database) = std::sync::Arc::into_inner(database) else {
            return Err(JournalError::Busy { path });
        };
        match database.check_integrity() {
            Ok(true) => Ok(()),
            Ok(false) => Err(JournalError::Torn { path, what: "pages did not hold".to_owned() }),
            Err(error) => Err(JournalError::reading(&path, error)),
        }
    }
}

/// Alias, since, until, wrapped.
type Row = ([u8; 16], u64, u64, Vec<u8>);

fn copy<K: Key + 'static, V: Value + 'static>(
    from: &Database,
    to: &Database,
    table: TableDefinition<'_, K, V>,
) -> Result<(), redb::Error> {
    let rows = from.begin_read()?.open_table(table)?;
    let mut rows = rows.iter()?.peekable();
    loop {
        let transaction = to.begin_write()?;
        let mut copies = transaction.open_table(table)?;
        for row in rows.by_ref().take(ROWS) {
            let (key, value) = row?;
            copies.insert(key.value(), value.value())?;
        }
        drop(copies);
        transaction.commit()?;
        if rows.peek().is_none() {
            return Ok(());
        }
    }
}

/// The rename itself; a file system that cannot sync a folder has nothing better to offer.
fn sync_folder(path: &Path) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::File::open(folder)?.sync_all().or(Ok(()))
}
