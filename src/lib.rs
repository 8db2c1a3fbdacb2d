//! firstline: the first line of a customer-service desk.
//!
//! ```text
//! gateway ──gRPC──▶ server ──▶ dispatch ──▶ triage ─┬─ text       normalise · language · split · redact
//!                                                   ├─ encoder    batch · BERT · pooled vector
//!                                                   ├─ intent     vector → intent scores
//!                                                   ├─ knowledge  vector + words → candidate articles
//!                                                   └─ decision   evidence → Answer | Clarify | Route   (pure)
//!                               dispatch ──▶ routing  Route → ticket in a queue                         (pure)
//!                               dispatch ──▶ journal  outcome → sealed record, durable before anybody is told
//! operator ─CLI──▶ certify: log, labels → certificate; keeps the gate while the service runs
//! editor ──files──▶ knowledge: parse → lint ──▶ release: build → atomic swap of the Bundle
//! evaluator ─CLI──▶ eval: the same triage code, over a data set or over the wire
//! ```
//!
//! Modules stand in the order in which data flows through them; `tests/tidy.rs` holds who may import whom.

pub mod message;
pub mod error;
pub mod record;
pub mod seal;
pub mod text;
pub mod encoder;
pub mod intent;
pub mod knowledge;
pub mod decision;
pub mod release;
pub mod triage;
pub mod certify;
pub mod routing;
pub mod journal;
pub mod dispatch;
pub mod telemetry;
pub mod proto;
pub mod server;
pub mod eval;
pub mod config;
pub mod cli;
