//! What a supervisor's screen is told: every queue first, then those that changed, each at most once a second.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

use crate::message::Timestamp;
use crate::proto::v1;
use crate::server::auth::Role;
use crate::server::calls::Call;
use crate::server::convert;
use crate::server::doors::{Doors, Phase};
use crate::server::error::DoorError;
use crate::server::status::Refusal;

const EVERY: Duration = Duration::from_secs(1);
/// Looks that may wait for a screen that reads slowly.
const UNREAD: usize = 2;

/// What the screen receives.
pub(super) type Changes = ReceiverStream<Result<v1::WatchQueuesResponse, Status>>;

/// Starts to watch.
pub(super) fn open(
    doors: &Arc<Doors>,
    call: &Call,
    request: v1::WatchQueuesRequest,
) -> Result<Changes, Refusal> {
    call.caller.require(Role::Supervisor)?;
    doors.parts()?;
    let room = doors.gate.stream()?;
    let (changes, stream) = mpsc::channel(UNREAD);
    let doors = Arc::clone(doors);
    tokio::spawn(async move {
        watch(&doors, &request.queues, &changes).await;
        drop(room);
    });
    Ok(ReceiverStream::new(stream))
}

async fn watch(
    doors: &Doors,
    only: &[String],
    changes: &mpsc::Sender<Result<v1::WatchQueuesResponse, Status>>,
) {
    let mut shown: Option<Vec<v1::Queue>> = None;
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = changes.closed() => return,
            _ = ticks.tick() => {}
        }
        if matches!(*doors.phase().borrow(), Phase::Draining { .. }) {
            let over = Refusal::from(DoorError::Draining).to_status();
            return changes.send(Err(over)).await.unwrap_or_default();
        }
        let Ok(parts) = doors.parts() else { return };
        let now = Timestamp::now();
        let mut queues = Doors::queues(&parts.dispatch, now);
        queues.retain(|queue| only.is_empty() || only.contains(&queue.queue));
        let known = shown.as_deref().unwrap_or_default();
        let changed: Vec<v1::Queue> =
            queues.iter().filter(|queue| !known.contains(queue)).cloned().collect();
        if shown.is_none() || !changed.is_empty() {
            let as_of = Some(convert::moment(now));
            let look = v1::WatchQueuesResponse { changed, as_of };
            changes.send(Ok(look)).await.unwrap_or_default();
            shown = Some(queues);
        }
    }
}
