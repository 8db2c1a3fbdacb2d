//! What a bundle learns from its own questions. Each is asked as if it stood nowhere: taken out of the index and judged by
//! readers that have not seen it. From these lessons come the mix of the readers, and the calibrator with three kinds of
//! samples:
//!
//! | sample | right if | weight of all together |
//! |---|---|---|
//! | a question as if it stood nowhere | its own group comes first | 1 |
//! | a question as if its whole group did not exist: scope's near edge | never | 1/4 |
//! | a text of no shop: far out of scope | never | 1/4 |
//! | a text known to be answered by nothing here, if there are any | never | 1/4 |
//!
//! The weights say what traffic is expected: two thirds in scope, half of the rest about similar matters. They were fixed on
//! the training parts of open sets, where a threshold found like this for 0.95 then kept 0.92 to 1.00. Nothing here is a
//! claim about a customer's message.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::candidates::{Aside, Candidate, Placed, compared, gather, place};
use super::readers::{Opinion, Readers, Training};
use super::{ReleaseError, examples::Examples};
use crate::decision::GuaranteeState;
use crate::decision::calibration::{Calibration, Sample};
use crate::decision::fusion::{Fusion, Lesson};
use crate::decision::policy::Gate;
use crate::encoder::Embedding;
use crate::knowledge::{KnowledgeError, Library};
use crate::message::{Handling, Language};
use crate::text::language;

const NEAR: f64 = 0.25;
const FAR: f64 = 0.25;
const OUTSIDE: f64 = 0.25;
/// Fewer lessons than this teach nothing that the shipped coefficients do not know better.
const FEWEST: usize = 20;
/// An out-of-scope text this near to a question of the library is in scope here.
const KNOWN_HERE: f64 = 0.7;

/// What there is to learn from.
#[derive(Clone, Copy)]
pub(super) struct School<'a> {
    pub(super) library: &'a Library,
    pub(super) training: &'a Training,
    pub(super) readers: &'a Readers,
    pub(super) examples: &'a Examples,
}

/// What was learned.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Learned {
    pub(super) fusion: Fusion,
    pub(super) gate: Gate,
}

/// A question as if it stood nowhere.
struct Held {
    group: usize,
    language: Language,
    candidates: Vec<Candidate>,
    /// The same as if its group did not exist.
    strangers: Vec<Candidate>,
    aside: Aside,
}

/// A text outside of the knowledge: what it comes nearest to.
type Outsider = (Vec<Candidate>, Aside);

/// A sample, and whether its candidate is one that would be answered: what a person handles needs no threshold.
struct Judged {
    sample: Sample,
    answerable: bool,
}

impl School<'_> {
    /// Learns the mix of the readers and the gate.
    pub(super) fn learn(&self, target: f64) -> Result<Learned, ReleaseError> {
        let opinions = self.training.held_out(self.readers)?;
        let outsiders = self.outsiders(&opinions.outside)?;
        let held = self.held_out(opinions.known)?;
        let lessons: Vec<Lesson> = held.iter().filter_map(Held::lesson).collect();
        let fusion = Fusion::fit(&lessons);
        let judged = self.judged(&held, &outsiders, &fusion)?;
        let samples: Vec<Sample> = judged.iter().map(|judged| judged.sample).collect();
        let calibration = Calibration::fit(&samples);
        let known = !self.library.articles().is_empty();
        let state = if known { GuaranteeState::Provisional } else { GuaranteeState::None };
        let threshold = threshold(&calibration, &judged, target);
        Ok(Learned { fusion, gate: Gate::new(calibration, threshold, state) })
    }

    fn held_out(&self, mut opinions: Vec<Option<Opinion>>) -> Result<Vec<Held>, ReleaseError> {
        // Not every lesson is held out where there are thousands.
        let take = |at: usize| Some((at, opinions.get_mut(at)?.take()?));
        let lessons: Vec<_> = self.training.lessons().into_iter().filter_map(take).collect();
        let held = lessons.par_iter().map(|(at, opinion)| self.held(*at, opinion));
        Ok(held.collect::<Result<_, KnowledgeError>>()?)
    }

    fn held(&self, at: usize, opinion: &Opinion) -> Result<Held, KnowledgeError> {
        let Self { library, training, readers, examples } = *self;
        let entry = training.entries.get(at).copied().unwrap_or_default();
        let group = training.group(at);
        let hits = library.hits_without(entry)?;
        let vector = Embedding::from_raw(library.vector(entry).to_vec());
        let entry = library.entries().get(entry);
        let text = entry.map_or("", |entry| entry.text.as_str());
        let language = self.language(entry.map(|entry| entry.article));
        let scale = readers.scales.for_language(language);
        let mut strangers = gather(&hits, &opinion.without(group), scale);
        strangers.retain(|candidate| candidate.group != group);
        let candidates = compared(gather(&hits, opinion, scale));
        let aside = examples.aside(text, &vector, (scale, opinion.outside));
        Ok(Held { group, language, candidates, strangers: compared(strangers), aside })
    }

    fn language(&self, article: Option<usize>) -> Language {
        let article = article.and_then(|at| self.library.articles().get(at));
        article.map_or(Language::UND, |article| article.lang)
    }

    /// The samples of the table above; none where there are too few lessons.
    fn judged(
        &self,
        held: &[Held],
        outsiders: &[Outsider],
        fusion: &Fusion,
    ) -> Result<Vec<Judged>, KnowledgeError> {
        if held.len() < FEWEST {
            return Ok(Vec::new());
        }
        let mut all = Vec::with_capacity(2 * held.len());
        for Held { group, language, candidates, strangers, aside } in held {
            if let Some(own) = best(candidates, fusion, *aside) {
                all.push(self.sample(&own, *language, (own.candidate.group == *group, 1.0)));
            }
            let near = best(strangers, fusion, *aside);
            all.extend(near.map(|placed| self.sample(&placed, *language, (false, NEAR))));
        }
        all.extend(self.strangers(&self.foreigners(fusion)?, FAR * held.len() as f64));
        let outsiders: Vec<Placed> = outsiders
            .iter()
            .filter_map(|(candidates, aside)| best(candidates, fusion, *aside))
            .collect();
        all.extend(self.strangers(&outsiders, OUTSIDE * held.len() as f64));
        Ok(all)
    }

    /// Samples that are never right, of this weight together.
    fn strangers(&self, placed: &[Placed], weight: f64) -> Vec<Judged> {
        let each = weight / placed.len().max(1) as f64;
        let sample = |placed: &Placed| {
            let language = self.language(Some(placed.candidate.hit.article));
            self.sample(placed, language, (false, each))
        };
        placed.iter().map(sample).collect()
    }

    /// What texts outside come nearest to, read as if they had not been learned from.
    fn outsiders(&self, opinions: &[Option<Opinion>]) -> Result<Vec<Outsider>, KnowledgeError> {
        let Self { library, readers, examples, .. } = *self;
        let mut found = Vec::new();
        for ((at, (text, vector)), opinion) in examples.outside().zip(opinions) {
            let Some(opinion) = opinion else { continue };
            let scale = readers.scales.for_language(language::detect(text, None));
            let candidates = gather(&library.hits(vector, text)?, opinion, scale);
            let aside = examples.aside_of_foreign(at, (scale, opinion.outside));
            found.push((compared(candidates), aside));
        }
        Ok(found)
    }

    fn sample(&self, placed: &Placed, asked_in: Language, (right, weight): (bool, f64)) -> Judged {
        let spoken = self.library.in_language(placed.candidate.hit.article, asked_in);
        let article = spoken.and_then(|at| self.library.articles().get(at));
        Judged {
            sample: Sample { readings: placed.readings, right, weight },
            answerable: article.is_some_and(|article| article.handling == Handling::Answer),
        }
    }

    /// What out-of-scope texts come nearest to. One that reads like the library's own questions is no foreigner here:
    /// somebody's weather service knows about the weather.
    fn foreigners(&self, fusion: &Fusion) -> Result<Vec<Placed>, KnowledgeError> {
        let Self { library, readers, examples, .. } = *self;
        let mut found = Vec::new();
        for (at, (text, vector)) in examples.foreign() {
            let opinion = readers.opinion(vector);
            let scale = readers.scales.for_language(language::detect(text, None));
            let candidates = gather(&library.hits(vector, text)?, &opinion, scale);
            let aside = examples.aside_of_foreign(at, (scale, opinion.outside));
            found.extend(best(&compared(candidates), fusion, aside));
        }
        found.retain(|placed| placed.readings.question < KNOWN_HERE);
        Ok(found)
    }
}

impl Held {
    /// `None` where the own group is not even among the candidates: no mix could put it first.
    fn lesson(&self) -> Option<Lesson> {
        let right = self.candidates.iter().position(|candidate| candidate.group == self.group)?;
        let candidates = self.candidates.iter().map(|candidate| candidate.views).collect();
        Some(Lesson { candidates, right })
    }
}

fn best(candidates: &[Candidate], fusion: &Fusion, aside: Aside) -> Option<Placed> {
    place(candidates.to_vec(), fusion, aside).first().copied()
}

/// The lowest probability from which on the samples that would be answered reach the target precision, 0.5 at least. Where
/// there are none, or none that do, the probability itself must reach the target.
fn threshold(calibration: &Calibration, judged: &[Judged], target: f64) -> f64 {
    let answerable = judged.iter().filter(|judged| judged.answerable).map(|judged| judged.sample);
    let mut scored: Vec<(f64, Sample)> = answerable
        .map(|sample| (calibration.probability(&sample.readings).get(), sample))
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (mut answered, mut right, mut lowest) = (0.0, 0.0, None);
    for (probability, sample) in scored {
        answered += sample.weight;
        right += if sample.right { sample.weight } else { 0.0 };
        if right >= target * answered {
            lowest = Some(probability);
        }
    }
    lowest.unwrap_or(target).clamp(0.5, target.max(0.5))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decision::evidence::Readings;

    fn judged(share: f64, right: bool, answerable: bool) -> Judged {
        let sample = Sample::new(Readings { share, ..Readings::default() }, right);
        Judged { sample, answerable }
    }

    #[test]
    fn the_threshold_is_the_lowest_that_keeps_the_target() {
        let steep = std::array::from_fn(|i| if Readings::NAMES[i] == "share" { 10.0 } else { 0.0 });
        let calibration = Calibration::new(steep, -5.0);
        let at =
            |share: f64| calibration.probability(&Readings { share, ..Readings::default() }).get();
        let check = |samples: &[(f64, bool, bool)], target: f64, expect: f64| {
            let judged: Vec<Judged> = samples.iter().map(|s| judged(s.0, s.1, s.2)).collect();
            let found = threshold(&calibration, &judged, target);
            assert!((found - expect).abs() < 1e-9, "{samples:?}: {found}, expected {expect}");
        };
        check(&[], 0.9, 0.9);
        check(&[(0.7, true, true), (0.6, true, true), (0.55, false, true)], 0.9, at(0.6));
        check(&[(0.7, true, true), (0.6, true, true), (0.55, false, true)], 0.65, at(0.55));
        check(&[(0.7, false, true), (0.6, true, true)], 0.9, 0.9);
        // What would not be answered does not count.
        check(&[(0.7, false, false), (0.6, true, true)], 0.9, at(0.6));
        // Never below an even chance, never above the target.
        check(&[(0.2, true, true)], 0.9, 0.5);
        check(&[(1.0, true, true)], 0.9, 0.9);
    }
}
