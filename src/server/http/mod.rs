//! Plain HTTP: the JSON twin on the public port, and the admin port.

mod admin;
mod body;
mod console;
mod events;
mod health;
mod json;
mod twin;

pub(super) use admin::router as admin;
pub(super) use json::Schema;
pub use json::decision_json;
pub(super) use twin::router as twin;
