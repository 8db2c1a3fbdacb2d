//! Text → [`Embedding`]: the one forward pass that the classifier and the retriever share.
//!
//! A model is a folder in the plain BERT layout ([`layout`]); [`load`] checks every byte of it that matters and returns an
//! [`Encoder`]. A [`Batcher`] owns the threads. [`source`] brings models onto the machine. This module knows nothing of
//! articles, intents or requests.

pub mod error;
pub mod layout;
mod tokenize;
mod weights;
mod bert;
mod kernels;
mod engine;
mod pool;
mod local;
pub mod training;
mod plan;
mod cache;
pub mod batcher;
pub mod source;
#[cfg(test)]
pub(crate) mod fixture;

use std::fmt;
use std::path::Path;
use std::sync::Arc;

pub use batcher::Batcher;
pub use engine::Backend;
pub use error::EncoderError;
pub use kernels::{
    dots::{dot, dots, squared_distances},
    steps,
};
pub use layout::Pooling;
pub use local::LocalEncoder;

/// The token cap of [`load`]: what a customer says fits, and a pasted log file costs no more than four long messages.
pub const DEFAULT_MAX_TOKENS: usize = 256;

/// Which side of a retrieval a text stands on; some models put a different prefix before each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// What a customer says, and the phrasings it is compared with.
    Query,
    /// What an editor wrote as an answer.
    Passage,
}

/// A text as the network reads it: token ids, special tokens included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tokens {
    ids: Vec<u32>,
    truncated: bool,
}

impl Tokens {
    /// Wraps ids; `truncated` says that the text went on.
    pub fn new(ids: Vec<u32>, truncated: bool) -> Self {
        Self { ids, truncated }
    }
    /// The ids, special tokens included.
    pub fn ids(&self) -> &[u32] {
        &self.ids
    }
    /// How many ids there are.
    pub fn len(&self) -> usize {
        self.ids.len()
    }
    /// Whether there are none; an encoder refuses that.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }
    /// Whether the text went on beyond the cap.
    pub fn truncated(&self) -> bool {
        self.truncated
    }
}

/// How far rounding takes the length of a unit vector of f32 from 1, at most.
const ROUNDING: f64 = 1e-6;

/// A vector of unit length. Cosine similarity is therefore [`Embedding::dot`], in -1..=1.
#[derive(Clone, PartialEq)]
pub struct Embedding(Vec<f32>);

impl Embedding {
    /// Scales a vector to unit length. One that has it stays what it is to the last bit, so that a vector comes back from a
    /// cache as it went in; one without a direction (zero, or not finite) becomes all zeros, which resembles nothing.
    pub fn from_raw(mut raw: Vec<f32>) -> Self {
        let norm = raw.iter().map(|x| f64::from(*x) * f64::from(*x)).sum::<f64>().sqrt();
        if (norm - 1.0).abs() < ROUNDING {
            return Self(raw);
        }
        let scale = if norm.is_finite() && norm > 1e-12 { 1.0 / norm } else { 0.0 };
        for x in &mut raw {
            #[expect(clippy::cast_possible_truncation, reason = "a component of a unit vector")]
            let scaled = (f64::from(*x) * scale) as f32;
            *x = if scaled.is_finite() { scaled } else { 0.0 };
        }
        Self(raw)
    }
    /// The components.
    pub fn as_slice(&self) -> &[f32] {
        &self.0
    }
    /// How many components there are.
    pub fn dimensions(&self) -> usize {
        self.0.len()
    }
    /// Cosine similarity, -1..=1. Vectors of different models do not compare; surplus components are ignored.
    pub fn dot(&self, other: &Self) -> f32 {
        dot(&self.0, &other.0)
    }
}

impl fmt::Debug for Embedding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Embedding({} dimensions)", self.0.len())
    }
}

/// What can be said about a loaded model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    /// The folder's name.
    pub name: String,
    /// Components of an embedding.
    pub dimensions: usize,
    /// Transformer layers.
    pub layers: usize,
    /// Token ids run from 0 to this number less one.
    pub vocabulary: usize,
    /// Tokens of a text that are read, special ones and the prefix included; the rest is cut and reported.
    pub max_tokens: usize,
    /// Weights that each token is multiplied with; a token takes twice as many operations.
    pub multiplied: usize,
    /// How token vectors become one.
    pub pooling: Pooling,
    /// sha-256, in hexadecimal, over all that an embedding depends on: weights, tokenizer, shape, pooling, prefixes, cap, and
    /// the class of numbers that the backend computes with.
    pub hash: String,
}

/// The seam: whatever turns texts into embeddings. Synchronous and without threads of its own.
pub trait Encoder: Send + Sync + fmt::Debug {
    /// What this encoder runs.
    fn model(&self) -> &Model;
    /// Reads a text into at most [`Model::max_tokens`] tokens.
    fn tokenize(&self, text: &str, role: Role) -> Result<Tokens, EncoderError>;
    /// One embedding a text, in order. What a text gets does not depend on the others beyond rounding.
    fn encode(&self, batch: &[Tokens]) -> Result<Vec<Embedding>, EncoderError>;
}

/// Loads a model from a folder in the plain BERT layout, reading at most [`DEFAULT_MAX_TOKENS`] tokens of a text.
pub fn load(dir: &Path) -> Result<Arc<dyn Encoder>, EncoderError> {
    load_with(dir, DEFAULT_MAX_TOKENS, Backend::Auto)
}

/// [`load`] with another cap, at least 8, above which the model's own limit stands, and a backend.
pub fn load_with(
    dir: &Path,
    max_tokens: usize,
    backend: Backend,
) -> Result<Arc<dyn Encoder>, EncoderError> {
    Ok(Arc::new(LocalEncoder::load(dir, max_tokens, backend)?))
}

#[cfg(test)]
mod tests;
