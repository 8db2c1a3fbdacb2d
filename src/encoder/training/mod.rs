//! A model folder as something that can be trained: texts in, differentiable unit vectors out, and a folder of the same
//! kind written back. What is minimised, and how, is `intent::finetune`'s business; nothing here serves.

mod attention;
mod network;
mod ops;
mod plain;
mod store;
mod write;

use std::path::Path;

use candle_core::{Device, Tensor, Var};

use super::layout::Layout;
use super::local::{LEAST_TOKENS, read_both};
use super::tokenize::TextReader;
use super::{EncoderError, Role, Tokens};
use network::{Network, ids};

pub use store::{Checkpoint, StoreError};
pub use write::{Provenance, WriteError};

/// One tensor that is trained.
#[derive(Debug)]
pub struct Parameter {
    /// Its name; that of query, key and value together is our own.
    pub name: String,
    /// Its numbers.
    pub variable: Var,
    /// 0 for the embeddings' norm, then the layer, counted from 1.
    pub depth: usize,
    /// Whether it is a matrix, which weight decay is for.
    pub decays: bool,
}

/// A BERT whose layers can be trained. The word and position tables stay as they are.
#[derive(Debug)]
pub struct Trainable {
    layout: Layout,
    reader: TextReader,
    network: Network,
    parameters: Vec<Parameter>,
    hash: String,
    device: Device,
}

impl Trainable {
    /// Loads a folder, to read at most `max_tokens` tokens of a text and to leave the lowest `frozen` layers as they are.
    pub fn load(dir: &Path, max_tokens: usize, frozen: usize) -> Result<Self, EncoderError> {
        if max_tokens < LEAST_TOKENS {
            return Err(EncoderError::Setting { setting: "max_tokens", range: "at least 8" });
        }
        let layout = Layout::read(dir)?;
        if frozen >= layout.shape.layers {
            return Err(EncoderError::Setting {
                setting: "freeze",
                range: "below the number of layers",
            });
        }
        let (reader, weights) = read_both(&layout, max_tokens.min(layout.longest));
        let ((reader, _), mut weights) = (reader?, weights?);
        let hash = weights.hash.clone();
        let device = Device::cuda_if_available(0)?;
        let (network, parameters) = Network::new(&layout.shape, &mut weights, frozen, &device)?;
        Ok(Self { layout, reader, network, parameters, hash, device })
    }

    /// Components of a vector.
    pub fn dimensions(&self) -> usize {
        self.layout.shape.hidden
    }

    /// Layers, frozen ones included.
    pub fn layers(&self) -> usize {
        self.network.layers()
    }

    /// The folder's name.
    pub fn name(&self) -> String {
        self.layout.name()
    }

    /// sha-256 of the weights that were loaded, in hexadecimal.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// Where it computes.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// What is trained, in a fixed order.
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    /// Reads a text as a customer's words.
    pub fn tokenize(&self, text: &str) -> Result<Tokens, EncoderError> {
        self.reader.read(self.layout.prefixes.of(Role::Query), text)
    }

    /// One vector of unit length a text, `[texts, dimensions]`, differentiable in [`Self::parameters`].
    pub fn vectors(&self, texts: &[Tokens]) -> Result<Tensor, EncoderError> {
        if texts.is_empty() || texts.iter().any(Tokens::is_empty) {
            return Err(EncoderError::NoTokens);
        }
        self.network.forward(&ids(texts), self.layout.pooling)
    }
}

#[cfg(test)]
mod tests;
