//! The memory of a forward pass, kept from one to the next, so that a pass that is no longer than an earlier one allocates
//! nothing.

use super::attention::Scratch;
use super::layer::Style;
use super::product::{Product, Rows};

pub(super) struct Arena<P: Product> {
    /// Tokens of each text.
    pub(super) lengths: Vec<usize>,
    /// What a layer gets and leaves: `[tokens, hidden]`.
    pub(super) vectors: Vec<f32>,
    /// The same, or the result of attention, as a product reads it.
    pub(super) rows: P::Rows,
    /// The activations between the halves of the feed-forward block, as a product reads them: `[tokens, intermediate]`.
    pub(super) wide: P::Rows,
    /// One row of them as numbers.
    pub(super) wide_row: Vec<f32>,
    /// What the latest product left: up to `[tokens, 3 x hidden]` or `[tokens, intermediate]`.
    pub(super) sums: Vec<P::Sum>,
    /// Queries, keys and values: `[tokens, 3 x hidden]`.
    pub(super) projected: Vec<f32>,
    /// What attention mixed from the values: `[tokens, hidden]`.
    pub(super) context: Vec<f32>,
    pub(super) scratch: Scratch,
}

impl<P: Product> Default for Arena<P> {
    fn default() -> Self {
        Self {
            lengths: Vec::new(),
            vectors: Vec::new(),
            rows: P::Rows::default(),
            wide: P::Rows::default(),
            wide_row: Vec::new(),
            sums: Vec::new(),
            projected: Vec::new(),
            context: Vec::new(),
            scratch: Scratch::default(),
        }
    }
}

impl<P: Product> Arena<P> {
    /// Makes room for texts of these lengths.
    pub(super) fn reset(&mut self, lengths: impl Iterator<Item = usize>, style: Style) {
        let (hidden, intermediate) = (style.heads.hidden(), style.intermediate);
        self.lengths.clear();
        self.lengths.extend(lengths);
        let tokens: usize = self.lengths.iter().sum();
        self.vectors.resize(tokens * hidden, 0.0);
        self.rows.reset(tokens, hidden);
        self.wide.reset(tokens, intermediate);
        self.wide_row.resize(intermediate, 0.0);
        self.sums.resize(tokens * intermediate.max(3 * hidden), P::Sum::default());
        self.projected.resize(tokens * 3 * hidden, 0.0);
        self.context.resize(tokens * hidden, 0.0);
    }
}
