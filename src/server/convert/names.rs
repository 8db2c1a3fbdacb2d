//! Enumerations that stand on both sides under the same names. Exhaustive on the domain's side: a value added there does
//! not compile until the wire has it.

use crate::proto::v1;
use crate::{decision, dispatch, message, routing};

macro_rules! mirrors {
    ($($module:ident::$domain:ident => $wire:ident { $($name:ident),* $(,)? })*) => {$(
        impl From<$module::$domain> for v1::$wire {
            fn from(value: $module::$domain) -> Self {
                match value {
                    $($module::$domain::$name => v1::$wire::$name,)*
                }
            }
        }
    )*};
}

mirrors! {
    decision::Action => Action { Answer, Clarify, Route, Forward, None }
    decision::Reason => Reason {
        GatePassed, BelowThreshold, OutOfScope, CloseAnswers, ReadersDisagree, PersonAskedFor, ArticleRoutes,
        ArticleClarifies, RiskPolicy, Urgent, LanguageNotServed, NoAnswerInLanguage, ChannelExcluded,
        ClarifyExhausted, NotCertified, AutomationOff, Degraded, NoText, CoolDown, CustomerChoice, HeldByAgent,
        HeldInQueue, TooManyParts, SmallTalk,
    }
    decision::GuaranteeState => GuaranteeState {
        None, Provisional, Measured, Certified, Stale, Withdrawn, Expired, Drifted,
    }
    message::Risk => Risk { None, Money, Legal, Safety }
    message::Priority => PriorityClass { Low, Normal, High, Urgent }
    message::Mode => AutomationMode { Off, Shadow, On }
    dispatch::Author => Author { Bot, System, Agent }
    dispatch::RouteOutcome => RouteOutcome {
        Queued, QueueFull, OutOfHours, LeaveMessage, Callback, NoDesk, WouldQueue,
    }
    routing::TicketState => TicketState {
        Queued, Offered, Assigned, Parked, Wrapping, Closed, Cancelled, Rejected, Expired,
    }
    routing::Presence => Presence { Offline, Online, Draining, Away, NotResponding, Lost }
    routing::RevokeReason => RevokeReason {
        AgentOffline, AgentDraining, AgentAway, AgentLost, AgentNotResponding, CustomerLeft, Superseded,
        Reclassified, Admin, RecoveredAfterRestart,
    }
    dispatch::ConversationState => ConversationState {
        Bot, Clarifying, Waiting, WithAgent, Parked, CoolDown, Closed,
    }
}

impl From<dispatch::TicketReason> for v1::TicketReason {
    fn from(reason: dispatch::TicketReason) -> Self {
        use dispatch::TicketReason::{Ended, Standing};
        use routing::{End, Reason};
        match reason {
            Standing(Reason::Routed) => Self::Routed,
            Standing(Reason::Offered) => Self::Offered,
            Standing(Reason::OfferDeclined) => Self::OfferDeclined,
            Standing(Reason::OfferExpired) => Self::OfferExpired,
            Standing(Reason::OfferRevoked) => Self::OfferRevoked,
            Standing(Reason::Accepted) => Self::Accepted,
            Standing(Reason::AgentLost) => Self::AgentLost,
            Standing(Reason::Transferred) => Self::Transferred,
            Standing(Reason::Released) => Self::Released,
            Standing(Reason::Reclassified) => Self::Reclassified,
            Standing(Reason::CustomerWrote) => Self::CustomerWrote,
            Standing(Reason::CustomerIdle) => Self::CustomerIdle,
            Standing(Reason::Parked) => Self::Parked,
            Standing(Reason::CalendarOpened) => Self::CalendarOpened,
            Standing(Reason::Completed) => Self::Completed,
            Standing(Reason::Closed) => Self::Resolved,
            Standing(Reason::Admin) | Ended(End::Admin) => Self::Admin,
            Standing(Reason::CalendarClosed) | Ended(End::CalendarClosed) => Self::CalendarClosed,
            Ended(End::CustomerLeft | End::CustomerCancelled) => Self::CustomerLeft,
            Ended(End::Duplicate) => Self::Duplicate,
            Ended(End::MaxWait) => Self::MaxWait,
        }
    }
}

/// A name of the wire without its enumeration's, as labels and logs have it: `GATE_PASSED`.
pub(crate) fn bare(name: &'static str, prefix: &str) -> &'static str {
    name.strip_prefix(prefix).unwrap_or(name)
}
