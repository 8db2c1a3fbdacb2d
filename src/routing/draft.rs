//! A plan in the making: the desk as it is, and over it the few tickets and agents that the events so far have changed.

use std::collections::BTreeMap;

use super::agent::{AgentState, Presence};
use super::config::Config;
use super::desk::{Desk, Seat, Turn};
use super::error::RoutingError;
use super::event::Event;
use super::ticket::Ticket;
use super::transition::{Left, on_agent, on_ticket};
use crate::message::{AgentId, QueueId, TicketId, Timestamp};

#[derive(Debug)]
pub(super) struct Draft<'d> {
    pub(super) desk: &'d Desk,
    pub(super) now: Timestamp,
    pub(super) events: Vec<Event>,
    /// Changed tickets; `None` for one that left.
    pub(super) tickets: BTreeMap<TicketId, Option<Ticket>>,
    pub(super) agents: BTreeMap<AgentId, Seat>,
    turns: BTreeMap<QueueId, Turn>,
}

impl<'d> Draft<'d> {
    /// A plan without events. Where the clock jumped back, time stands still instead.
    pub(super) fn new(desk: &'d Desk, now: Timestamp) -> Self {
        Self {
            desk,
            now: now.max(desk.clock),
            events: Vec::new(),
            tickets: BTreeMap::new(),
            agents: BTreeMap::new(),
            turns: BTreeMap::new(),
        }
    }

    pub(super) fn config(&self) -> &'d Config {
        &self.desk.config
    }

    pub(super) fn ticket(&self, id: &TicketId) -> Option<&Ticket> {
        match self.tickets.get(id) {
            Some(changed) => changed.as_ref(),
            None => self.desk.ticket(id),
        }
    }

    pub(super) fn known(&self, id: &TicketId) -> Result<&Ticket, RoutingError> {
        self.ticket(id).ok_or_else(|| RoutingError::UnknownTicket { ticket: id.clone() })
    }

    pub(super) fn seat(&self, id: &AgentId) -> Option<&Seat> {
        self.agents.get(id).or_else(|| self.desk.seats.get(id))
    }

    pub(super) fn known_agent(&self, id: &AgentId) -> Result<&Seat, RoutingError> {
        self.seat(id).ok_or_else(|| RoutingError::UnknownAgent { agent: id.clone() })
    }

    pub(super) fn open(&self, queue: &QueueId) -> bool {
        self.turns.get(queue).map_or_else(|| self.desk.open(queue), |turn| turn.open)
    }

    /// Adds an event and makes it true in the draft.
    pub(super) fn push(&mut self, event: Event) {
        let holder = match event.ticket().and_then(|id| self.ticket(id)) {
            Some(ticket) => ticket.agent.clone(),
            None => None,
        };
        if let Some(agent) = event.agent() {
            self.change_agent(agent, &event);
        }
        if let Some(agent) = holder.filter(|agent| event.agent() != Some(agent)) {
            self.change_agent(&agent, &event);
        }
        self.change_ticket(&event);
        if let Event::Turned { queue, open, until, .. } = &event {
            self.turns.insert(queue.clone(), Turn { open: *open, until: *until });
        }
        self.events.push(event);
    }

    /// Counts an agent as changed, so that what she could take is looked at.
    pub(super) fn look_at(&mut self, id: &AgentId) {
        if let Some(seat) = self.desk.seats.get(id) {
            self.agents.entry(id.clone()).or_insert_with(|| seat.clone());
        }
    }

    fn change_ticket(&mut self, event: &Event) {
        if let Event::Opened(ticket) = event {
            self.tickets.insert(ticket.id.clone(), Some(ticket.as_ref().clone()));
            return;
        }
        let Some(id) = event.ticket() else { return };
        let Some(mut ticket) = self.ticket(id).cloned() else { return };
        let left = on_ticket(event, &mut ticket);
        self.tickets.insert(id.clone(), (left == Left::Stays).then_some(ticket));
    }

    fn change_agent(&mut self, id: &AgentId, event: &Event) {
        self.look_at(id);
        if let Some(seat) = self.agents.get_mut(id) {
            on_agent(event, id, &mut seat.state);
        }
    }

    pub(super) fn state(&self, id: &AgentId) -> Option<&AgentState> {
        self.seat(id).map(|seat| &seat.state)
    }

    /// Whether an agent may take a ticket sooner or later.
    pub(super) fn logged_in(&self, id: &AgentId) -> bool {
        self.state(id).is_some_and(|state| state.presence.logged_in())
    }

    pub(super) fn online(&self, id: &AgentId) -> bool {
        self.state(id).is_some_and(|state| state.presence == Presence::Online)
    }
}
