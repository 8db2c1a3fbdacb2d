//! Where a Route goes: tickets waiting in queues, pure. [`plan`] turns a command into events or a refusal, [`Desk::apply`]
//! makes an event true, and replaying the events gives the same desk. `now` is an argument; nothing here waits or tells.
//!
//! This is the desk's first form: tickets stand in line, rise, move and end. Offers to agents and their presence belong
//! here too and are not built yet; the agents of the configuration say who could take a ticket.

mod config;
mod desk;
mod error;
mod line;
mod plan;
mod ticket;
mod view;

pub use config::{Agent, Config, QueueRules};
pub use desk::{Desk, Event};
pub use error::RoutingError;
pub use plan::{Command, Opening, plan};
pub use ticket::{Conversation, End, Ticket};
pub use view::{QueueView, queue_view, queue_views};

#[cfg(test)]
mod tests;
