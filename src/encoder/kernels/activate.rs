//! The non-linearity between the two halves of a feed-forward block.

use rten_simd::ops::{BitOps, NumOps};
use rten_simd::{Isa, SimdOp, SimdUnaryOp};
use rten_vecmath::ApproxGelu;

use super::product::Row;
use crate::encoder::layout::Activation;

/// Writes the activation of `row` to `output`; both have the same width.
pub(super) fn activate(activation: Activation, row: &impl Row, output: &mut [f32]) {
    match activation {
        Activation::Gelu => Apply { row, output, function: Gelu }.dispatch(),
        Activation::GeluTanh => Apply { row, output, function: ApproxGelu {} }.dispatch(),
        Activation::Relu => Apply { row, output, function: Relu }.dispatch(),
    }
}

/// Writes the numbers of `row` to `output`; both have the same width.
pub(super) fn copy(row: &impl Row, output: &mut [f32]) {
    Apply { row, output, function: Identity }.dispatch();
}

struct Apply<'a, R, M> {
    row: &'a R,
    output: &'a mut [f32],
    function: M,
}

impl<R: Row, M: SimdUnaryOp<f32>> SimdOp for Apply<'_, R, M> {
    type Output = ();

    #[inline(always)]
    fn eval<I: Isa>(self, isa: I) {
        let f32s = isa.f32();
        for (at, output) in self.output.chunks_exact_mut(f32s.len()).enumerate() {
            let x = self.row.numbers(isa, at * f32s.len());
            f32s.store(self.function.eval(isa, x), output);
        }
    }
}

struct Identity;

impl SimdUnaryOp<f32> for Identity {
    #[inline(always)]
    fn eval<I: Isa>(&self, _: I, x: I::F32) -> I::F32 {
        x
    }
}

struct Relu;

impl SimdUnaryOp<f32> for Relu {
    #[inline(always)]
    fn eval<I: Isa>(&self, isa: I, x: I::F32) -> I::F32 {
        isa.f32().max(x, isa.f32().zero())
    }
}

/// x Φ(x), where Φ is the normal distribution function, to within 8e-5.
///
/// Φ(x) is taken as 1/2 + x P(x²) for |x| up to [`Gelu::EDGE`] and as constant beyond. P minimises the greatest error of
/// the product over that range (Lawson's iteration on Chebyshev nodes). The error function proper would cost three times the
/// instructions, for digits that eight bits do not hold.
struct Gelu;

impl Gelu {
    /// Φ is within 3e-6 of 0 or 1 from here on.
    const EDGE: f32 = 4.6;
    /// P, from the highest power down.
    const P: [f32; 9] = [
        2.577_185_9e-11,
        -2.919_135_8e-9,
        1.450_074_8e-7,
        -4.183_413_7e-6,
        7.848_27e-5,
        -1.018_946_5e-3,
        9.520_515e-3,
        -6.587_75e-2,
        0.398_652_9,
    ];
}

impl SimdUnaryOp<f32> for Gelu {
    #[inline(always)]
    fn eval<I: Isa>(&self, isa: I, x: I::F32) -> I::F32 {
        let f32s = isa.f32();
        let near = f32s.clamp(x, f32s.splat(-Self::EDGE), f32s.splat(Self::EDGE));
        let square = f32s.mul(near, near);
        let [highest, rest @ ..] = Self::P;
        let mut polynomial = f32s.splat(highest);
        for factor in rest {
            polynomial = f32s.mul_add(polynomial, square, f32s.splat(factor));
        }
        f32s.mul(x, f32s.mul_add(near, polynomial, f32s.splat(0.5)))
    }
}
