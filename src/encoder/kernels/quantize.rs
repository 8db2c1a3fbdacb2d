//! f32 rows → u8 rows, each with a scale and a zero point of its own: x ≈ scale x (q - zero), exact at 0.
//!
//! Dynamic and asymmetric, as in Jacob et al. 2018 (arXiv 1712.05877, section 2.1), by row instead of by tensor.

use rten_simd::ops::{BitOps, FloatOps, NarrowSaturate, NumOps};
use rten_simd::{Isa, Simd, SimdOp};

/// A range narrower than this is treated as this wide: a row of zeros has no scale.
const NARROWEST: f32 = 1e-12;

/// How the numbers of one row read.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Steps {
    /// What one step is worth.
    pub(super) scale: f32,
    /// The step that stands for 0, a whole number in 0..=255.
    pub(super) zero: f32,
}

impl Steps {
    /// The steps that cover `least..=most`, which holds 0.
    fn over((least, most): (f32, f32)) -> Self {
        let scale = (most - least).max(NARROWEST) / 255.0;
        Self { scale, zero: (-least / scale).round_ties_even() }
    }
}

/// Quantizes one row; `steps` has its length.
pub(super) fn quantize(row: &[f32], steps: &mut [u8]) -> Steps {
    let by = Steps::over(Range { row }.dispatch());
    Quantize { row, steps, by }.dispatch();
    by
}

/// Quantizes one row evenly around 0 to `-most..=most` steps, and gives the scale: the form of weights.
pub(super) fn quantize_evenly(row: &[f32], steps: &mut [i8], most: i8) -> f32 {
    let (least, greatest) = Range { row }.dispatch();
    let scale = greatest.max(-least).max(NARROWEST) / f32::from(most);
    for (step, x) in steps.iter_mut().zip(row) {
        *step = whole(x / scale);
    }
    scale
}

/// The nearest whole number within i8. Adding 1.5 x 2²³ rounds to one and leaves it in the low bits, without the library
/// call that `round` is on a processor without SSE 4.1.
#[expect(clippy::cast_possible_truncation, reason = "the low byte is what is wanted")]
fn whole(x: f32) -> i8 {
    const ROUND: f32 = 12_582_912.0;
    (x.clamp(-127.0, 127.0) + ROUND).to_bits() as i8
}

/// The least and the greatest of a row and 0.
struct Range<'a> {
    row: &'a [f32],
}

impl SimdOp for Range<'_> {
    type Output = (f32, f32);

    #[inline(always)]
    fn eval<I: Isa>(self, isa: I) -> (f32, f32) {
        let f32s = isa.f32();
        let chunks = self.row.chunks_exact(f32s.len());
        let rest = chunks.remainder();
        let (mut least, mut most) = (f32s.zero(), f32s.zero());
        for chunk in chunks {
            let x = f32s.load(chunk);
            least = f32s.min(least, x);
            most = f32s.max(most, x);
        }
        let both = (lane(least, f32::min), lane(most, f32::max));
        rest.iter().fold(both, |(least, most), x| (least.min(*x), most.max(*x)))
    }
}

/// Folds the lanes of a vector and 0.
#[inline(always)]
fn lane(vector: impl Simd<Elem = f32>, fold: impl Fn(f32, f32) -> f32) -> f32 {
    vector.to_array().as_ref().iter().copied().fold(0.0, fold)
}

struct Quantize<'a> {
    row: &'a [f32],
    steps: &'a mut [u8],
    by: Steps,
}

impl SimdOp for Quantize<'_> {
    type Output = ();

    #[inline(always)]
    fn eval<I: Isa>(self, isa: I) {
        let (f32s, i32s, i16s) = (isa.f32(), isa.i32(), isa.i16());
        let block = 4 * f32s.len();
        let inverse = 1.0 / self.by.scale;
        let (scale, zero) = (f32s.splat(inverse), f32s.splat(self.by.zero));
        let (head, rest) = self.row.split_at(self.row.len() / block * block);
        let (steps, rest_steps) = self.steps.split_at_mut(head.len());
        for (chunk, steps) in head.chunks_exact(block).zip(steps.chunks_exact_mut(block)) {
            let mut whole = [i32s.zero(); 4];
            for (whole, x) in whole.iter_mut().zip(f32s.load_many::<4>(chunk)) {
                *whole = f32s.to_int_round(f32s.mul_add(x, scale, zero));
            }
            let [a, b, c, d] = whole;
            let halves = (i32s.narrow_saturate(a, b), i32s.narrow_saturate(c, d));
            isa.u8().store(i16s.narrow_saturate(halves.0, halves.1), steps);
        }
        for (x, step) in rest.iter().zip(rest_steps) {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "saturates, as above"
            )]
            let nearest = (x * inverse + self.by.zero).round_ties_even() as u8;
            *step = nearest;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_number_moves_by_more_than_half_a_step(row in prop::collection::vec(-9f32..9.0, 1..300)) {
            let mut steps = vec![0; row.len()];
            let by = quantize(&row, &mut steps);
            for (x, step) in row.iter().zip(&steps) {
                // Rounding the zero point may push an end of the range out by another half.
                prop_assert!((x - by.scale * (f32::from(*step) - by.zero)).abs() <= by.scale * 1.001);
            }
        }

        #[test]
        fn weights_stay_within_their_bits(row in prop::collection::vec(-9f32..9.0, 1..300), most in 1i8..=127) {
            let mut steps = vec![0; row.len()];
            let scale = quantize_evenly(&row, &mut steps, most);
            for (x, step) in row.iter().zip(&steps) {
                prop_assert!((x - scale * f32::from(*step)).abs() <= scale * 0.501);
                prop_assert!(step.unsigned_abs() <= most.unsigned_abs());
            }
        }
    }

    #[test]
    fn zero_is_exact_and_a_row_of_zeros_has_a_scale() {
        let check = |row: &[f32]| {
            let mut steps = vec![0; row.len()];
            let by = quantize(row, &mut steps);
            assert!(by.scale > 0.0 && (f32::from(steps[0]) - by.zero).abs() < 1e-6, "{row:?}");
        };
        check(&[0.0; 70]);
        check(&[0.0, 3.0, -1.0]);
        check(&[0.0, 5.0]);
        check(&[0.0, -5.0]);
    }
}
