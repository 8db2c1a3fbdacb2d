//! What waits in one conversation, and which of it comes next. Pure: it knows order, not what the things are.
//!
//! Arrival order is the order, except that a numbered message waits until the numbers before it have come or the gap was
//! waited for. A thing without a number never overtakes what arrived before it.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// The waiting things of one conversation, in arrival order.
#[derive(Debug)]
pub(super) struct Inbox<T> {
    waiting: VecDeque<Item<T>>,
}

/// One thing that waits.
#[derive(Debug)]
pub(super) struct Item<T> {
    /// The gateway's own number, if it gave one.
    pub(super) sequence: Option<u64>,
    /// When it came.
    pub(super) arrived: Instant,
    /// When it must be taken at the latest, gap or not.
    pub(super) due: Option<Instant>,
    /// The thing.
    pub(super) value: T,
}

/// What comes next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next<T> {
    /// This one; where numbers are missing before it they are given up.
    Take {
        /// The thing.
        value: T,
        /// The first number that was given up.
        gap_from: Option<u64>,
    },
    /// Its number was passed already.
    Passed(T),
    /// Nothing before this moment, unless something arrives.
    Wait(Instant),
    /// The next one is not what was asked for; it stays.
    Other,
    /// Nothing waits.
    Empty,
}

/// What decides which is next.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    /// The number that should come next.
    pub(super) expected: u64,
    /// How long a missing one is waited for.
    pub(super) gap: Duration,
    /// Now.
    pub(super) now: Instant,
}

impl<T> Default for Inbox<T> {
    fn default() -> Self {
        Self { waiting: VecDeque::new() }
    }
}

impl<T> Inbox<T> {
    /// How many wait.
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Gives back the room of what does not wait any more.
    pub(super) fn slim(&mut self) {
        self.waiting.shrink_to_fit();
    }

    /// Adds what just arrived.
    pub(super) fn push(&mut self, waiting: Item<T>) {
        self.waiting.push_back(waiting);
    }

    /// Takes what comes next as what `pick` makes of it; what it gives back stays.
    pub(super) fn next<U>(
        &mut self,
        clock: Clock,
        pick: impl FnOnce(T) -> Result<U, T>,
    ) -> Next<U> {
        let (index, gap_from) = match self.choose(clock) {
            Choice::Nothing => return Next::Empty,
            Choice::At(index) => (index, None),
            Choice::OverGap(index) => (index, Some(clock.expected)),
            Choice::Later(at) => return Next::Wait(at),
        };
        let Some(Item { sequence, arrived, due, value }) = self.waiting.remove(index) else {
            return Next::Empty;
        };
        match pick(value) {
            Ok(value) if sequence.is_some_and(|number| number < clock.expected) => {
                Next::Passed(value)
            }
            Ok(value) => Next::Take { value, gap_from },
            Err(value) => {
                self.waiting.insert(index, Item { sequence, arrived, due, value });
                Next::Other
            }
        }
    }

    /// Drops everything.
    pub(super) fn clear(&mut self) {
        self.waiting.clear();
    }

    fn choose(&self, clock: Clock) -> Choice {
        let Some(first) = self.waiting.front() else { return Choice::Nothing };
        if first.sequence.is_none() {
            return Choice::At(0);
        }
        let Some((index, number)) = self.lowest() else { return Choice::At(0) };
        if number <= clock.expected {
            return Choice::At(index);
        }
        let given_up = self.given_up_at(first.arrived + clock.gap);
        if given_up <= clock.now { Choice::OverGap(index) } else { Choice::Later(given_up) }
    }

    /// The lowest number that waits; of equal ones the first that arrived.
    fn lowest(&self) -> Option<(usize, u64)> {
        let numbers = self.waiting.iter().enumerate();
        numbers
            .filter_map(|(index, waiting)| Some((index, waiting.sequence?)))
            .min_by_key(|(index, number)| (*number, *index))
    }

    /// The end of the gap's wait, or earlier where a waiting message could not be decided in time after it.
    fn given_up_at(&self, end: Instant) -> Instant {
        self.waiting.iter().filter_map(|waiting| waiting.due).fold(end, Instant::min)
    }
}

enum Choice {
    Nothing,
    At(usize),
    OverGap(usize),
    Later(Instant),
}

#[cfg(test)]
mod tests {
    use super::*;

    const GAP: Duration = Duration::from_secs(2);

    /// Things arrive a second apart, named by letters; `due` in seconds after the start.
    fn inbox(arrivals: &[(char, Option<u64>, Option<u64>)], start: Instant) -> Inbox<char> {
        let mut inbox = Inbox::default();
        for (second, (value, sequence, due)) in (0..).zip(arrivals) {
            let arrived = start + Duration::from_secs(second);
            let due = due.map(|second| start + Duration::from_secs(second));
            inbox.push(Item { sequence: *sequence, arrived, due, value: *value });
        }
        inbox
    }

    /// Everything taken in order at `second`, gaps as `_`, passed numbers as capitals.
    fn order(inbox: &mut Inbox<char>, start: Instant, second: u64, mut expected: u64) -> String {
        let mut order = String::new();
        loop {
            let now = start + Duration::from_secs(second);
            let before: Vec<_> = inbox.waiting.iter().map(|w| (w.value, w.sequence)).collect();
            match inbox.next(Clock { expected, gap: GAP, now }, Ok) {
                Next::Take { value, gap_from } => {
                    order.extend(gap_from.map(|_| '_'));
                    order.push(value);
                    let number = before.iter().find(|(name, _)| *name == value).unwrap().1;
                    expected = number.map_or(expected, |number| number + 1);
                }
                Next::Passed(value) => order.push(value.to_ascii_uppercase()),
                Next::Wait(_) => return order + "…",
                Next::Other | Next::Empty => return order,
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn numbers_order_what_has_them() {
        let start = Instant::now();
        let check = |arrivals: &[(char, Option<u64>, Option<u64>)], second, expect: &str| {
            assert_eq!(
                order(&mut inbox(arrivals, start), start, second, 1),
                expect,
                "{arrivals:?}"
            );
        };
        check(&[], 0, "");
        check(&[('a', None, None), ('b', None, None)], 0, "ab");
        check(&[('a', Some(2), None), ('b', Some(1), None)], 0, "ba");
        // A gap is waited for, then given up.
        check(&[('a', Some(1), None), ('b', Some(3), None)], 2, "a…");
        check(&[('a', Some(1), None), ('b', Some(3), None)], 3, "a_b");
        // The lowest of several that wait behind a gap goes first.
        check(&[('a', Some(5), None), ('b', Some(4), None)], 2, "_ba");
        // What has no number stays behind what came before it, and does not wait for what came after.
        check(&[('a', Some(2), None), ('b', None, None)], 1, "…");
        check(&[('a', Some(2), None), ('b', None, None)], 2, "_ab");
        check(&[('a', None, None), ('b', Some(2), None)], 1, "a…");
        // A number seen twice is passed.
        check(&[('a', Some(1), None), ('b', Some(1), None)], 0, "aB");
        // A deadline ends the wait.
        check(&[('a', Some(2), Some(1))], 0, "…");
        check(&[('a', Some(2), Some(1))], 1, "_a");
    }

    #[tokio::test(start_paused = true)]
    async fn an_unwanted_next_one_stays() {
        let now = Instant::now();
        let mut inbox = inbox(&[('a', None, None), ('b', None, None)], now);
        let clock = Clock { expected: 1, gap: GAP, now };
        let only_b = |value| if value == 'b' { Ok(value) } else { Err(value) };
        assert_eq!(inbox.next(clock, only_b), Next::Other);
        assert_eq!(inbox.len(), 2);
        assert!(matches!(inbox.next(clock, Ok), Next::Take { value: 'a', .. }));
        assert_eq!(inbox.next(clock, only_b), Next::Take { value: 'b', gap_from: None });
    }
}
