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

/// x Φ(x), where Φ is the normal distribution function, to within 7e-5, or 1e-5 of |x| where that is more.
///
/// Φ(x) is taken as 1/2 + x P(x²) for |x| up to [`Gelu::EDGE`], and as 0 or 1 beyond, which P meets there. Within, P
/// minimises the greatest error of the product (Lawson's iteration on Chebyshev nodes). The error function proper would cost
/// three times the instructions, for digits that eight bits do not hold.
struct Gelu;

impl Gelu {
    /// Φ is within 1.4e-5 of 0 or 1 from here on.
    const EDGE: f32 = 4.2;
    /// P, from the highest power down.
    const P: [f32; 9] = [
        8.602_324e-11,
        -7.729_952e-9,
        3.047_851_5e-7,
        -7.037_536e-6,
        1.080_735_2e-4,
        -1.197_897_8e-3,
        1.012_031_8e-2,
        -6.685_324e-2,
        0.399_199_46,
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers that need no scaling.
    struct Plain(Vec<f32>);

    impl Row for Plain {
        #[inline(always)]
        fn numbers<I: Isa>(&self, isa: I, at: usize) -> I::F32 {
            isa.f32().load(&self.0[at..])
        }
    }

    /// ∫ of the normal density from 0 to `x`, by Simpson's rule.
    fn normal(x: f64) -> f64 {
        const STEPS: u32 = 2_000;
        let density = |x: f64| (-x * x / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
        let step = x / f64::from(STEPS);
        let weight =
            |at: u32| if at == 0 || at == STEPS { 1.0 } else { f64::from(2 + 2 * (at % 2)) };
        (0..=STEPS).map(|at| weight(at) * density(f64::from(at) * step)).sum::<f64>() * step / 3.0
    }

    fn tanh_form(x: f64) -> f64 {
        let inner = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044_715 * x.powi(3));
        0.5 * x * (1.0 + inner.tanh())
    }

    #[test]
    fn activations_match_their_formulas() {
        let row = Plain((-1024..1024).map(|step| step as f32 / 50.0).collect());
        let check = |activation: Activation, error: f64, truth: &dyn Fn(f64) -> f64| {
            let mut output = vec![0.0; row.0.len()];
            activate(activation, &row, &mut output);
            for (x, y) in row.0.iter().zip(output) {
                let truth = truth(f64::from(*x));
                let error = error.max(1e-5 * f64::from(x.abs()));
                assert!(
                    (f64::from(y) - truth).abs() < error,
                    "{activation:?}({x}) is {y}, not {truth}"
                );
            }
        };
        check(Activation::Gelu, 1e-4, &|x| x * (0.5 + normal(x)));
        check(Activation::GeluTanh, 1e-5, &tanh_form);
        check(Activation::Relu, 1e-9, &|x| x.max(0.0));
    }
}
