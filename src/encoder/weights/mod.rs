//! The numbers of a BERT, read from a file that is not trusted: everything is compared with the shape before anything is
//! allocated, and a number that is not finite is refused. No network here, and no arithmetic but widening.

pub(super) mod q4;
pub(super) mod tensors;

use std::collections::HashMap;

use half::f16;
use half::slice::HalfFloatSliceExt;

use super::layout::BertShape;

pub(super) const WORDS: &str = "embeddings.word_embeddings.weight";
pub(super) const POSITIONS: &str = "embeddings.position_embeddings.weight";
pub(super) const TYPES: &str = "embeddings.token_type_embeddings.weight";
pub(super) const EMBEDDING_NORM: &str = "embeddings.LayerNorm";
pub(super) const QUERY: &str = "attention.self.query";
pub(super) const KEY: &str = "attention.self.key";
pub(super) const VALUE: &str = "attention.self.value";
pub(super) const ATTENDED: &str = "attention.output.dense";
pub(super) const ATTENDED_NORM: &str = "attention.output.LayerNorm";
pub(super) const UP: &str = "intermediate.dense";
pub(super) const DOWN: &str = "output.dense";
pub(super) const OUTPUT_NORM: &str = "output.LayerNorm";

/// The numbers of one tensor, row by row. Half precision stays as it is until the network takes the tensor out, so that no
/// two copies of a whole model stand in memory at once.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Numbers {
    F32(Vec<f32>),
    F16(Vec<f16>),
}

impl Numbers {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::F32(numbers) => numbers.len(),
            Self::F16(numbers) => numbers.len(),
        }
    }
    /// Widens as many as `output` holds, from `start` on; false if there are not that many.
    pub(super) fn read(&self, start: usize, output: &mut [f32]) -> bool {
        let range = start..start.saturating_add(output.len());
        match self {
            Self::F32(numbers) => {
                numbers.get(range).map(|numbers| output.copy_from_slice(numbers)).is_some()
            }
            Self::F16(numbers) => {
                numbers.get(range).map(|numbers| numbers.convert_to_f32_slice(output)).is_some()
            }
        }
    }
    /// All of them, widened.
    pub(super) fn into_f32(self) -> Vec<f32> {
        match self {
            Self::F32(numbers) => numbers,
            Self::F16(numbers) => numbers.to_f32_vec(),
        }
    }
}

/// One tensor.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Array {
    pub(super) shape: Vec<usize>,
    pub(super) numbers: Numbers,
}

/// All tensors of a BERT by their usual names, each with the shape it must have.
#[derive(Debug)]
pub(super) struct Weights {
    arrays: HashMap<String, Array>,
    /// sha-256 of the file, in hexadecimal.
    pub(super) hash: String,
}

impl Weights {
    pub(super) fn new(arrays: HashMap<String, Array>, hash: String) -> Self {
        Self { arrays, hash }
    }
    /// Takes a tensor out; it is there exactly once.
    pub(super) fn take(&mut self, name: &str) -> Option<Array> {
        self.arrays.remove(name)
    }
}

/// The name of a part of a layer.
pub(super) fn in_layer(layer: usize, part: &str) -> String {
    format!("encoder.layer.{layer}.{part}")
}

/// Every tensor a BERT of this shape has, with its shape. The pooler and all heads are left out: nothing here reads them.
pub(super) fn expected(shape: &BertShape) -> HashMap<String, Vec<usize>> {
    let (hidden, wide) = (shape.hidden, shape.intermediate);
    let mut all = HashMap::from([
        (WORDS.to_owned(), vec![shape.vocabulary, hidden]),
        (POSITIONS.to_owned(), vec![shape.positions, hidden]),
        (TYPES.to_owned(), vec![shape.types, hidden]),
    ]);
    let mut add = |name: String, weight: Vec<usize>, bias: usize| {
        all.insert(format!("{name}.weight"), weight);
        all.insert(format!("{name}.bias"), vec![bias]);
    };
    add(EMBEDDING_NORM.to_owned(), vec![hidden], hidden);
    for layer in 0..shape.layers {
        for part in [QUERY, KEY, VALUE, ATTENDED] {
            add(in_layer(layer, part), vec![hidden, hidden], hidden);
        }
        add(in_layer(layer, UP), vec![wide, hidden], wide);
        add(in_layer(layer, DOWN), vec![hidden, wide], hidden);
        for norm in [ATTENDED_NORM, OUTPUT_NORM] {
            add(in_layer(layer, norm), vec![hidden], hidden);
        }
    }
    all
}
