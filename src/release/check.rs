//! The check's rules that need a model, run on what would serve: tests are judged by the pipeline's own order of
//! candidates, and its verdict is shown beside a failure.

use super::{Bundle, ReleaseError, VectorCache, View};
use crate::decision::evidence::Piece;
use crate::encoder::Batcher;
use crate::knowledge::Diagnostic;
use crate::knowledge::diagnostic::Bilingual;
use crate::knowledge::lint::retrieval::{self, Judge, Seen};
use crate::message::{Channel, Language};

/// What is wrong with a bundle's articles that only a model can see: self-retrieval and the articles' own tests.
///
/// Self-retrieval asks the retriever alone: the classifier has learned every question and would find its own.
pub fn check(
    bundle: &Bundle,
    batcher: &Batcher,
    vectors: &VectorCache,
) -> Result<Vec<Diagnostic>, ReleaseError> {
    let library = bundle.library();
    let mut found = retrieval::self_retrieval(library, &retrieval::RETRIEVER)?;
    let mut ask = |texts: &[_]| vectors.embed(texts, batcher, &mut |_, _| ());
    let judge = Judge { rank: &|seen| rank(bundle, seen), gate: &|seen| gate(bundle, seen) };
    found.extend(retrieval::tests(library, &mut ask, &judge)?);
    Ok(found)
}

/// Candidates as they would be served, with their share among all.
fn rank(bundle: &Bundle, seen: &Seen<'_>) -> Vec<(usize, f64)> {
    let sightings = read(bundle, seen).sightings.into_iter();
    let placed = sightings.filter_map(|sighting| {
        Some((bundle.library().index_of(&sighting.article)?, sighting.readings.share))
    });
    placed.collect()
}

fn gate(bundle: &Bundle, seen: &Seen<'_>) -> Option<Bilingual> {
    let piece = read(bundle, seen);
    let probability = bundle.gate().probability(piece.sightings.first()?).get();
    let threshold = bundle.gate().threshold;
    let passes = probability >= threshold;
    let (zh, en) = if passes { ("放行", "passes") } else { ("不放行", "does not pass") };
    Some(Bilingual::new(
        format!("门槛{zh}：{probability:.2}，需要 {threshold:.2}"),
        format!("the gate {en} it: {probability:.2} of {threshold:.2}"),
    ))
}

/// What the pipeline sees in a phrasing; nothing where it sees an error, which the retriever has met before.
fn read(bundle: &Bundle, seen: &Seen<'_>) -> Piece {
    // Whichever language and channel: the check is about the article, not about who asks.
    let Ok(channel) = Channel::new("web") else { return Piece::default() };
    let view = View { language: Language::UND, channel };
    bundle.read(seen.text, seen.vector, &view).unwrap_or_default()
}
