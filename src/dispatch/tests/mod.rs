//! The room as a whole, with a triage that reads a small language of its own and a clock that stands still.

pub(super) mod floor;
mod bounds;
mod bursts;
mod events;
mod order;
mod repeats;
mod restarts;
mod tickets;
mod words;
