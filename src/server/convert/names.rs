//! Enumerations that stand on both sides under the same names. Exhaustive on the domain's side: a value added there does
//! not compile until the wire has it.

use crate::proto::v1;
use crate::{decision, dispatch, message};

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
    dispatch::Author => Author { Bot, System }
    dispatch::RouteOutcome => RouteOutcome { Queued, QueueFull, NoDesk, WouldQueue }
    dispatch::TicketState => TicketState { Queued, Cancelled, Expired }
    dispatch::ConversationState => ConversationState { Bot, Clarifying, Waiting, CoolDown, Closed }
}

/// A name of the wire without its enumeration's, as labels and logs have it: `GATE_PASSED`.
pub(crate) fn bare(name: &'static str, prefix: &str) -> &'static str {
    name.strip_prefix(prefix).unwrap_or(name)
}
