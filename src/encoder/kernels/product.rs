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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::activate::copy;
    use super::super::{Int8, Single};
    use super::*;

    /// The greatest error of a product of `rows` x 48 with 48 x 32, against the sums in f64, in shares of the greatest sum.
    fn error<P: Product>(rows: &[Vec<f32>], weight: &[f32], bias: &[f32]) -> f64 {
        let product = P::pack(weight, bias.to_vec());
        let mut input = P::Rows::default();
        input.reset(rows.len(), 48);
        rows.iter().enumerate().for_each(|(at, row)| input.set(at, row));
        let mut sums = vec![P::Sum::default(); rows.len() * 32];
        product.multiply(&input, &mut sums).unwrap();
        let (mut worst, mut greatest) = (0f64, 1e-9f64);
        for (at, (row, sums)) in rows.iter().zip(sums.chunks_exact(32)).enumerate() {
            let mut output = [0.0; 32];
            copy(&product.row(&input, at, sums), &mut output);
            for ((y, weight), bias) in output.iter().zip(weight.chunks_exact(48)).zip(bias) {
                let terms = row.iter().zip(weight).map(|(x, w)| f64::from(*x) * f64::from(*w));
                let truth = f64::from(*bias) + terms.sum::<f64>();
                worst = worst.max((f64::from(*y) - truth).abs());
                greatest = greatest
                    .max(row.iter().zip(weight).map(|(x, w)| f64::from((x * w).abs())).sum());
            }
        }
        worst / greatest
    }

    fn numbers(count: usize) -> impl Strategy<Value = Vec<f32>> {
        prop::collection::vec(-2f32..2.0, count)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        /// Row counts on either side of the kernels' tiles and blocks, each row with a zero point of its own.
        #[test]
        fn products_are_sums_of_products(
            rows in prop::collection::vec((numbers(48), -3f32..3.0), 1..140),
            weight in numbers(48 * 32),
            bias in numbers(32),
        ) {
            let shifted = |(row, by): (Vec<f32>, f32)| row.into_iter().map(|x| x + by).collect();
            let rows: Vec<Vec<f32>> = rows.into_iter().map(shifted).collect();
            prop_assert!(error::<Single>(&rows, &weight, &bias) < 1e-5);
            prop_assert!(error::<Int8>(&rows, &weight, &bias) < 0.02);
        }
    }
}
