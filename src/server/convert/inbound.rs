//! The wire → the vocabulary: what is read here is valid everywhere below. Unknown enum values and broken fields are the
//! caller's mistakes, told all at once.

use std::collections::BTreeMap;

use super::invalid::{Check, Invalid, Noted};
use crate::message::{
    Channel, ClarifyId, Content, ConversationId, CustomerId, Language, Message, RequestId,
    Timestamp,
};
use crate::proto::v1::{self, customer_message};
use crate::server::limit::MAX_TEXT;

/// Bytes of a name shown to agents.
const MAX_NAME: usize = 256;
/// Bytes of an attachment's address.
const MAX_URI: usize = 2048;
/// Attributes of a message, and bytes of their keys and values.
const MAX_ATTRIBUTES: usize = 32;
const MAX_ATTRIBUTE_KEY: usize = 64;
const MAX_ATTRIBUTE_VALUE: usize = 256;

/// The kinds of attachments that have a name; what a newer channel sends is `other`.
const ATTACHMENTS: [&str; 6] = ["image", "audio", "video", "file", "location", "sticker"];

impl TryFrom<v1::CustomerMessage> for Message {
    type Error = Invalid;

    fn try_from(wire: v1::CustomerMessage) -> Result<Self, Invalid> {
        let mut check = Check::default();
        let request_id = check.id("request_id", &wire.request_id, RequestId::new);
        let conversation_id =
            check.id("conversation_id", &wire.conversation_id, ConversationId::new);
        let channel = check.id("channel", &wire.channel, Channel::new);
        let sent_at = moment(&mut check, "sent_at", wire.sent_at);
        let language_hint = language(&mut check, "language_hint", &wire.language_hint);
        let (customer_id, customer_name) = customer(&mut check, wire.customer);
        let content = content(&mut check, wire.content);
        let attributes = attributes(&mut check, wire.attributes);
        let message = || {
            Ok(Self {
                request_id: request_id?,
                conversation_id: conversation_id?,
                sequence: Some(wire.sequence).filter(|sequence| *sequence > 0),
                sent_at: sent_at?,
                channel: channel?,
                language_hint: language_hint?,
                customer_id: customer_id?,
                customer_name: customer_name?,
                content: content?,
                attributes: attributes?,
            })
        };
        let message = message();
        check.finish(message)
    }
}

pub(super) fn moment(
    check: &mut Check,
    field: &str,
    wire: Option<prost_types::Timestamp>,
) -> Result<Option<Timestamp>, Noted> {
    let Some(wire) = wire else { return Ok(None) };
    let proper = (0..1_000_000_000).contains(&wire.nanos);
    let moment = Timestamp::new(wire.seconds, wire.nanos).ok().filter(|_| proper);
    let wrong = || check.wrong(field, "must be a time between the years 1 and 9999");
    moment.ok_or_else(wrong).map(Some)
}

pub(super) fn language(
    check: &mut Check,
    field: &str,
    tag: &str,
) -> Result<Option<Language>, Noted> {
    if tag.is_empty() {
        return Ok(None);
    }
    let wrong = || check.wrong(field, "must be a BCP 47 language such as zh or en");
    Language::parse(tag).ok_or_else(wrong).map(Some)
}

type Customer = (Result<Option<CustomerId>, Noted>, Result<Option<String>, Noted>);

fn customer(check: &mut Check, wire: Option<v1::Customer>) -> Customer {
    let Some(wire) = wire else { return (Ok(None), Ok(None)) };
    let id = check.optional_id("customer.customer_id", &wire.customer_id, CustomerId::new);
    let name = check.text("customer.display_name", wire.display_name, MAX_NAME);
    (id, name.map(|name| Some(name).filter(|name| !name.is_empty())))
}

fn content(check: &mut Check, wire: Option<customer_message::Content>) -> Result<Content, Noted> {
    match wire {
        Some(customer_message::Content::Text(text)) => {
            check.text("text.text", text.text, MAX_TEXT).map(Content::Text)
        }
        Some(customer_message::Content::Choice(choice)) => tapped(check, &choice),
        Some(customer_message::Content::Attachment(attachment)) => attached(check, attachment),
        Some(customer_message::Content::Opening(v1::Opening {})) => Ok(Content::Opening),
        None => {
            Err(check.missing("content", "must be one of text, choice, attachment and opening"))
        }
    }
}

fn tapped(check: &mut Check, wire: &v1::Choice) -> Result<Content, Noted> {
    let clarify_id = check.id("choice.clarify_id", &wire.clarify_id, ClarifyId::new);
    // An option's id is of the same form as every other.
    let option_id = check.id("choice.option_id", &wire.option_id, ClarifyId::new);
    Ok(Content::Choice { clarify_id: clarify_id?, option_id: option_id?.as_str().to_owned() })
}

fn attached(check: &mut Check, wire: v1::Attachment) -> Result<Content, Noted> {
    let named = ATTACHMENTS.into_iter().find(|kind| *kind == wire.kind);
    let uri = check.text("attachment.uri", wire.uri, MAX_URI);
    let caption = check.text("attachment.caption", wire.caption, MAX_TEXT);
    Ok(Content::Attachment {
        kind: named.unwrap_or("other").to_owned(),
        uri: uri?,
        caption: caption?,
    })
}

fn attributes(
    check: &mut Check,
    wire: BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, Noted> {
    match attributes_mistake(&wire) {
        None => Ok(wire),
        Some(mistake) => Err(check.wrong("attributes", mistake)),
    }
}

fn attributes_mistake(wire: &BTreeMap<String, String>) -> Option<String> {
    let key = |key: &String| {
        (1..=MAX_ATTRIBUTE_KEY).contains(&key.len()) && !key.chars().any(char::is_control)
    };
    if wire.len() > MAX_ATTRIBUTES {
        Some(format!("must be at most {MAX_ATTRIBUTES}"))
    } else if !wire.keys().all(key) {
        Some(format!("must have keys of 1 to {MAX_ATTRIBUTE_KEY} bytes, nothing unprintable"))
    } else if wire.values().any(|value| value.len() > MAX_ATTRIBUTE_VALUE) {
        Some(format!("must have values of at most {MAX_ATTRIBUTE_VALUE} bytes"))
    } else {
        None
    }
}
