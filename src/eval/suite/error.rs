//! Why a suite cannot be run.

use std::borrow::Cow;
use std::io;
use std::path::PathBuf;

use crate::error::{Classify, Kind};

/// Why a suite cannot be run.
#[derive(Debug, thiserror::Error)]
pub enum SuiteError {
    /// A file or folder that cannot be read; the message names it.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A suite file that is not one.
    #[error("{}: {message}", path.display())]
    BadSuite {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        message: String,
    },
    /// No suite of that name.
    #[error("there is no suite {name:?}; there are: {known}")]
    Unknown {
        /// The name asked for.
        name: String,
        /// The names there are.
        known: String,
    },
    /// A data file that is not the one the floors were measured on.
    #[error("{} is not the file that the suite was measured on (its sha-256 differs)", path.display())]
    OtherFile {
        /// Which file.
        path: PathBuf,
    },
}

impl Classify for SuiteError {
    fn kind(&self) -> Kind {
        match self {
            Self::Io(_) | Self::Unknown { .. } => Kind::NotFound,
            Self::BadSuite { .. } => Kind::InvalidArgument,
            Self::OtherFile { .. } => Kind::FailedPrecondition,
        }
    }
    fn reason(&self) -> &'static str {
        match self {
            Self::Io(_) => "FILE_UNREADABLE",
            Self::Unknown { .. } => "NO_SUCH_SUITE",
            Self::BadSuite { .. } => "BAD_SUITE",
            Self::OtherFile { .. } => "OTHER_DATA",
        }
    }
    fn remedy(&self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::Io(_) => {
                "Name the folder that holds the sets with --data-root or FIRSTLINE_DATA."
            }
            Self::Unknown { .. } => "Name one of these, or `all`.",
            Self::BadSuite { .. } => "Compare it with the other files of benches/suites.",
            Self::OtherFile { .. } => {
                "Use the set's official split, or --data for a set of your own."
            }
        })
    }
}
