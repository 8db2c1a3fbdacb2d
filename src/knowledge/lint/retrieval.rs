//! The rules that ask the retriever: does every question find its own article, and do the articles' tests come out as
//! expected? They judge the best candidate; whether it would be answered is the gate's business and only shown.

use rayon::prelude::*;

use crate::encoder::{Embedding, Role};
use crate::knowledge::article::{Article, Expect, Test};
use crate::knowledge::diagnostic::{Bilingual, Code, Diagnostic, Severity};
use crate::knowledge::library::{Embed, Entry};
use crate::knowledge::source::{Source, Span};
use crate::knowledge::wording::question_key;
use crate::knowledge::{Hits, KnowledgeError, Library};
use crate::message::Handling;

/// What was asked and what the retriever found.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// The words.
    pub text: &'a str,
    /// Their vector.
    pub vector: &'a Embedding,
    /// The candidates.
    pub hits: &'a Hits,
}

/// What the serving pipeline adds to the retriever's own view.
pub struct Judge<'a> {
    /// Ranks candidates, best first: article index and score. [`by_question`] is the retriever's own order.
    pub rank: &'a (dyn Fn(&Seen<'_>) -> Vec<(usize, f64)> + Sync),
    /// What the gate would do, in words; shown beside a failed test.
    pub gate: &'a (dyn Fn(&Seen<'_>) -> Option<Bilingual> + Sync),
}

impl std::fmt::Debug for Judge<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Judge")
    }
}

/// The retriever's own order, without a gate.
pub const RETRIEVER: Judge<'static> = Judge { rank: &by_question, gate: &|_| None };

/// Candidates in the order of their nearest question.
pub fn by_question(seen: &Seen<'_>) -> Vec<(usize, f64)> {
    seen.hits.iter().map(|hit| (hit.article, f64::from(hit.question))).collect()
}

/// Candidates in the order of their three nearest questions.
fn by_nearest(seen: &Seen<'_>) -> Vec<(usize, f64)> {
    let mut ranked: Vec<(usize, f64)> =
        seen.hits.iter().map(|hit| (hit.article, f64::from(hit.nearest_mean))).collect();
    ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
    ranked
}

/// K5: every question, as written, must find its own answer group (an error); with that phrasing left out it should
/// still (a warning that names the winner, where the nearest question and the nearest three name the same one: a single
/// neighbour is too often chance).
pub fn self_retrieval(
    library: &Library,
    judge: &Judge<'_>,
) -> Result<Vec<Diagnostic>, KnowledgeError> {
    let entries = library.entries().par_iter().enumerate();
    let found = entries.map(|(at, entry)| question_finds_its_group(library, judge, (at, entry)));
    Ok(found.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
}

/// What K5 says of one entry.
fn question_finds_its_group(
    library: &Library,
    judge: &Judge<'_>,
    (at, entry): (usize, &Entry),
) -> Result<Option<Diagnostic>, KnowledgeError> {
    let Some(article) = library.articles().get(entry.article) else { return Ok(None) };
    let vector = Embedding::from_raw(library.vector(at).to_vec());
    let asked = Asked { library, article: entry.article, text: &entry.text };
    let question = entry.question.and_then(|q| article.questions.get(q));
    let span = question.map_or(article.mark("title"), |q| q.span);
    let hits = library.hits(&vector, &entry.text)?;
    // The same words in two articles are K1's business.
    let lost = asked.verdict(judge, &asked.seen(&vector, &hits));
    if let Some(lost) = lost.filter(|lost| !lost.in_the_same_words) {
        return Ok(Some(asked.misses(span, &lost)));
    }
    let hits = library.hits_without(at)?;
    let lost = asked.agreed(judge, &asked.seen(&vector, &hits));
    Ok(lost.map(|lost| asked.leans(span, &lost)))
}

/// K6: the articles' own tests.
pub fn tests(
    library: &Library,
    embed: &mut Embed<'_>,
    judge: &Judge<'_>,
) -> Result<Vec<Diagnostic>, KnowledgeError> {
    let all: Vec<(usize, &Test)> = library
        .articles()
        .iter()
        .enumerate()
        .flat_map(|(at, article)| article.tests.iter().map(move |test| (at, test)))
        .collect();
    let texts: Vec<(String, Role)> =
        all.iter().map(|(_, test)| (test.ask.value.clone(), Role::Query)).collect();
    let vectors = if texts.is_empty() { Vec::new() } else { embed(&texts)? };
    if vectors.len() != texts.len() {
        return Err(KnowledgeError::Count { asked: texts.len(), got: vectors.len() });
    }
    let mut found = Vec::new();
    for ((at, test), vector) in all.into_iter().zip(&vectors) {
        let hits = library.hits(vector, &test.ask.value)?;
        let asked = Asked { library, article: at, text: &test.ask.value };
        let seen = asked.seen(vector, &hits);
        if !asked.passes(&test.expect, judge, &seen) {
            found.extend(asked.fails(test, judge, &seen));
        }
    }
    Ok(found)
}

/// Something asked on behalf of an article.
#[derive(Clone, Copy)]
struct Asked<'a> {
    library: &'a Library,
    article: usize,
    text: &'a str,
}

/// Another answer came first.
struct Lost<'a> {
    winner: &'a Article,
    /// How far behind the article's own group is.
    margin: f64,
    /// The winner holds this very phrasing too.
    in_the_same_words: bool,
}

impl<'a> Asked<'a> {
    fn seen<'s>(&'s self, vector: &'s Embedding, hits: &'s Hits) -> Seen<'s> {
        Seen { text: self.text, vector, hits }
    }

    fn group(&self, article: usize) -> usize {
        self.library.groups().group(article)
    }

    fn own(&self) -> Option<&'a Article> {
        self.library.articles().get(self.article)
    }

    /// `None` if the article's own group is first.
    fn verdict(&self, judge: &Judge<'_>, seen: &Seen<'_>) -> Option<Lost<'a>> {
        let ranked = (judge.rank)(seen);
        let (first, score) = *ranked.first()?;
        let own = self.group(self.article);
        if self.group(first) == own {
            return None;
        }
        let best_own = ranked.iter().find(|(article, _)| self.group(*article) == own);
        let margin = score - best_own.map_or(-1., |(_, score)| *score);
        let winner = self.library.articles().get(first)?;
        let key = question_key(self.text);
        let entries = self.library.entries().get(self.library.entries_of(first));
        let in_the_same_words =
            entries.into_iter().flatten().any(|entry| question_key(&entry.text) == key);
        Some(Lost { winner, margin, in_the_same_words })
    }

    /// The answer that comes first by the judge's order and by the nearest three questions, if it is another one.
    fn agreed(&self, judge: &Judge<'_>, seen: &Seen<'_>) -> Option<Lost<'a>> {
        let lost = self.verdict(judge, seen)?;
        let (winner, _) = by_nearest(seen).first().copied()?;
        let same = self.library.index_of(&lost.winner.id).map(|at| self.group(at));
        (same == Some(self.group(winner))).then_some(lost)
    }

    fn passes(&self, expect: &Expect, judge: &Judge<'_>, seen: &Seen<'_>) -> bool {
        let Some((first, _)) = (judge.rank)(seen).first().copied() else {
            return *expect == Expect::None;
        };
        let handling = self.library.articles().get(first).map(|article| article.handling);
        let is_own = self.group(first) == self.group(self.article);
        match expect {
            Expect::Own => is_own,
            Expect::Handling(Handling::Answer) => is_own && handling == Some(Handling::Answer),
            Expect::Handling(wanted) => handling == Some(*wanted),
            Expect::None => !is_own,
            Expect::Article(id) => {
                self.library.index_of(id).is_some_and(|at| self.group(at) == self.group(first))
            }
        }
    }

    fn misses(&self, span: Span, lost: &Lost<'_>) -> Diagnostic {
        let (text, winner, margin) = (self.text, &lost.winner.id, lost.margin);
        self.diagnostic(
            Code::SelfRetrieval,
            span,
            Bilingual::new(
                format!("照原样问“{text}”，先找到的是 `{winner}`（领先 {margin:.3}）"),
                format!("asked as written, {text:?} finds `{winner}` first (ahead by {margin:.3})"),
            ),
            Bilingual::new(
                "两篇写得几乎一样：合并它们，或把这一句改得更明确。",
                "The two are written almost alike: merge them, or make this phrasing more specific.",
            ),
        )
    }

    fn leans(&self, span: Span, lost: &Lost<'_>) -> Diagnostic {
        let (text, winner, margin) = (self.text, &lost.winner.id, lost.margin);
        self.diagnostic(
            Code::SelfRetrieval,
            span,
            Bilingual::new(
                format!("如果没有写“{text}”这一句，先找到的会是 `{winner}`（领先 {margin:.3}）"),
                format!("without this very phrasing, {text:?} would find `{winner}` first (ahead by {margin:.3})"),
            ),
            Bilingual::new(
                format!("看看它是否属于 `{winner}`；如果不是，再加几条相近的问法。"),
                format!("See whether it belongs to `{winner}`; if not, add a few phrasings like it here."),
            ),
        )
        .with_severity(Severity::Warning)
    }

    fn fails(&self, test: &Test, judge: &Judge<'_>, seen: &Seen<'_>) -> Option<Diagnostic> {
        let ranked = (judge.rank)(seen);
        let (first, score) = *ranked.first()?;
        let winner = self.library.articles().get(first)?;
        let behind = ranked.iter().find(|(article, _)| self.group(*article) != self.group(first));
        let margin = score - behind.map_or(-1., |(_, score)| *score);
        let expected = self.expected(&test.expect)?;
        let gate = (judge.gate)(seen).unwrap_or_default();
        let (text, id, handling) = (self.text, &winner.id, handling_name(winner.handling));
        let after = |comma: &str, text: &str| {
            if text.is_empty() { String::new() } else { format!("{comma}{text}") }
        };
        let message = Bilingual::new(
            format!(
                "问“{text}”，期望{}，先找到的却是 `{id}`（{handling}，{score:.3}，领先其他答案 {margin:.3}{}）",
                expected.zh,
                after("；", &gate.zh)
            ),
            format!(
                "asked {text:?}, expected {}, but `{id}` came first ({handling}, {score:.3}, ahead of other answers by {margin:.3}{})",
                expected.en,
                after("; ", &gate.en)
            ),
        );
        let remedy = Bilingual::new(
            format!(
                "常见的两种办法：在该找到的文章里加一条与此相近（但不相同）的问法；或把 `{id}` 里过宽的问法改窄。"
            ),
            format!(
                "The two usual cures: add a question like this one (not the same) to the article that should win, or narrow a question of `{id}` that is too broad."
            ),
        );
        Some(self.diagnostic(Code::TestFailed, test.ask.span, message, remedy))
    }

    fn expected(&self, expect: &Expect) -> Option<Bilingual> {
        let own = &self.own()?.id;
        Some(match expect {
            Expect::Own | Expect::Handling(Handling::Answer) => {
                Bilingual::new(format!(" `{own}`"), format!("`{own}`"))
            }
            Expect::Handling(handling) => {
                let name = handling_name(*handling);
                Bilingual::new(format!("处理方式 {name}"), format!("an article handled by {name}"))
            }
            Expect::None => {
                Bilingual::new(format!("不是 `{own}`"), format!("anything but `{own}`"))
            }
            Expect::Article(id) => Bilingual::new(format!(" `{id}`"), format!("`{id}`")),
        })
    }

    fn diagnostic(
        &self,
        code: Code,
        span: Span,
        message: Bilingual,
        remedy: Bilingual,
    ) -> Diagnostic {
        let empty = Source::default();
        let source = self.own().map_or(&empty, |article| &article.source);
        Diagnostic::new(code, source, span, message, remedy)
    }
}

fn handling_name(handling: Handling) -> &'static str {
    match handling {
        Handling::Answer => "answer",
        Handling::Clarify => "clarify",
        Handling::Route => "route",
    }
}
