//! A waiting line: class first, then age, then arrival. Finding the head and a place costs the logarithm of the length.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::sorted::Sorted;
use super::ticket::Ticket;
use crate::message::{Priority, TicketId, Timestamp};

/// A place in line; the least is served first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) class: Reverse<Priority>,
    pub(super) effective: Timestamp,
    pub(super) sequence: u64,
    pub(super) ticket: TicketId,
}

impl Place {
    pub(super) fn of(ticket: &Ticket) -> Self {
        Self {
            class: Reverse(ticket.priority),
            effective: ticket.effective_time(),
            sequence: ticket.sequence,
            ticket: ticket.id.clone(),
        }
    }
}

#[derive(Debug, Clone, Default)]
pub(super) struct Line {
    places: Sorted<Place>,
}

impl Line {
    pub(super) fn insert(&mut self, place: Place) {
        self.places.insert(place);
    }

    pub(super) fn remove(&mut self, place: &Place) {
        self.places.remove(place);
    }

    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.places.len() == 0
    }

    pub(super) fn head(&self) -> Option<&Place> {
        self.places.first()
    }

    /// Everybody, in order.
    pub(super) fn places(&self) -> impl Iterator<Item = &Place> {
        self.places.iter()
    }

    /// How many stand before this place.
    pub(super) fn ahead(&self, place: &Place) -> usize {
        self.places.rank(place)
    }

    /// How many wait in each class that somebody waits in.
    pub(super) fn by_class(&self) -> BTreeMap<Priority, usize> {
        let classes = [Priority::Low, Priority::Normal, Priority::High, Priority::Urgent];
        let mut above = 0;
        let mut counts = BTreeMap::new();
        for class in classes.into_iter().rev() {
            let end = class_end(class).map_or(self.len(), |end| self.ahead(&end));
            if end > above {
                counts.insert(class, end - above);
            }
            above = end;
        }
        counts
    }
}

/// A place after everybody of a class and before everybody of the next lower one; `None` after the lowest.
fn class_end(class: Priority) -> Option<Place> {
    let below = match class {
        Priority::Low => return None,
        Priority::Normal => Priority::Low,
        Priority::High => Priority::Normal,
        Priority::Urgent => Priority::High,
    };
    let ticket = TicketId::new("-").ok()?;
    Some(Place { class: Reverse(below), effective: Timestamp::MIN, sequence: 0, ticket })
}
