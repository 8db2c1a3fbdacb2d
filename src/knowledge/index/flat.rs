//! Exact search: every row is compared. One contiguous matrix, one pass; a hundred thousand rows of 384 are 150 MB read
//! once per query.

use std::cmp::Ordering;
use std::ops::Range;
use std::sync::Arc;

use super::{Index, Neighbour};
use crate::encoder::{Embedding, dots};
use crate::knowledge::KnowledgeError;

/// Rows of equal width, each of unit length.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Matrix {
    width: usize,
    data: Vec<f32>,
}

impl Matrix {
    /// Copies vectors into one block. The first decides the width.
    pub fn new<'a>(
        rows: impl ExactSizeIterator<Item = &'a Embedding>,
    ) -> Result<Self, KnowledgeError> {
        let count = rows.len();
        let mut matrix = Self::default();
        for row in rows {
            let row = row.as_slice();
            if matrix.data.is_empty() {
                matrix.width = row.len();
                matrix.data.reserve_exact(row.len() * count);
            }
            matrix.fits(row.len())?;
            matrix.data.extend_from_slice(row);
        }
        Ok(matrix)
    }

    /// Numbers per row; 0 for a matrix without rows.
    pub fn width(&self) -> usize {
        self.width
    }

    /// How many rows.
    pub fn rows(&self) -> usize {
        self.data.len().checked_div(self.width).unwrap_or(0)
    }

    /// One row; empty if there is no such row.
    pub fn row(&self, row: usize) -> &[f32] {
        self.data.get(row * self.width..(row + 1) * self.width).unwrap_or_default()
    }

    /// The cosines of a query to a range of rows, in order.
    pub fn scores(&self, query: &Embedding, rows: Range<usize>) -> Vec<f32> {
        let block = self.data.get(rows.start * self.width..rows.end * self.width);
        // A matrix without rows has width 0, which no chunk may have.
        dots(query.as_slice(), block.unwrap_or_default().chunks_exact(self.width.max(1)))
    }

    /// Whether a vector of `got` numbers can be compared; every one can with a matrix without rows.
    pub fn fits(&self, got: usize) -> Result<(), KnowledgeError> {
        let expected = self.width;
        if self.width == got || self.data.is_empty() {
            Ok(())
        } else {
            Err(KnowledgeError::Dimensions { expected, got })
        }
    }
}

/// The exact index over a matrix.
#[derive(Debug, Clone)]
pub struct Flat(Arc<Matrix>);

impl Flat {
    /// Searches all rows of `matrix`.
    pub fn new(matrix: Arc<Matrix>) -> Self {
        Self(matrix)
    }
}

impl Index for Flat {
    fn search(&self, query: &Embedding, limit: usize) -> Result<Vec<Neighbour>, KnowledgeError> {
        self.0.fits(query.as_slice().len())?;
        let scores = self.0.scores(query, 0..self.0.rows());
        Ok(nearest(
            scores.into_iter().enumerate().map(|(row, score)| Neighbour { row, score }).collect(),
            limit,
        ))
    }
}

/// The best `limit` of unordered neighbours, best first; a total order, so the result never depends on chance.
pub(crate) fn nearest(mut all: Vec<Neighbour>, limit: usize) -> Vec<Neighbour> {
    let better = |a: &Neighbour, b: &Neighbour| -> Ordering {
        b.score.total_cmp(&a.score).then(a.row.cmp(&b.row))
    };
    if limit < all.len() {
        all.select_nth_unstable_by(limit, better);
        all.truncate(limit);
    }
    all.sort_unstable_by(better);
    all
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn flat(rows: &[Vec<f32>]) -> Flat {
        let rows: Vec<Embedding> =
            rows.iter().map(|row| Embedding::from_raw(row.clone())).collect();
        Flat::new(Arc::new(Matrix::new(rows.iter()).unwrap()))
    }

    #[test]
    fn the_nearest_come_first_and_ties_by_row() {
        let index = flat(&[vec![1., 0.], vec![0., 1.], vec![1., 0.], vec![1., 1.]]);
        let found = index.search(&Embedding::from_raw(vec![2., 0.]), 3).unwrap();
        assert_eq!(found.iter().map(|n| n.row).collect::<Vec<_>>(), [0, 2, 3]);
        assert!((found[0].score - 1.).abs() < 1e-6);
    }

    #[test]
    fn an_empty_index_finds_nothing_and_a_wrong_width_is_an_error() {
        let query = Embedding::from_raw(vec![1., 0., 0.]);
        assert!(flat(&[]).search(&query, 5).unwrap().is_empty());
        let error = flat(&[vec![1., 0.]]).search(&query, 5).unwrap_err();
        assert!(matches!(error, KnowledgeError::Dimensions { expected: 2, got: 3 }), "{error:?}");
        let mixed = [Embedding::from_raw(vec![1.]), query];
        assert!(Matrix::new(mixed.iter()).is_err());
    }

    proptest! {
        #[test]
        fn search_agrees_with_sorting_everything(
            rows in prop::collection::vec(prop::collection::vec(-1f32..1., 19), 1..40),
            query in prop::collection::vec(-1f32..1., 19),
            limit in 0usize..50,
        ) {
            let index = flat(&rows);
            let query = Embedding::from_raw(query);
            let mut all: Vec<(usize, f32)> =
                index.0.scores(&query, 0..rows.len()).into_iter().enumerate().collect();
            all.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
            all.truncate(limit);
            let found: Vec<(usize, f32)> =
                index.search(&query, limit).unwrap().iter().map(|n| (n.row, n.score)).collect();
            prop_assert_eq!(found, all);
        }
    }
}
