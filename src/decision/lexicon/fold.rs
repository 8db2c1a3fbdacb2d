//! A text folded for comparison with word lists: compatibility forms, capitals and apostrophes made one, marks told from
//! words. Nothing is dropped that a form may hold; traditional and simplified characters stay what they are.

use unicode_normalization::UnicodeNormalization;

/// Lower case, NFKC, straight apostrophes, single spaces; marks as they are.
pub(super) fn fold(text: &str) -> String {
    let folded: String = text
        .nfkc()
        .flat_map(char::to_lowercase)
        .map(|c| if matches!(c, '’' | '‘' | '`' | '´') { '\'' } else { c })
        .filter(|c| c.is_whitespace() || !is_unseen(*c))
        .collect();
    folded.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200B}'..='\u{200F}' | '\u{2060}'..='\u{2064}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}')
}

/// The stretches of a folded text between marks, trimmed; hyphens and slashes join words and count as spaces.
pub(super) fn clauses(folded: &str) -> Vec<String> {
    folded
        .split(|c: char| {
            !(c.is_alphanumeric() || c.is_whitespace() || matches!(c, '\'' | '-' | '_' | '/'))
        })
        .map(|clause| {
            clause.replace(['-', '_', '/'], " ").split_whitespace().collect::<Vec<_>>().join(" ")
        })
        .filter(|clause| !clause.is_empty())
        .collect()
}

/// The Latin words of a folded text, one space between and around, so that `" word "` finds whole words.
pub(super) fn words(folded: &str) -> String {
    let words = folded
        .split(|c: char| !(c.is_ascii_alphanumeric() || c == '\''))
        .filter(|word| !word.is_empty());
    let mut padded = String::from(" ");
    for word in words {
        padded.push_str(word);
        padded.push(' ');
    }
    padded
}

/// The folded text without white space, and with one comma for every run of marks.
pub(super) fn compact(folded: &str) -> String {
    let mut compact = String::with_capacity(folded.len());
    for c in folded.chars().filter(|c| !c.is_whitespace()) {
        if c.is_alphanumeric() {
            compact.push(c);
        } else if !compact.ends_with(',') {
            compact.push(',');
        }
    }
    compact
}

/// Whether a character is Han.
pub(super) fn is_han(c: char) -> bool {
    matches!(c, '\u{4E00}'..='\u{9FFF}' | '\u{3400}'..='\u{4DBF}' | '\u{20000}'..='\u{323AF}')
}

/// The first occurrence of `form` at or after `from`, spaces inside it allowed: its byte range.
pub(super) fn find_spaced(text: &str, form: &str, from: usize) -> Option<(usize, usize)> {
    let tail = text.get(from..)?;
    tail.match_indices(form.chars().next()?).find_map(|(at, _)| {
        let length = match_spaced(tail.get(at..)?, form)?;
        Some((from + at, from + at + length))
    })
}

/// How many bytes at the beginning of `text` spell `form`, spaces inside allowed.
fn match_spaced(text: &str, form: &str) -> Option<usize> {
    let mut wanted = form.chars().filter(|c| *c != ' ').peekable();
    for (at, c) in text.char_indices() {
        match wanted.peek() {
            None => return Some(at),
            Some(next) if *next == c => {
                wanted.next();
            }
            Some(_) if c == ' ' && at > 0 => {}
            Some(_) => return None,
        }
    }
    wanted.peek().is_none().then_some(text.len())
}
