//! The tree that YAML and TOML are both read into: scalars as written, lists, tables in file order, each with its place.

use crate::knowledge::diagnostic::Bilingual;
use crate::knowledge::source::{Span, Spanned};

/// A value and its place in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Node {
    pub(crate) value: Value,
    pub(crate) span: Span,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    /// A key without a value.
    Null,
    /// Text, number, date or truth value, as text.
    Scalar(String),
    /// A list.
    List(Vec<Node>),
    /// Keys and values in file order; a repeated key appears twice.
    Table(Vec<Pair>),
}

/// A key and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pair {
    pub(crate) key: Spanned,
    pub(crate) value: Node,
}

impl Node {
    pub(crate) fn new(value: Value, span: Span) -> Self {
        Self { value, span }
    }
}

/// Why a head cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unreadable {
    pub(crate) span: Span,
    pub(crate) message: Bilingual,
    pub(crate) remedy: Bilingual,
}
