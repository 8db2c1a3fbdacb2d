//! The doors: gRPC and its JSON twin on one public port, and the admin port on loopback. It turns the wire into the
//! vocabulary of `message` and decisions back into the wire; what happens to a message is `dispatch`'s.

pub mod auth;
mod convert;
mod deadline;
mod error;
mod limit;
pub mod status;

pub use convert::Invalid;
pub use error::DoorError;
pub use limit::{Limits, MAX_TEXT};
