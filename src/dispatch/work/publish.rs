//! Tells agents and gateways what happened at the desk, in the order in which it happened: one task, which takes up what
//! the desk has written down.

use std::sync::{Arc, Weak};

use super::super::conversation::{Conversation, Customer, End, Line, Speaker};
use super::super::inner::Inner;
use super::super::key::Key;
use super::super::outcome::{Author, Outgoing, TicketView};
use super::super::waiting::last_words;
use super::event::{AgentEvent, AssignmentView, GatewayEvent, OfferView, WhyView};
use super::view::Notice;
use crate::knowledge::Phrase;
use crate::message::{AgentId, Language, Timestamp};
use crate::routing::{Offer, TicketState};

/// Runs until the rest of `dispatch` is gone.
pub(in crate::dispatch) async fn run(inner: Weak<Inner>) {
    loop {
        let Some(inner) = inner.upgrade() else { return };
        let Some(desk) = &inner.desk else { return };
        let (batch, rung) = desk.next();
        let Some(batch) = batch else {
            drop(inner);
            rung.await;
            continue;
        };
        let Some(batch) = batch.durable().await else { continue };
        for notice in &batch.notices {
            inner.publish(notice, batch.at);
        }
        batch.over();
    }
}

impl Inner {
    fn publish(&self, notice: &Notice, at: Timestamp) {
        match notice {
            Notice::Ticket { key, ticket } => self.changed(key, ticket, at),
            Notice::Offered { offer, key, ticket, why } => {
                let view = self.offer_view(offer, key, ticket, why);
                self.board.tell(&offer.agent, at, AgentEvent::Offered(Box::new(view)));
                self.tell_gateway(key, at, GatewayEvent::Ticket(Box::new(ticket.clone())));
            }
            Notice::OfferEnded { agent, offer, end } => {
                let event = AgentEvent::OfferEnded { offer: offer.clone(), end: end.clone() };
                self.board.tell(agent, at, event);
            }
            Notice::Assigned { agent, key, ticket, why } => {
                self.board
                    .assign(agent, &ticket.id, at, || self.assignment(key, ticket, why.as_ref()));
                self.tell_gateway(key, at, GatewayEvent::Ticket(Box::new(ticket.clone())));
                self.system_says(key, at, Phrase::AgentJoined, &[("agent", &ticket.agent_name)]);
            }
            Notice::TakenBack { agent, key, ticket } => {
                self.board.release(agent, &ticket.id);
                self.board.tell(agent, at, AgentEvent::Ticket(Box::new(ticket.clone())));
                self.tell_gateway(key, at, GatewayEvent::Ticket(Box::new(ticket.clone())));
            }
            Notice::Completed { agent, key, ticket } => {
                self.board.tell(agent, at, AgentEvent::Ticket(Box::new(ticket.clone())));
                self.tell_gateway(key, at, GatewayEvent::Ticket(Box::new(ticket.clone())));
                self.system_says(key, at, Phrase::Closed, &[]);
                self.ticket_ended(key, &ticket.id, End::ByPerson);
                self.board.release(agent, &ticket.id);
            }
            Notice::Over { agent, key, ticket } => self.over(agent.as_ref(), key, ticket, at),
            Notice::Agent(view) => {
                let agent = &view.id;
                self.board.tell(agent, at, AgentEvent::State(view.clone()));
            }
        }
    }

    fn changed(&self, key: &Key, ticket: &TicketView, at: Timestamp) {
        if let Some(agent) = ticket.agent.as_ref().filter(|_| !ticket.state.waits()) {
            self.board.tell(agent, at, AgentEvent::Ticket(Box::new(ticket.clone())));
        }
        self.tell_gateway(key, at, GatewayEvent::Ticket(Box::new(ticket.clone())));
    }

    fn over(&self, agent: Option<&AgentId>, key: &Key, ticket: &TicketView, at: Timestamp) {
        if let Some(agent) = agent {
            self.board.release(agent, &ticket.id);
            self.board.tell(agent, at, AgentEvent::Ticket(Box::new(ticket.clone())));
        }
        let by_person = ticket.state == TicketState::Closed || ticket.reason.is_by_person();
        let end = if by_person { End::ByPerson } else { End::Otherwise };
        self.tell_gateway(key, at, GatewayEvent::Ticket(Box::new(ticket.clone())));
        self.ticket_ended(key, &ticket.id, end);
    }

    /// Tells a conversation's gateway.
    pub(in crate::dispatch) fn tell_gateway(&self, key: &Key, at: Timestamp, event: GatewayEvent) {
        self.board.post((&key.caller, &key.id), at, event, || {
            let number =
                |conversation: &mut Conversation| (conversation.home(), conversation.next_event());
            self.registry.change(key, number).unwrap_or_default()
        });
    }

    /// A phrase of the editors, as a line of the conversation and on the customer's screen.
    fn system_says(&self, key: &Key, at: Timestamp, phrase: Phrase, filling: &[(&str, &str)]) {
        let (_, phrases) = (self.reader.bundle)();
        let spoken = |conversation: &Conversation| conversation.language();
        let language = self.registry.read(key, spoken).flatten().unwrap_or(Language::EN);
        let text = phrases.as_ref().as_ref().filled(phrase, language, filling);
        let id = format!("{}-{}", phrase.key(), uuid::Uuid::now_v7());
        let out = Outgoing {
            message_id: id,
            text,
            markdown: String::new(),
            options: Vec::new(),
            author: Author::System,
            agent: String::new(),
        };
        self.say(key, at, &out);
    }

    /// Remembers what is said to the customer, and says it.
    pub(in crate::dispatch) fn say(&self, key: &Key, at: Timestamp, out: &Outgoing) {
        let by = match out.author {
            Author::Bot => Speaker::Bot,
            Author::System => Speaker::System,
            Author::Agent => Speaker::Agent,
        };
        let line =
            Line { name: out.agent.clone(), ..Line::new(at, by, &out.message_id, &out.text) };
        let bounds = &self.config.bounds;
        self.registry.change(key, |conversation| conversation.remember(line, bounds));
        self.tell_gateway(key, at, GatewayEvent::Say(out.clone()));
    }

    /// An offer as its agent sees it.
    pub(in crate::dispatch) fn offer_view(
        &self,
        offer: &Offer,
        key: &Key,
        ticket: &TicketView,
        why: &WhyView,
    ) -> OfferView {
        let known = |conversation: &Conversation| {
            (last_words(conversation), conversation.handoff().clone())
        };
        let (summary, handoff) = self.registry.read(key, known).unwrap_or_default();
        OfferView {
            id: offer.id.clone(),
            ticket: ticket.clone(),
            expires_at: offer.expires_at,
            summary,
            urgency: handoff.urgency,
            reason: handoff.reason,
            why: why.clone(),
            units: offer.units,
        }
    }

    /// A ticket as its holder gets it, and the number of the newest line in it.
    pub(in crate::dispatch) fn assignment(
        &self,
        key: &Key,
        ticket: &TicketView,
        why: Option<&WhyView>,
    ) -> (AgentEvent, u64) {
        let (view, seen) = self.assignment_view(key, ticket, why);
        (AgentEvent::Assigned(Box::new(view)), seen)
    }

    pub(in crate::dispatch) fn assignment_view(
        &self,
        key: &Key,
        ticket: &TicketView,
        why: Option<&WhyView>,
    ) -> (AssignmentView, u64) {
        let conversation = self.registry.read(key, Clone::clone);
        let Some(conversation) = conversation else {
            let ticket = ticket.clone();
            let customer = Customer::default();
            let (lines, suggestions) = (Vec::new(), Vec::new());
            return (AssignmentView { ticket, lines, suggestions, customer, why: why.cloned() }, 0);
        };
        let candidates = &conversation.handoff().candidates;
        let view = AssignmentView {
            ticket: ticket.clone(),
            lines: conversation.lines().cloned().collect(),
            suggestions: (self.reader.suggest)(candidates, ticket.language),
            customer: conversation.customer().clone(),
            why: why.cloned(),
        };
        (view, conversation.last_line())
    }
}

/// Starts the task.
pub(in crate::dispatch) fn start(inner: &Arc<Inner>) -> tokio::task::AbortHandle {
    tokio::spawn(run(Arc::downgrade(inner))).abort_handle()
}
