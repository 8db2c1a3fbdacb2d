//! Which network runs: the fused one in one of its two classes, or candle's. [`Backend`] is what an operator says, [`Engine`]
//! what came of it.

use std::fmt;
use std::str::FromStr;

use candle_core::{Device, Tensor};
use serde::Deserialize;

use super::bert::Bert;
use super::kernels::{self, Int8, Network, Single};
use super::layout::{BertShape, CONFIG, Pooling};
use super::weights::Weights;
use super::{Embedding, EncoderError, Tokens, pool};

/// What computes the forward pass. Two backends give a text vectors that are alike but not equal, so
/// [`super::Model::hash`] tells them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Backend {
    /// Int8 where the model's shape allows it, candle where it does not.
    #[default]
    Auto,
    /// Fused kernels, products in int8.
    Int8,
    /// Fused kernels, products in f32.
    F32,
    /// candle: the reference, in f32.
    Candle,
}

impl Backend {
    /// The backends by the names under which an operator knows them.
    const NAMES: [(&'static str, Self); 4] =
        [("auto", Self::Auto), ("int8", Self::Int8), ("f32", Self::F32), ("candle", Self::Candle)];

    /// Additions and multiplications a second that this backend's matrix kernel reaches on `threads` threads at once, with
    /// nothing to do but one product again and again. Takes about a second. For candle it is the f32 kernel of the others.
    pub fn peak(self, threads: usize) -> Result<f64, EncoderError> {
        match self {
            Self::Auto | Self::Int8 => Ok(kernels::peak::<Int8>(threads)?),
            Self::F32 | Self::Candle => Ok(kernels::peak::<Single>(threads)?),
        }
    }
}

impl FromStr for Backend {
    type Err = EncoderError;

    fn from_str(name: &str) -> Result<Self, EncoderError> {
        let found = Self::NAMES.iter().find(|(known, _)| *known == name);
        let range = "auto, int8, f32 or candle";
        found
            .map(|(_, backend)| *backend)
            .ok_or(EncoderError::Setting { setting: "backend", range })
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Self::NAMES.iter().find(|(_, backend)| backend == self);
        f.write_str(name.map_or("auto", |(name, _)| name))
    }
}

/// A network with its weights.
#[derive(Debug)]
pub(super) enum Engine {
    Int8(Network<Int8>),
    F32(Network<Single>),
    Candle(Bert),
}

impl Engine {
    /// Builds the network; `weights` holds every tensor of `shape`.
    pub(super) fn new(
        backend: Backend,
        shape: &BertShape,
        weights: &mut Weights,
    ) -> Result<Self, EncoderError> {
        match (backend, kernels::fits(shape)) {
            (Backend::Auto | Backend::Int8, true) => Network::int8(shape, weights).map(Self::Int8),
            (Backend::F32, true) => Network::single(shape, weights).map(Self::F32),
            (Backend::Auto, false) | (Backend::Candle, _) => {
                Bert::new(shape, weights).map(Self::Candle)
            }
            (Backend::Int8 | Backend::F32, false) => Err(EncoderError::malformed(
                CONFIG,
                "heads and intermediate_size must be multiples of 16 for this backend; use candle",
            )),
        }
    }

    /// The class of numbers it computes with, which is part of a model's identity. Processors of one class may differ in the
    /// last digits of a vector.
    pub(super) fn class(&self) -> String {
        match self {
            Self::Int8(_) => format!("int8 of {} steps", kernels::most_steps()),
            Self::F32(_) => "f32".to_owned(),
            Self::Candle(_) => "candle".to_owned(),
        }
    }

    /// One embedding a text, in order; no text is empty.
    pub(super) fn encode(
        &self,
        texts: &[Tokens],
        pooling: Pooling,
    ) -> Result<Vec<Embedding>, EncoderError> {
        match self {
            Self::Int8(network) => network.encode(texts, pooling),
            Self::F32(network) => network.encode(texts, pooling),
            Self::Candle(bert) => padded_pass(bert, texts, pooling),
        }
    }
}

/// A pass of candle's network, in which every text is filled up to the longest.
fn padded_pass(
    bert: &Bert,
    texts: &[Tokens],
    pooling: Pooling,
) -> Result<Vec<Embedding>, EncoderError> {
    let longest = texts.iter().map(Tokens::len).max().unwrap_or(0);
    if longest == 0 {
        return Ok(Vec::new());
    }
    let (ids, mask) = padded(texts, longest);
    let shape = (texts.len(), longest);
    let ids = Tensor::from_vec(ids, shape, &Device::Cpu)?;
    let mask = Tensor::from_vec(mask, shape, &Device::Cpu)?;
    let vectors = bert.forward(&ids, &mask)?;
    let hidden = vectors.dim(2)?;
    let vectors = vectors.flatten_all()?.to_vec1::<f32>()?;
    let pooled = texts
        .iter()
        .zip(vectors.chunks_exact(longest * hidden))
        .map(|(text, rows)| Embedding::from_raw(pool::pool(rows, text.len(), hidden, pooling)));
    Ok(pooled.collect())
}

/// The ids of a batch, zeros where a text has ended, and 1 or 0 for whether it has.
fn padded(texts: &[Tokens], longest: usize) -> (Vec<u32>, Vec<f32>) {
    let mut ids = Vec::with_capacity(texts.len() * longest);
    let mut mask = Vec::with_capacity(ids.capacity());
    for (text, end) in texts.iter().zip((longest..).step_by(longest)) {
        ids.extend_from_slice(text.ids());
        mask.resize(ids.len(), 1.0);
        ids.resize(end, 0);
        mask.resize(end, 0.0);
    }
    (ids, mask)
}
