//! What leaves on an agent's stream. Sending waits where her desk reads slowly, and does nothing where it is gone.

use std::sync::Arc;

use tokio::sync::mpsc;
use tonic::Status;

use crate::dispatch::Told;
use crate::message::{RequestId, Timestamp};
use crate::proto::v1::{self, work_response::Event};
use crate::server::convert;
use crate::server::doors::Doors;
use crate::server::status::Refusal;

/// The way back to the desk software.
#[derive(Debug, Clone)]
pub(super) struct Out {
    pub(super) replies: mpsc::Sender<Result<v1::WorkResponse, Status>>,
    pub(super) doors: Arc<Doors>,
}

impl Out {
    /// An event that cannot be resumed from.
    pub(super) async fn event(&self, event: Event) {
        let at = Some(convert::moment(Timestamp::now()));
        self.send(Ok(v1::WorkResponse { cursor: String::new(), at, event: Some(event) })).await;
    }

    /// An event of the agent's log.
    pub(super) async fn told(&self, told: Told) {
        let at = Some(convert::moment(told.at));
        let event = Some(convert::agent_event(&told.event));
        self.send(Ok(v1::WorkResponse { cursor: told.cursor, at, event })).await;
    }

    pub(super) async fn done(&self, request_id: &str) {
        self.result(request_id, None).await;
    }

    pub(super) async fn problem(&self, request_id: &str, refusal: &Refusal) {
        self.doors.metrics.refused(refusal.reason());
        self.result(request_id, Some(refusal.to_problem(&known(request_id)))).await;
    }

    async fn result(&self, request_id: &str, problem: Option<v1::Problem>) {
        let request_id = known(request_id);
        self.event(Event::Result(v1::CommandResult { request_id, problem })).await;
    }

    /// Ends the stream.
    pub(super) async fn end(&self, status: Status) {
        self.send(Err(status)).await;
    }

    /// The desk software is gone.
    pub(super) async fn closed(&self) {
        self.replies.closed().await;
    }

    async fn send(&self, reply: Result<v1::WorkResponse, Status>) {
        // Nobody is there to read it: `closed` tells the reader, which stops.
        self.replies.send(reply).await.unwrap_or_default();
    }
}

/// What can be said back of an identifier: nothing of one that is none.
fn known(request_id: &str) -> String {
    RequestId::new(request_id).map(String::from).unwrap_or_default()
}
