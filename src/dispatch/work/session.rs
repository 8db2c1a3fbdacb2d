//! An agent's session and a gateway's stream as their doors hold them: what is dropped is over, and the desk learns of it.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::super::error::DispatchError;
use super::super::feed::StreamId;
use super::super::inner::Inner;
use super::command::AgentCommand;
use super::event::{News, Told};
use crate::message::{AgentId, CallerId, RequestId, SessionId, TicketId};

/// How often the desk is told that somebody is there, at most.
const SAY: Duration = Duration::from_secs(5);

/// One stream of an agent.
#[derive(Debug)]
pub struct Session {
    inner: Arc<Inner>,
    agent: AgentId,
    id: SessionId,
    /// Which of her streams this is.
    stream: u64,
    told: u64,
    /// When the desk last heard of her.
    said: Instant,
}

impl Session {
    pub(in crate::dispatch) fn new(
        inner: &Arc<Inner>,
        agent: AgentId,
        id: SessionId,
        stream: u64,
    ) -> Self {
        Self { inner: Arc::clone(inner), agent, id, stream, told: 0, said: Instant::now() }
    }

    /// Everything up to this event is known to her already.
    pub(in crate::dispatch) fn goes_on_after(&mut self, number: u64) {
        self.told = number;
    }

    /// The next thing she is told, in order. Fails when another stream has taken her session over.
    pub async fn next(&mut self) -> Result<Told, DispatchError> {
        loop {
            let (next, rung) = self.inner.board.next(&self.agent, self.stream, self.told)?;
            if let Some((number, told)) = next {
                self.told = number;
                return Ok(told);
            }
            rung.await;
        }
    }

    /// She is still there. Says so to the desk now and then, however often this is called.
    pub fn is_there(&mut self) {
        if self.said.elapsed() >= SAY {
            self.said = Instant::now();
            self.inner.is_there(&self.agent, &self.id);
        }
    }

    /// Everything up to this cursor is dealt with.
    pub fn acknowledge(&self, cursor: &str) {
        self.inner.board.acknowledge(&self.agent, self.stream, cursor);
    }

    /// Carries out a command; done is durable. A repeat of a request gets the result of the first.
    pub async fn work(
        &self,
        request: RequestId,
        command: AgentCommand,
    ) -> Result<(), DispatchError> {
        if let Some(result) = self.inner.board.result(&self.agent, &request) {
            return result;
        }
        let result = self.inner.work(&self.agent, &request, command).await;
        if result.is_err() {
            self.inner.responds(&self.agent);
        }
        self.inner.board.remember(&self.agent, request, result.clone());
        result
    }

    /// She is typing in a ticket of hers.
    pub fn types(&self, ticket: &TicketId) {
        self.inner.agent_types(&self.agent, ticket);
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // Another stream of hers may go on with the same session.
        if self.inner.board.reads(&self.agent, self.stream) {
            self.inner.hang_up(&self.agent, &self.id);
        }
    }
}

/// One stream of a gateway, as far as it receives.
#[derive(Debug)]
pub struct Receiving {
    inner: Arc<Inner>,
    caller: CallerId,
    stream: StreamId,
}

impl Receiving {
    pub(in crate::dispatch) fn new(inner: &Arc<Inner>, caller: CallerId, stream: StreamId) -> Self {
        Self { inner: Arc::clone(inner), caller, stream }
    }

    /// What its messages say of where they came from.
    pub fn id(&self) -> StreamId {
        self.stream
    }

    /// The next event for this stream.
    pub async fn next(&self) -> News {
        loop {
            let (news, rung) = self.inner.board.news(&self.caller, self.stream);
            if let Some(news) = news {
                return news;
            }
            rung.await;
        }
    }

    /// Everything up to this cursor that came over this stream is dealt with.
    pub fn acknowledge(&self, cursor: &str) {
        self.inner.board.dealt_with(&self.caller, self.stream, cursor);
    }
}

impl Drop for Receiving {
    fn drop(&mut self) {
        self.inner.board.detach(&self.caller, self.stream);
    }
}
