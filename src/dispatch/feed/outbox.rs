//! Events for one reader, in order, kept until acknowledged, so that a stream that was cut off goes on where it stopped.

use std::collections::VecDeque;

/// Numbered events, from 1.
#[derive(Debug, Clone)]
pub(in crate::dispatch) struct Outbox<E> {
    kept: VecDeque<(u64, E)>,
    last: u64,
    /// The highest number that was dropped without having been acknowledged.
    lost: u64,
    acknowledged: u64,
    most: usize,
}

impl<E: Clone> Outbox<E> {
    /// Empty; keeps at most this many.
    pub(in crate::dispatch) fn new(most: usize) -> Self {
        Self { kept: VecDeque::new(), last: 0, lost: 0, acknowledged: 0, most }
    }

    /// Adds an event; beyond the bound the oldest is lost, and whoever has not seen it cannot go on from before it.
    pub(in crate::dispatch) fn push(&mut self, event: E) {
        self.last += 1;
        self.kept.push_back((self.last, event));
        if self.kept.len() > self.most
            && let Some((number, _)) = self.kept.pop_front()
        {
            self.lost = number;
        }
    }

    /// The number of the newest event.
    pub(in crate::dispatch) fn last(&self) -> u64 {
        self.last
    }

    /// The event after this number.
    pub(in crate::dispatch) fn after(&self, number: u64) -> Option<(u64, E)> {
        let at = self.kept.partition_point(|(kept, _)| *kept <= number);
        self.kept.get(at).cloned()
    }

    /// Whether everything after this number is still there.
    pub(in crate::dispatch) fn goes_on_from(&self, number: u64) -> bool {
        number >= self.lost.max(self.acknowledged) && number <= self.last
    }

    /// Everything up to this number is dealt with.
    pub(in crate::dispatch) fn acknowledge(&mut self, number: u64) {
        let number = number.min(self.last);
        self.acknowledged = self.acknowledged.max(number);
        while self.kept.front().is_some_and(|(kept, _)| *kept <= number) {
            self.kept.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_goes_on_where_it_stopped() {
        let mut outbox = Outbox::new(8);
        for event in ["a", "b", "c"] {
            outbox.push(event);
        }
        assert_eq!(outbox.after(0), Some((1, "a")));
        assert_eq!(outbox.after(2), Some((3, "c")));
        assert_eq!(outbox.after(3), None);
        outbox.acknowledge(2);
        assert!(outbox.goes_on_from(2) && outbox.goes_on_from(3));
        assert!(!outbox.goes_on_from(1), "what was acknowledged is gone");
        assert!(!outbox.goes_on_from(4), "nobody has seen what is not there");
        outbox.acknowledge(99);
        outbox.push("d");
        assert_eq!(outbox.after(3), Some((4, "d")));
    }

    #[test]
    fn what_is_too_much_is_known_to_be_lost() {
        let mut outbox = Outbox::new(2);
        for event in 0..5 {
            outbox.push(event);
        }
        assert!(!outbox.goes_on_from(2));
        assert!(outbox.goes_on_from(3));
        assert_eq!(outbox.after(3), Some((4, 3)));
    }
}
