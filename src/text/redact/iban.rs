//! International bank account numbers: two letters, two check digits, up to thirty letters and digits, often in groups of
//! four. Only one whose check holds counts, since any word with a number in it looks like one.

use super::{Find, ascii};

/// Letters and digits of the shortest and of the longest one.
const SHORTEST: usize = 15;
const LONGEST: usize = 34;

/// The IBAN that begins at an index.
pub(super) fn find(chars: &[char], at: usize) -> Option<Find> {
    let before = at.checked_sub(1).and_then(|i| chars.get(i));
    if before.is_some_and(|c| ascii(*c).is_ascii_alphanumeric()) || !begins(chars, at) {
        return None;
    }
    let mut text = String::new();
    let mut ends = Vec::new();
    let mut next = at;
    while text.len() < LONGEST
        && let Some(c) = chars.get(next).map(|c| ascii(*c))
    {
        match c {
            _ if c.is_ascii_alphanumeric() => text.push(c.to_ascii_uppercase()),
            ' ' | '-' if chars.get(next + 1).is_some_and(|c| ascii(*c).is_ascii_alphanumeric()) => {
                ends.push((text.len(), next));
            }
            _ => break,
        }
        next += 1;
    }
    ends.push((text.len(), next));
    // What follows may look like one more group: the longest that holds.
    let whole = |(length, _): &&(usize, usize)| {
        *length >= SHORTEST && text.get(..*length).is_some_and(holds)
    };
    let (_, end) = ends.iter().rev().find(whole)?;
    Some(Find { label: Some("[iban]"), end: *end })
}

fn begins(chars: &[char], at: usize) -> bool {
    let head: Vec<char> = chars.iter().skip(at).take(4).map(|c| ascii(*c)).collect();
    matches!(head.as_slice(), [a, b, c, d]
        if a.is_ascii_alphabetic() && b.is_ascii_alphabetic() && c.is_ascii_digit() && d.is_ascii_digit())
}

/// ISO 7064: the first four behind the rest, letters as 10 to 35, the remainder by 97 is 1.
fn holds(text: &str) -> bool {
    let (head, rest) = text.split_at_checked(4).unwrap_or((text, ""));
    let digits = rest.chars().chain(head.chars()).filter_map(|c| c.to_digit(36));
    let fold = |sum: u32, digit: u32| (sum * if digit < 10 { 10 } else { 100 } + digit) % 97;
    digits.fold(0, fold) == 1
}
