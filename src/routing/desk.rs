//! The state of the desk. [`Desk::apply`] changes it, and nothing else does.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::agent::{AgentState, Presence};
use super::config::{Agent, ConcurrentOffers, Config};
use super::due::{Subject, agent_due, ticket_due};
use super::event::Event;
use super::index::{Index, Rank};
use super::line::{Line, Place};
use super::past::Past;
use super::profile::Profile;
use super::rings::Demand;
use super::ticket::{Conversation, Ticket};
use super::transition::{Left, on_agent, on_ticket};
use super::wait::Services;
use crate::message::{AgentId, QueueId, TicketId, Timestamp};

/// Tickets that wait or are held, and the agents.
#[derive(Debug, Clone)]
pub struct Desk {
    pub(super) config: Arc<Config>,
    /// Boxed, so that the table's spare places and its moves are small.
    pub(super) tickets: HashMap<TicketId, Box<Ticket>>,
    pub(super) conversations: HashMap<Conversation, TicketId>,
    pub(super) seats: HashMap<AgentId, Seat>,
    pub(super) turns: BTreeMap<QueueId, Turn>,
    pub(super) past: Past,
    pub(super) profile: Profile,
    pub(super) services: Services,
    /// The latest time it saw; time never runs back here.
    pub(super) clock: Timestamp,
    pub(super) opened: u64,
    // What follows is derived from the above.
    pub(super) lines: BTreeMap<QueueId, Line>,
    pub(super) index: Index,
    pub(super) due: BTreeSet<(Timestamp, Subject)>,
    /// Demands of waiting tickets that nobody who is logged in meets, and that can do better than to wait.
    pub(super) deserted: BTreeSet<Demand>,
}

/// An agent and what is configured of her.
#[derive(Debug, Clone)]
pub(super) struct Seat {
    pub(super) agent: Arc<Agent>,
    pub(super) state: AgentState,
}

/// Where a queue's calendar stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Turn {
    pub(super) open: bool,
    pub(super) until: Option<Timestamp>,
}

/// Where a ticket is filed.
#[derive(Debug, PartialEq, Eq)]
struct Spot {
    line: Option<(QueueId, Place)>,
    lane: Option<(Demand, Place)>,
    due: Option<Timestamp>,
}

impl PartialEq for Desk {
    fn eq(&self, other: &Self) -> bool {
        let states = |desk: &Self| -> BTreeMap<AgentId, AgentState> {
            desk.seats.iter().map(|(id, seat)| (id.clone(), seat.state.clone())).collect()
        };
        self.config == other.config
            && self.tickets == other.tickets
            && self.conversations == other.conversations
            && states(self) == states(other)
            && self.turns == other.turns
            && self.past == other.past
            && self.profile == other.profile
            && self.services == other.services
            && self.clock == other.clock
            && self.opened == other.opened
            && self.due == other.due
            && self.deserted == other.deserted
    }
}

impl Desk {
    /// A desk where nobody waits and nobody is logged in.
    pub fn new(config: Arc<Config>) -> Self {
        let mut desk = Self {
            config: Arc::clone(&config),
            tickets: HashMap::new(),
            conversations: HashMap::new(),
            seats: HashMap::new(),
            turns: BTreeMap::new(),
            past: Past::default(),
            profile: Profile::default(),
            services: Services::default(),
            clock: Timestamp::MIN,
            opened: 0,
            lines: BTreeMap::new(),
            index: Index::default(),
            due: BTreeSet::new(),
            deserted: BTreeSet::new(),
        };
        desk.configure(config);
        desk
    }

    /// The queues and agents as configured.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// A ticket that has not ended.
    pub fn ticket(&self, id: &TicketId) -> Option<&Ticket> {
        self.tickets.get(id).map(AsRef::as_ref)
    }

    /// The ticket of a conversation that has not ended.
    pub fn ticket_of(&self, conversation: &Conversation) -> Option<&Ticket> {
        self.conversations.get(conversation).and_then(|id| self.ticket(id))
    }

    /// The agent who has a conversation in hand: its messages go to her.
    pub fn holder(&self, conversation: &Conversation) -> Option<&AgentId> {
        let ticket = self.ticket_of(conversation)?;
        ticket.agent.as_ref().filter(|_| ticket.state.held())
    }

    /// Every ticket that has not ended, in no order.
    pub fn tickets(&self) -> impl Iterator<Item = &Ticket> {
        self.tickets.values().map(AsRef::as_ref)
    }

    /// The waiting tickets of a queue, in order.
    pub fn in_order(&self, queue: &QueueId) -> impl Iterator<Item = &Ticket> {
        let places = self.lines.get(queue).into_iter().flat_map(Line::places);
        places.filter_map(|place| self.ticket(&place.ticket))
    }

    /// Tickets that an agent is asked to take, by agent.
    pub(super) fn offered(&self) -> impl Iterator<Item = &TicketId> {
        let seats: BTreeMap<_, _> = self.seats.iter().collect();
        seats.into_values().flat_map(|seat| &seat.state.offers).map(|offer| &offer.ticket)
    }

    /// How many wait in a queue.
    pub fn waiting(&self, queue: &QueueId) -> usize {
        self.lines.get(queue).map_or(0, Line::len)
    }

    /// When a [`Tick`](super::Command::Tick) will next change something.
    pub fn next_due(&self) -> Option<Timestamp> {
        if !self.deserted.is_empty() {
            return Some(self.clock);
        }
        self.due.first().map(|(at, _)| *at)
    }

    /// Whether a queue is open, as far as the desk has looked at its calendar.
    pub fn open(&self, queue: &QueueId) -> bool {
        self.turns.get(queue).is_none_or(|turn| turn.open)
    }

    /// Makes an event true. An event about a ticket or an agent that the desk does not know changes nothing.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the rest concerns one ticket or agent")]
    pub fn apply(&mut self, event: &Event) {
        if let Some(at) = event.at() {
            self.clock = self.clock.max(at);
        }
        match event {
            Event::Reconfigured { config, .. } => self.reconfigure(config.as_ref().clone()),
            Event::Recovered { .. } => {
                let everybody: Vec<_> = self.seats.keys().cloned().collect();
                for agent in &everybody {
                    self.change_agent(agent, event);
                }
            }
            Event::Turned { queue, open, until, .. } => {
                self.turn(queue, Turn { open: *open, until: *until });
            }
            Event::Opened(ticket) => self.take_in(ticket.clone()),
            _ => self.change(event),
        }
    }

    fn take_in(&mut self, ticket: Box<Ticket>) {
        self.opened = self.opened.max(ticket.sequence);
        if let Some(past) = ticket.reopens.as_ref().and_then(|_| self.past.reopen(&ticket)) {
            self.profile.reopened(&past, self.clock);
        }
        self.conversations.insert(ticket.conversation.clone(), ticket.id.clone());
        let spot = self.spot(&ticket);
        self.file(&ticket.id, &spot);
        self.tickets.insert(ticket.id.clone(), ticket);
    }

    fn change(&mut self, event: &Event) {
        if let Some(agent) = event.agent() {
            self.change_agent(agent, event);
        }
        let Some(id) = event.ticket() else { return };
        let Some(mut ticket) = self.tickets.remove(id) else { return };
        if let Some(holder) = ticket.agent.clone().filter(|held| event.agent() != Some(held)) {
            self.change_agent(&holder, event);
        }
        self.learn(event, &ticket);
        let before = self.spot(&ticket);
        let left = on_ticket(event, &mut ticket);
        let after = match left {
            Left::Stays => self.spot(&ticket),
            Left::Leaves => Spot { line: None, lane: None, due: None },
        };
        self.refile(id, &before, &after);
        match left {
            Left::Stays => drop(self.tickets.insert(id.clone(), ticket)),
            Left::Leaves => drop(self.conversations.remove(&ticket.conversation)),
        }
    }

    /// What is remembered beyond the ticket: services, closed cases, what agents are good at.
    #[expect(clippy::wildcard_enum_match_arm, reason = "nothing is learned from the rest")]
    fn learn(&mut self, event: &Event, ticket: &Ticket) {
        match event {
            Event::Assigned(assignment) if ticket.state.waits() => {
                self.services.served(&ticket.queue, ticket.priority, assignment.at);
            }
            Event::Closed { resolution, intent, at, .. } => {
                let past =
                    self.past.close(ticket, intent.as_ref(), (*at, self.config.times.reopen));
                if let (Some(past), Some(resolution)) = (past, resolution) {
                    self.profile.closed(&past, *resolution, ticket.assigned_at);
                }
            }
            _ => {}
        }
    }

    fn spot(&self, ticket: &Ticket) -> Spot {
        let waits = ticket.state.waits();
        let place = waits.then(|| Place::of(ticket));
        let seeks = self.seeks(ticket);
        Spot {
            line: place.clone().map(|place| (ticket.queue.clone(), place)),
            lane: place.filter(|_| seeks).map(|place| (Demand::of(ticket), place)),
            due: ticket_due(&self.config, ticket),
        }
    }

    /// Whether one more agent may be asked for a ticket.
    pub(super) fn seeks(&self, ticket: &Ticket) -> bool {
        ticket.state.waits() && ticket.offers.len() < self.config.concurrent_offers.0.get()
    }

    fn file(&mut self, id: &TicketId, spot: &Spot) {
        if let Some((queue, place)) = &spot.line {
            self.lines.entry(queue.clone()).or_default().insert(place.clone());
        }
        if let Some((demand, place)) = &spot.lane {
            let fresh = self.index.lane(demand).is_none();
            self.index.insert(&self.config, demand.clone(), place.clone());
            if fresh && self.is_deserted(demand) {
                self.deserted.insert(demand.clone());
            }
        }
        if let Some(due) = spot.due {
            self.due.insert((due, Subject::Ticket(id.clone())));
        }
    }

    fn unfile(&mut self, id: &TicketId, spot: &Spot) {
        if let Some((queue, place)) = &spot.line
            && let Some(line) = self.lines.get_mut(queue)
        {
            line.remove(place);
            if line.is_empty() {
                self.lines.remove(queue);
            }
        }
        if let Some((demand, place)) = &spot.lane {
            self.index.remove(&self.config, demand, place);
            if self.index.lane(demand).is_none() {
                self.deserted.remove(demand);
            }
        }
        if let Some(due) = spot.due {
            self.due.remove(&(due, Subject::Ticket(id.clone())));
        }
    }

    fn refile(&mut self, id: &TicketId, before: &Spot, after: &Spot) {
        let gone = |old: &Spot, new: &Spot| Spot {
            line: old.line.clone().filter(|_| old.line != new.line),
            lane: old.lane.clone().filter(|_| old.lane != new.lane),
            due: old.due.filter(|_| old.due != new.due),
        };
        self.unfile(id, &gone(before, after));
        self.file(id, &gone(after, before));
    }

    fn change_agent(&mut self, id: &AgentId, event: &Event) {
        let Some(seat) = self.seats.get_mut(id) else { return };
        let agent = Arc::clone(&seat.agent);
        let was = (seat.state.presence, Rank::of(&agent, &seat.state));
        let due = agent_due(&self.config, &seat.state);
        on_agent(event, id, &mut seat.state);
        let is = (seat.state.presence, Rank::of(&agent, &seat.state));
        let next = agent_due(&self.config, &seat.state);
        self.index.seat(&agent, was.1.as_ref(), is.1.as_ref());
        self.reschedule(Subject::Agent(id.clone()), due, next);
        self.note_presence(&agent, was.0, is.0);
    }

    fn reschedule(
        &mut self,
        subject: Subject,
        before: Option<Timestamp>,
        after: Option<Timestamp>,
    ) {
        if before == after {
            return;
        }
        if let Some(at) = before {
            self.due.remove(&(at, subject.clone()));
        }
        if let Some(at) = after {
            self.due.insert((at, subject));
        }
    }

    fn note_presence(&mut self, agent: &Agent, was: Presence, is: Presence) {
        match (was.logged_in(), is.logged_in()) {
            (false, true) => {
                self.index.arrive(agent);
                self.deserted.retain(|demand| !demand.meets(&self.config, agent));
            }
            (true, false) => {
                self.index.leave(agent);
                let left = self.index.lanes_for(agent).map(|lane| &lane.demand);
                let left: Vec<_> =
                    left.filter(|demand| self.is_deserted(demand)).cloned().collect();
                self.deserted.extend(left);
            }
            _ => {}
        }
    }

    /// Whether nobody who is logged in meets a demand, and there is something better to do than to wait.
    pub(super) fn is_deserted(&self, demand: &Demand) -> bool {
        // A ticket of which several agents may be asked at once waits for their answers, closed or not.
        let single = self.config.concurrent_offers == ConcurrentOffers::default();
        let closed = single && !self.open(&demand.queue);
        let better = demand.can_widen(&self.config) || closed;
        better && !self.anybody_meets(demand)
    }

    pub(super) fn anybody_meets(&self, demand: &Demand) -> bool {
        self.candidates(demand).next().is_some()
    }

    /// The agents who are logged in and meet a demand, busy or not; some twice.
    pub(super) fn candidates<'a>(&'a self, demand: &'a Demand) -> impl Iterator<Item = &'a Seat> {
        let named = demand.only.as_ref().and_then(|agent| self.seats.get(agent));
        let groups = demand.groups(&self.config).filter(|_| demand.only.is_none());
        let crowd = groups.flat_map(|queue| self.index.here(queue));
        let seats = crowd.filter_map(|agent| self.seats.get(agent)).chain(named);
        seats.filter(|seat| {
            seat.state.presence.logged_in() && demand.meets(&self.config, &seat.agent)
        })
    }

    fn turn(&mut self, queue: &QueueId, turn: Turn) {
        let before = self.turns.insert(queue.clone(), turn).map(|turn| turn.until);
        let unread = before.is_none().then_some(Timestamp::MIN);
        self.reschedule(Subject::Queue(queue.clone()), before.flatten().or(unread), turn.until);
        let lanes = self.index.lanes().filter(|lane| lane.demand.queue == *queue);
        let demands: Vec<_> = lanes.map(|lane| lane.demand.clone()).collect();
        for demand in demands {
            if self.is_deserted(&demand) {
                self.deserted.insert(demand);
            } else {
                self.deserted.remove(&demand);
            }
        }
    }

    fn reconfigure(&mut self, config: Config) {
        self.configure(Arc::new(config));
    }

    /// Takes a configuration on and files everything anew. An agent who is no longer configured keeps her tickets and gets
    /// none.
    fn configure(&mut self, config: Arc<Config>) {
        self.config = config;
        let known: HashMap<_, _> = self
            .config
            .agents
            .iter()
            .map(|agent| (agent.id.clone(), Arc::new(agent.clone())))
            .collect();
        for (id, seat) in &mut self.seats {
            seat.agent = known.get(id).cloned().unwrap_or_else(|| Arc::new(dismissed(&seat.agent)));
        }
        for (id, agent) in known {
            self.seats.entry(id).or_insert_with(|| Seat { agent, state: AgentState::default() });
        }
        self.turns.retain(|queue, _| self.config.rules(queue).calendar.is_some());
        self.turns.values_mut().for_each(|turn| turn.until = Some(Timestamp::MIN));
        self.rebuild();
    }

    fn rebuild(&mut self) {
        self.lines = BTreeMap::new();
        self.index = Index::default();
        self.due = BTreeSet::new();
        self.deserted = BTreeSet::new();
        for (id, seat) in &self.seats {
            self.index.seat(&seat.agent, None, Rank::of(&seat.agent, &seat.state).as_ref());
            if seat.state.presence.logged_in() {
                self.index.arrive(&seat.agent);
            }
            let due = agent_due(&self.config, &seat.state);
            self.due.extend(due.map(|at| (at, Subject::Agent(id.clone()))));
        }
        let queues = self.config.queues.iter().filter(|(_, rules)| rules.calendar.is_some());
        for (queue, _) in queues {
            let until = self.turns.get(queue).map_or(Some(Timestamp::MIN), |turn| turn.until);
            self.due.extend(until.map(|at| (at, Subject::Queue(queue.clone()))));
        }
        let spots: Vec<_> =
            self.tickets.values().map(|ticket| (ticket.id.clone(), self.spot(ticket))).collect();
        for (id, spot) in &spots {
            self.file(id, spot);
        }
    }
}

/// What is left of an agent who is no longer configured.
fn dismissed(agent: &Agent) -> Agent {
    Agent { queues: Vec::new(), units: 0, ..agent.clone() }
}
