//! The state of one conversation, pure: who speaks with the customer, what was asked back, what was said lately. `now`
//! is an argument. Tickets themselves live in `routing`; a conversation only knows the id of its own.

mod line;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::config::{Bounds, Times};
use super::feed::StreamId;
use crate::decision::{Choice, Reason, Urgency};
use crate::message::{
    ArticleId, ClarifyId, Content, CustomerId, DecisionId, Language, Message, Probability,
    RequestId, TicketId, Timestamp,
};

pub use line::{Attached, Line, Speaker};
use line::{Lines, Room};

/// Who speaks with the customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ConversationState {
    /// The bot.
    Bot,
    /// The bot asked back and its options are open.
    Clarifying,
    /// A ticket waits for a person.
    Waiting,
    /// A person holds it.
    WithAgent,
    /// A person set it aside until the customer writes or a time comes.
    Parked,
    /// A person closed it a moment ago.
    CoolDown,
    /// Nobody wrote for long; the next message reopens it.
    Closed,
}

/// A question that was asked back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Asked {
    /// Its id.
    pub(super) id: ClarifyId,
    /// What may be chosen.
    pub(super) options: Vec<Choice>,
    /// Until when.
    pub(super) expires_at: Timestamp,
}

/// Who writes, as far as the gateway knows.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Customer {
    /// The person, over all channels.
    pub id: Option<CustomerId>,
    /// What agents read.
    pub name: String,
    /// What the gateway said of her, for rules and agents.
    pub attributes: BTreeMap<String, String>,
}

/// What a person who takes over should know of the last decision.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Handoff {
    /// Which decision.
    pub(super) decision: Option<DecisionId>,
    /// Why the bot did not answer.
    pub(super) reason: Option<Reason>,
    /// How urgent, and why.
    pub(super) urgency: Option<Urgency>,
    /// The gate's candidates, best first.
    pub(super) candidates: Vec<(ArticleId, Probability)>,
}

/// What a decision does to the conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// The customer was answered, or a person is needed but no ticket exists.
    Spoke,
    /// The bot asked back.
    AskedBack(Asked),
    /// A ticket was opened.
    Opened(TicketId),
    /// Nothing changed: small talk, or a message added to the ticket.
    Stayed,
}

/// How a ticket ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// A person closed it.
    ByPerson,
    /// The customer left or no longer wants a person, or it waited for too long.
    Otherwise,
}

/// What the customer's words mean where a question was asked back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Meaning<'a> {
    /// One of the open options.
    Chosen(&'a Choice),
    /// These words.
    Words(&'a str),
    /// Something that cannot be read.
    Attachment,
    /// The chat was opened.
    Opening,
}

/// One conversation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Conversation {
    phase: Phase,
    /// What was asked back last, open or not.
    asked: Option<Asked>,
    /// The last thing the bot did was to ask back.
    clarified: bool,
    /// The number that should come next.
    expected: u64,
    /// The language of the last message that had one.
    language: Option<Language>,
    /// The position the customer was last told.
    told: Option<u32>,
    /// What was known when it was last handed to a person.
    handoff: Handoff,
    lines: Lines,
    /// Events that its gateway was given.
    events: u64,
    /// The gateway's stream that carried its last message.
    #[serde(skip)]
    home: Option<StreamId>,
    customer: Customer,
    last_at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
enum Phase {
    Bot,
    Clarifying,
    Waiting(TicketId),
    CoolDown { until: Timestamp },
}

impl Conversation {
    /// A conversation of which nothing is known yet.
    pub(super) fn new(now: Timestamp) -> Self {
        Self {
            phase: Phase::Bot,
            asked: None,
            clarified: false,
            expected: 1,
            language: None,
            told: None,
            handoff: Handoff::default(),
            lines: Lines::default(),
            events: 0,
            home: None,
            customer: Customer::default(),
            last_at: now,
        }
    }

    /// Who speaks with the customer; whether a person has the ticket already is the desk's to say.
    pub(super) fn state(&self, now: Timestamp, times: &Times) -> ConversationState {
        match &self.phase {
            Phase::Waiting(_) => ConversationState::Waiting,
            _ if self.is_idle(now, times) => ConversationState::Closed,
            Phase::Clarifying if self.is_open(now) => ConversationState::Clarifying,
            Phase::CoolDown { until } if now < *until => ConversationState::CoolDown,
            Phase::Bot | Phase::Clarifying | Phase::CoolDown { .. } => ConversationState::Bot,
        }
    }

    /// Brings the conversation up to `now` before a message of it is read: what has expired is gone, and a closed one
    /// starts afresh.
    pub(super) fn wake(&mut self, now: Timestamp, times: &Times) {
        match self.state(now, times) {
            ConversationState::Closed => self.forget(),
            ConversationState::Bot => self.expire(),
            ConversationState::Clarifying
            | ConversationState::Waiting
            | ConversationState::WithAgent
            | ConversationState::Parked
            | ConversationState::CoolDown => {}
        }
        self.last_at = self.last_at.max(now);
    }

    /// The open ticket.
    pub(super) fn ticket(&self) -> Option<&TicketId> {
        match &self.phase {
            Phase::Waiting(ticket) => Some(ticket),
            Phase::Bot | Phase::Clarifying | Phase::CoolDown { .. } => None,
        }
    }

    /// A person closed this conversation a moment ago. Valid after [`Self::wake`].
    pub(super) fn cools_down(&self) -> bool {
        matches!(self.phase, Phase::CoolDown { .. })
    }

    /// The open options; empty where nothing was asked. Valid after [`Self::wake`].
    pub(super) fn options(&self) -> &[Choice] {
        match &self.asked {
            Some(asked) if self.phase == Phase::Clarifying => &asked.options,
            Some(_) | None => &[],
        }
    }

    /// Whether asking back now would be twice in a row.
    pub(super) fn clarified_last(&self) -> bool {
        self.clarified
    }

    /// The language of earlier messages: a hint for very short ones.
    pub(super) fn language(&self) -> Option<Language> {
        self.language
    }

    /// When its customer wrote last.
    pub(super) fn last_at(&self) -> Timestamp {
        self.last_at
    }

    /// The number that should come next.
    pub(super) fn expected(&self) -> u64 {
        self.expected
    }

    /// The position the customer was last told.
    pub(super) fn told(&self) -> Option<u32> {
        self.told
    }

    /// What was known when it was last handed to a person.
    pub(super) fn handoff(&self) -> &Handoff {
        &self.handoff
    }

    /// Who writes.
    pub(super) fn customer(&self) -> &Customer {
        &self.customer
    }

    /// The gateway's stream that carried its last message.
    pub(super) fn home(&self) -> Option<StreamId> {
        self.home
    }

    /// The number of the newest line, 0 before the first.
    pub(super) fn last_line(&self) -> u64 {
        self.lines.last()
    }

    /// Counts one more event for its gateway.
    pub(super) fn next_event(&mut self) -> u64 {
        self.events += 1;
        self.events
    }

    /// Takes note of who sent a message, and over which stream.
    pub(super) fn meet(&mut self, message: &Message, home: Option<StreamId>) {
        self.home = home.or(self.home);
        let Customer { id, name, attributes } = &mut self.customer;
        if message.customer_id.is_some() {
            id.clone_from(&message.customer_id);
        }
        if let Some(known) = &message.customer_name {
            name.clone_from(known);
        }
        if !message.attributes.is_empty() {
            attributes.clone_from(&message.attributes);
        }
    }

    /// What was written lately, oldest first.
    pub(super) fn lines(&self) -> impl Iterator<Item = &Line> {
        self.lines.iter()
    }

    /// What the customer wrote last, but for these messages.
    pub(super) fn words_before(&self, messages: &[RequestId]) -> Option<&str> {
        let of_now = |line: &&Line| messages.iter().any(|id| id.as_str() == line.id);
        let mut said = self.lines.iter().rev().filter(|line| line.by == Speaker::Customer);
        said.find(|line| !of_now(line)).map(|line| line.text.as_str())
    }

    /// Reads a message against what was asked back. A tap on an option that is no longer open counts as its words where
    /// they are known: customers scroll up.
    pub(super) fn meaning<'a>(&'a self, content: &'a Content) -> Meaning<'a> {
        match content {
            Content::Text(text) => Meaning::Words(text),
            Content::Attachment { caption, .. } if caption.trim().is_empty() => Meaning::Attachment,
            Content::Attachment { caption, .. } => Meaning::Words(caption),
            Content::Opening => Meaning::Opening,
            Content::Choice { clarify_id, option_id } => match self.option(clarify_id, option_id) {
                Some(choice) if self.phase == Phase::Clarifying => Meaning::Chosen(choice),
                Some(choice) => Meaning::Words(&choice.label),
                None => Meaning::Words(option_id),
            },
        }
    }

    fn option(&self, clarify: &ClarifyId, option: &str) -> Option<&Choice> {
        let asked = self.asked.as_ref().filter(|asked| asked.id == *clarify)?;
        asked.options.iter().find(|choice| choice.id == option)
    }

    /// Takes the effect of a decision.
    pub(super) fn step(&mut self, step: Step) {
        if step == Step::Stayed {
            return;
        }
        self.clarified = matches!(step, Step::AskedBack(_));
        match step {
            Step::Spoke if self.ticket().is_some() || self.cools_down() => {}
            Step::Stayed | Step::Spoke => self.phase = Phase::Bot,
            Step::AskedBack(asked) => {
                self.phase = Phase::Clarifying;
                self.asked = Some(asked);
            }
            Step::Opened(ticket) => {
                self.phase = Phase::Waiting(ticket);
                self.told = None;
            }
        }
    }

    /// The customer was told this position.
    pub(super) fn tell(&mut self, position: Option<u32>) {
        self.told = position.or(self.told);
    }

    /// It is handed to a person who should know this.
    pub(super) fn hand_over(&mut self, handoff: Handoff) {
        self.handoff = handoff;
    }

    /// The language a message was read in.
    pub(super) fn speaks(&mut self, language: Language) {
        if language != Language::UND {
            self.language = Some(language);
        }
    }

    /// Numbers up to this one are decided or given up.
    pub(super) fn pass(&mut self, sequence: u64) {
        self.expected = self.expected.max(sequence.saturating_add(1));
    }

    /// The ticket is over; a conversation that has another one by now, or none, is not touched.
    pub(super) fn ticket_ended(&mut self, ticket: &TicketId, end: End, until: Timestamp) {
        if self.ticket() != Some(ticket) {
            return;
        }
        self.phase = Phase::Bot;
        if end == End::ByPerson {
            self.forget();
            self.phase = Phase::CoolDown { until };
        }
    }

    /// Remembers a line within the bounds, which are wider while a person shall read it; the line's number.
    pub(super) fn remember(&mut self, line: Line, bounds: &Bounds) -> u64 {
        let room = match self.ticket() {
            Some(_) => Room { lines: bounds.desk_turns, bytes: bounds.desk_bytes },
            None => Room { lines: bounds.turns, bytes: bounds.turn_bytes },
        };
        self.lines.push(line, room)
    }

    /// The customer took a message back: its words are forgotten.
    pub(super) fn withdraw(&mut self, request: &RequestId) {
        self.lines.retain(|line| line.by != Speaker::Customer || line.id != request.as_str());
    }

    fn is_open(&self, now: Timestamp) -> bool {
        self.asked.as_ref().is_some_and(|asked| now < asked.expires_at)
    }

    /// Options and cool-downs end by time; a question that nobody answered in time is no longer the last word.
    fn expire(&mut self) {
        if self.phase == Phase::Clarifying {
            self.clarified = false;
        }
        self.phase = Phase::Bot;
    }

    fn is_idle(&self, now: Timestamp, times: &Times) -> bool {
        now.duration_since(self.last_at).unsigned_abs() >= times.idle && now > self.last_at
    }

    /// Nothing of the past is context any more; order and language stay.
    fn forget(&mut self) {
        self.phase = Phase::Bot;
        self.asked = None;
        self.clarified = false;
        self.told = None;
        self.lines.clear();
    }
}

#[cfg(test)]
mod tests;
