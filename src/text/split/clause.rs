//! A text cut into clauses, and each clause judged by its words: does it ask, does it want, does it lean on what stood
//! before it? Word lists of two languages, no grammar.

use super::{Cuts, words};
use crate::text::shape;

/// A stretch of the text between two possible cuts.
#[derive(Debug)]
pub(super) struct Clause {
    /// Byte range in the text.
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) opener: Opener,
    pub(super) kind: Kind,
    pub(super) footing: Footing,
}

/// What stands at a clause's beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opener {
    /// The text itself.
    Start,
    /// The end of a sentence or line before it.
    Sentence,
    /// A connector or a number of a list.
    Connector,
    /// A comma, a space between Han characters, an `and` before a question.
    Pause,
}

/// What a clause does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Greets or thanks, nothing more.
    Courtesy,
    /// Asks.
    Question,
    /// Wants something done, or reports what does not work.
    Need,
    /// Tells.
    Story,
}

/// How much a clause says by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Footing {
    /// Too short to say anything.
    Fragment,
    /// Refers to what stood before, vents about it, or does not begin as a question or a wish does.
    Leaning,
    /// Asks on about the same matter (`为什么…`, `why …`), unless a connector says otherwise.
    FollowUp,
    /// Nothing else is needed to understand it.
    Alone,
}

impl Clause {
    pub(super) fn has_substance(&self) -> bool {
        self.footing != Footing::Fragment
    }

    pub(super) fn can_follow_connector(&self) -> bool {
        let wants = matches!(self.kind, Kind::Question | Kind::Need);
        wants && matches!(self.footing, Footing::FollowUp | Footing::Alone)
    }

    pub(super) fn can_follow_sentence(&self) -> bool {
        self.kind == Kind::Question && self.footing == Footing::Alone
    }
}

/// Cuts a text into judged clauses that cover it without a gap.
pub(super) fn clauses(text: &str, wanted: Cuts) -> Vec<Clause> {
    let cuts = cuts(text, wanted);
    let ends = cuts.iter().skip(1).map(|cut| cut.at).chain([text.len()]);
    cuts.iter()
        .zip(ends)
        .map(|(cut, end)| {
            let judged = Judged::new(text.get(cut.body_at..end).unwrap_or_default());
            let (kind, footing) = (judged.kind(), judged.footing());
            Clause { start: cut.at, end, opener: cut.opener, kind, footing }
        })
        .collect()
}

/// A place where a text may be cut.
struct Cut {
    at: usize,
    opener: Opener,
    /// Where the clause's own words begin, after the connector.
    body_at: usize,
}

fn cuts(text: &str, wanted: Cuts) -> Vec<Cut> {
    let lower = text.to_ascii_lowercase();
    let mut before = Before::default();
    let mut skip_to = connector(&lower, &before).unwrap_or(0);
    let mut cuts = vec![Cut { at: 0, opener: Opener::Start, body_at: skip_to }];
    for (at, c) in lower.char_indices() {
        let rest = lower.get(at..).unwrap_or_default();
        let opens = !c.is_whitespace() && !is_mark(c);
        if at >= skip_to && opens && at > 0 {
            if let Some(length) = connector(rest, &before) {
                skip_to = at + length;
                cuts.push(Cut { at, opener: Opener::Connector, body_at: skip_to });
            } else if before.ended_sentence {
                cuts.push(Cut { at, opener: Opener::Sentence, body_at: at });
            } else if wanted == Cuts::Possible
                && let Some(length) = pause(rest, &before)
            {
                cuts.push(Cut { at, opener: Opener::Pause, body_at: at + length });
            }
        }
        before.pass(c);
    }
    cuts
}

/// What stood before the character that is looked at.
#[derive(Default)]
struct Before {
    last: Option<char>,
    /// The last character that is not white space.
    visible: Option<char>,
    ended_sentence: bool,
}

impl Before {
    fn pass(&mut self, c: char) {
        let ends = matches!(c, '。' | '！' | '!' | '？' | '?' | '；' | ';' | '\n' | '\r' | '…');
        let full_stop = c.is_whitespace() && self.last == Some('.');
        self.ended_sentence =
            ends || full_stop || (self.ended_sentence && (c.is_whitespace() || is_mark(c)));
        self.last = Some(c);
        if !c.is_whitespace() {
            self.visible = Some(c);
        }
    }

    /// A mark or a space stood before.
    fn paused(&self) -> bool {
        self.last.is_none_or(|c| c.is_whitespace() || is_mark(c))
    }

    /// A clause may have ended without a mark: `…吗还有…`.
    fn closed(&self) -> bool {
        self.paused() || matches!(self.visible, Some('吗' | '嗎' | '呢' | '吧'))
    }
}

fn is_mark(c: char) -> bool {
    c.is_ascii_punctuation() || "，。！？；：、…～·「」『』“”‘’（）【】《》—".contains(c)
}

/// The length of a connector at the beginning of `rest`, with the marks behind it.
fn connector(rest: &str, before: &Before) -> Option<usize> {
    let length = chinese_connector(rest, before)
        .or_else(|| english_connector(rest, before))
        .or_else(|| bare_and(rest, before))
        .or_else(|| list_number(rest, before))?;
    let tail = rest.get(length..)?;
    Some(rest.len() - tail.trim_start_matches(|c: char| c.is_whitespace() || is_mark(c)).len())
}

fn chinese_connector(rest: &str, before: &Before) -> Option<usize> {
    let strong = words::CONNECTORS_ZH.iter().find(|word| rest.starts_with(**word));
    if let Some(word) = strong {
        return Some(word.len());
    }
    let word = words::CONNECTORS_ZH_AFTER_PAUSE.iter().find(|word| rest.starts_with(**word))?;
    let tail = rest.get(word.len()..)?;
    let is_verb = words::STILL_HAVE.iter().any(|object| tail.starts_with(object));
    (before.closed() && !is_verb).then_some(word.len())
}

fn english_connector(rest: &str, before: &Before) -> Option<usize> {
    let word = words::CONNECTORS_EN.iter().find(|word| starts_with_word(rest, word))?;
    before.paused().then_some(word.len())
}

/// `… and how …`: the cut is before the `and`.
fn bare_and(rest: &str, before: &Before) -> Option<usize> {
    let tail = rest.strip_prefix("and ")?;
    let asks = words::ASKING_AFTER_AND.iter().any(|word| starts_with_word(tail, word));
    (asks && before.paused()).then_some("and ".len())
}

/// The length of an `and` that a clause begins with, 0 where a comma or a space alone divides.
fn pause(rest: &str, before: &Before) -> Option<usize> {
    if let Some(tail) = rest.strip_prefix("and ").filter(|_| before.paused()) {
        let asks = words::ASKING_EN.iter().any(|word| starts_with_word(tail, word));
        return asks.then_some("and ".len());
    }
    let comma = matches!(before.visible, Some('，' | ',' | '～' | '~'));
    let han = |c: Option<char>| c.is_some_and(shape::is_han);
    let space = before.last.is_some_and(char::is_whitespace);
    let between_han = space && han(before.visible) && han(rest.chars().next());
    (before.paused() && comma || between_han).then_some(0)
}

/// `2、`, `2.`, `2)`, `②`, `二、` at the beginning of a clause.
fn list_number(rest: &str, before: &Before) -> Option<usize> {
    let mut chars = rest.chars();
    let number = chars.next()?;
    if matches!(number, '①'..='⑨') {
        return Some(number.len_utf8());
    }
    let mark = chars.next()?;
    let numbered = match number {
        '1'..='9' => matches!(mark, '、' | '.' | '．' | ')' | '）'),
        _ => mark == '、' && "一二三四五六七八九".contains(number),
    };
    let decimal = chars.next().is_none_or(|c| c.is_ascii_digit());
    (numbered && !decimal && before.paused()).then_some(number.len_utf8() + mark.len_utf8())
}

fn starts_with_word(text: &str, word: &str) -> bool {
    text.strip_prefix(word)
        .is_some_and(|tail| !tail.starts_with(|c: char| c.is_alphanumeric() || c == '\''))
}

/// A clause's own words, folded for comparison.
struct Judged {
    text: String,
    han: usize,
    words: Vec<String>,
    marked: bool,
}

/// Fewer Han characters or English words than this are a fragment.
const SUBSTANCE: usize = 4;

impl Judged {
    fn new(body: &str) -> Self {
        let text = body.to_lowercase().replace('’', "'");
        let words = text
            .split(|c: char| !(c.is_ascii_alphanumeric() || c == '\''))
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect();
        let marked = text.trim_end().ends_with(['?', '？']);
        Self { han: shape::shape(&text).han, words, marked, text }
    }

    fn is_chinese(&self) -> bool {
        self.han >= 2
    }

    fn kind(&self) -> Kind {
        if self.is_courtesy() {
            Kind::Courtesy
        } else if self.vents() {
            Kind::Story
        } else if self.marked || self.asks() {
            Kind::Question
        } else if self.wants() {
            Kind::Need
        } else {
            Kind::Story
        }
    }

    fn is_courtesy(&self) -> bool {
        let bare: String = self.text.chars().filter(|c| c.is_alphanumeric()).collect();
        words::COURTESIES.contains(&bare.as_str())
    }

    fn has_substance(&self) -> bool {
        if self.is_chinese() { self.han >= SUBSTANCE } else { self.words.len() >= SUBSTANCE }
    }

    fn footing(&self) -> Footing {
        if !self.has_substance() {
            Footing::Fragment
        } else if self.leans() || !self.starts_well() {
            Footing::Leaning
        } else if self.follows_up() {
            Footing::FollowUp
        } else {
            Footing::Alone
        }
    }

    fn asks(&self) -> bool {
        if !self.is_chinese() {
            return self.starts_with_any(&words::ASKING_EN);
        }
        let plain = words::NOT_ASKING_ZH
            .iter()
            .fold(self.text.clone(), |text, word| text.replace(word, ""));
        contains_any(&plain, &words::ASKING_ZH)
    }

    fn wants(&self) -> bool {
        let lists = if self.is_chinese() { &words::NEEDS_ZH[..] } else { &words::NEEDS_EN[..] };
        contains_any(&self.text, lists)
    }

    fn starts_well(&self) -> bool {
        if self.is_chinese() {
            self.asks() || self.wants()
        } else {
            self.starts_with_any(&words::ASKING_EN)
                || self.starts_with_any(&words::WISHES_EN)
                || self.reports()
        }
    }

    /// `my parcel never arrived`.
    fn reports(&self) -> bool {
        self.starts_with_any(&["my", "the", "i"]) && self.wants()
    }

    fn leans(&self) -> bool {
        if self.is_chinese() {
            return self.vents() || contains_any(&self.text, &words::POINTING_ZH);
        }
        let dummy = contains_any(&self.text, &words::DUMMY_IT);
        let points = |word: &str| words::POINTING_EN.contains(&word) && !(dummy && word == "it");
        self.vents() || self.words.iter().any(|word| points(word))
    }

    fn vents(&self) -> bool {
        contains_any(&self.text, &words::VENTING)
    }

    fn follows_up(&self) -> bool {
        let text = self.text.trim_start();
        let terse = self.is_chinese() && self.han <= SUBSTANCE;
        terse || words::FOLLOW_UPS.iter().any(|word| text.starts_with(word))
    }

    /// Begins with one of the words, apart from an introduction such as "please tell me".
    fn starts_with_any(&self, list: &[&str]) -> bool {
        let mut text = self.text.trim_start();
        while let Some(tail) = words::INTRODUCTIONS.iter().find_map(|word| text.strip_prefix(word))
        {
            text = tail.trim_start_matches([' ', ',']);
        }
        list.iter().any(|word| starts_with_word(text, word))
    }
}

fn contains_any(text: &str, list: &[&str]) -> bool {
    list.iter().any(|word| text.contains(word))
}
