//! What the layers ask of a matrix product, whichever numbers it computes in. Two answer: [`super::int8`] and
//! [`super::single`]. No layer is written twice, and none knows which of them it runs on.

use rten_gemm::GemmError;
use rten_simd::Isa;

/// A dense layer, packed once for the processor it runs on: `[rows, inputs]` x `[inputs, outputs]` + `[outputs]`.
pub(in crate::encoder) trait Product: Sized + Send + Sync {
    /// Activations in the form the product reads.
    type Rows: Rows;
    /// What it adds up in.
    type Sum: Copy + Default + Send;

    /// Packs `weight`, `[outputs, inputs]` row by row, and `bias`, `[outputs]`.
    fn pack(weight: &[f32], bias: Vec<f32>) -> Self;

    /// Fills `sums`, `[rows, outputs]`. The bias and all scales are left to [`Product::row`].
    fn multiply(&self, rows: &Self::Rows, sums: &mut [Self::Sum]) -> Result<(), GemmError>;

    /// One row of the result, of which `sums` are the `[outputs]` that [`Product::multiply`] left at row `at` of `rows`.
    fn row<'a>(&'a self, rows: &Self::Rows, at: usize, sums: &'a [Self::Sum]) -> impl Row + 'a;
}

/// Rows of activations of one width, ready to be multiplied. The memory is kept from one pass to the next.
pub(in crate::encoder) trait Rows: Default + Send {
    /// Makes room for `count` rows of `width`, each to be set.
    fn reset(&mut self, count: usize, width: usize);
    /// Sets row `at`.
    fn set(&mut self, at: usize, row: &[f32]);
}

/// A row of a product that is not numbers yet: whoever comes next turns it into them in passing, in vector registers, so
/// that scaling and adding the bias cost no pass of their own.
///
/// Implementations and all that calls them with an [`Isa`] are `#[inline(always)]` and loop by `for`: a closure is compiled
/// for the plainest processor before it is inlined, and calls every vector instruction as a function.
pub(in crate::encoder) trait Row {
    /// The numbers from `at` on, as many as a vector holds, bias included.
    fn numbers<I: Isa>(&self, isa: I, at: usize) -> I::F32;
}
