//! One vector against many: inner products and squared distances, in the widest registers the processor has.

use rten_simd::ops::{BitOps as _, NumOps as _};
use rten_simd::{Isa, SimdOp};

/// Sums that are kept side by side, so that no addition waits for the one before.
const SUMS: usize = 4;

/// The inner product of two vectors; surplus components are ignored.
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    Pair { a, b }.dispatch()
}

/// The inner product of a vector with each row, in order.
pub fn dots<'r>(vector: &[f32], rows: impl ExactSizeIterator<Item = &'r [f32]>) -> Vec<f32> {
    Many { vector, rows, of: Product }.dispatch()
}

/// The squared distance of a vector to each row, in order.
pub fn squared_distances<'r>(
    vector: &[f32],
    rows: impl ExactSizeIterator<Item = &'r [f32]>,
) -> Vec<f32> {
    Many { vector, rows, of: Distance }.dispatch()
}

/// What is summed over two vectors.
trait Term {
    fn of(&self, x: f32, y: f32) -> f32;
    fn add<I: Isa>(&self, isa: I, pair: (I::F32, I::F32), sum: I::F32) -> I::F32;
}

struct Product;

impl Term for Product {
    #[inline(always)]
    fn of(&self, x: f32, y: f32) -> f32 {
        x * y
    }

    #[inline(always)]
    fn add<I: Isa>(&self, isa: I, (x, y): (I::F32, I::F32), sum: I::F32) -> I::F32 {
        isa.f32().mul_add(x, y, sum)
    }
}

struct Distance;

impl Term for Distance {
    #[inline(always)]
    fn of(&self, x: f32, y: f32) -> f32 {
        (x - y) * (x - y)
    }

    #[inline(always)]
    fn add<I: Isa>(&self, isa: I, (x, y): (I::F32, I::F32), sum: I::F32) -> I::F32 {
        let between = isa.f32().sub(x, y);
        isa.f32().mul_add(between, between, sum)
    }
}

struct Pair<'a> {
    a: &'a [f32],
    b: &'a [f32],
}

impl SimdOp for Pair<'_> {
    type Output = f32;

    #[inline(always)]
    fn eval<I: Isa>(self, isa: I) -> f32 {
        sum(isa, &Product, (self.a, self.b))
    }
}

struct Many<'v, R, T> {
    vector: &'v [f32],
    rows: R,
    of: T,
}

impl<'r, R: ExactSizeIterator<Item = &'r [f32]>, T: Term> SimdOp for Many<'_, R, T> {
    type Output = Vec<f32>;

    /// A loop and no `collect`: the sums must be compiled within this function to get its registers.
    #[inline(always)]
    fn eval<I: Isa>(self, isa: I) -> Vec<f32> {
        let mut sums = Vec::with_capacity(self.rows.len());
        for row in self.rows {
            sums.push(sum(isa, &self.of, (self.vector, row)));
        }
        sums
    }
}

#[inline(always)]
fn sum<I: Isa>(isa: I, term: &impl Term, (a, b): (&[f32], &[f32])) -> f32 {
    let f32s = isa.f32();
    let lanes = f32s.len();
    // The shorter one ends both; else their rests would not stand beside each other.
    let width = a.len().min(b.len());
    let (a, b) = (&a[..width], &b[..width]);
    let mut sums = [f32s.zero(); SUMS];
    let (mut a_blocks, mut b_blocks) = (a.chunks_exact(SUMS * lanes), b.chunks_exact(SUMS * lanes));
    for (a, b) in a_blocks.by_ref().zip(b_blocks.by_ref()) {
        for (at, sum) in sums.iter_mut().enumerate() {
            let place = at * lanes..(at + 1) * lanes;
            let pair = (f32s.load(&a[place.clone()]), f32s.load(&b[place]));
            *sum = term.add(isa, pair, *sum);
        }
    }
    let [first, second, third, fourth] = sums;
    let mut total = f32s.add(f32s.add(first, second), f32s.add(third, fourth));
    let (mut a_rest, mut b_rest) =
        (a_blocks.remainder().chunks_exact(lanes), b_blocks.remainder().chunks_exact(lanes));
    for (a, b) in a_rest.by_ref().zip(b_rest.by_ref()) {
        total = term.add(isa, (f32s.load(a), f32s.load(b)), total);
    }
    let rest = a_rest.remainder().iter().zip(b_rest.remainder());
    f32s.sum(total) + rest.map(|(x, y)| term.of(*x, *y)).sum::<f32>()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn sums_are_those_of_the_definition(
            vector in prop::collection::vec(-1f32..1., 0..150),
            rows in prop::collection::vec(prop::collection::vec(-1f32..1., 0..150), 0..4),
        ) {
            let exact = |term: fn(f64, f64) -> f64| -> Vec<f64> {
                let pairs = |row: &[f32]| {
                    vector.iter().zip(row).map(|(x, y)| term(f64::from(*x), f64::from(*y))).sum()
                };
                rows.iter().map(|row| pairs(row)).collect()
            };
            let close = |found: &[f32], exact: Vec<f64>| {
                found.len() == exact.len()
                    && found.iter().zip(exact).all(|(f, e)| (f64::from(*f) - e).abs() < 1e-4)
            };
            let slices = || rows.iter().map(Vec::as_slice);
            prop_assert!(close(&dots(&vector, slices()), exact(|x, y| x * y)));
            prop_assert!(close(&squared_distances(&vector, slices()), exact(|x, y| (x - y).powi(2))));
            let one_by_one: Vec<f32> = slices().map(|row| dot(&vector, row)).collect();
            prop_assert!(close(&one_by_one, exact(|x, y| x * y)));
        }
    }
}
