//! The folder `calibration/` with its key: where everything lies, who may write, and how it is read.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::CertifyError;
use super::files;
use super::keys::Keys;
use super::ledger::Ledger;
use super::pool::Draw;
use super::seal::Sealed;
use crate::seal::Keyring;

/// The calibration folder of one storage directory.
#[derive(Debug)]
pub struct Desk {
    folder: PathBuf,
    keys: Keys,
}

/// The right to write. It ends with the value, and with the process.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

const LEDGER: &str = "calibration.toml";
const HEADING: &str =
    "# Written by firstline; read it, but do not edit it. 由 firstline 写入，请勿手工修改。";

impl Desk {
    /// Opens the folder with the keys of the storage directory; the first one is made where there is none.
    pub fn open(storage: &Path) -> Result<Self, CertifyError> {
        Ok(Self::with(storage, &Keyring::open(storage, None)?))
    }

    /// Opens the folder with these keys.
    pub fn with(storage: &Path, keyring: &Keyring) -> Self {
        Self { folder: storage.join("calibration"), keys: Keys::of(keyring) }
    }

    /// Where the key was made just now; whoever runs the service must be told to keep it.
    pub fn new_key(&self) -> Option<&Path> {
        self.keys.made()
    }

    /// The calibration as it stands; an empty one where there is none.
    pub fn ledger(&self) -> Result<Ledger, CertifyError> {
        Ok(files::read_toml(&self.folder.join(LEDGER))?.unwrap_or_default())
    }

    /// When the ledger was written last; to see that somebody else wrote it.
    pub(super) fn written(&self) -> Option<std::time::SystemTime> {
        self.folder.join(LEDGER).metadata().and_then(|facts| facts.modified()).ok()
    }

    pub(super) fn save(&self, _lock: &Lock, ledger: &Ledger) -> Result<(), CertifyError> {
        files::replace_toml(&self.folder.join(LEDGER), HEADING, ledger)
    }

    /// The right to write, if nobody else has it.
    pub(super) fn lock(&self) -> Result<Lock, CertifyError> {
        let path = self.folder.join("lock");
        let fault = |error| CertifyError::file(&path, error);
        fs_err::create_dir_all(&self.folder).map_err(fault)?;
        let file = File::create(&path).map_err(fault)?;
        match file.try_lock() {
            Ok(()) => Ok(Lock { _file: file }),
            Err(TryLockError::WouldBlock) => Err(CertifyError::Busy { path: self.folder.clone() }),
            Err(TryLockError::Error(error)) => Err(fault(error)),
        }
    }

    pub(super) fn sealed(&self, name: &str) -> Sealed {
        Sealed::new(&self.folder, name, &self.keys)
    }

    pub(super) fn draw(&self) -> Draw<'_> {
        Draw(&self.keys)
    }

    pub(super) fn document<T: DeserializeOwned>(
        &self,
        name: &str,
    ) -> Result<Option<T>, CertifyError> {
        files::read_toml(&self.folder.join(name))
    }

    pub(super) fn put<T: Serialize>(&self, name: &str, document: &T) -> Result<(), CertifyError> {
        files::replace_toml(&self.folder.join(name), HEADING, document)
    }

    /// Removes a file, if it is there.
    pub(super) fn remove(&self, name: &str) -> Result<(), CertifyError> {
        let path = self.path(name);
        match fs_err::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(CertifyError::file(&path, error))
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}
