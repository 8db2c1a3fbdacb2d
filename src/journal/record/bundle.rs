//! What decides, as far as a replay needs it: without the model, from the evidence alone.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::decision::policy::{self, Gate};
use crate::message::{ArticleId, Language, Risk, Shared};

/// What decides from here on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Bundle {
    /// What decisions name it by: of everything below. A gate may change its state under one hash.
    pub id: Shared,
    /// Over everything that a guarantee is bound to.
    pub hash: String,
    /// The model's name and the beginning of its hash.
    pub model: String,
    /// Hash of what was fitted.
    pub head: String,
    /// Hash of the articles and phrases.
    pub knowledge_revision: String,
    /// Hash of the policy.
    pub policy: String,
    /// Over everything but the gate.
    pub base: String,
    /// What verdicts are computed by.
    #[serde(default)]
    pub rules: Option<Rules>,
}

/// What verdicts are computed by, but for their evidence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rules {
    /// The gate in force.
    pub gate: Gate,
    /// What its claim allows.
    pub claim: Claim,
    /// The policy in force.
    pub policy: policy::Config,
}

/// What a gate claims, as far as verdicts depend on it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Claim {
    /// Risks with a certificate of their own, and their thresholds.
    pub risks: Vec<(Risk, f64)>,
    /// Languages with a certificate of their own.
    pub languages: Vec<Language>,
    /// Articles that still answer while the bundle is tested again.
    pub unchanged: Vec<ArticleId>,
}

impl Rules {
    /// The gate with its claim, as far as verdicts depend on it.
    pub fn gate(&self) -> Gate {
        let Claim { risks, languages, unchanged } = self.claim.clone();
        let unchanged = unchanged.into_iter().collect();
        let claim = policy::Claim { risks, languages, unchanged, ..policy::Claim::default() };
        Gate { claim: Arc::new(claim), ..self.gate.clone() }
    }
}
