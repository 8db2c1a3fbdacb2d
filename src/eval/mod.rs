//! The evaluators' door: data sets and labelled records → what the service would do with them → figures. It runs the very
//! code that serves (`triage`), over a data set or over the wire, and never prints an automation rate alone: coverage,
//! precision, target and sample size stand together. It tunes nothing that ships.

pub mod texts;
pub mod dataset;
pub mod interval;
pub mod gate;
pub mod score;
pub mod suite;
pub mod quality;
pub mod compare;
pub mod report;
pub mod load;
pub mod encode;
pub mod demo;

pub use crate::record;
pub use crate::record::JsonlError;
use crate::record::jsonl;
