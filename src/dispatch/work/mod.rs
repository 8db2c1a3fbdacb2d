//! The people at the desk: their sessions, their commands, what they and the gateways are told. Who gets which ticket is
//! `routing`'s; here its events become words on screens.

mod board;
mod carry;
mod command;
mod event;
mod publish;
mod session;
mod view;

pub(super) use board::Board;
pub use command::{AgentCommand, Closing, Hello, SupervisorCommand};
pub use event::{
    AgentEvent, AssignmentView, GatewayEvent, News, OfferView, Told, Welcome, WhyView,
};
pub(super) use publish::start;
pub use session::{Receiving, Session};
pub(super) use view::{Notice, notices, ticket_view};
