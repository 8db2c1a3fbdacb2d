//! Labelled customer traffic, played through the real door: each conversation in its order, several at once, every message
//! one `Handle`. What came back is compared with the labels. Nothing here knows how the service decides.

mod outcome;
mod standing;

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::load::{Gateway, Latency, Refusal, client::Outgoing};
use super::record::Record;
use crate::proto::v1::Decision;

pub use outcome::{Alarm, Counts};

/// Tells whether two articles are in one answer group: the answered one, then a right one, by id.
pub type SameAnswer<'s> = dyn Fn(&str, &str) -> bool + 's;

/// One message and what the service decided.
#[derive(Debug, Clone, PartialEq)]
pub struct Played {
    /// What was sent, with its labels.
    pub record: Arc<Record>,
    /// The conversation it was sent in.
    pub conversation: Arc<str>,
    /// What came back.
    pub outcome: Result<Decision, Refusal>,
    /// From call to reply.
    pub latency: Duration,
}

/// The summary of a play.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The counts.
    #[serde(flatten)]
    pub counts: Counts,
    /// Share of the tickets of urgent conversations that stand before every ticket of their queue that nobody thought
    /// urgent, neither the labels nor the service; `None` without such tickets.
    pub urgent_first: Option<f64>,
    /// Of the replies, milliseconds.
    pub p50_ms: Option<f64>,
    /// Of the replies, milliseconds.
    pub p99_ms: Option<f64>,
    /// Calls that came to nothing, by reason.
    pub errors: BTreeMap<String, u64>,
}

/// Plays `records` with `at_once` conversations at a time. `heard` gets every message as its reply comes.
pub async fn play(
    gateway: &Gateway,
    records: Vec<Record>,
    at_once: usize,
    same_answer: &SameAnswer<'_>,
    heard: &mut dyn FnMut(&Played),
) -> Result<Report, Refusal> {
    let mut tally = Tally::default();
    let mut replies = start(gateway, conversations(records), at_once);
    while let Some(played) = replies.recv().await {
        tally.add(&played, same_answer);
        heard(&played);
    }
    let urgent_first = standing::urgent_first(&gateway.tickets().await?, &tally.urgent);
    Ok(tally.report(urgent_first))
}

#[derive(Default)]
struct Tally {
    counts: Counts,
    latency: Latency,
    errors: BTreeMap<String, u64>,
    /// Conversations with an urgent message.
    urgent: HashSet<Arc<str>>,
}

impl Tally {
    fn add(&mut self, played: &Played, same_answer: &SameAnswer<'_>) {
        if played.record.urgent {
            self.urgent.insert(Arc::clone(&played.conversation));
        }
        match &played.outcome {
            Ok(decision) => {
                self.latency.record(played.latency);
                self.counts.add(&played.record, Some(decision), same_answer);
            }
            Err(refusal) => {
                *self.errors.entry(refusal.reason.clone()).or_default() += 1;
                self.counts.add(&played.record, None, same_answer);
            }
        }
    }

    fn report(self, urgent_first: Option<f64>) -> Report {
        Report {
            urgent_first,
            p50_ms: self.latency.quantile_ms(0.5),
            p99_ms: self.latency.quantile_ms(0.99),
            counts: self.counts.finished(),
            errors: self.errors,
        }
    }
}

/// One conversation's messages, in their order.
struct Conversation {
    id: Arc<str>,
    messages: Vec<Arc<Record>>,
}

/// By conversation, in the order in which each begins; a record without a conversation is one of its own.
fn conversations(records: Vec<Record>) -> VecDeque<Conversation> {
    let mut places: HashMap<Arc<str>, usize> = HashMap::new();
    let mut all: VecDeque<Conversation> = VecDeque::new();
    for (number, record) in records.into_iter().enumerate() {
        let own = || format!("message-{number}");
        let id: Arc<str> = record.conversation.clone().unwrap_or_else(own).into();
        let place = *places.entry(Arc::clone(&id)).or_insert(all.len());
        if place == all.len() {
            all.push_back(Conversation { id, messages: Vec::new() });
        }
        all.iter_mut()
            .skip(place)
            .take(1)
            .for_each(|one| one.messages.push(Arc::new(record.clone())));
    }
    for conversation in &mut all {
        // Stable: records without a turn keep the file's order.
        conversation.messages.sort_by_key(|message| message.turn.unwrap_or(0));
    }
    all
}

fn start(
    gateway: &Gateway,
    conversations: VecDeque<Conversation>,
    at_once: usize,
) -> mpsc::Receiver<Played> {
    let queue = Arc::new(Mutex::new(conversations));
    let (reply, replies) = mpsc::channel(at_once.max(1));
    for _ in 0..at_once.max(1) {
        let (gateway, queue, reply) = (gateway.clone(), Arc::clone(&queue), reply.clone());
        tokio::spawn(async move {
            while let Some(conversation) = next(&queue) {
                if talk(&gateway, conversation, &reply).await.is_err() {
                    return;
                }
            }
        });
    }
    replies
}

fn next(queue: &Mutex<VecDeque<Conversation>>) -> Option<Conversation> {
    queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
}

/// Sends one message after the other, each when the one before is answered. An error: nobody listens any more.
async fn talk(
    gateway: &Gateway,
    conversation: Conversation,
    reply: &mpsc::Sender<Played>,
) -> Result<(), mpsc::error::SendError<Played>> {
    for (place, record) in conversation.messages.into_iter().enumerate() {
        let message = outgoing(&conversation.id, place, &record);
        let start = Instant::now();
        let outcome = gateway.handle(message, false).await;
        let latency = start.elapsed();
        let conversation = Arc::clone(&conversation.id);
        reply.send(Played { record, conversation, outcome, latency }).await?;
    }
    Ok(())
}

fn outgoing(conversation: &str, place: usize, record: &Record) -> Outgoing {
    Outgoing {
        request_id: format!("{conversation}-{}", place + 1),
        conversation_id: conversation.to_owned(),
        channel: record.channel.clone().unwrap_or_else(|| "web".to_owned()),
        language_hint: record.lang.map(|language| language.to_string()).unwrap_or_default(),
        text: record.text.clone(),
    }
}

#[cfg(test)]
mod tests;
