//! Where a model is put together before it is put into place, under a lock.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use super::files;
use super::manifest::{Entry, Pin};
use super::{SourceError, Step};
use crate::encoder::layout::ENCODER;

/// `models/.NAME.part/`, locked. What is in it stays there when a pull fails, for the next one.
#[derive(Debug)]
pub(super) struct Stage {
    target: PathBuf,
    parts: PathBuf,
    ready: PathBuf,
    /// Held as long as it is open.
    _lock: File,
}

impl Stage {
    /// Waits until no other process works on this model.
    pub(super) fn lock(
        entry: &Entry,
        models: &Path,
        progress: &mut dyn FnMut(Step<'_>),
    ) -> Result<Self, SourceError> {
        let name = &entry.name;
        let parts = models.join(format!(".{name}.part"));
        let ready = parts.join("ready");
        fs::create_dir_all(models).map_err(SourceError::files(models))?;
        let path = models.join(format!(".{name}.lock"));
        let lock = File::create(&path).map_err(SourceError::files(&path))?;
        if matches!(lock.try_lock(), Err(TryLockError::WouldBlock)) {
            progress(Step::Waiting);
        }
        lock.lock().map_err(SourceError::files(&path))?;
        Ok(Self { target: models.join(name), parts, ready, _lock: lock })
    }

    /// Makes the folders to work in.
    pub(super) fn open(&self) -> Result<(), SourceError> {
        fs::create_dir_all(&self.ready).map_err(SourceError::files(&self.ready))
    }

    /// Where the model will stand.
    pub(super) fn target(&self) -> &Path {
        &self.target
    }

    /// A place for something on the way.
    pub(super) fn part(&self, name: &str) -> PathBuf {
        self.parts.join(name)
    }

    /// The place of a file of the model.
    pub(super) fn ready(&self, name: &str) -> PathBuf {
        self.ready.join(name)
    }

    /// Copies a file of the model from elsewhere.
    pub(super) fn copy(&self, from: &Path, name: &str) -> Result<(), SourceError> {
        let to = self.ready(name);
        fs::copy(from, &to).map(drop).map_err(SourceError::files(&to))
    }

    /// Checks what was put together and puts it into place. A file that is not as pinned is removed, so that the next pull
    /// fetches it again.
    pub(super) fn finish(
        self,
        entry: &Entry,
        pins: &[Pin],
        progress: &mut dyn FnMut(Step<'_>),
    ) -> Result<(), SourceError> {
        let encoder = self.ready(ENCODER);
        fs::write(&encoder, &entry.encoder).map_err(SourceError::files(&encoder))?;
        if let Err(error) = files::check(&self.ready, pins, progress) {
            self.clear();
            return Err(error);
        }
        self.replace()?;
        self.clear();
        Ok(())
    }

    /// The old folder steps aside before the new one takes its name: a crash between leaves no model, never half a one.
    fn replace(&self) -> Result<(), SourceError> {
        let old = self.part("old");
        if self.target.exists() {
            drop(fs::remove_dir_all(&old));
            fs::rename(&self.target, &old).map_err(SourceError::files(&self.target))?;
        }
        fs::rename(&self.ready, &self.target).map_err(SourceError::files(&self.target))
    }

    /// Removes what is left of the work; what cannot be removed is overwritten next time.
    fn clear(&self) {
        drop(fs::remove_dir_all(&self.parts));
    }
}
