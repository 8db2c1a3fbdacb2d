//! What an agent's desk software and a supervisor send → what `dispatch` takes.

use std::time::Duration;

use super::inbound::moment;
use super::invalid::{Check, Invalid, Noted};
use super::requests::{page_size, skip, verdict};
use crate::dispatch::{AgentCommand, Closing, Hello, SupervisorCommand};
use crate::message::{
    AgentId, ArticleId, IntentId, OfferId, Priority, QueueId, RequestId, TicketId,
};
use crate::proto::v1::{self, transfer_ticket, work_request};
use crate::routing::{Presence, Resolution, Target};
use crate::server::limit::MAX_TEXT;

/// Bytes of a reason for supervisors and the log.
const MAX_REASON: usize = 256;
/// Bytes of a closing remark.
const MAX_COMMENT: usize = 2048;
/// The longest boost.
const MAX_BOOST: Duration = Duration::from_hours(24);

impl TryFrom<v1::Hello> for Hello {
    type Error = Invalid;

    fn try_from(wire: v1::Hello) -> Result<Self, Invalid> {
        let mut check = Check::default();
        let agent = check.id("hello.agent_id", &wire.agent_id, AgentId::new);
        let presence = check.known("hello.presence", wire.presence).and_then(|wire| match wire {
            v1::Presence::Unspecified => Ok(None),
            v1::Presence::Online => Ok(Some(Presence::Online)),
            v1::Presence::Away => Ok(Some(Presence::Away)),
            v1::Presence::Offline
            | v1::Presence::Draining
            | v1::Presence::NotResponding
            | v1::Presence::Lost => Err(check.wrong("hello.presence", "must be ONLINE or AWAY")),
        });
        let hello = || {
            Ok(Self {
                agent: agent?,
                token: Some(wire.session_token).filter(|token| !token.is_empty()),
                cursor: wire.resume_cursor,
                take_over: wire.take_over,
                presence: presence?,
            })
        };
        let hello = hello();
        check.finish(hello)
    }
}

/// A command that is answered by a result.
pub(crate) fn command(wire: work_request::Command) -> Result<AgentCommand, Invalid> {
    let mut check = Check::default();
    let command = read(&mut check, wire);
    check.finish(command)
}

fn read(check: &mut Check, wire: work_request::Command) -> Result<AgentCommand, Noted> {
    use work_request::Command as Wire;
    match wire {
        Wire::SetPresence(wire) => presence(check, &wire),
        Wire::Accept(wire) => Ok(AgentCommand::Accept { offer: offer(check, &wire.offer_id)? }),
        Wire::Decline(wire) => decline(check, wire),
        Wire::Send(wire) => send(check, wire),
        Wire::Note(wire) => note(check, wire),
        Wire::Park(wire) => {
            let until = moment(check, "until", wire.until);
            Ok(AgentCommand::Park { ticket: ticket(check, &wire.ticket_id)?, until: until? })
        }
        Wire::Transfer(wire) => transfer(check, wire),
        Wire::Release(wire) => {
            let reason = check.text("reason", wire.reason, MAX_REASON);
            Ok(AgentCommand::Release { ticket: ticket(check, &wire.ticket_id)?, reason: reason? })
        }
        Wire::Complete(wire) => {
            Ok(AgentCommand::Complete { ticket: ticket(check, &wire.ticket_id)? })
        }
        Wire::ExtendWrap(wire) => {
            Ok(AgentCommand::ExtendWrap { ticket: ticket(check, &wire.ticket_id)? })
        }
        Wire::Close(wire) => close(check, wire),
        Wire::Hello(_) | Wire::Heartbeat(_) | Wire::Typing(_) | Wire::Acknowledge(_) => {
            Err(check.wrong("command", "must be one that is answered"))
        }
    }
}

/// The key of a command.
pub(crate) fn request_id(id: &str) -> Result<RequestId, Invalid> {
    let mut check = Check::default();
    let id = check.id("request_id", id, RequestId::new);
    check.finish(id)
}

/// A ticket to read.
pub(crate) fn ticket_id(wire: &v1::GetTicketRequest) -> Result<TicketId, Invalid> {
    let mut check = Check::default();
    let id = ticket(&mut check, &wire.ticket_id);
    check.finish(id)
}

/// A page of agents: of which queue, how many, and how many stand before it.
pub(crate) fn agents_page(
    wire: &v1::ListAgentsRequest,
) -> Result<(Option<QueueId>, usize, usize), Invalid> {
    let mut check = Check::default();
    let queue = check.optional_id("queue", &wire.queue, QueueId::new);
    let skip = skip(&mut check, &wire.page_token);
    let page = || Ok((queue?, page_size(wire.page_size), skip?));
    let page = page();
    check.finish(page)
}

/// The ticket in which an agent is typing; `None` where it names none.
pub(crate) fn typing(wire: &v1::Typing) -> Option<TicketId> {
    TicketId::new(&wire.ticket_id).ok()
}

fn ticket(check: &mut Check, id: &str) -> Result<TicketId, Noted> {
    check.id("ticket_id", id, TicketId::new)
}

fn offer(check: &mut Check, id: &str) -> Result<OfferId, Noted> {
    check.id("offer_id", id, OfferId::new)
}

/// A presence that somebody may ask for.
fn wished(check: &mut Check, field: &str, wire: i32) -> Result<Option<Presence>, Noted> {
    match check.known(field, wire)? {
        v1::Presence::Unspecified => Ok(None),
        v1::Presence::Online => Ok(Some(Presence::Online)),
        v1::Presence::Away => Ok(Some(Presence::Away)),
        v1::Presence::Draining => Ok(Some(Presence::Draining)),
        v1::Presence::Offline => Ok(Some(Presence::Offline)),
        v1::Presence::NotResponding | v1::Presence::Lost => {
            Err(check.wrong(field, "must be ONLINE, AWAY, DRAINING or OFFLINE"))
        }
    }
}

fn presence(check: &mut Check, wire: &v1::SetPresence) -> Result<AgentCommand, Noted> {
    let presence = wished(check, "presence", wire.presence);
    let presence = presence.and_then(|presence| check.required("presence", presence));
    let after_drain = wished(check, "after_drain", wire.after_drain)?;
    if matches!(after_drain, Some(Presence::Online | Presence::Draining)) {
        check.wrong("after_drain", "must be AWAY or OFFLINE");
    }
    let release_work = wire.release_work;
    Ok(AgentCommand::SetPresence { presence: presence?, after_drain, release_work })
}

fn decline(check: &mut Check, wire: v1::DeclineOffer) -> Result<AgentCommand, Noted> {
    let offer = offer(check, &wire.offer_id);
    let retry_after = span(check, "retry_after", wire.retry_after);
    let reason = check.text("reason", wire.reason, MAX_REASON);
    Ok(AgentCommand::Decline { offer: offer?, retry_after: retry_after?, reason: reason? })
}

fn span(
    check: &mut Check,
    field: &str,
    wire: Option<prost_types::Duration>,
) -> Result<Option<Duration>, Noted> {
    let Some(wire) = wire else { return Ok(None) };
    let span = Duration::try_from(wire).ok().filter(|span| *span <= MAX_BOOST);
    span.ok_or_else(|| check.wrong(field, "must be between 0 and 24 hours")).map(Some)
}

/// Words that must be there.
fn words(check: &mut Check, field: &str, text: String) -> Result<String, Noted> {
    let text = check.text(field, text, MAX_TEXT)?;
    check.required(field, Some(text).filter(|text| !text.trim().is_empty()))
}

fn send(check: &mut Check, wire: v1::SendMessage) -> Result<AgentCommand, Noted> {
    let ticket = ticket(check, &wire.ticket_id);
    let article = check.optional_id("article_id", &wire.article_id, ArticleId::new);
    let text = words(check, "text", wire.text);
    Ok(AgentCommand::Send { ticket: ticket?, text: text?, article: article? })
}

fn note(check: &mut Check, wire: v1::AddNote) -> Result<AgentCommand, Noted> {
    let ticket = ticket(check, &wire.ticket_id);
    Ok(AgentCommand::Note { ticket: ticket?, text: words(check, "text", wire.text)? })
}

fn transfer(check: &mut Check, wire: v1::TransferTicket) -> Result<AgentCommand, Noted> {
    let ticket = ticket(check, &wire.ticket_id);
    let note = check.text("note", wire.note, MAX_TEXT);
    let to = match wire.to {
        Some(transfer_ticket::To::Queue(queue)) => {
            check.id("queue", &queue, QueueId::new).map(Target::Queue)
        }
        Some(transfer_ticket::To::AgentId(agent)) => {
            check.id("agent_id", &agent, AgentId::new).map(Target::Agent)
        }
        None => Err(check.missing("to", "must be a queue or an agent_id")),
    };
    Ok(AgentCommand::Transfer { ticket: ticket?, to: to?, note: note? })
}

fn close(check: &mut Check, wire: v1::CloseTicket) -> Result<AgentCommand, Noted> {
    let ticket = ticket(check, &wire.ticket_id);
    let resolution = check.value("resolution", wire.resolution, |wire| match wire {
        v1::Resolution::Unspecified => None,
        v1::Resolution::Resolved => Some(Resolution::Resolved),
        v1::Resolution::Unresolved => Some(Resolution::Unresolved),
        v1::Resolution::CustomerGone => Some(Resolution::CustomerGone),
        v1::Resolution::Spam => Some(Resolution::Spam),
        v1::Resolution::WrongQueue => Some(Resolution::WrongQueue),
    });
    let intent = check.optional_id("intent", &wire.intent, IntentId::new);
    let verdict = check.known("bot_verdict", wire.bot_verdict).map(verdict);
    let article = check.optional_id("correct_article_id", &wire.correct_article_id, ArticleId::new);
    let comment = check.text("comment", wire.comment, MAX_COMMENT);
    Ok(AgentCommand::Close {
        ticket: ticket?,
        closing: Closing {
            resolution: resolution?,
            intent: intent?,
            verdict: verdict?,
            correct_article: article?,
            comment: comment?,
        },
    })
}

impl TryFrom<v1::AssignTicketRequest> for SupervisorCommand {
    type Error = Invalid;

    fn try_from(wire: v1::AssignTicketRequest) -> Result<Self, Invalid> {
        let mut check = Check::default();
        let request = check.id("request_id", &wire.request_id, RequestId::new);
        let ticket = ticket(&mut check, &wire.ticket_id);
        let agent = check.id("agent_id", &wire.agent_id, AgentId::new);
        let reason = check.text("reason", wire.reason, MAX_REASON);
        let command = request.and(reason);
        let command = command.and_then(|_| Ok(Self::Assign { ticket: ticket?, agent: agent? }));
        check.finish(command)
    }
}

impl TryFrom<v1::UpdateTicketRequest> for SupervisorCommand {
    type Error = Invalid;

    fn try_from(wire: v1::UpdateTicketRequest) -> Result<Self, Invalid> {
        let mut check = Check::default();
        let request = check.id("request_id", &wire.request_id, RequestId::new);
        let ticket = ticket(&mut check, &wire.ticket_id);
        let priority = check.known("class", wire.class).map(class);
        let boost = span(&mut check, "boost", wire.boost);
        let queue = check.optional_id("queue", &wire.queue, QueueId::new);
        let reason = check.text("reason", wire.reason, MAX_REASON);
        let version = Some(wire.version).filter(|version| *version > 0);
        let command = || {
            let (ticket, priority, boost, queue) = (ticket?, priority?, boost?, queue?);
            Ok(Self::Update { ticket, version, priority, boost, queue })
        };
        let command = request.and(reason).and_then(|_| command());
        check.finish(command)
    }
}

fn class(wire: v1::PriorityClass) -> Option<Priority> {
    match wire {
        v1::PriorityClass::Unspecified => None,
        v1::PriorityClass::Low => Some(Priority::Low),
        v1::PriorityClass::Normal => Some(Priority::Normal),
        v1::PriorityClass::High => Some(Priority::High),
        v1::PriorityClass::Urgent => Some(Priority::Urgent),
    }
}

impl TryFrom<v1::SetAgentPresenceRequest> for SupervisorCommand {
    type Error = Invalid;

    fn try_from(wire: v1::SetAgentPresenceRequest) -> Result<Self, Invalid> {
        let mut check = Check::default();
        let request = check.id("request_id", &wire.request_id, RequestId::new);
        let agent = check.id("agent_id", &wire.agent_id, AgentId::new);
        let presence = wished(&mut check, "presence", wire.presence);
        let presence = presence.and_then(|presence| check.required("presence", presence));
        if matches!(presence, Ok(Presence::Online)) {
            check.wrong(
                "presence",
                "must be AWAY, DRAINING or OFFLINE: she comes online by herself",
            );
        }
        let release_work = wire.release_work;
        let command = request.and_then(|_| {
            Ok(Self::SetPresence { agent: agent?, presence: presence?, release_work })
        });
        check.finish(command)
    }
}
