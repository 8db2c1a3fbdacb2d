//! What a bundle learns from its own questions. Each is asked as if it stood nowhere: taken out of the index and judged by
//! readers that have not seen it. From these lessons come the mix of the readers, and the calibrator with three kinds of
//! samples:
//!
//! | sample | right if | weight of all together |
//! |---|---|---|
//! | a question as if it stood nowhere | its own group comes first | 1 |
//! | a question as if its whole group did not exist: scope's near edge | never | 1/2 |
//! | a text of no shop: far out of scope | never | 1/4 |
//!
//! The weights say what traffic is expected: somewhat more than half in scope, and most of the rest about similar matters.
//! They were fixed on the training parts of open sets. Nothing here is a claim about a customer's message.

use super::candidates::{Aside, Candidate, compared, gather, place};
use super::readers::{Opinion, Readers, Training};
use super::{ReleaseError, examples::Examples};
use crate::decision::GuaranteeState;
use crate::decision::calibration::{Calibration, Sample};
use crate::decision::evidence::Readings;
use crate::decision::fusion::{Fusion, Lesson};
use crate::decision::policy::Gate;
use crate::encoder::Embedding;
use crate::knowledge::{KnowledgeError, Library};

const NEAR: f64 = 0.5;
const FAR: f64 = 0.25;
/// Fewer lessons than this teach nothing that the shipped coefficients do not know better.
const FEWEST: usize = 20;

/// A question as if it stood nowhere.
struct Held {
    group: usize,
    candidates: Vec<Candidate>,
    /// The same as if its group did not exist.
    strangers: Vec<Candidate>,
    aside: Aside,
}

/// What was learned.
pub(super) struct Learned {
    pub(super) fusion: Fusion,
    pub(super) gate: Gate,
}

/// Learns the mix of the readers and the gate.
pub(super) fn learn(
    library: &Library,
    (training, readers): (&Training, &Readers),
    examples: &Examples,
    target: f64,
) -> Result<Learned, ReleaseError> {
    let held = held_out(library, (training, readers), examples)?;
    let lessons: Vec<Lesson> = held.iter().filter_map(Held::lesson).collect();
    let fusion = Fusion::fit(&lessons);
    let mut samples = own_samples(&held, &fusion);
    if held.len() >= FEWEST {
        samples.extend(foreign_samples(library, readers, (examples, &fusion), held.len())?);
    } else {
        samples.clear();
    }
    let calibration = Calibration::fit(&samples);
    let state = if library.articles().is_empty() {
        GuaranteeState::None
    } else {
        GuaranteeState::Provisional
    };
    let threshold = threshold(&calibration, &samples, target);
    Ok(Learned { fusion, gate: Gate { calibration, threshold, state } })
}

fn held_out(
    library: &Library,
    (training, readers): (&Training, &Readers),
    examples: &Examples,
) -> Result<Vec<Held>, ReleaseError> {
    let mut opinions = training.held_out()?;
    let mut all = Vec::new();
    for at in training.lessons() {
        // Not every lesson is held out where there are thousands.
        let Some(opinion) = opinions.get_mut(at).and_then(Option::take) else { continue };
        all.push(held(library, (training, readers), examples, (at, opinion))?);
    }
    Ok(all)
}

fn held(
    library: &Library,
    (training, readers): (&Training, &Readers),
    examples: &Examples,
    (at, opinion): (usize, Opinion),
) -> Result<Held, ReleaseError> {
    let entry = training.entries.get(at).copied().unwrap_or_default();
    let group = training.group(at);
    let hits = library.hits_without(entry)?;
    let vector = Embedding::from_raw(library.vector(entry).to_vec());
    let text = library.entries().get(entry).map_or("", |entry| entry.text.as_str());
    let mut strangers = gather(&hits, &opinion.clone().without(group), readers.scale);
    strangers.retain(|candidate| candidate.group != group);
    let candidates = compared(gather(&hits, &opinion, readers.scale));
    let aside = examples.aside(text, &vector, readers.scale);
    Ok(Held { group, candidates, strangers: compared(strangers), aside })
}

impl Held {
    /// `None` where the own group is not even among the candidates: no mix could put it first.
    fn lesson(&self) -> Option<Lesson> {
        let right = self.candidates.iter().position(|candidate| candidate.group == self.group)?;
        let candidates = self.candidates.iter().map(|candidate| candidate.views).collect();
        Some(Lesson { candidates, right })
    }
}

fn own_samples(held: &[Held], fusion: &Fusion) -> Vec<Sample> {
    let mut samples = Vec::with_capacity(2 * held.len());
    for held in held {
        let own = best(held.candidates.clone(), fusion, held.aside);
        samples.extend(own.map(|(group, readings)| Sample::new(readings, group == held.group)));
        let near = best(held.strangers.clone(), fusion, held.aside);
        let wrong = |(_, readings)| Sample { weight: NEAR, ..Sample::new(readings, false) };
        samples.extend(near.map(wrong));
    }
    samples
}

/// The out-of-scope texts, together weighing a quarter of `lessons`. One that reads like the library's own questions is no
/// foreigner here: somebody's weather service knows about the weather.
fn foreign_samples(
    library: &Library,
    readers: &Readers,
    (examples, fusion): (&Examples, &Fusion),
    lessons: usize,
) -> Result<Vec<Sample>, KnowledgeError> {
    let mut readings = Vec::new();
    for (at, (text, vector)) in examples.foreign().enumerate() {
        let opinion = readers.opinion(vector);
        let candidates = gather(&library.hits(vector, text)?, &opinion, readers.scale);
        let aside = examples.aside_of_foreign(at, readers.scale);
        readings.extend(best(compared(candidates), fusion, aside).map(|(_, readings)| readings));
    }
    readings.retain(|readings| readings.question < KNOWN_HERE);
    let weight = FAR * lessons as f64 / readings.len().max(1) as f64;
    Ok(readings.into_iter().map(|r| Sample { weight, ..Sample::new(r, false) }).collect())
}

/// An out-of-scope text this near to a question of the library is in scope here.
const KNOWN_HERE: f64 = 0.7;

fn best(candidates: Vec<Candidate>, fusion: &Fusion, aside: Aside) -> Option<(usize, Readings)> {
    let placed = place(candidates, fusion, aside);
    placed.first().map(|first| (first.candidate.group, first.readings))
}

/// The lowest probability from which on the samples reach the target precision. Few samples, or none that do, leave a
/// threshold that asks for the target itself.
fn threshold(calibration: &Calibration, samples: &[Sample], target: f64) -> f64 {
    let mut judged: Vec<(f64, f64, bool)> = samples
        .iter()
        .map(|s| (calibration.probability(&s.readings).get(), s.weight, s.right))
        .collect();
    judged.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (mut answered, mut right, mut lowest) = (0.0, 0.0, None);
    for (probability, weight, is_right) in judged {
        answered += weight;
        right += if is_right { weight } else { 0.0 };
        if right >= target * answered {
            lowest = Some(probability);
        }
    }
    lowest.unwrap_or(target).clamp(0.5, target.max(0.5))
}
