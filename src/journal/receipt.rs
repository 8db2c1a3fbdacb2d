//! What an append gives at once: a promise that ends when the record is on the disk, or cannot get there.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::sync::oneshot;

use super::error::JournalError;

/// A record's number, or why it was not written.
pub(super) type Reply = Result<u64, JournalError>;

/// Becomes the record's number when the record is durable. Dropping it changes nothing about the record.
#[derive(Debug)]
#[must_use = "a record is durable only when its receipt says so"]
pub struct Receipt(oneshot::Receiver<Reply>);

impl Receipt {
    pub(super) fn new(reply: oneshot::Receiver<Reply>) -> Self {
        Self(reply)
    }

    /// Waits on this thread; for callers without a runtime.
    pub fn wait(self) -> Reply {
        self.0.blocking_recv().unwrap_or(Err(JournalError::Closed))
    }
}

impl Future for Receipt {
    type Output = Reply;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Reply> {
        Pin::new(&mut self.0).poll(context).map(|reply| reply.unwrap_or(Err(JournalError::Closed)))
    }
}
