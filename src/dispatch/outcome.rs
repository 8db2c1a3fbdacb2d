//! What callers of `dispatch` give and get: values only, without the wire and without the work.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use tokio::time::Instant;

use super::conversation::{ConversationState, Line};
use super::feed::StreamId;
use crate::decision::{Choice, Decision};
use crate::message::{
    AgentId, ArticleId, Channel, ClarifyId, ConversationId, DecisionId, Language, Priority,
    QueueId, RequestId, TicketId, Timestamp,
};
use crate::release::BundleInfo;
use crate::routing::{self, TicketState};

/// How one message is to be handled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HandleOptions {
    /// Decide, but open no ticket and remember nothing.
    pub dry_run: bool,
    /// When the caller stops listening.
    pub deadline: Option<Instant>,
    /// Do not wait for the rest of a burst.
    pub no_hold: bool,
    /// The stream of the gateway that carried it.
    pub stream: Option<StreamId>,
}

/// The reply to one message.
#[derive(Debug, Clone)]
pub struct Handled {
    /// What was decided and done.
    pub outcome: Arc<Outcome>,
    /// It was decided for an earlier request with the same `request_id`.
    pub repeated: bool,
}

/// What was decided about one message, or about a burst of them, and what was done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// Its identity: what feedback refers to.
    pub decision_id: DecisionId,
    /// Whose conversation.
    pub conversation_id: ConversationId,
    /// Every message it answers, in order.
    pub request_ids: Vec<RequestId>,
    /// The decision. While a ticket waits, its action and parts say so.
    pub decision: Decision,
    /// What to send to the customer, in order.
    pub say: Vec<Outgoing>,
    /// The question asked back, where one was.
    pub clarify: Option<Clarification>,
    /// The ticket of the conversation.
    pub ticket: Option<TicketView>,
    /// What became of a hand-over; `None` where none was called for.
    pub route: Option<RouteOutcome>,
    /// What decided.
    #[serde(with = "shared")]
    pub bundle: Arc<BundleInfo>,
    /// Where the time went.
    pub timings: Timings,
    /// When.
    pub decided_at: Timestamp,
}

/// One message to the customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outgoing {
    /// Stable over resends: the gateway's key against duplicates.
    pub message_id: String,
    /// Plain text that fits the channel; never empty.
    pub text: String,
    /// The same as markdown; empty where the channel has no markup or a cut would break it.
    pub markdown: String,
    /// What can be tapped.
    pub options: Vec<Choice>,
    /// Who speaks.
    pub author: Author,
    /// Who of the agents; empty for the others.
    pub agent: String,
}

/// Who speaks to the customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Author {
    /// The bot: answers, small talk, questions asked back.
    Bot,
    /// The phrases that editors own: hand-over, position, queue full.
    System,
    /// A person at the desk.
    Agent,
}

/// A question asked back. Its options are in the decision's parts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clarification {
    /// What a tap refers to.
    pub id: ClarifyId,
    /// Until when an option may be chosen.
    pub expires_at: Timestamp,
}

/// What became of a hand-over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum RouteOutcome {
    /// A ticket waits.
    Queued,
    /// The queue is full.
    QueueFull,
    /// Nobody works at this hour.
    OutOfHours,
    /// Nobody works at this hour; a ticket waits for the opening.
    LeaveMessage,
    /// Nobody works at this hour; a ticket waits for the opening, and the customer will be called back.
    Callback,
    /// There is no desk here: the gateway hands over by itself.
    NoDesk,
    /// A dry run: it would have been handed over.
    WouldQueue,
}

/// Where the time went. All but `held` is work or waiting for work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Timings {
    /// From the arrival of the first message to the decision, without `held`.
    pub total: Duration,
    /// Waiting for the rest of a burst.
    pub held: Duration,
    /// Waiting for an encoder thread.
    pub queue: Duration,
    /// Text to tokens.
    pub tokenize: Duration,
    /// The forward passes.
    pub encode: Duration,
    /// Finding candidates.
    pub retrieve: Duration,
    /// Evidence to verdict.
    pub decide: Duration,
    /// Texts encoded; a burst that grew is read again.
    pub encodings: u32,
    /// Texts whose vectors were still known.
    pub cached: u32,
}

/// A ticket as callers see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketView {
    /// Its identity.
    pub id: TicketId,
    /// The conversation, as its gateway named it.
    pub conversation_id: ConversationId,
    /// Where in its life it stands.
    pub state: TicketState,
    /// Why.
    pub reason: TicketReason,
    /// Grows with every change.
    pub version: u64,
    /// Its queue.
    pub queue: QueueId,
    /// Its class.
    pub priority: Priority,
    /// How much older it counts inside its class.
    pub boost: Duration,
    /// Levels that its routing asks for.
    pub skills: BTreeMap<String, u8>,
    /// How far its search has widened.
    pub ring: u8,
    /// Since when it waits, or waited.
    pub enqueued_at: Timestamp,
    /// 1 is next; `None` where it does not wait.
    pub position: Option<u32>,
    /// How long it will still wait: half of such tickets, and nine of ten; `None` where it is not known.
    pub wait: Option<(Duration, Duration)>,
    /// Who holds it or is asked.
    pub agent: Option<AgentId>,
    /// What customers read of her; empty where there is nobody.
    pub agent_name: String,
    /// Whether she got it above her units.
    pub over_capacity: bool,
    /// The closed ticket that it takes up again.
    pub reopens: Option<TicketId>,
    /// The channel it came over.
    pub channel: Channel,
    /// The language a person must speak.
    pub language: Language,
    /// When all this was so.
    pub as_of: Timestamp,
}

/// Why a ticket is in its state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum TicketReason {
    /// It is open.
    Standing(routing::Reason),
    /// It is over.
    Ended(routing::End),
}

impl TicketReason {
    /// Whether a person at the desk ended it.
    pub(super) fn is_by_person(self) -> bool {
        self == Self::Ended(routing::End::Admin)
    }
}

/// What a conversation looks like from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConversationView {
    /// As its gateway named it.
    pub id: ConversationId,
    /// Who speaks with the customer.
    pub state: ConversationState,
    /// The ticket that waits.
    pub ticket: Option<TicketView>,
    /// What was written lately, oldest first.
    pub lines: Vec<Line>,
}

/// What a gateway knows of a conversation besides messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConversationEvent {
    /// Identity of the event. Events are idempotent by nature: each states how things are.
    pub request_id: RequestId,
    /// Whose conversation.
    pub conversation_id: ConversationId,
    /// What happened.
    pub kind: EventKind,
}

/// What happened besides messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventKind {
    /// The customer closed the chat: a waiting ticket is cancelled.
    CustomerLeft,
    /// The customer no longer wants a person: a waiting ticket is cancelled.
    Cancel,
    /// The customer is typing.
    CustomerTyping,
    /// The customer recalled a message.
    Withdrawn(RequestId),
    /// What became of a message that was sent.
    Delivery {
        /// `Outgoing::message_id`.
        message_id: String,
        /// What became of it.
        state: DeliveryState,
    },
}

/// What became of a message that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeliveryState {
    /// It arrived.
    Delivered,
    /// It was read.
    Read,
    /// It did not arrive.
    Failed,
    /// The channel no longer lets us write to this customer.
    WindowClosed,
    /// The channel's allowance of messages is spent.
    QuotaUsed,
}

/// A verdict on a decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Feedback {
    /// Identity of the verdict: the same twice counts once.
    pub request_id: RequestId,
    /// Which decision.
    pub decision_id: DecisionId,
    /// Was it right?
    pub verdict: Verdict,
    /// Who says so.
    pub source: FeedbackSource,
    /// The article that would have been right, if known.
    pub correct_article: Option<ArticleId>,
    /// In the words of whoever judged.
    pub comment: String,
}

/// Was a decision right?
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Verdict {
    /// Right.
    Right,
    /// Wrong.
    Wrong,
    /// Out of scope, or a gap in the knowledge.
    NoArticle,
    /// It cannot be told.
    Unclear,
}

/// Who judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum FeedbackSource {
    /// The customer.
    Customer,
    /// An agent.
    Agent,
    /// A knowledge editor.
    Editor,
    /// A random draw made by firstline: the only source that may certify.
    Audit,
}

/// A shared value, kept as what it is.
mod shared {
    use std::sync::Arc;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<T: Serialize, S: Serializer>(
        value: &Arc<T>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        value.as_ref().serialize(to)
    }

    pub(super) fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Arc<T>, D::Error> {
        T::deserialize(from).map(Arc::new)
    }
}
