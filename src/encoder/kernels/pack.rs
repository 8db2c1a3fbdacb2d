//! [`Weights`] → [`Network`]: every matrix is packed once, and its numbers are dropped before the next one's are widened.

use std::thread;

use super::Network;
use super::attention::Heads;
use super::int8::Int8;
use super::layer::{Layer, Style};
use super::norm::Norm;
use super::product::Product;
use super::single::Single;
use super::words::Words;
use crate::encoder::EncoderError;
use crate::encoder::layout::{BertShape, WEIGHTS};
use crate::encoder::weights::{
    ATTENDED, ATTENDED_NORM, DOWN, EMBEDDING_NORM, KEY, Numbers, OUTPUT_NORM, POSITIONS, QUERY,
    TYPES, UP, VALUE, WORDS, Weights, in_layer,
};

/// Lanes of the widest vectors there are; rows are cut into whole vectors.
const LANES: usize = 16;

/// Whether the rows of this shape are whole vectors. Every published BERT's are; candle runs the others.
pub(in crate::encoder) fn fits(shape: &BertShape) -> bool {
    [shape.hidden / shape.heads, shape.intermediate].iter().all(|width| width.is_multiple_of(LANES))
}

impl Network<Int8> {
    /// Packs in int8, the word table included; `weights` holds every tensor of `shape`, which [`fits`].
    pub(in crate::encoder) fn int8(
        shape: &BertShape,
        weights: &mut Weights,
    ) -> Result<Self, EncoderError> {
        Self::pack(shape, weights, |words| Words::int8(&words, shape.hidden))
    }
}

impl Network<Single> {
    /// Packs in f32 and leaves the word table as it is; `weights` holds every tensor of `shape`, which [`fits`].
    pub(in crate::encoder) fn single(
        shape: &BertShape,
        weights: &mut Weights,
    ) -> Result<Self, EncoderError> {
        Self::pack(shape, weights, Words::Stored)
    }
}

impl<P: Product> Network<P> {
    /// The word table takes about as long as all layers together, so they are packed side by side.
    fn pack(
        shape: &BertShape,
        weights: &mut Weights,
        table: impl FnOnce(Numbers) -> Words + Send,
    ) -> Result<Self, EncoderError> {
        let words = take(weights, WORDS)?;
        thread::scope(|scope| {
            let words = scope.spawn(|| table(words));
            let mut packer = Packer { weights, epsilon: shape.epsilon };
            let positions = packer.positions(shape.hidden)?;
            let norm = packer.norm(EMBEDDING_NORM)?;
            let layers = (0..shape.layers).map(|layer| packer.layer(layer));
            let layers = layers.collect::<Result<_, _>>()?;
            let words = words.join().map_err(|_| EncoderError::Panicked)?;
            Ok(Self::new(words, positions, norm, layers, style(shape)))
        })
    }
}

fn style(shape: &BertShape) -> Style {
    let heads = Heads { count: shape.heads, width: shape.hidden / shape.heads };
    Style { heads, intermediate: shape.intermediate, activation: shape.activation }
}

fn take(weights: &mut Weights, name: &str) -> Result<Numbers, EncoderError> {
    let missing = || EncoderError::malformed(WEIGHTS, format!("{name} is missing"));
    weights.take(name).map(|array| array.numbers).ok_or_else(missing)
}

/// Takes tensors out of the weights and puts them together.
struct Packer<'a> {
    weights: &'a mut Weights,
    epsilon: f64,
}

impl Packer<'_> {
    fn floats(&mut self, name: &str) -> Result<Vec<f32>, EncoderError> {
        take(self.weights, name).map(Numbers::into_f32)
    }

    /// The position table, with the vector of token type 0 added to each row.
    fn positions(&mut self, hidden: usize) -> Result<Vec<f32>, EncoderError> {
        let mut positions = self.floats(POSITIONS)?;
        let types = self.floats(TYPES)?;
        for row in positions.chunks_exact_mut(hidden) {
            row.iter_mut().zip(&types).for_each(|(x, shift)| *x += shift);
        }
        Ok(positions)
    }

    fn norm(&mut self, name: &str) -> Result<Norm, EncoderError> {
        let (weight, bias) = self.stacked([name])?;
        #[expect(clippy::cast_possible_truncation, reason = "1e-12 is an f32 too")]
        let epsilon = self.epsilon as f32;
        Ok(Norm { weight, bias, epsilon })
    }

    /// The outputs of several parts, one after the other: weights and biases.
    fn stacked<const N: usize>(
        &mut self,
        parts: [&str; N],
    ) -> Result<(Vec<f32>, Vec<f32>), EncoderError> {
        let (mut weight, mut bias) = (Vec::new(), Vec::new());
        for part in parts {
            weight.append(&mut self.floats(&format!("{part}.weight"))?);
            bias.append(&mut self.floats(&format!("{part}.bias"))?);
        }
        Ok((weight, bias))
    }

    fn product<P: Product>(&mut self, part: &str) -> Result<P, EncoderError> {
        let (weight, bias) = self.stacked([part])?;
        Ok(P::pack(&weight, bias))
    }

    fn layer<P: Product>(&mut self, layer: usize) -> Result<Layer<P>, EncoderError> {
        let name = |part: &str| in_layer(layer, part);
        let (weight, bias) = self.stacked([&name(QUERY), &name(KEY), &name(VALUE)])?;
        Ok(Layer {
            attend: P::pack(&weight, bias),
            attended: self.product(&name(ATTENDED))?,
            attended_norm: self.norm(&name(ATTENDED_NORM))?,
            up: self.product(&name(UP))?,
            down: self.product(&name(DOWN))?,
            output_norm: self.norm(&name(OUTPUT_NORM))?,
        })
    }
}
