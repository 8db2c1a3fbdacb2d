//! Order within a conversation, and none across them: each piece of work takes a turn, and a turn comes when the one before
//! it in the same conversation is over.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use crate::message::ConversationId;

/// The conversations that have work of one stream.
#[derive(Debug, Clone, Default)]
pub(super) struct Lanes(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    turns: u64,
    /// The last turn of each conversation, and what tells that it is over.
    last: HashMap<ConversationId, (u64, oneshot::Receiver<()>)>,
}

/// A place in a conversation's lane. Over when it is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    lanes: Lanes,
    conversation: ConversationId,
    number: u64,
    before: Option<oneshot::Receiver<()>>,
    _over: oneshot::Sender<()>,
}

impl Lanes {
    /// Takes the next place in the lane of a conversation.
    pub(super) fn join(&self, conversation: &ConversationId) -> Turn {
        let (over, told) = oneshot::channel();
        let mut state = self.lock();
        state.turns += 1;
        let number = state.turns;
        let before = state.last.insert(conversation.clone(), (number, told));
        Turn {
            lanes: self.clone(),
            conversation: conversation.clone(),
            number,
            before: before.map(|(_, over)| over),
            _over: over,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn {
    /// Waits until everything before it in its conversation is over.
    pub(super) async fn comes(&mut self) {
        if let Some(before) = self.before.take() {
            // Nothing is ever sent: the turn before tells that it is over by being dropped.
            before.await.unwrap_or_default();
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut state = self.lanes.lock();
        if state.last.get(&self.conversation).is_some_and(|(last, _)| *last == self.number) {
            state.last.remove(&self.conversation);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::mpsc;

    fn conversation(name: &str) -> ConversationId {
        ConversationId::new(name).unwrap()
    }

    #[tokio::test]
    async fn a_conversation_keeps_its_order_and_no_other_waits() {
        let lanes = Lanes::default();
        let (done, mut order) = mpsc::channel(8);
        let mut turns: Vec<Turn> =
            ["a", "a", "b", "a"].map(|name| lanes.join(&conversation(name))).into();
        // The last of "a" starts first, then "b": only "b" can be over before the first of "a".
        for (index, mut turn) in turns.drain(1..).enumerate().rev() {
            let done = done.clone();
            tokio::spawn(async move {
                turn.comes().await;
                done.send(index + 1).await.unwrap();
            });
        }
        assert_eq!(order.recv().await, Some(2));
        tokio::task::yield_now().await;
        assert!(order.try_recv().is_err());
        drop(turns);
        assert_eq!(order.recv().await, Some(1));
        assert_eq!(order.recv().await, Some(3));
    }

    #[tokio::test]
    async fn a_lane_is_forgotten_when_it_is_empty() {
        let lanes = Lanes::default();
        let (first, second) = (lanes.join(&conversation("a")), lanes.join(&conversation("a")));
        drop(first);
        assert_eq!(lanes.lock().last.len(), 1);
        drop(second);
        assert!(lanes.lock().last.is_empty());
    }
}
