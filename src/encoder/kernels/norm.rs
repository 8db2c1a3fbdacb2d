//! Layer norm over a row, with the residual added on the way (Ba et al. 2016, arXiv 1607.06450).

use rten_simd::ops::{BitOps, NumOps};
use rten_simd::{Isa, SimdOp};

use super::product::Row;

/// The parameters of a norm, `[hidden]` each.
#[derive(Debug)]
pub(super) struct Norm {
    pub(super) weight: Vec<f32>,
    pub(super) bias: Vec<f32>,
    pub(super) epsilon: f32,
}

impl Norm {
    /// Norms `row`, `[hidden]`, in place.
    pub(super) fn apply(&self, row: &mut [f32]) {
        Scale { row, norm: self }.dispatch();
    }

    /// Norms `row` + `other`, `[hidden]`, in place.
    pub(super) fn add(&self, row: &mut [f32], other: &impl Row) {
        AddAndScale { row, other, norm: self }.dispatch();
    }
}

struct AddAndScale<'a, R> {
    row: &'a mut [f32],
    other: &'a R,
    norm: &'a Norm,
}

impl<R: Row> SimdOp for AddAndScale<'_, R> {
    type Output = ();

    #[inline(always)]
    fn eval<I: Isa>(self, isa: I) {
        let f32s = isa.f32();
        for (at, x) in self.row.chunks_exact_mut(f32s.len()).enumerate() {
            let other = self.other.numbers(isa, at * f32s.len());
            f32s.store(f32s.add(f32s.load(x), other), x);
        }
        Scale { row: self.row, norm: self.norm }.eval(isa);
    }
}

struct Scale<'a> {
    row: &'a mut [f32],
    norm: &'a Norm,
}

impl SimdOp for Scale<'_> {
    type Output = ();

    /// Mean, then the squares around it: two passes over a row that is in the nearest cache, and no cancellation.
    #[inline(always)]
    fn eval<I: Isa>(self, isa: I) {
        let f32s = isa.f32();
        let (lanes, count) = (f32s.len(), self.row.len() as f32);
        let mut sum = f32s.zero();
        for x in self.row.chunks_exact(lanes) {
            sum = f32s.add(sum, f32s.load(x));
        }
        let mean = f32s.splat(f32s.sum(sum) / count);
        let mut squares = f32s.zero();
        for x in self.row.chunks_exact(lanes) {
            let distance = f32s.sub(f32s.load(x), mean);
            squares = f32s.mul_add(distance, distance, squares);
        }
        let scale = f32s.splat(1.0 / (f32s.sum(squares) / count + self.norm.epsilon).sqrt());
        let parameters =
            self.norm.weight.chunks_exact(lanes).zip(self.norm.bias.chunks_exact(lanes));
        for (x, (weight, bias)) in self.row.chunks_exact_mut(lanes).zip(parameters) {
            let scaled = f32s.mul(f32s.sub(f32s.load(x), mean), scale);
            f32s.store(f32s.mul_add(scaled, f32s.load(weight), f32s.load(bias)), x);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_gets_its_mean_and_spread() {
        let row: Vec<f32> = (0..48u8).map(|x| 100.0 + f32::from(x % 7)).collect();
        let norm = Norm { weight: vec![2.0; 48], bias: vec![0.5; 48], epsilon: 1e-12 };
        let mut normed = row.clone();
        norm.apply(&mut normed);
        let mean = row.iter().map(|x| f64::from(*x)).sum::<f64>() / 48.0;
        let variance = row.iter().map(|x| (f64::from(*x) - mean).powi(2)).sum::<f64>() / 48.0;
        for (x, y) in row.iter().zip(normed) {
            let truth = (f64::from(*x) - mean) / variance.sqrt() * 2.0 + 0.5;
            assert!((f64::from(y) - truth).abs() < 1e-4, "{x} became {y}, not {truth}");
        }
    }
}
