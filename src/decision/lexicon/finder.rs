//! Which of many words stand in a text, in one pass over it however many there are (Aho and Corasick 1975, doi
//! 10.1145/360825.360855). Words are strings of bytes here: where one begins and ends is its maker's matter.

use aho_corasick::AhoCorasick;

/// A list of words to look for.
#[derive(Debug, Default)]
pub(super) struct Finder {
    /// `None` where there is no word.
    automaton: Option<AhoCorasick>,
    count: usize,
}

impl Finder {
    /// Looks for these words, numbered from 0.
    pub(super) fn new<W: AsRef<str>>(words: &[W]) -> Self {
        let bytes = words.iter().map(|word| word.as_ref().as_bytes());
        // It fails only beyond billions of bytes.
        let automaton = (!words.is_empty()).then(|| AhoCorasick::new(bytes).ok()).flatten();
        Self { automaton, count: words.len() }
    }

    /// Looks for phrases in a text of [`super::fold::words`], where each word has a space on both sides.
    pub(super) fn of_phrases<W: AsRef<str>>(phrases: &[W]) -> Self {
        let padded: Vec<String> =
            phrases.iter().map(|phrase| format!(" {} ", phrase.as_ref())).collect();
        Self::new(&padded)
    }

    /// Whether any of them stands in the text.
    pub(super) fn any(&self, text: &str) -> bool {
        self.automaton.as_ref().is_some_and(|automaton| automaton.is_match(text))
    }

    /// For each whether it stands in the text, be it inside another.
    pub(super) fn each(&self, text: &str) -> Vec<bool> {
        let mut found = vec![false; self.count];
        let matches = self.automaton.iter().flat_map(|all| all.find_overlapping_iter(text));
        for word in matches {
            if let Some(slot) = found.get_mut(word.pattern().as_usize()) {
                *slot = true;
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn finds_what_stands_in_the_text(words in prop::collection::vec("[ab火]{1,3}", 0..9), text in "[ab火 ]{0,12}") {
            let finder = Finder::new(&words);
            let expect: Vec<bool> = words.iter().map(|word| text.contains(word.as_str())).collect();
            prop_assert_eq!(finder.any(&text), expect.contains(&true));
            prop_assert_eq!(finder.each(&text), expect);
        }
    }

    #[test]
    fn phrases_are_whole_words_and_may_share_a_space() {
        let finder = Finder::of_phrases(&["on fire", "fire", "help"]);
        assert_eq!(finder.each(" kettle on fire help "), [true, true, true]);
        assert_eq!(finder.each(" fired helpers "), [false, false, false]);
    }
}
