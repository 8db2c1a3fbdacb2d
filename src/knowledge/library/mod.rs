//! The immutable, searchable form of a set of articles. It is a function of the articles, the phrases and the encoder:
//! nothing is ever added to it or taken out of it, so a deleted article cannot be answered from.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use super::KnowledgeError;
use super::article::{Article, FieldHash};
use super::groups::{Groups, by_id};
use super::hits::{Hit, Hits, NEAREST};
use super::index::flat::{Flat, Matrix, nearest};
use super::index::{Index, Neighbour};
use super::lexical::Lexical;
use super::passage::{Passage, passages};
use super::phrases::Phrases;
use super::plain::to_plain;
use super::wording::same_text_key;
use crate::encoder::{Embedding, EncoderError, Role};
use crate::message::{ArticleId, Language, Risk, Shared};
use crate::text::script::Scripts;

/// Candidates taken from the questions' vectors, from the passages' vectors and from each lexical index.
const CANDIDATES: usize = 64;
/// Up to so many articles, every one is a candidate: exact, and no dearer than searching for the best.
const FEW: usize = 256;
/// The answer groups that candidates should come from, so that a margin to another answer can be measured.
const LEAST_GROUPS: usize = 8;

/// Embeds texts, one vector each, in order.
pub type Embed<'a> = dyn FnMut(&[(String, Role)]) -> Result<Vec<Embedding>, EncoderError> + 'a;

/// One phrasing that finds an article.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The article, as an index into `Library::articles`.
    pub article: usize,
    /// As the editor wrote it.
    pub text: Shared,
    /// Which of the article's questions; `None` is its title.
    pub question: Option<usize>,
    /// Equal for entries whose text reads the same, in whichever article.
    pub wording: usize,
}

/// All that can be found, and the means to find it.
#[derive(Debug)]
pub struct Library {
    articles: Vec<Article>,
    by_id: HashMap<ArticleId, usize>,
    groups: Groups,
    group_names: Vec<Shared>,
    /// The answers without markup, which many messages ask for.
    plain: Vec<String>,
    phrases: Phrases,
    revision: String,
    entries: Entries,
    passages: Passages,
}

/// The phrasings: a row of the matrix and a lexical document each; an article's stand together.
#[derive(Debug)]
struct Entries {
    all: Vec<Entry>,
    of: Vec<Range<usize>>,
    matrix: Arc<Matrix>,
    index: Box<dyn Index>,
    words: Lexical,
}

/// The passages: a row of the matrix each; an article's stand together and are one lexical document.
#[derive(Debug)]
struct Passages {
    all: Vec<(usize, Passage)>,
    of: Vec<Range<usize>>,
    matrix: Arc<Matrix>,
    index: Box<dyn Index>,
    words: Lexical,
}

impl Library {
    /// Builds a library from the articles that are to be served (see [`Article::served_on`]). Equal texts are embedded
    /// once. Articles are sorted by id, so the order given does not matter.
    pub fn build(
        mut articles: Vec<Article>,
        phrases: Phrases,
        embed: &mut Embed<'_>,
    ) -> Result<Self, KnowledgeError> {
        articles.sort_by(|a, b| a.id.cmp(&b.id));
        refuse_duplicates(&articles)?;
        for article in &mut articles {
            article.revision = article.served_hash().into();
        }
        let (entries, entries_of) = entries(&articles);
        let (passages, passages_of) = all_passages(&articles);
        let texts = Texts::of(&entries, &passages);
        let vectors = texts.embed(embed)?;
        let entries = Entries::new(entries, entries_of, vectors.entries);
        let passages = Passages::new(passages, passages_of, vectors.passages);
        let groups = Groups::of(&articles);
        Ok(Self {
            by_id: by_id(&articles),
            group_names: group_names(&groups, &articles),
            groups,
            plain: articles.iter().map(|article| to_plain(&article.answer)).collect(),
            revision: revision(&articles, &phrases),
            articles,
            phrases,
            entries,
            passages,
        })
    }

    /// The articles, sorted by id.
    pub fn articles(&self) -> &[Article] {
        &self.articles
    }

    /// An article by its id or by one of its aliases.
    pub fn article(&self, id: &ArticleId) -> Option<&Article> {
        self.index_of(id).and_then(|at| self.articles.get(at))
    }

    /// The answer of an article without markup; empty if there is no such article.
    pub fn plain_answer(&self, article: usize) -> &str {
        self.plain.get(article).map_or("", String::as_str)
    }

    /// The index of an article by its id or alias.
    pub fn index_of(&self, id: &ArticleId) -> Option<usize> {
        self.by_id.get(id).copied()
    }

    /// The answer groups, by article index.
    pub fn groups(&self) -> &Groups {
        &self.groups
    }

    /// A group's name: the id of its first article.
    pub fn group_name(&self, group: usize) -> Shared {
        self.group_names.get(group).cloned().unwrap_or_default()
    }

    /// The member of an article's group in a language: the article itself if it is in that language.
    pub fn in_language(&self, article: usize, language: Language) -> Option<usize> {
        let speaks = |at: &usize| self.articles.get(*at).is_some_and(|a| a.lang == language);
        let members = self.groups.members(self.groups.group(article)).iter().copied();
        std::iter::once(article).chain(members).find(speaks)
    }

    /// The system's own texts.
    pub fn phrases(&self) -> &Phrases {
        &self.phrases
    }

    /// Hash of everything that is served, 64 hexadecimal digits.
    pub fn revision(&self) -> &str {
        &self.revision
    }

    /// Every phrasing, an article's together, titles first.
    pub fn entries(&self) -> &[Entry] {
        &self.entries.all
    }

    /// The scripts that the phrasings are written in.
    pub fn scripts(&self) -> Scripts {
        let each = self.entries.all.iter().map(|entry| Scripts::of(&entry.text));
        each.fold(Scripts::default(), Scripts::and)
    }

    /// The entries of one article.
    pub fn entries_of(&self, article: usize) -> Range<usize> {
        self.entries.of.get(article).cloned().unwrap_or_default()
    }

    /// The vector of an entry.
    pub fn vector(&self, entry: usize) -> &[f32] {
        self.entries.matrix.row(entry)
    }

    /// The vectors' width; 0 for a library without articles.
    pub fn dimensions(&self) -> usize {
        self.entries.matrix.width()
    }

    /// The candidates for a message, from its vector and its words.
    pub fn hits(&self, query: &Embedding, text: &str) -> Result<Hits, KnowledgeError> {
        self.search(query, text, None)
    }

    /// The candidates as if the phrasing `entry` stood nowhere: what a message in these words would have found.
    pub fn hits_without(&self, entry: usize) -> Result<Hits, KnowledgeError> {
        let Some(left_out) = self.entries.all.get(entry) else { return Ok(Hits::default()) };
        let query = Embedding::from_raw(self.vector(entry).to_vec());
        self.search(&query, &left_out.text, Some(left_out.wording))
    }

    fn search(
        &self,
        query: &Embedding,
        text: &str,
        left_out: Option<usize>,
    ) -> Result<Hits, KnowledgeError> {
        let words = Words {
            questions: self.entries.words.scores(text),
            answers: self.passages.words.scores(text),
        };
        let candidates = self.candidates(query, &words)?;
        let hit = |article| self.hit(article, query, &words, left_out);
        Ok(Hits::ranked(candidates.into_iter().map(hit).collect()))
    }

    /// The articles worth a closer look, ascending: near by vector or by words.
    fn candidates(&self, query: &Embedding, words: &Words) -> Result<Vec<usize>, KnowledgeError> {
        self.entries.matrix.fits(query.as_slice().len())?;
        if self.articles.len() <= FEW {
            return Ok((0..self.articles.len()).collect());
        }
        let of_entry = |n: &Neighbour| self.entries.all.get(n.row).map(|entry| entry.article);
        let of_passage = |n: &Neighbour| self.passages.all.get(n.row).map(|(article, _)| *article);
        let mut found = self.near_by_question(query)?;
        found.extend(best(&words.questions).iter().filter_map(of_entry));
        found.extend(self.passages.index.search(query, CANDIDATES)?.iter().filter_map(of_passage));
        found.extend(best(&words.answers).iter().map(|n| n.row));
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }

    /// The articles of the nearest questions. Where one article has hundreds of them, more are looked at until
    /// other answers come into sight.
    fn near_by_question(&self, query: &Embedding) -> Result<Vec<usize>, KnowledgeError> {
        let mut limit = CANDIDATES;
        loop {
            let rows = self.entries.index.search(query, limit)?;
            let mut found: Vec<usize> = rows
                .iter()
                .filter_map(|n| self.entries.all.get(n.row))
                .map(|e| e.article)
                .collect();
            found.sort_unstable();
            found.dedup();
            let groups: HashSet<usize> = found.iter().map(|at| self.groups.group(*at)).collect();
            if groups.len() >= LEAST_GROUPS || limit >= self.entries.all.len() {
                return Ok(found);
            }
            limit *= 8;
        }
    }

    /// All the evidence for one article, exactly.
    fn hit(
        &self,
        article: usize,
        query: &Embedding,
        words: &Words,
        left_out: Option<usize>,
    ) -> Hit {
        let range = self.entries_of(article);
        let kept = |at: &usize| {
            left_out.is_none() || self.entries.all.get(*at).map(|entry| entry.wording) != left_out
        };
        let scores: Vec<Neighbour> = range
            .clone()
            .zip(self.entries.matrix.scores(query, range.clone()))
            .filter(|(at, _)| kept(at))
            .map(|(row, score)| Neighbour { row, score })
            .collect();
        let lexical = range.filter(kept).filter_map(|at| words.questions.get(at).copied());
        let closest = nearest(scores, NEAREST);
        let (passage, section) = self.passage(article, query);
        Hit {
            article,
            group: self.groups.group(article),
            question: closest.first().map_or(-1., |n| n.score),
            entry: closest.first().map(|n| n.row),
            nearest_mean: mean(&closest),
            passage,
            section,
            lexical_question: lexical.fold(0., f32::max),
            lexical_answer: words.answers.get(article).copied().unwrap_or(0.),
            risky: self.articles.get(article).is_some_and(|article| article.risk != Risk::None),
        }
    }

    fn passage(&self, article: usize, query: &Embedding) -> (f32, Option<usize>) {
        let range = self.passages.of.get(article).cloned().unwrap_or_default();
        let scores = range.clone().zip(self.passages.matrix.scores(query, range));
        let scores = scores.map(|(row, score)| Neighbour { row, score }).collect();
        let Some(best) = nearest(scores, 1).first().copied() else { return (-1., None) };
        let section = self.passages.all.get(best.row).and_then(|(_, passage)| passage.section);
        (best.score, section)
    }
}

/// A message's words against everything.
struct Words {
    /// Per entry.
    questions: Vec<f32>,
    /// Per article.
    answers: Vec<f32>,
}

/// The best-scoring documents that have any word in common.
fn best(scores: &[f32]) -> Vec<Neighbour> {
    let row = |(row, score): (usize, &f32)| Neighbour { row, score: *score };
    nearest(
        scores.iter().enumerate().filter(|(_, score)| **score > 0.).map(row).collect(),
        CANDIDATES,
    )
}

fn mean(scores: &[Neighbour]) -> f32 {
    if scores.is_empty() {
        -1.
    } else {
        scores.iter().map(|n| n.score).sum::<f32>() / scores.len() as f32
    }
}

impl Entries {
    fn new(all: Vec<Entry>, of: Vec<Range<usize>>, matrix: Matrix) -> Self {
        let matrix = Arc::new(matrix);
        let words = Lexical::new(all.iter().map(|entry| entry.text.as_str()));
        Self { all, of, index: Box::new(Flat::new(Arc::clone(&matrix))), matrix, words }
    }
}

impl Passages {
    fn new(all: Vec<(usize, Passage)>, of: Vec<Range<usize>>, matrix: Matrix) -> Self {
        let matrix = Arc::new(matrix);
        let whole = |range: &Range<usize>| {
            let texts =
                all.get(range.clone()).unwrap_or_default().iter().map(|(_, p)| p.text.as_str());
            texts.collect::<Vec<_>>().join("\n")
        };
        let documents: Vec<String> = of.iter().map(whole).collect();
        let words = Lexical::new(documents.iter().map(String::as_str));
        Self { all, of, index: Box::new(Flat::new(Arc::clone(&matrix))), matrix, words }
    }
}

fn group_names(groups: &Groups, articles: &[Article]) -> Vec<Shared> {
    let first = |group| groups.members(group).first().and_then(|at| articles.get(*at));
    let name = |article: &Article| Shared::from(article.id.as_str());
    (0..groups.len()).map(|group| first(group).map(name).unwrap_or_default()).collect()
}

fn refuse_duplicates(articles: &[Article]) -> Result<(), KnowledgeError> {
    let mut seen = HashSet::new();
    for id in articles.iter().flat_map(|a| std::iter::once(&a.id).chain(&a.aliases)) {
        if !seen.insert(id) {
            return Err(KnowledgeError::DuplicateId { id: id.clone() });
        }
    }
    Ok(())
}

fn revision(articles: &[Article], phrases: &Phrases) -> String {
    let mut hash = FieldHash::default();
    for article in articles {
        hash.field(article.id.as_str(), article.revision.as_str());
    }
    for (phrase, language, text) in phrases.texts() {
        hash.field(phrase.key(), language.as_str());
        hash.field("text", text);
    }
    hash.finish()
}

/// The phrasings of all articles and which belong to whom. A blank title is none.
fn entries(articles: &[Article]) -> (Vec<Entry>, Vec<Range<usize>>) {
    let mut all = Vec::new();
    let mut of = Vec::new();
    let mut wordings = HashMap::new();
    for (article, of_article) in articles.iter().enumerate() {
        let start = all.len();
        let title = std::iter::once((None, of_article.title.as_str()));
        let questions =
            of_article.questions.iter().enumerate().map(|(at, q)| (Some(at), q.value.as_str()));
        for (question, text) in title.chain(questions).filter(|(_, text)| !text.trim().is_empty()) {
            let next = wordings.len();
            let wording = *wordings.entry(same_text_key(text)).or_insert(next);
            all.push(Entry { article, text: text.into(), question, wording });
        }
        of.push(start..all.len());
    }
    (all, of)
}

fn all_passages(articles: &[Article]) -> (Vec<(usize, Passage)>, Vec<Range<usize>>) {
    let mut all = Vec::new();
    let mut of = Vec::new();
    for (at, article) in articles.iter().enumerate() {
        let start = all.len();
        all.extend(passages(article).into_iter().map(|passage| (at, passage)));
        of.push(start..all.len());
    }
    (all, of)
}

/// The different texts of a library, and which entry and passage has which.
struct Texts {
    distinct: Vec<(String, Role)>,
    entries: Vec<usize>,
    passages: Vec<usize>,
}

struct Vectors {
    entries: Matrix,
    passages: Matrix,
}

impl Texts {
    fn of(entries: &[Entry], passages: &[(usize, Passage)]) -> Self {
        let mut distinct = Vec::new();
        let mut seen: HashMap<(&str, Role), usize> = HashMap::new();
        let mut number = |text, role| {
            *seen.entry((text, role)).or_insert_with(|| {
                distinct.push((String::from(text), role));
                distinct.len() - 1
            })
        };
        let entries =
            entries.iter().map(|entry| number(entry.text.as_str(), Role::Query)).collect();
        let passages =
            passages.iter().map(|(_, p)| number(p.text.as_str(), Role::Passage)).collect();
        Self { distinct, entries, passages }
    }

    fn embed(self, embed: &mut Embed<'_>) -> Result<Vectors, KnowledgeError> {
        let vectors = if self.distinct.is_empty() { Vec::new() } else { embed(&self.distinct)? };
        if vectors.len() != self.distinct.len() {
            return Err(KnowledgeError::Count { asked: self.distinct.len(), got: vectors.len() });
        }
        let rows = |of: &[usize]| -> Vec<&Embedding> {
            of.iter().filter_map(|at| vectors.get(*at)).collect()
        };
        Ok(Vectors {
            entries: Matrix::new(rows(&self.entries).into_iter())?,
            passages: Matrix::new(rows(&self.passages).into_iter())?,
        })
    }
}

#[cfg(test)]
pub(super) mod tests;
