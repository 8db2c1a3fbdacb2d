//! Forward-only operations on candle tensors, each one pass over memory where a chain of element-wise ones would be five.
//! They run on the calling thread alone: candle's own element-wise operations meet in one process-wide pool, in which
//! workers would wait for each other. No operation here has a gradient.

use candle_core::{CpuStorage, InplaceOp2, InplaceOp3, Layout, Result, Tensor, bail};

use super::Norm;

/// `product` + `bias`, then x Φ(x), in place. `[rows, wide]` and `[wide]`.
pub(super) fn gelu(product: Tensor, bias: &Tensor) -> Result<Tensor> {
    product.inplace_op2(bias, &Gelu)?;
    Ok(product)
}

/// `product` + `bias`, in place. `[rows, wide]` and `[wide]`.
pub(super) fn add(product: Tensor, bias: &Tensor) -> Result<Tensor> {
    product.inplace_op2(bias, &Add)?;
    Ok(product)
}

/// Softmax of `scores` x `scale` + `mask` over the last axis, in place. `[batch, heads, tokens, tokens]` and
/// `[batch, tokens]`; the mask is added to the key's side.
pub(super) fn softmax(scores: Tensor, mask: &Tensor, scale: f64) -> Result<Tensor> {
    #[expect(clippy::cast_possible_truncation, reason = "a factor of about 0.2")]
    let scale = scale as f32;
    scores.inplace_op2(mask, &Softmax { scale })?;
    Ok(scores)
}

/// Layer norm of `product` + `bias` + `residual`, in place. `[rows, hidden]`, twice.
pub(super) fn add_norm(
    product: Tensor,
    residual: &Tensor,
    bias: &Tensor,
    norm: &Norm,
) -> Result<Tensor> {
    let vectors = Tensor::stack(&[bias, &norm.weight, &norm.bias], 0)?;
    product.inplace_op3(residual, &vectors, &AddNorm { epsilon: norm.epsilon })?;
    Ok(product)
}

struct Add;

impl InplaceOp2 for Add {
    fn name(&self) -> &'static str {
        "add-bias"
    }
    fn cpu_fwd(
        &self,
        x: &mut CpuStorage,
        xl: &Layout,
        bias: &CpuStorage,
        bl: &Layout,
    ) -> Result<()> {
        let bias = floats(bias, bl)?;
        for row in floats_mut(x, xl)?.chunks_exact_mut(bias.len().max(1)) {
            row.iter_mut().zip(bias).for_each(|(x, bias)| *x += bias);
        }
        Ok(())
    }
}

struct Gelu;

impl InplaceOp2 for Gelu {
    fn name(&self) -> &'static str {
        "bias-gelu"
    }
    fn cpu_fwd(
        &self,
        x: &mut CpuStorage,
        xl: &Layout,
        bias: &CpuStorage,
        bl: &Layout,
    ) -> Result<()> {
        let bias = floats(bias, bl)?;
        for row in floats_mut(x, xl)?.chunks_exact_mut(bias.len().max(1)) {
            for (x, bias) in row.iter_mut().zip(bias) {
                *x = gelu_of(*x + bias);
            }
        }
        Ok(())
    }
}

struct Softmax {
    scale: f32,
}

impl InplaceOp2 for Softmax {
    fn name(&self) -> &'static str {
        "mask-softmax"
    }
    fn cpu_fwd(
        &self,
        x: &mut CpuStorage,
        xl: &Layout,
        mask: &CpuStorage,
        ml: &Layout,
    ) -> Result<()> {
        let tokens = ml.dims().last().copied().unwrap_or(0).max(1);
        let texts = floats(mask, ml)?;
        let x = floats_mut(x, xl)?;
        let per_text = (x.len() / (texts.len() / tokens).max(1)).max(1);
        for (scores, mask) in x.chunks_exact_mut(per_text).zip(texts.chunks_exact(tokens)) {
            scores.chunks_exact_mut(tokens).for_each(|row| softmax_row(row, mask, self.scale));
        }
        Ok(())
    }
}

struct AddNorm {
    epsilon: f64,
}

impl InplaceOp3 for AddNorm {
    fn name(&self) -> &'static str {
        "add-norm"
    }
    fn cpu_fwd(
        &self,
        x: &mut CpuStorage,
        xl: &Layout,
        residual: &CpuStorage,
        rl: &Layout,
        vectors: &CpuStorage,
        vl: &Layout,
    ) -> Result<()> {
        let vectors = floats(vectors, vl)?;
        let hidden = (vectors.len() / 3).max(1);
        let mut vectors = vectors.chunks_exact(hidden);
        let (Some(bias), Some(weight), Some(shift)) =
            (vectors.next(), vectors.next(), vectors.next())
        else {
            bail!("add-norm needs three vectors")
        };
        let rows = floats_mut(x, xl)?.chunks_exact_mut(hidden);
        for (row, residual) in rows.zip(floats(residual, rl)?.chunks_exact(hidden)) {
            for ((x, residual), bias) in row.iter_mut().zip(residual).zip(bias) {
                *x += residual + bias;
            }
            norm_row(row, weight, shift, self.epsilon);
        }
        Ok(())
    }
}

#[expect(clippy::cast_possible_truncation, reason = "f32 is the precision of the network")]
fn norm_row(row: &mut [f32], weight: &[f32], shift: &[f32], epsilon: f64) {
    let count = row.len() as f32;
    let mean = sum(row, |x| x) / count;
    let variance = sum(row, |x| (x - mean) * (x - mean)) / count;
    let scale = 1.0 / (variance + epsilon as f32).sqrt();
    for ((x, weight), shift) in row.iter_mut().zip(weight).zip(shift) {
        *x = (*x - mean) * scale * weight + shift;
    }
}

fn softmax_row(row: &mut [f32], mask: &[f32], scale: f32) {
    let mut most = f32::NEG_INFINITY;
    for (x, mask) in row.iter_mut().zip(mask) {
        *x = *x * scale + mask;
        most = most.max(*x);
    }
    for x in row.iter_mut() {
        *x = exp(*x - most);
    }
    let scale = 1.0 / sum(row, |x| x);
    for x in row {
        *x *= scale;
    }
}

/// A sum in eight lanes, which the compiler may keep in vector registers.
pub(in crate::encoder) fn sum(row: &[f32], map: impl Fn(f32) -> f32) -> f32 {
    let (blocks, rest) = row.as_chunks::<8>();
    let mut lanes = [0f32; 8];
    for block in blocks {
        for (lane, x) in lanes.iter_mut().zip(block) {
            *lane += map(*x);
        }
    }
    lanes.iter().sum::<f32>() + rest.iter().map(|x| map(*x)).sum::<f32>()
}

/// x Φ(x), with the error function of Abramowitz and Stegun 7.1.26 (error below 2e-7).
fn gelu_of(x: f32) -> f32 {
    let z = x.abs() * std::f32::consts::FRAC_1_SQRT_2;
    let t = 1.0 / (1.0 + 0.327_591_1 * z);
    let tail = t
        * (0.254_829_6
            + t * (-0.284_496_72 + t * (1.421_413_8 + t * (-1.453_152_1 + t * 1.061_405_4))));
    let erf = 1.0 - tail * exp(-z * z);
    0.5 * x * (1.0 + erf.copysign(x))
}

/// eˣ for x <= 0 (relative error below 3e-7), 0 from -87 down. Without branches, so that a loop over it becomes vector code:
/// the power of two is read off the low bits of a sum with 1.5 x 2²³, which rounds to an integer.
pub(in crate::encoder) fn exp(x: f32) -> f32 {
    const ROUND: f32 = 12_582_912.0;
    let x = x.max(-87.0);
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let power = shifted - ROUND;
    let rest = x - power * 0.693_359_4 + power * 2.121_944_4e-4;
    let series = 1.0
        + rest
            * (1.0
                + rest
                    * (0.5
                        + rest
                            * (0.166_666_55
                                + rest
                                    * (0.041_665_795
                                        + rest * (0.008_333_452 + rest * 0.001_393_4)))));
    f32::from_bits((shifted.to_bits() << 23).wrapping_add(series.to_bits()))
}

pub(in crate::encoder) fn floats<'a>(
    storage: &'a CpuStorage,
    layout: &Layout,
) -> Result<&'a [f32]> {
    let range = layout.contiguous_offsets();
    let CpuStorage::F32(all) = storage else { bail!("f32 expected") };
    match range.and_then(|(start, end)| all.get(start..end)) {
        Some(floats) => Ok(floats),
        None => bail!("contiguous numbers expected"),
    }
}

fn floats_mut<'a>(storage: &'a mut CpuStorage, layout: &Layout) -> Result<&'a mut [f32]> {
    let range = layout.contiguous_offsets();
    let CpuStorage::F32(all) = storage else { bail!("f32 expected") };
    match range.and_then(|(start, end)| all.get_mut(start..end)) {
        Some(floats) => Ok(floats),
        None => bail!("contiguous numbers expected"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_is_close_for_every_score() {
        for step in 0..8_700 {
            let x = -(step as f32) / 100.0;
            let truth = f64::from(x).exp();
            assert!((f64::from(exp(x)) - truth).abs() <= 4e-7 * truth, "exp({x})");
        }
        assert!(exp(f32::NEG_INFINITY) < 1e-37);
        assert!(exp(-1e9) < 1e-37);
    }

    #[test]
    fn gelu_matches_the_error_function() {
        for step in -1_000..1_000 {
            let x = step as f32 / 100.0;
            let truth = Tensor::new(&[x], &candle_core::Device::Cpu)
                .and_then(|x| x.gelu_erf())
                .and_then(|y| y.to_vec1::<f32>())
                .unwrap();
            assert!((gelu_of(x) - truth[0]).abs() < 2e-6, "gelu({x})");
        }
    }

    #[test]
    fn a_masked_key_gets_no_share() {
        let mut row = [3.0, 1.0, 9.0];
        softmax_row(&mut row, &[0.0, 0.0, -1e9], 1.0);
        assert!(row[2] < 1e-30 && (row[0] + row[1] - 1.0).abs() < 1e-6);
    }
}
