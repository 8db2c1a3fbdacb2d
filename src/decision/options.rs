//! The options of a question asked back: numbering them, and recognising the one that a customer types.

use std::collections::HashSet;

use super::Choice;

/// Options with the ids `"1"`, `"2"`, … in order; of two with one article or one label the first stays.
pub(super) fn numbered(options: Vec<Choice>) -> Vec<Choice> {
    let (mut articles, mut labels) = (HashSet::new(), HashSet::new());
    let mut kept: Vec<Choice> = options
        .into_iter()
        .filter(|option| {
            let fresh = !articles.contains(&option.article) && !labels.contains(&option.label);
            articles.insert(option.article.clone());
            labels.insert(option.label.clone());
            fresh
        })
        .collect();
    for (i, option) in kept.iter_mut().enumerate() {
        option.id = (i + 1).to_string();
    }
    kept
}

/// The option that a text means: its number in any usual form, or its label. `None` when it is anything else.
pub fn typed<'a>(text: &str, options: &'a [Choice]) -> Option<&'a Choice> {
    let bare = bare(text);
    let by_label = options.iter().find(|option| self::bare(&option.label) == bare);
    by_label.or_else(|| options.get(number(&bare)?.checked_sub(1)?)).filter(|_| !bare.is_empty())
}

/// Lower case, without the marks and spaces around.
fn bare(text: &str) -> String {
    text.to_lowercase().trim_matches(|c: char| !c.is_alphanumeric()).to_owned()
}

/// 1 to 9 as a digit, a word or an ordinal, in Chinese or English.
fn number(bare: &str) -> Option<usize> {
    const WORDS: [&[&str]; 9] = [
        &["1", "一", "one", "first", "1st"],
        &["2", "二", "两", "two", "second", "2nd"],
        &["3", "三", "three", "third", "3rd"],
        &["4", "四", "four", "fourth", "4th"],
        &["5", "五", "five", "fifth", "5th"],
        &["6", "六", "six", "sixth", "6th"],
        &["7", "七", "seven", "seventh", "7th"],
        &["8", "八", "eight", "eighth", "8th"],
        &["9", "九", "nine", "ninth", "9th"],
    ];
    let core = stripped(bare);
    WORDS.iter().position(|words| words.contains(&core)).map(|at| at + 1)
}

/// The number without what people put around it: "第一个", "the second one please", "option 3", "选2".
fn stripped(mut core: &str) -> &str {
    const BEFORE: [&str; 15] = [
        "我选",
        "我要",
        "选择",
        "选项",
        "选",
        "第",
        "option ",
        "number ",
        "no. ",
        "no ",
        "the ",
        "i choose ",
        "choose ",
        "#",
        "就",
    ];
    const AFTER: [&str; 11] =
        ["个吧", "个", "项", "条", "种", "号", "吧", " please", " one", " option", "."];
    loop {
        let before = BEFORE.iter().find_map(|word| core.strip_prefix(word));
        let after = AFTER.iter().find_map(|word| before.unwrap_or(core).strip_suffix(word));
        match after.or(before) {
            Some(rest) if !rest.is_empty() => core = rest.trim(),
            Some(_) | None => return core,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::ArticleId;

    fn choice(label: &str, article: &str) -> Choice {
        Choice { id: String::new(), label: label.into(), article: ArticleId::new(article).unwrap() }
    }

    #[test]
    fn options_are_recognised_however_they_are_typed() {
        let options = numbered(vec![
            choice("退款多久到账", "a"),
            choice("Track my order", "b"),
            choice("Other", "c"),
        ]);
        let check = |text: &str, expect: Option<&str>| {
            let found = typed(text, &options).map(|option| option.article.as_str());
            assert_eq!(found, expect, "{text:?}");
        };
        for text in [
            "1",
            " 1. ",
            "1。",
            "第一个",
            "第1个",
            "选1",
            "一",
            "the first one",
            "我选第一个吧",
            "first",
            "退款多久到账",
        ] {
            check(text, Some("a"));
        }
        for text in ["2", "#2", "second one please", "option 2", "第二个", "track my order", "2号"]
        {
            check(text, Some("b"));
        }
        for text in [
            "4",
            "0",
            "",
            "？",
            "第",
            "the",
            "12",
            "1000块怎么退",
            "two refunds are missing",
            "第一次买",
        ] {
            check(text, None);
        }
    }

    #[test]
    fn numbering_drops_repeats() {
        let options = vec![choice("x", "a"), choice("y", "a"), choice("x", "b"), choice("z", "c")];
        let kept: Vec<(String, String)> =
            numbered(options).into_iter().map(|o| (o.id, o.article.as_str().to_owned())).collect();
        assert_eq!(kept, [("1".into(), "a".into()), ("2".into(), "c".into())]);
    }
}
