//! The state of one conversation, pure: who speaks with the customer, what was asked back, what was said lately. `now`
//! is an argument. Tickets themselves live in `routing`; a conversation only knows the id of its own.

use std::collections::VecDeque;

use super::config::{Bounds, Times};
use crate::decision::{Choice, Reason};
use crate::message::{ClarifyId, Content, Language, RequestId, TicketId, Timestamp};

/// Who speaks with the customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ConversationState {
    /// The bot.
    Bot,
    /// The bot asked back and its options are open.
    Clarifying,
    /// A ticket waits for a person.
    Waiting,
    /// A person closed it a moment ago.
    CoolDown,
    /// Nobody wrote for long; the next message reopens it.
    Closed,
}

/// Who wrote a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Speaker {
    /// The customer.
    Customer,
    /// The bot.
    Bot,
    /// The phrases that editors own.
    System,
}

/// One thing that was written, possibly shortened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: Speaker,
    /// The words.
    pub text: String,
    /// The `request_id` of a customer's message, the `message_id` of one to the customer.
    pub id: String,
}

/// A question that was asked back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked {
    /// Its id.
    pub(super) id: ClarifyId,
    /// What may be chosen.
    pub(super) options: Vec<Choice>,
    /// Until when.
    pub(super) expires_at: Timestamp,
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
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// Why it was last handed to a person.
    handed_over: Option<Reason>,
    lines: VecDeque<Line>,
    last_at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq)]
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
            handed_over: None,
            lines: VecDeque::new(),
            last_at: now,
        }
    }

    /// Who speaks with the customer.
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
            | ConversationState::CoolDown => {}
        }
        self.last_at = self.last_at.max(now);
    }

    /// The ticket that waits.
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

    /// The number that should come next.
    pub(super) fn expected(&self) -> u64 {
        self.expected
    }

    /// The position the customer was last told.
    pub(super) fn told(&self) -> Option<u32> {
        self.told
    }

    /// Why it was last handed to a person.
    pub(super) fn handed_over(&self) -> Option<Reason> {
        self.handed_over
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

    /// It is handed to a person for this reason.
    pub(super) fn hand_over(&mut self, reason: Reason) {
        self.handed_over = Some(reason);
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

    /// Remembers a line within the bounds.
    pub(super) fn remember(&mut self, mut line: Line, bounds: &Bounds) {
        shorten(&mut line.text, bounds.turn_bytes);
        self.lines.push_back(line);
        let mut bytes: usize = self.lines.iter().map(|line| line.text.len()).sum();
        while self.lines.len() > bounds.turns || bytes > bounds.turn_bytes {
            bytes -= self.lines.pop_front().map_or(bytes, |line| line.text.len());
        }
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

/// Cuts a text to at most `limit` bytes, on a character boundary.
fn shorten(text: &mut String, limit: usize) {
    if text.len() > limit {
        let end = (0..=limit).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.truncate(end);
    }
}

#[cfg(test)]
mod tests;
