//! All conversations and all remembered outcomes, behind one lock that is never held across an await. One lock and not
//! shards: each use takes microseconds, the encoder bounds the messages of a second to some thousands, and with one lock
//! the bounds and the order of eviction are exact.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;

use super::config::{Bounds, Times};
use super::conversation::Conversation;
use super::durable::{Kept, KeptOutcome};
use super::error::DispatchError;
use super::feed::StreamId;
use super::inbox::{Clock, Inbox, Item, Next};
use super::key::Key;
use super::outcome::Outcome;
use super::recorded::Recorded;
use super::waiter::{Fingerprint, Pending, Reply, Waiter, Waiting};
use crate::message::{DecisionId, Message, RequestId, Timestamp};
use crate::routing;

/// Everything that is known of conversations.
#[derive(Debug)]
pub(super) struct Registry {
    state: Mutex<State>,
    times: Times,
    bounds: Bounds,
}

#[derive(Debug, Default)]
struct State {
    slots: HashMap<Key, Slot>,
    /// The conversations that may be forgotten, the longest idle one first.
    idle: BTreeMap<u64, Key>,
    ticks: u64,
    recorded: Recorded,
    /// What changed since the state was kept last; grows only where it is kept.
    changed: Option<HashSet<Key>>,
}

#[derive(Debug)]
struct Slot {
    conversation: Conversation,
    inbox: Inbox<Entry>,
    /// Messages without a decision, at work or waiting.
    in_progress: HashMap<RequestId, Arc<Waiter>>,
    /// Rings when something arrives.
    bell: Arc<Notify>,
    /// A worker runs.
    working: bool,
    /// Where it stands in `State::idle`.
    idle: Option<u64>,
}

/// What waits in a conversation.
#[derive(Debug)]
pub(super) enum Entry {
    /// A message.
    Message(Box<Pending>),
    /// The customer left or no longer wants a person. Whoever reported it is told when it has taken effect.
    NoMore(routing::End, oneshot::Sender<()>),
}

/// A message as a caller brings it.
#[derive(Debug)]
pub(super) struct Arrival {
    /// The message.
    pub(super) message: Message,
    /// When it came.
    pub(super) now: Instant,
    /// The same by the wall clock.
    pub(super) at: Timestamp,
    /// See [`Pending::due`].
    pub(super) due: Option<Instant>,
    /// See [`Pending::no_hold`].
    pub(super) no_hold: bool,
    /// The gateway's stream that carried it.
    pub(super) stream: Option<StreamId>,
}

/// What became of a message that was brought.
#[derive(Debug)]
pub(super) enum Submitted {
    /// It was decided already.
    Done(Arc<Outcome>),
    /// It is at work since an earlier request.
    Joined(Waiting),
    /// It waits now.
    Queued {
        /// For its decision.
        waiting: Waiting,
        /// Nobody works on its conversation: a worker is to be started.
        start: bool,
    },
}

impl Registry {
    /// Empty.
    pub(super) fn new(times: Times, bounds: Bounds) -> Self {
        Self { state: Mutex::default(), times, bounds }
    }

    /// Brings a message.
    pub(super) fn submit(&self, key: &Key, arrival: Arrival) -> Result<Submitted, DispatchError> {
        let fingerprint = Fingerprint::of(&arrival.message);
        let request = arrival.message.request_id.clone();
        let mut state = self.lock();
        state.trim(arrival.now, &self.times, &self.bounds);
        if let Some(outcome) = state.recorded.find(key, &request, fingerprint)? {
            return Ok(Submitted::Done(outcome));
        }
        let slot = state.slot(key, arrival.at, self.bounds.conversations)?;
        match slot.in_progress.get(&request) {
            Some(waiter) if waiter.fingerprint == fingerprint => {
                return Ok(Submitted::Joined(waiter.join()));
            }
            Some(_) => return Err(DispatchError::RequestIdReused),
            None => {}
        }
        slot.admit(arrival.message.sequence, self.bounds.waiting)?;
        slot.conversation.meet(&arrival.message, arrival.stream);
        let waiter = Arc::new(Waiter::new(fingerprint));
        let waiting = waiter.join();
        slot.in_progress.insert(request, Arc::clone(&waiter));
        slot.queue(arrival, waiter);
        Ok(Submitted::Queued { waiting, start: state.wake(key) })
    }

    /// Brings word that the customer left or no longer wants a person. `None` where the conversation is not known;
    /// otherwise what tells when it has taken effect, and whether a worker is to be started.
    pub(super) fn no_more(
        &self,
        key: &Key,
        end: routing::End,
        now: Instant,
    ) -> Result<Option<(oneshot::Receiver<()>, bool)>, DispatchError> {
        let mut state = self.lock();
        let Some(slot) = state.slots.get_mut(key) else { return Ok(None) };
        slot.admit(None, self.bounds.waiting)?;
        let (done, effect) = oneshot::channel();
        slot.inbox.push(Item {
            sequence: None,
            arrived: now,
            due: None,
            value: Entry::NoMore(end, done),
        });
        slot.bell.notify_one();
        Ok(Some((effect, state.wake(key))))
    }

    /// The customer took a message back: it is not decided any more, or its words are forgotten.
    pub(super) fn withdraw(&self, key: &Key, request: &RequestId) {
        let mut state = self.lock();
        state.changes(key);
        let Some(slot) = state.slots.get_mut(key) else { return };
        match slot.in_progress.remove(request) {
            Some(waiter) => {
                waiter.withdraw();
                waiter.answer(Err(DispatchError::Withdrawn));
                slot.bell.notify_one();
            }
            None => slot.conversation.withdraw(request),
        }
    }

    /// What comes next in a conversation. Where nothing waits any more, its worker is at its end.
    pub(super) fn next(&self, key: &Key, now: Instant) -> Next<Entry> {
        let mut state = self.lock();
        let Some(slot) = state.slots.get_mut(key) else { return Next::Empty };
        loop {
            let clock = Clock { expected: slot.conversation.expected(), gap: self.times.gap, now };
            let next = slot.inbox.next(clock, Ok);
            if let Next::Take { value: Entry::Message(pending), .. } = &next
                && !pending.waiter.wanted()
            {
                slot.drop_unwanted(pending);
                continue;
            }
            if matches!(next, Next::Empty) {
                slot.working = false;
                state.rest(key);
            }
            return next;
        }
    }

    /// The next message of a conversation, if it belongs to a burst whose next number would be `expected`.
    pub(super) fn next_of_burst(
        &self,
        key: &Key,
        expected: Option<u64>,
        now: Instant,
        fits: impl Fn(&Pending) -> bool,
    ) -> Next<Pending> {
        let mut state = self.lock();
        let Some(slot) = state.slots.get_mut(key) else { return Next::Empty };
        let expected = expected.unwrap_or_else(|| slot.conversation.expected());
        slot.inbox.next(Clock { expected, gap: self.times.gap, now }, |entry| match entry {
            Entry::Message(pending) if fits(&pending) => Ok(*pending),
            other @ (Entry::Message(_) | Entry::NoMore(..)) => Err(other),
        })
    }

    /// Drops those of a burst that nobody waits for, or that were taken back. Whether one was dropped.
    pub(super) fn prune(&self, key: &Key, messages: &mut Vec<Pending>) -> bool {
        let mut state = self.lock();
        let Some(slot) = state.slots.get_mut(key) else { return false };
        let before = messages.len();
        messages.retain(|pending| {
            let wanted = pending.waiter.wanted();
            if !wanted {
                slot.drop_unwanted(pending);
            }
            wanted
        });
        messages.len() < before
    }

    /// Ends the work on messages: they are decided, recorded where there is an outcome, and everybody is told. `effect` is
    /// what it does to the conversation.
    pub(super) fn finish(
        &self,
        key: &Key,
        messages: &[Pending],
        reply: &Reply,
        effect: impl FnOnce(&mut Conversation),
    ) {
        let mut state = self.lock();
        let state = &mut *state;
        state.changes(key);
        if let Some(slot) = state.slots.get_mut(key) {
            effect(&mut slot.conversation);
            for pending in messages {
                slot.leave(pending);
            }
        }
        if let Ok(outcome) = reply {
            let now = Instant::now();
            let requests = messages
                .iter()
                .map(|pending| (pending.message.request_id.clone(), pending.waiter.fingerprint));
            state.recorded.record(key, outcome, requests, now);
            state.trim(now, &self.times, &self.bounds);
        }
        for pending in messages {
            pending.waiter.answer(reply.clone());
        }
    }

    /// A worker ended without finishing: everybody who waits is told by the end of what they wait on.
    pub(super) fn abandon(&self, key: &Key) {
        let mut state = self.lock();
        let Some(slot) = state.slots.get_mut(key) else { return };
        slot.in_progress.clear();
        slot.inbox.clear();
        slot.working = false;
        state.rest(key);
    }

    /// Reads a conversation.
    pub(super) fn read<R>(&self, key: &Key, read: impl FnOnce(&Conversation) -> R) -> Option<R> {
        self.lock().slots.get(key).map(|slot| read(&slot.conversation))
    }

    /// Changes a conversation.
    pub(super) fn change<R>(
        &self,
        key: &Key,
        change: impl FnOnce(&mut Conversation) -> R,
    ) -> Option<R> {
        let mut state = self.lock();
        state.changes(key);
        let result = state.slots.get_mut(key).map(|slot| change(&mut slot.conversation));
        state.rest(key);
        result
    }

    /// Rings when something arrives in a conversation.
    pub(super) fn bell(&self, key: &Key) -> Arc<Notify> {
        self.lock().slots.get(key).map(|slot| Arc::clone(&slot.bell)).unwrap_or_default()
    }

    /// Whether a decision is remembered.
    pub(super) fn knows(&self, decision: &DecisionId) -> bool {
        let mut state = self.lock();
        state.trim(Instant::now(), &self.times, &self.bounds);
        state.recorded.knows(decision)
    }

    /// Begins to note what changes.
    pub(super) fn watch(&self) {
        self.lock().changed.get_or_insert_default();
    }

    /// What changed since this was asked last.
    pub(super) fn take_changed(&self) -> Vec<Key> {
        let mut state = self.lock();
        state.changed.as_mut().map(|changed| changed.drain().collect()).unwrap_or_default()
    }

    /// These changes were not kept after all.
    pub(super) fn change_again(&self, keys: Vec<Key>) {
        self.lock().changed.get_or_insert_default().extend(keys);
    }

    /// Conversations as they are to be kept; `None` for one of which nothing is known any more.
    pub(super) fn kept(&self, keys: &[Key]) -> Vec<Option<Kept>> {
        let state = self.lock();
        keys.iter().map(|key| state.kept(key)).collect()
    }

    /// Takes what was kept. Where there is too much of it, the oldest is left behind.
    pub(super) fn restore(&self, mut kept: Vec<Kept>, now: Timestamp) {
        kept.sort_by_key(|kept| kept.conversation.as_ref().map(Conversation::last_at));
        let mut state = self.lock();
        let mut outcomes: Vec<(Key, KeptOutcome)> = Vec::new();
        for Kept { key, conversation, outcomes: of_it } in kept {
            if let Some(conversation) = conversation
                && let Ok(slot) = state.slot(&key, now, self.bounds.conversations)
            {
                slot.conversation = conversation;
                state.rest(&key);
            }
            outcomes.extend(of_it.into_iter().map(|outcome| (key.clone(), outcome)));
        }
        outcomes.sort_by_key(|(_, kept)| kept.outcome.decided_at);
        for (key, KeptOutcome { requests, outcome }) in outcomes {
            let at = before(now, outcome.decided_at);
            state.recorded.record(&key, &Arc::new(outcome), requests.into_iter(), at);
        }
        state.trim(Instant::now(), &self.times, &self.bounds);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The moment on this process's clock that is as long ago as a time is; the earliest that it knows, where that is too long.
fn before(now: Timestamp, then: Timestamp) -> Instant {
    let age = Duration::try_from(now.duration_since(then)).unwrap_or_default();
    let here = Instant::now();
    here.checked_sub(age).unwrap_or(here)
}

impl State {
    fn trim(&mut self, now: Instant, times: &Times, bounds: &Bounds) {
        for key in self.recorded.trim(now, times, bounds) {
            self.changes(&key);
        }
    }

    fn changes(&mut self, key: &Key) {
        if let Some(changed) = &mut self.changed
            && !changed.contains(key)
        {
            changed.insert(key.clone());
        }
    }

    fn kept(&self, key: &Key) -> Option<Kept> {
        let conversation = self.slots.get(key).map(|slot| slot.conversation.clone());
        let outcomes = self.recorded.of(key);
        let any = conversation.is_some() || !outcomes.is_empty();
        any.then(|| Kept { key: key.clone(), conversation, outcomes })
    }

    /// The conversation, made where it is new; the longest idle one makes room.
    fn slot(&mut self, key: &Key, at: Timestamp, most: usize) -> Result<&mut Slot, DispatchError> {
        if !self.slots.contains_key(key) && self.slots.len() >= most {
            let (_, forgotten) =
                self.idle.pop_first().ok_or(DispatchError::TooManyConversations { limit: most })?;
            self.slots.remove(&forgotten);
            self.changes(&forgotten);
        }
        Ok(self.slots.entry(key.clone()).or_insert_with(|| Slot::new(at)))
    }

    /// Marks a conversation as at work; whether a worker is to be started.
    fn wake(&mut self, key: &Key) -> bool {
        let Some(slot) = self.slots.get_mut(key) else { return false };
        if let Some(tick) = slot.idle.take() {
            self.idle.remove(&tick);
        }
        !std::mem::replace(&mut slot.working, true)
    }

    /// Lets a conversation be forgotten if nothing holds it.
    fn rest(&mut self, key: &Key) {
        let Some(slot) = self.slots.get_mut(key) else { return };
        if !slot.working {
            slot.slim();
        }
        if slot.working || slot.idle.is_some() || slot.conversation.ticket().is_some() {
            return;
        }
        self.ticks += 1;
        slot.idle = Some(self.ticks);
        self.idle.insert(self.ticks, key.clone());
    }
}

impl Slot {
    fn new(at: Timestamp) -> Self {
        Self {
            conversation: Conversation::new(at),
            inbox: Inbox::default(),
            in_progress: HashMap::new(),
            bell: Arc::default(),
            working: false,
            idle: None,
        }
    }

    /// Whether one more may wait, and whether its number is still to come.
    fn admit(&self, sequence: Option<u64>, most: usize) -> Result<(), DispatchError> {
        let expected = self.conversation.expected();
        match sequence {
            Some(sequence) if sequence < expected => {
                Err(DispatchError::SequencePassed { sequence, expected })
            }
            _ if self.inbox.len().max(self.in_progress.len()) >= most => {
                Err(DispatchError::ConversationBusy { limit: most })
            }
            _ => Ok(()),
        }
    }

    fn queue(&mut self, arrival: Arrival, waiter: Arc<Waiter>) {
        let Arrival { message, now, due, no_hold, .. } = arrival;
        let sequence = message.sequence;
        let pending = Pending { message, waiter, arrived: now, due, no_hold };
        let value = Entry::Message(Box::new(pending));
        self.inbox.push(Item { sequence, arrived: now, due, value });
        self.bell.notify_one();
    }

    /// Gives back the room that its messages had: most of the conversations that are remembered never write again.
    fn slim(&mut self) {
        self.inbox.slim();
        self.in_progress.shrink_to_fit();
    }

    /// A message is not in progress any more; another one that has its id by now stays.
    fn leave(&mut self, pending: &Pending) {
        let request = &pending.message.request_id;
        if self.in_progress.get(request).is_some_and(|waiter| Arc::ptr_eq(waiter, &pending.waiter))
        {
            self.in_progress.remove(request);
        }
    }

    /// Nobody waits for it, or it was taken back. Under the lock, so that no repeat joins what nobody works on. A number
    /// that was taken back is no gap; one whose caller left may come again.
    fn drop_unwanted(&mut self, pending: &Pending) {
        self.leave(pending);
        if let Some(sequence) = pending.message.sequence.filter(|_| pending.waiter.withdrawn()) {
            self.conversation.pass(sequence);
        }
    }
}
