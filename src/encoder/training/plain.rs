//! What [`super::ops`] does, in candle's own differentiable operations: runs on any device.

use candle_core::{D, Device, Result, Tensor};

use crate::encoder::layout::Activation;

/// `product` + `bias`, then the activation.
pub(super) fn activate(product: &Tensor, bias: &Tensor, activation: Activation) -> Result<Tensor> {
    let wide = product.broadcast_add(bias)?;
    match activation {
        Activation::Gelu => wide.gelu_erf(),
        Activation::GeluTanh => wide.gelu(),
        Activation::Relu => wide.relu(),
    }
}

/// Layer norm of `product` + `residual` + the first of `vectors`, with the other two as weight and bias.
pub(super) fn add_norm(
    product: &Tensor,
    residual: &Tensor,
    vectors: &Tensor,
    epsilon: f64,
) -> Result<Tensor> {
    let sum = (product + residual)?.broadcast_add(&vectors.get(0)?)?;
    let centred = sum.broadcast_sub(&sum.mean_keepdim(D::Minus1)?)?;
    let variance = centred.sqr()?.mean_keepdim(D::Minus1)?;
    let unit = centred.broadcast_div(&(variance + epsilon)?.sqrt()?)?;
    unit.broadcast_mul(&vectors.get(1)?)?.broadcast_add(&vectors.get(2)?)
}

/// Attention of each text on itself: the rows are laid out again with padding, which the mask leaves out.
pub(super) fn attention(
    product: &Tensor,
    bias: &Tensor,
    starts: &[usize],
    heads: usize,
) -> Result<Tensor> {
    let padded = Padded::new(starts, product.device())?;
    let wide = product.dim(1)?;
    let (texts, longest, hidden) = (padded.texts, padded.longest, wide / 3);
    let all = product.broadcast_add(bias)?.index_select(&padded.rows, 0)?;
    let all = all.reshape((texts, longest, 3, heads, hidden / heads))?;
    let all = all.permute((2, 0, 3, 1, 4))?.contiguous()?;
    let (query, key, value) = (all.get(0)?, all.get(1)?, all.get(2)?);
    let scale = 1.0 / ((hidden / heads) as f64).sqrt();
    let scores = (query.matmul(&key.t()?)? * scale)?.broadcast_add(&padded.mask)?;
    let shares = candle_nn::ops::softmax(&scores, D::Minus1)?;
    let context = shares.matmul(&value)?.transpose(1, 2)?.contiguous()?;
    context.reshape((texts * longest, hidden))?.index_select(&padded.back, 0)
}

/// Where the rows of texts of different lengths stand when each is filled up to the longest.
struct Padded {
    texts: usize,
    longest: usize,
    /// For each padded place the row that stands there; padding repeats the text's first.
    rows: Tensor,
    /// For each row its padded place.
    back: Tensor,
    /// 0 for a token and a large negative number for padding: `[texts, 1, 1, longest]`.
    mask: Tensor,
}

impl Padded {
    fn new(starts: &[usize], device: &Device) -> Result<Self> {
        let texts = starts.len().saturating_sub(1);
        let spans = || starts.iter().zip(starts.iter().skip(1));
        let longest = spans().map(|(start, end)| end - start).max().unwrap_or(0);
        let (mut rows, mut back, mut mask) = (Vec::new(), Vec::new(), Vec::new());
        for (text, (start, end)) in spans().enumerate() {
            for place in 0..longest {
                let there = start + place < *end;
                rows.push(index(if there { start + place } else { *start }));
                mask.push(if there { 0f32 } else { -1e9 });
            }
            back.extend((0..end - start).map(|place| index(text * longest + place)));
        }
        let (row_count, back_count) = (rows.len(), back.len());
        Ok(Self {
            texts,
            longest,
            rows: Tensor::from_vec(rows, row_count, device)?,
            back: Tensor::from_vec(back, back_count, device)?,
            mask: Tensor::from_vec(mask, (texts, 1, 1, longest), device)?,
        })
    }
}

fn index(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}
