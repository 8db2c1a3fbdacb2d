//! The events of one gateway, which may read with several streams. An event belongs to the stream that last carried its
//! conversation; where that is gone, to any. It is kept until acknowledged, and offered again when the stream that took it
//! ends.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use crate::message::{ConversationId, Timestamp};

/// One stream of a gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId(pub(in crate::dispatch) u64);

/// An event with what its reader needs to know of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::dispatch) struct Posted<E> {
    /// Whose conversation.
    pub(in crate::dispatch) conversation: ConversationId,
    /// Its number in the conversation, from 1.
    pub(in crate::dispatch) sequence: u64,
    /// When.
    pub(in crate::dispatch) at: Timestamp,
    /// What.
    pub(in crate::dispatch) event: E,
}

/// The events of one gateway.
#[derive(Debug)]
pub(in crate::dispatch) struct Mailbox<E> {
    kept: BTreeMap<u64, Kept<E>>,
    last: u64,
    streams: BTreeMap<StreamId, Stream>,
    /// Those for any stream.
    common: BTreeSet<u64>,
    /// How many of each conversation are in `common`: later ones must not overtake them.
    behind: HashMap<ConversationId, usize>,
}

#[derive(Debug)]
struct Kept<E> {
    posted: Posted<E>,
    /// Who has it.
    taken: Option<StreamId>,
    /// The replica that had it last.
    instance: Option<String>,
}

#[derive(Debug)]
struct Stream {
    instance: String,
    /// For it alone, not yet taken.
    own: BTreeSet<u64>,
    unacknowledged: usize,
    most: usize,
}

impl<E> Default for Mailbox<E> {
    fn default() -> Self {
        Self {
            kept: BTreeMap::new(),
            last: 0,
            streams: BTreeMap::new(),
            common: BTreeSet::new(),
            behind: HashMap::new(),
        }
    }
}

impl<E: Clone> Mailbox<E> {
    /// Adds an event for a stream, or for any where that one is not there.
    pub(in crate::dispatch) fn post(&mut self, posted: Posted<E>, home: Option<StreamId>) {
        self.last += 1;
        let conversation = posted.conversation.clone();
        self.kept.insert(self.last, Kept { posted, taken: None, instance: None });
        let waits = self.behind.contains_key(&conversation);
        match home.and_then(|home| self.streams.get_mut(&home)).filter(|_| !waits) {
            Some(stream) => drop(stream.own.insert(self.last)),
            None => self.share(self.last),
        }
    }

    fn share(&mut self, number: u64) {
        if let Some(kept) = self.kept.get(&number)
            && self.common.insert(number)
        {
            *self.behind.entry(kept.posted.conversation.clone()).or_default() += 1;
        }
    }

    fn unshare(&mut self, number: u64) {
        let Some(kept) = self.kept.get(&number).filter(|_| self.common.remove(&number)) else {
            return;
        };
        let conversation = &kept.posted.conversation;
        if let Some(behind) = self.behind.get_mut(conversation) {
            *behind -= 1;
            if *behind == 0 {
                self.behind.remove(conversation);
            }
        }
    }

    /// A stream begins to read. What its replica had up to `seen` is dealt with.
    pub(in crate::dispatch) fn attach(
        &mut self,
        stream: StreamId,
        instance: &str,
        seen: Option<u64>,
        most: usize,
    ) {
        let had = |kept: &Kept<E>| kept.instance.as_deref() == Some(instance);
        let dealt: Vec<u64> = match seen {
            Some(seen) => {
                self.kept.range(..=seen).filter(|(_, kept)| had(kept)).map(|(n, _)| *n).collect()
            }
            None => Vec::new(),
        };
        for number in dealt {
            self.forget(number);
        }
        let instance = instance.to_owned();
        self.streams
            .insert(stream, Stream { instance, own: BTreeSet::new(), unacknowledged: 0, most });
    }

    /// A stream is gone: what it had, or would have had, is anybody's.
    pub(in crate::dispatch) fn detach(&mut self, stream: StreamId) {
        let Some(gone) = self.streams.remove(&stream) else { return };
        let had = self.kept.iter_mut().filter(|(_, kept)| kept.taken == Some(stream));
        let mut free: Vec<u64> = had
            .map(|(number, kept)| {
                kept.taken = None;
                *number
            })
            .collect();
        free.extend(gone.own);
        for number in free {
            self.share(number);
        }
    }

    /// The next event for a stream. `None` where there is none, or it must acknowledge first.
    pub(in crate::dispatch) fn next(&mut self, stream: StreamId) -> Option<(u64, Posted<E>)> {
        let reader = self.streams.get_mut(&stream)?;
        if reader.unacknowledged >= reader.most {
            return None;
        }
        let number =
            [reader.own.first(), self.common.first()].into_iter().flatten().min().copied()?;
        reader.own.remove(&number);
        reader.unacknowledged += 1;
        let instance = reader.instance.clone();
        self.unshare(number);
        let kept = self.kept.get_mut(&number)?;
        kept.taken = Some(stream);
        kept.instance = Some(instance);
        Some((number, kept.posted.clone()))
    }

    /// A stream has dealt with everything it was given up to this number.
    pub(in crate::dispatch) fn acknowledge(&mut self, stream: StreamId, number: u64) {
        let its = self.kept.range(..=number).filter(|(_, kept)| kept.taken == Some(stream));
        let dealt: Vec<u64> = its.map(|(number, _)| *number).collect();
        for number in dealt {
            self.forget(number);
        }
    }

    /// Drops what is older than `keep`, and the oldest beyond `most`; how many were never acknowledged.
    pub(in crate::dispatch) fn trim(
        &mut self,
        now: Timestamp,
        keep: Duration,
        most: usize,
    ) -> usize {
        let mut dropped = 0;
        while let Some((number, oldest)) = self.kept.first_key_value() {
            let age = now.duration_since(oldest.posted.at);
            if self.kept.len() <= most && age.unsigned_abs() <= keep {
                break;
            }
            self.forget(*number);
            dropped += 1;
        }
        dropped
    }

    fn forget(&mut self, number: u64) {
        self.unshare(number);
        let Some(kept) = self.kept.remove(&number) else { return };
        for (id, stream) in &mut self.streams {
            stream.own.remove(&number);
            if kept.taken == Some(*id) {
                stream.unacknowledged = stream.unacknowledged.saturating_sub(1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: StreamId = StreamId(1);
    const B: StreamId = StreamId(2);

    fn post(mailbox: &mut Mailbox<u32>, conversation: &str, event: u32, home: Option<StreamId>) {
        let conversation = ConversationId::new(conversation).unwrap();
        let posted = Posted { conversation, sequence: 1, at: Timestamp::UNIX_EPOCH, event };
        mailbox.post(posted, home);
    }

    fn read(mailbox: &mut Mailbox<u32>, stream: StreamId) -> Vec<u32> {
        std::iter::from_fn(|| mailbox.next(stream)).map(|(_, posted)| posted.event).collect()
    }

    #[test]
    fn events_go_home_else_to_anybody() {
        let mut mailbox = Mailbox::default();
        post(&mut mailbox, "early", 1, None);
        mailbox.attach(A, "a", None, 10);
        mailbox.attach(B, "b", None, 10);
        post(&mut mailbox, "x", 2, Some(B));
        post(&mut mailbox, "y", 3, Some(StreamId(9)));
        assert_eq!(read(&mut mailbox, A), [1, 3]);
        assert_eq!(read(&mut mailbox, B), [2]);
    }

    #[test]
    fn a_conversation_is_not_overtaken_by_its_own_later_events() {
        let mut mailbox = Mailbox::default();
        post(&mut mailbox, "x", 1, None);
        mailbox.attach(A, "a", None, 10);
        mailbox.attach(B, "b", None, 10);
        post(&mut mailbox, "x", 2, Some(B));
        assert_eq!(read(&mut mailbox, A), [1, 2]);
    }

    #[test]
    fn what_a_stream_did_not_acknowledge_comes_again() {
        let mut mailbox = Mailbox::default();
        mailbox.attach(A, "a", None, 10);
        for event in 1..=3 {
            post(&mut mailbox, "x", event, Some(A));
        }
        assert_eq!(read(&mut mailbox, A), [1, 2, 3]);
        mailbox.acknowledge(A, 1);
        mailbox.detach(A);
        mailbox.attach(B, "a", Some(2), 10);
        assert_eq!(read(&mut mailbox, B), [3], "the cursor says that two were dealt with");
        mailbox.detach(B);
        mailbox.attach(A, "other", Some(3), 10);
        assert_eq!(read(&mut mailbox, A), [3], "another replica's cursor says nothing of it");
    }

    #[test]
    fn a_reader_that_does_not_acknowledge_gets_no_more_than_it_asked_for() {
        let mut mailbox = Mailbox::default();
        mailbox.attach(A, "a", None, 2);
        for event in 1..=4 {
            post(&mut mailbox, "x", event, Some(A));
        }
        assert_eq!(read(&mut mailbox, A), [1, 2]);
        mailbox.acknowledge(A, 1);
        assert_eq!(read(&mut mailbox, A), [3]);
    }

    #[test]
    fn what_nobody_reads_is_dropped_in_the_end() {
        let mut mailbox = Mailbox::default();
        for event in 1..=5 {
            post(&mut mailbox, "x", event, None);
        }
        let day = Duration::from_hours(24);
        assert_eq!(mailbox.trim(Timestamp::UNIX_EPOCH, day, 3), 2);
        let late = Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_hours(25);
        assert_eq!(mailbox.trim(late, day, 3), 3);
        mailbox.attach(A, "a", None, 10);
        assert!(read(&mut mailbox, A).is_empty() && mailbox.behind.is_empty());
    }
}
