//! The closed list of findings, each with a name, a severity and one paragraph of explanation in both languages. `Y` is
//! about reading a file at all, `K` about knowledge that can be read. A code is never given a second meaning.

use super::{Bilingual, Severity};

macro_rules! codes {
    ($($name:ident $code:literal $slug:literal $severity:ident { zh: $zh:literal, en: $en:literal })*) => {
        /// Which kind of finding; `as_str` is what people and scripts see.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $(#[doc = $en] $name,)*
        }

        impl Code {
            /// Every code, in the order of this table.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The code: a letter and a number.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// A speaking name in `kebab-case`.
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => $slug,)* }
            }

            /// How bad it usually is.
            pub fn severity(self) -> Severity {
                match self { $(Self::$name => Severity::$severity,)* }
            }

            /// One paragraph: what it means and why it matters.
            pub fn explanation(self) -> Bilingual {
                match self { $(Self::$name => Bilingual::new($zh, $en),)* }
            }
        }
    };
}

codes! {
    Syntax "Y1" "syntax" Error {
        zh: "文件开头的 YAML 或 TOML 读不出来。文件在修好之前不会被使用；其他文件不受影响。最常见的原因是值里有半角冒号却没有加引号、引号没有成对、缩进不齐。",
        en: "The YAML or TOML at the head of the file cannot be read. Until it is mended the file is not used; other files are not affected. The usual causes are a colon inside a value without quotes, a quote that is not closed, or uneven indentation."
    }
    FullWidthColon "Y2" "full-width-colon" Error {
        zh: "键后面用了全角冒号“：”。YAML 只认半角冒号加一个空格 `: `，全角冒号会让整行变成一段普通文字。",
        en: "A key is followed by the full-width colon `：`. YAML knows only the ordinary colon and a space, `: `; with the full-width one the whole line is just text."
    }
    FullWidthQuotes "Y3" "full-width-quotes" Error {
        zh: "值用了全角引号“ ”。YAML 的引号是半角的 `\"`；全角引号会成为文字的一部分，也保护不了里面的冒号。文件读得出来时这只是警告。",
        en: "A value stands in full-width quotation marks. YAML's quotation mark is the ordinary `\"`; full-width ones become part of the text and do not protect a colon inside. Where the file can be read all the same, this is a warning."
    }
    Indentation "Y4" "indentation" Error {
        zh: "缩进用了制表符、全角空格或不换行空格。YAML 只允许用半角空格缩进，这里一层是两个。",
        en: "A line is indented with a tab, a full-width space or a no-break space. YAML allows only ordinary spaces; one level is two of them here."
    }
    FullWidthList "Y5" "full-width-list" Error {
        zh: "行内列表用了全角逗号、顿号或全角方括号。`[a，b]` 是一个元素而不是两个。请用 `[a, b]`。文件读得出来时这只是警告。",
        en: "A list on one line uses full-width commas or brackets. `[a，b]` holds one element, not two. Write `[a, b]`. Where the file can be read all the same, this is a warning."
    }
    MissingSpace "Y6" "missing-space" Error {
        zh: "冒号或列表短横后面少了空格。`title:退款` 不是键和值，`-退款` 不是列表项；请写成 `title: 退款` 和 `- 退款`。",
        en: "The space after a colon or after a list's dash is missing. `title:Refunds` is no key with a value and `-refund` no list item; write `title: Refunds` and `- refund`."
    }
    NotClosed "Y7" "front-matter-not-closed" Error {
        zh: "文件开头的信息没有收尾。第一行的 `---` 要有另一行 `---` 与之对应，正文从那之后开始。",
        en: "The head of the file has no end. The `---` of the first line needs a second line `---`; the text starts after it."
    }
    NoFrontMatter "Y8" "no-front-matter" Error {
        zh: "文件不是以 `---` 开头。每篇文章的开头都要有标题和客户的问法，才能被找到。不是文章的说明文件请叫 README.md。",
        en: "The file does not start with `---`. An article needs a head with its title and the customers' questions to be found. A file that is no article is called README.md."
    }
    UnknownKey "Y9" "unknown-key" Warning {
        zh: "这个键没有含义，被忽略了。多半是拼错了；写错的键等于没有写。",
        en: "This key means nothing and is ignored. It is probably misspelt; a misspelt key is as good as none."
    }
    MissingKey "Y10" "missing-key" Error {
        zh: "少了必须有的键。`title` 是给编辑和坐席看的名字，也是一种问法，每篇都要有。",
        en: "A required key is missing. `title` is what editors and agents see, and one of the phrasings that find the article: every article has one."
    }
    WrongValue "Y11" "wrong-value" Error {
        zh: "值的种类不对，或不在允许的范围内。比如日期要写成 2026-12-31，`handling` 只能是 answer、clarify、route 之一。",
        en: "The value is of the wrong kind or not one of those allowed. A date is written 2026-12-31, for example, and `handling` is one of answer, clarify, route."
    }
    RepeatedKey "Y12" "repeated-key" Error {
        zh: "同一个键出现了两次。不知道该用哪一个，所以两个都不用。",
        en: "A key appears twice. Which one counts cannot be known, so neither does."
    }
    DuplicateQuestion "K1" "duplicate-question" Error {
        zh: "同一种问法出现在两篇答案不同的文章里。客户这样问时，谁也说不出哪个答案是对的。互为翻译或答案相同的文章不算。",
        en: "One phrasing stands in two articles with different answers. When a customer asks it, nobody can say which answer is right. Translations of each other and articles with the same answer do not count."
    }
    DuplicateId "K4" "duplicate-id" Error {
        zh: "两篇文章的 id 或别名相同。按文件名排序，先读到的一篇有效，后一篇不使用。",
        en: "Two articles have the same id or alias. The one that comes first by file name counts; the other is not used."
    }
    SelfRetrieval "K5" "self-retrieval" Error {
        zh: "照原样问文章自己的问法，先找到的却是另一篇：两篇写得几乎一样。如果只是在“假装没写过这一句”时找到了别的文章，就只是警告：这一句离别的文章更近，看看是否放错了地方。",
        en: "Asked exactly as written, a question of this article finds another article first: the two are written almost alike. If another one wins only when the question is left out, that is a warning: the phrasing is closer to the other article; see whether it stands in the right place."
    }
    TestFailed "K6" "test-failed" Error {
        zh: "`tests:` 里的一句没有得到期望的结果。判断的是最佳候选：是不是这篇（或同组的）文章，处理方式对不对。要不要自动回答由另外的门槛决定，不影响检查。",
        en: "A phrasing of `tests:` did not come out as expected. What is judged is the best candidate: the right article or group, handled the right way. Whether it would be answered automatically is for the gate and never fails a check."
    }
    FewQuestions "K7" "few-questions" Warning {
        zh: "问法少于三条。客户的说法五花八门，三条以下很难找全；五条以上更好。",
        en: "Fewer than three questions. Customers say one thing in many ways; with fewer than three, many are missed. Five or more are better."
    }
    Validity "K9" "validity" Warning {
        zh: "文章已过期、尚未复审，或有效期的起止颠倒。过期的文章不再被使用；过了 `review_by` 的还在用，但该有人再读一遍。起止颠倒是错误。",
        en: "The article has expired, is overdue for review, or ends before it begins. An expired article is no longer used; one past `review_by` still is, but somebody should read it again. An end before the beginning is an error."
    }
    TooLong "K11" "too-long-for-channel" Warning {
        zh: "答案超过了某个渠道一条消息的长度，会被在段落处拆成几条。微信文本消息最多 2048 字节，约 680 个汉字。",
        en: "The answer is longer than one message of a channel and will be split at paragraphs. A WeChat text message holds 2048 bytes, about 680 Chinese characters."
    }
    Placeholder "K12" "placeholder" Error {
        zh: "文字里留有没有填写的占位符，比如 TODO、{{name}}、xxx。它会原样发给客户。",
        en: "The text holds a placeholder that nobody filled in, such as TODO, {{name}} or xxx. It would be sent to customers as it is."
    }
    PersonalData "K13" "personal-data" Error {
        zh: "答案里有手机号、身份证号或银行卡号。答案会发给所有客户。客服热线、短号不受影响；自己的联系方式可以写进配置的 `own_contacts`。不认识的邮箱地址是警告。",
        en: "The answer holds a mobile number, an identity card number or a bank card number. Answers go to every customer. Hotlines and short codes are fine, and contacts of your own can be listed in `own_contacts` of the configuration. An unknown mail address is a warning."
    }
    WrongLanguage "K14" "language" Warning {
        zh: "正文的语言和 `lang` 不符。文章按 `lang` 发给说这种语言的客户。",
        en: "The text is in another language than `lang` says. An article is sent to customers of its `lang`."
    }
    File "K18" "file" Error {
        zh: "文件打不开、不是 UTF-8、太大，或是一个指到知识目录之外的链接。它不会被使用。",
        en: "The file cannot be opened, is not UTF-8, is too large, or is a link that leaves the knowledge directory. It is not used."
    }
    UnknownQueue "K23" "unknown-queue" Error {
        zh: "`queue` 不是配置里的队列。转人工时工单会没有去处。",
        en: "`queue` names no configured queue. A ticket would have nowhere to go."
    }
    Options "K24" "options" Error {
        zh: "`handling: clarify` 需要 `options`：至少两个给客户选的选项，每个有 label 和 article。",
        en: "`handling: clarify` needs `options`: at least two for the customer to choose from, each with a label and an article."
    }
    UnknownArticle "K25" "unknown-article" Error {
        zh: "引用了不存在的文章（translation_of、options 或 tests 的 expect），或文章引用了自己。",
        en: "An article is named that does not exist (as the original, an option or what a test expects), or an article names itself."
    }
    EmptyAnswer "K26" "empty-answer" Error {
        zh: "第一个 `##` 之上没有文字。客户收到的正是这一段，所以没有它就无法回答。",
        en: "There is no text above the first `##`. That text is what customers receive; without it nothing can be answered."
    }
    Phrases "K27" "phrases" Error {
        zh: "`phrases.toml` 里的系统用语有问题：不认识的用语或占位符是错误；某种语言缺一句是警告，会用内置的文字或英文代替。",
        en: "Something is wrong with the system texts of `phrases.toml`: an unknown phrase or placeholder is an error; a text missing in a served language is a warning, and the built-in or the English one is used."
    }
}

impl Code {
    /// The code of that name, `K5` or `self-retrieval`, in any case.
    pub fn parse(text: &str) -> Option<Self> {
        let named = |code: &&Self| {
            code.as_str().eq_ignore_ascii_case(text) || code.name().eq_ignore_ascii_case(text)
        };
        Self::ALL.iter().find(named).copied()
    }

    /// Whether a file with such an error cannot be read, and so is not used.
    pub fn is_about_reading(self) -> bool {
        self.as_str().starts_with('Y') || self == Self::File
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn codes_and_names_are_unique_and_found_again() {
        let mut seen = BTreeSet::new();
        for code in Code::ALL {
            assert!(seen.insert(code.as_str()) && seen.insert(code.name()), "{code:?}");
            assert_eq!(Code::parse(&code.as_str().to_lowercase()), Some(*code));
            assert_eq!(Code::parse(code.name()), Some(*code));
        }
        assert_eq!(Code::parse("K999"), None);
    }

    #[test]
    fn every_code_is_explained_in_both_languages() {
        for code in Code::ALL {
            let text = code.explanation();
            assert!(text.zh.chars().count() > 25 && text.en.len() > 60, "{code:?}");
        }
    }
}
