//! The desk as people see it, and what they are to be told when it changes. Pure: one event is applied, and the pictures
//! are taken before and after.

use super::super::key::Key;
use super::super::outcome::{TicketReason, TicketView};
use super::event::WhyView;
use crate::message::{AgentId, OfferId, TicketId, Timestamp};
use crate::routing::{
    self, AgentView, Desk, End, Event, Offer, OfferEnd, Ticket, TicketState, Why, agent_view,
};

/// In a longer line nobody is told her place: counting it for everybody would cost more than it says.
const COUNTED: usize = 10_000;

/// Something that somebody is to be told.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::dispatch) enum Notice {
    /// A ticket changed.
    Ticket {
        /// Whose.
        key: Key,
        /// As it is now.
        ticket: TicketView,
    },
    /// An agent is asked.
    Offered {
        /// The offer.
        offer: Box<Offer>,
        /// Whose ticket.
        key: Key,
        /// The ticket.
        ticket: TicketView,
        /// Why she.
        why: WhyView,
    },
    /// An offer is over.
    OfferEnded {
        /// To whom it was made.
        agent: AgentId,
        /// Which.
        offer: OfferId,
        /// How.
        end: OfferEnd,
    },
    /// An agent has a ticket.
    Assigned {
        /// Who.
        agent: AgentId,
        /// Whose ticket.
        key: Key,
        /// The ticket.
        ticket: TicketView,
        /// Why she; `None` where a supervisor decided.
        why: Option<WhyView>,
    },
    /// An agent has a ticket no more, and it is not over.
    TakenBack {
        /// Who had it.
        agent: AgentId,
        /// Whose ticket.
        key: Key,
        /// As it is now.
        ticket: TicketView,
    },
    /// An agent has finished a conversation.
    Completed {
        /// Who.
        agent: AgentId,
        /// Whose ticket.
        key: Key,
        /// The ticket.
        ticket: TicketView,
    },
    /// A ticket is over.
    Over {
        /// Who had it.
        agent: Option<AgentId>,
        /// Whose.
        key: Key,
        /// As it ended.
        ticket: TicketView,
    },
    /// An agent changed.
    Agent(Box<AgentView>),
}

impl Notice {
    /// The ticket that it says is over.
    pub(in crate::dispatch) fn ended(&self) -> Option<&TicketView> {
        match self {
            Self::Over { ticket, .. } => Some(ticket),
            Self::Ticket { .. }
            | Self::Offered { .. }
            | Self::OfferEnded { .. }
            | Self::Assigned { .. }
            | Self::TakenBack { .. }
            | Self::Completed { .. }
            | Self::Agent(_) => None,
        }
    }
}

/// A ticket as callers see it.
pub(in crate::dispatch) fn ticket_view(desk: &Desk, ticket: &Ticket, now: Timestamp) -> TicketView {
    let holds = ticket.state.held() || ticket.state == TicketState::Parked;
    let agent = ticket.agent.clone().filter(|_| holds);
    let asked = || ticket.offers.first().map(|offer| offer.agent.clone());
    let agent = agent.or_else(asked);
    let name = agent.as_ref().map(|agent| name_of(desk, agent)).unwrap_or_default();
    let near = ticket.state.waits() && desk.waiting(&ticket.queue) <= COUNTED;
    TicketView {
        id: ticket.id.clone(),
        conversation_id: ticket.conversation.id.clone(),
        state: ticket.state,
        reason: TicketReason::Standing(ticket.reason),
        version: ticket.version,
        queue: ticket.queue.clone(),
        priority: ticket.priority,
        boost: ticket.boost,
        skills: ticket.skills.clone(),
        ring: ticket.ring,
        enqueued_at: ticket.enqueued_at,
        position: near.then(|| desk.position(&ticket.id)).flatten(),
        wait: near.then(|| desk.eta(&ticket.id, now)).flatten().map(|eta| (eta.p50, eta.p90)),
        agent,
        agent_name: name,
        over_capacity: ticket.over_capacity,
        reopens: ticket.reopens.clone(),
        channel: ticket.channel.clone(),
        language: ticket.language,
        as_of: now,
    }
}

fn name_of(desk: &Desk, agent: &AgentId) -> String {
    agent_view(desk, agent).map(|agent| agent.name).unwrap_or_default()
}

/// Applies an event and says who is to be told what.
pub(in crate::dispatch) fn notices(desk: &mut Desk, event: &Event, now: Timestamp) -> Vec<Notice> {
    let before = event.ticket().and_then(|id| desk.ticket(id)).cloned();
    desk.apply(event);
    let scene = Scene { desk, before: before.as_ref(), now };
    let mut told = scene.about_ticket(event);
    told.extend(agent_of(event, before.as_ref()).and_then(|agent| scene.agent(agent)));
    told
}

/// The agent whose own state an event changes: the one it names, else the one who had the ticket.
fn agent_of<'e>(event: &'e Event, before: Option<&'e Ticket>) -> Option<&'e AgentId> {
    if matches!(event, Event::Heard { .. } | Event::Wrote { .. }) {
        return None;
    }
    event.agent().or_else(|| before.and_then(holder))
}

/// Who holds a ticket, or set it aside.
fn holder(ticket: &Ticket) -> Option<&AgentId> {
    let holds = ticket.state.held() || ticket.state == TicketState::Parked;
    ticket.agent.as_ref().filter(|_| holds)
}

/// The desk after an event, and the ticket before it.
struct Scene<'a> {
    desk: &'a Desk,
    before: Option<&'a Ticket>,
    now: Timestamp,
}

impl Scene<'_> {
    fn agent(&self, agent: &AgentId) -> Option<Notice> {
        agent_view(self.desk, agent).map(|view| Notice::Agent(Box::new(view)))
    }

    fn about_ticket(&self, event: &Event) -> Vec<Notice> {
        let notice = match event {
            Event::Offered(offer) => self.offered(offer),
            Event::OfferEnded { offer, agent, end, .. } => Some(Notice::OfferEnded {
                agent: agent.clone(),
                offer: offer.clone(),
                end: end.clone(),
            }),
            Event::Assigned(assignment) => self.assigned(&assignment.ticket, &assignment.agent),
            Event::Completed { ticket, .. } => self.completed(ticket),
            Event::Requeued(requeue) => self.taken_back(&requeue.ticket),
            Event::Closed { .. } => {
                self.over(TicketState::Closed, TicketReason::Standing(routing::Reason::Closed))
            }
            Event::Ended { end, .. } => self.over(ended_as(*end), TicketReason::Ended(*end)),
            Event::Raised { ticket, .. }
            | Event::Boosted { ticket, .. }
            | Event::Moved { ticket, .. }
            | Event::Reread { ticket, .. }
            | Event::RingReached { ticket, .. }
            | Event::Parked { ticket, .. }
            | Event::WrapExtended { ticket, .. } => self.changed(ticket),
            Event::Opened(_)
            | Event::AffinityEnded { .. }
            | Event::ExclusionsLifted { .. }
            | Event::Wrote { .. }
            | Event::Connected { .. }
            | Event::Disconnected { .. }
            | Event::Heard { .. }
            | Event::PresenceSet { .. }
            | Event::Turned { .. }
            | Event::Recovered { .. }
            | Event::Reconfigured { .. } => None,
        };
        notice.into_iter().collect()
    }

    fn now(&self, ticket: &TicketId) -> Option<(Key, TicketView)> {
        let ticket = self.desk.ticket(ticket)?;
        Some((ticket.conversation.clone(), ticket_view(self.desk, ticket, self.now)))
    }

    fn changed(&self, ticket: &TicketId) -> Option<Notice> {
        self.now(ticket).map(|(key, ticket)| Notice::Ticket { key, ticket })
    }

    fn offered(&self, offer: &Offer) -> Option<Notice> {
        let (key, ticket) = self.now(&offer.ticket)?;
        let why = self.why(&offer.why, &offer.agent, &offer.ticket)?;
        Some(Notice::Offered { offer: Box::new(offer.clone()), key, ticket, why })
    }

    /// The offer that she took is gone after the event; before it, the ticket still had it.
    fn assigned(&self, ticket: &TicketId, agent: &AgentId) -> Option<Notice> {
        let hers = |ticket: &&Ticket| ticket.offers.iter().any(|offer| offer.agent == *agent);
        let offer = self.before.filter(hers);
        let offer =
            offer.and_then(|ticket| ticket.offers.iter().find(|offer| offer.agent == *agent));
        let why = offer.and_then(|offer| self.why(&offer.why, agent, ticket));
        let (key, ticket) = self.now(ticket)?;
        Some(Notice::Assigned { agent: agent.clone(), key, ticket, why })
    }

    fn completed(&self, ticket: &TicketId) -> Option<Notice> {
        let agent = self.before.and_then(holder)?.clone();
        let (key, ticket) = self.now(ticket)?;
        Some(Notice::Completed { agent, key, ticket })
    }

    fn taken_back(&self, ticket: &TicketId) -> Option<Notice> {
        let (key, ticket) = self.now(ticket)?;
        Some(match self.before.and_then(holder).cloned() {
            Some(agent) => Notice::TakenBack { agent, key, ticket },
            None => Notice::Ticket { key, ticket },
        })
    }

    fn over(&self, state: TicketState, reason: TicketReason) -> Option<Notice> {
        let before = self.before?;
        let view = ticket_view(self.desk, before, self.now);
        let agent = holder(before).cloned();
        let ticket =
            TicketView { state, reason, position: None, version: view.version + 1, ..view };
        Some(Notice::Over { agent, key: before.conversation.clone(), ticket })
    }

    fn why(&self, why: &Why, agent: &AgentId, ticket: &TicketId) -> Option<WhyView> {
        let ticket = self.desk.ticket(ticket)?;
        let config = self.desk.config();
        let eligible = config.eligible(&ticket.queue, ticket.language).count();
        let known = config.agents.iter().find(|known| known.id == *agent);
        let reasons = known.map(|agent| reasons(why, agent, ticket, config)).unwrap_or_default();
        Some(WhyView { why: why.clone(), reasons, eligible })
    }
}

fn ended_as(end: End) -> TicketState {
    match end {
        End::CustomerLeft | End::CustomerCancelled | End::Duplicate | End::Admin => {
            TicketState::Cancelled
        }
        End::MaxWait | End::CalendarClosed => TicketState::Expired,
    }
}

/// Why an agent was chosen, in words for people who run a desk.
fn reasons(
    why: &Why,
    agent: &routing::Agent,
    ticket: &Ticket,
    config: &routing::Config,
) -> Vec<String> {
    let mut words = Vec::new();
    if why.affinity {
        words.push("knows this customer or was asked for".to_owned());
    }
    if agent.speaks(ticket.language) {
        words.push(format!("speaks {}", ticket.language));
    }
    let asked = config.rules(&ticket.queue).rings.get(usize::from(why.ring));
    for (skill, level) in asked.iter().flat_map(|ring| &ring.skills) {
        if let Some(own) = agent.skills.get(skill) {
            words.push(format!("{skill} level {own} >= {level}"));
        }
    }
    if let Some(known) = &why.evidence {
        let pooled = f64::from(known.pooled) / 1e6;
        words.push(format!("{} of {} closed, pooled {pooled:.2}", known.resolved, known.closed));
    }
    words.push(format!("{} of {} units in use", why.used_units, why.total_units));
    words
}

/// What an agent is asked now.
pub(super) fn offers_to(
    desk: &Desk,
    agent: &AgentId,
    now: Timestamp,
) -> Vec<(Offer, Key, TicketView, WhyView)> {
    let scene = Scene { desk, before: None, now };
    let asked = agent_view(desk, agent).map(|view| view.offers).unwrap_or_default();
    let full = |id: &OfferId| {
        let (ticket, _) = id.as_str().rsplit_once('.')?;
        let offers = &desk.ticket(&TicketId::new(ticket).ok()?)?.offers;
        let offer = offers.iter().find(|offer| offer.id == *id)?;
        let (key, ticket) = scene.now(&offer.ticket)?;
        let why = scene.why(&offer.why, agent, &offer.ticket)?;
        Some((offer.clone(), key, ticket, why))
    };
    asked.iter().filter_map(full).collect()
}
