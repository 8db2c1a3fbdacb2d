//! What workshop labels teach before anything is tested: a calibrator, and for every message a score by one that did not see
//! its label.

use super::scoring::{Ground, Seen, Would};
use crate::decision::Calibration;
use crate::decision::calibration::Sample;
use crate::decision::guarantee::{Scored, Slice};
use crate::message::ArticleId;

/// Fewer lessons than this teach a calibrator nothing.
const FEWEST_LESSONS: usize = 60;
/// Fewer random workshop messages than this say nothing about coverage, and all of them are used.
const FEWEST_SCORES: usize = 50;
const FOLDS: usize = 5;

/// What was learned.
pub(super) struct Fitted {
    /// With the calibrator that will be certified.
    pub(super) ground: Ground,
    pub(super) scores: Vec<OutOfFold>,
    /// Labels that taught; 0 where the bundle's own calibrator stays.
    pub(super) lessons: usize,
}

/// A workshop message's score by a calibrator that did not see its label.
pub(super) struct OutOfFold {
    /// The certificate that its answer would fall under.
    pub(super) under: Option<Slice>,
    pub(super) scored: Scored,
    /// It says something about coverage.
    pub(super) counts: bool,
}

/// Fits on labels where there are enough, and scores every message out of fold.
pub(super) fn fitted(ground: Ground, messages: &[Seen]) -> Fitted {
    let lessons: Vec<Option<Sample>> = messages.iter().map(|seen| lesson(&ground, seen)).collect();
    let all: Vec<Sample> = lessons.iter().flatten().copied().collect();
    let mixed = all.iter().any(|s| s.right) && all.iter().any(|s| !s.right);
    let enough = all.len() >= FEWEST_LESSONS && mixed;
    let fit = |samples: &[Sample]| {
        if enough {
            Calibration::fit_towards(samples, &ground.calibration)
        } else {
            ground.calibration
        }
    };
    let random = messages.iter().filter(|seen| seen.message.random).count();
    let mut scores: Vec<Option<OutOfFold>> = messages.iter().map(|_| None).collect();
    for fold in 0..FOLDS {
        let others = lessons.iter().enumerate().filter(|(at, _)| at % FOLDS != fold);
        let others: Vec<Sample> = others.filter_map(|(_, lesson)| *lesson).collect();
        let blind = Ground { calibration: fit(&others), ..ground.clone() };
        for (slot, seen) in scores.iter_mut().zip(messages).skip(fold).step_by(FOLDS) {
            let counts = seen.message.random || random < FEWEST_SCORES;
            *slot = Some(OutOfFold { counts, ..score(&blind, seen) });
        }
    }
    let calibration = fit(&all);
    let lessons = if enough { all.len() } else { 0 };
    let scores = scores.into_iter().flatten().collect();
    Fitted { ground: Ground { calibration, ..ground }, scores, lessons }
}

/// The best candidate of a labelled message.
fn lesson(ground: &Ground, seen: &Seen) -> Option<Sample> {
    seen.message.relevant.as_ref()?;
    let best = seen.evidence.whole.sightings.first()?;
    Some(Sample::new(best.readings, right(ground, seen, &best.article)))
}

fn score(ground: &Ground, seen: &Seen) -> OutOfFold {
    let would = ground.would(seen, 0.0);
    let all_right = |would: &Would| would.texts.iter().all(|(id, _)| right(ground, seen, id));
    let scored = Scored {
        score: would.as_ref().map_or(f64::NEG_INFINITY, |would| would.score),
        right: would.as_ref().is_some_and(all_right),
    };
    OutOfFold { under: would.map(|would| would.under), scored, counts: true }
}

/// Whether an article, or another of its answer group, is among the message's labels.
fn right(ground: &Ground, seen: &Seen, article: &ArticleId) -> bool {
    let library = ground.bundle.library();
    let group = |id: &ArticleId| library.index_of(id).map(|at| library.groups().group(at));
    let relevant = seen.message.relevant.as_deref().unwrap_or_default();
    relevant.iter().any(|id| group(id).is_some() && group(id) == group(article))
}
