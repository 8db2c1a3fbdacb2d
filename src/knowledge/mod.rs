//! Markdown → [`Library`] → [`Hits`]: reads a directory of articles, says what is wrong with them, and finds the ones
//! that fit a message. It neither decides what to do with a hit (`decision`) nor swaps libraries under traffic (`release`).
//!
//! ```text
//! directory ─load─▶ parse (front · body) ─▶ Article ─▶ lint ─▶ diagnostics
//!                                              └─▶ passage · lexical · index ─▶ Library ─hits─▶ Hits
//! ```

pub mod source;
pub mod diagnostic;
pub mod article;
mod front;
mod body;
mod parse;
pub mod load;
pub mod lint;
pub mod phrases;
pub mod plain;
pub mod passage;
pub mod groups;
pub mod lexical;
pub mod index;
pub mod library;
pub mod hits;
mod wording;

use std::borrow::Cow;
use std::io;

pub use article::Article;
pub use diagnostic::Diagnostic;
pub use hits::{Hit, Hits};
pub use library::Library;
pub use load::{LoadOptions, Loaded, load};
pub use phrases::{Phrase, Phrases};
pub use plain::to_plain;

use crate::encoder::EncoderError;
use crate::error::{Classify, Kind};
use crate::message::ArticleId;

/// Why there is no library, or no answer from it. What is wrong with single articles is a [`Diagnostic`].
#[derive(Debug, thiserror::Error)]
pub enum KnowledgeError {
    /// The directory is missing, no directory, or not readable. The path is in the message of the source.
    #[error("the knowledge directory cannot be read: {source}")]
    Unreadable {
        /// What the system said.
        source: io::Error,
    },
    /// Two articles with one id or alias.
    #[error("two articles are called {id}")]
    DuplicateId {
        /// The id.
        id: ArticleId,
    },
    /// The encoder gave another number of vectors than it was given texts.
    #[error("the encoder returned {got} vectors for {asked} texts")]
    Count {
        /// How many texts.
        asked: usize,
        /// How many vectors.
        got: usize,
    },
    /// A vector of another width than the index.
    #[error("a vector has {got} dimensions, the index has {expected}")]
    Dimensions {
        /// The index's width.
        expected: usize,
        /// The vector's.
        got: usize,
    },
    /// The encoder failed.
    #[error(transparent)]
    Encoder(#[from] EncoderError),
}

impl Classify for KnowledgeError {
    fn kind(&self) -> Kind {
        match self {
            Self::Unreadable { .. } | Self::DuplicateId { .. } => Kind::FailedPrecondition,
            Self::Count { .. } | Self::Dimensions { .. } => Kind::Internal,
            Self::Encoder(error) => error.kind(),
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "KNOWLEDGE_UNREADABLE",
            Self::DuplicateId { .. } => "KNOWLEDGE_INVALID",
            Self::Count { .. } | Self::Dimensions { .. } => "INTERNAL",
            Self::Encoder(error) => error.reason(),
        }
    }

    fn remedy(&self) -> Cow<'static, str> {
        match self {
            Self::Unreadable { .. } => {
                "Name an existing, readable directory of articles in `knowledge.dir`, or create one with `firstline kb new`."
                    .into()
            }
            Self::DuplicateId { .. } => {
                "Give one of the two articles another `id`; `firstline kb check` shows both places.".into()
            }
            Self::Count { .. } | Self::Dimensions { .. } => {
                "Build the knowledge again with the model that is serving; if it stays, report it as a defect.".into()
            }
            Self::Encoder(error) => error.remedy(),
        }
    }
}
