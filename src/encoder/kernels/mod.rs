//! The fused forward pass of a BERT on processors: what serves. candle's is the reference, the trainer and the fallback.
//!
//! A batch is the tokens of its texts, one under the other, without padding: everything but attention works on single
//! rows, and attention on the rows of one text. Each product is a call of a packed kernel ([`product`]); what stands
//! between two products is a single pass over a row, in vector registers of whatever width the processor has. The steps of
//! a layer:
//!
//! ```text
//! vectors ─▶ rows ─ attend ─▶ sums ─▶ projected ─ attention ─▶ context ─▶ rows ─ attended ─▶ sums ┐
//!    ▲                                                       norm(vectors + sums) ─▶ vectors ◀────┘
//!    └── norm(vectors + sums) ◀─ sums ◀─ down ─ wide rows ◀─ activation ◀─ sums ◀─ up ─ rows ◀─┘
//! ```
//!
//! *Rows* are activations as the product reads them: quantized in class int8. There is no `unsafe` here; the processor's
//! features are found out by rten's kernels. No threads either: a worker runs a pass alone.

#![expect(
    clippy::inline_always,
    reason = "code over an instruction set must be compiled within the function that enables it"
)]

mod product;
mod quantize;
mod int8;
mod single;
mod words;
mod norm;
mod activate;
mod attention;
mod arena;
mod layer;
mod pack;
pub(super) mod dots;
mod peak;
pub mod steps;

use std::fmt;
use std::sync::{Mutex, PoisonError};

pub(super) use int8::{Int8, most_steps};
pub(super) use pack::fits;
pub(super) use peak::peak;
pub(super) use single::Single;

use super::layout::Pooling;
use super::{Embedding, EncoderError, Tokens, pool};
use arena::Arena;
use layer::{Layer, Style};
use norm::Norm;
use product::{Product, Rows as _};
use words::Words;

/// Rows that pass together. More would push the sums out of the second cache, fewer would read the weights too often.
const ROWS: usize = 128;

/// A BERT whose weights are packed for products of class `P`.
pub(super) struct Network<P: Product> {
    words: Words,
    /// A vector for each position, that of token type 0 added: `[positions, hidden]`.
    positions: Vec<f32>,
    norm: Norm,
    layers: Vec<Layer<P>>,
    style: Style,
    /// Arenas that no pass uses at the moment: in time one for each worker.
    idle: Mutex<Vec<Arena<P>>>,
}

impl<P: Product> Network<P> {
    fn new(
        words: Words,
        positions: Vec<f32>,
        norm: Norm,
        layers: Vec<Layer<P>>,
        style: Style,
    ) -> Self {
        Self { words, positions, norm, layers, style, idle: Mutex::default() }
    }

    /// One embedding a text, in order; no text is empty.
    pub(super) fn encode(
        &self,
        texts: &[Tokens],
        pooling: Pooling,
    ) -> Result<Vec<Embedding>, EncoderError> {
        let mut arena = self.take_arena();
        let mut embeddings = Vec::with_capacity(texts.len());
        let mut rest = texts;
        while !rest.is_empty() {
            let (group, later) = rest.split_at(front(rest));
            self.forward(group, &mut arena)?;
            embeddings.extend(self.pooled(&arena, pooling));
            rest = later;
        }
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(arena);
        Ok(embeddings)
    }

    fn take_arena(&self) -> Arena<P> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
    }

    /// Leaves the token vectors of the last layer in the arena.
    fn forward(&self, texts: &[Tokens], arena: &mut Arena<P>) -> Result<(), EncoderError> {
        arena.reset(texts.iter().map(Tokens::len), self.style);
        let mut vectors = arena.vectors.chunks_exact_mut(self.style.heads.hidden());
        for (at, (id, position)) in texts.iter().flat_map(places).enumerate() {
            if let Some(vector) = vectors.next() {
                self.embed(id, position, vector)?;
                arena.rows.set(at, vector);
            }
        }
        for layer in &self.layers {
            layer.forward(self.style, arena)?;
        }
        Ok(())
    }

    /// Writes the vector with which a token enters the first layer.
    fn embed(&self, id: u32, position: usize, vector: &mut [f32]) -> Result<(), EncoderError> {
        let hidden = vector.len();
        let positions = self.positions.get(position * hidden..(position + 1) * hidden);
        let known = usize::try_from(id).is_ok_and(|id| self.words.read(id, vector));
        let (true, Some(positions)) = (known, positions) else {
            return Err(EncoderError::Place { id, position });
        };
        for (x, position) in vector.iter_mut().zip(positions) {
            *x += position;
        }
        self.norm.apply(vector);
        Ok(())
    }

    fn pooled<'a>(
        &'a self,
        arena: &'a Arena<P>,
        pooling: Pooling,
    ) -> impl Iterator<Item = Embedding> + 'a {
        let hidden = self.style.heads.hidden();
        let mut rest = arena.vectors.as_slice();
        arena.lengths.iter().map(move |tokens| {
            let (text, later) = rest.split_at(tokens * hidden);
            rest = later;
            Embedding::from_raw(pool::pool(text, *tokens, hidden, pooling))
        })
    }
}

impl<P: Product> fmt::Debug for Network<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Network({} layers, {:?})", self.layers.len(), self.style)
    }
}

/// How many texts from the front pass together: as many as [`ROWS`] holds, and at least one.
fn front(texts: &[Tokens]) -> usize {
    let mut rows = 0;
    let fits = |text: &&Tokens| {
        rows += text.len();
        rows <= ROWS
    };
    texts.iter().take_while(fits).count().max(1)
}

/// The ids of a text with their positions.
fn places(text: &Tokens) -> impl Iterator<Item = (u32, usize)> {
    text.ids().iter().copied().zip(0..)
}
