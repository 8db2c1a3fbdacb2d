//! What a supervisor should look at now. Computed from the desk when asked; an alert ends when its cause does.

use std::time::Duration;

use super::agent::Presence;
use super::desk::{Desk, Seat};
use super::due::later;
use super::view::queues;
use crate::message::{QueueId, Timestamp};

/// The share of the longest wait after which it is near, in percent.
const NEAR_PERCENT: u32 = 80;
/// The share of the places after which a queue is nearly full, in percent.
const FULL_PERCENT: usize = 90;
/// How long before closing time a waiting line is told of.
const CLOSING: Duration = Duration::from_mins(15);

/// What is wrong with a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Concern {
    /// Tickets wait, and of those who are logged in nobody answers offers.
    NobodyResponding,
    /// Tickets wait, and nobody who serves the queue is logged in.
    NobodyLoggedIn,
    /// A ticket will soon have waited as long as it may.
    MaxWaitNear,
    /// Soon tickets will be refused.
    QueueNearlyFull,
    /// Tickets wait, and the calendar closes soon.
    CalendarClosing,
}

impl Concern {
    /// Its name on the wire.
    pub fn reason(self) -> &'static str {
        match self {
            Self::NobodyResponding => "NOBODY_RESPONDING",
            Self::NobodyLoggedIn => "NOBODY_LOGGED_IN",
            Self::MaxWaitNear => "MAX_WAIT_NEAR",
            Self::QueueNearlyFull => "QUEUE_NEARLY_FULL",
            Self::CalendarClosing => "CALENDAR_CLOSING",
        }
    }
}

/// One thing to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// Which queue.
    pub queue: QueueId,
    /// What.
    pub concern: Concern,
    /// Since when, as far as the desk knows.
    pub since: Timestamp,
}

/// Everything to look at, by queue.
pub fn alerts(desk: &Desk, now: Timestamp) -> Vec<Alert> {
    let now = now.max(desk.clock);
    queues(desk).into_iter().flat_map(|queue| of_queue(desk, queue, now)).collect()
}

fn of_queue(desk: &Desk, queue: &QueueId, now: Timestamp) -> Vec<Alert> {
    let Some(oldest) = desk.in_order(queue).map(|ticket| ticket.seeking_since).min() else {
        return Vec::new();
    };
    let found = [
        presence(desk, queue, oldest),
        near(desk, queue, (oldest, now)).map(|since| (Concern::MaxWaitNear, since)),
        full(desk, queue).map(|since| (Concern::QueueNearlyFull, since)),
        closing(desk, queue, now).map(|since| (Concern::CalendarClosing, since)),
    ];
    let found = found.into_iter().flatten();
    found.map(|(concern, since)| Alert { queue: queue.clone(), concern, since }).collect()
}

fn presence(desk: &Desk, queue: &QueueId, oldest: Timestamp) -> Option<(Concern, Timestamp)> {
    let here: Vec<&Seat> =
        desk.index.here(queue).filter_map(|agent| desk.seats.get(agent)).collect();
    let latest = here.iter().map(|seat| seat.state.since).max();
    let silent =
        |seat: &&Seat| matches!(seat.state.presence, Presence::NotResponding | Presence::Lost);
    match latest {
        None => Some((Concern::NobodyLoggedIn, oldest)),
        Some(latest) => {
            here.iter().all(silent).then(|| (Concern::NobodyResponding, latest.max(oldest)))
        }
    }
}

fn near(desk: &Desk, queue: &QueueId, (oldest, now): (Timestamp, Timestamp)) -> Option<Timestamp> {
    let since = later(oldest, desk.config().rules(queue).max_wait * NEAR_PERCENT / 100);
    (since <= now).then_some(since)
}

fn full(desk: &Desk, queue: &QueueId) -> Option<Timestamp> {
    let full = desk.waiting(queue) * 100 >= desk.config().rules(queue).max_waiting * FULL_PERCENT;
    let newest = desk.in_order(queue).map(|ticket| ticket.seeking_since).max();
    newest.filter(|_| full)
}

fn closing(desk: &Desk, queue: &QueueId, now: Timestamp) -> Option<Timestamp> {
    let closes = desk.turns.get(queue).filter(|turn| turn.open)?.until?;
    let since = closes.checked_sub(CLOSING).ok()?;
    (since <= now).then_some(since)
}
