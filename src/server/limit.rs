//! How much the doors let in: sizes of what is read, and how many calls and streams are worked on at once. Full is refused
//! at once, never queued.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::error::DoorError;

/// Bytes of a customer's text.
pub const MAX_TEXT: usize = 8 * 1024;
/// Bytes of a gRPC message or an HTTP body. Far above what a valid message can need, so that a text that is too long is
/// still read and answered as such, and a stream survives it.
pub(crate) const MAX_BODY: usize = 2 * 1024 * 1024;
/// Bytes of a request's headers.
pub(crate) const MAX_HEADERS: u32 = 16 * 1024;

/// How many of each are worked on at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Unary calls, over all connections, 1 or more.
    pub calls: usize,
    /// Open Converse streams, 1 or more.
    pub streams: usize,
    /// Messages of one stream, 1 or more.
    pub per_stream: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { calls: 1024, streams: 256, per_stream: 1024 }
    }
}

/// The bounded number of calls and streams.
#[derive(Debug)]
pub(crate) struct Gate {
    limits: Limits,
    calls: Arc<Semaphore>,
    streams: Arc<Semaphore>,
}

impl Gate {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            calls: Arc::new(Semaphore::new(limits.calls.min(Semaphore::MAX_PERMITS))),
            streams: Arc::new(Semaphore::new(limits.streams.min(Semaphore::MAX_PERMITS))),
        }
    }

    /// Room for one call, given back when the permit is dropped.
    pub(crate) fn call(&self) -> Result<OwnedSemaphorePermit, DoorError> {
        let full = DoorError::ServerBusy { limit: self.limits.calls };
        Arc::clone(&self.calls).try_acquire_owned().map_err(|_| full)
    }

    /// Room for one stream.
    pub(crate) fn stream(&self) -> Result<OwnedSemaphorePermit, DoorError> {
        let full = DoorError::TooManyStreams { limit: self.limits.streams };
        Arc::clone(&self.streams).try_acquire_owned().map_err(|_| full)
    }

    /// How many messages of one stream are worked on at once: what it wishes, within the limit. 0 wishes for the limit.
    pub(crate) fn per_stream(&self, wish: u32) -> usize {
        let limit = self.limits.per_stream.max(1);
        match usize::try_from(wish) {
            Ok(wish) if wish > 0 => wish.min(limit),
            _ => limit,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate() -> Gate {
        Gate::new(Limits { calls: 1, streams: 1, per_stream: 8 })
    }

    #[test]
    fn full_is_refused_and_room_comes_back() {
        let gate = gate();
        let first = gate.call().unwrap();
        assert_eq!(gate.call().unwrap_err(), DoorError::ServerBusy { limit: 1 });
        drop(first);
        assert!(gate.call().is_ok());
        let _stream = gate.stream().unwrap();
        assert_eq!(gate.stream().unwrap_err(), DoorError::TooManyStreams { limit: 1 });
    }

    #[test]
    fn a_stream_may_wish_for_less_and_not_for_more() {
        let check = |wish: u32, expect: usize| assert_eq!(gate().per_stream(wish), expect);
        check(0, 8);
        check(3, 3);
        check(9, 8);
    }
}
