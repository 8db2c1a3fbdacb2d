//! One TOML file → the validated `Config` of every room. Two stages: [`raw`] is the shape of the file, where a wrong type
//! or an unknown key is found with its line; `read` turns it into what the rooms take, on top of their own defaults.
//! Nobody else knows TOML, and no room reads the environment.

mod desk;
mod error;
mod raw;
mod read;

use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;

use crate::encoder::{Backend, batcher};
use crate::{certify, decision, dispatch, journal, routing, server, telemetry};

pub use error::ConfigError;

/// The file that is read from the working directory if nobody names another.
pub const DEFAULT_FILE: &str = "firstline.toml";

/// Everything an operator can set.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The doors.
    pub server: server::Config,
    /// The encoder.
    pub model: Model,
    /// The knowledge directory.
    pub knowledge: Knowledge,
    /// The gate.
    pub policy: decision::policy::Config,
    /// Certificates; `None` keeps none and pools nothing.
    pub certify: Option<certify::Config>,
    /// Conversations, channels, automation.
    pub dispatch: dispatch::Config,
    /// Queues and agents.
    pub routing: routing::Config,
    /// The log.
    pub telemetry: telemetry::Config,
    /// The journal; `None` keeps nothing over a restart.
    pub journal: Option<journal::Config>,
    /// Where firstline keeps what it writes.
    pub storage: PathBuf,
}

/// Which model encodes, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    /// A folder under `dir`.
    pub name: String,
    /// Where model folders are.
    pub dir: PathBuf,
    /// What computes the forward pass.
    pub backend: Backend,
    /// Tokens of a text that are read, 8 or more.
    pub max_tokens: usize,
    /// The worker threads.
    pub batcher: batcher::Config,
}

/// Where articles come from.
#[derive(Debug, Clone, PartialEq)]
pub struct Knowledge {
    /// The directory.
    pub dir: PathBuf,
    /// The zone in which validity days begin.
    pub timezone: TimeZone,
    /// The shop's own numbers and addresses, allowed in answers.
    pub own_contacts: Vec<String>,
}

impl Config {
    /// Reads `file`, or [`DEFAULT_FILE`] if that exists, or takes the defaults.
    pub fn load(file: Option<&Path>) -> Result<Self, ConfigError> {
        let path = file.unwrap_or(Path::new(DEFAULT_FILE));
        match fs_err::read_to_string(path) {
            Ok(text) => Self::parse(&text, &path.display().to_string()),
            Err(missing) if file.is_none() && missing.kind() == std::io::ErrorKind::NotFound => {
                Self::parse("", "")
            }
            Err(fault) => Err(ConfigError::unreadable(path, &fault)),
        }
    }

    /// Reads the text of a file; `name` is only for messages.
    pub fn parse(text: &str, name: &str) -> Result<Self, ConfigError> {
        let file: raw::File =
            toml::from_str(text).map_err(|fault| ConfigError::syntax(name, text, &fault))?;
        read::config(file).map_err(|fault| ConfigError::invalid(name, text, fault))
    }
}

#[cfg(test)]
mod tests;
