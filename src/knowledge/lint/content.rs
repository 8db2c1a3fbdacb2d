//! The text itself: enough questions, not too long, nothing left to fill in, the right language, an answer at all.

use super::{Check, written};
use crate::knowledge::article::Article;
use crate::knowledge::diagnostic::{Bilingual, Code};
use crate::knowledge::plain::to_plain;
use crate::knowledge::source::Span;
use crate::message::{Channel, Handling, Language};
use crate::text::language::detect;

/// Fewer questions than this are too few to be found by.
const FEWEST: usize = 3;
/// The longest message of channels that have a limit, in bytes of plain text.
const LIMITS: &[(&str, usize)] = &[("wechat", 2048)];
/// A text with fewer letters does not show its language.
const SHORT: usize = 12;

/// K7: fewer than three questions.
pub(super) fn few_questions(check: &mut Check<'_>) {
    for (_, article) in check.live() {
        let count = article.questions.len();
        if count < FEWEST {
            check.report(
                Code::FewQuestions,
                (article, article.mark("questions")),
                Bilingual::new(format!("只有 {count} 条问法"), format!("only {count} questions")),
                Bilingual::new(
                    "写到五条以上，用客户自己的说法。",
                    "Write five or more, in the customers' own words.",
                ),
            );
        }
    }
}

/// K11: an answer that a channel of the article cannot take in one message.
pub(super) fn too_long(check: &mut Check<'_>) {
    for (_, article) in check.live().filter(|(_, article)| article.handling == Handling::Answer) {
        let length = to_plain(&article.answer).len();
        for (name, limit) in LIMITS {
            let served = Channel::new(name).is_ok_and(|channel| article.serves(&channel));
            if served && length > *limit {
                report_length(check, article, (name, *limit), length);
            }
        }
    }
}

fn report_length(check: &mut Check<'_>, article: &Article, channel: (&str, usize), length: usize) {
    let (name, limit) = channel;
    check.report(
        Code::TooLong,
        (article, article.mark("answer")),
        Bilingual::new(
            format!("答案有 {length} 字节，{name} 一条消息最多 {limit}"),
            format!("the answer has {length} bytes, a message on {name} takes {limit}"),
        ),
        Bilingual::new(
            "把细节移到 `##` 小节里，或用 `channels` 排除这个渠道。",
            "Move details into a `##` section, or leave the channel out with `channels`.",
        ),
    );
}

/// K12: what somebody meant to fill in.
pub(super) fn placeholders(check: &mut Check<'_>) {
    for (_, article) in check.live() {
        for (text, span) in written(article) {
            if let Some((at, length)) = placeholder(text) {
                let place = Span::new(at, at + length).shifted(span.start);
                let what = article.source.slice(place);
                check.report(
                    Code::Placeholder,
                    (article, place),
                    Bilingual::new(
                        format!("还没有填写：`{what}`"),
                        format!("not filled in: `{what}`"),
                    ),
                    Bilingual::new(
                        "填上内容，或把文章标成 `draft: true`。",
                        "Fill it in, or mark the article `draft: true`.",
                    ),
                );
            }
        }
    }
}

/// The first placeholder of a text: its place and length in bytes.
fn placeholder(text: &str) -> Option<(usize, usize)> {
    let words = ["TODO", "FIXME", "TBD"].iter().filter_map(|word| whole_word(text, word));
    let phrases =
        ["待补充", "此处填写", "Lorem ipsum"].iter().filter_map(|p| Some((text.find(p)?, p.len())));
    let braces = text.find("{{").and_then(|at| {
        let end = text.get(at..)?.find("}}")?;
        Some((at, end + 2))
    });
    words.chain(phrases).chain(braces).chain(crosses(text)).min()
}

fn whole_word(text: &str, word: &str) -> Option<(usize, usize)> {
    let letter = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_');
    text.match_indices(word).find_map(|(at, _)| {
        let before = text.get(..at)?.chars().next_back();
        let after = text.get(at + word.len()..)?.chars().next();
        (!letter(before) && !letter(after)).then_some((at, word.len()))
    })
}

/// `xxx` or longer, not inside a word.
fn crosses(text: &str) -> Option<(usize, usize)> {
    let mut at = 0;
    for word in text.split(|c: char| !c.is_ascii_alphanumeric()) {
        if word.len() >= 3 && word.chars().all(|c| matches!(c, 'x' | 'X')) {
            return Some((at, word.len()));
        }
        at += word.len();
        at += text.get(at..)?.chars().next().map_or(0, char::len_utf8);
    }
    None
}

/// K14: the answer is in another language than `lang`.
pub(super) fn language(check: &mut Check<'_>) {
    for (_, article) in check.live() {
        let text = to_plain(&article.answer);
        let long_enough = text.chars().filter(|c| c.is_alphabetic()).count() >= SHORT;
        let found = detect(&text, Some(article.lang));
        // Only Chinese and English are told apart from everything else well enough to say somebody is wrong.
        let sure = [Language::ZH, Language::EN];
        let wrong = found != article.lang && sure.contains(&found) && sure.contains(&article.lang);
        if long_enough && wrong {
            let lang = article.lang;
            check.report(
                Code::WrongLanguage,
                (article, article.mark("lang")),
                Bilingual::new(
                    format!("正文像是 {found}，`lang` 写的是 {lang}"),
                    format!("the text looks like {found}, `lang` says {lang}"),
                ),
                Bilingual::new(
                    format!("改成 `lang: {found}`，或把正文译成 {lang}。"),
                    format!("Write `lang: {found}`, or translate the text into {lang}."),
                ),
            );
        }
    }
}

/// K26: nothing to send.
pub(super) fn empty_answer(check: &mut Check<'_>) {
    let silent =
        |article: &Article| article.handling == Handling::Answer && article.answer.is_empty();
    for (_, article) in check.live().filter(|(_, article)| silent(article)) {
        check.report(
            Code::EmptyAnswer,
            (article, article.mark("answer")),
            Bilingual::new(
                "第一个 `##` 之上没有文字：没有可以发给客户的答案",
                "no text above the first `##`: there is no answer to send",
            ),
            Bilingual::new(
                "在那里写答案；要由人处理的写 `handling: route`。",
                "Write the answer there; use `handling: route` for what people must handle.",
            ),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_found_and_words_are_not() {
        let check = |text: &str, expect: Option<&str>| {
            let found = placeholder(text).and_then(|(at, length)| text.get(at..at + length));
            assert_eq!(found, expect, "{text:?}");
        };
        check("请联系 TODO 处理", Some("TODO"));
        check("Dear {{name}}, hello", Some("{{name}}"));
        check("电话xxx转分机", Some("xxx"));
        check("XXXX 元", Some("XXXX"));
        check("待补充", Some("待补充"));
        check("size XXL, xx, exxxtra", None);
        check("TODOS, methodology", None);
        check("{single} and }}", None);
        check("{{unclosed", None);
        check("", None);
    }
}
