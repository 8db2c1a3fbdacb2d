//! What retriever and readers say about a message, brought together by answer group and put in order. The same code reads
//! a customer's message and, when a bundle is built, each question of the knowledge as if it stood nowhere.

use super::readers::{Opinion, Scale};
use crate::decision::Fusion;
use crate::decision::evidence::{Favourite, Readings};
use crate::decision::fusion::Views;
use crate::knowledge::{Hit, Hits};

/// Candidates compared with each other; what stands behind them says nothing about the first.
const COMPARED: usize = 12;

/// One answer group.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Candidate {
    /// The group.
    pub(super) group: usize,
    /// Its member with the nearest question.
    pub(super) hit: Hit,
    pub(super) views: Views,
    likeness: f64,
}

/// Facts about a message beside its candidates.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Aside {
    /// Similarity to the nearest out-of-scope text, on the library's scale.
    pub(super) foreign: f64,
    /// The classifier's probability that nothing here answers it; `None` where it learned of no such text.
    pub(super) outside: Option<f64>,
    /// The share of its letters in scripts of the library.
    pub(super) script: f64,
    /// The questions that it may hold.
    pub(super) questions: usize,
    /// Its length in words.
    pub(super) words: f64,
}

/// A candidate in its place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Placed {
    pub(super) candidate: Candidate,
    pub(super) favourite: Favourite,
    pub(super) readings: Readings,
}

/// One candidate per group that was hit, in no particular order.
pub(super) fn gather(hits: &Hits, opinion: &Opinion, scale: Scale) -> Vec<Candidate> {
    let mut found: Vec<Candidate> = Vec::new();
    for hit in hits {
        // Hits come by nearest question, so a group's first member leads it.
        match found.iter_mut().find(|candidate| candidate.group == hit.group) {
            Some(candidate) => candidate.join(hit, scale),
            None => found.push(Candidate::new(hit, opinion, scale)),
        }
    }
    found
}

impl Candidate {
    fn new(hit: &Hit, opinion: &Opinion, scale: Scale) -> Self {
        let of_group = |scores: &[f64]| scores.get(hit.group).copied();
        // No passage, or no question but one that was left out, is a similarity of -1 at most.
        let similarity = |cosine: f32| scale.similarity(cosine).max(-1.0);
        let views = Views {
            question: similarity(hit.question),
            nearest: similarity(hit.nearest_mean),
            passage: similarity(hit.passage),
            lexical: f64::from(hit.lexical_question),
            answer_words: f64::from(hit.lexical_answer),
            intent: of_group(&opinion.intent).unwrap_or_default(),
        };
        let likeness = of_group(&opinion.likeness).unwrap_or_default();
        Self { group: hit.group, hit: *hit, views, likeness }
    }

    /// Takes in another member of the group.
    fn join(&mut self, hit: &Hit, scale: Scale) {
        let views = &mut self.views;
        views.nearest = views.nearest.max(scale.similarity(hit.nearest_mean));
        views.passage = views.passage.max(scale.similarity(hit.passage));
        views.lexical = views.lexical.max(f64::from(hit.lexical_question));
        views.answer_words = views.answer_words.max(f64::from(hit.lexical_answer));
    }
}

/// The candidates worth comparing, best first, with what the gate reads of each.
pub(super) fn place(mut candidates: Vec<Candidate>, fusion: &Fusion, aside: Aside) -> Vec<Placed> {
    candidates.sort_by(|a, b| {
        let (a, b) = (fusion.score(&a.views), fusion.score(&b.views));
        b.total_cmp(&a)
    });
    candidates.truncate(COMPARED);
    let field = Field::of(&candidates, fusion);
    candidates
        .iter()
        .enumerate()
        .map(|(at, candidate)| field.placed(at, candidate, aside))
        .collect()
}

/// The views of several candidates as one lesson's worth.
pub(super) fn compared(mut candidates: Vec<Candidate>) -> Vec<Candidate> {
    let fusion = Fusion::default();
    candidates.sort_by(|a, b| fusion.score(&b.views).total_cmp(&fusion.score(&a.views)));
    candidates.truncate(COMPARED);
    candidates
}

/// The candidates against each other.
struct Field {
    scores: Vec<f64>,
    shares: Vec<f64>,
    questions: Vec<f64>,
    classifier: Option<usize>,
    retriever: Option<usize>,
}

impl Field {
    fn of(candidates: &[Candidate], fusion: &Fusion) -> Self {
        let views: Vec<Views> = candidates.iter().map(|candidate| candidate.views).collect();
        let intents: Vec<f64> = views.iter().map(|views| views.intent).collect();
        let questions: Vec<f64> = views.iter().map(|views| views.question).collect();
        Self {
            scores: views.iter().map(|views| fusion.score(views)).collect(),
            shares: fusion.shares(&views),
            classifier: first_of(&intents),
            retriever: first_of(&questions),
            questions,
        }
    }

    fn placed(&self, at: usize, candidate: &Candidate, aside: Aside) -> Placed {
        let Views { question, nearest, passage, lexical, answer_words, intent } = candidate.views;
        let favourite = Favourite::of(self.classifier == Some(at), self.retriever == Some(at));
        let values = Readings {
            question,
            nearest,
            passage,
            lexical,
            answer_words,
            intent: log_odds(intent) / 7.0,
            likeness: candidate.likeness,
            question_margin: ahead(&self.questions, at).clamp(-0.5, 0.5),
            rank_margin: (ahead(&self.scores, at) / 6.0).clamp(-1.0, 1.0),
            share: self.shares.get(at).copied().unwrap_or_default(),
            agreement: f64::from(u8::from(favourite == Favourite::Both)),
            foreign_gap: (question - aside.foreign).clamp(-1.0, 1.0),
            inside: aside.outside.map_or(0.0, |outside| log_odds(1.0 - outside) / 7.0),
            script: aside.script,
            risk: f64::from(u8::from(candidate.hit.risky)),
            questions: (aside.questions.saturating_sub(1) as f64 / 2.0).min(1.0),
            length: (aside.words.ln_1p() / 4.0).min(1.0),
        };
        Placed {
            candidate: *candidate,
            favourite,
            readings: Readings::from_values(values.values()),
        }
    }
}

/// How far one number is ahead of the best other; 1 where there is no other.
fn ahead(numbers: &[f64], at: usize) -> f64 {
    let others = numbers.iter().enumerate().filter(|(i, _)| *i != at).map(|(_, x)| *x);
    let best = others.fold(f64::NEG_INFINITY, f64::max);
    let own = numbers.get(at).copied().unwrap_or_default();
    if best.is_finite() { own - best } else { 1.0 }
}

fn first_of(numbers: &[f64]) -> Option<usize> {
    let highest = numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    numbers.iter().position(|number| *number >= highest)
}

fn log_odds(probability: f64) -> f64 {
    let within = probability.clamp(1e-3, 1.0 - 1e-3);
    (within / (1.0 - within)).ln()
}
