//! Between the wire and the vocabulary of `message`, `decision` and `dispatch`: the only place that knows both.

mod explain;
mod inbound;
mod invalid;
mod names;
mod outbound;
mod requests;

pub use invalid::Invalid;

pub(crate) use names::bare;
pub(crate) use outbound::{
    bundle, conversation, decision, guarantee, moment, queue, slice, ticket, waiting,
};
pub(crate) use requests::{
    Ask, Attach, Page, Switch, cancellation, conversation_id, event, event_of, message,
};

#[cfg(test)]
mod tests;
