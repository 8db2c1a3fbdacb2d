//! An outcome → its record, and back.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::super::conversation::{Attached, Line, Speaker};
use super::super::effect::Effect;
use super::super::key::Key;
use super::super::outcome::{
    Author, Clarification, Outcome, Outgoing, RouteOutcome, TicketReason, TicketView, Timings,
};
use super::super::waiter::Fingerprint;
use crate::decision::Evidence;
use crate::journal::record;
use crate::message::{Channel, RequestId, Shared};
use crate::release::BundleInfo;
use crate::routing::Reason;

/// A decision as it is about to be written.
pub(in crate::dispatch) struct Deed<'a> {
    pub(in crate::dispatch) key: &'a Key,
    pub(in crate::dispatch) channel: &'a Channel,
    /// What was read.
    pub(in crate::dispatch) text: String,
    /// What the customer wrote in the turn before.
    pub(in crate::dispatch) before: Option<String>,
    /// Each message's id, body and number, in order.
    pub(in crate::dispatch) requests: Vec<(RequestId, Fingerprint, Option<u64>)>,
    pub(in crate::dispatch) effect: &'a Effect,
    pub(in crate::dispatch) outcome: &'a Outcome,
}

impl Deed<'_> {
    /// The record of it.
    pub(in crate::dispatch) fn record(self, bundle: Shared) -> record::Decided {
        let outcome = self.outcome;
        let lines = self.effect.heard.iter();
        let heard =
            self.requests.into_iter().zip(lines).map(|((request_id, body, sequence), line)| {
                let (fingerprint, text) = (body.bytes(), line.text.clone());
                let attached = line.attached.as_ref().map(|attached| record::Attached {
                    kind: attached.kind.clone(),
                    uri: attached.uri.clone(),
                });
                record::Heard { request_id, fingerprint, sequence, text, attached }
            });
        record::Decided {
            conversation: self.key.clone(),
            decision_id: outcome.decision_id.clone(),
            heard: heard.collect(),
            channel: self.channel.clone(),
            text: self.text,
            before: self.before,
            decision: outcome.decision.clone(),
            say: outcome.say.iter().map(said).collect(),
            clarify: outcome.clarify.as_ref().map(asked),
            ticket: outcome.ticket.as_ref().map(ticket),
            route: outcome.route.map(handover),
            told: self.effect.told,
            bundle,
            timings: timings(&outcome.timings),
            decided_at: outcome.decided_at,
        }
    }
}

/// The outcome of a record, as a repeat gets it.
pub(super) fn outcome(decided: &record::Decided, bundle: Arc<BundleInfo>) -> Outcome {
    let mut decision = decided.decision.clone();
    decision.evidence = Evidence::default();
    Outcome {
        decision_id: decided.decision_id.clone(),
        conversation_id: decided.conversation.id.clone(),
        request_ids: decided.heard.iter().map(|heard| heard.request_id.clone()).collect(),
        decision,
        say: decided.say.iter().map(outgoing).collect(),
        clarify: decided
            .clarify
            .as_ref()
            .map(|asked| Clarification { id: asked.id.clone(), expires_at: asked.expires_at }),
        ticket: decided.ticket.as_ref().map(|ticket| view(ticket, decided)),
        route: decided.route.map(route),
        bundle,
        timings: spent(&decided.timings),
        decided_at: decided.decided_at,
    }
}

/// What it did to its conversation.
pub(super) fn effect(decided: &record::Decided, outcome: &Outcome) -> Effect {
    let line = |heard: &record::Heard| {
        let attached = heard.attached.clone();
        let attached = attached.map(|record::Attached { kind, uri }| Attached { kind, uri });
        let id = heard.request_id.as_str();
        Line { attached, ..Line::new(decided.decided_at, Speaker::Customer, id, &heard.text) }
    };
    let heard = decided.heard.iter().map(line).collect();
    let last = decided.heard.iter().filter_map(|heard| heard.sequence).max();
    Effect::new(outcome, heard, decided.told, last)
}

/// Each message's id and body.
pub(super) fn requests(decided: &record::Decided) -> Vec<(RequestId, Fingerprint)> {
    let one = |heard: &record::Heard| {
        (heard.request_id.clone(), Fingerprint::from_bytes(heard.fingerprint))
    };
    decided.heard.iter().map(one).collect()
}

fn said(out: &Outgoing) -> record::Said {
    record::Said {
        message_id: out.message_id.clone(),
        text: out.text.clone(),
        markdown: out.markdown.clone(),
        options: out.options.clone(),
        by_bot: out.author == Author::Bot,
    }
}

fn outgoing(said: &record::Said) -> Outgoing {
    Outgoing {
        message_id: said.message_id.clone(),
        text: said.text.clone(),
        markdown: said.markdown.clone(),
        options: said.options.clone(),
        author: if said.by_bot { Author::Bot } else { Author::System },
        agent: String::new(),
    }
}

fn asked(asked: &Clarification) -> record::AskedBack {
    record::AskedBack { id: asked.id.clone(), expires_at: asked.expires_at }
}

fn ticket(view: &TicketView) -> record::Ticket {
    record::Ticket {
        id: view.id.clone(),
        state: view.state,
        agent: view.agent.clone(),
        agent_name: view.agent_name.clone(),
        queue: view.queue.clone(),
        priority: view.priority,
        enqueued_at: view.enqueued_at,
        position: view.position,
        channel: view.channel.clone(),
        language: view.language,
        as_of: view.as_of,
    }
}

fn view(ticket: &record::Ticket, decided: &record::Decided) -> TicketView {
    TicketView {
        id: ticket.id.clone(),
        conversation_id: decided.conversation.id.clone(),
        state: ticket.state,
        reason: TicketReason::Standing(Reason::Routed),
        version: 0,
        boost: Duration::ZERO,
        skills: BTreeMap::new(),
        ring: 0,
        wait: None,
        agent: ticket.agent.clone(),
        agent_name: ticket.agent_name.clone(),
        over_capacity: false,
        reopens: None,
        queue: ticket.queue.clone(),
        priority: ticket.priority,
        enqueued_at: ticket.enqueued_at,
        position: ticket.position,
        channel: ticket.channel.clone(),
        language: ticket.language,
        as_of: ticket.as_of,
    }
}

fn handover(route: RouteOutcome) -> record::Handover {
    match route {
        RouteOutcome::Queued => record::Handover::Queued,
        RouteOutcome::QueueFull => record::Handover::QueueFull,
        RouteOutcome::OutOfHours => record::Handover::OutOfHours,
        RouteOutcome::LeaveMessage => record::Handover::LeaveMessage,
        RouteOutcome::Callback => record::Handover::Callback,
        RouteOutcome::NoDesk => record::Handover::NoDesk,
        RouteOutcome::WouldQueue => record::Handover::WouldQueue,
    }
}

fn route(handover: record::Handover) -> RouteOutcome {
    match handover {
        record::Handover::Queued => RouteOutcome::Queued,
        record::Handover::QueueFull => RouteOutcome::QueueFull,
        record::Handover::OutOfHours => RouteOutcome::OutOfHours,
        record::Handover::LeaveMessage => RouteOutcome::LeaveMessage,
        record::Handover::Callback => RouteOutcome::Callback,
        record::Handover::NoDesk => RouteOutcome::NoDesk,
        record::Handover::WouldQueue => RouteOutcome::WouldQueue,
    }
}

fn timings(spent: &Timings) -> record::Timings {
    let nanos = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    record::Timings {
        total: nanos(spent.total),
        held: nanos(spent.held),
        queue: nanos(spent.queue),
        tokenize: nanos(spent.tokenize),
        encode: nanos(spent.encode),
        retrieve: nanos(spent.retrieve),
        decide: nanos(spent.decide),
        encodings: spent.encodings,
        cached: spent.cached,
    }
}

fn spent(kept: &record::Timings) -> Timings {
    Timings {
        total: Duration::from_nanos(kept.total),
        held: Duration::from_nanos(kept.held),
        queue: Duration::from_nanos(kept.queue),
        tokenize: Duration::from_nanos(kept.tokenize),
        encode: Duration::from_nanos(kept.encode),
        retrieve: Duration::from_nanos(kept.retrieve),
        decide: Duration::from_nanos(kept.decide),
        encodings: kept.encodings,
        cached: kept.cached,
    }
}
