//! What the methods of `Dispatch`, the workers of conversations and the timer share, and the small steps that all of them
//! take.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use tokio::time::{Instant, timeout_at};

use super::burst::Burst;
use super::config::{ChannelConfig, Config};
use super::conversation::{Conversation, End};
use super::desk::Desk;
use super::durable::{Durable, Written};
use super::error::DispatchError;
use super::flights::Flights;
use super::key::Key;
use super::ledger::Ledger;
use super::modes::Modes;
use super::outcome::{HandleOptions, Outcome};
use super::reading::Reader;
use super::registry::{Arrival, Registry, Submitted};
use super::settle::{Effects, Stage, later};
use super::waiter::{Fingerprint, Pending, Waiter};
use super::work::Board;
use super::{Clock, Listener};
use crate::journal::Record;
use crate::message::{Channel, Message, TicketId, Timestamp};
use crate::routing::{self, Command};

/// What the methods, the workers and the timer share.
pub(super) struct Inner {
    pub(super) config: Config,
    pub(super) clock: Clock,
    pub(super) reader: Reader,
    pub(super) registry: Registry,
    pub(super) desk: Option<Desk>,
    pub(super) modes: Mutex<Modes>,
    pub(super) ledger: Mutex<Ledger>,
    pub(super) flights: Arc<Flights>,
    pub(super) board: Board,
    pub(super) listener: OnceLock<Listener>,
    /// Where outcomes are kept before anybody is told; `None` keeps nothing over a restart.
    pub(super) durable: Option<Durable>,
}

impl Inner {
    pub(super) fn new(config: Config, clock: Clock, reader: Reader, desk: Option<Desk>) -> Self {
        let (times, bounds) = (config.times.within_reason(), config.bounds);
        let board = Board::new(clock(), bounds.events);
        Self {
            modes: Mutex::new(Modes::new(&config)),
            config: Config { times, ..config },
            clock,
            reader,
            registry: Registry::new(times, bounds),
            desk,
            ledger: Mutex::default(),
            flights: Flights::new(bounds.in_flight),
            board,
            listener: OnceLock::new(),
            durable: None,
        }
    }

    /// Whether a message may be taken on at all.
    pub(super) fn check(
        &self,
        message: &Message,
        options: &HandleOptions,
    ) -> Result<(), DispatchError> {
        if let Some(fault) = self.durable.as_ref().and_then(Durable::fault) {
            return Err(fault);
        }
        if !self.config.channels.contains_key(&message.channel) {
            return Err(DispatchError::ChannelUnknown { channel: message.channel.to_string() });
        }
        if options.deadline.is_some_and(|deadline| deadline <= Instant::now()) {
            return Err(DispatchError::DeadlinePassed);
        }
        Ok(())
    }

    pub(super) fn submit(
        &self,
        key: &Key,
        message: Message,
        options: &HandleOptions,
    ) -> Result<Submitted, DispatchError> {
        let now = Instant::now();
        let margin = self.config.times.margin;
        let due = options.deadline.map(|deadline| deadline.checked_sub(margin).unwrap_or(now));
        let (no_hold, stream) = (options.no_hold, options.stream);
        let arrival = Arrival { message, now, at: self.now(), due, no_hold, stream };
        self.registry.submit(key, arrival)
    }

    /// Decides without leaving a trace.
    pub(super) async fn rehearse(
        &self,
        key: &Key,
        message: Message,
        deadline: Option<Instant>,
    ) -> Result<Outcome, DispatchError> {
        let waiter = Arc::new(Waiter::new(Fingerprint::of(&message)));
        let now = Instant::now();
        let mut burst =
            Burst::new(Pending { message, waiter, arrived: now, due: None, no_hold: true });
        let mut conversation = self.conversation_of(key);
        conversation.wake(self.now(), &self.config.times);
        let wanted = Box::new(move || deadline.is_none_or(|deadline| Instant::now() < deadline));
        let reading = (self.reader.read)(self.turn(key, &conversation, &burst), wanted);
        let reading = match deadline {
            None => reading.await?,
            Some(at) => {
                timeout_at(at, reading).await.map_err(|_| DispatchError::DeadlinePassed)??
            }
        };
        burst.spent(&reading.timings);
        let stage = Stage {
            key,
            conversation: &conversation,
            burst: &burst,
            effects: Effects::None,
            now: self.now(),
        };
        Ok(self.conclude(stage, reading)?.outcome)
    }

    /// The conversation as it stands; a new one where it is not known.
    pub(super) fn conversation_of(&self, key: &Key) -> Conversation {
        self.registry.read(key, Clone::clone).unwrap_or_else(|| Conversation::new(self.now()))
    }

    /// The conversation as it stands when a message of it is read.
    pub(super) fn wake(&self, key: &Key) -> Conversation {
        let (now, times) = (self.now(), &self.config.times);
        let woken = self.registry.change(key, |conversation| {
            conversation.wake(now, times);
            conversation.clone()
        });
        woken.unwrap_or_else(|| Conversation::new(now))
    }

    /// The customer left, or no longer wants a person.
    pub(super) async fn end_ticket_of(&self, key: &Key, end: routing::End) {
        let ticket =
            self.registry.read(key, |conversation| conversation.ticket().cloned()).flatten();
        if let (Some(desk), Some(ticket)) = (&self.desk, ticket) {
            let cancel = Command::Cancel { ticket, end };
            if let Ok(carried) = desk.carry(&cancel, self.now()) {
                // Told or not, it is over.
                carried.done().await.unwrap_or_default();
            }
        }
    }

    pub(super) fn ticket_ended(&self, key: &Key, ticket: &TicketId, end: End) {
        let until = later(self.now(), self.config.times.cool_down);
        self.registry.change(key, |conversation| conversation.ticket_ended(ticket, end, until));
    }

    /// Writes a record before it takes effect, where anything is written: its effect may take place while what this gives is
    /// held.
    pub(super) async fn write(
        &self,
        record: impl FnOnce() -> Record,
    ) -> Result<Option<Written<'_>>, DispatchError> {
        match &self.durable {
            Some(durable) => durable.write(self.now(), &record()).await.map(Some),
            None => Ok(None),
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// What a channel can carry. Messages of other channels were refused.
    pub(super) fn channel(&self, channel: &Channel) -> ChannelConfig {
        self.config
            .channels
            .get(channel)
            .copied()
            .unwrap_or(ChannelConfig { markup: false, limit: 2048 })
    }

    pub(super) fn modes(&self) -> MutexGuard<'_, Modes> {
        self.modes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inner")
            .field("config", &self.config)
            .field("flights", &self.flights)
            .finish_non_exhaustive()
    }
}
