//! The doors: gRPC and its JSON twin on one public port, and the admin port on loopback. It turns the wire into the
//! vocabulary of `message` and decisions back into the wire; what happens to a message is `dispatch`'s.

pub mod auth;
mod calls;
mod caught;
mod config;
mod convert;
mod deadline;
mod doors;
mod error;
mod grpc;
mod guard;
mod http;
mod limit;
mod local;
mod shelf;
mod start;
pub mod status;
mod tls;

pub use config::{Config, TlsFiles};
pub use convert::Invalid;
pub use doors::Parts;
pub use error::DoorError;
pub use http::decision_json;
pub use limit::{Limits, MAX_TEXT};
pub use shelf::Shelf;
pub use start::{Running, StartError, open, signal, start};
