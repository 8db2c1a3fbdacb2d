//! Why the journal cannot be opened, written or read. A fault is named and located; nothing goes on as if it were not there.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::error::{Classify, Kind};
use crate::seal::SealError;

/// What is wrong. Paths, places and numbers, never what a record says.
#[derive(Debug, Clone, thiserror::Error)]
pub enum JournalError {
    /// Another process has the journal open.
    #[error("{} is open in another process", path.display())]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// There is no journal to read.
    #[error("there is no journal at {}", path.display())]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The key is missing, or another one's.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// Another version wrote the file.
    #[error("{} has format {found}, this version reads {known}", path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// The format that it has.
        found: u32,
        /// The format that is read.
        known: u32,
    },
    /// The file is cut or overwritten: its own structure does not hold.
    #[error("{} is torn: {what}", path.display())]
    Torn {
        /// The file.
        path: PathBuf,
        /// What the storage engine said.
        what: String,
    },
    /// A record is not what was written.
    #[error("record {sequence} is damaged: {what}")]
    Damaged {
        /// Which.
        sequence: u64,
        /// Which of its properties does not hold.
        what: Damage,
    },
    /// A part of the snapshot is not what was written.
    #[error("part {part} of the snapshot does not open")]
    DamagedPart {
        /// Its name, or the alias of its conversation.
        part: String,
    },
    /// No room is left.
    #[error("no room is left for {}", path.display())]
    Full {
        /// The file.
        path: PathBuf,
    },
    /// A write failed. Nothing is written until the journal is opened again.
    #[error("{} cannot be written: {what}", path.display())]
    Broken {
        /// The file.
        path: PathBuf,
        /// What the system said.
        what: String,
    },
    /// Too many records wait to be written.
    #[error("{limit} records wait to be written already")]
    Overloaded {
        /// The bound.
        limit: usize,
    },
    /// A record is larger than any that this service makes.
    #[error("a record of {bytes} bytes is more than the {limit} that one may have")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The bound.
        limit: usize,
    },
    /// The journal was closed while something was still to be written.
    #[error("the journal is closed")]
    Closed,
    /// Nothing is kept of a conversation.
    #[error("nothing is kept of this conversation")]
    UnknownConversation,
}

/// Which property of a record does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// Shorter than its own head, of another length than it says, or of no known kind.
    #[error("its head does not fit it")]
    Head,
    /// A number is left out, so a record is missing.
    #[error("the record before it is missing")]
    Gap,
    /// It, or the one before it, was changed: the chain does not hold.
    #[error("its link to the record before does not hold")]
    Link,
    /// Its content does not open with its conversation's key.
    #[error("its seal does not open")]
    Seal,
    /// It opens, and what is in it is no record of this version.
    #[error("what it holds is no record")]
    Content,
}

impl JournalError {
    pub(super) fn damaged(sequence: u64, what: Damage) -> Self {
        Self::Damaged { sequence, what }
    }

    /// A fault of the storage engine while writing.
    pub(super) fn writing(path: &Path, error: impl Into<redb::Error>) -> Self {
        let (path, error) = (path.to_owned(), error.into());
        if is_full(&error) {
            Self::Full { path }
        } else {
            Self::Broken { path, what: error.to_string() }
        }
    }

    /// A fault of the storage engine while opening or reading.
    pub(super) fn reading(path: &Path, error: impl Into<redb::Error>) -> Self {
        let (path, error) = (path.to_owned(), error.into());
        if matches!(error, redb::Error::DatabaseAlreadyOpen) {
            Self::Busy { path }
        } else if is_full(&error) {
            Self::Full { path }
        } else {
            Self::Torn { path, what: error.to_string() }
        }
    }
}

fn is_full(error: &redb::Error) -> bool {
    use std::io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    let redb::Error::Io(fault) = error else { return false };
    matches!(fault.kind(), StorageFull | QuotaExceeded | FileTooLarge)
}

impl Classify for JournalError {
    fn kind(&self) -> Kind {
        match self {
            Self::Seal(error) => error.kind(),
            Self::Overloaded { .. } => Kind::Overloaded,
            Self::TooLarge { .. } => Kind::InvalidArgument,
            Self::Missing { .. } | Self::UnknownConversation => Kind::NotFound,
            Self::Version { .. } | Self::Torn { .. } | Self::Damaged { .. } => {
                Kind::FailedPrecondition
            }
            Self::DamagedPart { .. } => Kind::FailedPrecondition,
            Self::Busy { .. } | Self::Full { .. } | Self::Broken { .. } | Self::Closed => {
                Kind::Unavailable
            }
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Seal(error) => error.reason(),
            Self::Busy { .. } => "JOURNAL_BUSY",
            Self::Missing { .. } => "JOURNAL_MISSING",
            Self::Version { .. } => "JOURNAL_VERSION",
            Self::Torn { .. } => "JOURNAL_TORN",
            Self::Damaged { .. } | Self::DamagedPart { .. } => "JOURNAL_DAMAGED",
            Self::Full { .. } => "JOURNAL_FULL",
            Self::Broken { .. } => "JOURNAL_BROKEN",
            Self::Overloaded { .. } => "JOURNAL_OVERLOADED",
            Self::TooLarge { .. } => "JOURNAL_RECORD_TOO_LARGE",
            Self::Closed => "SHUTTING_DOWN",
            Self::UnknownConversation => "CONVERSATION_NOT_FOUND",
        }
    }

    fn remedy(&self) -> Cow<'static, str> {
        match self {
            Self::Seal(error) => return error.remedy(),
            Self::Busy { .. } => "Stop the other service, or give this one a storage.dir of its own.",
            Self::Missing { .. } => "Name the right configuration, or start the service once: it makes the journal.",
            Self::Version { .. } => "Use the version of firstline that wrote it.",
            Self::Torn { .. } => "Keep the file, restore the last backup in its place, and look after the disk.",
            Self::Damaged { .. } | Self::DamagedPart { .. } => {
                "Keep the file and restore a backup; firstline journal verify lists every damaged record."
            }
            Self::Full { .. } => "Make room on the disk, or shorten storage.keep, and restart the service.",
            Self::Broken { .. } => "Look after the disk and restart the service; nothing acknowledged is lost.",
            Self::Overloaded { .. } => "Send it again after the hint; a faster disk takes more.",
            Self::TooLarge { .. } => "Send shorter messages.",
            Self::Closed => "Send it again: another instance, or this one after its restart, takes it.",
            Self::UnknownConversation => {
                "Check the id, and name the gateway with --caller; what was erased stays erased."
            }
        }
        .into()
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Overloaded { .. } | Self::Closed => Some(Duration::from_secs(1)),
            Self::Busy { .. }
            | Self::Missing { .. }
            | Self::Seal(_)
            | Self::Version { .. }
            | Self::Torn { .. }
            | Self::Damaged { .. }
            | Self::DamagedPart { .. }
            | Self::Full { .. }
            | Self::Broken { .. }
            | Self::TooLarge { .. }
            | Self::UnknownConversation => None,
        }
    }
}
