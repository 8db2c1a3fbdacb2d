//! `AdamW` (Loshchilov and Hutter 2019, arXiv 1711.05101) with a rate for each tensor, on the numbers in place.

use std::sync::{Mutex, PoisonError};

use candle_core::{CpuStorage, InplaceOp1, Layout, Result, Storage, Tensor, Var, bail};

/// Decay of the mean and of the mean square.
const BETAS: (f32, f32) = (0.9, 0.999);
/// Keeps a division finite.
const EPSILON: f32 = 1e-8;

/// One tensor, with the means of its gradients.
#[derive(Debug)]
pub(super) struct Adapted {
    pub(super) variable: Var,
    moments: Mutex<Moments>,
    /// What the rate of a step is multiplied with.
    pub(super) factor: f64,
    /// Weight decay a step, before the rate.
    pub(super) decay: f64,
}

/// Means of the gradients and of their squares.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Moments {
    pub(super) first: Vec<f32>,
    pub(super) second: Vec<f32>,
}

/// What is the same for all tensors of a step.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stride {
    /// The rate, before a tensor's factor.
    pub(super) rate: f64,
    /// What gradients are multiplied with: clipping, and the mean over the shards.
    pub(super) scale: f64,
    /// Steps so far, this one included.
    pub(super) count: usize,
}

impl Adapted {
    pub(super) fn new(variable: Var, factor: f64, decay: f64) -> Self {
        let zeros = vec![0.0; variable.elem_count()];
        let moments = Mutex::new(Moments { first: zeros.clone(), second: zeros });
        Self { variable, moments, factor, decay }
    }

    /// Takes a step against the sum of `gradients`.
    pub(super) fn step(&self, gradients: &[&Tensor], stride: Stride) -> Result<()> {
        let update = Update { adapted: self, gradients, stride };
        if self.variable.device().is_cpu() {
            return self.variable.as_tensor().inplace_op1(&update);
        }
        let mut numbers = self.variable.flatten_all()?.to_vec1::<f32>()?;
        update.apply(&mut numbers)?;
        self.variable.set(&Tensor::from_vec(
            numbers,
            self.variable.shape(),
            self.variable.device(),
        )?)
    }

    pub(super) fn moments(&self) -> Moments {
        self.moments.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes up moments of an earlier run; false if they are another tensor's.
    pub(super) fn resume(&self, moments: Moments) -> bool {
        let fits = [&moments.first, &moments.second]
            .iter()
            .all(|numbers| numbers.len() == self.variable.elem_count());
        if fits {
            *self.moments.lock().unwrap_or_else(PoisonError::into_inner) = moments;
        }
        fits
    }
}

struct Update<'a> {
    adapted: &'a Adapted,
    gradients: &'a [&'a Tensor],
    stride: Stride,
}

impl Update<'_> {
    fn apply(&self, numbers: &mut [f32]) -> Result<()> {
        let gradient = summed(self.gradients)?;
        let mut moments = self.adapted.moments.lock().unwrap_or_else(PoisonError::into_inner);
        let Moments { first, second } = &mut *moments;
        let Stride { rate, scale, count } = self.stride;
        let rate = rate * self.adapted.factor;
        let steps = i32::try_from(count).unwrap_or(i32::MAX);
        let correction = (1.0 - f64::from(BETAS.1).powi(steps)).sqrt();
        let size = narrow(rate * correction / (1.0 - f64::from(BETAS.0).powi(steps)));
        let epsilon = EPSILON * narrow(correction);
        let keep = narrow(1.0 - rate * self.adapted.decay);
        let scale = narrow(scale);
        let means = first.iter_mut().zip(second.iter_mut());
        for ((x, gradient), (first, second)) in numbers.iter_mut().zip(&gradient).zip(means) {
            let gradient = gradient * scale;
            *first = BETAS.0 * *first + (1.0 - BETAS.0) * gradient;
            *second = BETAS.1 * *second + (1.0 - BETAS.1) * gradient * gradient;
            *x = *x * keep - size * *first / (second.sqrt() + epsilon);
        }
        Ok(())
    }
}

impl InplaceOp1 for Update<'_> {
    fn name(&self) -> &'static str {
        "adamw"
    }

    fn cpu_fwd(&self, storage: &mut CpuStorage, layout: &Layout) -> Result<()> {
        let CpuStorage::F32(all) = storage else { bail!("f32 expected") };
        let range = layout.contiguous_offsets();
        match range.and_then(|(start, end)| all.get_mut(start..end)) {
            Some(numbers) => self.apply(numbers),
            None => bail!("contiguous numbers expected"),
        }
    }
}

/// The sum of gradients of one shape, in order.
fn summed(gradients: &[&Tensor]) -> Result<Vec<f32>> {
    let mut sum = Vec::new();
    for gradient in gradients {
        read(gradient, |numbers| {
            if sum.is_empty() {
                sum.extend_from_slice(numbers);
            } else {
                sum.iter_mut().zip(numbers).for_each(|(sum, x)| *sum += x);
            }
        })?;
    }
    Ok(sum)
}

/// The sum of the squares of the sum of `gradients`.
pub(super) fn square_norm(gradients: &[&Tensor]) -> Result<f64> {
    let sum = summed(gradients)?;
    let blocks = sum.chunks(4096).map(|block| block.iter().map(|x| x * x).sum::<f32>());
    Ok(blocks.map(f64::from).sum())
}

fn read(tensor: &Tensor, look: impl FnOnce(&[f32])) -> Result<()> {
    let tensor = tensor.contiguous()?;
    let (storage, layout) = tensor.storage_and_layout();
    if let (Storage::Cpu(CpuStorage::F32(all)), Some((start, end))) =
        (&*storage, layout.contiguous_offsets())
    {
        look(all.get(start..end).unwrap_or_default());
        return Ok(());
    }
    drop(storage);
    look(&tensor.flatten_all()?.to_vec1::<f32>()?);
    Ok(())
}

#[expect(clippy::cast_possible_truncation, reason = "the network works in f32")]
fn narrow(number: f64) -> f32 {
    number as f32
}
