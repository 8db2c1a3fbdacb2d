//! The pigeonholes of the desk: an outbox for each agent's session and a mailbox for each gateway, behind one lock that is
//! never held across an await. It puts things in and hands them out; what they are is decided elsewhere.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::sync::futures::OwnedNotified;

use super::super::error::DispatchError;
use super::super::feed::{Mailbox, Outbox, Posted, Run, StreamId};
use super::event::{AgentEvent, GatewayEvent, News, Told};
use crate::message::{
    AgentId, CallerId, ConversationId, RequestId, SessionId, TicketId, Timestamp,
};

/// Results of an agent's commands that are remembered.
const RESULTS: usize = 1000;
/// How long an event waits for a gateway.
const KEEP: Duration = Duration::from_hours(24);

/// All pigeonholes.
#[derive(Debug)]
pub(in crate::dispatch) struct Board {
    state: Mutex<State>,
    run: Run,
    most: usize,
}

#[derive(Debug, Default)]
struct State {
    agents: HashMap<AgentId, Screen>,
    gateways: HashMap<CallerId, Gateway>,
    streams: u64,
}

/// One agent's session.
#[derive(Debug)]
struct Screen {
    session: SessionId,
    /// Which of her streams reads; an earlier one has nothing more to say.
    stream: u64,
    outbox: Outbox<(Timestamp, AgentEvent)>,
    bell: Arc<Notify>,
    /// Her tickets, and the line of each that she has seen last.
    holds: HashMap<TicketId, u64>,
    results: VecDeque<(RequestId, Result<(), DispatchError>)>,
}

#[derive(Debug, Default)]
struct Gateway {
    mailbox: Mailbox<GatewayEvent>,
    bell: Arc<Notify>,
}

impl Board {
    pub(in crate::dispatch) fn new(now: Timestamp, most: usize) -> Self {
        Self { state: Mutex::default(), run: Run::beginning(now), most }
    }

    /// Whether a session of hers can go on from a cursor: its number.
    pub(super) fn resumes(
        &self,
        agent: &AgentId,
        session: &SessionId,
        cursor: &str,
    ) -> Option<u64> {
        let seen = self.run.read(cursor)?;
        let state = self.lock();
        let screen = state.agents.get(agent).filter(|screen| screen.session == *session)?;
        screen.outbox.goes_on_from(seen).then_some(seen)
    }

    /// Begins a session, or goes on with it in another stream: its number, and that of the newest event. A stream that read
    /// before is told by its bell.
    pub(super) fn begin(&self, agent: &AgentId, session: &SessionId, resumed: bool) -> u64 {
        let mut state = self.lock();
        state.streams += 1;
        let (most, stream) = (self.most, state.streams);
        let new = || Screen::new(session.clone(), stream, most);
        let screen = state.agents.entry(agent.clone()).or_insert_with(new);
        screen.bell.notify_waiters();
        if !resumed {
            // What was waiting for the session before is in the welcome of this one.
            let results = std::mem::take(&mut screen.results);
            *screen = Screen { results, ..new() };
        }
        screen.stream = stream;
        stream
    }

    /// The number of the newest event of an agent.
    pub(super) fn newest(&self, agent: &AgentId) -> u64 {
        self.lock().agents.get(agent).map_or(0, |screen| screen.outbox.last())
    }

    /// Whether a stream is the one of an agent that reads.
    pub(super) fn reads(&self, agent: &AgentId, stream: u64) -> bool {
        self.lock().agents.get(agent).is_some_and(|screen| screen.stream == stream)
    }

    /// Hands out a ticket that an agent has, with what was said in it: built while nothing else is told, so that no line is
    /// told twice or missed. `view` gives the ticket and the number of the newest line in it.
    pub(super) fn holds<V>(
        &self,
        agent: &AgentId,
        ticket: &TicketId,
        view: impl FnOnce() -> (V, u64),
    ) -> V {
        let mut state = self.lock();
        let (view, seen) = view();
        if let Some(screen) = state.agents.get_mut(agent) {
            screen.holds.insert(ticket.clone(), seen);
        }
        view
    }

    /// The next event of a session after a number, and the bell that rings for the one after.
    pub(super) fn next(
        &self,
        agent: &AgentId,
        stream: u64,
        after: u64,
    ) -> Result<(Option<(u64, Told)>, OwnedNotified), DispatchError> {
        let state = self.lock();
        let screen = state.agents.get(agent).filter(|screen| screen.stream == stream);
        let screen = screen.ok_or(DispatchError::SessionTakenOver)?;
        let told = screen.outbox.after(after).map(|(number, (at, event))| {
            (number, Told { cursor: self.run.cursor(number).to_string(), at, event })
        });
        Ok((told, Arc::clone(&screen.bell).notified_owned()))
    }

    pub(super) fn acknowledge(&self, agent: &AgentId, stream: u64, cursor: &str) {
        let Some(number) = self.run.read(cursor) else { return };
        let mut state = self.lock();
        if let Some(screen) = state.agents.get_mut(agent).filter(|screen| screen.stream == stream) {
            screen.outbox.acknowledge(number);
        }
    }

    /// Tells an agent; one without a session learns it from her next welcome.
    pub(super) fn tell(&self, agent: &AgentId, at: Timestamp, event: AgentEvent) {
        if let Some(screen) = self.lock().agents.get_mut(agent) {
            screen.tell(at, event);
        }
    }

    /// Tells an agent of a ticket that is hers now, as in [`Self::holds`].
    pub(super) fn assign(
        &self,
        agent: &AgentId,
        ticket: &TicketId,
        at: Timestamp,
        event: impl FnOnce() -> (AgentEvent, u64),
    ) {
        let mut state = self.lock();
        let Some(screen) = state.agents.get_mut(agent) else { return };
        let (event, seen) = event();
        screen.holds.insert(ticket.clone(), seen);
        screen.tell(at, event);
    }

    /// An agent has a ticket no more.
    pub(super) fn release(&self, agent: &AgentId, ticket: &TicketId) {
        if let Some(screen) = self.lock().agents.get_mut(agent) {
            screen.holds.remove(ticket);
        }
    }

    /// Tells the holder of a ticket of a line, unless she has seen it.
    pub(in crate::dispatch) fn tell_line(
        &self,
        agent: &AgentId,
        (ticket, number): (&TicketId, u64),
        at: Timestamp,
        event: AgentEvent,
    ) {
        let mut state = self.lock();
        let Some(screen) = state.agents.get_mut(agent) else { return };
        if let Some(seen) = screen.holds.get_mut(ticket)
            && *seen < number
        {
            *seen = number;
            screen.tell(at, event);
        }
    }

    /// The result of a command that was given before.
    pub(super) fn result(
        &self,
        agent: &AgentId,
        request: &RequestId,
    ) -> Option<Result<(), DispatchError>> {
        let state = self.lock();
        let results = &state.agents.get(agent)?.results;
        results.iter().find(|(known, _)| known == request).map(|(_, result)| result.clone())
    }

    pub(super) fn remember(
        &self,
        agent: &AgentId,
        request: RequestId,
        result: Result<(), DispatchError>,
    ) {
        if let Some(screen) = self.lock().agents.get_mut(agent) {
            screen.results.push_back((request, result));
            screen.results.drain(..screen.results.len().saturating_sub(RESULTS));
        }
    }

    /// A stream of a gateway begins to read its events.
    pub(in crate::dispatch) fn attach(
        &self,
        caller: &CallerId,
        (instance, cursor): (&str, &str),
        most: usize,
    ) -> StreamId {
        let mut state = self.lock();
        state.streams += 1;
        let stream = StreamId(state.streams);
        let gateway = state.gateways.entry(caller.clone()).or_default();
        gateway.mailbox.attach(stream, instance, self.run.read(cursor), most);
        stream
    }

    pub(super) fn detach(&self, caller: &CallerId, stream: StreamId) {
        if let Some(gateway) = self.lock().gateways.get_mut(caller) {
            gateway.mailbox.detach(stream);
            gateway.bell.notify_waiters();
        }
    }

    /// The next event for a stream, and the bell that rings for the one after.
    pub(super) fn news(
        &self,
        caller: &CallerId,
        stream: StreamId,
    ) -> (Option<News>, OwnedNotified) {
        let mut state = self.lock();
        let gateway = state.gateways.entry(caller.clone()).or_default();
        let bell = Arc::clone(&gateway.bell).notified_owned();
        let news = gateway.mailbox.next(stream).map(|(number, posted)| News {
            cursor: self.run.cursor(number).to_string(),
            conversation: posted.conversation,
            sequence: posted.sequence,
            at: posted.at,
            event: posted.event,
        });
        (news, bell)
    }

    pub(super) fn dealt_with(&self, caller: &CallerId, stream: StreamId, cursor: &str) {
        let Some(number) = self.run.read(cursor) else { return };
        if let Some(gateway) = self.lock().gateways.get_mut(caller) {
            gateway.mailbox.acknowledge(stream, number);
            gateway.bell.notify_waiters();
        }
    }

    /// Posts an event to a gateway. `number` gives the stream that carried the conversation last, and the event's number in
    /// it; asked while nothing else is posted, so that numbers and order agree.
    pub(super) fn post(
        &self,
        (caller, conversation): (&CallerId, &ConversationId),
        at: Timestamp,
        event: GatewayEvent,
        number: impl FnOnce() -> (Option<StreamId>, u64),
    ) {
        let mut state = self.lock();
        let (home, sequence) = number();
        let gateway = state.gateways.entry(caller.clone()).or_default();
        gateway
            .mailbox
            .post(Posted { conversation: conversation.clone(), sequence, at, event }, home);
        let dropped = gateway.mailbox.trim(at, KEEP, self.most);
        if dropped > 0 {
            tracing::warn!(%caller, dropped, "events that no stream of the gateway took were dropped");
        }
        gateway.bell.notify_waiters();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Screen {
    fn new(session: SessionId, stream: u64, most: usize) -> Self {
        Self {
            session,
            stream,
            outbox: Outbox::new(most),
            bell: Arc::default(),
            holds: HashMap::new(),
            results: VecDeque::new(),
        }
    }

    fn tell(&mut self, at: Timestamp, event: AgentEvent) {
        self.outbox.push((at, event));
        self.bell.notify_waiters();
    }
}
