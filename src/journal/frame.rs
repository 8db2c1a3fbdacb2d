//! A record as it lies in the store: a head in the clear, the sealed body, and a link to the record before.
//!
//! ```text
//! format u8 · kind u8 · time i64 ns · alias 16 · length u32 · sealed body · link 32      numbers little-endian
//! ```
//!
//! The link is a keyed hash over the link before, the sequence, the head and the body: one that is changed, moved or taken
//! out breaks it, and only the key's owner can forge it.

use super::error::{Damage, JournalError};
use super::record::Kind;
use crate::message::Timestamp;
use crate::seal::Secret;

/// What stands for a conversation in the clear; all zero for records of none.
pub(super) type Alias = [u8; 16];

/// A link of the chain.
pub(super) type Link = [u8; 32];

const FORMAT: u8 = 1;
/// Bytes before the body.
const HEAD: usize = 1 + 1 + 8 + 16 + 4;
/// Bytes after it.
const TAIL: usize = 32;

/// What is known of a record without its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) sequence: u64,
    pub(super) kind: Kind,
    pub(super) at: Timestamp,
    pub(super) alias: Alias,
}

impl Head {
    /// What a body is sealed to.
    pub(super) fn place(&self) -> [u8; 8 + HEAD - 4] {
        let mut place = [0; 8 + HEAD - 4];
        let (sequence, rest) = place.split_at_mut(8);
        sequence.copy_from_slice(&self.sequence.to_le_bytes());
        rest.copy_from_slice(&self.clear());
        place
    }

    fn clear(&self) -> [u8; HEAD - 4] {
        let mut clear = [0; HEAD - 4];
        let at = i64::try_from(self.at.as_nanosecond()).unwrap_or(i64::MAX);
        let pieces =
            [FORMAT, self.kind as u8].into_iter().chain(at.to_le_bytes()).chain(self.alias);
        clear.iter_mut().zip(pieces).for_each(|(slot, byte)| *slot = byte);
        clear
    }
}

/// A record taken apart.
#[derive(Debug)]
pub(super) struct Frame<'a> {
    pub(super) head: Head,
    pub(super) body: &'a [u8],
    pub(super) link: Link,
}

/// Puts a record together; its link is the last 32 bytes.
pub(super) fn write(head: &Head, body: &[u8], chain: &Secret, before: &Link) -> (Vec<u8>, Link) {
    let mut bytes = Vec::with_capacity(HEAD + body.len() + TAIL);
    bytes.extend_from_slice(&head.clear());
    let length = u32::try_from(body.len()).unwrap_or(u32::MAX);
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(body);
    let link = link(chain, before, head.sequence, &bytes);
    bytes.extend_from_slice(&link);
    (bytes, link)
}

/// Takes a record apart, without looking at its link.
pub(super) fn read(sequence: u64, bytes: &[u8]) -> Result<Frame<'_>, JournalError> {
    parse(sequence, bytes).ok_or(JournalError::damaged(sequence, Damage::Head))
}

fn parse(sequence: u64, bytes: &[u8]) -> Option<Frame<'_>> {
    let (head, rest) = bytes.split_first_chunk::<HEAD>()?;
    let (body, link) = rest.split_last_chunk::<TAIL>()?;
    let ([FORMAT, kind], rest) = head.split_first_chunk::<2>()? else { return None };
    let (at, rest) = rest.split_first_chunk::<8>()?;
    let (alias, length) = rest.split_first_chunk::<16>()?;
    let length = u32::from_le_bytes(length.try_into().ok()?);
    if usize::try_from(length).ok()? != body.len() {
        return None;
    }
    let at = Timestamp::from_nanosecond(i64::from_le_bytes(*at).into()).ok()?;
    let head = Head { sequence, kind: Kind::of(*kind)?, at, alias: *alias };
    Some(Frame { head, body, link: *link })
}

/// The link that a record must have after the one before.
pub(super) fn expected(chain: &Secret, before: &Link, sequence: u64, bytes: &[u8]) -> Link {
    let framed = bytes.split_last_chunk::<TAIL>().map_or(bytes, |(framed, _)| framed);
    link(chain, before, sequence, framed)
}

fn link(chain: &Secret, before: &Link, sequence: u64, framed: &[u8]) -> Link {
    chain.sign(&[before, &sequence.to_le_bytes(), framed])
}
