//! What was decided → the wire.

use std::time::Duration;

use super::explain::explanation;
use super::transcript::ticket;
use crate::decision::{self, Outcome as Part, SmallTalk};
use crate::dispatch::{Outcome, Outgoing, Slice, Timings};
use crate::message::{Mode, Timestamp};
use crate::proto::v1::{self, part};
use crate::release::BundleInfo;

/// A recorded outcome with as much of the why as was asked for.
pub(crate) fn decision(outcome: &Outcome, level: v1::ExplainLevel) -> v1::Decision {
    let decided = &outcome.decision;
    v1::Decision {
        decision_id: outcome.decision_id.to_string(),
        conversation_id: outcome.conversation_id.to_string(),
        request_ids: outcome.request_ids.iter().map(ToString::to_string).collect(),
        action: v1::Action::from(decided.action).into(),
        parts: decided.parts.iter().map(|part| wire_part(part, outcome, level)).collect(),
        say: outcome.say.iter().map(outgoing).collect(),
        mode: v1::AutomationMode::from(decided.mode).into(),
        ticket: outcome.ticket.as_ref().map(ticket),
        urgency: Some(urgency(&decided.urgency)),
        language: decided.language.to_string(),
        bundle: Some(bundle(&outcome.bundle)),
        timings: Some(timings(&outcome.timings)),
        decided_at: Some(moment(outcome.decided_at)),
    }
}

fn wire_part(part: &decision::Part, outcome: &Outcome, level: v1::ExplainLevel) -> v1::Part {
    v1::Part {
        text: part.text.clone(),
        reason: v1::Reason::from(part.reason).into(),
        explanation: explanation(&part.explanation, level),
        outcome: Some(part_outcome(&part.outcome, outcome)),
    }
}

fn part_outcome(part: &Part, outcome: &Outcome) -> part::Outcome {
    match part {
        Part::Answer(answer) => part::Outcome::Answer(wire_answer(answer)),
        Part::Clarify(choices) => part::Outcome::Clarify(clarify(choices, outcome)),
        Part::Route(destination) => part::Outcome::Route(route(destination, outcome)),
        Part::SmallTalk(kind) => part::Outcome::SmallTalk(small_talk(*kind)),
        Part::Nothing => part::Outcome::Nothing(v1::Nothing {}),
    }
}

pub(super) fn wire_answer(answer: &decision::Answer) -> v1::Answer {
    v1::Answer {
        article_id: answer.article.to_string(),
        article_revision: answer.revision.to_string(),
        title: answer.title.clone(),
        text: answer.text.clone(),
        markdown: answer.markdown.clone(),
        more: answer.more.iter().map(section).collect(),
        probability: answer.probability.get(),
        risk: v1::Risk::from(answer.risk).into(),
        guarantee: Some(guarantee(&answer.guarantee)),
    }
}

fn section(section: &decision::Section) -> v1::Section {
    v1::Section {
        heading: section.heading.clone(),
        anchor: section.anchor.clone(),
        markdown: section.markdown.clone(),
    }
}

pub(crate) fn guarantee(guarantee: &decision::Guarantee) -> v1::Guarantee {
    v1::Guarantee {
        state: v1::GuaranteeState::from(guarantee.state).into(),
        target_precision: guarantee.target,
        confidence: guarantee.confidence,
        threshold: guarantee.threshold,
        slice: guarantee.slice.clone(),
        note: guarantee.note.clone(),
    }
}

fn clarify(choices: &[decision::Choice], outcome: &Outcome) -> v1::Clarify {
    let asked = outcome.clarify.as_ref();
    v1::Clarify {
        clarify_id: asked.map(|asked| asked.id.to_string()).unwrap_or_default(),
        options: choices.iter().map(option).collect(),
        expires_at: asked.map(|asked| moment(asked.expires_at)),
    }
}

fn option(choice: &decision::Choice) -> v1::Option {
    v1::Option {
        option_id: choice.id.clone(),
        label: choice.label.clone(),
        article_id: choice.article.to_string(),
    }
}

fn route(destination: &decision::Destination, outcome: &Outcome) -> v1::Route {
    let ticket = outcome.ticket.as_ref();
    v1::Route {
        queue: destination.queue.to_string(),
        class: v1::PriorityClass::from(destination.priority).into(),
        outcome: outcome.route.map(v1::RouteOutcome::from).unwrap_or_default().into(),
        ticket_id: ticket.map(|ticket| ticket.id.to_string()).unwrap_or_default(),
    }
}

fn small_talk(kind: SmallTalk) -> v1::SmallTalk {
    let phrase_id = match kind {
        SmallTalk::Greeting => "greeting",
        SmallTalk::Thanks => "thanks",
        SmallTalk::Goodbye => "goodbye",
    };
    v1::SmallTalk { phrase_id: phrase_id.to_owned() }
}

pub(super) fn outgoing(outgoing: &Outgoing) -> v1::OutgoingMessage {
    v1::OutgoingMessage {
        message_id: outgoing.message_id.clone(),
        text: outgoing.text.clone(),
        markdown: outgoing.markdown.clone(),
        options: outgoing.options.iter().map(option).collect(),
        author: v1::Author::from(outgoing.author).into(),
        agent_name: outgoing.agent.clone(),
    }
}

pub(super) fn urgency(urgency: &decision::Urgency) -> v1::Urgency {
    v1::Urgency {
        class: v1::PriorityClass::from(urgency.priority).into(),
        reasons: urgency.reasons.clone(),
        probability: urgency.probability.get(),
    }
}

pub(crate) fn bundle(info: &BundleInfo) -> v1::Bundle {
    v1::Bundle {
        hash: info.hash.clone(),
        model: info.model.clone(),
        head: info.head.clone(),
        knowledge_revision: info.knowledge_revision.clone(),
        policy: info.policy.clone(),
    }
}

fn timings(timings: &Timings) -> v1::Timings {
    v1::Timings {
        total: duration(timings.total),
        held: duration(timings.held),
        queue: duration(timings.queue),
        tokenize: duration(timings.tokenize),
        encode: duration(timings.encode),
        retrieve: duration(timings.retrieve),
        decide: duration(timings.decide),
        encodings: timings.encodings,
        cached: timings.cached,
    }
}

/// A mode, and where it holds.
pub(crate) fn slice((slice, mode): &(Slice, Mode)) -> v1::AutomationSlice {
    v1::AutomationSlice {
        channel: slice.channel.as_ref().map(ToString::to_string).unwrap_or_default(),
        language: slice.language.map(|language| language.to_string()).unwrap_or_default(),
        mode: v1::AutomationMode::from(*mode).into(),
    }
}

/// A point in time; nanoseconds are never negative on the wire, whatever the century.
pub(crate) fn moment(at: Timestamp) -> prost_types::Timestamp {
    const SECOND: i128 = 1_000_000_000;
    let nanos = at.as_nanosecond();
    prost_types::Timestamp {
        seconds: i64::try_from(nanos.div_euclid(SECOND)).unwrap_or(i64::MAX),
        nanos: i32::try_from(nanos.rem_euclid(SECOND)).unwrap_or(0),
    }
}

pub(super) fn duration(duration: Duration) -> Option<prost_types::Duration> {
    duration.try_into().ok()
}
