//! Requests of the wire other than a customer's message → what `dispatch` takes.

use super::inbound::language;
use super::invalid::{Check, Invalid, Noted};
use crate::dispatch::{
    ConversationEvent, DeliveryState, EventKind, Feedback, FeedbackSource, Slice, TicketState,
    TicketView, Verdict,
};
use crate::message::{
    AgentId, ArticleId, Channel, ConversationId, DecisionId, Message, Mode, QueueId, RequestId,
    TicketId,
};
use crate::proto::v1::{self, conversation_event};

/// Bytes of what a person writes about a decision.
const MAX_COMMENT: usize = 2048;
/// Bytes of a reason for the log.
const MAX_REASON: usize = 256;
/// Tickets of one page, and how many where nothing is said.
const MAX_PAGE: u32 = 1000;
const PAGE: u32 = 100;

/// One message to decide on.
#[derive(Debug)]
pub(crate) struct Ask {
    pub(crate) message: Message,
    pub(crate) explain: v1::ExplainLevel,
    pub(crate) dry_run: bool,
}

impl TryFrom<v1::HandleRequest> for Ask {
    type Error = Invalid;

    fn try_from(wire: v1::HandleRequest) -> Result<Self, Invalid> {
        let mut check = Check::default();
        let message = check.required("message", wire.message);
        let message = message.and_then(|wire| check.nested("message", Message::try_from(wire)));
        let explain = level(&mut check, "explain", wire.explain);
        let ask = || Ok(Self { message: message?, explain: explain?, dry_run: wire.dry_run });
        let ask = ask();
        check.finish(ask)
    }
}

/// A message of a stream.
pub(crate) fn message(wire: v1::CustomerMessage) -> Result<Message, Invalid> {
    let mut check = Check::default();
    let message = check.nested("message", Message::try_from(wire));
    check.finish(message)
}

/// An attachment of a stream.
#[derive(Debug)]
pub(crate) struct Attach {
    pub(crate) instance: String,
    pub(crate) explain: v1::ExplainLevel,
    pub(crate) at_once: u32,
    pub(crate) cursor: String,
}

impl TryFrom<v1::Attach> for Attach {
    type Error = Invalid;

    fn try_from(wire: v1::Attach) -> Result<Self, Invalid> {
        let mut check = Check::default();
        // The name of an instance is of the same form as every identifier.
        let instance = check.optional_id("attach.instance", &wire.instance, RequestId::new);
        let explain = level(&mut check, "attach.explain", wire.explain);
        let attach = || {
            Ok(Self {
                instance: instance?.map(String::from).unwrap_or_default(),
                explain: explain?,
                at_once: wire.max_unacknowledged,
                cursor: wire.resume_cursor,
            })
        };
        let attach = attach();
        check.finish(attach)
    }
}

fn level(check: &mut Check, field: &str, wire: i32) -> Result<v1::ExplainLevel, Noted> {
    check.known(field, wire)
}

impl TryFrom<v1::ConversationEvent> for ConversationEvent {
    type Error = Invalid;

    fn try_from(wire: v1::ConversationEvent) -> Result<Self, Invalid> {
        let mut check = Check::default();
        let request_id = check.id("request_id", &wire.request_id, RequestId::new);
        let conversation_id =
            check.id("conversation_id", &wire.conversation_id, ConversationId::new);
        let kind = happened(&mut check, wire.event);
        let event =
            || Ok(Self { request_id: request_id?, conversation_id: conversation_id?, kind: kind? });
        let event = event();
        check.finish(event)
    }
}

/// An event to record.
pub(crate) fn event(wire: v1::SendEventRequest) -> Result<ConversationEvent, Invalid> {
    let mut check = Check::default();
    let event = check.required("event", wire.event);
    let event = event.and_then(|wire| check.nested("event", wire.try_into()));
    check.finish(event)
}

/// An event of the conversation that a path names; one that names another conversation is wrong.
pub(crate) fn event_of(
    conversation_id: &str,
    mut wire: v1::ConversationEvent,
) -> Result<v1::ConversationEvent, Invalid> {
    let mut check = Check::default();
    if wire.conversation_id.is_empty() {
        conversation_id.clone_into(&mut wire.conversation_id);
    } else if wire.conversation_id != conversation_id {
        check.wrong("conversation_id", "must be the one of the path, or left out");
    }
    check.finish(Ok(wire))
}

fn happened(
    check: &mut Check,
    wire: Option<conversation_event::Event>,
) -> Result<EventKind, Noted> {
    use conversation_event::Event;
    match wire {
        Some(Event::CustomerLeft(v1::CustomerLeft {})) => Ok(EventKind::CustomerLeft),
        Some(Event::CustomerTyping(v1::CustomerTyping {})) => Ok(EventKind::CustomerTyping),
        Some(Event::Cancel(v1::CancelRequest {})) => Ok(EventKind::Cancel),
        Some(Event::Withdrawn(withdrawn)) => {
            let id = check.id("withdrawn.request_id", &withdrawn.request_id, RequestId::new);
            id.map(EventKind::Withdrawn)
        }
        Some(Event::Delivery(report)) => delivery(check, &report),
        None => Err(check.missing(
            "event",
            "must be one of customer_left, customer_typing, delivery, cancel and withdrawn",
        )),
    }
}

fn delivery(check: &mut Check, report: &v1::DeliveryReport) -> Result<EventKind, Noted> {
    let message_id = check.id("delivery.message_id", &report.message_id, RequestId::new);
    let state = check.value("delivery.state", report.state, |state| match state {
        v1::DeliveryState::Unspecified => None,
        v1::DeliveryState::Delivered => Some(DeliveryState::Delivered),
        v1::DeliveryState::Read => Some(DeliveryState::Read),
        v1::DeliveryState::Failed => Some(DeliveryState::Failed),
        v1::DeliveryState::WindowClosed => Some(DeliveryState::WindowClosed),
        v1::DeliveryState::QuotaUsed => Some(DeliveryState::QuotaUsed),
    });
    Ok(EventKind::Delivery { message_id: message_id?.into(), state: state? })
}

impl TryFrom<v1::RecordFeedbackRequest> for Feedback {
    type Error = Invalid;

    fn try_from(wire: v1::RecordFeedbackRequest) -> Result<Self, Invalid> {
        let mut check = Check::default();
        let request_id = check.id("request_id", &wire.request_id, RequestId::new);
        let decision_id = check.id("decision_id", &wire.decision_id, DecisionId::new);
        let verdict = check.value("verdict", wire.verdict, verdict);
        let source = check.value("source", wire.source, source);
        let article = &wire.correct_article_id;
        let correct_article = check.optional_id("correct_article_id", article, ArticleId::new);
        let comment = check.text("comment", wire.comment, MAX_COMMENT);
        let feedback = || {
            Ok(Self {
                request_id: request_id?,
                decision_id: decision_id?,
                verdict: verdict?,
                source: source?,
                correct_article: correct_article?,
                comment: comment?,
            })
        };
        let feedback = feedback();
        check.finish(feedback)
    }
}

pub(super) fn verdict(wire: v1::Verdict) -> Option<Verdict> {
    match wire {
        v1::Verdict::Unspecified => None,
        v1::Verdict::Right => Some(Verdict::Right),
        v1::Verdict::Wrong => Some(Verdict::Wrong),
        v1::Verdict::NoArticle => Some(Verdict::NoArticle),
        v1::Verdict::Unclear => Some(Verdict::Unclear),
    }
}

fn source(wire: v1::FeedbackSource) -> Option<FeedbackSource> {
    match wire {
        v1::FeedbackSource::Unspecified => None,
        v1::FeedbackSource::Customer => Some(FeedbackSource::Customer),
        v1::FeedbackSource::Agent => Some(FeedbackSource::Agent),
        v1::FeedbackSource::Editor => Some(FeedbackSource::Editor),
    }
}

/// A conversation to read.
pub(crate) fn conversation_id(
    wire: &v1::GetConversationRequest,
) -> Result<ConversationId, Invalid> {
    let mut check = Check::default();
    let id = check.id("conversation_id", &wire.conversation_id, ConversationId::new);
    check.finish(id)
}

/// A page of tickets.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) queue: Option<QueueId>,
    /// Of these states; empty for those that wait.
    pub(crate) states: Vec<TicketState>,
    pub(crate) agent: Option<AgentId>,
    pub(crate) size: usize,
    /// Tickets before this page.
    pub(crate) skip: usize,
}

impl TryFrom<v1::ListTicketsRequest> for Page {
    type Error = Invalid;

    fn try_from(wire: v1::ListTicketsRequest) -> Result<Self, Invalid> {
        let mut check = Check::default();
        let queue = check.optional_id("queue", &wire.queue, QueueId::new);
        let agent = check.optional_id("agent_id", &wire.agent_id, AgentId::new);
        let states: Result<Vec<_>, Noted> =
            wire.states.iter().map(|state| check.value("states", *state, ticket_state)).collect();
        let skip = skip(&mut check, &wire.page_token);
        let size = page_size(wire.page_size);
        let page = || Ok(Self { queue: queue?, states: states?, agent: agent?, size, skip: skip? });
        let page = page();
        check.finish(page)
    }
}

/// Items of a page: at least one, at most [`MAX_PAGE`].
pub(super) fn page_size(wire: u32) -> usize {
    let size = match wire {
        0 => PAGE,
        size => size.min(MAX_PAGE),
    };
    usize::try_from(size).unwrap_or(usize::MAX)
}

fn ticket_state(wire: v1::TicketState) -> Option<TicketState> {
    match wire {
        v1::TicketState::Unspecified => None,
        v1::TicketState::Queued => Some(TicketState::Queued),
        v1::TicketState::Offered => Some(TicketState::Offered),
        v1::TicketState::Assigned => Some(TicketState::Assigned),
        v1::TicketState::Parked => Some(TicketState::Parked),
        v1::TicketState::Wrapping => Some(TicketState::Wrapping),
        v1::TicketState::Closed => Some(TicketState::Closed),
        v1::TicketState::Cancelled => Some(TicketState::Cancelled),
        v1::TicketState::Rejected => Some(TicketState::Rejected),
        v1::TicketState::Expired => Some(TicketState::Expired),
    }
}

pub(super) fn skip(check: &mut Check, token: &str) -> Result<usize, Noted> {
    if token.is_empty() {
        return Ok(0);
    }
    token
        .parse()
        .map_err(|_| check.wrong("page_token", "must be the next_page_token of the page before"))
}

impl Page {
    /// Whether only tickets that wait are asked for.
    pub(crate) fn waits_only(&self) -> bool {
        self.states.iter().all(|state| state.waits()) && self.agent.is_none()
    }

    /// Whether a ticket belongs on it.
    pub(crate) fn wants(&self, ticket: &TicketView) -> bool {
        let of_queue = self.queue.as_ref().is_none_or(|queue| *queue == ticket.queue);
        let of_agent = self.agent.is_none() || self.agent == ticket.agent;
        let in_state = match self.states.as_slice() {
            [] => ticket.state.waits() || self.agent.is_some(),
            states => states.contains(&ticket.state),
        };
        of_queue && of_agent && in_state
    }
}

/// The ticket to cancel.
pub(crate) fn cancellation(wire: &v1::CancelTicketRequest) -> Result<TicketId, Invalid> {
    let mut check = Check::default();
    let request_id = check.id("request_id", &wire.request_id, RequestId::new);
    let ticket_id = check.id("ticket_id", &wire.ticket_id, TicketId::new);
    check.finish(request_id.and(ticket_id))
}

/// A mode to switch to, and where.
#[derive(Debug)]
pub(crate) struct Switch {
    pub(crate) slice: Slice,
    pub(crate) mode: Mode,
    pub(crate) reason: String,
}

impl TryFrom<v1::SetAutomationRequest> for Switch {
    type Error = Invalid;

    fn try_from(wire: v1::SetAutomationRequest) -> Result<Self, Invalid> {
        let mut check = Check::default();
        let request_id = check.id("request_id", &wire.request_id, RequestId::new);
        let channel = check.optional_id("channel", &wire.channel, Channel::new);
        let language = language(&mut check, "language", &wire.language);
        let reason = check.text("reason", wire.reason, MAX_REASON);
        let mode = check.value("mode", wire.mode, |mode| match mode {
            v1::AutomationMode::Unspecified => None,
            v1::AutomationMode::Off => Some(Mode::Off),
            v1::AutomationMode::Shadow => Some(Mode::Shadow),
            v1::AutomationMode::On => Some(Mode::On),
        });
        let switch = || {
            let slice = Slice { channel: channel?, language: language? };
            Ok(Self { slice, mode: mode?, reason: reason? })
        };
        let switch = request_id.and(switch());
        check.finish(switch)
    }
}
