//! Words in common, as BM25 scaled to 0..=1: what the encoder overlooks, such as a product name or a number. Scripts
//! without spaces are read as characters and pairs of them, other words in lower case without their English endings.

use std::collections::HashMap;

use crate::text::normalize;

/// How fast a repeated word stops counting.
const SATURATION: f32 = 1.2;
/// How much a long document is discounted.
const LENGTH_WEIGHT: f32 = 0.75;

/// An inverted index over short documents.
#[derive(Debug, Clone, Default)]
pub struct Lexical {
    terms: HashMap<Box<str>, usize>,
    /// For each term the documents that hold it and its weight there, without the term's rarity.
    postings: Vec<Vec<(u32, f32)>>,
    /// For each term how rare it is; never negative.
    rarity: Vec<f32>,
    /// The rarity of a term that no document holds.
    unseen: f32,
    documents: usize,
}

impl Lexical {
    /// Indexes documents, numbered from 0 in the order given.
    pub fn new<'a>(documents: impl Iterator<Item = &'a str>) -> Self {
        let mut index = Self::default();
        let mut lengths: Vec<f32> = Vec::new();
        for (document, text) in (0_u32..).zip(documents) {
            let terms = terms(text);
            lengths.push(terms.len() as f32);
            index.add(document, terms);
        }
        index.documents = lengths.len();
        index.weigh(&lengths);
        index
    }

    fn add(&mut self, document: u32, terms: Vec<String>) {
        for term in terms {
            let next = self.postings.len();
            let term = *self.terms.entry(term.into_boxed_str()).or_insert(next);
            if term == next {
                self.postings.push(Vec::new());
            }
            let Some(posting) = self.postings.get_mut(term) else { continue };
            match posting.last_mut() {
                Some((last, count)) if *last == document => *count += 1.,
                _ => posting.push((document, 1.)),
            }
        }
    }

    /// Turns counts into weights once all lengths are known.
    fn weigh(&mut self, lengths: &[f32]) {
        let count = lengths.len() as f32;
        let mean = (lengths.iter().sum::<f32>() / count.max(1.)).max(1.);
        let rarity = |holding: f32| (1. + (count - holding + 0.5) / (holding + 0.5)).ln();
        self.unseen = rarity(0.);
        for posting in &mut self.postings {
            self.rarity.push(rarity(posting.len() as f32));
            for (document, weight) in posting.iter_mut() {
                let length = lengths.get(*document as usize).copied().unwrap_or(mean);
                let discount = 1. - LENGTH_WEIGHT + LENGTH_WEIGHT * length / mean;
                *weight = *weight * (SATURATION + 1.) / (*weight + SATURATION * discount);
            }
        }
    }

    /// The score of every document for a text: 0 without a common word, near 1 when the document holds all of the text's
    /// words and little else. Words no document holds count as missing.
    pub fn scores(&self, text: &str) -> Vec<f32> {
        let mut scores = vec![0.; self.documents];
        let mut possible = 0.;
        let mut terms = terms(text);
        terms.sort_unstable();
        terms.dedup();
        for term in &terms {
            possible += self.accumulate(term, &mut scores);
        }
        if possible > 0. {
            for score in &mut scores {
                *score = (*score / possible).min(1.);
            }
        }
        scores
    }

    /// Adds one term's share to every document that holds it; returns the most a document could get.
    fn accumulate(&self, term: &str, scores: &mut [f32]) -> f32 {
        let Some(term) = self.terms.get(term) else { return self.unseen };
        let rarity = self.rarity.get(*term).copied().unwrap_or(0.);
        for (document, weight) in self.postings.get(*term).into_iter().flatten() {
            if let Some(score) = scores.get_mut(*document as usize) {
                *score += rarity * weight;
            }
        }
        rarity
    }
}

/// The terms of a text in order, repeated ones repeated.
fn terms(text: &str) -> Vec<String> {
    let text = normalize(text).as_str().to_lowercase();
    let mut terms = Vec::new();
    for word in text.split(|c: char| !c.is_alphanumeric()) {
        for run in runs(word) {
            if run.starts_with(is_unspaced) {
                grams(run, &mut terms);
            } else {
                terms.push(stem(run).to_owned());
            }
        }
    }
    terms
}

/// A word cut where scripts with and without spaces meet: `app下载` is `app` and `下载`. Empty words vanish.
fn runs(word: &str) -> Vec<&str> {
    let mut runs = Vec::new();
    let mut rest = word;
    while let Some(first) = rest.chars().next() {
        let kind = is_unspaced(first);
        let end = rest.find(|c| is_unspaced(c) != kind).unwrap_or(rest.len());
        let Some((run, after)) = rest.split_at_checked(end) else { break };
        runs.push(run);
        rest = after;
    }
    runs
}

/// Han, kana and hangul: scripts whose words are not set apart, or not reliably.
fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{2e80}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3fffd}')
}

/// Every character and every pair of neighbours. The pairs tell words apart, the single characters find a word that is
/// written in another company; both together measured better than either alone.
fn grams(run: &str, terms: &mut Vec<String>) {
    let chars: Vec<char> = run.chars().collect();
    terms.extend(chars.iter().map(char::to_string));
    terms.extend(chars.windows(2).map(|pair| pair.iter().collect::<String>()));
}

/// English plural, past and continuous endings off, as far as that is safe without a dictionary.
fn stem(word: &str) -> &str {
    let keep = |ending: &str, least: usize| {
        word.strip_suffix(ending).filter(|stem| stem.len() >= least && stem.is_ascii())
    };
    keep("ing", 4)
        .or_else(|| keep("ed", 4))
        .or_else(|| keep("es", 4))
        .or_else(|| keep("s", 3).filter(|stem| !stem.ends_with(['s', 'u'])))
        .unwrap_or(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_become_terms() {
        let check = |text: &str, expect: &[&str]| assert_eq!(terms(text), expect, "{text:?}");
        check("退款多久", &["退", "款", "多", "久", "退款", "款多", "多久"]);
        check("APP下载 v2", &["app", "下", "载", "下载", "v2"]);
        check("钱", &["钱"]);
        check("Refunds, refunded; refunding!", &["refund", "refund", "refund"]);
        check("address status dresses", &["address", "status", "dress"]);
        check("　？！", &[]);
    }

    #[test]
    fn documents_with_the_rarer_words_score_higher() {
        let documents = ["退款多久到账", "发票多久寄出", "退款失败", "会员多久到期"];
        let scores = Lexical::new(documents.into_iter()).scores("退款多久");
        let best = (0..4).max_by(|a, b| scores[*a].total_cmp(&scores[*b])).unwrap();
        assert_eq!(best, 0, "{scores:?}");
        assert!(scores.iter().all(|score| (0. ..=1.).contains(score)));
        assert!(scores[2] > scores[1], "{scores:?}");
    }

    #[test]
    fn the_scale_runs_from_nothing_in_common_to_all() {
        let index = Lexical::new(["where is my order", "reset my password"].into_iter());
        let score = |text: &str| index.scores(text)[0];
        assert!(score("where is my order") > 0.9);
        assert!(score("weather tomorrow") < f32::EPSILON);
        assert!(score("where is my submarine") < score("where is my order"));
        assert!(score("").abs() < f32::EPSILON);
        assert!(Lexical::new(std::iter::empty()).scores("x").is_empty());
    }
}
