//! Where words begin, in the manner of SentencePiece: a space becomes a visible mark in front of the word that follows it.

use std::iter;

/// How a text is cut into words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Metaspace {
    /// What stands for a space.
    pub(super) mark: char,
    /// Whether white space of all kinds first cuts the text into parts, and vanishes.
    pub(super) drops_space: bool,
    /// Whether a part that begins without a mark gets one.
    pub(super) prepends: bool,
    /// Whether every mark begins a word; otherwise a part is one word.
    pub(super) splits: bool,
}

impl Metaspace {
    /// The parts of a text, each to be marked on its own. None is empty.
    pub(super) fn parts(self, text: &str) -> impl Iterator<Item = &str> {
        text.split(move |c: char| self.drops_space && c.is_whitespace())
            .filter(|part| !part.is_empty())
    }

    /// A part with its marks.
    pub(super) fn mark(self, part: &str) -> String {
        let mut marked = String::with_capacity(part.len() + part.len() / 2);
        let bare = !part.starts_with([self.mark, ' ']);
        marked.extend((self.prepends && bare).then_some(self.mark));
        marked.extend(part.chars().map(|c| if c == ' ' { self.mark } else { c }));
        marked
    }

    /// The words of a marked part, marks included. None is empty.
    pub(super) fn words(self, marked: &str) -> impl Iterator<Item = &str> {
        let mut rest = marked;
        iter::from_fn(move || {
            let (word, others) = rest.split_at(self.end_of_word(rest));
            rest = others;
            (!word.is_empty()).then_some(word)
        })
    }

    /// Where the first mark stands that is not the first character.
    fn end_of_word(self, text: &str) -> usize {
        let mut later = text.char_indices().skip(1);
        later.find(|(_, c)| self.splits && *c == self.mark).map_or(text.len(), |(at, _)| at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const XLM_R: Metaspace =
        Metaspace { mark: '▁', drops_space: false, prepends: true, splits: true };

    fn check(metaspace: Metaspace, text: &str, expect: &[&str]) {
        let marked: Vec<_> = metaspace.parts(text).map(|part| metaspace.mark(part)).collect();
        let words: Vec<_> = marked.iter().flat_map(|part| metaspace.words(part)).collect();
        assert_eq!(words, expect, "{text:?}");
    }

    #[test]
    fn every_mark_begins_a_word() {
        check(XLM_R, "", &[]);
        check(XLM_R, "退货 ok", &["▁退货", "▁ok"]);
        check(XLM_R, " a▁b  ", &["▁a", "▁b", "▁", "▁"]);
        check(XLM_R, "a\tb\u{3000}c", &["▁a\tb\u{3000}c"]);
    }

    #[test]
    fn each_setting_counts() {
        check(
            Metaspace { drops_space: true, ..XLM_R },
            " a\tb\u{3000} c▁d",
            &["▁a", "▁b", "▁c", "▁d"],
        );
        check(Metaspace { prepends: false, ..XLM_R }, "a b", &["a", "▁b"]);
        check(Metaspace { splits: false, ..XLM_R }, "a b", &["▁a▁b"]);
        check(Metaspace { mark: '_', ..XLM_R }, "a b", &["_a", "_b"]);
    }
}
