//! The transport of a real gateway: a few `Converse` streams for as long as it runs, each with many conversations. Replies
//! find their messages by request id.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Streaming;

use super::LoadError;
use super::client::{Gateway, Outgoing, PATIENCE, Refusal, name_of, wire};
use crate::proto::v1::converse_request::Frame as Write;
use crate::proto::v1::converse_response::Frame as Read;
use crate::proto::v1::{Attach, ConverseRequest, ConverseResponse, Decision, Problem};

/// Messages that may wait for one stream to take them. More than are ever under way, so nothing waits unseen here.
const UNSENT: usize = super::schedule::UNDER_WAY;

/// Open streams; a conversation always goes by the same one.
#[derive(Debug)]
pub(super) struct Streams(Vec<Line>);

/// One stream.
#[derive(Debug)]
struct Line {
    out: mpsc::Sender<ConverseRequest>,
    waiting: Waiting,
}

/// Who waits for the reply to which request. `None` once the stream is over.
#[derive(Debug, Clone)]
struct Waiting(Arc<Mutex<Option<HashMap<String, Reply>>>>);

type Reply = oneshot::Sender<Result<Decision, Refusal>>;

impl Streams {
    /// Opens so many and attaches them.
    pub(super) async fn open(gateway: &Gateway, count: NonZeroUsize) -> Result<Self, LoadError> {
        let mut lines = Vec::with_capacity(count.get());
        for _ in 0..count.get() {
            lines.push(Line::open(gateway).await?);
        }
        Ok(Self(lines))
    }

    /// Hands in one message and waits for its decision.
    pub(super) async fn handle(&self, message: Outgoing) -> Result<Decision, Refusal> {
        let mut hasher = DefaultHasher::new();
        message.conversation_id.hash(&mut hasher);
        let place = usize::try_from(hasher.finish() >> 32).unwrap_or(0) % self.0.len().max(1);
        let line = self.0.get(place).ok_or_else(ended)?;
        timeout(PATIENCE, line.handle(message)).await.unwrap_or_else(|_| {
            Err(refusal("DEADLINE_EXCEEDED", "the stream brought no decision in time"))
        })
    }
}

impl Line {
    async fn open(gateway: &Gateway) -> Result<Self, LoadError> {
        let (out, frames) = mpsc::channel(UNSENT);
        let attach = Attach { instance: "load".to_owned(), ..Attach::default() };
        // There is room, and `frames` is held here.
        out.try_send(ConverseRequest { frame: Some(Write::Attach(attach)) }).ok();
        let replies = gateway.converse(ReceiverStream::new(frames)).await?;
        let waiting = Waiting(Arc::new(Mutex::new(Some(HashMap::new()))));
        tokio::spawn(listen(replies, waiting.clone()));
        Ok(Self { out, waiting })
    }

    async fn handle(&self, message: Outgoing) -> Result<Decision, Refusal> {
        let (reply, replied) = oneshot::channel();
        self.waiting.add(message.request_id.clone(), reply)?;
        let frame = ConverseRequest { frame: Some(Write::Message(wire(message))) };
        self.out.send(frame).await.map_err(|_| ended())?;
        replied.await.map_err(|_| ended())?
    }
}

impl Waiting {
    fn lock(&self) -> MutexGuard<'_, Option<HashMap<String, Reply>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, request: String, reply: Reply) -> Result<(), Refusal> {
        self.lock().as_mut().ok_or_else(ended)?.insert(request, reply);
        Ok(())
    }

    fn tell(&self, request: &str, result: Result<Decision, Refusal>) {
        let reply = self.lock().as_mut().and_then(|waiting| waiting.remove(request));
        if let Some(reply) = reply {
            // Whoever gave up waiting has counted an error.
            reply.send(result).ok();
        }
    }

    fn end(&self, refusal: &Refusal) {
        let left = self.lock().take().unwrap_or_default();
        for reply in left.into_values() {
            reply.send(Err(refusal.clone())).ok();
        }
    }
}

/// Reads a stream to its end.
async fn listen(mut replies: Streaming<ConverseResponse>, waiting: Waiting) {
    let end = loop {
        match replies.message().await {
            Ok(Some(ConverseResponse { frame, .. })) => hear(frame, &waiting),
            Ok(None) => break ended(),
            Err(status) => break Refusal::from(status),
        }
    };
    waiting.end(&end);
}

fn hear(frame: Option<Read>, waiting: &Waiting) {
    match frame {
        Some(Read::Decision(decision)) => match decision.request_ids.as_slice() {
            [one] => waiting.tell(&one.clone(), Ok(*decision)),
            merged => merged.iter().for_each(|one| waiting.tell(one, Ok((*decision).clone()))),
        },
        Some(Read::Problem(problem)) => {
            let request = problem.request_id.clone();
            waiting.tell(&request, Err(problem.into()));
        }
        // A receipt says that a reply will come, a service that drains still replies, and what happens at the desk is no reply.
        Some(
            Read::Attached(_)
            | Read::Receipt(_)
            | Read::Draining(_)
            | Read::Ticket(_)
            | Read::Say(_)
            | Read::AgentTyping(_),
        )
        | None => {}
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        let retry_after = problem.retry_after.and_then(|delay| Duration::try_from(delay).ok());
        let reason = match problem.reason.as_str() {
            "" => name_of(problem.code.into()),
            reason => reason.to_owned(),
        };
        Self { reason, message: problem.message, retry_after }
    }
}

fn ended() -> Refusal {
    refusal("STREAM_ENDED", "the stream ended before the decision came")
}

fn refusal(reason: &str, message: &str) -> Refusal {
    Refusal { reason: reason.to_owned(), message: message.to_owned(), retry_after: None }
}
