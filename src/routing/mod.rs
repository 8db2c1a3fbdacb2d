//! Where a Route goes: the desk, a pure state machine. [`plan`] turns a command into events or a refusal, [`Desk::apply`]
//! makes an event true, and replaying the events gives the same desk. `now` is an argument; nothing here waits or tells.

mod config;
mod calendar;
mod ticket;
mod offer;
mod agent;
mod command;
mod event;
mod error;
mod transition;
mod due;
mod rings;
mod sorted;
mod line;
mod index;
mod past;
mod wait;
mod profile;
mod desk;
mod draft;
mod matching;
mod plan;
mod position;
mod view;
mod alert;

pub use agent::{AgentView, Presence};
pub use alert::{Alert, Concern, alerts};
pub use calendar::{Calendar, Hours, Zone};
pub use command::{Change, Command, Hello, Opening, Reading, Target, Work};
pub use config::{Agent, ConcurrentOffers, Config, Fallback, Order, QueueRules, Ring, Times};
pub use desk::Desk;
pub use error::RoutingError;
pub use event::{Assignment, Author, Event, Requeue};
pub use offer::{Offer, OfferEnd, RevokeReason, Why};
pub use plan::plan;
pub use profile::Evidence;
pub use ticket::{Affinity, Conversation, End, Exclusion, Reason, Resolution, Ticket, TicketState};
pub use view::{QueueView, agent_view, agent_views, queue_view, queue_views};
pub use wait::Eta;

#[cfg(test)]
mod tests;
