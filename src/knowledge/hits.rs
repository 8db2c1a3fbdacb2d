//! What a search found, per article: the raw evidence of the retriever. Combining it into a probability is the work of
//! `decision`; here is only one fixed order, by the nearest question.

use std::cmp::Ordering;

/// How many of an article's nearest questions `nearest_mean` looks at.
pub const NEAREST: usize = 3;

/// The candidates for one message, best first.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Hits(Vec<Hit>);

/// One article's evidence for one message. Cosines are -1..=1, and -1 where there is nothing to compare with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hit {
    /// The article, as an index into `Library::articles`.
    pub article: usize,
    /// Its answer group.
    pub group: usize,
    /// Cosine to its nearest question.
    pub question: f32,
    /// Which question that is, as an index into `Library::entries`.
    pub entry: Option<usize>,
    /// Mean cosine to its three nearest questions (or as many as it has).
    pub nearest_mean: f32,
    /// Cosine to its nearest passage.
    pub passage: f32,
    /// The section of that passage; `None` where it is the answer, or there is none.
    pub section: Option<usize>,
    /// Words in common with its best question, 0..=1.
    pub lexical_question: f32,
    /// Words in common with its text, 0..=1.
    pub lexical_answer: f32,
    /// Its editor named what a wrong answer could cost.
    pub risky: bool,
}

impl Hits {
    /// Sorts candidates: by the nearest question, then its words, then the nearest passage, then by id.
    pub(super) fn ranked(mut hits: Vec<Hit>) -> Self {
        hits.sort_by(|a, b| {
            let by = |key: fn(&Hit) -> f32| -> Ordering { key(b).total_cmp(&key(a)) };
            by(|hit| hit.question)
                .then_with(|| by(|hit| hit.lexical_question))
                .then_with(|| by(|hit| hit.passage))
                .then(a.article.cmp(&b.article))
        });
        Self(hits)
    }

    /// The best candidate.
    pub fn first(&self) -> Option<&Hit> {
        self.0.first()
    }

    /// The best candidate of another group than the best one's.
    pub fn runner_up(&self) -> Option<&Hit> {
        let group = self.first()?.group;
        self.0.iter().find(|hit| hit.group != group)
    }

    /// All candidates, best first.
    pub fn iter(&self) -> std::slice::Iter<'_, Hit> {
        self.0.iter()
    }

    /// How many candidates there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no candidate.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'a> IntoIterator for &'a Hits {
    type Item = &'a Hit;
    type IntoIter = std::slice::Iter<'a, Hit>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
