//! Between the wire and the vocabulary of `message`, `decision` and `dispatch`: the only place that knows both.

mod inbound;
mod invalid;

pub use invalid::Invalid;

#[cfg(test)]
mod tests;
