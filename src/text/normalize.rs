//! One spelling for texts that look alike: NFKC, no control or invisible characters, single spaces. Letters are never
//! replaced by others: traditional Chinese stays traditional, capitals stay capitals.

use std::fmt;
use std::sync::Arc;

use unicode_normalization::UnicodeNormalization;

/// A text that [`normalize`] has been through; cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Normalized(Arc<str>);

impl Normalized {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// True when nothing was left to read.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Normalized {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for Normalized {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// NFKC, control and invisible characters out, runs of white space (line breaks too) made one space, trimmed.
/// Idempotent.
pub fn normalize(raw: &str) -> Normalized {
    // Invisible characters go first: one of them between a letter and its accent would keep the two from composing.
    let visible = raw.chars().filter(|c| c.is_whitespace() || !is_invisible(*c));
    let composed: String = visible.nfkc().collect();
    let mut text = String::with_capacity(composed.len());
    for word in composed.split_whitespace() {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(word);
    }
    Normalized(text.into())
}

/// Characters that take no room on a screen: controls, zero-width and direction marks, variation selectors, tags, and
/// the Hangul fillers that are used to send "empty" messages.
pub(super) fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{00AD}'
                | '\u{034F}'
                | '\u{061C}'
                | '\u{115F}'..='\u{1160}'
                | '\u{17B4}'..='\u{17B5}'
                | '\u{180B}'..='\u{180F}'
                | '\u{200B}'..='\u{200F}'
                | '\u{202A}'..='\u{202E}'
                | '\u{2060}'..='\u{206F}'
                | '\u{3164}'
                | '\u{FE00}'..='\u{FE0F}'
                | '\u{FEFF}'
                | '\u{FFA0}'
                | '\u{FFF0}'..='\u{FFFB}'
                | '\u{E0000}'..='\u{E0FFF}'
        )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn texts_that_look_alike_become_one() {
        let check =
            |raw: &str, expect: &str| assert_eq!(normalize(raw).as_str(), expect, "{raw:?}");
        check("", "");
        check("  退款  多久 ", "退款 多久");
        check("ＡＰＰ１２３", "APP123");
        check("退款，多久？", "退款,多久?");
        check("第\u{3000}一\r\n行\t二", "第 一 行 二");
        check("a\u{0}b\u{7}c", "abc");
        check("re\u{200B}fund\u{FEFF}", "refund");
        check("e\u{0301}", "é");
        check("e\u{200D}\u{0301}", "é");
        check("ﬁne", "fine");
        check("①", "1");
        check("👍\u{FE0F}", "👍");
        check("\u{3164}\u{200B}\u{2060}", "");
        check("a\u{202E}b", "ab");
    }

    #[test]
    fn letters_are_never_replaced() {
        let check = |text: &str| assert_eq!(normalize(text).as_str(), text);
        check("請問退貨運費誰出");
        check("请问退货运费谁出");
        check("Where Is My ORDER");
        check("Größe, naïve, señor");
        check("返品はできますか");
    }

    proptest! {
        #[test]
        fn is_idempotent(raw in "\\PC*|[ \\t\\n\u{200b}\u{300}\u{301}a-cé\u{1100}\u{1161}\u{a8}\u{3000}]{0,12}|(?s).*") {
            let once = normalize(&raw);
            prop_assert_eq!(normalize(once.as_str()), once);
        }

        #[test]
        fn leaves_nothing_invisible(raw in "(?s).*") {
            let text = normalize(&raw);
            prop_assert!(!text.as_str().chars().any(is_invisible));
            prop_assert!(!text.as_str().contains("  "));
            prop_assert_eq!(text.as_str().trim(), text.as_str());
        }
    }
}
