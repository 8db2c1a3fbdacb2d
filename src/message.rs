//! The vocabulary that every other module speaks: identifiers, languages, priorities, and the customer's message.
//! It holds values and their validity, no behaviour of the service.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A point in time, always passed in; nothing below the doors reads a clock.
pub type Timestamp = jiff::Timestamp;

/// Why a value is not an identifier of its kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind} must be 1 to 128 printable ASCII characters, no space at either end")]
pub struct IdError {
    /// Which identifier.
    pub kind: &'static str,
}

macro_rules! identifiers {
    ($($(#[$doc:meta])* $name:ident = $kind:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            /// Checks and wraps an identifier.
            pub fn new(value: &str) -> Result<Self, IdError> {
                if is_identifier(value) { Ok(Self(value.into())) } else { Err(IdError { kind: $kind }) }
            }
            /// The identifier as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(value: String) -> Result<Self, IdError> {
                Self::new(&value)
            }
        }
        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0.as_ref().to_owned()
            }
        }
        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
    )*};
}

identifiers! {
    /// The authenticated key a request came with; scopes conversation ids.
    CallerId = "caller";
    /// The channel's own message id, chosen by the gateway; the idempotency key.
    RequestId = "request_id";
    /// One conversation of one customer, chosen by the gateway.
    ConversationId = "conversation_id";
    /// One person over all channels, if the gateway knows it.
    CustomerId = "customer_id";
    /// A channel: `web`, `app`, `wechat`, `feishu`, `mail`, …
    Channel = "channel";
    /// An article of the knowledge directory, stable over edits.
    ArticleId = "article id";
    /// What a customer wants; several articles may share one.
    IntentId = "intent";
    /// A queue, which is a skill group's.
    QueueId = "queue";
    /// An agent.
    AgentId = "agent";
    /// One recorded decision (`UUIDv7`).
    DecisionId = "decision_id";
    /// One ticket (`UUIDv7`).
    TicketId = "ticket_id";
    /// One offer of a ticket to an agent: the ticket's id, a dot, and how manieth offer of it this is.
    OfferId = "offer_id";
    /// One session of an agent's desk software: the SHA-256 of its token in hexadecimal, never the token.
    SessionId = "session";
    /// One question asked back.
    ClarifyId = "clarify_id";
}

fn is_identifier(value: &str) -> bool {
    let printable = value.bytes().all(|b| (b' '..=b'~').contains(&b));
    (1..=128).contains(&value.len()) && printable && value.trim() == value
}

/// A text that many hold and nobody changes, such as the name of what is served: cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Shared(Arc<str>);

impl Shared {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::ops::Deref for Shared {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for Shared {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl From<String> for Shared {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl From<Shared> for String {
    fn from(text: Shared) -> Self {
        text.0.as_ref().to_owned()
    }
}

/// A BCP 47 primary language subtag in lower case: `zh`, `en`, `ja`, … or `und`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Language([u8; 3]);

impl Language {
    /// Chinese.
    pub const ZH: Self = Self(*b"zh ");
    /// English.
    pub const EN: Self = Self(*b"en ");
    /// Not determined.
    pub const UND: Self = Self(*b"und");

    /// Reads the primary subtag of a BCP 47 tag (`zh-Hans-CN` is `zh`); `None` if there is none.
    pub fn parse(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_']).next()?.as_bytes();
        let letters = primary.iter().all(u8::is_ascii_alphabetic);
        if !letters || !(2..=3).contains(&primary.len()) {
            return None;
        }
        let mut code = [b' '; 3];
        for (slot, letter) in code.iter_mut().zip(primary) {
            *slot = letter.to_ascii_lowercase();
        }
        Some(Self(code))
    }

    /// The subtag as text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("und").trim_end()
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl TryFrom<String> for Language {
    type Error = String;
    fn try_from(tag: String) -> Result<Self, String> {
        Self::parse(&tag)
            .ok_or_else(|| format!("{tag:?} is not a BCP 47 language such as zh or en"))
    }
}

impl From<Language> for String {
    fn from(language: Language) -> String {
        language.as_str().to_owned()
    }
}

/// A number in 0..=1 that claims to be a probability. Never NaN.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default, Serialize, Deserialize)]
pub struct Probability(f64);

impl Probability {
    /// Clamps to 0..=1; NaN becomes 0.
    pub fn new(value: f64) -> Self {
        Self(if value.is_nan() { 0.0 } else { value.clamp(0.0, 1.0) })
    }
    /// The number.
    pub fn get(self) -> f64 {
        self.0
    }
}

/// The class of a ticket, ordered: an urgent one stands before every other.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Priority {
    /// Can wait.
    Low,
    /// The default.
    #[default]
    Normal,
    /// Money or trust is at stake.
    High,
    /// Danger, theft or a deadline: entered by urgency only.
    Urgent,
}

/// What a wrong answer could cost.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Risk {
    /// Nothing but time.
    #[default]
    None,
    /// Money.
    Money,
    /// A legal position.
    Legal,
    /// Health or property.
    Safety,
}

/// What an editor wants done with a message that an article matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Handling {
    /// Send the article's answer.
    #[default]
    Answer,
    /// Ask back with the article's options.
    Clarify,
    /// A person must handle it.
    Route,
}

/// Whether the bot may speak, per channel and language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Everything routes.
    Off,
    /// Decided and recorded, nothing sent: everything routes.
    Shadow,
    /// The gate's verdict counts.
    #[default]
    On,
}

/// One message of a customer, as a gateway handed it in and a door validated it.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// The channel's message id.
    pub request_id: RequestId,
    /// Whose conversation.
    pub conversation_id: ConversationId,
    /// The gateway's own count from 1; `None` when arrival order is the order.
    pub sequence: Option<u64>,
    /// The customer's clock; informative.
    pub sent_at: Option<Timestamp>,
    /// Which channel.
    pub channel: Channel,
    /// The gateway's idea of the language; wins over detection on very short texts.
    pub language_hint: Option<Language>,
    /// The person, if known.
    pub customer_id: Option<CustomerId>,
    /// Shown to the agent.
    pub customer_name: Option<String>,
    /// What was sent.
    pub content: Content,
    /// For routing rules only; never read by the encoder.
    pub attributes: BTreeMap<String, String>,
}

/// What a customer sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Words, at most 8 KiB of UTF-8.
    Text(String),
    /// A tapped option of an earlier Clarify.
    Choice {
        /// Which question asked back.
        clarify_id: ClarifyId,
        /// Which of its options.
        option_id: String,
    },
    /// An image, a voice message, a file, a sticker, a location: never an error.
    Attachment {
        /// `image | audio | video | file | location | sticker | other`.
        kind: String,
        /// Passed to the agent, never fetched.
        uri: String,
        /// Text that came with it; read like `Text` when not empty.
        caption: String,
    },
    /// The customer opened the chat and said nothing yet.
    Opening,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_printable_ascii() {
        let check = |value: &str, valid: bool| {
            assert_eq!(RequestId::new(value).is_ok(), valid, "{value:?}");
        };
        check("a", true);
        check("wx:1234 5", true);
        check(&"x".repeat(128), true);
        check("", false);
        check(&"x".repeat(129), false);
        check(" a", false);
        check("a\n", false);
        check("订单", false);
    }

    #[test]
    fn languages_keep_the_primary_subtag() {
        let check = |tag: &str, expect: Option<&str>| {
            assert_eq!(Language::parse(tag).as_ref().map(Language::as_str), expect, "{tag:?}");
        };
        check("zh", Some("zh"));
        check("zh-Hans-CN", Some("zh"));
        check("EN_us", Some("en"));
        check("yue", Some("yue"));
        check("", None);
        check("e", None);
        check("中文", None);
    }

    #[test]
    fn probability_is_never_nan() {
        assert_eq!(Probability::new(f64::NAN), Probability::new(0.0));
        assert_eq!(Probability::new(7.0).get().to_bits(), 1f64.to_bits());
    }

    #[test]
    fn urgent_stands_above_all() {
        assert!(Priority::Urgent > Priority::High && Priority::High > Priority::Normal);
    }
}
