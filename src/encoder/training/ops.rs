//! The operations of a layer that are not matrix products, each one pass forward and one backward where candle's own chain
//! would be ten. Rows of all texts stand one under the other, without padding. On processors only; [`super::plain`] holds
//! the same in candle's own operations, for other devices and as what these are held to.

use std::sync::Arc;

use candle_core::{
    CpuStorage, CustomOp2, CustomOp3, Device, Layout, Result, Shape, Storage, Tensor, bail,
};

use super::attention::{Text, attend, attend_back};
use crate::encoder::bert::fused::{exp, floats, sum};

/// `product` + `bias`, then x Φ(x). `[rows, wide]` and `[wide]`.
pub(super) fn gelu(product: &Tensor, bias: &Tensor) -> Result<Tensor> {
    product.apply_op2(bias, Gelu)
}

/// Layer norm of `product` + `residual` + the first of `vectors`, with the other two as weight and bias.
/// `[rows, hidden]` twice and `[3, hidden]`.
pub(super) fn add_norm(
    product: &Tensor,
    residual: &Tensor,
    vectors: &Tensor,
    epsilon: f64,
) -> Result<Tensor> {
    #[expect(clippy::cast_possible_truncation, reason = "1e-12 is an f32 too")]
    let epsilon = epsilon as f32;
    product.apply_op3(residual, vectors, AddNorm { epsilon })
}

/// Attention of each text on itself. `[rows, 3 x hidden]` and `[3 x hidden]` → `[rows, hidden]`; text `n` has the rows
/// `starts[n]..starts[n + 1]`.
pub(super) fn attention(
    product: &Tensor,
    bias: &Tensor,
    starts: &Arc<[usize]>,
    heads: usize,
) -> Result<Tensor> {
    product.apply_op2(bias, Attention { starts: Arc::clone(starts), heads })
}

struct Gelu;

impl CustomOp2 for Gelu {
    fn name(&self) -> &'static str {
        "train-gelu"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        xl: &Layout,
        bias: &CpuStorage,
        bl: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (x, bias) = (floats(x, xl)?, floats(bias, bl)?);
        let mut output = Vec::with_capacity(x.len());
        for row in x.chunks_exact(bias.len().max(1)) {
            output.extend(row.iter().zip(bias).map(|(x, bias)| {
                let x = x + bias;
                x * normal(x).0
            }));
        }
        Ok((CpuStorage::F32(output), xl.shape().clone()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        bias: &Tensor,
        _: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let slope = |x: &[f32], bias: &[f32], gradient: &[f32]| {
            let mut slopes = Vec::with_capacity(x.len());
            let width = bias.len().max(1);
            for (row, gradient) in x.chunks_exact(width).zip(gradient.chunks_exact(width)) {
                slopes.extend(row.iter().zip(bias).zip(gradient).map(|((x, bias), gradient)| {
                    let x = x + bias;
                    let (below, density) = normal(x);
                    gradient * (below + x * density)
                }));
            }
            slopes
        };
        let slopes = numbers3([x, bias, gradient], slope)?;
        let of_bias = column_sums(&slopes, bias.elem_count());
        Ok((Some(like(x, slopes)?), Some(like(bias, of_bias)?)))
    }
}

/// The normal distribution function and its density, by Abramowitz and Stegun 7.1.26 (error below 2e-7).
fn normal(x: f32) -> (f32, f32) {
    const DENSITY_AT_ZERO: f32 = 0.398_942_3;
    let bell = exp(-0.5 * x * x);
    let t = 1.0 / (1.0 + 0.327_591_1 * std::f32::consts::FRAC_1_SQRT_2 * x.abs());
    let tail = t
        * (0.254_829_6
            + t * (-0.284_496_72 + t * (1.421_413_8 + t * (-1.453_152_1 + t * 1.061_405_4))));
    let erf = 1.0 - tail * bell;
    (0.5 + 0.5 * erf.copysign(x), DENSITY_AT_ZERO * bell)
}

struct AddNorm {
    epsilon: f32,
}

impl AddNorm {
    /// Centres and scales a row to variance 1, in place; gives the scale.
    fn standardise(&self, row: &mut [f32]) -> f32 {
        let count = row.len() as f32;
        let mean = sum(row, |x| x) / count;
        let variance = sum(row, |x| (x - mean) * (x - mean)) / count;
        let scale = 1.0 / (variance + self.epsilon).sqrt();
        for x in row {
            *x = (*x - mean) * scale;
        }
        scale
    }

    /// The slopes of the sum, and those of the three vectors.
    fn slopes(&self, (x, residual): (&[f32], &[f32]), vectors: &[f32], gradient: &[f32]) -> Slopes {
        let hidden = (vectors.len() / 3).max(1);
        let (bias, rest) = vectors.split_at(hidden);
        let (weight, _) = rest.split_at(hidden);
        let mut slopes = Slopes { of_sum: vec![0.0; x.len()], of_vectors: vec![0.0; 3 * hidden] };
        let mut unit = vec![0.0; hidden];
        let rows = x.chunks_exact(hidden).zip(residual.chunks_exact(hidden));
        let targets = slopes.of_sum.chunks_exact_mut(hidden).zip(gradient.chunks_exact(hidden));
        for ((x, residual), (target, gradient)) in rows.zip(targets) {
            add3(&mut unit, x, residual, bias);
            let scale = self.standardise(&mut unit);
            norm_back((&unit, scale), weight, gradient, target);
            add_norm_vectors(&mut slopes.of_vectors, &unit, gradient, target);
        }
        slopes
    }
}

struct Slopes {
    of_sum: Vec<f32>,
    of_vectors: Vec<f32>,
}

fn add3(sum: &mut [f32], a: &[f32], b: &[f32], c: &[f32]) {
    for (((sum, a), b), c) in sum.iter_mut().zip(a).zip(b).zip(c) {
        *sum = a + b + c;
    }
}

/// The slope of a row before it was standardised to `unit` by `scale`.
fn norm_back((unit, scale): (&[f32], f32), weight: &[f32], gradient: &[f32], target: &mut [f32]) {
    for ((target, gradient), weight) in target.iter_mut().zip(gradient).zip(weight) {
        *target = gradient * weight;
    }
    let count = target.len() as f32;
    let mean = sum(target, |x| x) / count;
    let along = dot(target, unit) / count;
    for (target, unit) in target.iter_mut().zip(unit) {
        *target = scale * (*target - mean - unit * along);
    }
}

/// Adds one row's share to the slopes of bias, weight and shift.
fn add_norm_vectors(vectors: &mut [f32], unit: &[f32], gradient: &[f32], of_sum: &[f32]) {
    let (bias, rest) = vectors.split_at_mut(unit.len());
    let (weight, shift) = rest.split_at_mut(unit.len());
    for (bias, of_sum) in bias.iter_mut().zip(of_sum) {
        *bias += of_sum;
    }
    for (((weight, shift), unit), gradient) in weight.iter_mut().zip(shift).zip(unit).zip(gradient)
    {
        *weight += unit * gradient;
        *shift += gradient;
    }
}

impl CustomOp3 for AddNorm {
    fn name(&self) -> &'static str {
        "train-add-norm"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        xl: &Layout,
        residual: &CpuStorage,
        rl: &Layout,
        vectors: &CpuStorage,
        vl: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let vectors = floats(vectors, vl)?;
        let hidden = (vectors.len() / 3).max(1);
        let (bias, rest) = vectors.split_at(hidden);
        let (weight, shift) = rest.split_at(hidden);
        let (x, residual) = (floats(x, xl)?, floats(residual, rl)?);
        let mut output = vec![0.0; x.len()];
        let rows = x.chunks_exact(hidden).zip(residual.chunks_exact(hidden));
        for ((x, residual), output) in rows.zip(output.chunks_exact_mut(hidden)) {
            add3(output, x, residual, bias);
            self.standardise(output);
            for ((x, weight), shift) in output.iter_mut().zip(weight).zip(shift) {
                *x = *x * weight + shift;
            }
        }
        Ok((CpuStorage::F32(output), xl.shape().clone()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        residual: &Tensor,
        vectors: &Tensor,
        _: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let residual = residual.contiguous()?;
        let (held, layout) = residual.storage_and_layout();
        let plus = cpu(&held, layout)?;
        let slopes = numbers3([x, vectors, gradient], |x, vectors, gradient| {
            self.slopes((x, plus), vectors, gradient)
        })?;
        let of_sum = like(x, slopes.of_sum)?;
        Ok((Some(of_sum.clone()), Some(of_sum), Some(like(vectors, slopes.of_vectors)?)))
    }
}

struct Attention {
    starts: Arc<[usize]>,
    heads: usize,
}

impl Attention {
    /// The texts' rows of `all`, which are `width` wide.
    fn texts<'a>(&'a self, all: &'a [f32], width: usize) -> impl Iterator<Item = &'a [f32]> + 'a {
        let ranges = self.starts.windows(2).filter_map(move |pair| match pair {
            [start, end] => Some(start * width..end * width),
            _ => None,
        });
        ranges.map(|range| all.get(range).unwrap_or_default())
    }
}

impl CustomOp2 for Attention {
    fn name(&self) -> &'static str {
        "train-attention"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        xl: &Layout,
        bias: &CpuStorage,
        bl: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (rows, wide) = xl.shape().dims2()?;
        let (x, bias) = (floats(x, xl)?, floats(bias, bl)?);
        let mut output = Vec::with_capacity(x.len() / 3);
        for projected in self.texts(x, wide) {
            attend(&Text::new(projected, bias, self.heads), &mut output);
        }
        Ok((CpuStorage::F32(output), Shape::from((rows, wide / 3))))
    }

    fn bwd(
        &self,
        x: &Tensor,
        bias: &Tensor,
        _: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let slope = |x: &[f32], bias: &[f32], gradient: &[f32]| {
            let mut slopes = Vec::with_capacity(x.len());
            let texts = self.texts(x, bias.len()).zip(self.texts(gradient, bias.len() / 3));
            for (projected, gradient) in texts {
                attend_back(&Text::new(projected, bias, self.heads), gradient, &mut slopes);
            }
            slopes
        };
        let slopes = numbers3([x, bias, gradient], slope)?;
        let of_bias = column_sums(&slopes, bias.elem_count());
        Ok((Some(like(x, slopes)?), Some(like(bias, of_bias)?)))
    }
}

/// The sums of the columns of rows of `width`.
fn column_sums(rows: &[f32], width: usize) -> Vec<f32> {
    let mut sums = vec![0.0; width];
    for row in rows.chunks_exact(width.max(1)) {
        sums.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
    }
    sums
}

/// A scalar product in eight lanes.
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let (a, a_rest) = a.as_chunks::<8>();
    let (b, b_rest) = b.as_chunks::<8>();
    let mut lanes = [0f32; 8];
    for (a, b) in a.iter().zip(b) {
        for ((lane, a), b) in lanes.iter_mut().zip(a).zip(b) {
            *lane += a * b;
        }
    }
    lanes.iter().sum::<f32>() + a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum::<f32>()
}

fn like(model: &Tensor, numbers: Vec<f32>) -> Result<Tensor> {
    Tensor::from_vec(numbers, model.shape(), &Device::Cpu)
}

/// What `read` makes of the numbers of three tensors.
fn numbers3<R>(tensors: [&Tensor; 3], read: impl FnOnce(&[f32], &[f32], &[f32]) -> R) -> Result<R> {
    let [a, b, c] = tensors;
    let (a, b, c) = (a.contiguous()?, b.contiguous()?, c.contiguous()?);
    let (a, a_layout) = a.storage_and_layout();
    let (b, b_layout) = b.storage_and_layout();
    let (c, c_layout) = c.storage_and_layout();
    Ok(read(cpu(&a, a_layout)?, cpu(&b, b_layout)?, cpu(&c, c_layout)?))
}

pub(super) fn cpu<'a>(storage: &'a Storage, layout: &Layout) -> Result<&'a [f32]> {
    match storage {
        Storage::Cpu(storage) => floats(storage, layout),
        Storage::Cuda(_) | Storage::Metal(_) => bail!("this operation runs on processors only"),
    }
}
