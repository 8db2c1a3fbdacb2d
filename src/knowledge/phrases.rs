//! The system's own words, `phrases.toml`: what is said when no article speaks. Built-in texts in Chinese and English
//! stand behind every phrase, so that nothing is ever left unsaid.

use std::collections::BTreeMap;

use super::diagnostic::{Bilingual, Code, Diagnostic, Severity};
use super::front::node::{Node, Pair, Unreadable, Value};
use super::front::toml;
use super::source::{Source, Span, Spanned};
use crate::message::Language;
use crate::text::nearest::nearest;

macro_rules! phrases {
    ($($(#[$doc:meta])* $name:ident $key:literal [$($hole:literal)*] { zh: $zh:literal, en: $en:literal })*) => {
        /// One of the system's own texts.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Phrase { $($(#[$doc])* $name,)* }

        impl Phrase {
            /// Every phrase.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// Its table in `phrases.toml`.
            pub fn key(self) -> &'static str {
                match self { $(Self::$name => $key,)* }
            }

            /// The placeholders it is given, without braces.
            pub fn placeholders(self) -> &'static [&'static str] {
                match self { $(Self::$name => &[$($hole),*],)* }
            }

            fn built_in(self, language: Language) -> &'static str {
                match self { $(Self::$name => if language == Language::ZH { $zh } else { $en },)* }
            }
        }
    };
}

phrases! {
    /// A person takes over.
    HandOver "hand_over" [] {
        zh: "正在为您转接人工客服，请稍候。",
        en: "I am connecting you with a colleague. One moment, please."
    }
    /// Where a waiting customer stands.
    Position "position" ["position"] {
        zh: "您前面还有人在等候，您排在第 {position} 位。",
        en: "You are number {position} in the queue."
    }
    /// Nobody is at work.
    OutOfHours "out_of_hours" [] {
        zh: "现在不是人工服务时间。",
        en: "Our team is not available right now."
    }
    /// Please leave a message.
    LeaveMessage "leave_message" [] {
        zh: "请留言说明您的问题，我们上班后会尽快回复您。",
        en: "Please leave a message and we will reply as soon as we are back."
    }
    /// No room in the queue.
    QueueFull "queue_full" [] {
        zh: "现在咨询的人很多，请稍后再来，或留下您的问题。",
        en: "We are very busy at the moment. Please try again later or leave your question."
    }
    /// An agent is there.
    AgentJoined "agent_joined" ["agent"] {
        zh: "客服 {agent} 已接入，很高兴为您服务。",
        en: "{agent} has joined the conversation."
    }
    /// An agent ended the conversation.
    Closed "closed" [] {
        zh: "本次服务已结束，感谢您的咨询。",
        en: "This conversation is closed. Thank you for contacting us."
    }
    /// Which of these?
    ClarifyPrompt "clarify_prompt" [] {
        zh: "您想问的是下面哪一个？请点选或回复数字。",
        en: "Which of these do you mean? Please choose or type its number."
    }
    /// Please say it differently.
    NotUnderstood "not_understood" [] {
        zh: "抱歉，我没有听懂。能换个说法再说一遍吗？",
        en: "Sorry, I did not understand that. Could you say it in other words?"
    }
    /// Hello.
    Greeting "greeting" [] {
        zh: "您好！请问有什么可以帮您？",
        en: "Hello! How can I help you?"
    }
    /// You are welcome.
    Thanks "thanks" [] {
        zh: "不客气！还有问题随时找我。",
        en: "You are welcome! I am here if there is anything else."
    }
    /// Goodbye.
    Goodbye "goodbye" [] {
        zh: "再见，祝您生活愉快！",
        en: "Goodbye, and have a nice day!"
    }
    /// An image or a file came, and a person will look at it.
    AttachmentReceived "attachment_received" [] {
        zh: "已收到您发来的内容，我请同事看一下。",
        en: "I have received your attachment and will pass it to a colleague."
    }
    /// The answer exists in another language only.
    NoAnswerInLanguage "no_answer_in_language" [] {
        zh: "这个问题暂时没有中文答复，我为您转接人工客服。",
        en: "I have no answer to this in English yet, so I am connecting you with a colleague."
    }
    /// A person closed the conversation a moment ago.
    CoolDown "cool_down" [] {
        zh: "客服刚刚结束了上一次对话。如果还有没解决的，请告诉我是哪件事、什么问题。",
        en: "A colleague has just finished your last conversation. If something is still open, please tell me what it is."
    }
}

/// The texts in force.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Phrases {
    texts: BTreeMap<(Phrase, Language), String>,
}

impl Phrases {
    /// The text of a phrase in a language: the file's, else the built-in one (English for languages without one).
    pub fn phrase(&self, phrase: Phrase, language: Language) -> &str {
        let own = |language| self.texts.get(&(phrase, language)).map(String::as_str);
        let built_in = matches!(language, Language::ZH | Language::EN);
        own(language)
            .or_else(|| if built_in { None } else { own(Language::EN) })
            .unwrap_or_else(|| phrase.built_in(language))
    }

    /// The same with its placeholders filled.
    pub fn filled(&self, phrase: Phrase, language: Language, values: &[(&str, &str)]) -> String {
        let text = self.phrase(phrase, language).to_owned();
        values.iter().fold(text, |text, (hole, value)| text.replace(&format!("{{{hole}}}"), value))
    }

    /// Every text of the file, in a fixed order.
    pub(super) fn texts(&self) -> impl Iterator<Item = (Phrase, Language, &str)> {
        self.texts.iter().map(|((phrase, language), text)| (*phrase, *language, text.as_str()))
    }
}

/// Reads `phrases.toml`; what cannot be used is reported and the built-in text stands. `served` are the languages that
/// every phrase should have.
pub(super) fn read(source: &Source, served: &[Language]) -> (Phrases, Vec<Diagnostic>) {
    let start = source.start();
    let text = source.text().get(start..).unwrap_or_default();
    let mut reader = Reader { source, found: Vec::new(), phrases: Phrases::default() };
    match toml::read(text, start) {
        Ok(Node { value: Value::Table(pairs), .. }) => {
            for pair in &pairs {
                reader.phrase(pair);
            }
            reader.missing(served);
        }
        Ok(_) => {}
        Err(Unreadable { span, message, remedy }) => {
            reader.found.push(Diagnostic::new(Code::Phrases, source, span, message, remedy));
        }
    }
    (reader.phrases, reader.found)
}

struct Reader<'a> {
    source: &'a Source,
    found: Vec<Diagnostic>,
    phrases: Phrases,
}

impl Reader<'_> {
    fn report(&mut self, span: Span, message: Bilingual, remedy: Bilingual) {
        self.found.push(Diagnostic::new(Code::Phrases, self.source, span, message, remedy));
    }

    fn phrase(&mut self, pair: &Pair) {
        let Some(phrase) = Phrase::ALL.iter().find(|phrase| phrase.key() == pair.key.value) else {
            return self.unknown(&pair.key);
        };
        match &pair.value.value {
            Value::Table(texts) => texts.iter().for_each(|text| self.text(*phrase, text)),
            Value::Null | Value::Scalar(_) | Value::List(_) => self.report(
                pair.value.span,
                Bilingual::new(
                    "每句用语是一个表，每种语言一行",
                    "a phrase is a table with a line for each language",
                ),
                Bilingual::new(
                    format!("写成 `[{0}]`，下面是 `zh = \"…\"` 和 `en = \"…\"`。", phrase.key()),
                    format!(
                        "Write `[{0}]` and below it `zh = \"…\"` and `en = \"…\"`.",
                        phrase.key()
                    ),
                ),
            ),
        }
    }

    fn unknown(&mut self, key: &Spanned) {
        let known: Vec<&str> = Phrase::ALL.iter().map(|phrase| phrase.key()).collect();
        let message = Bilingual::new(
            format!("不认识的用语 `{}`", key.value),
            format!("unknown phrase `{}`", key.value),
        );
        let remedy = match nearest(&key.value, &known) {
            Some(meant) => {
                Bilingual::new(format!("是想写 `{meant}` 吗？"), format!("Did you mean `{meant}`?"))
            }
            None => Bilingual::new(
                format!("可用的有：{}。", known.join("、")),
                format!("The phrases are: {}.", known.join(", ")),
            ),
        };
        self.report(key.span, message, remedy);
    }

    fn text(&mut self, phrase: Phrase, pair: &Pair) {
        let Some(language) = Language::parse(&pair.key.value) else {
            let message = Bilingual::new(
                format!("`{}` 不是语言代码", pair.key.value),
                format!("`{}` is no language code", pair.key.value),
            );
            return self.report(
                pair.key.span,
                message,
                Bilingual::new("写 `zh` 或 `en`。", "Write `zh` or `en`."),
            );
        };
        match &pair.value.value {
            Value::Scalar(text) if !text.trim().is_empty() => {
                self.placeholders(phrase, text, pair.value.span);
                self.phrases.texts.insert((phrase, language), text.trim().to_owned());
            }
            Value::Scalar(_) | Value::Null | Value::List(_) | Value::Table(_) => self.report(
                pair.value.span,
                Bilingual::new("用语不能是空的，而且必须是文字", "a phrase is text and not empty"),
                Bilingual::new("填上文字，或删掉这一行。", "Fill it in or remove the line."),
            ),
        }
    }

    fn placeholders(&mut self, phrase: Phrase, text: &str, span: Span) {
        let used = placeholders(text);
        let allowed = phrase.placeholders();
        let list = |names: &[&str]| {
            names.iter().map(|name| format!("{{{name}}}")).collect::<Vec<_>>().join(" ")
        };
        for unknown in used.iter().filter(|name| !allowed.contains(name)) {
            let message = Bilingual::new(
                format!("`{{{unknown}}}` 在这句用语里没有值"),
                format!("`{{{unknown}}}` has no value in this phrase"),
            );
            let remedy = if allowed.is_empty() {
                Bilingual::new(
                    "这句用语没有占位符，删掉它。",
                    "This phrase has no placeholders: remove it.",
                )
            } else {
                let names = list(allowed);
                Bilingual::new(format!("可用的是 {names}。"), format!("Available: {names}."))
            };
            self.report(span, message, remedy);
        }
    }

    /// Phrases without a text in a served language, one finding a language. Something is always said, so it is a
    /// warning.
    fn missing(&mut self, served: &[Language]) {
        let start = Span::new(self.source.start(), self.source.start());
        for language in served {
            let lacks = |phrase: &&Phrase| !self.phrases.texts.contains_key(&(**phrase, *language));
            let keys: Vec<&str> = Phrase::ALL.iter().filter(lacks).map(|p| p.key()).collect();
            if keys.is_empty() {
                continue;
            }
            let (zh, en) = (keys.join("、"), keys.join(", "));
            let message = Bilingual::new(
                format!("这些用语没有 {language} 的文字：{zh}"),
                format!("phrases without a text in {language}: {en}"),
            );
            let remedy = Bilingual::new(
                format!("在各自的表里加一行 `{language} = \"…\"`；在那之前用内置的文字或英文。"),
                format!(
                    "Add a line `{language} = \"…\"` to each; until then the built-in or the English text is used."
                ),
            );
            let found = Diagnostic::new(Code::Phrases, self.source, start, message, remedy);
            self.found.push(found.with_severity(Severity::Warning));
        }
    }
}

/// The words between single braces.
fn placeholders(text: &str) -> Vec<&str> {
    let inside = |part: &'_ str| part.split_once('}').map(|(name, _)| name.len());
    text.match_indices('{')
        .filter_map(|(at, _)| {
            let rest = text.get(at + 1..)?;
            rest.get(..inside(rest)?)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: &[Language] = &[Language::ZH, Language::EN];

    fn findings(text: &str, served: &[Language]) -> String {
        let (_, found) = read(&Source::new("phrases.toml", text), served);
        let show =
            |d: &Diagnostic| format!("{} {}:{} {}", d.severity, d.line, d.column, d.message.en);
        found.iter().map(show).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn built_in_texts_stand_behind_every_phrase() {
        let phrases = Phrases::default();
        let french = Language::parse("fr").unwrap();
        for phrase in Phrase::ALL {
            let zh = phrases.phrase(*phrase, Language::ZH);
            assert!(zh.chars().any(|c| c > '\u{2e80}'), "{phrase:?}");
            assert_eq!(phrases.phrase(*phrase, french), phrases.phrase(*phrase, Language::EN));
            for language in BOTH {
                assert_eq!(placeholders(phrases.phrase(*phrase, *language)), phrase.placeholders());
            }
        }
    }

    #[test]
    fn the_file_wins_and_placeholders_are_filled() {
        let text =
            "[position]\nzh = \"第 {position} 位\"\n[greeting]\nfr = \"Bonjour\"\nen = \"Hi\"\n";
        let (phrases, found) = read(&Source::new("phrases.toml", text), &[]);
        assert!(found.is_empty(), "{found:?}");
        let filled = phrases.filled(Phrase::Position, Language::ZH, &[("position", "3")]);
        assert_eq!(filled, "第 3 位");
        let language = |tag| Language::parse(tag).unwrap();
        assert_eq!(phrases.phrase(Phrase::Greeting, language("fr")), "Bonjour");
        assert_eq!(phrases.phrase(Phrase::Greeting, language("de")), "Hi");
        assert_eq!(phrases.phrase(Phrase::Greeting, Language::ZH), "您好！请问有什么可以帮您？");
    }

    #[test]
    fn mistakes_are_found() {
        let check = |text: &str, expect: &str| assert_eq!(findings(text, &[]), expect, "{text:?}");
        check("[greating]\nzh = \"好\"\n", "error 1:2 unknown phrase `greating`");
        check(
            "greeting = \"hi\"\n",
            "error 1:12 a phrase is a table with a line for each language",
        );
        check("[greeting]\nzh = \"\"\n", "error 2:6 a phrase is text and not empty");
        check("[greeting]\nzh = \"{name}好\"\n", "error 2:6 `{name}` has no value in this phrase");
        check(
            "[position]\nzh = \"{postion}\"\n",
            "error 2:6 `{postion}` has no value in this phrase",
        );
        check(
            "[greeting]\n中 = 1\n",
            "error 2:1 the TOML cannot be read: invalid unquoted key, expected letters, numbers, `-`, `_`",
        );
    }

    #[test]
    fn every_phrase_wants_a_text_in_every_served_language() {
        let all = |language: &str| {
            let one = |p: &Phrase| format!("[{}]\n{language} = \"x\"\n", p.key());
            Phrase::ALL.iter().map(one).collect::<String>()
        };
        assert_eq!(findings(&all("zh"), &[Language::ZH]), "");
        let found = findings(&all("zh"), BOTH);
        assert!(
            found.starts_with("warning 1:1 phrases without a text in en: hand_over, "),
            "{found}"
        );
        assert_eq!(found.matches(", ").count() + 1, Phrase::ALL.len(), "{found}");
    }
}
