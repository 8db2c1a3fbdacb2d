//! The rules about articles that can be read. Each rule is a function over all articles; `retrieval` holds those that
//! need a model and a [`Library`](super::Library). Rules report and never change an article.

mod content;
mod dates;
mod duplicates;
mod personal;
mod references;
pub mod retrieval;

use jiff::civil::Date;

use super::article::Article;
use super::diagnostic::{Bilingual, Code, Diagnostic};
use super::groups::Groups;
use super::source::Span;
use crate::message::QueueId;

/// What the rules know beyond the articles.
#[derive(Debug, Clone, Copy)]
pub(super) struct Setting<'a> {
    /// The configured queues; `None` if nothing is configured.
    pub(super) queues: Option<&'a [QueueId]>,
    /// The day for which validity and reviews are judged.
    pub(super) today: Date,
    /// Addresses and numbers that are the shop's own.
    pub(super) own_contacts: &'a [String],
}

/// What a rule sees and where it reports.
struct Check<'a> {
    articles: &'a [Article],
    groups: Groups,
    setting: &'a Setting<'a>,
    found: Vec<Diagnostic>,
}

/// Every rule, in the order of its code.
const RULES: &[fn(&mut Check<'_>)] = &[
    duplicates::questions,
    content::few_questions,
    dates::validity,
    content::too_long,
    content::placeholders,
    personal::data,
    content::language,
    references::queues,
    references::options,
    references::articles,
    content::empty_answer,
];

/// Checks the articles of a directory, given in the order of their files. Returns those that can be used, sorted by id:
/// of two with one name the first.
pub(super) fn directory(
    articles: Vec<Article>,
    setting: &Setting<'_>,
) -> (Vec<Article>, Vec<Diagnostic>) {
    let (mut articles, mut found) = duplicates::ids(articles);
    articles.sort_by(|a, b| a.id.cmp(&b.id));
    let groups = Groups::of(&articles);
    let mut check = Check { articles: &articles, groups, setting, found: Vec::new() };
    for rule in RULES {
        rule(&mut check);
    }
    found.append(&mut check.found);
    (articles, found)
}

impl<'a> Check<'a> {
    fn report(
        &mut self,
        code: Code,
        place: (&Article, Span),
        message: Bilingual,
        remedy: Bilingual,
    ) {
        let (article, span) = place;
        self.found.push(Diagnostic::new(code, &article.source, span, message, remedy));
    }

    fn report_as(&mut self, severity: super::diagnostic::Severity, finding: Diagnostic) {
        self.found.push(finding.with_severity(severity));
    }

    /// The articles that are served or will be, with their index.
    fn live(&self) -> impl Iterator<Item = (usize, &'a Article)> + use<'a> {
        let today = self.setting.today;
        let over = move |article: &Article| article.valid_until.is_some_and(|until| until <= today);
        self.articles
            .iter()
            .enumerate()
            .filter(move |(_, article)| !article.draft && !over(article))
    }
}

/// The texts of an article that customers or agents read, as they stand in the file.
fn written(article: &Article) -> impl Iterator<Item = (&str, Span)> {
    let title = article.mark("title");
    let answer = article.mark("answer");
    let spans =
        [title, answer].into_iter().chain(article.sections.iter().map(|section| section.span));
    spans.map(|span| (article.source.slice(span), span))
}

#[cfg(test)]
mod tests;
