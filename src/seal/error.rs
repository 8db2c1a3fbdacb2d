//! Why there is no key, or not the right one.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::{Classify, Kind};

/// Why nothing can be sealed or opened. Paths and numbers of keys, never a key.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SealError {
    /// A key file cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: Arc<std::io::Error>,
    },
    /// A key is none.
    #[error("{origin} is no key of 32 bytes")]
    BadKey {
        /// A file, or the environment.
        origin: String,
    },
    /// Something was wrapped by a master key that is not here.
    #[error("this was sealed with master key {id}, which is not among the {known} that are here")]
    UnknownMaster {
        /// The key's public number, 8 hexadecimal digits.
        id: String,
        /// How many keys there are.
        known: usize,
    },
    /// Something wrapped was altered, or belongs elsewhere.
    #[error("a wrapped key was altered or moved")]
    Foreign,
}

impl SealError {
    pub(super) fn file(path: &Path, source: std::io::Error) -> Self {
        Self::File { path: path.to_owned(), source: Arc::new(source) }
    }
}

impl Classify for SealError {
    fn kind(&self) -> Kind {
        match self {
            Self::File { .. } => Kind::Unavailable,
            Self::BadKey { .. } | Self::UnknownMaster { .. } | Self::Foreign => {
                Kind::FailedPrecondition
            }
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::File { .. } => "FILES_FAILED",
            Self::BadKey { .. } => "SEAL_KEY_INVALID",
            Self::UnknownMaster { .. } => "SEAL_KEY_WRONG",
            Self::Foreign => "SEAL_FOREIGN",
        }
    }

    fn remedy(&self) -> Cow<'static, str> {
        match self {
            Self::File { .. } => "Check that the storage directory exists, is writable, and has room.",
            Self::BadKey { .. } => {
                "Restore the key from your backup, or set FIRSTLINE_KEY to its 64 hexadecimal digits."
            }
            Self::UnknownMaster { .. } => {
                "Restore the key file, or name the earlier key: key.1 beside it, or second in FIRSTLINE_KEY."
            }
            Self::Foreign => "Restore the file from your backup; it was changed by something else.",
        }
        .into()
    }
}
