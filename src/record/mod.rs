//! The one record of every log: demo traffic, `--messages`, `--log`, exports. A record says what a customer wrote and, where
//! somebody judged it, what would have been right. It is not the wire's message: that is made from it by whoever plays it.

pub(crate) mod jsonl;

use std::path::Path;

use serde::{Deserialize, Deserializer};

pub use jsonl::JsonlError;

use crate::message::{ArticleId, Language, QueueId, Timestamp};

/// One line of a log. Unknown fields are left alone, so that a log may carry its owner's own.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Record {
    /// What the customer wrote.
    pub text: String,
    /// The language, where somebody knows it.
    #[serde(default)]
    pub lang: Option<Language>,
    /// When.
    #[serde(default)]
    pub at: Option<Timestamp>,
    /// Whose conversation; a record without one is a conversation of its own.
    #[serde(default)]
    pub conversation: Option<String>,
    /// The place in the conversation, from 1.
    #[serde(default)]
    pub turn: Option<u32>,
    /// The channel it came by.
    #[serde(default)]
    pub channel: Option<String>,
    /// What the customer wrote before in this conversation, oldest first.
    #[serde(default)]
    pub history: Vec<String>,
    /// Which articles answer it.
    #[serde(default, deserialize_with = "relevance")]
    pub relevant: Relevance,
    /// What the service should do.
    #[serde(default)]
    pub expect: Option<Expect>,
    /// The queue it belongs to if a person must see it.
    #[serde(default)]
    pub queue: Option<QueueId>,
    /// Whether it cannot wait.
    #[serde(default)]
    pub urgent: bool,
    /// What is peculiar about it: `typo`, `person`, `two-questions`, …
    #[serde(default)]
    pub kind: Vec<String>,
    /// How it was picked; `random` alone may certify.
    #[serde(default)]
    pub sample: Option<String>,
    /// What a judge said about the decision that was made.
    #[serde(default)]
    pub verdict: Option<String>,
}

impl Record {
    /// A record that says nothing but the text.
    pub fn plain(text: String) -> Self {
        Self {
            text,
            lang: None,
            at: None,
            conversation: None,
            turn: None,
            channel: None,
            history: Vec::new(),
            relevant: Relevance::Unlabelled,
            expect: None,
            queue: None,
            urgent: false,
            kind: Vec::new(),
            sample: None,
            verdict: None,
        }
    }

    /// Whether the record carries this mark.
    pub fn is(&self, kind: &str) -> bool {
        self.kind.iter().any(|own| own == kind)
    }

    /// A greeting, thanks or a goodbye: never counted in coverage.
    pub fn is_small_talk(&self) -> bool {
        self.expect == Some(Expect::Nothing)
    }
}

/// What a judge said about the articles of the knowledge.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Relevance {
    /// Nobody judged.
    #[default]
    Unlabelled,
    /// No article answers it.
    OutOfScope,
    /// Any of these does; never empty.
    Articles(Vec<ArticleId>),
}

impl Relevance {
    /// The relevant articles; none for the unlabelled and the out of scope.
    pub fn articles(&self) -> &[ArticleId] {
        match self {
            Self::Articles(ids) => ids,
            Self::Unlabelled | Self::OutOfScope => &[],
        }
    }
}

impl From<Vec<ArticleId>> for Relevance {
    fn from(ids: Vec<ArticleId>) -> Self {
        if ids.is_empty() { Self::OutOfScope } else { Self::Articles(ids) }
    }
}

/// Present but null or empty is "out of scope"; only an absent field is unlabelled.
pub(crate) fn relevance<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Relevance, D::Error> {
    let ids = Option::<Vec<ArticleId>>::deserialize(deserializer)?;
    Ok(ids.unwrap_or_default().into())
}

/// What the service should do with a message.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Expect {
    /// Answer it from an article.
    Answer,
    /// Ask back.
    Clarify,
    /// Hand it to a person.
    Route,
    /// Nothing: small talk.
    Nothing,
    /// Answer it from this article.
    Article(ArticleId),
}

impl TryFrom<String> for Expect {
    type Error = String;
    fn try_from(value: String) -> Result<Self, String> {
        Ok(match value.as_str() {
            "answer" => Self::Answer,
            "clarify" => Self::Clarify,
            "route" => Self::Route,
            "none" => Self::Nothing,
            id => Self::Article(ArticleId::new(id).map_err(|_| {
                format!("expect must be answer, clarify, route, none or an article id, not {id:?}")
            })?),
        })
    }
}

/// All records of a log, in the file's order.
pub fn read(path: &Path) -> Result<Vec<Record>, JsonlError> {
    jsonl::read(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(json: &str) -> Record {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn relevance_tells_unlabelled_from_out_of_scope() {
        let check = |json: &str, expect: Relevance| {
            assert_eq!(record(json).relevant, expect, "{json}");
        };
        let id = |text: &str| ArticleId::new(text).unwrap();
        check(r#"{"text":"a"}"#, Relevance::Unlabelled);
        check(r#"{"text":"a","relevant":null}"#, Relevance::OutOfScope);
        check(r#"{"text":"a","relevant":[]}"#, Relevance::OutOfScope);
        check(r#"{"text":"a","relevant":["x","y"]}"#, Relevance::Articles(vec![id("x"), id("y")]));
    }

    #[test]
    fn expectations_are_words_or_an_article() {
        let check = |expect: &str, wanted: Option<Expect>| {
            let json = format!(r#"{{"text":"a","expect":"{expect}"}}"#);
            assert_eq!(serde_json::from_str::<Record>(&json).ok().and_then(|r| r.expect), wanted);
        };
        check("answer", Some(Expect::Answer));
        check("none", Some(Expect::Nothing));
        check("refund-time", Some(Expect::Article(ArticleId::new("refund-time").unwrap())));
        check("退款", None);
    }

    #[test]
    fn a_full_record_is_read() {
        let full = record(
            r#"{"text":"我退货的钱几天到账","lang":"zh","at":"2026-11-02T09:31:07+08:00","conversation":"c81","turn":2,
                "channel":"wechat","history":["在吗"],"relevant":["refund-time"],"expect":"answer","queue":null,
                "urgent":false,"kind":["typo"],"sample":"random","verdict":"right","own":{"x":1}}"#,
        );
        assert_eq!(full.at, Some("2026-11-02T01:31:07Z".parse().unwrap()));
        assert_eq!((full.turn, full.lang), (Some(2), Some(Language::ZH)));
        assert!(full.is("typo") && !full.is("person") && !full.is_small_talk());
    }

    #[test]
    fn the_demo_traffic_is_well_formed() {
        let traffic =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/suites/demo/traffic.jsonl");
        let records = read(&traffic).unwrap();
        let urgent = records.iter().filter(|r| r.urgent).count();
        let out_of_scope = records.iter().filter(|r| r.is("out-of-scope")).count();
        assert!(records.len() >= 400 && urgent >= 30 && out_of_scope * 4 >= records.len());
        assert!(records.iter().all(|r| r.relevant != Relevance::Unlabelled && r.expect.is_some()));
    }
}
