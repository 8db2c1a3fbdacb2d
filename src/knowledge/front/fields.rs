//! The tree of a head → an [`Article`]'s fields. Every key has one line in [`KEYS`]; what a value may be is said here
//! and nowhere else. Whether the values make sense together is asked by `lint`.

use jiff::civil::Date;

use super::node::{Node, Pair, Value};
use crate::knowledge::article::{Article, Choice, Expect, Test};
use crate::knowledge::diagnostic::{Bilingual, Code, Diagnostic};
use crate::knowledge::source::{Source, Span, Spanned};
use crate::message::{
    ArticleId, Channel, Handling, IdError, IntentId, Language, Priority, QueueId, Risk,
};
use crate::text::nearest::nearest;

type Read = fn(&mut Fields<'_>, &mut Article, &Node);

/// Every key of a head and how it is read.
const KEYS: &[(&str, Read)] = &[
    ("id", |f, a, n| f.set(&mut a.id, n, ArticleId::new)),
    ("title", |f, a, n| {
        if let Some(text) = f.text(n) {
            a.title = text.value;
        }
    }),
    ("lang", |f, a, n| {
        if let Some(lang) = f.language(n) {
            a.lang = lang;
        }
    }),
    ("questions", |f, a, n| a.questions = f.texts(n)),
    ("tests", |f, a, n| a.tests = f.tests(n)),
    ("intent", |f, a, n| f.set(&mut a.intent, n, IntentId::new)),
    ("handling", |f, a, n| f.choose(&mut a.handling, n, HANDLING)),
    ("queue", |f, a, n| a.queue = f.id(n, QueueId::new)),
    ("priority", |f, a, n| f.choose(&mut a.priority, n, PRIORITY)),
    ("risk", |f, a, n| f.choose(&mut a.risk, n, RISK)),
    ("channels", |f, a, n| a.channels = f.ids(n, Channel::new)),
    ("valid_from", |f, a, n| a.valid_from = f.date(n)),
    ("valid_until", |f, a, n| a.valid_until = f.date(n)),
    ("review_by", |f, a, n| a.review_by = f.date(n)),
    ("aliases", |f, a, n| a.aliases = f.ids(n, ArticleId::new)),
    ("tags", |f, a, n| a.tags = f.texts(n).into_iter().map(|tag| tag.value).collect()),
    ("translation_of", |f, a, n| a.translation_of = f.id(n, ArticleId::new)),
    ("options", |f, a, n| a.options = f.options(n)),
    ("draft", |f, a, n| f.choose(&mut a.draft, n, TRUTH)),
];

const HANDLING: &[(&str, Handling)] =
    &[("answer", Handling::Answer), ("clarify", Handling::Clarify), ("route", Handling::Route)];
const PRIORITY: &[(&str, Priority)] = &[
    ("low", Priority::Low),
    ("normal", Priority::Normal),
    ("high", Priority::High),
    ("urgent", Priority::Urgent),
];
const RISK: &[(&str, Risk)] = &[
    ("none", Risk::None),
    ("money", Risk::Money),
    ("legal", Risk::Legal),
    ("safety", Risk::Safety),
];
const TRUTH: &[(&str, bool)] = &[("true", true), ("false", false)];

/// Keys of the tables inside `tests` and `options`.
const TEST_KEYS: [&str; 2] = ["ask", "expect"];
const OPTION_KEYS: [&str; 2] = ["label", "article"];

/// Every key that may start a line of a head, nested ones included.
pub(crate) fn known_keys() -> impl Iterator<Item = &'static str> {
    KEYS.iter().map(|(key, _)| *key).chain(TEST_KEYS).chain(OPTION_KEYS)
}

/// Keys whose value is a list of words.
pub(crate) const WORD_LISTS: &[&str] = &["channels", "aliases", "tags"];

/// Fills `article` from the table at the root of a head. What cannot be read keeps its default and is reported.
pub(crate) fn read(source: &Source, root: &Node, article: &mut Article) -> Vec<Diagnostic> {
    let mut fields = Fields { source, key: "", found: Vec::new() };
    match &root.value {
        Value::Table(pairs) => pairs.iter().for_each(|pair| fields.pair(article, pair)),
        Value::Null | Value::Scalar(_) | Value::List(_) => fields.report(
            Code::Syntax,
            root.span,
            Bilingual::new(
                "这里应当是一行行的 `键: 值`",
                "lines of `key: value` are expected here",
            ),
            Bilingual::new("至少写一行 `title: …`。", "Write at least a line `title: …`."),
        ),
    }
    fields.found
}

struct Fields<'a> {
    source: &'a Source,
    /// The key being read, for messages.
    key: &'static str,
    found: Vec<Diagnostic>,
}

impl Fields<'_> {
    fn pair(&mut self, article: &mut Article, pair: &Pair) {
        let name = pair.key.value.as_str();
        let Some((key, read)) = KEYS.iter().find(|(key, _)| *key == name) else {
            return self.unknown(&pair.key, &KEYS.iter().map(|(key, _)| *key).collect::<Vec<_>>());
        };
        if article.marks.contains_key(key) {
            return self.repeated(&pair.key);
        }
        if pair.value.value == Value::Null {
            return; // a key left empty, as in a template, is a key left out
        }
        article.marks.insert(key, pair.value.span);
        self.key = key;
        read(self, article, &pair.value);
    }

    fn report(&mut self, code: Code, span: Span, message: Bilingual, remedy: Bilingual) {
        self.found.push(Diagnostic::new(code, self.source, span, message, remedy));
    }

    fn wrong(&mut self, span: Span, message: (&str, &str), remedy: (&str, &str)) {
        let key = self.key;
        let message =
            Bilingual::new(format!("`{key}` {}", message.0), format!("`{key}` {}", message.1));
        self.report(Code::WrongValue, span, message, Bilingual::new(remedy.0, remedy.1));
    }

    fn unknown(&mut self, key: &Spanned, known: &[&str]) {
        let name = &key.value;
        let message =
            Bilingual::new(format!("不认识的键 `{name}`"), format!("unknown key `{name}`"));
        let remedy = match nearest(name, known) {
            Some(meant) => {
                Bilingual::new(format!("是想写 `{meant}` 吗？"), format!("Did you mean `{meant}`?"))
            }
            None => Bilingual::new(
                format!("删掉它，或用这些键之一：{}。", known.join("、")),
                format!("Remove it, or use one of: {}.", known.join(", ")),
            ),
        };
        self.report(Code::UnknownKey, key.span, message, remedy);
    }

    fn repeated(&mut self, key: &Spanned) {
        let name = &key.value;
        let message = Bilingual::new(
            format!("键 `{name}` 出现了两次"),
            format!("the key `{name}` appears twice"),
        );
        let remedy = Bilingual::new("合并成一个。", "Make one of them.");
        self.report(Code::RepeatedKey, key.span, message, remedy);
    }

    /// A scalar that is not blank.
    fn text(&mut self, node: &Node) -> Option<Spanned> {
        let found = match &node.value {
            Value::Scalar(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
            Value::Scalar(_) | Value::Null => {
                self.wrong(
                    node.span,
                    ("是空的", "is empty"),
                    ("填上文字，或删掉这一项。", "Fill it in or remove it."),
                );
                None
            }
            Value::List(_) | Value::Table(_) => {
                self.not_text(node.span);
                None
            }
        };
        found.map(|text| Spanned::new(text, node.span))
    }

    fn not_text(&mut self, span: Span) {
        let written = self.source.slice(span).trim();
        let quoted = match written.lines().count() {
            1 => format!("\"{}\"", written.replace('"', "\\\"")),
            _ => "\"…\"".to_owned(),
        };
        let (zh, en) =
            (format!("放进半角双引号：`{quoted}`。"), format!("Put it into quotes: `{quoted}`."));
        self.wrong(
            span,
            (
                "这里应当是一段文字，读到的却是列表或键值",
                "must be text here, not a list or a table",
            ),
            (&zh, &en),
        );
    }

    /// The items of a list; a single scalar is a list of one.
    fn items<'n>(&mut self, node: &'n Node) -> Vec<&'n Node> {
        match &node.value {
            Value::List(items) => items.iter().collect(),
            Value::Scalar(_) => vec![node],
            Value::Null | Value::Table(_) => {
                self.wrong(
                    node.span,
                    ("应当是一个列表", "must be a list"),
                    ("每项一行，以 `- ` 开头。", "Write one item a line, each starting with `- `."),
                );
                Vec::new()
            }
        }
    }

    fn texts(&mut self, node: &Node) -> Vec<Spanned> {
        self.items(node).into_iter().filter_map(|item| self.text(item)).collect()
    }

    fn id<T>(&mut self, node: &Node, make: fn(&str) -> Result<T, IdError>) -> Option<T> {
        let text = self.text(node)?;
        let made = make(&text.value);
        if made.is_err() {
            self.wrong(
                node.span,
                (
                    "只能用字母、数字和 `-._/` 这样的半角字符，最多 128 个",
                    "takes letters, digits and `-._/` only, at most 128 of them",
                ),
                ("用英文或拼音起名，例如 `refund-time`。", "Use a name such as `refund-time`."),
            );
        }
        made.ok()
    }

    fn ids<T>(&mut self, node: &Node, make: fn(&str) -> Result<T, IdError>) -> Vec<T> {
        self.items(node).into_iter().filter_map(|item| self.id(item, make)).collect()
    }

    fn set<T>(&mut self, slot: &mut T, node: &Node, make: fn(&str) -> Result<T, IdError>) {
        if let Some(id) = self.id(node, make) {
            *slot = id;
        }
    }

    fn choose<T: Copy>(&mut self, slot: &mut T, node: &Node, choices: &[(&'static str, T)]) {
        let Some(text) = self.text(node) else { return };
        let written = text.value.to_ascii_lowercase();
        if let Some((_, value)) = choices.iter().find(|(name, _)| *name == written) {
            *slot = *value;
            return;
        }
        let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        let message = (format!("不能是 `{}`", text.value), format!("cannot be `{}`", text.value));
        let remedy = match nearest(&written, &names) {
            Some(meant) => (format!("是想写 `{meant}` 吗？"), format!("Did you mean `{meant}`?")),
            None => (
                format!("写这些之一：{}。", names.join("、")),
                format!("Write one of: {}.", names.join(", ")),
            ),
        };
        self.wrong(node.span, (&message.0, &message.1), (&remedy.0, &remedy.1));
    }

    fn language(&mut self, node: &Node) -> Option<Language> {
        let text = self.text(node)?;
        let language = Language::parse(&text.value);
        if language.is_none() {
            self.wrong(
                node.span,
                ("不是语言代码", "is no language code"),
                ("中文写 `zh`，英文写 `en`。", "Write `zh` for Chinese, `en` for English."),
            );
        }
        language
    }

    fn date(&mut self, node: &Node) -> Option<Date> {
        let text = self.text(node)?;
        let date = text.value.parse::<Date>().ok().filter(|_| text.value.len() == 10);
        if date.is_none() {
            let meant = loose_date(&text.value).map_or("2026-12-31".to_owned(), |d| d.to_string());
            let remedy = (format!("写成 `{meant}`。"), format!("Write `{meant}`."));
            self.wrong(
                node.span,
                ("要写成“年-月-日”", "is written year-month-day"),
                (&remedy.0, &remedy.1),
            );
        }
        date
    }

    fn tests(&mut self, node: &Node) -> Vec<Test> {
        self.items(node).into_iter().filter_map(|item| self.test(item)).collect()
    }

    fn test(&mut self, node: &Node) -> Option<Test> {
        let Value::Table(pairs) = &node.value else {
            return Some(Test { ask: self.text(node)?, expect: Expect::Own });
        };
        let [ask, expect] = self.members(pairs, TEST_KEYS);
        let ask = self.required(ask, node, "ask")?;
        let ask = self.text(ask)?;
        let expect = match expect {
            Some(expect) => self.expectation(expect)?,
            None => Expect::Own,
        };
        Some(Test { ask, expect })
    }

    fn expectation(&mut self, node: &Node) -> Option<Expect> {
        let text = self.text(node)?;
        let handling = HANDLING.iter().find(|(name, _)| *name == text.value);
        match handling {
            Some((_, handling)) => Some(Expect::Handling(*handling)),
            None if text.value == "none" => Some(Expect::None),
            None => self.id(node, ArticleId::new).map(Expect::Article),
        }
    }

    fn options(&mut self, node: &Node) -> Vec<Choice> {
        self.items(node).into_iter().filter_map(|item| self.option(item)).collect()
    }

    fn option(&mut self, node: &Node) -> Option<Choice> {
        let Value::Table(pairs) = &node.value else {
            self.wrong(
                node.span,
                ("的每一项都要有 label 和 article", "needs a label and an article in each item"),
                (
                    "写成 `- label: 退货` 换行 `  article: return-window`。",
                    "Write `- label: Returns` and on the next line `  article: return-window`.",
                ),
            );
            return None;
        };
        let [label, article] = self.members(pairs, OPTION_KEYS);
        let label = self.required(label, node, "label")?;
        let label = self.text(label)?;
        let article = self.required(article, node, "article")?;
        let article = self.id(article, ArticleId::new)?;
        Some(Choice { label: label.value, article, span: node.span })
    }

    /// The values of a nested table, in the order of `keys`; other keys are reported.
    fn members<'n>(&mut self, pairs: &'n [Pair], keys: [&'static str; 2]) -> [Option<&'n Node>; 2] {
        for pair in pairs.iter().filter(|pair| !keys.contains(&pair.key.value.as_str())) {
            self.unknown(&pair.key, &keys);
        }
        keys.map(|key| pairs.iter().find(|pair| pair.key.value == key).map(|pair| &pair.value))
    }

    fn required<'n>(
        &mut self,
        found: Option<&'n Node>,
        table: &Node,
        key: &str,
    ) -> Option<&'n Node> {
        if found.is_none() {
            let message = (format!("的这一项少了 `{key}`"), format!("lacks `{key}` in this item"));
            let remedy = (format!("加上 `{key}: …`。"), format!("Add `{key}: …`."));
            self.wrong(table.span, (&message.0, &message.1), (&remedy.0, &remedy.1));
        }
        found
    }
}

/// A date in one of the ways people write it: 2026/1/5, 2026.01.05, 2026年1月5日.
fn loose_date(text: &str) -> Option<Date> {
    let mut numbers = text.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty());
    let year = numbers.next()?.parse().ok()?;
    let month = numbers.next()?.parse().ok()?;
    let day = numbers.next()?.parse().ok()?;
    Date::new(year, month, day).ok()
}
