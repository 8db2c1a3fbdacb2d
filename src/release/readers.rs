//! The readers that are fitted on a library's questions, and the scale that makes their similarities comparable between
//! encoders. A class of the readers is an answer group: what the gate judges is an answer, not an intent.

use serde::{Deserialize, Serialize};

use crate::encoder::Embedding;
use crate::intent::{Examples, FitError, Folds, Head, Likeness, fit, out_of_fold};
use crate::knowledge::Library;
use crate::message::{IntentId, Language};

/// Classifier, typicality and scale.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Readers {
    pub(super) head: Head,
    pub(super) likeness: Likeness,
    pub(super) scales: Scales,
}

/// What the fitted readers say about a vector, by answer group.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Opinion {
    /// Probabilities.
    pub(super) intent: Vec<f64>,
    /// How typical it is of each group.
    pub(super) likeness: Vec<f64>,
    /// Probability that nothing here answers it; `None` where no text outside of the knowledge was learned from.
    pub(super) outside: Option<f64>,
}

impl Opinion {
    /// From the head's `scores`, of which those beyond the groups are the class of texts outside.
    fn new(mut scores: Vec<f64>, likeness: Vec<f64>) -> Self {
        let outside = scores.split_off(likeness.len().min(scores.len())).first().copied();
        Self { intent: scores, likeness, outside }
    }

    /// The opinion of readers that never heard of a group.
    pub(super) fn without(&self, group: usize) -> Self {
        let mut left = self.clone();
        if let Some(own) = left.intent.get_mut(group) {
            *own = 0.0;
        }
        let rest: f64 = left.intent.iter().sum();
        if rest > 0.0 {
            for share in &mut left.intent {
                *share /= rest;
            }
        }
        left
    }
}

/// The phrasings that readers learn from: an article's questions, or its title where it has none; and texts that are known
/// to be answered by nothing here, which are a class of their own for the classifier and of no class for the likeness.
pub(super) struct Training {
    /// Indices into the library's entries.
    pub(super) entries: Vec<usize>,
    groups: Vec<usize>,
    /// Those of the entries, then those of the texts outside.
    vectors: Vec<Vec<f32>>,
    classes: Vec<IntentId>,
}

/// What readers say of texts that they have not seen; `None` where enough others were held out.
pub(super) struct HeldOut {
    /// Of the entries.
    pub(super) known: Vec<Option<Opinion>>,
    /// Of the texts outside.
    pub(super) outside: Vec<Option<Opinion>>,
}

/// Held out at once, so that each question is judged by readers that have not seen it. A small library needs many folds
/// to keep its classes whole; a large one has enough lessons in the first.
fn folds(examples: usize) -> Folds {
    let count = match examples {
        0..=1_500 => 8,
        1_501..=6_000 => 5,
        _ => 4,
    };
    Folds { count, enough: 2_000 }
}

impl Training {
    pub(super) fn of(library: &Library, outside: &[Embedding]) -> Self {
        let has_questions: Vec<bool> =
            library.articles().iter().map(|article| !article.questions.is_empty()).collect();
        let learns = |article: usize, is_question: bool| {
            is_question || has_questions.get(article) == Some(&false)
        };
        let all = library.entries().iter().enumerate();
        let chosen = all.filter(|(_, entry)| learns(entry.article, entry.question.is_some()));
        let (entries, groups) =
            chosen.map(|(at, entry)| (at, library.groups().group(entry.article))).unzip();
        let mut training = Self { entries, groups, vectors: Vec::new(), classes: classes(library) };
        let known = training.entries.iter().map(|at| library.vector(*at));
        let all = known.chain(outside.iter().map(Embedding::as_slice));
        training.vectors = all.map(<[f32]>::to_vec).collect();
        training
    }

    /// The phrasings that can be asked as if they stood nowhere: their groups have others.
    pub(super) fn lessons(&self) -> Vec<usize> {
        let mut sizes = vec![0usize; self.classes.len()];
        for group in &self.groups {
            if let Some(size) = sizes.get_mut(*group) {
                *size += 1;
            }
        }
        let has_others = |at: &usize| sizes.get(self.group(*at)).is_some_and(|size| *size > 1);
        (0..self.groups.len()).filter(has_others).collect()
    }

    pub(super) fn group(&self, at: usize) -> usize {
        self.groups.get(at).copied().unwrap_or_default()
    }

    /// Fits the readers.
    pub(super) fn fit(&self, library: &Library) -> Result<Readers, FitError> {
        let scales = Scales::of(library);
        if self.entries.is_empty() {
            let head = Head::uniform(self.classes.clone(), library.dimensions());
            return Ok(Readers { head, likeness: Likeness::empty(self.classes.len()), scales });
        }
        let config = fit::Config::default();
        let head = fit(&self.vectors, &self.labels(), self.labelled_classes(), &config)?;
        let likeness = Likeness::fit(&self.known()?)?;
        Ok(Readers { head, likeness, scales })
    }

    /// Asks readers that have not seen a text about it. `fitted` has learned likeness from no text outside as it is.
    pub(super) fn held_out(&self, fitted: &Readers) -> Result<HeldOut, FitError> {
        if self.entries.is_empty() {
            return Ok(HeldOut { known: Vec::new(), outside: Vec::new() });
        }
        let folds = folds(self.entries.len());
        let labels = self.labels();
        let all = Examples::new(&self.vectors, &labels, self.labelled_classes().len())?;
        let mut intents = out_of_fold(&all, folds, &fit::Config::default())?;
        let beyond = intents.split_off(self.groups.len());
        let likenesses = Likeness::out_of_fold(&self.known()?, folds)?;
        let known = intents.into_iter().zip(likenesses);
        let outside = beyond.into_iter().zip(self.vectors.iter().skip(self.groups.len()));
        Ok(HeldOut {
            known: known.map(|(i, l)| Some(Opinion::new(i?, l?))).collect(),
            outside: outside
                .map(|(i, vector)| Some(Opinion::new(i?, fitted.likeness.scores(vector))))
                .collect(),
        })
    }

    /// The class of each vector; texts outside have the one behind the groups.
    fn labels(&self) -> Vec<usize> {
        let outside = self.vectors.len() - self.groups.len();
        self.groups
            .iter()
            .copied()
            .chain(std::iter::repeat_n(self.classes.len(), outside))
            .collect()
    }

    fn labelled_classes(&self) -> Vec<IntentId> {
        let outside = IntentId::new("outside").ok();
        let outside = outside.filter(|_| self.vectors.len() > self.groups.len());
        self.classes.iter().cloned().chain(outside).collect()
    }

    fn known(&self) -> Result<Examples<'_, Vec<f32>>, FitError> {
        let vectors = self.vectors.get(..self.groups.len()).unwrap_or_default();
        Examples::new(vectors, &self.groups, self.classes.len())
    }
}

/// The intent of each group: its first member's.
fn classes(library: &Library) -> Vec<IntentId> {
    let first = |group: usize| library.groups().members(group).first().copied();
    let intent = |at: usize| library.articles().get(at).map(|article| article.intent.clone());
    (0..library.groups().len()).filter_map(|group| intent(first(group)?)).collect()
}

impl Readers {
    pub(super) fn opinion(&self, vector: &Embedding) -> Opinion {
        let vector = vector.as_slice();
        Opinion::new(self.head.scores(vector), self.likeness.scores(vector))
    }
}

/// Cosines → similarities that mean the same with every encoder and in every language: 0 is the level of two unrelated
/// questions of this library, 1 is the same text. Some encoders put everything above 0.75, others spread over 0 to 1, and
/// one that reads a language badly finds all its texts alike.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Scales {
    overall: Scale,
    by_language: Vec<(Language, Scale)>,
}

/// The scale of one language.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Scale {
    floor: f64,
}

/// Pairs looked at to find the level of unrelated questions, at most.
const PAIRS: usize = 4_000;
/// Fewer pairs than this say nothing.
const FEWEST_PAIRS: usize = 30;

impl Scales {
    fn of(library: &Library) -> Self {
        let mut languages: Vec<Language> = library.articles().iter().map(|a| a.lang).collect();
        languages.sort_unstable();
        languages.dedup();
        let scale = |language| Some((language, Scale::of(library, Some(language))?));
        Self {
            overall: Scale::of(library, None).unwrap_or(Scale { floor: 0.0 }),
            by_language: languages.into_iter().filter_map(scale).collect(),
        }
    }

    /// The scale for a text in a language.
    pub(super) fn for_language(&self, language: Language) -> Scale {
        let own = self.by_language.iter().find(|(known, _)| *known == language);
        own.map_or(self.overall, |(_, scale)| *scale)
    }
}

impl Scale {
    /// From the questions of a language, or of all; `None` where there are too few of different answers.
    fn of(library: &Library, language: Option<Language>) -> Option<Self> {
        let entries = library.entries().iter().enumerate();
        let spoken = entries.filter(|(_, entry)| {
            let article = library.articles().get(entry.article);
            language.is_none() || article.map(|article| article.lang) == language
        });
        let questions: Vec<(usize, usize)> =
            spoken.map(|(at, entry)| (at, library.groups().group(entry.article))).collect();
        let count = questions.len();
        // Each question against those ahead of it by every distance; an odd stride samples them without chance.
        let pairs =
            (1..count).flat_map(|apart| (0..count).map(move |at| (at, (at + apart) % count)));
        let stride = (count.saturating_sub(1) * count / PAIRS) | 1;
        let cosines: Vec<f64> = pairs
            .step_by(stride)
            .filter_map(|(a, b)| Some((questions.get(a)?, questions.get(b)?)))
            .filter(|(a, b)| a.1 != b.1)
            .map(|(a, b)| cosine(library.vector(a.0), library.vector(b.0)))
            .collect();
        let mean = cosines.iter().sum::<f64>() / cosines.len().max(1) as f64;
        (cosines.len() >= FEWEST_PAIRS).then(|| Self { floor: mean.clamp(0.0, 0.95) })
    }

    pub(super) fn similarity(self, cosine: f32) -> f64 {
        (f64::from(cosine) - self.floor) / (1.0 - self.floor)
    }
}

fn cosine(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(x, y)| f64::from(x * y)).sum()
}
