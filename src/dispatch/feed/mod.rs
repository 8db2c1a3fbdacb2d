//! Events on their way to somebody who acknowledges them, pure: an [`Outbox`] for one agent, a [`Mailbox`] for one gateway
//! with several streams. Both are bounded; neither knows what an event is, nor sends anything.

mod cursor;
mod mailbox;
mod outbox;

pub(super) use cursor::Run;
pub use mailbox::StreamId;
pub(super) use mailbox::{Mailbox, Posted};
pub(super) use outbox::Outbox;
