//! One message on its way to a decision, and everybody who waits for that decision: the caller who brought it and those
//! who repeated it meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sha2::{Digest as _, Sha256};
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use super::error::DispatchError;
use super::outcome::Outcome;
use crate::message::{Content, Message};

/// What a caller gets in the end.
pub(super) type Reply = Result<Arc<Outcome>, DispatchError>;

/// A message that waits or is at work.
#[derive(Debug)]
pub(super) struct Pending {
    /// The message.
    pub(super) message: Message,
    /// Who waits for it.
    pub(super) waiter: Arc<Waiter>,
    /// When it came.
    pub(super) arrived: Instant,
    /// When a wait for more must end so that its caller still gets a decision; `None` without a deadline.
    pub(super) due: Option<Instant>,
    /// The caller wants no wait for the rest of a burst.
    pub(super) no_hold: bool,
}

/// Those who wait for one message's decision.
#[derive(Debug)]
pub(super) struct Waiter {
    /// Of the message's body: a repeat must have the same.
    pub(super) fingerprint: Fingerprint,
    reply: watch::Sender<Option<Reply>>,
    withdrawn: AtomicBool,
}

impl Waiter {
    /// Nobody waits yet.
    pub(super) fn new(fingerprint: Fingerprint) -> Self {
        Self { fingerprint, reply: watch::Sender::new(None), withdrawn: AtomicBool::new(false) }
    }

    /// One more who waits.
    pub(super) fn join(&self) -> Waiting {
        Waiting(self.reply.subscribe())
    }

    /// Whether somebody still waits and the customer did not take the message back.
    pub(super) fn wanted(&self) -> bool {
        !self.reply.is_closed() && !self.withdrawn()
    }

    /// The customer took the message back.
    pub(super) fn withdraw(&self) {
        self.withdrawn.store(true, Ordering::Release);
    }

    /// Whether the customer took the message back.
    pub(super) fn withdrawn(&self) -> bool {
        self.withdrawn.load(Ordering::Acquire)
    }

    /// Tells everybody who waits.
    pub(super) fn answer(&self, reply: Reply) {
        self.reply.send_replace(Some(reply));
    }
}

/// A place among those who wait; dropping it leaves.
#[derive(Debug)]
pub(super) struct Waiting(watch::Receiver<Option<Reply>>);

impl Waiting {
    /// The reply, or that the deadline passed first.
    pub(super) async fn reply(self, deadline: Option<Instant>) -> Reply {
        match deadline {
            None => self.whenever().await,
            Some(at) => {
                timeout_at(at, self.whenever()).await.unwrap_or(Err(DispatchError::DeadlinePassed))
            }
        }
    }

    async fn whenever(mut self) -> Reply {
        let reply = self.0.wait_for(Option::is_some).await.ok().and_then(|reply| reply.clone());
        reply.unwrap_or(Err(DispatchError::Abandoned))
    }
}

/// A hash of what a message says: what must not differ under one `request_id`. The sequence number, the customer's clock
/// and the display name are not part of it, since a gateway's resend may carry others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// The fingerprint of a message.
    pub(super) fn of(message: &Message) -> Self {
        let mut hash = Hash(Sha256::new());
        hash.field(message.channel.as_str());
        hash.field(message.language_hint.as_ref().map_or("", |language| language.as_str()));
        hash.field(message.customer_id.as_ref().map_or("", |id| id.as_str()));
        match &message.content {
            Content::Text(text) => hash.fields(["text", text]),
            Content::Choice { clarify_id, option_id } => {
                hash.fields(["choice", clarify_id.as_str(), option_id]);
            }
            Content::Attachment { kind, uri, caption } => {
                hash.fields(["attachment", kind, uri, caption]);
            }
            Content::Opening => hash.field("opening"),
        }
        for (key, value) in &message.attributes {
            hash.fields([key, value]);
        }
        Self(hash.0.finalize().into())
    }

    /// SHA-256.
    pub(super) fn bytes(self) -> [u8; 32] {
        self.0
    }

    /// One that was kept.
    pub(super) fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

struct Hash(Sha256);

impl Hash {
    fn fields<const N: usize>(&mut self, fields: [&str; N]) {
        for field in fields {
            self.field(field);
        }
    }

    /// The length first, so that no two lists of fields look alike.
    fn field(&mut self, field: &str) {
        self.0.update(field.len().to_le_bytes());
        self.0.update(field.as_bytes());
    }
}
