//! What a text is made of, counted: enough to tell words from "???", from emoji, from nothing. No meaning is read.

use unicode_segmentation::UnicodeSegmentation;

/// Counts of one text, by the characters a reader sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Shape {
    /// Letters of any script, Han included.
    pub letters: usize,
    /// Han characters.
    pub han: usize,
    /// Digits and other numerals.
    pub digits: usize,
    /// Emoji, a joined family or a flag counting as one, and the bracketed ones of WeChat such as `[微笑]`.
    pub emoji: usize,
    /// Everything else that is not white space.
    pub marks: usize,
}

impl Shape {
    /// Neither a letter nor a digit: nothing that an encoder could read, though there may be emoji.
    pub fn nothing_to_read(&self) -> bool {
        self.letters == 0 && self.digits == 0
    }

    /// Emoji, at most with punctuation beside them.
    pub fn only_emoji(&self) -> bool {
        self.emoji > 0 && self.nothing_to_read()
    }
}

/// Counts a text.
pub fn shape(text: &str) -> Shape {
    let mut shape = Shape::default();
    let mut rest = text;
    while let Some(tail) = next_piece(rest, &mut shape) {
        rest = tail;
    }
    shape
}

/// About how many words a text has; 1.7 Han characters count as one.
pub fn words(text: &str) -> f64 {
    let han = shape(text).han as f64;
    let others =
        text.split_whitespace().filter(|word| word.chars().any(|c| c.is_ascii_alphanumeric()));
    han / 1.7 + others.count() as f64
}

/// Counts the first emoji code or grapheme and gives the rest; `None` at the end.
fn next_piece<'a>(text: &'a str, shape: &mut Shape) -> Option<&'a str> {
    if let Some(rest) = after_emoji_code(text) {
        shape.emoji += 1;
        return Some(rest);
    }
    let grapheme = text.graphemes(true).next()?;
    count(grapheme, shape);
    text.get(grapheme.len()..)
}

fn count(grapheme: &str, shape: &mut Shape) {
    let Some(first) = grapheme.chars().next() else { return };
    if is_emoji(grapheme) {
        shape.emoji += 1;
    } else if first.is_alphabetic() {
        shape.letters += 1;
        shape.han += usize::from(is_han(first));
    } else if first.is_numeric() {
        shape.digits += 1;
    } else if !first.is_whitespace() && !super::normalize::is_invisible(first) {
        shape.marks += 1;
    }
}

/// Skips a bracketed WeChat emoji; `None` if the text does not start with one.
fn after_emoji_code(text: &str) -> Option<&str> {
    let (code, rest) = text.strip_prefix('[')?.split_once(']')?;
    EMOJI_CODES.contains(&code).then_some(rest)
}

/// A grapheme that is drawn as a picture: one of the pictograph blocks, a flag, or a keycap.
fn is_emoji(grapheme: &str) -> bool {
    grapheme.chars().any(|c| {
        matches!(c,
            '\u{1F000}'..='\u{1FAFF}'
                | '\u{2600}'..='\u{27BF}'
                | '\u{2B1B}'..='\u{2B1C}' | '\u{2B50}' | '\u{2B55}'
                | '\u{231A}'..='\u{231B}' | '\u{23E9}'..='\u{23FA}'
                | '\u{203C}' | '\u{2049}' | '\u{20E3}')
    })
}

/// A Han character of any block, and the ideographic zero.
pub(super) fn is_han(c: char) -> bool {
    matches!(c,
        '\u{4E00}'..='\u{9FFF}'
            | '\u{3400}'..='\u{4DBF}'
            | '\u{F900}'..='\u{FAFF}'
            | '\u{20000}'..='\u{323AF}'
            | '々' | '〇')
}

/// What WeChat puts into a text for its own emoji.
const EMOJI_CODES: [&str; 60] = [
    "微笑",
    "撇嘴",
    "色",
    "发呆",
    "得意",
    "流泪",
    "害羞",
    "闭嘴",
    "睡",
    "大哭",
    "尴尬",
    "发怒",
    "调皮",
    "呲牙",
    "惊讶",
    "难过",
    "囧",
    "抓狂",
    "吐",
    "偷笑",
    "愉快",
    "白眼",
    "傲慢",
    "困",
    "惊恐",
    "憨笑",
    "悠闲",
    "咒骂",
    "疑问",
    "嘘",
    "晕",
    "衰",
    "再见",
    "擦汗",
    "抠鼻",
    "鼓掌",
    "坏笑",
    "委屈",
    "可怜",
    "玫瑰",
    "爱心",
    "心碎",
    "拥抱",
    "强",
    "弱",
    "握手",
    "胜利",
    "抱拳",
    "勾引",
    "OK",
    "捂脸",
    "奸笑",
    "破涕为笑",
    "Smile",
    "Grin",
    "Cry",
    "Sob",
    "Angry",
    "ThumbsUp",
    "ThumbsDown",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(text: &str) -> [usize; 5] {
        let Shape { letters, han, digits, emoji, marks } = shape(text);
        [letters, han, digits, emoji, marks]
    }

    #[test]
    fn counts_by_class() {
        let check = |text: &str, expect: [usize; 5]| assert_eq!(counts(text), expect, "{text:?}");
        check("", [0, 0, 0, 0, 0]);
        check(" \n\u{3000}\u{200B}", [0, 0, 0, 0, 0]);
        check("退款 iPhone 15?", [8, 2, 2, 0, 1]);
        check("請問〇", [3, 3, 0, 0, 0]);
        check("？？？...", [0, 0, 0, 0, 6]);
        check("👍🏽👨‍👩‍👧🇨🇳❤️1️⃣", [0, 0, 0, 5, 0]);
        check("[微笑][强]", [0, 0, 0, 2, 0]);
        check("[退款]", [2, 2, 0, 0, 2]);
        check("[微笑", [2, 2, 0, 0, 1]);
        check("e\u{301}é", [2, 0, 0, 0, 0]);
        check("①２3", [0, 0, 3, 0, 0]);
        check("注文はいつ届く", [7, 3, 0, 0, 0]);
    }

    #[test]
    fn tells_words_from_none() {
        let check = |text: &str, nothing: bool, emoji: bool| {
            let shape = shape(text);
            assert_eq!((shape.nothing_to_read(), shape.only_emoji()), (nothing, emoji), "{text:?}");
        };
        check("", true, false);
        check("???", true, false);
        check("。。。", true, false);
        check("👍", true, true);
        check("👍！", true, true);
        check("[捂脸][捂脸]", true, true);
        check("ok 👍", false, false);
        check("1", false, false);
        check("好", false, false);
    }
}
