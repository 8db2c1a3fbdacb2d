//! Keeps the state while the service runs, a few changed conversations at a time, so that a start is short; and lets go of
//! records whose time is over.

use std::sync::Weak;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::super::inner::Inner;
use super::super::key::Key;
use super::{Durable, Kept};
use crate::error::Classify as _;
use crate::journal::{JournalError, PartOf, Snapshot};

/// Parts that belong to no conversation.
pub(super) const MODES: &str = "modes";
pub(super) const VERDICTS: &str = "verdicts";
pub(super) const BUNDLES: &str = "bundles";

/// Conversations that are looked at in one breath: decisions wait that long.
const AT_ONCE: usize = 128;
/// How often records are let go.
const HOUR: Duration = Duration::from_hours(1);
/// How often the rules in force are written again.
const DAY: Duration = Duration::from_hours(24);

/// Runs until the rest of `dispatch` is gone.
pub(in crate::dispatch) async fn run(inner: Weak<Inner>, every: Duration) {
    let (mut let_go, mut described) = (Instant::now(), Instant::now());
    loop {
        sleep(every).await;
        let Some(inner) = inner.upgrade() else { return };
        let Some(durable) = &inner.durable else { return };
        if let Err(error) = inner.keep_state().await {
            tracing::warn!(%error, remedy = %error.remedy(), "the state was not kept");
        }
        if let_go.elapsed() >= HOUR {
            let_go = Instant::now();
            inner.let_go(durable).await;
        }
        if described.elapsed() >= DAY {
            described = Instant::now();
            durable.write_bundles_again();
        }
    }
}

impl Inner {
    /// Keeps every conversation that changed since the last time, and the rest of the state.
    pub(in crate::dispatch) async fn keep_state(&self) -> Result<(), JournalError> {
        let Some(durable) = &self.durable else { return Ok(()) };
        let changed = self.registry.take_changed();
        let kept = self.keep_all(durable, &changed).await;
        if kept.is_err() {
            self.registry.change_again(changed);
        }
        kept
    }

    /// Where the first part was taken, all of them cover: a later one only has more.
    async fn keep_all(&self, durable: &Durable, changed: &[Key]) -> Result<(), JournalError> {
        let mut covers = None;
        for keys in changed.chunks(AT_ONCE) {
            let (after, kept) = durable.still(|| self.registry.kept(keys)).await;
            covers.get_or_insert(after);
            durable.keep(self.now(), of_conversations(after, keys, kept)?).await?;
        }
        let (after, (modes, verdicts)) = durable
            .still(|| (self.modes().kept(&self.config), self.ledger().kept_with_callers()))
            .await;
        let mut rest = Snapshot::new(after);
        rest.put(PartOf::Named(MODES), &modes)?;
        rest.put(PartOf::Named(VERDICTS), &verdicts)?;
        rest.put(PartOf::Named(BUNDLES), &durable.known())?;
        rest.covers(covers.unwrap_or(after));
        durable.keep(self.now(), rest).await
    }

    async fn let_go(&self, durable: &Durable) {
        loop {
            let dropped = match durable.journal.forget(self.now()) {
                Ok(receipt) => receipt.await,
                Err(error) => Err(error),
            };
            match dropped {
                Ok(0) => return,
                Ok(records) => tracing::info!(records, "records were let go: their time is over"),
                Err(error) => return tracing::warn!(%error, "records could not be let go"),
            }
        }
    }
}

impl Durable {
    /// Looks at a moment at which every written record has taken effect; with the last of them.
    async fn still<T>(&self, look: impl FnOnce() -> T) -> (u64, T) {
        let _still = self.quiet.write().await;
        (self.last.load(Ordering::Acquire), look())
    }

    async fn keep(
        &self,
        at: crate::message::Timestamp,
        snapshot: Snapshot,
    ) -> Result<(), JournalError> {
        self.journal.keep(at, snapshot)?.await.map(drop)
    }
}

fn of_conversations(
    after: u64,
    keys: &[Key],
    kept: Vec<Option<Kept>>,
) -> Result<Snapshot, JournalError> {
    let mut snapshot = Snapshot::new(after);
    for (key, kept) in keys.iter().zip(kept) {
        let part = PartOf::Conversation(key.clone());
        match kept {
            Some(kept) => snapshot.put(part, &kept)?,
            None => snapshot.remove(part),
        }
    }
    Ok(snapshot)
}
