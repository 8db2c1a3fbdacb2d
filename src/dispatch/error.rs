//! Everything that `dispatch` refuses, each with what the caller should do next. Customers are never an error: these are
//! for gateways, supervisors and for faults of our own.

use std::borrow::Cow;
use std::time::Duration;

use crate::error::{Classify, Kind, Problem};

/// Why a call was refused or could not be finished.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DispatchError {
    /// The service is shutting down.
    #[error("the service is draining and takes no new work")]
    Draining,
    /// The channel is not one of the configured ones.
    #[error("channel {channel} is not configured")]
    ChannelUnknown {
        /// The channel of the message.
        channel: String,
    },
    /// The deadline passed before there was a decision.
    #[error("the deadline passed before the message was decided")]
    DeadlinePassed,
    /// The same `request_id` came with another body.
    #[error("this request_id was used for a message with another body")]
    RequestIdReused,
    /// The sequence number was decided or passed already.
    #[error("sequence {sequence} was passed already, the next is {expected}")]
    SequencePassed {
        /// The number of the message.
        sequence: u64,
        /// The number that would be next.
        expected: u64,
    },
    /// Too many messages of one conversation wait.
    #[error("{limit} messages of this conversation wait already")]
    ConversationBusy {
        /// The bound.
        limit: usize,
    },
    /// Too many calls are in flight.
    #[error("{limit} calls are in flight already")]
    TooManyInFlight {
        /// The bound.
        limit: usize,
    },
    /// No room for another conversation: every one held is at work or waits for a person.
    #[error("{limit} conversations are held and none is idle")]
    TooManyConversations {
        /// The bound.
        limit: usize,
    },
    /// The customer recalled the message before it was decided.
    #[error("the message was withdrawn before it was decided")]
    Withdrawn,
    /// A conversation that this caller never sent a message of, or that was forgotten since.
    #[error("this conversation is not known")]
    ConversationNotFound,
    /// A decision that is not known, or no longer.
    #[error("this decision is not known")]
    DecisionNotFound,
    /// A ticket that is not known, or is over.
    #[error("no ticket with this id waits")]
    TicketNotFound,
    /// An agent who is not configured.
    #[error("this agent is not known")]
    AgentNotFound,
    /// An agent speaks of a ticket that she does not hold.
    #[error("this ticket is with somebody else, or with nobody")]
    NotYourTicket,
    /// There is no desk here.
    #[error("this service has no desk")]
    NoDesk,
    /// Another stream of the agent took over.
    #[error("another stream of this agent has taken her session over")]
    SessionTakenOver,
    /// A mode switch names more slices than are kept.
    #[error("{limit} slices have a mode of their own already")]
    TooManySlices {
        /// The bound.
        limit: usize,
    },
    /// A stage below failed; it says itself how.
    #[error(transparent)]
    Stage(#[from] Problem),
    /// The task that worked on the conversation ended without a reply: a defect.
    #[error("the work on this message was abandoned")]
    Abandoned,
}

impl Classify for DispatchError {
    fn kind(&self) -> Kind {
        match self {
            Self::Draining => Kind::Unavailable,
            Self::ChannelUnknown { .. } => Kind::InvalidArgument,
            Self::DeadlinePassed => Kind::DeadlineExceeded,
            Self::RequestIdReused | Self::SessionTakenOver => Kind::AlreadyExists,
            Self::SequencePassed { .. } | Self::TooManySlices { .. } | Self::NoDesk => {
                Kind::FailedPrecondition
            }
            Self::NotYourTicket => Kind::PermissionDenied,
            Self::ConversationBusy { .. }
            | Self::TooManyInFlight { .. }
            | Self::TooManyConversations { .. } => Kind::Overloaded,
            Self::Withdrawn => Kind::Cancelled,
            Self::ConversationNotFound
            | Self::DecisionNotFound
            | Self::TicketNotFound
            | Self::AgentNotFound => Kind::NotFound,
            Self::Stage(problem) => problem.kind,
            Self::Abandoned => Kind::Internal,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Draining => "DRAINING",
            Self::ChannelUnknown { .. } => "CHANNEL_UNKNOWN",
            Self::DeadlinePassed => "DEADLINE_EXCEEDED",
            Self::RequestIdReused => "REQUEST_ID_REUSED",
            Self::SequencePassed { .. } => "SEQUENCE_PASSED",
            Self::ConversationBusy { .. } => "CONVERSATION_BUSY",
            Self::TooManyInFlight { .. } => "TOO_MANY_IN_FLIGHT",
            Self::TooManyConversations { .. } => "TOO_MANY_CONVERSATIONS",
            Self::Withdrawn => "MESSAGE_WITHDRAWN",
            Self::ConversationNotFound => "CONVERSATION_NOT_FOUND",
            Self::DecisionNotFound => "DECISION_NOT_FOUND",
            Self::TicketNotFound => "TICKET_NOT_FOUND",
            Self::AgentNotFound => "AGENT_UNKNOWN",
            Self::NotYourTicket => "NOT_YOUR_TICKET",
            Self::NoDesk => "NO_DESK",
            Self::SessionTakenOver => "SESSION_TAKEN_OVER",
            Self::TooManySlices { .. } => "TOO_MANY_SLICES",
            Self::Stage(problem) => problem.reason,
            Self::Abandoned => "WORK_ABANDONED",
        }
    }

    fn remedy(&self) -> Cow<'static, str> {
        match self {
            Self::Draining => "Send it again: another instance, or this one after its restart, takes it.",
            Self::ChannelUnknown { .. } => {
                "Use one of the channels under [channels] of the configuration, or add this one there."
            }
            Self::DeadlinePassed => {
                "Send it again with the same request_id and a later deadline; two seconds suffice for a burst."
            }
            Self::RequestIdReused => {
                "Use the channel's own message id as request_id, one per message; repeat a request unchanged."
            }
            Self::SequencePassed { .. } => {
                "Number the messages of a conversation from 1 without gaps, or leave sequence out."
            }
            Self::ConversationBusy { .. } => {
                "Wait for the decisions on the earlier messages of this conversation, then send it again."
            }
            Self::TooManyInFlight { .. } | Self::TooManyConversations { .. } => {
                "Send it again after the hint; if this lasts, add an instance or raise the bound in the configuration."
            }
            Self::Withdrawn => "Nothing is to be done: the customer took the message back.",
            Self::ConversationNotFound => {
                "Check the id and the key: a conversation is created by its first message and seen by that key only."
            }
            Self::DecisionNotFound => {
                "Use the decision_id of a decision not older than the configured memory; a dry run leaves none."
            }
            Self::TicketNotFound => "List the tickets: it may have been cancelled or have expired.",
            Self::AgentNotFound => "Add the agent under [[agents]] of the configuration, or correct the id.",
            Self::NotYourTicket => "Speak only in tickets of yours: accept the offer first.",
            Self::NoDesk => "Hand the conversation over in the gateway: no queues are configured here.",
            Self::SessionTakenOver => "Work on in the other stream, or say hello here with take_over.",
            Self::TooManySlices { .. } => {
                "Set the mode of a whole channel or language, which replaces its slices."
            }
            Self::Stage(problem) => return problem.remedy.clone(),
            Self::Abandoned => {
                "Send it again with the same request_id; if it fails again, report it with the log of this minute."
            }
        }
        .into()
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Draining
            | Self::ConversationBusy { .. }
            | Self::TooManyInFlight { .. }
            | Self::TooManyConversations { .. } => Some(Duration::from_secs(1)),
            Self::Stage(problem) => problem.retry_after,
            Self::ChannelUnknown { .. }
            | Self::DeadlinePassed
            | Self::RequestIdReused
            | Self::SequencePassed { .. }
            | Self::Withdrawn
            | Self::ConversationNotFound
            | Self::DecisionNotFound
            | Self::TicketNotFound
            | Self::AgentNotFound
            | Self::NotYourTicket
            | Self::NoDesk
            | Self::SessionTakenOver
            | Self::TooManySlices { .. }
            | Self::Abandoned => None,
        }
    }

    fn metadata(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::ChannelUnknown { channel } => vec![("channel", channel.clone())],
            Self::SequencePassed { sequence, expected } => {
                vec![("sequence", sequence.to_string()), ("expected", expected.to_string())]
            }
            Self::ConversationBusy { limit }
            | Self::TooManyInFlight { limit }
            | Self::TooManyConversations { limit }
            | Self::TooManySlices { limit } => vec![("limit", limit.to_string())],
            Self::Stage(problem) => problem.metadata.clone(),
            Self::Draining
            | Self::DeadlinePassed
            | Self::RequestIdReused
            | Self::Withdrawn
            | Self::ConversationNotFound
            | Self::DecisionNotFound
            | Self::TicketNotFound
            | Self::AgentNotFound
            | Self::NotYourTicket
            | Self::NoDesk
            | Self::SessionTakenOver
            | Self::Abandoned => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_say_what_to_do_and_when() {
        let check = |error: DispatchError, kind: Kind, reason: &str, again: bool| {
            assert_eq!((error.kind(), error.reason()), (kind, reason), "{error}");
            assert_eq!(error.retry_after().is_some(), again, "{error}");
            let remedy = error.remedy();
            assert!(remedy.ends_with(['.', '!']) && remedy.len() > 20, "{error}: {remedy}");
            for (name, value) in error.metadata() {
                assert!(
                    error.to_string().contains(&value),
                    "{error}: {name} is not in the message"
                );
            }
        };
        let channel = "pager".to_owned();
        let (sequence, expected, limit) = (3, 5, 7);
        check(DispatchError::Draining, Kind::Unavailable, "DRAINING", true);
        check(
            DispatchError::ChannelUnknown { channel },
            Kind::InvalidArgument,
            "CHANNEL_UNKNOWN",
            false,
        );
        check(DispatchError::DeadlinePassed, Kind::DeadlineExceeded, "DEADLINE_EXCEEDED", false);
        check(DispatchError::RequestIdReused, Kind::AlreadyExists, "REQUEST_ID_REUSED", false);
        let passed = DispatchError::SequencePassed { sequence, expected };
        check(passed, Kind::FailedPrecondition, "SEQUENCE_PASSED", false);
        check(
            DispatchError::ConversationBusy { limit },
            Kind::Overloaded,
            "CONVERSATION_BUSY",
            true,
        );
        check(
            DispatchError::TooManyInFlight { limit },
            Kind::Overloaded,
            "TOO_MANY_IN_FLIGHT",
            true,
        );
        let full = DispatchError::TooManyConversations { limit };
        check(full, Kind::Overloaded, "TOO_MANY_CONVERSATIONS", true);
        check(DispatchError::Withdrawn, Kind::Cancelled, "MESSAGE_WITHDRAWN", false);
        check(DispatchError::ConversationNotFound, Kind::NotFound, "CONVERSATION_NOT_FOUND", false);
        check(DispatchError::DecisionNotFound, Kind::NotFound, "DECISION_NOT_FOUND", false);
        check(DispatchError::TicketNotFound, Kind::NotFound, "TICKET_NOT_FOUND", false);
        let slices = DispatchError::TooManySlices { limit };
        check(slices, Kind::FailedPrecondition, "TOO_MANY_SLICES", false);
        check(DispatchError::Abandoned, Kind::Internal, "WORK_ABANDONED", false);
    }

    #[test]
    fn a_stage_speaks_for_itself() {
        let problem = Problem {
            kind: Kind::Overloaded,
            reason: "ENCODER_BUSY",
            message: "the encoder's queue is full".to_owned(),
            remedy: "Come back.".into(),
            retry_after: Some(Duration::from_secs(2)),
            metadata: vec![("waiting", "9".to_owned())],
        };
        assert_eq!(Problem::from(&DispatchError::Stage(problem.clone())), problem);
    }
}
