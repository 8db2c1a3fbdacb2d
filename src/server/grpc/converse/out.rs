//! What leaves on a stream. Sending waits where the gateway reads slowly, and does nothing where it is gone.

use std::sync::Arc;

use tokio::sync::mpsc;
use tonic::Status;

use crate::dispatch::News;
use crate::message::{ConversationId, RequestId, Timestamp};
use crate::proto::v1::{self, converse_response::Frame};
use crate::server::convert::{self, moment};
use crate::server::doors::Doors;
use crate::server::status::Refusal;

/// The way back to the gateway.
#[derive(Debug, Clone)]
pub(super) struct Out {
    pub(super) replies: mpsc::Sender<Result<v1::ConverseResponse, Status>>,
    pub(super) doors: Arc<Doors>,
}

/// What a frame is about, as far as it can be said back: identifiers that are none are left out.
#[derive(Debug, Clone, Default)]
pub(super) struct About {
    request_id: String,
    conversation_id: String,
}

impl About {
    pub(super) fn new(request_id: &str, conversation_id: &str) -> Self {
        let request = RequestId::new(request_id).map(String::from);
        let conversation = ConversationId::new(conversation_id).map(String::from);
        Self {
            request_id: request.unwrap_or_default(),
            conversation_id: conversation.unwrap_or_default(),
        }
    }
}

impl Out {
    pub(super) async fn frame(&self, about: &About, frame: Frame) {
        let conversation_id = about.conversation_id.clone();
        let at = Some(moment(Timestamp::now()));
        let frame = Some(frame);
        self.send(Ok(v1::ConverseResponse { conversation_id, at, frame, ..Default::default() }))
            .await;
    }

    pub(super) async fn news(&self, news: &News) {
        self.send(Ok(convert::news(news))).await;
    }

    pub(super) async fn receipt(&self, about: &About, sequence: u64) {
        let request_id = about.request_id.clone();
        self.frame(about, Frame::Receipt(v1::Receipt { request_id, sequence })).await;
    }

    pub(super) async fn problem(&self, about: &About, refusal: &Refusal) {
        self.doors.metrics.refused(refusal.reason());
        self.frame(about, Frame::Problem(refusal.to_problem(&about.request_id))).await;
    }

    /// Ends the stream.
    pub(super) async fn end(&self, status: Status) {
        self.send(Err(status)).await;
    }

    /// The gateway is gone.
    pub(super) async fn closed(&self) {
        self.replies.closed().await;
    }

    async fn send(&self, reply: Result<v1::ConverseResponse, Status>) {
        // Nobody is there to read it: `closed` tells the reader, which stops.
        self.replies.send(reply).await.unwrap_or_default();
    }
}
