//! Tickets and what was said in their conversations → the wire.

use super::outbound::{duration, moment};
use crate::dispatch::{ConversationView, Line, Speaker, TicketView, WaitingView};
use crate::proto::v1::{self, customer_message, requirement, transcript_entry};

pub(crate) fn ticket(ticket: &TicketView) -> v1::Ticket {
    let text = |id: &Option<_>| id.as_ref().map(ToString::to_string).unwrap_or_default();
    let reopens = ticket.reopens.as_ref().map(ToString::to_string);
    v1::Ticket {
        ticket_id: ticket.id.to_string(),
        conversation_id: ticket.conversation_id.to_string(),
        state: v1::TicketState::from(ticket.state).into(),
        reason: v1::TicketReason::from(ticket.reason).into(),
        version: ticket.version,
        queue: ticket.queue.to_string(),
        class: v1::PriorityClass::from(ticket.priority).into(),
        boost: duration(ticket.boost).filter(|_| !ticket.boost.is_zero()),
        requirements: requirements(ticket),
        ring: ticket.ring.into(),
        enqueued_at: Some(moment(ticket.enqueued_at)),
        position: ticket.position,
        wait: ticket.wait.map(|(p50, p90)| v1::Wait { p50: duration(p50), p90: duration(p90) }),
        agent_id: text(&ticket.agent),
        agent_name: ticket.agent_name.clone(),
        over_capacity: ticket.over_capacity,
        channel: ticket.channel.to_string(),
        language: ticket.language.to_string(),
        reopens_ticket_id: reopens.unwrap_or_default(),
        as_of: Some(moment(ticket.as_of)),
        ..v1::Ticket::default()
    }
}

fn requirements(ticket: &TicketView) -> Vec<v1::Requirement> {
    let language = requirement::Kind::Language(ticket.language.to_string());
    let skills = ticket.skills.iter().map(|(skill, level)| {
        let (skill, level) = (skill.clone(), u32::from(*level));
        requirement::Kind::Skill(v1::SkillLevel { skill, level })
    });
    let kinds = std::iter::once(language).chain(skills);
    kinds.map(|kind| v1::Requirement { kind: Some(kind) }).collect()
}

/// A ticket with what people at the desk know it by.
pub(crate) fn waiting(view: &WaitingView) -> v1::Ticket {
    let reason = view.reason.map_or(v1::Reason::Unspecified, v1::Reason::from);
    let last_words = view.last_words.clone();
    v1::Ticket { why_not_bot: reason.into(), last_words, ..ticket(&view.ticket) }
}

/// Notes are for the desk alone.
pub(crate) fn conversation(view: &ConversationView) -> v1::GetConversationResponse {
    let lines = view.lines.iter().filter(|line| line.by != Speaker::Note);
    v1::GetConversationResponse {
        state: v1::ConversationState::from(view.state).into(),
        ticket: view.ticket.as_ref().map(ticket),
        transcript: lines.map(line).collect(),
    }
}

pub(crate) fn line(line: &Line) -> v1::TranscriptEntry {
    let entry = match line.by {
        Speaker::Customer => transcript_entry::Entry::Customer(heard(line)),
        Speaker::Bot => transcript_entry::Entry::Said(said(line, v1::Author::Bot)),
        Speaker::System => transcript_entry::Entry::Said(said(line, v1::Author::System)),
        Speaker::Agent => transcript_entry::Entry::Said(said(line, v1::Author::Agent)),
        Speaker::Note => transcript_entry::Entry::Note(line.text.clone()),
    };
    v1::TranscriptEntry { at: Some(moment(line.at)), entry: Some(entry) }
}

pub(super) fn heard(line: &Line) -> v1::CustomerMessage {
    let content = match &line.attached {
        Some(attached) => customer_message::Content::Attachment(v1::Attachment {
            kind: attached.kind.clone(),
            uri: attached.uri.clone(),
            caption: line.text.clone(),
        }),
        None => customer_message::Content::Text(v1::Text { text: line.text.clone() }),
    };
    v1::CustomerMessage {
        request_id: line.id.clone(),
        content: Some(content),
        ..Default::default()
    }
}

fn said(line: &Line, author: v1::Author) -> v1::OutgoingMessage {
    v1::OutgoingMessage {
        message_id: line.id.clone(),
        text: line.text.clone(),
        author: author.into(),
        agent_name: line.name.clone(),
        ..Default::default()
    }
}
