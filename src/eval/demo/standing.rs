//! Where urgent conversations stand in their queues.

use std::collections::HashSet;
use std::sync::Arc;

use crate::proto::v1::{PriorityClass, Ticket};

/// Of the tickets of `urgent` conversations, the share that stands before every ticket of its queue that neither the labels
/// nor the service call urgent. `tickets` are in the order of service within each queue.
pub(super) fn urgent_first(tickets: &[Ticket], urgent: &HashSet<Arc<str>>) -> Option<f64> {
    let is_urgent = |ticket: &Ticket| urgent.contains(ticket.conversation_id.as_str());
    let ordinary = |ticket: &Ticket| !is_urgent(ticket) && ticket.class() != PriorityClass::Urgent;
    let mut passed: HashSet<&str> = HashSet::new();
    let (mut all, mut first) = (0_usize, 0_usize);
    for ticket in tickets {
        if is_urgent(ticket) {
            all += 1;
            first += usize::from(!passed.contains(ticket.queue.as_str()));
        } else if ordinary(ticket) {
            passed.insert(&ticket.queue);
        }
    }
    (all > 0).then(|| first as f64 / all as f64)
}
