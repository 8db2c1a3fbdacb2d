//! The calls in flight: bounded, and waited for when the service drains.

use std::sync::Arc;

use tokio::sync::watch;

use super::error::DispatchError;

/// Counts the calls in flight.
#[derive(Debug)]
pub(super) struct Flights {
    state: watch::Sender<State>,
    limit: usize,
}

#[derive(Debug, Clone, Copy, Default)]
struct State {
    count: usize,
    draining: bool,
}

/// One call in flight; over when dropped.
#[derive(Debug)]
pub(super) struct Flight(Arc<Flights>);

impl Flights {
    /// None in flight, at most `limit`.
    pub(super) fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self { state: watch::Sender::default(), limit })
    }

    /// Takes one more on, unless the service drains or there are too many.
    pub(super) fn board(self: &Arc<Self>) -> Result<Flight, DispatchError> {
        let mut refusal = None;
        self.state.send_if_modified(|state| {
            refusal = match state {
                State { draining: true, .. } => Some(DispatchError::Draining),
                State { count, .. } if *count >= self.limit => {
                    Some(DispatchError::TooManyInFlight { limit: self.limit })
                }
                State { count, .. } => {
                    *count += 1;
                    None
                }
            };
            false
        });
        refusal.map_or_else(|| Ok(Flight(Arc::clone(self))), Err)
    }

    /// Takes no more on, and waits for those in flight.
    pub(super) async fn drain(&self) {
        self.state.send_modify(|state| state.draining = true);
        // The sender lives in `self`, so that the wait can only end by the count.
        drop(self.state.subscribe().wait_for(|state| state.count == 0).await);
    }

    /// How many are in flight.
    pub(super) fn count(&self) -> usize {
        self.state.borrow().count
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.0.state.send_modify(|state| state.count = state.count.saturating_sub(1));
    }
}
