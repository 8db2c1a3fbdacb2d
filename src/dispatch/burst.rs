//! Messages of one conversation that are decided as one: usually a single one, several where a customer writes in bursts.

use std::time::Duration;

use tokio::time::Instant;

use super::conversation::{Conversation, Meaning};
use super::outcome::Timings;
use super::waiter::Pending;
use crate::message::{Channel, Content, Language, RequestId};
use crate::triage::{self, Input};

/// Bytes of text that a burst may have in all: no more than one message may have.
const MOST_TEXT: usize = 8 << 10;

/// One or more messages, and what their decision cost so far.
#[derive(Debug)]
pub(super) struct Burst {
    /// In order; empty only after all of them were dropped.
    pub(super) messages: Vec<Pending>,
    channel: Channel,
    started: Instant,
    wait_started: Option<Instant>,
    timings: Timings,
}

/// What a burst says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Words {
    /// The texts, a line each.
    pub(super) text: String,
    /// What kind of input it is.
    pub(super) input: Input,
}

impl Burst {
    /// A single message.
    pub(super) fn new(first: Pending) -> Self {
        let (channel, started) = (first.message.channel.clone(), first.arrived);
        Self {
            messages: vec![first],
            channel,
            started,
            wait_started: None,
            timings: Timings::default(),
        }
    }

    /// The number that would come next; `None` where these have none.
    pub(super) fn expected(&self) -> Option<u64> {
        self.last_sequence().map(|last| last.saturating_add(1))
    }

    /// The highest number of these.
    pub(super) fn last_sequence(&self) -> Option<u64> {
        self.messages.iter().filter_map(|pending| pending.message.sequence).max()
    }

    /// Whether a message can be read together with these: words or an attachment, on the same channel, and not too much.
    pub(super) fn fits(&self, other: &Pending) -> bool {
        let texts = || self.messages.iter().chain([other]).map(text);
        let bytes = texts().flatten().map(|text| text.len() + 1).sum::<usize>();
        other.message.channel == self.channel
            && texts().all(|text| text.is_some())
            && bytes <= MOST_TEXT
    }

    /// Until when the rest of the burst may be waited for; `None` for not at all. One wait for all of it, which begins when
    /// the first message would have been decided and ends in time for every caller.
    pub(super) fn wait_until(&mut self, hold: Duration, now: Instant) -> Option<Instant> {
        let started = *self.wait_started.get_or_insert(now);
        let end = self
            .messages
            .iter()
            .filter_map(|pending| pending.due)
            .fold(started + hold, Instant::min);
        let may_wait =
            self.messages.iter().all(|pending| !pending.no_hold && text(pending).is_some());
        (may_wait && end > now).then_some(end)
    }

    /// Adds time spent waiting for more.
    pub(super) fn held(&mut self, time: Duration) {
        self.timings.held += time;
    }

    /// Adds what one reading cost.
    pub(super) fn spent(&mut self, reading: &triage::Timings) {
        self.timings.queue += reading.queue;
        self.timings.tokenize += reading.tokenize;
        self.timings.encode += reading.encode;
        self.timings.retrieve += reading.retrieve;
        self.timings.decide += reading.decide;
        self.timings.encodings += reading.encodings;
        self.timings.cached += reading.cached;
    }

    /// Where the time went until now.
    pub(super) fn timings(&self, now: Instant) -> Timings {
        let total = now.duration_since(self.started).saturating_sub(self.timings.held);
        Timings { total, ..self.timings }
    }

    /// What they say, given what was asked back.
    pub(super) fn words(&self, conversation: &Conversation) -> Words {
        match self.messages.as_slice() {
            [only] => single(&conversation.meaning(&only.message.content)),
            several => joined(several),
        }
    }

    /// The channel they came over.
    pub(super) fn channel(&self) -> &Channel {
        &self.channel
    }

    /// Which messages these are.
    pub(super) fn request_ids(&self) -> Vec<RequestId> {
        self.messages.iter().map(|pending| pending.message.request_id.clone()).collect()
    }

    /// The gateway's idea of the language, of the last message that came with one.
    pub(super) fn language_hint(&self) -> Option<Language> {
        self.messages.iter().rev().find_map(|pending| pending.message.language_hint)
    }

    /// Something came that cannot be read.
    pub(super) fn has_attachment(&self) -> bool {
        self.messages
            .iter()
            .any(|pending| matches!(pending.message.content, Content::Attachment { .. }))
    }
}

/// The words that a message adds to a burst; `None` where it stands for itself.
fn text(pending: &Pending) -> Option<&str> {
    match &pending.message.content {
        Content::Text(text) | Content::Attachment { caption: text, .. } => Some(text),
        Content::Choice { .. } | Content::Opening => None,
    }
}

fn single(meaning: &Meaning<'_>) -> Words {
    match meaning {
        Meaning::Words(text) => Words { text: (*text).to_owned(), input: Input::Words },
        Meaning::Chosen(choice) => {
            Words { text: choice.label.clone(), input: Input::Chosen(choice.article.clone()) }
        }
        Meaning::Attachment => Words { text: String::new(), input: Input::Attachment },
        Meaning::Opening => Words { text: String::new(), input: Input::Opening },
    }
}

fn joined(several: &[Pending]) -> Words {
    let texts: Vec<&str> =
        several.iter().filter_map(text).filter(|text| !text.trim().is_empty()).collect();
    let only_attachments = texts.is_empty()
        && several
            .iter()
            .all(|pending| matches!(pending.message.content, Content::Attachment { .. }));
    let input = if only_attachments { Input::Attachment } else { Input::Words };
    Words { text: texts.join("\n"), input }
}
