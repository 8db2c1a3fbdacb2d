//! The trained network: the rows of a batch go through it without padding. Matrices are kept as `[in, out]`, the way their
//! gradients come, so that none is transposed on the way.

use std::sync::Arc;

use candle_core::{Device, Result, Tensor, Var};

use super::{Parameter, ops, plain};
use crate::encoder::layout::{Activation, BertShape, Pooling};
use crate::encoder::weights::{
    ATTENDED, ATTENDED_NORM, Array, DOWN, EMBEDDING_NORM, KEY, Numbers, OUTPUT_NORM, POSITIONS,
    QUERY, TYPES, UP, VALUE, WORDS, Weights, in_layer,
};
use crate::encoder::{EncoderError, Tokens};

/// The part of a layer that holds query, key and value in one.
pub(super) const ATTEND: &str = "attention.self.all";

#[derive(Debug)]
pub(super) struct Network {
    /// Looked up, never trained: its gradient would be the largest cost of a step, for words that no example names.
    words: Numbers,
    /// `[positions, hidden]`, the vector of token type 0 added; not trained.
    positions: Vec<f32>,
    norm: Vectors,
    layers: Vec<Layer>,
    shape: BertShape,
    device: Device,
}

#[derive(Debug)]
struct Layer {
    attend: Linear,
    attended: Linear,
    attended_norm: Vectors,
    up: Linear,
    down: Linear,
    output_norm: Vectors,
}

/// `[in, out]` and `[out]`.
#[derive(Debug)]
struct Linear {
    weight: Tensor,
    bias: Tensor,
}

/// Weight and bias of a norm, `[hidden]` each.
#[derive(Debug)]
struct Vectors {
    weight: Tensor,
    bias: Tensor,
}

/// Texts, one after the other.
struct Rows {
    starts: Arc<[usize]>,
    vectors: Tensor,
}

impl Network {
    /// Builds the network, and lists what of it is trained: all but the embeddings' norm and the lowest `frozen` layers, or
    /// all if nothing is frozen.
    pub(super) fn new(
        shape: &BertShape,
        weights: &mut Weights,
        frozen: usize,
        device: &Device,
    ) -> std::result::Result<(Self, Vec<Parameter>), EncoderError> {
        let mut builder = Builder { weights, frozen, device, parameters: Vec::new() };
        let words = builder.array(WORDS)?.numbers;
        let positions = builder.positions(shape.hidden)?;
        let norm = builder.vectors(EMBEDDING_NORM, 0)?;
        let layers = (0..shape.layers).map(|layer| builder.layer(layer)).collect::<Result<_>>()?;
        let parameters = builder.parameters;
        let (shape, device) = (shape.clone(), device.clone());
        Ok((Self { words, positions, norm, layers, shape, device }, parameters))
    }

    pub(super) fn layers(&self) -> usize {
        self.layers.len()
    }

    /// One vector of unit length a text: `[texts, hidden]`, differentiable in what is trained.
    pub(super) fn forward(
        &self,
        texts: &[&[u32]],
        pooling: Pooling,
    ) -> std::result::Result<Tensor, EncoderError> {
        let rows = self.embedded(texts)?;
        let pooled = self.pass(rows, pooling)?;
        Ok(pooled)
    }

    fn pass(&self, rows: Rows, pooling: Pooling) -> Result<Tensor> {
        let Rows { starts, mut vectors } = rows;
        for layer in &self.layers {
            vectors = self.layer(layer, &vectors, &starts)?;
        }
        let pooled = self.pool_matrix(&starts, pooling)?.matmul(&vectors)?;
        unit(&pooled)
    }

    /// The vectors of the tokens before the first layer.
    fn embedded(&self, texts: &[&[u32]]) -> std::result::Result<Rows, EncoderError> {
        let hidden = self.shape.hidden;
        let (mut starts, mut rows) = (vec![0], Vec::new());
        for text in texts {
            let positions = self.positions.chunks_exact(hidden);
            for (place, (id, position)) in text.iter().zip(positions).enumerate() {
                let start = rows.len();
                rows.resize(start + hidden, 0.0);
                let row = rows.get_mut(start..).unwrap_or_default();
                if !self.words.read((*id as usize).saturating_mul(hidden), row) {
                    return Err(EncoderError::Place { id: *id, position: place });
                }
                row.iter_mut().zip(position).for_each(|(x, position)| *x += position);
            }
            starts.push(rows.len() / hidden);
        }
        let count = rows.len() / hidden;
        let vectors = Tensor::from_vec(rows, (count, hidden), &self.device)?;
        let nothing = vectors.zeros_like()?;
        let no_bias = Tensor::zeros_like(&self.norm.bias)?;
        let vectors = self.add_norm(&vectors, &nothing, &no_bias, &self.norm)?;
        Ok(Rows { starts: starts.into(), vectors })
    }

    fn layer(&self, layer: &Layer, vectors: &Tensor, starts: &Arc<[usize]>) -> Result<Tensor> {
        let projected = vectors.matmul(&layer.attend.weight)?;
        let context = self.attention(&projected, &layer.attend.bias, starts)?;
        let product = context.matmul(&layer.attended.weight)?;
        let vectors =
            self.add_norm(&product, vectors, &layer.attended.bias, &layer.attended_norm)?;
        let wide = self.activate(&vectors.matmul(&layer.up.weight)?, &layer.up.bias)?;
        let product = wide.matmul(&layer.down.weight)?;
        self.add_norm(&product, &vectors, &layer.down.bias, &layer.output_norm)
    }

    fn attention(&self, product: &Tensor, bias: &Tensor, starts: &Arc<[usize]>) -> Result<Tensor> {
        if product.device().is_cpu() {
            return ops::attention(product, bias, starts, self.shape.heads);
        }
        plain::attention(product, bias, starts, self.shape.heads)
    }

    fn activate(&self, product: &Tensor, bias: &Tensor) -> Result<Tensor> {
        if product.device().is_cpu() && self.shape.activation == Activation::Gelu {
            return ops::gelu(product, bias);
        }
        plain::activate(product, bias, self.shape.activation)
    }

    fn add_norm(
        &self,
        product: &Tensor,
        residual: &Tensor,
        bias: &Tensor,
        norm: &Vectors,
    ) -> Result<Tensor> {
        let vectors = Tensor::stack(&[bias, &norm.weight, &norm.bias], 0)?;
        if product.device().is_cpu() {
            return ops::add_norm(product, residual, &vectors, self.shape.epsilon);
        }
        plain::add_norm(product, residual, &vectors, self.shape.epsilon)
    }

    /// `[texts, rows]`: what each row counts for each text.
    fn pool_matrix(&self, starts: &[usize], pooling: Pooling) -> Result<Tensor> {
        let (texts, rows) = (starts.len().saturating_sub(1), starts.last().copied().unwrap_or(0));
        let mut shares = vec![0f32; texts * rows];
        let spans = starts.iter().zip(starts.iter().skip(1));
        for ((start, end), row) in spans.zip(shares.chunks_exact_mut(rows.max(1))) {
            let read = if pooling == Pooling::Mean { *start..*end } else { *start..start + 1 };
            let share = 1.0 / read.len().max(1) as f32;
            row.get_mut(read).unwrap_or_default().fill(share);
        }
        Tensor::from_vec(shares, (texts, rows), &self.device)
    }
}

/// Rows scaled to unit length.
pub(super) fn unit(rows: &Tensor) -> Result<Tensor> {
    let squares = rows.sqr()?.sum_keepdim(1)?;
    rows.broadcast_div(&(squares + 1e-12)?.sqrt()?)
}

/// Takes tensors out of the weights and makes variables of those that are trained.
struct Builder<'a> {
    weights: &'a mut Weights,
    frozen: usize,
    device: &'a Device,
    parameters: Vec<Parameter>,
}

impl Builder<'_> {
    fn array(&mut self, name: &str) -> Result<Array> {
        self.weights.take(name).ok_or_else(|| candle_core::Error::Msg(format!("no tensor {name}")))
    }

    fn positions(&mut self, hidden: usize) -> Result<Vec<f32>> {
        let types = self.array(TYPES)?.numbers.into_f32();
        let mut positions = self.array(POSITIONS)?.numbers.into_f32();
        for row in positions.chunks_exact_mut(hidden.max(1)) {
            row.iter_mut().zip(&types).for_each(|(x, kind)| *x += kind);
        }
        Ok(positions)
    }

    /// A tensor as it is stored, on the device.
    fn tensor(&mut self, name: &str) -> Result<Tensor> {
        let Array { shape, numbers } = self.array(name)?;
        Tensor::from_vec(numbers.into_f32(), shape, self.device)
    }

    /// A matrix as it is multiplied: `[in, out]`.
    fn matrix(&mut self, name: &str) -> Result<Tensor> {
        self.tensor(name)?.t()?.contiguous()
    }

    /// The tensor as a variable, unless it is frozen. `depth` is 0 for the embeddings and counts the layers from 1.
    fn trained(&mut self, name: String, tensor: Tensor, depth: usize) -> Result<Tensor> {
        if self.frozen > 0 && depth <= self.frozen {
            return Ok(tensor);
        }
        let variable = Var::from_tensor(&tensor)?;
        let tensor = variable.as_tensor().clone();
        self.parameters.push(Parameter { decays: tensor.rank() == 2, name, variable, depth });
        Ok(tensor)
    }

    fn linear(&mut self, name: &str, depth: usize) -> Result<Linear> {
        let (weight, bias) = (self.matrix(&weight_of(name))?, self.tensor(&bias_of(name))?);
        Ok(Linear {
            weight: self.trained(weight_of(name), weight, depth)?,
            bias: self.trained(bias_of(name), bias, depth)?,
        })
    }

    fn vectors(&mut self, name: &str, depth: usize) -> Result<Vectors> {
        let (weight, bias) = (self.tensor(&weight_of(name))?, self.tensor(&bias_of(name))?);
        Ok(Vectors {
            weight: self.trained(weight_of(name), weight, depth)?,
            bias: self.trained(bias_of(name), bias, depth)?,
        })
    }

    fn attend(&mut self, layer: usize) -> Result<Linear> {
        let parts = [QUERY, KEY, VALUE].map(|part| in_layer(layer, part));
        let weights: Vec<Tensor> =
            parts.iter().map(|part| self.matrix(&weight_of(part))).collect::<Result<_>>()?;
        let biases: Vec<Tensor> =
            parts.iter().map(|part| self.tensor(&bias_of(part))).collect::<Result<_>>()?;
        let (weight, bias) = (Tensor::cat(&weights, 1)?, Tensor::cat(&biases, 0)?);
        let name = in_layer(layer, ATTEND);
        Ok(Linear {
            weight: self.trained(weight_of(&name), weight.contiguous()?, layer + 1)?,
            bias: self.trained(bias_of(&name), bias, layer + 1)?,
        })
    }

    fn layer(&mut self, layer: usize) -> Result<Layer> {
        let (name, depth) = (|part: &str| in_layer(layer, part), layer + 1);
        Ok(Layer {
            attend: self.attend(layer)?,
            attended: self.linear(&name(ATTENDED), depth)?,
            attended_norm: self.vectors(&name(ATTENDED_NORM), depth)?,
            up: self.linear(&name(UP), depth)?,
            down: self.linear(&name(DOWN), depth)?,
            output_norm: self.vectors(&name(OUTPUT_NORM), depth)?,
        })
    }
}

pub(super) fn weight_of(name: &str) -> String {
    format!("{name}.weight")
}

pub(super) fn bias_of(name: &str) -> String {
    format!("{name}.bias")
}

/// The ids of each text.
pub(super) fn ids(texts: &[Tokens]) -> Vec<&[u32]> {
    texts.iter().map(Tokens::ids).collect()
}
