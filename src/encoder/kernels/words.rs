//! The word table: a vector for each token id. The largest tensor of a multilingual model and the only one that is looked up
//! instead of multiplied, so it is kept in as few bytes as the class of the network allows and widened a row at a time.

use super::int8::Quantized;
use super::product::Rows as _;
use crate::encoder::weights::Numbers;

/// `[vocabulary, hidden]`.
#[derive(Debug)]
pub(super) enum Words {
    /// A byte a number, scaled by row.
    Int8(Quantized),
    /// As the file has them.
    Stored(Numbers),
}

impl Words {
    /// Quantizes a table of rows of `hidden` numbers.
    pub(super) fn int8(numbers: &Numbers, hidden: usize) -> Self {
        let mut table = Quantized::default();
        table.reset(numbers.len() / hidden.max(1), hidden);
        let mut row = vec![0.0; hidden];
        let mut at = 0;
        while numbers.read(at * hidden, &mut row) {
            table.set(at, &row);
            at += 1;
        }
        Self::Int8(table)
    }

    /// Writes the vector of `id`, `[hidden]`; false if the table has none.
    pub(super) fn read(&self, id: usize, vector: &mut [f32]) -> bool {
        match self {
            Self::Int8(table) => table.read(id, vector),
            Self::Stored(numbers) => numbers.read(id * vector.len(), vector),
        }
    }
}
