//! What the journal holds: one closed enum, read and written by name, so that a field can be added and an old journal still
//! be read. These are not the service's own values but what must survive of them; who holds those turns one into the other.

mod bundle;

use serde::{Deserialize, Serialize};

use crate::decision::{Choice, Decision};
use crate::message::{
    AgentId, ArticleId, CallerId, Channel, ClarifyId, DecisionId, Language, Mode, Priority,
    QueueId, RequestId, Shared, TicketId, Timestamp,
};
use crate::routing::{self, Conversation, TicketState};

pub use bundle::{Bundle, Claim, Rules};

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Record {
    /// A message, or a burst of them, was decided.
    Decided(Box<Decided>),
    /// A gateway reported something besides messages.
    Customer(CustomerEvent),
    /// The desk changed.
    Desk(Vec<routing::Event>),
    /// An agent wrote to the customer.
    AgentSaid(AgentWords),
    /// An agent wrote for colleagues.
    Note(AgentWords),
    /// Somebody switched what the bot may do.
    Automation(Switch),
    /// Somebody judged a decision.
    Verdict(Verdict),
    /// What decides from here on.
    Bundle(Box<Bundle>),
    /// A conversation's key was dropped.
    Erased(Erased),
    /// The state after the record before was kept.
    SnapshotTaken(SnapshotTaken),
}

/// The kinds of records, as a head states them in the clear.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// [`Record::Decided`].
    Decided = 1,
    /// [`Record::Customer`].
    Customer = 2,
    /// [`Record::Desk`].
    Desk = 3,
    /// [`Record::AgentSaid`].
    AgentSaid = 4,
    /// [`Record::Note`].
    Note = 5,
    /// [`Record::Automation`].
    Automation = 6,
    /// [`Record::Verdict`].
    Verdict = 7,
    /// [`Record::Bundle`].
    Bundle = 8,
    /// [`Record::Erased`].
    Erased = 9,
    /// [`Record::SnapshotTaken`].
    SnapshotTaken = 10,
}

impl Kind {
    const ALL: [Self; 10] = [
        Self::Decided,
        Self::Customer,
        Self::Desk,
        Self::AgentSaid,
        Self::Note,
        Self::Automation,
        Self::Verdict,
        Self::Bundle,
        Self::Erased,
        Self::SnapshotTaken,
    ];

    /// The kind of this number.
    pub(super) fn of(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u8 == number)
    }

    /// The name that people read.
    pub fn name(self) -> &'static str {
        match self {
            Self::Decided => "decided",
            Self::Customer => "customer",
            Self::Desk => "desk",
            Self::AgentSaid => "agent-said",
            Self::Note => "note",
            Self::Automation => "automation",
            Self::Verdict => "verdict",
            Self::Bundle => "bundle",
            Self::Erased => "erased",
            Self::SnapshotTaken => "snapshot",
        }
    }
}

/// One decision with everything that its repeat and its replay need.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Decided {
    /// Whose conversation.
    pub conversation: Conversation,
    /// Its identity.
    pub decision_id: DecisionId,
    /// The messages it answers, in order.
    pub heard: Vec<Heard>,
    /// The channel they came over.
    pub channel: Channel,
    /// What was read, merged messages together.
    pub text: String,
    /// What the customer wrote in the turn before, where that was read too.
    #[serde(default)]
    pub before: Option<String>,
    /// The decision, evidence included.
    pub decision: Decision,
    /// What was said.
    pub say: Vec<Said>,
    /// The question asked back.
    #[serde(default)]
    pub clarify: Option<AskedBack>,
    /// The ticket of the conversation, as it stood.
    #[serde(default)]
    pub ticket: Option<Ticket>,
    /// What became of a hand-over.
    #[serde(default)]
    pub route: Option<Handover>,
    /// The position that the customer was told.
    #[serde(default)]
    pub told: Option<u32>,
    /// The bundle that decided, by [`Bundle::id`].
    pub bundle: Shared,
    /// Where the time went.
    #[serde(default)]
    pub timings: Timings,
    /// When.
    pub decided_at: Timestamp,
}

/// One message of a decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heard {
    /// The channel's message id.
    pub request_id: RequestId,
    /// Of its body: SHA-256.
    #[serde(with = "bytes")]
    pub fingerprint: [u8; 32],
    /// The gateway's own number.
    #[serde(default)]
    pub sequence: Option<u64>,
    /// Its words; empty where it has none.
    pub text: String,
    /// What came with them.
    #[serde(default)]
    pub attached: Option<Attached>,
}

/// Something other than words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attached {
    /// What kind.
    pub kind: String,
    /// Where it lies.
    pub uri: String,
}

/// One message to the customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// The gateway's key against duplicates.
    pub message_id: String,
    /// Plain text.
    pub text: String,
    /// The same as markdown.
    #[serde(default)]
    pub markdown: String,
    /// What can be tapped.
    #[serde(default)]
    pub options: Vec<Choice>,
    /// The bot's words; else the editors' phrases.
    pub by_bot: bool,
}

/// A question asked back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskedBack {
    /// What a tap refers to.
    pub id: ClarifyId,
    /// Until when.
    pub expires_at: Timestamp,
}

/// What became of a hand-over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Handover {
    /// A ticket waits.
    Queued,
    /// The queue is full.
    QueueFull,
    /// Nobody works at this hour.
    OutOfHours,
    /// A ticket waits for the opening.
    LeaveMessage,
    /// A ticket waits for the opening, and the customer will be called back.
    Callback,
    /// There is no desk here.
    NoDesk,
    /// It would have been handed over.
    WouldQueue,
}

/// A ticket as the caller was told of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    /// Which.
    pub id: TicketId,
    /// Where in its life it stood.
    #[serde(default = "queued")]
    pub state: TicketState,
    /// Who held it.
    #[serde(default)]
    pub agent: Option<AgentId>,
    /// What customers read of her.
    #[serde(default)]
    pub agent_name: String,
    /// The queue it waits in.
    pub queue: QueueId,
    /// Its class.
    pub priority: Priority,
    /// Since when it waits.
    pub enqueued_at: Timestamp,
    /// 1 is next.
    #[serde(default)]
    pub position: Option<u32>,
    /// The channel it came over.
    pub channel: Channel,
    /// The language a person must speak.
    pub language: Language,
    /// When all this was so.
    pub as_of: Timestamp,
}

fn queued() -> TicketState {
    TicketState::Queued
}

/// Where the time went, in nanoseconds, and how often the encoder ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Timings {
    /// From the arrival of the first message to the decision, without `held`.
    pub total: u64,
    /// Waiting for the rest of a burst.
    pub held: u64,
    /// Waiting for an encoder thread.
    pub queue: u64,
    /// Text to tokens.
    pub tokenize: u64,
    /// The forward passes.
    pub encode: u64,
    /// Finding candidates.
    pub retrieve: u64,
    /// Evidence to verdict.
    pub decide: u64,
    /// Texts encoded.
    pub encodings: u32,
    /// Texts whose vectors were still known.
    pub cached: u32,
}

/// What a gateway reported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerEvent {
    /// Whose conversation.
    pub conversation: Conversation,
    /// What happened.
    pub what: Happened,
}

/// What happened to a conversation besides messages and decisions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Happened {
    /// The customer closed the chat.
    Left,
    /// The customer no longer wants a person.
    Cancelled,
    /// The customer took a message back: its words are to be forgotten.
    Withdrawn(RequestId),
    /// A message did not arrive.
    NotDelivered {
        /// Which.
        message_id: String,
    },
}

/// What an agent wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentWords {
    /// In which conversation.
    pub conversation: Conversation,
    /// On which ticket.
    pub ticket: TicketId,
    /// Who.
    pub agent: AgentId,
    /// What customers read of her.
    #[serde(default)]
    pub name: String,
    /// Identity of the message.
    pub message_id: String,
    /// The words.
    pub text: String,
}

/// A mode that was switched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Switch {
    /// Who switched.
    #[serde(default)]
    pub by: Option<CallerId>,
    /// Of which channel; `None` is all.
    #[serde(default)]
    pub channel: Option<Channel>,
    /// Of which language; `None` is all.
    #[serde(default)]
    pub language: Option<Language>,
    /// What holds from here on.
    pub mode: Mode,
    /// A fingerprint of the modes that were configured: where an operator changed those since, they win.
    #[serde(default)]
    pub over: String,
}

/// A judgement about a decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// Who brought it.
    pub caller: CallerId,
    /// Identity of the verdict.
    pub request_id: RequestId,
    /// Which decision.
    pub decision_id: DecisionId,
    /// `right | wrong | no_article | unclear`.
    pub verdict: Judgement,
    /// Who judged.
    pub source: Judge,
    /// The article that would have been right.
    #[serde(default)]
    pub correct_article: Option<ArticleId>,
    /// In the words of whoever judged.
    #[serde(default)]
    pub comment: String,
}

/// Was a decision right?
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Judgement {
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Judge {
    /// The customer.
    Customer,
    /// An agent.
    Agent,
    /// A knowledge editor.
    Editor,
    /// A random draw.
    Audit,
}

/// A conversation whose key was dropped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erased {
    /// The gateway.
    pub caller: CallerId,
    /// Its conversation's alias, 32 hexadecimal digits: its name is forgotten too.
    pub alias: String,
}

/// A state that was kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotTaken {
    /// The last record that it holds.
    pub after: u64,
    /// Parts that were written for it.
    pub parts: u64,
}

impl Record {
    /// Its kind.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Decided(_) => Kind::Decided,
            Self::Customer(_) => Kind::Customer,
            Self::Desk(_) => Kind::Desk,
            Self::AgentSaid(_) => Kind::AgentSaid,
            Self::Note(_) => Kind::Note,
            Self::Automation(_) => Kind::Automation,
            Self::Verdict(_) => Kind::Verdict,
            Self::Bundle(_) => Kind::Bundle,
            Self::Erased(_) => Kind::Erased,
            Self::SnapshotTaken(_) => Kind::SnapshotTaken,
        }
    }

    /// The conversation whose key seals it; `None` for what is sealed with the journal's own key.
    pub fn conversation(&self) -> Option<&Conversation> {
        match self {
            Self::Decided(decided) => Some(&decided.conversation),
            Self::Customer(event) => Some(&event.conversation),
            Self::AgentSaid(words) | Self::Note(words) => Some(&words.conversation),
            Self::Desk(_)
            | Self::Automation(_)
            | Self::Verdict(_)
            | Self::Bundle(_)
            | Self::Erased(_)
            | Self::SnapshotTaken(_) => None,
        }
    }
}

/// A fingerprint as a byte string instead of a list of numbers.
mod bytes {
    use serde::de::Visitor;
    use serde::{Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8; 32], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_bytes(bytes)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<[u8; 32], D::Error> {
        from.deserialize_bytes(Bytes)
    }

    struct Bytes;

    impl Visitor<'_> for Bytes {
        type Value = [u8; 32];

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("32 bytes")
        }

        fn visit_bytes<E: serde::de::Error>(self, bytes: &[u8]) -> Result<[u8; 32], E> {
            bytes.try_into().map_err(|_| E::custom("not 32 bytes"))
        }
    }
}
