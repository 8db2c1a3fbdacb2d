//! What was written in a conversation, and how much of it is kept.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::message::Timestamp;

/// Who wrote a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Speaker {
    /// The customer.
    Customer,
    /// The bot.
    Bot,
    /// The phrases that editors own.
    System,
    /// A person at the desk.
    Agent,
    /// A person at the desk, for her colleagues alone.
    Note,
}

/// Something other than words that the customer sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attached {
    /// `image | audio | video | file | location | sticker | other`.
    pub kind: String,
    /// Where it lies; never fetched.
    pub uri: String,
}

/// One thing that was written, possibly shortened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: Speaker,
    /// Who of the agents; empty for the others.
    pub name: String,
    /// The words.
    pub text: String,
    /// The `request_id` of a customer's message, the `message_id` of one to the customer.
    pub id: String,
    /// What came with the words.
    pub attached: Option<Attached>,
    /// Its number in the conversation, from 1, given when it is remembered.
    pub number: u64,
}

impl Line {
    /// A line that is not numbered yet.
    pub(in crate::dispatch) fn new(at: Timestamp, by: Speaker, id: &str, text: &str) -> Self {
        let (id, text) = (id.to_owned(), text.to_owned());
        Self { at, by, name: String::new(), text, id, attached: None, number: 0 }
    }

    fn bytes(&self) -> usize {
        self.text.len() + self.attached.as_ref().map_or(0, |attached| attached.uri.len())
    }
}

/// How much of a conversation is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Room {
    pub(super) lines: usize,
    pub(super) bytes: usize,
}

/// The latest lines.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Lines {
    kept: VecDeque<Line>,
    last: u64,
}

impl Lines {
    /// Oldest first.
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &Line> {
        self.kept.iter()
    }

    /// The number of the newest line.
    pub(super) fn last(&self) -> u64 {
        self.last
    }

    /// Numbers a line and keeps it; the oldest make room. Gives the number.
    pub(super) fn push(&mut self, mut line: Line, room: Room) -> u64 {
        self.last += 1;
        line.number = self.last;
        shorten(&mut line.text, room.bytes);
        self.kept.push_back(line);
        let mut bytes: usize = self.kept.iter().map(Line::bytes).sum();
        while self.kept.len() > room.lines || (bytes > room.bytes && self.kept.len() > 1) {
            bytes -= self.kept.pop_front().map_or(bytes, |line| line.bytes());
        }
        self.last
    }

    pub(super) fn retain(&mut self, keep: impl FnMut(&Line) -> bool) {
        self.kept.retain(keep);
    }

    /// Forgets the words; the count goes on.
    pub(super) fn clear(&mut self) {
        self.kept.clear();
    }
}

/// Cuts a text to at most `limit` bytes, on a character boundary.
fn shorten(text: &mut String, limit: usize) {
    if text.len() > limit {
        let end = (0..=limit).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.truncate(end);
    }
}
