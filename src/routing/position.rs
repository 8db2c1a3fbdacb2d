//! Where a waiting ticket stands: how many are ahead that compete with it for an agent, and how long that will take.

use super::desk::{Desk, Seat};
use super::index::Lane;
use super::line::{Line, Place};
use super::rings::Demand;
use super::ticket::Ticket;
use super::wait::Eta;
use crate::message::{TicketId, Timestamp};
use crate::routing::agent::Presence;

impl Desk {
    /// 1 + the waiting tickets ahead that compete for at least one agent this ticket could get in its ring. Where nobody
    /// who could take it is logged in, everybody ahead in its queue counts. `None` for a ticket that does not wait.
    pub fn position(&self, id: &TicketId) -> Option<u32> {
        let ticket = self.tickets.get(id).filter(|ticket| ticket.state.waits())?;
        let ahead = self.ahead(ticket);
        u32::try_from(ahead).ok()?.checked_add(1)
    }

    fn ahead(&self, ticket: &Ticket) -> usize {
        let (demand, place) = (Demand::of(ticket), Place::of(ticket));
        let agents: Vec<&Seat> = self.candidates(&demand).collect();
        if agents.is_empty() {
            return self.lines.get(&ticket.queue).map_or(0, |line: &Line| line.ahead(&place));
        }
        let ahead = |lane: &Lane| Some(lane.line.ahead(&place)).filter(|ahead| *ahead > 0);
        let competes = |lane: &Lane| {
            lane.demand == demand
                || agents.iter().any(|seat| lane.demand.meets(&self.config, &seat.agent))
        };
        self.index
            .lanes()
            .filter_map(|lane| ahead(lane).map(|ahead| (lane, ahead)))
            .filter(|(lane, _)| competes(lane))
            .map(|(_, ahead)| ahead)
            .sum()
    }

    /// How long a waiting ticket will probably wait, from the services of its queue and class in the last half hour.
    /// `None`: unknown, because there were too few, or nobody who could take it responds.
    pub fn eta(&self, id: &TicketId, now: Timestamp) -> Option<Eta> {
        let ticket = self.tickets.get(id)?;
        let position = self.position(id)?;
        let demand = Demand::of(ticket);
        let works = |presence| matches!(presence, Presence::Online | Presence::Lost);
        if !self.candidates(&demand).any(|seat| works(seat.state.presence)) {
            return None;
        }
        let line = (&ticket.queue, ticket.priority);
        self.services.eta(line, position, now.max(self.clock))
    }
}
