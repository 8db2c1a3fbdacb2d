//! Which scripts a text is written in, as coarsely as a reader sees it at a glance. A script is no language: Latin letters
//! say nothing of English.

use super::shape::is_han;

/// A set of scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Scripts(u8);

impl Scripts {
    /// The scripts of a text's letters.
    pub fn of(text: &str) -> Self {
        text.chars().filter_map(script).fold(Self::default(), Self::and)
    }

    /// Both sets together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The share of a text's letters that are in one of these scripts, 0..=1; 1 where it has no letters.
    pub fn share_of(self, text: &str) -> f64 {
        let (mut letters, mut inside) = (0u32, 0u32);
        for script in text.chars().filter_map(script) {
            letters += 1;
            inside += u32::from(self.0 & script.0 != 0);
        }
        if letters == 0 { 1.0 } else { f64::from(inside) / f64::from(letters) }
    }
}

/// The script of a letter; all that are not told apart are one. Japanese is written in two, which are as one here.
fn script(letter: char) -> Option<Scripts> {
    let bit = match letter {
        _ if !letter.is_alphabetic() => return None,
        _ if letter.is_ascii()
            || matches!(letter, '\u{00C0}'..='\u{024F}' | '\u{1E00}'..='\u{1EFF}') =>
        {
            0
        }
        _ if is_han(letter) => 1,
        '\u{3040}'..='\u{30FF}' | '\u{31F0}'..='\u{31FF}' => 2,
        '\u{1100}'..='\u{11FF}' | '\u{3130}'..='\u{318F}' | '\u{AC00}'..='\u{D7AF}' => 3,
        '\u{0400}'..='\u{052F}' => 4,
        '\u{0600}'..='\u{06FF}' | '\u{0750}'..='\u{077F}' => 5,
        _ => 6,
    };
    Some(Scripts(1 << bit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_of_known_scripts_are_counted() {
        let check = |known: &[&str], text: &str, expect: f64| {
            let known =
                known.iter().map(|text| Scripts::of(text)).fold(Scripts::default(), Scripts::and);
            assert!((known.share_of(text) - expect).abs() < 1e-9, "{known:?} {text}");
        };
        check(&["Where is it?"], "my card", 1.0);
        check(&["Where is it?"], "退款", 0.0);
        check(&["Where is it?"], "退款ab", 0.5);
        check(&["退款多久", "Where?"], "我的card在哪", 1.0);
        check(&["退款多久"], "カード", 0.0);
        check(&["退款多久"], "카드", 0.0);
        check(&["карта"], "Größe", 0.0);
        check(&["size"], "Größe", 1.0);
        check(&["size"], "12345 ?!", 1.0);
        check(&[], "size", 0.0);
        check(&[], "", 1.0);
    }
}
