//! The guarantee as a product: logs become pools, pools become a plan, labels become a certificate, and the certificate is
//! kept alive or withdrawn while the service runs. What is tested and what may be said is `decision::guarantee`'s; this
//! room keeps the files, asks the pipeline, and lets nobody see a certify message but the labellers.
//!
//! ```text
//! log, live messages ─keyed hash─┬─ workshop  fitting, planning the path
//!                                └─ certify   sealed ─▶ labels ─walk─▶ calibration.toml ─▶ the gate in force
//! ```
//!
//! Everything lies under `calibration/` of the storage directory; `key` beside it opens what is sealed.

mod error;
mod keys;
mod files;
mod seal;
mod pool;
mod csv;
mod labels;
mod scoring;
mod workshop;
mod outside;
mod ledger;
mod desk;
mod plan;
mod walk;
mod renew;
mod standing;
mod live;
mod audit;
mod keeper;

use std::time::Duration;

pub use audit::Audited;
pub use desk::Desk;
pub use error::CertifyError;
pub use keeper::{Intake, Keeper};
pub use labels::Agreement;
pub use ledger::{Ledger, Measured};
pub use live::Heard;
pub use plan::{Ask, Planned};
pub use renew::Renewed;
pub use scoring::Pipeline;
pub use standing::{Moment, Need, Standing, standing};
pub use walk::Certified;

/// What an operator decides about certificates.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Config {
    /// How long answers of unchanged articles go on while a changed bundle is tested again.
    pub grace: Duration,
    /// The share of automatic answers that is queued for an audit, 0..=1.
    pub audit: f64,
}

impl Default for Config {
    fn default() -> Self {
        Self { grace: Duration::from_mins(1), audit: 0.015 }
    }
}
