//! What is wrong with a configuration, where, and what to do.

use std::borrow::Cow;
use std::ops::Range;
use std::path::Path;

use crate::error::{Classify, Kind};
use crate::text::nearest::nearest;

/// A configuration that cannot be used. Nothing was started with it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration {path}: {cause}")]
    Unreadable {
        /// Which file.
        path: String,
        /// What the system said.
        cause: String,
    },
    /// A key or a value is wrong.
    #[error("{place}: {message}")]
    Invalid {
        /// `file:line:column`.
        place: String,
        /// What is wrong.
        message: String,
        /// What to write instead.
        remedy: Cow<'static, str>,
    },
}

/// A value that has the right type and cannot be used all the same.
#[derive(Debug)]
pub(super) struct Fault {
    /// Bytes of the file.
    pub(super) span: Range<usize>,
    pub(super) message: String,
    pub(super) remedy: &'static str,
}

impl ConfigError {
    pub(super) fn unreadable(path: &Path, fault: &std::io::Error) -> Self {
        Self::Unreadable { path: path.display().to_string(), cause: fault.to_string() }
    }

    pub(super) fn syntax(name: &str, text: &str, fault: &toml::de::Error) -> Self {
        let message = fault.message().to_owned();
        let remedy = meant(&message).map_or(
            "Correct the line; firstline.toml in the repository documents every key.".into(),
            |word| format!("Did you mean {word:?}?").into(),
        );
        Self::Invalid {
            place: place(name, text, fault.span().map_or(0, |span| span.start)),
            message,
            remedy,
        }
    }

    pub(super) fn invalid(name: &str, text: &str, fault: Fault) -> Self {
        Self::Invalid {
            place: place(name, text, fault.span.start),
            message: fault.message,
            remedy: fault.remedy.into(),
        }
    }
}

impl Classify for ConfigError {
    fn kind(&self) -> Kind {
        match self {
            Self::Unreadable { .. } => Kind::NotFound,
            Self::Invalid { .. } => Kind::InvalidArgument,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "CONFIG_UNREADABLE",
            Self::Invalid { .. } => "CONFIG_INVALID",
        }
    }

    fn remedy(&self) -> Cow<'static, str> {
        match self {
            Self::Unreadable { .. } => {
                "Name an existing file with --config, or leave it out to run on the defaults."
                    .into()
            }
            Self::Invalid { remedy, .. } => remedy.clone(),
        }
    }
}

/// The known word behind a mistyped one, from a message such as "unknown field `a`, expected one of `b`, `c`".
fn meant(message: &str) -> Option<String> {
    let mut quoted = message.split('`').skip(1).step_by(2);
    let word = quoted.next()?;
    nearest(word, &quoted.collect::<Vec<_>>()).map(str::to_owned)
}

/// `file:line:column` of a byte, both counted from 1, columns in characters.
fn place(name: &str, text: &str, offset: usize) -> String {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |last| last.chars().count()) + 1;
    format!("{name}:{line}:{column}")
}
