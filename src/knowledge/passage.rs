//! Cuts an article into passages: the answer, then each section with its heading; long ones at paragraphs. Passages are
//! what is found when no question fits; which of them may be sent is not decided here.

use std::ops::Range;

use super::article::Article;
use super::plain::to_plain;
use crate::message::Handling;

/// The longest passage in bytes: about 300 Chinese characters or 150 English words, which every encoder here reads whole.
const LONGEST: usize = 900;

/// A piece of an article.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passage {
    /// Which section it belongs to; `None` is the answer.
    pub section: Option<usize>,
    /// Its bytes in the answer or in the section's markdown.
    pub range: Range<usize>,
    /// What is read of it: the heading, then the piece as plain text. Never empty.
    pub text: String,
}

/// The passages of an article in reading order. None for one that a person must handle: its text is a note for agents.
pub fn passages(article: &Article) -> Vec<Passage> {
    if article.handling == Handling::Route {
        return Vec::new();
    }
    let mut passages = pieces(None, "", &article.answer);
    for (at, section) in article.sections.iter().enumerate() {
        passages.extend(pieces(Some(at), &section.heading, &section.markdown));
    }
    passages
}

fn pieces(section: Option<usize>, heading: &str, markdown: &str) -> Vec<Passage> {
    let mut ranges = cut(markdown, LONGEST);
    if ranges.is_empty() {
        ranges.push(0..0); // a heading without text is found too
    }
    let read = |range: Range<usize>| {
        let piece = to_plain(markdown.get(range.clone()).unwrap_or_default());
        let text = format!("{heading}\n{piece}").trim().to_owned();
        Passage { section, range, text }
    };
    ranges.into_iter().map(read).filter(|passage| !passage.text.is_empty()).collect()
}

/// Cuts a text into ranges of at most `longest` bytes that tile it on character boundaries: after an empty line where
/// there is one, else after a line, else after a sentence, else anywhere. Empty for an empty text; a single character
/// longer than `longest` stays whole.
pub(crate) fn cut(text: &str, longest: usize) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    let mut start = 0;
    while start < text.len() {
        let rest = text.get(start..).unwrap_or_default();
        let length = if rest.len() <= longest { rest.len() } else { first_piece(rest, longest) };
        ranges.push(start..start + length);
        start += length;
    }
    ranges
}

/// Where the first piece of a text that is too long ends; at least one character.
fn first_piece(text: &str, longest: usize) -> usize {
    let head = text.get(..text.floor_char_boundary(longest)).unwrap_or_default();
    // A heading or a short first paragraph alone makes a poor passage: cuts before the middle are taken last.
    let middle = longest / 2;
    let late = |end: &usize| *end > middle;
    let cut = after_last(head, "\n\n")
        .filter(late)
        .or_else(|| after_last(head, "\n").filter(late))
        .or_else(|| after_sentence(head).filter(late))
        .unwrap_or(head.len());
    let one = text.chars().next().map_or(text.len(), char::len_utf8);
    cut.max(one)
}

fn after_last(text: &str, pattern: &str) -> Option<usize> {
    text.rfind(pattern).map(|at| at + pattern.len())
}

fn after_sentence(text: &str) -> Option<usize> {
    let ends = |(at, c): (usize, char)| match c {
        '。' | '！' | '？' | '；' | '!' | '?' => Some(at + c.len_utf8()),
        _ => None,
    };
    let full_stop = text.rfind(". ").map(|at| at + 2);
    text.char_indices().rev().find_map(ends).max(full_stop)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::knowledge::article::Section;
    use crate::knowledge::source::Span;
    use crate::message::Language;

    #[test]
    fn long_texts_are_cut_at_the_widest_gap() {
        let check = |text: &str, longest: usize, expect: &[&str]| {
            let pieces: Vec<&str> =
                cut(text, longest).into_iter().map(|r| text.get(r).unwrap()).collect();
            assert_eq!(pieces, expect, "{text:?}");
        };
        check("", 10, &[]);
        check("short", 10, &["short"]);
        check("one two\n\nthree four\nfive", 14, &["one two\n\n", "three four\n", "five"]);
        check("一二三。四五六", 15, &["一二三。", "四五六"]);
        check("One two. Three four.", 12, &["One two. ", "Three four."]);
        check("abcdef", 4, &["abcd", "ef"]);
        check("😀😀", 1, &["😀", "😀"]);
    }

    #[test]
    fn a_section_is_read_with_its_heading() {
        let mut article = Article::new("a", "A", Language::EN).unwrap();
        article.answer = "The **answer**.".to_owned();
        article.sections.push(Section {
            heading: "Details".to_owned(),
            anchor: "details".to_owned(),
            markdown: "More.".to_owned(),
            span: Span::default(),
        });
        let texts: Vec<String> = passages(&article).into_iter().map(|p| p.text).collect();
        assert_eq!(texts, ["The answer.", "Details\nMore."]);
        article.handling = Handling::Route;
        assert!(passages(&article).is_empty());
    }

    proptest! {
        #[test]
        fn ranges_tile_the_text_on_character_boundaries(text in "[a\n。退 😀.]{0,80}", longest in 1usize..30) {
            let mut end = 0;
            for range in cut(&text, longest) {
                prop_assert_eq!(range.start, end);
                prop_assert!(range.end > range.start);
                prop_assert!(text.is_char_boundary(range.end));
                let piece = text.get(range.clone()).unwrap();
                prop_assert!(piece.len() <= longest || piece.chars().count() == 1);
                end = range.end;
            }
            prop_assert_eq!(end, text.len());
        }
    }
}
