//! Products in f32, for where quantization is not wanted: four times the memory of [`super::int8`] and a third of its speed.

use rten_gemm::{GemmError, GemmExecutor, GemmInputA, GemmInputB, GemmOptions, PackedBMatrix};
use rten_simd::Isa;
use rten_simd::ops::{BitOps, NumOps};
use rten_tensor::NdTensorView;

use super::product::{Product, Row, Rows};

type Kernel = GemmExecutor<f32>;

thread_local! {
    /// The kernel for this processor, which cannot leave its thread.
    static KERNEL: Kernel = Kernel::default();
}

/// A dense layer in f32.
pub(in crate::encoder) struct Single {
    weight: PackedBMatrix<f32>,
    bias: Vec<f32>,
}

impl Product for Single {
    type Rows = Floats;
    type Sum = f32;

    fn pack(weight: &[f32], bias: Vec<f32>) -> Self {
        let (outputs, inputs) = (bias.len(), weight.len() / bias.len().max(1));
        let by_output = NdTensorView::from_data([outputs, inputs], weight);
        Self { weight: Kernel::default().prepack_b(by_output.transposed()), bias }
    }

    fn multiply(&self, rows: &Floats, sums: &mut [f32]) -> Result<(), GemmError> {
        let shape = [rows.numbers.len() / rows.width.max(1), rows.width];
        let numbers = NdTensorView::from_data(shape, rows.numbers.as_slice());
        let (rows, weight) = (GemmInputA::Unpacked(numbers), GemmInputB::Packed(&self.weight));
        KERNEL.with(|kernel| kernel.gemm(sums, rows, weight, GemmOptions::default()))?;
        Ok(())
    }

    fn row<'a>(&'a self, _: &Floats, _: usize, sums: &'a [f32]) -> impl Row + 'a {
        Unbiased { sums, bias: &self.bias }
    }
}

/// Rows as they are.
#[derive(Default)]
pub(in crate::encoder) struct Floats {
    width: usize,
    numbers: Vec<f32>,
}

impl Rows for Floats {
    fn reset(&mut self, count: usize, width: usize) {
        self.width = width;
        self.numbers.resize(count * width, 0.0);
    }

    fn set(&mut self, at: usize, row: &[f32]) {
        if let Some(place) = self.numbers.get_mut(at * self.width..(at + 1) * self.width) {
            place.copy_from_slice(row);
        }
    }
}

/// A row of sums.
struct Unbiased<'a> {
    sums: &'a [f32],
    bias: &'a [f32],
}

impl Row for Unbiased<'_> {
    #[inline(always)]
    fn numbers<I: Isa>(&self, isa: I, at: usize) -> I::F32 {
        let f32s = isa.f32();
        f32s.add(f32s.load(&self.sums[at..]), f32s.load(&self.bias[at..]))
    }
}
