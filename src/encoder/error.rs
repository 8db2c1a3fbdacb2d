//! What can go wrong between a model folder and an embedding. Fetching a model has its own errors: [`super::source`].

use std::borrow::Cow;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::error::{Classify, Kind};

/// Why there is no encoder, or no embedding.
#[derive(Debug, thiserror::Error)]
pub enum EncoderError {
    /// There is no such folder, or it lacks a file that a model needs.
    #[error("no model in {}: {missing} is not there", dir.display())]
    NoModel {
        /// The folder.
        dir: PathBuf,
        /// The file that was looked for.
        missing: &'static str,
    },
    /// A model file exists and cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// A model file says something that cannot be true or is not supported.
    #[error("{}: {problem}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong in it.
        problem: String,
    },
    /// The tokenizer failed on a text.
    #[error("the tokenizer failed: {0}")]
    Tokenizer(String),
    /// The tokenizer knows tokens that the weights have no vector for.
    #[error("token id {id} is outside the model's vocabulary of {vocabulary}")]
    Vocabulary {
        /// The id.
        id: u32,
        /// How many ids the weights hold.
        vocabulary: usize,
    },
    /// The network has no vector for a token, or for where it stands.
    #[error("the model has no vector for token id {id} at position {position}")]
    Place {
        /// The id.
        id: u32,
        /// Tokens before it.
        position: usize,
    },
    /// A text without tokens was handed to the network.
    #[error("a text without tokens cannot be encoded")]
    NoTokens,
    /// The network failed.
    #[error("the network failed: {0}")]
    Network(#[from] candle_core::Error),
    /// A defect: a product was asked for with sizes that do not fit.
    #[error("a matrix product failed: {0}")]
    Product(#[from] rten_gemm::GemmError),
    /// A defect: the work panicked. The worker lives on.
    #[error("encoding panicked")]
    Panicked,
    /// The batcher's queue is full.
    #[error("{waiting} texts wait for the encoder, which is its limit")]
    Overloaded {
        /// How many wait.
        waiting: usize,
        /// When to come back.
        retry_after: Duration,
    },
    /// The batcher was shut down before the work was done.
    #[error("the encoder is shutting down")]
    Stopped,
    /// The system gave no thread.
    #[error("cannot start an encoder thread: {0}")]
    Thread(#[source] io::Error),
    /// A setting outside its range.
    #[error("{setting} must be {range}")]
    Setting {
        /// Its name.
        setting: &'static str,
        /// What it may be.
        range: &'static str,
    },
}

impl EncoderError {
    pub(super) fn malformed(path: impl Into<PathBuf>, problem: impl Into<String>) -> Self {
        Self::Malformed { path: path.into(), problem: problem.into() }
    }
}

impl Classify for EncoderError {
    fn kind(&self) -> Kind {
        match self {
            Self::NoModel { .. } | Self::Malformed { .. } | Self::Vocabulary { .. } => {
                Kind::FailedPrecondition
            }
            Self::Setting { .. } | Self::NoTokens => Kind::InvalidArgument,
            Self::Overloaded { .. } => Kind::Overloaded,
            Self::Stopped | Self::Unreadable { .. } => Kind::Unavailable,
            Self::Tokenizer(_)
            | Self::Place { .. }
            | Self::Network(_)
            | Self::Product(_)
            | Self::Panicked
            | Self::Thread(_) => Kind::Internal,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::NoModel { .. } => "MODEL_MISSING",
            Self::Unreadable { .. } => "MODEL_UNREADABLE",
            Self::Malformed { .. } | Self::Vocabulary { .. } => "MODEL_MALFORMED",
            Self::Setting { .. } => "SETTING_OUT_OF_RANGE",
            Self::Overloaded { .. } => "ENCODER_OVERLOADED",
            Self::Stopped => "SHUTTING_DOWN",
            Self::NoTokens
            | Self::Place { .. }
            | Self::Tokenizer(_)
            | Self::Network(_)
            | Self::Product(_)
            | Self::Panicked
            | Self::Thread(_) => "ENCODER_FAILED",
        }
    }

    fn remedy(&self) -> Cow<'static, str> {
        match self {
            Self::NoModel { dir, .. } => {
                let name = dir.file_name().map_or("NAME".into(), |name| name.to_string_lossy());
                format!("run `firstline models pull {name}`").into()
            }
            Self::Unreadable { .. } => "check that the file may be read by this user".into(),
            Self::Malformed { .. } | Self::Vocabulary { .. } => {
                "run `firstline models verify`; a model of your own must be a BERT with config.json, tokenizer.json and model.safetensors that belong together".into()
            }
            Self::Setting { setting, range } => format!("set {setting} to a value that is {range}").into(),
            Self::Overloaded { .. } => "send again after the hint; if it lasts, add cores or instances".into(),
            Self::Stopped => "send again to another instance, or after the restart".into(),
            Self::NoTokens
            | Self::Place { .. }
            | Self::Tokenizer(_)
            | Self::Network(_)
            | Self::Product(_)
            | Self::Panicked => {
                "this is a defect of firstline; report it with the log".into()
            }
            Self::Thread(_) => "raise the process limit of this user, or lower `encoder.workers`".into(),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        if let Self::Overloaded { retry_after, .. } = self { Some(*retry_after) } else { None }
    }
}
