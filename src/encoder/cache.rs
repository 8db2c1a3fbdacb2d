//! Vectors of texts that came before. Customers repeat themselves and each other ("在吗", "where is my order"), and a text that
//! is encoded again gets the vector it got. One cache belongs to one encoder, so the model is no part of its key; texts are
//! the normalised ones. Bounded in bytes; what is used least gives way.

use std::fmt;

use quick_cache::{Equivalent, Weighter, sync};

use super::{Embedding, Role};

/// What is kept beside the numbers and the text of one entry, roughly.
const OVERHEAD: u64 = 128;
/// Bytes of a typical entry, by which the number of entries is guessed.
const TYPICAL: u64 = 2 << 10;

/// What is known of a text.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Known {
    pub(super) embedding: Embedding,
    pub(super) tokens: usize,
    pub(super) truncated: bool,
}

type Key = (Role, Box<str>);

/// A [`Key`] that owns nothing; it hashes as one does.
#[derive(Hash)]
struct Asked<'t>(Role, &'t str);

impl Equivalent<Key> for Asked<'_> {
    fn equivalent(&self, (role, text): &Key) -> bool {
        self.0 == *role && self.1 == &**text
    }
}

/// What an entry takes.
#[derive(Debug, Clone)]
struct Bytes;

impl Weighter<Key, Known> for Bytes {
    fn weight(&self, (_, text): &Key, known: &Known) -> u64 {
        let numbers = known.embedding.dimensions() * size_of::<f32>();
        OVERHEAD + (text.len() + numbers) as u64
    }
}

/// A bounded cache of vectors.
pub(super) struct Cache(sync::Cache<Key, Known, Bytes>);

impl Cache {
    /// A cache of so many bytes; none where that is 0.
    pub(super) fn holding(bytes: u64) -> Option<Self> {
        let entries = usize::try_from(bytes / TYPICAL).unwrap_or(usize::MAX).max(1);
        (bytes > 0).then(|| Self(sync::Cache::with_weighter(entries, bytes, Bytes)))
    }

    /// What is known of a text.
    pub(super) fn get(&self, text: &str, role: Role) -> Option<Known> {
        self.0.get(&Asked(role, text))
    }

    /// Keeps what was found out.
    pub(super) fn keep(&self, text: &str, role: Role, known: Known) {
        self.0.insert((role, text.into()), known);
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cache({} entries, {} bytes)", self.0.len(), self.0.weight())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(tokens: usize) -> Known {
        Known { embedding: Embedding::from_raw(vec![1.0; 96]), tokens, truncated: false }
    }

    #[test]
    fn a_text_is_known_in_its_role_only() {
        let cache = Cache::holding(1 << 20).unwrap();
        cache.keep("退款", Role::Query, known(4));
        assert_eq!(cache.get("退款", Role::Query), Some(known(4)));
        assert_eq!(cache.get("退款", Role::Passage), None);
        assert_eq!(cache.get("退", Role::Query), None);
        assert!(Cache::holding(0).is_none());
    }

    #[test]
    fn it_never_holds_more_than_it_may() {
        let cache = Cache::holding(64 << 10).unwrap();
        for number in 0..10_000 {
            cache.keep(&number.to_string(), Role::Query, known(number));
        }
        assert!(cache.0.weight() <= 64 << 10 && cache.0.len() > 50, "{cache:?}");
    }
}
