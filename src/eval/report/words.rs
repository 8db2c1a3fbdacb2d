//! What figures are called on a page, in Chinese and English.

use crate::eval::quality::{Dimension, Obstacle};

/// What stands in the way, in words: its name, and what would help.
pub(super) struct Wording {
    pub(super) zh: &'static str,
    pub(super) en: &'static str,
    pub(super) cure_zh: &'static str,
    pub(super) cure_en: &'static str,
    /// The colour of its band.
    pub(super) class: &'static str,
}

impl Wording {
    const fn new(
        (zh, en): (&'static str, &'static str),
        (cure_zh, cure_en): (&'static str, &'static str),
        class: &'static str,
    ) -> Self {
        Self { zh, en, cure_zh, cure_en, class }
    }

    pub(super) const RIGHT: Self =
        Self::new(("自动回答，答对", "answered, right"), ("", ""), "right");
    pub(super) const WRONG: Self = Self::new(
        ("自动回答，答错", "answered, wrong"),
        ("看下面的混淆与错误回答", "see the confusions and wrong answers below"),
        "wrong",
    );

    pub(super) fn of(obstacle: Obstacle) -> Self {
        match obstacle {
            Obstacle::SmallTalk => Self::new(
                ("寒暄", "small talk"),
                ("不必，已有固定话术", "nothing: it has phrases of its own"),
                "outside",
            ),
            Obstacle::OutOfScope => Self::new(
                ("没有文章能答，该由人处理", "out of scope, rightly left to people"),
                ("常见的话题可以写成新文章", "write articles for topics that come often"),
                "outside",
            ),
            Obstacle::NoArticle => Self::new(
                ("标注的文章不在知识里", "its article is not in the knowledge"),
                ("补上这些文章", "add those articles"),
                "held",
            ),
            Obstacle::Person => Self::new(
                ("要找真人，或太紧急", "a person is wanted, or it is urgent"),
                ("不必", "nothing"),
                "held",
            ),
            Obstacle::Risk => Self::new(
                ("涉及钱、法律或安全", "money, law or safety"),
                ("单独标注并认证这类消息", "label and certify these on their own"),
                "held",
            ),
            Obstacle::Language => Self::new(
                ("没有客户语言的答案", "no answer in the customer's language"),
                ("翻译这些文章", "translate those articles"),
                "held",
            ),
            Obstacle::Rule => Self::new(
                ("编辑或规则要求转人工、反问", "an editor or a rule routes it or asks back"),
                ("按需要改文章的处理方式", "change the articles' handling where it should be"),
                "held",
            ),
            Obstacle::NotFirst => Self::new(
                ("别的答案排在前面，没有发出", "another answer came first; held back"),
                ("给该答的文章补充问法", "add phrasings to the right article"),
                "behind",
            ),
            Obstacle::NotCertain => Self::new(
                ("答案找对了，但把握不够", "the right answer, but not certain enough"),
                ("补充问法；标注更多消息", "add phrasings; label more messages"),
                "unsure",
            ),
        }
    }
}

/// A dimension's heading.
pub(super) fn heading(by: Dimension) -> (&'static str, &'static str) {
    match by {
        Dimension::All => ("整体", "The whole"),
        Dimension::Language => ("语言", "Language"),
        Dimension::Script => ("文字", "Script"),
        Dimension::Kind => ("特点", "Kind"),
        Dimension::Risk => ("答错的代价", "What a wrong answer could cost"),
    }
}
