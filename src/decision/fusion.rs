//! Two readers' views of the candidates → one order. The right mix depends on the knowledge: one question per article, and
//! the classifier adds little to the nearest question; hundreds, and it is the better reader. So the mix is learned from
//! the knowledge's own questions, each judged as if it stood nowhere: a conditional logit over the candidates, with
//! weights that may not be negative and lean on a mix that suits most.

use serde::{Deserialize, Serialize};

use super::newton::{Local, minimise};

/// What the order of candidates depends on.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Views {
    /// Similarity to the nearest question, 0 for unrelated, 1 for the same text.
    pub question: f64,
    /// Mean similarity to the three nearest questions.
    pub nearest: f64,
    /// Similarity to the nearest passage.
    pub passage: f64,
    /// Words in common with the nearest question, 0..=1.
    pub lexical: f64,
    /// Words in common with the text, 0..=1.
    pub answer_words: f64,
    /// The classifier's probability, 0..=1.
    pub intent: f64,
}

const COUNT: usize = 6;
/// Below this a probability says "no", however small it is.
const LEAST_INTENT: f64 = 1e-4;

impl Views {
    fn values(&self) -> [f64; COUNT] {
        let intent = self.intent.max(LEAST_INTENT).ln() / 5.0;
        [self.question, self.nearest, self.passage, self.lexical, self.answer_words, intent]
    }
}

/// The weight of each view.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Fusion {
    weights: [f64; COUNT],
}

/// A message with a known right answer: the candidates' views, and which of them is right.
#[derive(Debug, Clone, PartialEq)]
pub struct Lesson {
    /// At least two candidates.
    pub candidates: Vec<Views>,
    /// The index of the right one.
    pub right: usize,
}

impl Default for Fusion {
    /// The mix that serves where nothing can be learned; found on the training parts of open sets.
    fn default() -> Self {
        Self { weights: [8.0, 1.0, 0.5, 1.0, 0.5, 5.0] }
    }
}

/// How strongly the weights lean on the default mix, in lessons' worth.
const LEAN: f64 = 3.0;

impl Fusion {
    /// A candidate's rank score, in log-odds against other candidates.
    pub fn score(&self, views: &Views) -> f64 {
        self.weights.iter().zip(views.values()).map(|(weight, value)| weight * value).sum()
    }

    /// Each candidate's share among all, by rank score; sums to 1.
    pub fn shares(&self, candidates: &[Views]) -> Vec<f64> {
        softmax(candidates.iter().map(|views| self.score(views)).collect())
    }

    /// Learns the mix. Without lessons it is the default one.
    pub fn fit(lessons: &[Lesson]) -> Self {
        let default = Self::default().weights;
        let prepared: Vec<Prepared> = lessons.iter().filter_map(Prepared::of).collect();
        let function = |at: &[f64]| lost(&prepared, at, &default);
        let found = minimise(default.to_vec(), &[0.0; COUNT], function);
        Self { weights: std::array::from_fn(|i| found.get(i).copied().unwrap_or_default()) }
    }

    /// The numbers, little-endian: what a bundle hashes.
    pub fn bytes(&self) -> impl Iterator<Item = u8> + '_ {
        self.weights.iter().flat_map(|weight| weight.to_le_bytes())
    }
}

struct Prepared {
    rows: Vec<[f64; COUNT]>,
    right: [f64; COUNT],
}

impl Prepared {
    fn of(lesson: &Lesson) -> Option<Self> {
        let rows: Vec<_> = lesson.candidates.iter().map(Views::values).collect();
        let right = *rows.get(lesson.right)?;
        Some(Self { rows, right })
    }
}

/// Minus the log-likelihood of the right candidates, plus the lean on the default mix.
fn lost(lessons: &[Prepared], at: &[f64], default: &[f64; COUNT]) -> Local {
    let away: Vec<f64> = at.iter().zip(default).map(|(x, d)| x - d).collect();
    let mut hessian = vec![vec![0.0; COUNT]; COUNT];
    for (i, row) in hessian.iter_mut().enumerate() {
        row.iter_mut().skip(i).take(1).for_each(|x| *x = LEAN);
    }
    let mut local = Local {
        value: LEAN / 2.0 * away.iter().map(|x| x * x).sum::<f64>(),
        gradient: away.iter().map(|x| LEAN * x).collect(),
        hessian,
    };
    for lesson in lessons {
        add_lesson(&mut local, lesson, at);
    }
    local
}

fn add_lesson(local: &mut Local, lesson: &Prepared, at: &[f64]) {
    let score = |row: &[f64; COUNT]| row.iter().zip(at).map(|(x, w)| x * w).sum::<f64>();
    let shares = softmax(lesson.rows.iter().map(score).collect());
    let mut mean = [0.0; COUNT];
    for (row, share) in lesson.rows.iter().zip(&shares) {
        mean.iter_mut().zip(row).for_each(|(m, x)| *m += share * x);
    }
    let highest = lesson.rows.iter().map(score).fold(f64::NEG_INFINITY, f64::max);
    let total: f64 = lesson.rows.iter().map(|row| (score(row) - highest).exp()).sum();
    local.value += highest + total.ln() - score(&lesson.right);
    for ((slope, m), x) in local.gradient.iter_mut().zip(mean).zip(lesson.right) {
        *slope += m - x;
    }
    for (row, share) in lesson.rows.iter().zip(&shares) {
        let apart: [f64; COUNT] =
            std::array::from_fn(|i| at_or_zero(row, i) - at_or_zero(&mean, i));
        add_product(&mut local.hessian, &apart, *share);
    }
}

fn add_product(matrix: &mut [Vec<f64>], vector: &[f64; COUNT], factor: f64) {
    for (row, x) in matrix.iter_mut().zip(vector) {
        row.iter_mut().zip(vector).for_each(|(entry, y)| *entry += factor * x * y);
    }
}

fn at_or_zero(row: &[f64; COUNT], i: usize) -> f64 {
    row.get(i).copied().unwrap_or_default()
}

fn softmax(mut scores: Vec<f64>) -> Vec<f64> {
    let highest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    for score in &mut scores {
        *score = (*score - highest).exp();
    }
    let total: f64 = scores.iter().sum();
    for score in &mut scores {
        *score /= total;
    }
    scores
}

#[cfg(test)]
mod tests {
    use super::*;

    fn views(question: f64, intent: f64) -> Views {
        Views { question, intent, ..Views::default() }
    }

    /// Lessons in which one reader is always right and the other always wrong.
    fn lessons(classifier_is_right: bool) -> Vec<Lesson> {
        let candidates = vec![views(0.8, 0.1), views(0.5, 0.7)];
        vec![Lesson { candidates, right: usize::from(classifier_is_right) }; 300]
    }

    #[test]
    fn the_better_reader_gets_the_word() {
        let first = |fusion: &Fusion| {
            let candidates = [views(0.8, 0.1), views(0.5, 0.7)];
            fusion.score(&candidates[0]) > fusion.score(&candidates[1])
        };
        assert!(first(&Fusion::fit(&lessons(false))));
        assert!(!first(&Fusion::fit(&lessons(true))));
    }

    #[test]
    fn nothing_learned_is_the_default() {
        assert_eq!(Fusion::fit(&[]), Fusion::default());
        assert_eq!(Fusion::fit(&[Lesson { candidates: vec![], right: 0 }]), Fusion::default());
    }

    #[test]
    fn no_view_ever_counts_against_a_candidate() {
        let misleading = Lesson { candidates: vec![views(0.1, 0.1), views(0.9, 0.9)], right: 0 };
        let fusion = Fusion::fit(&vec![misleading; 500]);
        assert!(fusion.weights.iter().all(|weight| *weight >= 0.0), "{fusion:?}");
    }

    #[test]
    fn shares_sum_to_one() {
        let shares = Fusion::default().shares(&[views(0.9, 0.8), views(0.2, 0.1), views(0.0, 0.0)]);
        assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-12 && shares[0] > shares[1]);
    }
}
