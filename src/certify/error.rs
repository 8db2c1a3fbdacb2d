//! Why a calibration cannot be made, kept or read. Nothing is half-written when one of these is returned.

use std::borrow::Cow;
use std::path::PathBuf;

use crate::encoder::EncoderError;
use crate::error::{Classify, Kind};
use crate::record::JsonlError;
use crate::seal::SealError;

/// Why there is no calibration. Paths, numbers and article ids, never a customer's words.
#[derive(Debug, thiserror::Error)]
pub enum CertifyError {
    /// A log cannot be read.
    #[error(transparent)]
    Log(#[from] JsonlError),
    /// The encoder failed.
    #[error(transparent)]
    Encoder(#[from] EncoderError),
    /// A file of the calibration cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The service's key is missing or none.
    #[error(transparent)]
    Key(#[from] SealError),
    /// A sealed file ends inside a record.
    #[error("{} ends inside record {record}", path.display())]
    Torn {
        /// Which.
        path: PathBuf,
        /// Counted from 1.
        record: usize,
    },
    /// A record that this key did not seal in this place.
    #[error("record {record} of {} was not sealed here", path.display())]
    Foreign {
        /// Which.
        path: PathBuf,
        /// Counted from 1; 0 for the file's head.
        record: usize,
    },
    /// `calibration.toml` or the plan cannot be understood.
    #[error("{} cannot be read: {message}", path.display())]
    Malformed {
        /// Which.
        path: PathBuf,
        /// What the parser said.
        message: String,
    },
    /// Labels name articles that are not served.
    #[error("labels name articles that are not served: {}", ids.join(", "))]
    UnknownArticles {
        /// At most five of them.
        ids: Vec<String>,
    },
    /// The same text is labelled in two ways.
    #[error("lines {first} and {second} have the same text and different labels")]
    Contradiction {
        /// Its place in the log, from 1.
        first: usize,
        /// The other's.
        second: usize,
    },
    /// Labels of one kind only teach nothing and prove nothing.
    #[error("all {labels} labels say the same: {}", if *in_scope { "in scope" } else { "out of scope" })]
    OneClass {
        /// How many.
        labels: usize,
        /// What all of them say.
        in_scope: bool,
    },
    /// A log without labels and without a random sample has no use here.
    #[error("no message of the log is marked sample: random, and none is labelled")]
    NothingToDo,
    /// Every random message was used by an earlier epoch.
    #[error("every certify message was used by an earlier certificate")]
    NoFresh,
    /// There is no plan to go on with.
    #[error("there is no plan")]
    NoPlan,
    /// There is no certificate.
    #[error("there is no certificate to renew")]
    NoCertificate,
    /// The plan was made for another bundle.
    #[error("the plan is about another bundle: knowledge, model or settings changed since")]
    OtherBundle,
    /// The certify messages are not those that the ledger knows.
    #[error("the certify messages are not those of the ledger")]
    OtherSet,
    /// A labeller's file.
    #[error("{}:{line}: {what}", path.display())]
    BadLabels {
        /// Which.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// What is wrong, without the cell's content.
        what: &'static str,
    },
    /// Another process is at work on the calibration.
    #[error("another process is at work in {}", path.display())]
    Busy {
        /// The folder.
        path: PathBuf,
    },
    /// A test was made less than an hour ago.
    #[error("the last renewal is less than an hour old; edits are tested in batches")]
    TooSoon,
    /// An impossible target.
    #[error("target and confidence must lie between 0.5 and 0.999")]
    BadTerms,
}

impl CertifyError {
    pub(super) fn file(path: &std::path::Path, source: std::io::Error) -> Self {
        Self::File { path: path.to_owned(), source }
    }
}

impl Classify for CertifyError {
    fn kind(&self) -> Kind {
        match self {
            Self::Log(error) => error.kind(),
            Self::Encoder(error) => error.kind(),
            Self::Key(error) => error.kind(),
            Self::Torn { .. }
            | Self::Foreign { .. }
            | Self::NothingToDo
            | Self::NoFresh
            | Self::NoPlan
            | Self::NoCertificate
            | Self::OtherBundle
            | Self::OtherSet
            | Self::TooSoon => Kind::FailedPrecondition,
            Self::File { .. } | Self::Busy { .. } => Kind::Unavailable,
            Self::Malformed { .. }
            | Self::UnknownArticles { .. }
            | Self::Contradiction { .. }
            | Self::OneClass { .. }
            | Self::BadLabels { .. }
            | Self::BadTerms => Kind::InvalidArgument,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Log(error) => error.reason(),
            Self::Encoder(error) => error.reason(),
            Self::File { .. } => "FILES_FAILED",
            Self::Key(error) => error.reason(),
            Self::Torn { .. } => "SEAL_TORN",
            Self::Foreign { .. } => "SEAL_FOREIGN",
            Self::Malformed { .. } => "CALIBRATION_MALFORMED",
            Self::UnknownArticles { .. } => "LABELS_UNKNOWN_ARTICLE",
            Self::Contradiction { .. } => "LABELS_CONTRADICT",
            Self::OneClass { .. } => "LABELS_ONE_CLASS",
            Self::NothingToDo => "NO_LABELS",
            Self::NoFresh => "NO_FRESH_MESSAGES",
            Self::NoPlan => "NO_PLAN",
            Self::NoCertificate => "NO_CERTIFICATE",
            Self::OtherBundle => "OTHER_BUNDLE",
            Self::OtherSet => "OTHER_SET",
            Self::BadLabels { .. } => "BAD_LABELS",
            Self::Busy { .. } => "CALIBRATION_BUSY",
            Self::TooSoon => "RENEWAL_TOO_SOON",
            Self::BadTerms => "BAD_TARGET",
        }
    }

    fn remedy(&self) -> Cow<'static, str> {
        match self {
            Self::Log(error) => return error.remedy(),
            Self::Encoder(error) => return error.remedy(),
            Self::File { .. } => "Check that the storage directory exists, is writable, and has room.",
            Self::Key(error) => return error.remedy(),
            Self::Torn { .. } => "Restore the file from your backup, or plan again: firstline calibrate plan.",
            Self::Foreign { .. } => "The file or the key is another service's; restore the pair that belongs together.",
            Self::Malformed { .. } => "Restore the file from your backup, or remove it and calibrate again.",
            Self::UnknownArticles { .. } => "Use the ids of served articles in `relevant`; an empty list says that none answers.",
            Self::Contradiction { .. } => "Let one person decide, and give both lines the same labels.",
            Self::OneClass { .. } => "Label a random sample: it holds messages that some article answers and messages that none does.",
            Self::NothingToDo => "Mark messages drawn at random with \"sample\": \"random\", or add `relevant` labels.",
            Self::NoFresh => "Give a log with new random messages, or let the service collect some.",
            Self::NoPlan => "Run firstline calibrate plan --log F first.",
            Self::NoCertificate => "Run firstline calibrate plan, label, and certify first.",
            Self::OtherBundle => "Plan again with the knowledge, model and settings that are to serve.",
            Self::OtherSet => "Restore calibration.toml and certify.sealed of the same time, or plan again.",
            Self::BadLabels { .. } => "Save the file as CSV in UTF-8 with the columns it came with, and write 1 or 0 as the verdict.",
            Self::Busy { .. } => "Wait until it is done, and try again.",
            Self::TooSoon => "Try again within the hour, with all edits made by then.",
            Self::BadTerms => "Use for instance --target 0.95 --confidence 0.95.",
        }
        .into()
    }
}
