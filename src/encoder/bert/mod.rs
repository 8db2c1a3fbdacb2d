//! The network: a BERT of our own on candle tensors, forward only; [`super::training`] has the one that is trained.
//!
//! It differs from the textbook in three ways that keep its results: query, key and value are one product; the vector of
//! token type 0 is added to the position table once, at load; and chains of element-wise operations are replaced by those of
//! [`fused`].

pub(super) mod fused;

use candle_core::{DType, Device, Result, Tensor};

use super::EncoderError;
use super::layout::{Activation, BertShape};
use super::weights::{
    ATTENDED, ATTENDED_NORM, Array, DOWN, EMBEDDING_NORM, KEY, Numbers, OUTPUT_NORM, POSITIONS,
    QUERY, TYPES, UP, VALUE, WORDS, Weights, in_layer,
};

#[derive(Debug)]
pub(super) struct Bert {
    words: Tensor,
    positions: Tensor,
    norm: Norm,
    layers: Vec<Layer>,
    heads: usize,
    activation: Activation,
}

#[derive(Debug)]
struct Layer {
    /// Query, key and value, one after the other.
    attend: Linear,
    attended: Linear,
    attended_norm: Norm,
    up: Linear,
    down: Linear,
    output_norm: Norm,
}

/// `[out, in]` and `[out]`.
#[derive(Debug)]
struct Linear {
    weight: Tensor,
    bias: Tensor,
}

#[derive(Debug)]
struct Norm {
    weight: Tensor,
    bias: Tensor,
    epsilon: f64,
}

impl Bert {
    /// Builds the network; `weights` holds every tensor of `shape`.
    pub(super) fn new(
        shape: &BertShape,
        weights: &mut Weights,
    ) -> std::result::Result<Self, EncoderError> {
        let mut builder = Builder { weights, epsilon: shape.epsilon };
        let words = builder.words()?;
        let types = builder.tensor(TYPES)?.narrow(0, 0, 1)?;
        let positions = builder.tensor(POSITIONS)?.broadcast_add(&types)?;
        let norm = builder.norm(EMBEDDING_NORM)?;
        let layers = (0..shape.layers).map(|layer| builder.layer(layer)).collect::<Result<_>>()?;
        let (heads, activation) = (shape.heads, shape.activation);
        Ok(Self { words, positions, norm, layers, heads, activation })
    }

    /// Token ids `[batch, tokens]` in u32 and their mask, 1 for a token and 0 for padding, as f32 of the same shape → token
    /// vectors `[batch, tokens, hidden]`. Padding gets vectors too; they mean nothing.
    pub(super) fn forward(&self, ids: &Tensor, mask: &Tensor) -> Result<Tensor> {
        let (batch, tokens) = ids.dims2()?;
        let words = self.words.index_select(&ids.flatten_all()?, 0)?.to_dtype(DType::F32)?;
        let words = words.reshape((batch, tokens, ()))?;
        let positions = self.positions.narrow(0, 0, tokens)?;
        let vectors = words.broadcast_add(&positions)?.reshape((batch * tokens, ()))?;
        let mut vectors = self.norm.forward(&vectors)?;
        let mask = ((mask - 1.0)? * 1e9)?;
        for layer in &self.layers {
            vectors = self.layer(layer, &vectors, &mask)?;
        }
        vectors.reshape((batch, tokens, ()))
    }

    /// One layer over `[batch x tokens, hidden]`.
    fn layer(&self, layer: &Layer, vectors: &Tensor, mask: &Tensor) -> Result<Tensor> {
        let attended = self.attention(layer, vectors, mask)?;
        let vectors = layer.attended_norm.add(
            layer.attended.product(&attended)?,
            &layer.attended,
            vectors,
        )?;
        let wide = self.activate(&layer.up, layer.up.product(&vectors)?)?;
        layer.output_norm.add(layer.down.product(&wide)?, &layer.down, &vectors)
    }

    fn attention(&self, layer: &Layer, vectors: &Tensor, mask: &Tensor) -> Result<Tensor> {
        let (batch, tokens) = mask.dims2()?;
        let hidden = vectors.dim(1)?;
        let product = layer.attend.product(vectors)?;
        let all = fused::add(product, &layer.attend.bias)?;
        let all = all.reshape((batch, tokens, 3, self.heads, hidden / self.heads))?;
        let all = all.permute((2, 0, 3, 1, 4))?.contiguous()?;
        let (query, key, value) = (all.get(0)?, all.get(1)?, all.get(2)?);
        let scores = query.matmul(&key.transpose(2, 3)?)?;
        let scale = 1.0 / ((hidden / self.heads) as f64).sqrt();
        let shares = fused::softmax(scores, mask, scale)?;
        shares.matmul(&value)?.transpose(1, 2)?.reshape((batch * tokens, hidden))
    }

    /// Adds the bias of `linear` to its product and applies the activation.
    fn activate(&self, linear: &Linear, product: Tensor) -> Result<Tensor> {
        if self.activation == Activation::Gelu {
            return fused::gelu(product, &linear.bias);
        }
        let wide = product.broadcast_add(&linear.bias)?;
        match self.activation {
            Activation::Gelu => wide.gelu_erf(),
            Activation::GeluTanh => wide.gelu(),
            Activation::Relu => wide.relu(),
        }
    }
}

impl Linear {
    /// x Wᵀ, without the bias, which whoever comes next adds.
    fn product(&self, x: &Tensor) -> Result<Tensor> {
        x.matmul(&self.weight.t()?)
    }
}

impl Norm {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        #[expect(clippy::cast_possible_truncation, reason = "1e-12 is an f32 too")]
        let epsilon = self.epsilon as f32;
        candle_nn::ops::layer_norm(x, &self.weight, &self.bias, epsilon)
    }

    /// The norm of `product` + the bias of `linear` + `residual`.
    fn add(&self, product: Tensor, linear: &Linear, residual: &Tensor) -> Result<Tensor> {
        fused::add_norm(product, residual, &linear.bias, self)
    }
}

/// Takes tensors out of the weights and puts them together.
struct Builder<'a> {
    weights: &'a mut Weights,
    epsilon: f64,
}

impl Builder<'_> {
    fn array(&mut self, name: &str) -> Result<Array> {
        self.weights.take(name).ok_or_else(|| candle_core::Error::Msg(format!("no tensor {name}")))
    }

    fn tensor(&mut self, name: &str) -> Result<Tensor> {
        let Array { shape, numbers } = self.array(name)?;
        Tensor::from_vec(numbers.into_f32(), shape, &Device::Cpu)
    }

    /// The word table, which is only looked up and so stays in half precision if it comes so.
    fn words(&mut self) -> Result<Tensor> {
        let Array { shape, numbers } = self.array(WORDS)?;
        match numbers {
            Numbers::F32(numbers) => Tensor::from_vec(numbers, shape, &Device::Cpu),
            Numbers::F16(numbers) => Tensor::from_vec(numbers, shape, &Device::Cpu),
        }
    }

    fn pair(&mut self, name: &str) -> Result<(Tensor, Tensor)> {
        Ok((self.tensor(&format!("{name}.weight"))?, self.tensor(&format!("{name}.bias"))?))
    }

    fn norm(&mut self, name: &str) -> Result<Norm> {
        let (weight, bias) = self.pair(name)?;
        Ok(Norm { weight, bias, epsilon: self.epsilon })
    }

    fn linear(&mut self, name: &str) -> Result<Linear> {
        let (weight, bias) = self.pair(name)?;
        Ok(Linear { weight, bias })
    }

    fn layer(&mut self, layer: usize) -> Result<Layer> {
        let name = |part: &str| in_layer(layer, part);
        let [query, key, value] =
            [self.linear(&name(QUERY))?, self.linear(&name(KEY))?, self.linear(&name(VALUE))?];
        let weight = Tensor::cat(&[query.weight, key.weight, value.weight], 0)?;
        let bias = Tensor::cat(&[query.bias, key.bias, value.bias], 0)?;
        Ok(Layer {
            attend: Linear { weight, bias },
            attended: self.linear(&name(ATTENDED))?,
            attended_norm: self.norm(&name(ATTENDED_NORM))?,
            up: self.linear(&name(UP))?,
            down: self.linear(&name(DOWN))?,
            output_norm: self.norm(&name(OUTPUT_NORM))?,
        })
    }
}
