//! The Bundle: everything that decides, built together, hashed together and swapped whole. A request holds one Bundle from
//! start to end, so no decision ever mixes the knowledge of one release with the calibration of another.
//!
//! ```text
//! articles ─embed─▶ Library ─┬─ readers    head and likeness, fitted on its questions
//!                            ├─ lessons    each question asked as if it stood nowhere
//!                            └─▶ fusion ─▶ calibration ─▶ gate                      ─▶ Bundle
//! ```
//!
//! Reading a message with a Bundle ([`Bundle::read`]) happens here, because learning must read exactly as serving does.

pub mod vectors;
mod kept;
mod build;
mod candidates;
mod readers;
mod examples;
mod outside;
mod lessons;
mod read;
pub mod check;

use std::borrow::Cow;
use std::sync::Arc;

use arc_swap::ArcSwap;

pub use build::{Source, Step};
pub use read::View;
pub use vectors::VectorCache;

use crate::decision::policy::{self, Gate};
use crate::decision::{Calibration, Fusion};
use crate::encoder::EncoderError;
use crate::error::{Classify, Kind};
use crate::intent::FitError;
use crate::knowledge::{KnowledgeError, Library};

/// The bundle in force; swapped whole.
pub type Current = Arc<ArcSwap<Bundle>>;

/// Everything that decides.
#[derive(Debug)]
pub struct Bundle {
    library: Arc<Library>,
    readers: Arc<readers::Readers>,
    examples: Arc<examples::Examples>,
    fusion: Fusion,
    gate: Gate,
    policy: policy::Config,
    info: Arc<BundleInfo>,
}

/// What a bundle is made of, by name and hash.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct BundleInfo {
    /// Over everything below: what a guarantee is bound to. 64 hexadecimal digits.
    pub hash: String,
    /// The model's name and the beginning of its hash.
    pub model: String,
    /// Hash of classifier, fusion, calibration and prototypes.
    pub head: String,
    /// Hash of the articles and phrases.
    pub knowledge_revision: String,
    /// Hash of the policy.
    pub policy: String,
    /// Over model, readers, mix, knowledge, policy and the code of the rules: everything but the gate.
    pub base: String,
}

impl Bundle {
    /// The articles and how they are found.
    pub fn library(&self) -> &Library {
        &self.library
    }

    /// The gate in force.
    pub fn gate(&self) -> &Gate {
        &self.gate
    }

    /// How the readers' views are mixed.
    pub fn fusion(&self) -> &Fusion {
        &self.fusion
    }

    /// What the operator decided.
    pub fn policy(&self) -> &policy::Config {
        &self.policy
    }

    /// Names and hashes.
    pub fn info(&self) -> &Arc<BundleInfo> {
        &self.info
    }

    /// The hash of this bundle with another calibrator, before any threshold is chosen: what a certificate is about.
    pub fn frozen(&self, calibration: &Calibration) -> String {
        build::frozen(&self.info.base, calibration)
    }

    /// The same bundle behind another gate.
    #[must_use]
    pub fn under(&self, gate: Gate) -> Self {
        let hash = build::whole(&self.info.base, &gate);
        Self {
            library: Arc::clone(&self.library),
            readers: Arc::clone(&self.readers),
            examples: Arc::clone(&self.examples),
            fusion: self.fusion,
            gate,
            policy: self.policy.clone(),
            info: Arc::new(BundleInfo { hash, ..(*self.info).clone() }),
        }
    }

    /// This bundle as the one in force.
    pub fn into_current(self) -> Current {
        Arc::new(ArcSwap::from_pointee(self))
    }
}

/// Why there is no bundle.
#[derive(Debug, thiserror::Error)]
pub enum ReleaseError {
    /// The knowledge cannot be built.
    #[error(transparent)]
    Knowledge(#[from] KnowledgeError),
    /// A reader cannot be fitted.
    #[error(transparent)]
    Fit(#[from] FitError),
    /// The encoder failed.
    #[error(transparent)]
    Encoder(#[from] EncoderError),
}

impl Classify for ReleaseError {
    fn kind(&self) -> Kind {
        match self {
            Self::Knowledge(error) => error.kind(),
            Self::Fit(error) => error.kind(),
            Self::Encoder(error) => error.kind(),
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Knowledge(error) => error.reason(),
            Self::Fit(error) => error.reason(),
            Self::Encoder(error) => error.reason(),
        }
    }

    fn remedy(&self) -> Cow<'static, str> {
        match self {
            Self::Knowledge(error) => error.remedy(),
            Self::Fit(error) => error.remedy(),
            Self::Encoder(error) => error.remedy(),
        }
    }
}

#[cfg(test)]
mod tests;
