//! One queue's waiting line: class first, then age, then arrival. Finding the head and a place costs the logarithm of
//! the length; a position costs the distance to the nearer end of its class.

use std::collections::{BTreeMap, BTreeSet};

use super::ticket::Ticket;
use crate::message::{Priority, TicketId, Timestamp};

/// A place inside a class: the age decides, then the desk's own count.
type Place = (Timestamp, u64, TicketId);

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Line {
    classes: BTreeMap<Priority, BTreeSet<Place>>,
}

impl Line {
    pub(super) fn insert(&mut self, ticket: &Ticket) {
        self.classes.entry(ticket.priority).or_default().insert(place(ticket));
    }

    pub(super) fn remove(&mut self, ticket: &Ticket) {
        if let Some(class) = self.classes.get_mut(&ticket.priority) {
            class.remove(&place(ticket));
        }
        self.classes.retain(|_, class| !class.is_empty());
    }

    pub(super) fn len(&self) -> usize {
        self.classes.values().map(BTreeSet::len).sum()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.classes.is_empty()
    }

    /// How many stand before this ticket.
    pub(super) fn ahead(&self, ticket: &Ticket) -> usize {
        let above: usize = self
            .classes
            .iter()
            .filter(|(class, _)| **class > ticket.priority)
            .map(|(_, places)| places.len())
            .sum();
        above + self.classes.get(&ticket.priority).map_or(0, |class| rank(class, &place(ticket)))
    }

    /// Everybody, in order.
    pub(super) fn ids(&self) -> impl Iterator<Item = &TicketId> {
        self.classes.values().rev().flatten().map(|(_, _, id)| id)
    }

    pub(super) fn by_class(&self) -> BTreeMap<Priority, usize> {
        self.classes.iter().map(|(class, places)| (*class, places.len())).collect()
    }

    pub(super) fn oldest(&self) -> Option<Timestamp> {
        self.classes.values().filter_map(|class| class.first()).map(|(at, _, _)| *at).min()
    }
}

fn place(ticket: &Ticket) -> Place {
    (ticket.enqueued_at, ticket.sequence, ticket.id.clone())
}

/// The number of places before `place`, counted from both ends at once.
fn rank(class: &BTreeSet<Place>, place: &Place) -> usize {
    let mut before = class.range(..place);
    let mut from = class.range(place..);
    let mut steps = 0;
    loop {
        if before.next().is_none() {
            return steps;
        }
        if from.next().is_none() {
            return class.len() - steps;
        }
        steps += 1;
    }
}
