//! Names of other things: queues, options, articles.

use std::collections::HashSet;

use super::Check;
use crate::knowledge::article::{Article, Expect};
use crate::knowledge::diagnostic::{Bilingual, Code};
use crate::knowledge::source::Span;
use crate::message::{ArticleId, Handling};
use crate::text::nearest::nearest;

/// K23: a queue that is not configured.
pub(super) fn queues(check: &mut Check<'_>) {
    let Some(configured) = check.setting.queues else { return };
    let names: Vec<&str> = configured.iter().map(AsRef::as_ref).collect();
    for article in check.articles {
        let Some(queue) = article.queue.as_ref().filter(|queue| !configured.contains(queue)) else {
            continue;
        };
        let remedy = match nearest(queue.as_str(), &names) {
            Some(meant) => {
                Bilingual::new(format!("是想写 `{meant}` 吗？"), format!("Did you mean `{meant}`?"))
            }
            None => Bilingual::new(
                format!("配置里的队列有：{}。", names.join("、")),
                format!("The configured queues are: {}.", names.join(", ")),
            ),
        };
        let message =
            Bilingual::new(format!("没有队列 `{queue}`"), format!("there is no queue `{queue}`"));
        check.report(Code::UnknownQueue, (article, article.mark("queue")), message, remedy);
    }
}

/// K24: an article that asks back needs at least two options.
pub(super) fn options(check: &mut Check<'_>) {
    let asks =
        |article: &&Article| article.handling == Handling::Clarify && article.options.len() < 2;
    for article in check.articles.iter().filter(asks) {
        check.report(
            Code::Options,
            (article, article.mark("handling")),
            Bilingual::new("`handling: clarify` 至少要有两个 `options`", "`handling: clarify` needs at least two `options`"),
            Bilingual::new(
                "加上 `options:`，每项写 `- label: 退货` 换行 `  article: return-window`。",
                "Add `options:`, each item as `- label: Returns` and on the next line `  article: return-window`.",
            ),
        );
    }
}

/// K25: names of articles that do not exist, or the article's own name.
pub(super) fn articles(check: &mut Check<'_>) {
    let known: HashSet<&ArticleId> =
        check.articles.iter().flat_map(|a| std::iter::once(&a.id).chain(&a.aliases)).collect();
    let names: Vec<&str> = check.articles.iter().map(|a| a.id.as_str()).collect();
    for article in check.articles {
        for (id, span, may_be_own) in references(article) {
            if !known.contains(id) {
                unknown(check, article, (id, span), &names);
            } else if *id == article.id && !may_be_own {
                own(check, article, span);
            }
        }
    }
}

/// The articles an article names, where, and whether it may name itself there.
fn references(article: &Article) -> Vec<(&ArticleId, Span, bool)> {
    let original =
        article.translation_of.iter().map(|id| (id, article.mark("translation_of"), false));
    let options = article.options.iter().map(|option| (&option.article, option.span, false));
    let tests = article.tests.iter().filter_map(|test| match &test.expect {
        Expect::Article(id) => Some((id, test.ask.span, true)),
        Expect::Own | Expect::None | Expect::Handling(_) => None,
    });
    original.chain(options).chain(tests).collect()
}

fn unknown(check: &mut Check<'_>, article: &Article, named: (&ArticleId, Span), names: &[&str]) {
    let (id, span) = named;
    let remedy = match nearest(id.as_str(), names) {
        Some(meant) => {
            Bilingual::new(format!("是想写 `{meant}` 吗？"), format!("Did you mean `{meant}`?"))
        }
        None => Bilingual::new("写一篇已有文章的 id。", "Write the id of an existing article."),
    };
    let message = Bilingual::new(format!("没有文章 `{id}`"), format!("there is no article `{id}`"));
    check.report(Code::UnknownArticle, (article, span), message, remedy);
}

fn own(check: &mut Check<'_>, article: &Article, span: Span) {
    let message = Bilingual::new("文章引用了自己", "the article names itself");
    let remedy = Bilingual::new("写另一篇文章的 id。", "Write the id of another article.");
    check.report(Code::UnknownArticle, (article, span), message, remedy);
}
