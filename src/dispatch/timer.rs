//! Ends tickets that waited for too long: one task, which sleeps until the next one is due or something changes.

use std::sync::Weak;
use std::time::Duration;

use tokio::time::timeout;

use super::desk::Desk;
use super::inner::Inner;

/// The longest sleep: after it the wall clock is looked at again, since it may have been set.
const LONGEST: Duration = Duration::from_secs(30);

/// Runs until the rest of `dispatch` is gone.
pub(super) async fn run(inner: Weak<Inner>) {
    loop {
        let Some(inner) = inner.upgrade() else { return };
        let Some(desk) = &inner.desk else { return };
        desk.tick(inner.now());
        let changed = desk.changed();
        let sleep = inner.until_due(desk);
        drop(inner);
        // Woken by a change or by time: both mean to look again.
        drop(timeout(sleep, changed.notified()).await);
    }
}

impl Inner {
    fn until_due(&self, desk: &Desk) -> Duration {
        let Some(due) = desk.next_due() else { return LONGEST };
        let left = Duration::try_from(due.duration_since(self.now())).unwrap_or(Duration::ZERO);
        left.clamp(Duration::from_millis(1), LONGEST)
    }
}
