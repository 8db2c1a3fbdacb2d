//! Between the wire and the vocabulary of `message`, `decision` and `dispatch`: the only place that knows both.

mod agent;
mod desk;
mod explain;
mod inbound;
mod invalid;
mod names;
mod outbound;
mod requests;
mod transcript;

pub use invalid::Invalid;

pub(crate) use agent::{agents_page, command, request_id, ticket_id, typing};
pub(crate) use desk::{agent, agent_event, news, page, queue, welcome};
pub(crate) use names::bare;
pub(crate) use outbound::{bundle, decision, guarantee, moment, slice};
pub(crate) use requests::{
    Ask, Attach, Page, Switch, cancellation, conversation_id, event, event_of, message,
};
pub(crate) use transcript::{conversation, line, ticket, waiting};

#[cfg(test)]
mod tests;
