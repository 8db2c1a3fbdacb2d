//! One transformer layer (Devlin et al. 2019, arXiv 1810.04805): attention and a feed-forward block, each added to what came
//! in and normed.

use rten_gemm::GemmError;
use rten_simd::SimdOp;

use super::activate::{activate, copy};
use super::arena::Arena;
use super::attention::{Attention, Heads};
use super::norm::Norm;
use super::product::{Product, Rows};
use crate::encoder::layout::Activation;

/// What all layers of a network have in common.
#[derive(Debug, Clone, Copy)]
pub(super) struct Style {
    pub(super) heads: Heads,
    pub(super) intermediate: usize,
    pub(super) activation: Activation,
}

pub(super) struct Layer<P> {
    /// Query, key and value in one product.
    pub(super) attend: P,
    pub(super) attended: P,
    pub(super) attended_norm: Norm,
    pub(super) up: P,
    pub(super) down: P,
    pub(super) output_norm: Norm,
}

impl<P: Product> Layer<P> {
    /// Takes vectors and rows from the arena and leaves the next ones there.
    pub(super) fn forward(&self, style: Style, arena: &mut Arena<P>) -> Result<(), GemmError> {
        self.project(style.heads, arena)?;
        mix(style.heads, arena);
        self.add_attended(style.heads, arena)?;
        self.widen(style, arena)?;
        self.add_output(style, arena)
    }

    pub(super) fn project(&self, heads: Heads, arena: &mut Arena<P>) -> Result<(), GemmError> {
        let width = 3 * heads.hidden();
        let Arena { rows, sums, projected, .. } = arena;
        let sums = &mut sums[..projected.len()];
        self.attend.multiply(rows, sums)?;
        let both = sums.chunks_exact(width).zip(projected.chunks_exact_mut(width));
        for (at, (sums, projected)) in both.enumerate() {
            copy(&self.attend.row(rows, at, sums), projected);
        }
        Ok(())
    }

    pub(super) fn add_attended(&self, heads: Heads, arena: &mut Arena<P>) -> Result<(), GemmError> {
        let hidden = heads.hidden();
        let Arena { context, rows, sums, vectors, .. } = arena;
        for (at, context) in context.chunks_exact(hidden).enumerate() {
            rows.set(at, context);
        }
        let sums = &mut sums[..vectors.len()];
        self.attended.multiply(rows, sums)?;
        let both = sums.chunks_exact(hidden).zip(vectors.chunks_exact_mut(hidden));
        for (at, (sums, vector)) in both.enumerate() {
            self.attended_norm.add(vector, &self.attended.row(rows, at, sums));
            rows.set(at, vector);
        }
        Ok(())
    }

    pub(super) fn widen(&self, style: Style, arena: &mut Arena<P>) -> Result<(), GemmError> {
        let Arena { rows, wide, wide_row, sums, vectors, .. } = arena;
        let tokens = vectors.len() / style.heads.hidden();
        let sums = &mut sums[..tokens * style.intermediate];
        self.up.multiply(rows, sums)?;
        for (at, sums) in sums.chunks_exact(style.intermediate).enumerate() {
            activate(style.activation, &self.up.row(rows, at, sums), wide_row);
            wide.set(at, wide_row);
        }
        Ok(())
    }

    pub(super) fn add_output(&self, style: Style, arena: &mut Arena<P>) -> Result<(), GemmError> {
        let hidden = style.heads.hidden();
        let Arena { wide, rows, sums, vectors, .. } = arena;
        let sums = &mut sums[..vectors.len()];
        self.down.multiply(wide, sums)?;
        let both = sums.chunks_exact(hidden).zip(vectors.chunks_exact_mut(hidden));
        for (at, (sums, vector)) in both.enumerate() {
            self.output_norm.add(vector, &self.down.row(wide, at, sums));
            rows.set(at, vector);
        }
        Ok(())
    }
}

/// Attention within each text.
pub(super) fn mix<P: Product>(heads: Heads, arena: &mut Arena<P>) {
    let hidden = heads.hidden();
    let mut projected = arena.projected.as_slice();
    let mut context = arena.context.as_mut_slice();
    for tokens in &arena.lengths {
        let (text, later) = projected.split_at(tokens * 3 * hidden);
        let (mixed, later_context) = context.split_at_mut(tokens * hidden);
        let scratch = &mut arena.scratch;
        Attention { projected: text, context: mixed, heads, scratch }.dispatch();
        (projected, context) = (later, later_context);
    }
}
