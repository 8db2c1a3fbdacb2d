//! Cuts a text that is too long for a channel: at a paragraph, else a line, else a sentence, else a word, else between
//! two characters as a reader sees them. Pure; it loses nothing: the pieces in order are the text.

use unicode_segmentation::UnicodeSegmentation as _;

/// Pieces of at most `limit` bytes, which together are `text`. A limit below 4 counts as 4, so that every character fits.
pub(super) fn cut(text: &str, limit: usize) -> Vec<&str> {
    let limit = limit.max(4);
    let mut pieces = Vec::new();
    let mut rest = text;
    while rest.len() > limit {
        let (piece, after) = rest.split_at(cut_at(rest, limit));
        pieces.push(piece);
        rest = after;
    }
    if !rest.is_empty() {
        pieces.push(rest);
    }
    pieces
}

/// Where to cut a text that is longer than `limit`: 1..=limit bytes, on a character boundary.
fn cut_at(text: &str, limit: usize) -> usize {
    let window = window(text, limit);
    [after_paragraph, after_line, after_sentence, after_word]
        .iter()
        .find_map(|best| best(window).filter(|at| worthwhile(*at, limit)))
        .unwrap_or_else(|| after_grapheme(text, window))
}

/// A cut in the first third would leave more, smaller messages than the text needs.
fn worthwhile(at: usize, limit: usize) -> bool {
    at > limit / 3
}

/// The longest start of `text` that fits.
fn window(text: &str, limit: usize) -> &str {
    let end = (1..=limit).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    text.split_at(end).0
}

fn after_paragraph(window: &str) -> Option<usize> {
    window.rfind("\n\n").map(|at| at + 2)
}

fn after_line(window: &str) -> Option<usize> {
    window.rfind('\n').map(|at| at + 1)
}

/// After the last sentence; a Western full stop ends one only before a space, so that `3.5` and `a.com` stay whole.
fn after_sentence(window: &str) -> Option<usize> {
    let mut last = None;
    let mut stop = false;
    for (at, letter) in window.char_indices() {
        if stop && letter.is_whitespace() {
            last = Some(at + letter.len_utf8());
        }
        if "。！？；…".contains(letter) {
            last = Some(at + letter.len_utf8());
        }
        stop = ".!?;".contains(letter);
    }
    last
}

fn after_word(window: &str) -> Option<usize> {
    window
        .char_indices()
        .rev()
        .find(|(_, letter)| letter.is_whitespace())
        .map(|(at, letter)| at + letter.len_utf8())
}

/// The last boundary of `text` between two graphemes inside the window; its end where one grapheme fills it.
fn after_grapheme(text: &str, window: &str) -> usize {
    let boundaries = text.grapheme_indices(true).map(|(at, _)| at);
    boundaries
        .take_while(|at| *at <= window.len())
        .last()
        .filter(|at| *at > 0)
        .unwrap_or(window.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn cuts_at_the_best_place_that_fits() {
        let check = |text: &str, limit: usize, expect: &[&str]| {
            assert_eq!(cut(text, limit), expect, "{text:?} in {limit}");
        };
        check("", 10, &[]);
        check("short", 10, &["short"]);
        check("one two\n\nthree four", 12, &["one two\n\n", "three four"]);
        check("one two\nthree four", 12, &["one two\n", "three four"]);
        check("One is. Two is too.", 12, &["One is. ", "Two is too."]);
        check("costs 3.5 yuan a day", 12, &["costs 3.5 ", "yuan a day"]);
        check("退款三天。到账快。", 18, &["退款三天。", "到账快。"]);
        check("退款三天到账快", 10, &["退款三", "天到账", "快"]);
        check("abcdefghijkl", 5, &["abcde", "fghij", "kl"]);
        // An early paragraph end is no reason to send a tiny message.
        check("a\n\nbcdef ghijklm", 12, &["a\n\nbcdef ", "ghijklm"]);
        // A family is one character to its reader.
        check("ab👨‍👩‍👧cd", 20, &["ab👨‍👩‍👧", "cd"]);
        check("abcd👨‍👩‍👧", 20, &["abcd", "👨‍👩‍👧"]);
    }

    proptest! {
        #[test]
        fn loses_nothing_and_fits(text in "(\\PC|\n|。|\\. ){0,200}", limit in 0usize..64) {
            let pieces = cut(&text, limit);
            prop_assert_eq!(pieces.concat(), text.as_str());
            prop_assert!(pieces.iter().all(|piece| !piece.is_empty() && piece.len() <= limit.max(4)));
        }
    }
}
