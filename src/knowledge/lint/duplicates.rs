//! Two articles with one name, and one question in two articles.

use std::collections::HashMap;

use super::Check;
use crate::knowledge::article::Article;
use crate::knowledge::diagnostic::{Bilingual, Code, Diagnostic};
use crate::knowledge::source::Span;
use crate::knowledge::wording::question_key;
use crate::message::ArticleId;

/// Takes out every article whose id or alias an earlier one has. An alias that an earlier article has is taken off.
pub(super) fn ids(articles: Vec<Article>) -> (Vec<Article>, Vec<Diagnostic>) {
    let mut owner: HashMap<ArticleId, String> = HashMap::new();
    let mut found = Vec::new();
    let mut kept = Vec::new();
    for mut article in articles {
        if let Some(first) = owner.get(&article.id) {
            found.push(taken(&article, article.mark("id"), &article.id, first));
            continue;
        }
        owner.insert(article.id.clone(), article.source.file().to_owned());
        let (mine, others): (Vec<_>, Vec<_>) =
            article.aliases.drain(..).partition(|alias| !owner.contains_key(alias));
        for alias in others {
            let first = owner.get(&alias).cloned().unwrap_or_default();
            found.push(taken(&article, article.mark("aliases"), &alias, &first));
        }
        owner.extend(mine.iter().map(|alias| (alias.clone(), article.source.file().to_owned())));
        article.aliases = mine;
        kept.push(article);
    }
    (kept, found)
}

fn taken(article: &Article, span: Span, id: &ArticleId, first: &str) -> Diagnostic {
    Diagnostic::new(
        Code::DuplicateId,
        &article.source,
        span,
        Bilingual::new(
            format!("`{id}` 已经是 {first} 的 id 或别名"),
            format!("`{id}` is already the id or an alias in {first}"),
        ),
        Bilingual::new(
            "换一个 id；在换好之前只用先读到的那一篇。",
            "Choose another one; until then only the first article uses it.",
        ),
    )
}

/// K1: one phrasing in two articles of different answer groups. Reported at the later one.
pub(super) fn questions(check: &mut Check<'_>) {
    let mut first: HashMap<String, (usize, Span)> = HashMap::new();
    for (at, article) in check.live() {
        for (text, span) in phrasings(article) {
            let key = question_key(text);
            let (other, place) = *first.entry(key).or_insert((at, span));
            let different = check.groups.group(other) != check.groups.group(at);
            if let Some(other) = check.articles.get(other).filter(|_| different) {
                report(check, (article, text, span), (other, place));
            }
        }
    }
}

/// The questions with their places, and the title unless a question says the same.
fn phrasings(article: &Article) -> impl Iterator<Item = (&str, Span)> {
    let title = std::iter::once((article.title.as_str(), article.mark("title")));
    let questions = article.questions.iter().map(|q| (q.value.as_str(), q.span));
    questions.chain(title).filter(|(text, _)| !question_key(text).is_empty())
}

fn report(check: &mut Check<'_>, here: (&Article, &str, Span), there: (&Article, Span)) {
    let ((article, text, span), (other, place)) = (here, there);
    let line = other.source.place(place.start).line;
    let file = other.source.file();
    check.report(
        Code::DuplicateQuestion,
        (article, span),
        Bilingual::new(
            format!("“{text}”也写在另一篇答案不同的文章里：{file}:{line}"),
            format!("{text:?} also stands in an article with another answer: {file}:{line}"),
        ),
        Bilingual::new(
            "只留在答案正确的那一篇；如果两篇互为翻译，写上 `translation_of`。",
            "Keep it where the answer is right; if one translates the other, add `translation_of`.",
        ),
    );
}
