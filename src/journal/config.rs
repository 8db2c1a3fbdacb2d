//! What an operator decides about the journal.

use std::time::Duration;

/// How much is kept, and how much may wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Config {
    /// How long records are kept; what the snapshot needs is kept longer.
    pub keep: Duration,
    /// Bytes of records from which the oldest go before their time.
    pub most_bytes: u64,
    /// Records that may wait to be written; one more is refused at once.
    pub queue: usize,
    /// How often a changed state is kept, so that a start replays no more than this.
    pub snapshot: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            keep: Duration::from_hours(30 * 24),
            most_bytes: 64 << 30,
            queue: 8192,
            snapshot: Duration::from_mins(1),
        }
    }
}
