//! Nearest neighbours by cosine. [`Index`] is a seam: `flat` is exact and the reference; an engine of its own may stand
//! behind the same three lines later. It knows vectors only, no articles.

pub mod flat;

use std::fmt;

use super::KnowledgeError;
use crate::encoder::Embedding;

/// A stored vector that is near.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Neighbour {
    /// Its row, from 0.
    pub row: usize,
    /// Cosine, -1..=1.
    pub score: f32,
}

/// Finds stored vectors near a query.
pub trait Index: Send + Sync + fmt::Debug {
    /// The nearest rows, nearest first, at most `limit`; equal scores in row order.
    fn search(&self, query: &Embedding, limit: usize) -> Result<Vec<Neighbour>, KnowledgeError>;
}
