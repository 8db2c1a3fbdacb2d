//! What operators see of the running service: the log and the metrics. It holds no state of the service, and customer text
//! and keys never enter it: a log line names a call by its method, caller, code and reason.

pub mod metrics;

pub use metrics::Metrics;

use std::io;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::error::{Classify, Kind};

/// How the log is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// For people or for machines.
    pub format: Format,
    /// What is logged, such as `info` or `firstline=debug,tonic=warn`. The variable `RUST_LOG` wins over it.
    pub filter: String,
}

impl Default for Config {
    fn default() -> Self {
        Self { format: Format::Text, filter: "info".to_owned() }
    }
}

/// The form of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// One readable line an event.
    #[default]
    Text,
    /// One JSON object an event.
    Json,
}

/// Why the log could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter does not parse.
    #[error("the log filter {filter:?} cannot be read: {cause}")]
    Filter {
        /// As configured.
        filter: String,
        /// What the parser says.
        cause: String,
    },
    /// Somebody set up a log before.
    #[error("a log is set up already")]
    Again,
}

impl Classify for TelemetryError {
    fn kind(&self) -> Kind {
        match self {
            Self::Filter { .. } => Kind::InvalidArgument,
            Self::Again => Kind::FailedPrecondition,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Filter { .. } => "LOG_FILTER_INVALID",
            Self::Again => "LOG_SET_UP_ALREADY",
        }
    }

    fn remedy(&self) -> std::borrow::Cow<'static, str> {
        match self {
            Self::Filter { .. } => {
                "Write levels such as info, or module=level pairs such as firstline=debug,info."
                    .into()
            }
            Self::Again => "Set the log up once, before anything else starts.".into(),
        }
    }
}

/// Sets the process's log up, on standard error. Once. Panics are logged too, without what they quote.
pub fn init(config: &Config) -> Result<(), TelemetryError> {
    let registry = tracing_subscriber::registry().with(filter(&config.filter)?);
    let lines = tracing_subscriber::fmt::layer().with_writer(io::stderr);
    match config.format {
        Format::Text => registry.with(lines.with_target(false)).try_init(),
        Format::Json => registry.with(lines.json().flatten_event(true)).try_init(),
    }
    .map_err(|_| TelemetryError::Again)?;
    log_panics();
    Ok(())
}

/// Logs a panic by its place, and by its words only where they are fixed: formatted ones may quote a customer.
fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        let words = panic.payload().downcast_ref::<&'static str>();
        tracing::error!(place, words, "a defect ended what was being done");
    }));
}

/// `RUST_LOG` where it is set and readable, else what is configured.
fn filter(configured: &str) -> Result<EnvFilter, TelemetryError> {
    if let Ok(filter) = EnvFilter::try_from_default_env() {
        return Ok(filter);
    }
    EnvFilter::try_new(configured).map_err(|error| TelemetryError::Filter {
        filter: configured.to_owned(),
        cause: error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_that_does_not_parse_is_named() {
        let check = |filter_text: &str, reads: bool| {
            assert_eq!(filter(filter_text).is_ok(), reads, "{filter_text:?}");
        };
        check("info", true);
        check("firstline=debug,info", true);
        check("firstline=loud", false);
        let error = filter("firstline=loud").unwrap_err();
        assert_eq!(error.reason(), "LOG_FILTER_INVALID");
        assert!(error.to_string().contains("firstline=loud"), "{error}");
    }
}
