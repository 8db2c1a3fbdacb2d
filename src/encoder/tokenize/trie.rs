//! A set of byte strings with a number each, laid out as three flat arrays: made once, never changed, and about nine bytes
//! a node. Not a double array: children are found by binary search, which costs a lookup little and the making nothing.

use std::collections::VecDeque;

/// Marks a node where no key ends.
const NONE: u32 = u32::MAX;

/// The keys as nodes in breadth-first order, so that the children of a node lie side by side, sorted by their byte.
#[derive(Debug)]
pub(super) struct Trie {
    /// The byte that leads to a node.
    labels: Vec<u8>,
    /// Where the children of a node begin; they end where those of the next one begin.
    children: Vec<u32>,
    /// The number of the key that ends at a node, or [`NONE`].
    values: Vec<u32>,
}

/// The keys below a node: a range of the sorted keys, which agree in their first `depth` bytes.
#[derive(Clone, Copy)]
struct Below {
    start: usize,
    end: usize,
    depth: usize,
}

impl Trie {
    /// Of keys that are sorted and differ. There must be fewer than 2³² bytes of them, and no value of `u32::MAX`.
    pub(super) fn new(keys: &[(&[u8], u32)]) -> Self {
        let mut trie = Self { labels: vec![0], children: Vec::new(), values: Vec::new() };
        let mut open = VecDeque::from([Below { start: 0, end: keys.len(), depth: 0 }]);
        while let Some(below) = open.pop_front() {
            trie.close(keys, below, &mut open);
        }
        trie.children.push(trie.next());
        trie.labels.shrink_to_fit();
        trie.children.shrink_to_fit();
        trie.values.shrink_to_fit();
        trie
    }

    /// Writes what is known of the next node and opens its children.
    fn close(&mut self, keys: &[(&[u8], u32)], below: Below, open: &mut VecDeque<Below>) {
        let Below { mut start, end, depth } = below;
        let ends_here = keys[start..end].first().filter(|(key, _)| key.len() == depth);
        self.values.push(ends_here.map_or(NONE, |(_, value)| *value));
        self.children.push(self.next());
        start += usize::from(ends_here.is_some());
        for same in keys[start..end].chunk_by(|a, b| a.0[depth] == b.0[depth]) {
            self.labels.push(same[0].0[depth]);
            open.push_back(Below { start, end: start + same.len(), depth: depth + 1 });
            start += same.len();
        }
    }

    /// The node that the next label will make.
    fn next(&self) -> u32 {
        u32::try_from(self.labels.len()).unwrap_or(NONE)
    }

    /// The keys that `text` begins with, shortest first: the length of each and its number. The empty key is not among them.
    pub(super) fn prefixes(&self, text: &[u8]) -> impl Iterator<Item = (usize, u32)> {
        let walk = text.iter().scan(0, |node, byte| {
            *node = self.child(*node, *byte)?;
            self.values.get(*node).copied()
        });
        walk.zip(1..).filter(|(value, _)| *value != NONE).map(|(value, length)| (length, value))
    }

    /// The number of a key.
    pub(super) fn get(&self, key: &[u8]) -> Option<u32> {
        self.prefixes(key).find(|(length, _)| *length == key.len()).map(|(_, value)| value)
    }

    fn child(&self, node: usize, byte: u8) -> Option<usize> {
        let first = usize::try_from(*self.children.get(node)?).ok()?;
        let end = usize::try_from(*self.children.get(node + 1)?).ok()?;
        let at = self.labels.get(first..end)?.binary_search(&byte).ok()?;
        Some(first + at)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn trie(keys: &BTreeMap<Vec<u8>, u32>) -> Trie {
        let keys: Vec<_> = keys.iter().map(|(key, value)| (key.as_slice(), *value)).collect();
        Trie::new(&keys)
    }

    proptest! {
        #[test]
        fn finds_every_key_that_a_text_begins_with(
            keys in prop::collection::btree_map(prop::collection::vec(0u8..4, 1..6), 0u32..99, 0..40),
            text in prop::collection::vec(0u8..5, 0..9),
        ) {
            let expect: Vec<_> = (1..=text.len())
                .filter_map(|length| keys.get(&text[..length]).map(|value| (length, *value)))
                .collect();
            let trie = trie(&keys);
            prop_assert_eq!(trie.prefixes(&text).collect::<Vec<_>>(), expect);
            prop_assert_eq!(trie.get(&text), keys.get(&text).copied());
            for (key, value) in &keys {
                prop_assert_eq!(trie.get(key), Some(*value));
            }
        }
    }
}
