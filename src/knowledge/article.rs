//! An article as it is served, and where each of its parts stands in its file. Reading one is `parse`; whether it is a
//! good one is `lint`. Fields are public because importers and evaluations make articles too.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::civil::Date;
use sha2::{Digest, Sha256};

use super::source::{Source, Span, Spanned};
use crate::message::{
    ArticleId, Channel, Handling, IdError, IntentId, Language, Priority, QueueId, Risk, Shared,
};

/// One article.
#[derive(Debug, Clone, PartialEq)]
pub struct Article {
    /// Stable over edits; the path without `.md` unless the file says otherwise.
    pub id: ArticleId,
    /// One line; indexed like a question.
    pub title: String,
    /// The language of the text.
    pub lang: Language,
    /// Phrasings that must find it: they index it and train the classifier.
    pub questions: Vec<Spanned>,
    /// Phrasings the check asks; never indexed, never trained on.
    pub tests: Vec<Test>,
    /// What the customer wants; the id unless the file says otherwise.
    pub intent: IntentId,
    /// What to do with a message that matches.
    pub handling: Handling,
    /// Where it goes when a person is needed.
    pub queue: Option<QueueId>,
    /// The class of the ticket.
    pub priority: Priority,
    /// What a wrong answer could cost.
    pub risk: Risk,
    /// The channels it may be sent to; empty means all.
    pub channels: Vec<Channel>,
    /// The first day it is served.
    pub valid_from: Option<Date>,
    /// The first day it is no longer served.
    pub valid_until: Option<Date>,
    /// The day by which somebody should have read it again.
    pub review_by: Option<Date>,
    /// Former ids, still found.
    pub aliases: Vec<ArticleId>,
    /// Free labels.
    pub tags: Vec<String>,
    /// The article this one translates: both form one answer group.
    pub translation_of: Option<ArticleId>,
    /// What a customer may choose from, for `handling: clarify`.
    pub options: Vec<Choice>,
    /// Not served yet.
    pub draft: bool,
    /// The markdown above the first `##`, trimmed, with `\n` line ends: sent verbatim.
    pub answer: String,
    /// The sections after it.
    pub sections: Vec<Section>,
    /// Hash of all that is served of it, 64 hexadecimal digits; `Library::build` brings it up to date.
    pub revision: Shared,
    /// Its file, relative to the knowledge directory; empty for an article made in memory.
    pub path: PathBuf,
    /// Its file's text, for diagnostics.
    pub source: Arc<Source>,
    /// Where the value of each front matter key stands; `answer` is the span of the answer.
    pub marks: BTreeMap<&'static str, Span>,
}

/// One phrasing the check asks, and what it expects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Test {
    /// The phrasing.
    pub ask: Spanned,
    /// What must come of it.
    pub expect: Expect,
}

/// What a test expects of the best candidate.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Expect {
    /// The article itself, or another of its answer group.
    #[default]
    Own,
    /// `answer` means the article itself; `clarify` and `route` any article that is handled so.
    Handling(Handling),
    /// Not this article.
    None,
    /// Another article, or one of its group.
    Article(ArticleId),
}

/// One option of an article that asks back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// What the customer reads.
    pub label: String,
    /// Where it leads.
    pub article: ArticleId,
    /// Where the option stands.
    pub span: Span,
}

/// A section after the answer: found and linked to, never sent unasked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// Its heading as plain text.
    pub heading: String,
    /// The heading as a link target, unique in the article.
    pub anchor: String,
    /// The markdown below the heading, trimmed, with `\n` line ends.
    pub markdown: String,
    /// Heading and text in the file.
    pub span: Span,
}

impl Article {
    /// An article without text or questions, handled by its answer; every other field at its default.
    pub fn new(id: &str, title: &str, lang: Language) -> Result<Self, IdError> {
        Ok(Self {
            id: ArticleId::new(id)?,
            title: title.to_owned(),
            lang,
            questions: Vec::new(),
            tests: Vec::new(),
            intent: IntentId::new(id)?,
            handling: Handling::default(),
            queue: None,
            priority: Priority::default(),
            risk: Risk::default(),
            channels: Vec::new(),
            valid_from: None,
            valid_until: None,
            review_by: None,
            aliases: Vec::new(),
            tags: Vec::new(),
            translation_of: None,
            options: Vec::new(),
            draft: false,
            answer: String::new(),
            sections: Vec::new(),
            revision: Shared::default(),
            path: PathBuf::new(),
            source: Source::none(),
            marks: BTreeMap::new(),
        })
    }

    /// Whether it may be sent to a channel.
    pub fn serves(&self, channel: &Channel) -> bool {
        self.channels.is_empty() || self.channels.contains(channel)
    }

    /// Whether it is served on a day: no draft, and within its validity.
    pub fn served_on(&self, day: Date) -> bool {
        let begun = self.valid_from.is_none_or(|from| from <= day);
        let over = self.valid_until.is_some_and(|until| until <= day);
        !self.draft && begun && !over
    }

    /// Where the value of a key stands; the start of the file if the key is not there.
    pub fn mark(&self, key: &str) -> Span {
        let start = self.source.start();
        self.marks.get(key).copied().unwrap_or(Span::new(start, start))
    }

    /// The hash of all that is served of it: same text and same meaning, same revision, whatever the file looks like.
    pub fn served_hash(&self) -> String {
        let mut hash = FieldHash::default();
        self.hash_meaning(&mut hash);
        for question in &self.questions {
            hash.field("question", &question.value);
        }
        for option in &self.options {
            hash.field("option", &option.label);
            hash.field("leads to", option.article.as_str());
        }
        hash.field("answer", &self.answer);
        for section in &self.sections {
            hash.field("heading", &section.heading);
            hash.field("section", &section.markdown);
        }
        hash.finish()
    }

    fn hash_meaning(&self, hash: &mut FieldHash) {
        hash.field("id", self.id.as_str());
        hash.field("title", &self.title);
        hash.field("lang", self.lang.as_str());
        hash.field("intent", self.intent.as_str());
        hash.field("handling", &format!("{:?}", self.handling));
        hash.field("queue", self.queue.as_ref().map_or("", QueueId::as_str));
        hash.field("priority", &format!("{:?}", self.priority));
        hash.field("risk", &format!("{:?}", self.risk));
        hash.field("from", &self.valid_from.map(|day| day.to_string()).unwrap_or_default());
        hash.field("until", &self.valid_until.map(|day| day.to_string()).unwrap_or_default());
        hash.field("original", self.translation_of.as_ref().map_or("", ArticleId::as_str));
        for alias in &self.aliases {
            hash.field("alias", alias.as_str());
        }
        for channel in &self.channels {
            hash.field("channel", channel.as_str());
        }
    }
}

/// SHA-256 over named fields. Lengths are hashed too, so that moving text from one field to the next changes the hash.
#[derive(Default)]
pub(crate) struct FieldHash(Sha256);

impl FieldHash {
    pub(crate) fn field(&mut self, name: &str, value: &str) {
        for part in [name, value] {
            self.0.update((part.len() as u64).to_le_bytes());
            self.0.update(part.as_bytes());
        }
    }

    pub(crate) fn finish(self) -> String {
        use std::fmt::Write as _;
        self.0.finalize().iter().fold(String::with_capacity(64), |mut hex, byte| {
            // Writing to a String cannot fail.
            write!(hex, "{byte:02x}").ok();
            hex
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Article {
        let mut article = Article::new("refund-time", "退款多久到账？", Language::ZH).unwrap();
        article.questions.push("钱多久退回来".into());
        article.answer = "三个工作日。".to_owned();
        article
    }

    #[test]
    fn validity_starts_and_ends_at_midnight() {
        let check = |from: Option<&str>, until: Option<&str>, day: &str, served: bool| {
            let mut article = sample();
            article.valid_from = from.map(|d| d.parse().unwrap());
            article.valid_until = until.map(|d| d.parse().unwrap());
            assert_eq!(article.served_on(day.parse().unwrap()), served, "{from:?} {until:?} {day}");
        };
        check(None, None, "2026-11-24", true);
        check(Some("2026-11-24"), None, "2026-11-24", true);
        check(Some("2026-11-25"), None, "2026-11-24", false);
        check(None, Some("2026-11-24"), "2026-11-24", false);
        check(None, Some("2026-11-25"), "2026-11-24", true);
    }

    #[test]
    fn a_draft_is_never_served() {
        let article = Article { draft: true, ..sample() };
        assert!(!article.served_on("2026-11-24".parse().unwrap()));
    }

    #[test]
    fn the_revision_follows_what_is_served_and_nothing_else() {
        let base = sample().served_hash();
        assert_eq!(base.len(), 64);
        let same = |change: fn(&mut Article)| {
            let mut article = sample();
            change(&mut article);
            article.served_hash() == base
        };
        assert!(same(|a| a.tags.push("refund".into())));
        assert!(same(|a| a.review_by = Some("2026-12-01".parse().unwrap())));
        assert!(same(|a| a.path = "elsewhere.md".into()));
        assert!(!same(|a| a.answer.push('!')));
        assert!(!same(|a| a.questions.clear()));
        assert!(!same(|a| a.priority = Priority::High));
        assert!(!same(|a| a.channels.push(Channel::new("web").unwrap())));
    }

    #[test]
    fn no_channels_means_all() {
        let web = Channel::new("web").unwrap();
        assert!(sample().serves(&web));
        let wechat = Article { channels: vec![Channel::new("wechat").unwrap()], ..sample() };
        assert!(!wechat.serves(&web));
    }
}
