//! The knowledge as its editors' screen shows it: every article, served or not, with what was found wrong with it. A view of
//! one moment; nothing is decided from it.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use crate::knowledge::article::{Expect, Test};
use crate::knowledge::diagnostic::json::diagnostic;
use crate::knowledge::diagnostic::{Code, Severity};
use crate::knowledge::{Article, Diagnostic};
use crate::message::{ArticleId, Handling, Priority, Risk};

/// What a knowledge directory holds, and what was found.
#[derive(Debug, Default)]
pub struct Shelf {
    /// Every article that can be read, drafts and expired ones included.
    pub articles: Vec<Article>,
    /// Everything that was found, by the rules that need a model too if `tested`.
    pub diagnostics: Vec<Diagnostic>,
    /// The articles' own tests were asked.
    pub tested: bool,
}

impl Shelf {
    /// What can be said before a model was asked.
    pub fn untested(articles: Vec<Article>, diagnostics: Vec<Diagnostic>) -> Self {
        Self { articles, diagnostics, tested: false }
    }

    /// The same with what the rules that need a model found.
    #[must_use]
    pub fn tested(&self, found: Vec<Diagnostic>) -> Self {
        let diagnostics = self.diagnostics.iter().cloned().chain(found).collect();
        Self { articles: self.articles.clone(), diagnostics, tested: true }
    }

    /// The list: a line each, and what was found in files that are not served.
    pub(super) fn list(&self, revision: &str) -> Value {
        let files: HashSet<&str> = self.articles.iter().map(|a| a.source.file()).collect();
        let elsewhere =
            self.diagnostics.iter().filter(|found| !files.contains(found.file.as_str()));
        json!({
            "articles": self.articles.iter().map(|a| Value::from(self.line(a))).collect::<Vec<_>>(),
            "diagnostics": elsewhere.map(diagnostic).collect::<Vec<_>>(),
            "knowledgeRevision": revision,
        })
    }

    /// One article whole.
    pub(super) fn article(&self, id: &ArticleId) -> Option<Value> {
        let article = self.articles.iter().find(|article| article.id == *id)?;
        let mut whole = self.line(article);
        let section = |section: &crate::knowledge::article::Section| json!({ "heading": section.heading, "anchor": section.anchor, "markdown": section.markdown });
        let questions: Vec<&str> = article.questions.iter().map(|q| q.value.as_str()).collect();
        let tests = article.tests.iter().map(|test| self.test(article, test));
        whole.insert("answer".into(), article.answer.as_str().into());
        whole.insert("sections".into(), article.sections.iter().map(section).collect());
        whole.insert("questions".into(), questions.into());
        whole.insert("tests".into(), tests.collect());
        whole.insert("diagnostics".into(), self.of(article).map(diagnostic).collect());
        Some(whole.into())
    }

    /// What was found in an article's file.
    fn of<'a>(&'a self, article: &'a Article) -> impl Iterator<Item = &'a Diagnostic> {
        self.diagnostics.iter().filter(|found| found.file == article.source.file())
    }

    fn line(&self, article: &Article) -> Map<String, Value> {
        let mut line = Map::new();
        let mut put = |name: &str, value: Value| line.insert(name.to_owned(), value);
        put("id", article.id.as_str().into());
        put("title", article.title.as_str().into());
        put("language", article.lang.as_str().into());
        put("intent", article.intent.as_str().into());
        put("handling", handling(article.handling).into());
        put("risk", risk(article.risk).into());
        put("priority", priority(article.priority).into());
        put("queue", article.queue.as_ref().map_or("", |queue| queue.as_str()).into());
        put("draft", article.draft.into());
        put("file", article.path.to_string_lossy().into());
        put("revision", article.revision.as_str().into());
        put("questions", article.questions.len().into());
        self.health(article, &mut line);
        let days = [
            ("validFrom", article.valid_from),
            ("validUntil", article.valid_until),
            ("reviewBy", article.review_by),
        ];
        let known = days.into_iter().filter_map(|(name, day)| Some((name, day?)));
        line.extend(known.map(|(name, day)| (name.to_owned(), day.to_string().into())));
        line
    }

    fn health(&self, article: &Article, line: &mut Map<String, Value>) {
        let count = |severity| self.of(article).filter(|found| found.severity == severity).count();
        for (name, severity) in [
            ("errors", Severity::Error),
            ("warnings", Severity::Warning),
            ("infos", Severity::Info),
        ] {
            line.insert(name.to_owned(), count(severity).into());
        }
        if self.tested {
            let passed = article.tests.iter().filter(|test| self.passed(article, test)).count();
            line.insert("testsPassed".to_owned(), passed.into());
            line.insert("testsFailed".to_owned(), (article.tests.len() - passed).into());
        }
    }

    /// A test that was asked and about which nothing was found.
    fn passed(&self, article: &Article, test: &Test) -> bool {
        let about =
            |found: &Diagnostic| found.code == Code::TestFailed && found.span == test.ask.span;
        !self.of(article).any(about)
    }

    fn test(&self, article: &Article, test: &Test) -> Value {
        let mut shown = json!({ "ask": test.ask.value, "expect": expect(&test.expect) });
        if let (true, Some(object)) = (self.tested, shown.as_object_mut()) {
            object.insert("passed".to_owned(), self.passed(article, test).into());
        }
        shown
    }
}

fn expect(expect: &Expect) -> &str {
    match expect {
        Expect::Own => "",
        Expect::Handling(wanted) => handling(*wanted),
        Expect::None => "none",
        Expect::Article(id) => id.as_str(),
    }
}

fn handling(handling: Handling) -> &'static str {
    match handling {
        Handling::Answer => "answer",
        Handling::Clarify => "clarify",
        Handling::Route => "route",
    }
}

fn risk(risk: Risk) -> &'static str {
    match risk {
        Risk::None => "none",
        Risk::Money => "money",
        Risk::Legal => "legal",
        Risk::Safety => "safety",
    }
}

fn priority(priority: Priority) -> &'static str {
    match priority {
        Priority::Low => "low",
        Priority::Normal => "normal",
        Priority::High => "high",
        Priority::Urgent => "urgent",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::knowledge::diagnostic::Bilingual;
    use crate::knowledge::source::{Source, Span, Spanned};
    use crate::message::Language;
    use std::sync::Arc;

    fn finding(code: Code, file: &str, span: Span) -> Diagnostic {
        let words = Bilingual::new("中", "en");
        Diagnostic::new(code, &Source::new(file, "0123456789"), span, words.clone(), words)
    }

    /// An article with two tests, at the spans 0..2 and 4..6 of its file.
    fn article() -> Article {
        let mut article = Article::new("refund-time", "退款多久到账", Language::ZH).unwrap();
        let test = |ask: &str, start| Test {
            ask: Spanned { value: ask.to_owned(), span: Span::new(start, start + 2) },
            expect: Expect::Own,
        };
        article.tests = vec![test("我的钱", 0), test("钱呢", 4)];
        article.source = Arc::new(Source::new("kb/refund.md", "0123456789"));
        article
    }

    fn shelf(tested: bool) -> Shelf {
        let broken = finding(Code::FullWidthColon, "kb/broken.md", Span::new(0, 1));
        let shelf = Shelf::untested(vec![article()], vec![broken]);
        let failed = finding(Code::TestFailed, "kb/refund.md", Span::new(4, 6));
        if tested { shelf.tested(vec![failed]) } else { shelf }
    }

    #[test]
    fn an_article_stands_with_its_health_and_broken_files_apart() {
        let list = shelf(true).list("k1");
        let line = &list["articles"][0];
        assert_eq!((&line["id"], &line["language"]), (&json!("refund-time"), &json!("zh")));
        assert_eq!((&line["testsPassed"], &line["testsFailed"]), (&json!(1), &json!(1)));
        assert_eq!((&line["errors"], &line["warnings"]), (&json!(1), &json!(0)));
        assert_eq!(list["diagnostics"].as_array().unwrap().len(), 1);
        assert_eq!(list["diagnostics"][0]["file"], "kb/broken.md");
        assert_eq!(list["knowledgeRevision"], "k1");
    }

    #[test]
    fn one_article_tells_which_test_failed() {
        let id = ArticleId::new("refund-time").unwrap();
        let whole = shelf(true).article(&id).unwrap();
        let passed: Vec<_> =
            whole["tests"].as_array().unwrap().iter().map(|t| &t["passed"]).collect();
        assert_eq!(passed, [&json!(true), &json!(false)]);
        assert_eq!(whole["diagnostics"][0]["code"], "K6");
        assert_eq!(shelf(true).article(&ArticleId::new("other").unwrap()), None);
    }

    #[test]
    fn tests_that_were_not_asked_are_neither_passed_nor_failed() {
        let line = &shelf(false).list("k1")["articles"][0];
        assert!(line.get("testsPassed").is_none() && line.get("testsFailed").is_none());
    }
}
