//! The desk → the wire: queues, agents, offers, and what agents and gateways are told.

use std::time::Duration;

use super::outbound::{duration, moment, outgoing, urgency, wire_answer};
use super::transcript::{heard, line, ticket};
use crate::dispatch::{
    AgentEvent, AgentView, AssignmentView, Customer, DeliveryState, EventKind, GatewayEvent, Line,
    News, OfferView, QueueView, Welcome, WhyView,
};
use crate::message::{ConversationId, Priority, TicketId, Timestamp};
use crate::proto::v1::converse_response::Frame;
use crate::proto::v1::work_response::Event;
use crate::proto::v1::{self, conversation_event};
use crate::routing::{Alert, OfferEnd};

pub(crate) fn queue(view: &QueueView, alerts: &[Alert], now: Timestamp) -> v1::Queue {
    let depth = |(class, tickets): (&Priority, &usize)| v1::ClassDepth {
        class: v1::PriorityClass::from(*class).into(),
        tickets: count(*tickets),
    };
    let waited = view.oldest.map(|oldest| now.duration_since(oldest));
    v1::Queue {
        queue: view.queue.to_string(),
        waiting: view.waiting.iter().rev().map(depth).collect(),
        oldest_wait: waited.and_then(|waited| duration(waited.try_into().unwrap_or_default())),
        agents: count(view.agents.len()),
        max_waiting: count(view.max_waiting),
        open: view.open,
        opens_or_closes_at: view.turns_at.map(moment),
        wait: None,
        agents_online: count(view.online),
        agents_free: count(view.free),
        alerts: alerts.iter().filter(|alert| alert.queue == view.queue).map(alert_of).collect(),
    }
}

fn alert_of(alert: &Alert) -> v1::Alert {
    v1::Alert { reason: alert.concern.reason().to_owned(), since: Some(moment(alert.since)) }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

pub(crate) fn agent(view: &AgentView) -> v1::AgentState {
    let units = |units: &std::collections::BTreeMap<_, u32>| {
        units.iter().map(|(channel, units)| (ToString::to_string(channel), *units)).collect()
    };
    let next = view.next.map_or(v1::Presence::Unspecified, v1::Presence::from);
    v1::AgentState {
        agent_id: view.id.to_string(),
        presence: v1::Presence::from(view.presence).into(),
        next_presence: next.into(),
        used_units: view.used_units,
        total_units: view.total_units,
        used_by_channel: units(&view.used_by_channel),
        max_by_channel: units(&view.max_by_channel),
        wrapping: count(view.wrapping),
        misses: view.misses,
        over_capacity: view.over_capacity,
        name: view.name.clone(),
    }
}

pub(crate) fn welcome(welcome: &Welcome, heartbeat: Duration) -> v1::Welcome {
    v1::Welcome {
        session_token: welcome.token.clone(),
        heartbeat_every: duration(heartbeat),
        state: Some(agent(&welcome.state)),
        resumed: welcome.resumed,
        open_offers: welcome.offers.iter().map(offer).collect(),
        open_tickets: welcome.tickets.iter().map(assignment).collect(),
    }
}

fn offer(view: &OfferView) -> v1::Offer {
    let reason = view.reason.map_or(v1::Reason::Unspecified, v1::Reason::from);
    v1::Offer {
        offer_id: view.id.to_string(),
        ticket: Some(ticket(&view.ticket)),
        expires_at: Some(moment(view.expires_at)),
        summary: view.summary.clone(),
        urgency: view.urgency.as_ref().map(urgency),
        why_not_bot: reason.into(),
        why_you: Some(why(&view.why)),
        units: view.units,
    }
}

fn why(view: &WhyView) -> v1::MatchExplanation {
    let why = &view.why;
    let score = why.evidence.map_or(0.0, |known| f64::from(known.pooled) / 1e6);
    v1::MatchExplanation {
        ring: why.ring.into(),
        match_score: score,
        load_ratio: f64::from(why.used_units) / f64::from(why.total_units.max(1)),
        available_since: Some(moment(why.available_since)),
        reasons: view.reasons.clone(),
        eligible_agents: count(view.eligible),
    }
}

fn assignment(view: &AssignmentView) -> v1::Assignment {
    v1::Assignment {
        ticket: Some(ticket(&view.ticket)),
        transcript: view.lines.iter().map(line).collect(),
        suggestions: view.suggestions.iter().map(wire_answer).collect(),
        attributes: view.customer.attributes.clone().into_iter().collect(),
        customer: Some(customer(&view.customer)),
        why_you: view.why.as_ref().map(why),
    }
}

fn customer(customer: &Customer) -> v1::Customer {
    let customer_id = customer.id.as_ref().map(ToString::to_string).unwrap_or_default();
    v1::Customer { customer_id, display_name: customer.name.clone() }
}

/// What an agent is told.
pub(crate) fn agent_event(event: &AgentEvent) -> Event {
    match event {
        AgentEvent::Offered(view) => Event::Offer(offer(view)),
        AgentEvent::OfferEnded { offer, end } => {
            let (state, reason, counts_as_miss) = ended(end);
            Event::OfferEnded(v1::OfferEnded {
                offer_id: offer.to_string(),
                state: state.into(),
                reason: reason.into(),
                counts_as_miss,
            })
        }
        AgentEvent::Assigned(view) => Event::Assignment(assignment(view)),
        AgentEvent::Wrote { ticket, conversation, line } => {
            Event::CustomerMessage(wrote(ticket, conversation, line))
        }
        AgentEvent::Customer { conversation, kind } => {
            Event::CustomerEvent(customer_event(conversation, kind))
        }
        AgentEvent::Ticket(view) => Event::Ticket(ticket(view)),
        AgentEvent::State(view) => Event::State(agent(view)),
    }
}

fn ended(end: &OfferEnd) -> (v1::OfferState, v1::RevokeReason, bool) {
    let no = v1::RevokeReason::Unspecified;
    match end {
        OfferEnd::Accepted => (v1::OfferState::Accepted, no, false),
        OfferEnd::Declined { .. } => (v1::OfferState::Declined, no, false),
        OfferEnd::Expired { miss } => (v1::OfferState::Expired, no, *miss),
        OfferEnd::Revoked(reason) => (v1::OfferState::Revoked, (*reason).into(), false),
    }
}

fn wrote(ticket: &TicketId, conversation: &ConversationId, line: &Line) -> v1::CustomerWrote {
    let message = v1::CustomerMessage { conversation_id: conversation.to_string(), ..heard(line) };
    v1::CustomerWrote { ticket_id: ticket.to_string(), message: Some(message) }
}

fn customer_event(conversation: &ConversationId, kind: &EventKind) -> v1::ConversationEvent {
    use conversation_event::Event;
    let event = match kind {
        EventKind::CustomerLeft => Event::CustomerLeft(v1::CustomerLeft {}),
        EventKind::Cancel => Event::Cancel(v1::CancelRequest {}),
        EventKind::CustomerTyping => Event::CustomerTyping(v1::CustomerTyping {}),
        EventKind::Withdrawn(request) => {
            Event::Withdrawn(v1::MessageWithdrawn { request_id: request.to_string() })
        }
        EventKind::Delivery { message_id, state } => Event::Delivery(v1::DeliveryReport {
            message_id: message_id.clone(),
            state: delivery(*state).into(),
        }),
    };
    v1::ConversationEvent {
        request_id: String::new(),
        conversation_id: conversation.to_string(),
        event: Some(event),
    }
}

fn delivery(state: DeliveryState) -> v1::DeliveryState {
    match state {
        DeliveryState::Delivered => v1::DeliveryState::Delivered,
        DeliveryState::Read => v1::DeliveryState::Read,
        DeliveryState::Failed => v1::DeliveryState::Failed,
        DeliveryState::WindowClosed => v1::DeliveryState::WindowClosed,
        DeliveryState::QuotaUsed => v1::DeliveryState::QuotaUsed,
    }
}

/// What a gateway is told.
pub(crate) fn news(news: &News) -> v1::ConverseResponse {
    let frame = match &news.event {
        GatewayEvent::Ticket(view) => Frame::Ticket(Box::new(ticket(view))),
        GatewayEvent::Say(out) => Frame::Say(outgoing(out)),
        GatewayEvent::AgentTyping => Frame::AgentTyping(v1::AgentTyping {}),
    };
    v1::ConverseResponse {
        cursor: news.cursor.clone(),
        event_sequence: news.sequence,
        conversation_id: news.conversation.to_string(),
        at: Some(moment(news.at)),
        frame: Some(frame),
    }
}

/// One page of a list, and the token of the next.
pub(crate) fn page<T>(items: Vec<T>, skip: usize, size: usize) -> (Vec<T>, String) {
    let mut rest = items.into_iter().skip(skip);
    let page: Vec<T> = rest.by_ref().take(size).collect();
    let next = skip.saturating_add(page.len());
    (page, rest.next().map(|_| next.to_string()).unwrap_or_default())
}
