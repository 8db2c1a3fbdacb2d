//! A future whose panic ends itself and nothing else: a bug costs one call, never the process or a neighbour.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use super::error::DoorError;

/// Gives [`DoorError::Defect`] where the future within panics. What it says is the panic hook's to log.
pub(crate) struct Caught<F>(Pin<Box<F>>);

impl<F> Caught<F> {
    pub(crate) fn new(future: F) -> Self {
        Self(Box::pin(future))
    }
}

impl<F: Future> Future for Caught<F> {
    type Output = Result<F::Output, DoorError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        // A future that panicked is never polled again, so nobody sees what it left half done.
        match catch_unwind(AssertUnwindSafe(|| self.0.as_mut().poll(context))) {
            Ok(poll) => poll.map(Ok),
            Err(_) => Poll::Ready(Err(DoorError::Defect)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_becomes_an_error() {
        let panics = Caught::new(async { panic!("on purpose") });
        let result: Result<(), DoorError> = panics.await;
        assert_eq!(result, Err(DoorError::Defect));
        assert_eq!(Caught::new(async { 7 }).await, Ok(7));
    }
}
