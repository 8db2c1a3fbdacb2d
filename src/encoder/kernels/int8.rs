//! Products in integers: weights of 8 bits with a scale for each output channel, activations of 8 bits with a scale and a
//! zero point for each row, sums in i32.
//!
//! With activations s (q - z) and weights t p, a sum over the inputs is s t (Σ q p - z Σ p). The kernel computes Σ q p; the
//! Σ p of a channel is known once its weights are packed, so that the zero point costs one multiplication an output.

use rten_gemm::{GemmError, GemmExecutor, GemmInputA, GemmInputB, GemmOptions, PackedBMatrix};
use rten_simd::Isa;
use rten_simd::ops::{BitOps, NumOps, ToFloat};
use rten_tensor::NdTensorView;

use super::product::{Product, Row, Rows};
use super::quantize::{Steps, quantize, quantize_evenly};

type Kernel = GemmExecutor<u8, i8, i32>;

thread_local! {
    /// The kernel for this processor. It cannot leave its thread, and finding it out again at every product would take a
    /// twentieth of a short text's time.
    static KERNEL: Kernel = Kernel::default();
}

/// A dense layer in int8.
pub(in crate::encoder) struct Int8 {
    weight: PackedBMatrix<i8>,
    channels: Channels,
}

/// What turns the sums of the output channels into numbers; every field has an element for each channel.
#[derive(Default)]
struct Channels {
    scale: Vec<f32>,
    /// The channel's scale x the sum of its weights.
    weight_sum: Vec<f32>,
    bias: Vec<f32>,
}

/// The steps a weight may have to either side of 0: 127, or 63 where the processor adds pairs of products in 16 bits,
/// which saturate beyond 2 x 255 x 64.
pub(in crate::encoder) fn most_steps() -> i8 {
    if Kernel::default().may_saturate() { 63 } else { 127 }
}

impl Product for Int8 {
    type Rows = Quantized;
    type Sum = i32;

    fn pack(weight: &[f32], bias: Vec<f32>) -> Self {
        let (outputs, inputs) = (bias.len(), weight.len() / bias.len().max(1));
        let mut steps = vec![0; weight.len()];
        let mut channels = Channels { bias, ..Channels::default() };
        let most = most_steps();
        let rows = weight.chunks_exact(inputs.max(1)).zip(steps.chunks_exact_mut(inputs.max(1)));
        for (row, steps) in rows {
            let scale = quantize_evenly(row, steps, most);
            let sum: i32 = steps.iter().map(|step| i32::from(*step)).sum();
            channels.scale.push(scale);
            channels.weight_sum.push(scale * sum as f32);
        }
        let by_output = NdTensorView::from_data([outputs, inputs], steps.as_slice());
        Self { weight: Kernel::default().prepack_b(by_output.transposed()), channels }
    }

    fn multiply(&self, rows: &Quantized, sums: &mut [i32]) -> Result<(), GemmError> {
        let shape = [rows.by.len(), rows.width];
        let steps = NdTensorView::from_data(shape, rows.steps.as_slice());
        let (rows, weight) = (GemmInputA::Unpacked(steps), GemmInputB::Packed(&self.weight));
        // The kernel could subtract the zero points itself, but version 0.27 mixes up their rows.
        KERNEL.with(|kernel| kernel.gemm(sums, rows, weight, GemmOptions::default()))?;
        Ok(())
    }

    fn row<'a>(&'a self, rows: &Quantized, at: usize, sums: &'a [i32]) -> impl Row + 'a {
        Unscaled {
            sums,
            by: rows.by.get(at).copied().unwrap_or_default(),
            channels: &self.channels,
        }
    }
}

/// Rows in u8; besides activations, the form in which the word table is kept.
#[derive(Debug, Default)]
pub(in crate::encoder) struct Quantized {
    width: usize,
    steps: Vec<u8>,
    by: Vec<Steps>,
}

impl Quantized {
    /// Writes row `at` as numbers; false if there is none.
    pub(super) fn read(&self, at: usize, numbers: &mut [f32]) -> bool {
        let steps = self.steps.get(at * self.width..(at + 1) * self.width);
        let (Some(steps), Some(by)) = (steps, self.by.get(at)) else { return false };
        for (x, step) in numbers.iter_mut().zip(steps) {
            *x = by.scale * (f32::from(*step) - by.zero);
        }
        true
    }
}

impl Rows for Quantized {
    fn reset(&mut self, count: usize, width: usize) {
        self.width = width;
        self.steps.resize(count * width, 0);
        self.by.resize(count, Steps::default());
    }

    fn set(&mut self, at: usize, row: &[f32]) {
        let steps = self.steps.get_mut(at * self.width..(at + 1) * self.width);
        if let (Some(steps), Some(by)) = (steps, self.by.get_mut(at)) {
            *by = quantize(row, steps);
        }
    }
}

/// A row of sums.
struct Unscaled<'a> {
    sums: &'a [i32],
    by: Steps,
    channels: &'a Channels,
}

impl Row for Unscaled<'_> {
    #[inline(always)]
    fn numbers<I: Isa>(&self, isa: I, at: usize) -> I::F32 {
        let (f32s, i32s) = (isa.f32(), isa.i32());
        let Channels { scale, weight_sum, bias } = self.channels;
        let zero = f32s.splat(-self.by.scale * self.by.zero);
        let shift = f32s.mul_add(zero, f32s.load(&weight_sum[at..]), f32s.load(&bias[at..]));
        let sum = i32s.to_float(i32s.load(&self.sums[at..]));
        let sum = f32s.mul(sum, f32s.splat(self.by.scale));
        f32s.mul_add(sum, f32s.load(&scale[at..]), shift)
    }
}
