//! The second half of the pipeline: vectors → evidence → verdict → a [`Decision`] with its texts. Runs on a worker's
//! thread.

use super::{Prepared, Turn};
use crate::decision::evidence::{FollowUp, Piece};
use crate::decision::policy::{About, Ruled, Ruling, decide};
use crate::decision::{Answer, Decision, Evidence, Explanation, Outcome, Part, Reason, Section};
use crate::encoder::Embedding;
use crate::encoder::batcher::Encoded;
use crate::knowledge::KnowledgeError;
use crate::knowledge::article::Article;
use crate::message::{ArticleId, Language, Probability};
use crate::release::Bundle;
use crate::text::follow::Leaning;

/// What is seen in a turn: everything its verdict will depend on.
pub fn observe(bundle: &Bundle, prepared: &Prepared, encoded: Option<&Encoded>) -> Evidence {
    let vectors = encoded.map_or(&[][..], |encoded| encoded.embeddings.as_slice());
    let mut evidence = Evidence { situation: prepared.situation.clone(), ..Evidence::default() };
    if let Some(article) = prepared.chosen {
        evidence.whole.sightings.extend(bundle.chosen(article, &prepared.view));
        return evidence;
    }
    let read: Result<Vec<Piece>, KnowledgeError> = prepared
        .texts()
        .iter()
        .zip(vectors)
        .map(|(text, v)| read(bundle, prepared, (text, v)))
        .collect();
    match read {
        Ok(pieces) => {
            let mut pieces = pieces.into_iter();
            evidence.whole = pieces.next().unwrap_or_default();
            evidence.pieces = pieces.by_ref().take(prepared.pieces.len()).collect();
            evidence.division = prepared.division;
            let marked = prepared.leaning == Some(Leaning::Marked);
            evidence.follow_up = pieces.next().map(|together| FollowUp { marked, together });
        }
        Err(error) => {
            // The customer gets a person; the operator reads why.
            tracing::error!(%error, "a message could not be looked up");
            evidence.situation.degraded = true;
            evidence.whole =
                prepared.texts().first().map(|text| bundle.read_words(text)).unwrap_or_default();
        }
    }
    evidence
}

fn read(
    bundle: &Bundle,
    prepared: &Prepared,
    (text, vector): (&str, &Embedding),
) -> Result<Piece, KnowledgeError> {
    bundle.read(text, vector, &prepared.view)
}

/// The decision on a turn: the verdict on its evidence, with the texts that the verdict names.
pub fn conclude(
    bundle: &Bundle,
    turn: &Turn,
    prepared: &Prepared,
    (evidence, encoded): (Evidence, Option<&Encoded>),
) -> Decision {
    let verdict = decide(&evidence, bundle.gate(), bundle.policy());
    let filling = Filling { bundle, turn, prepared, evidence: &evidence, encoded };
    let parts = verdict.rulings.into_iter().map(|ruling| filling.part(ruling)).collect();
    Decision {
        action: verdict.action,
        parts,
        urgency: verdict.urgency,
        language: evidence.situation.language,
        mode: evidence.situation.mode,
        evidence,
    }
}

/// What a verdict's texts are taken from.
struct Filling<'a> {
    bundle: &'a Bundle,
    turn: &'a Turn,
    prepared: &'a Prepared,
    evidence: &'a Evidence,
    encoded: Option<&'a Encoded>,
}

impl Filling<'_> {
    fn part(&self, ruling: Ruling) -> Part {
        let explanation = self.explanation(&ruling);
        let outcome = match ruling.outcome {
            Ruled::Answer(ref article) => self.answer(article, &ruling),
            Ruled::Clarify(options) => Outcome::Clarify(options),
            Ruled::Route(destination) => Outcome::Route(destination),
            Ruled::SmallTalk(kind) => Outcome::SmallTalk(kind),
            Ruled::Nothing => Outcome::Nothing,
        };
        Part { text: self.text(ruling.about), outcome, reason: ruling.reason, explanation }
    }

    /// The piece as written.
    fn text(&self, about: About) -> String {
        let piece = match about {
            About::Whole | About::Together => None,
            About::Piece(at) => self.prepared.pieces.get(at),
        };
        piece.unwrap_or(&self.turn.text).clone()
    }

    fn piece(&self, about: About) -> &Piece {
        about.of(self.evidence)
    }

    fn answer(&self, id: &ArticleId, ruling: &Ruling) -> Outcome {
        let chosen = ruling.reason == Reason::CustomerChoice;
        let probability = if chosen { Probability::new(1.0) } else { ruling.probability };
        let first = self.piece(ruling.about).sightings.first();
        let matched = first.map_or("", |sighting| sighting.matched.as_str());
        let language = self.evidence.situation.language;
        // The verdict names an article of this very bundle, so there is one.
        let answer = answer(self.bundle, id, (probability, language), matched);
        answer.map_or(Outcome::Nothing, |answer| Outcome::Answer(Box::new(answer)))
    }

    fn explanation(&self, ruling: &Ruling) -> Explanation {
        let piece = self.piece(ruling.about);
        let gate = self.bundle.gate();
        let first = piece.sightings.first();
        let at = match ruling.about {
            About::Whole => 0,
            About::Piece(at) => at + 1,
            // It is read last, and never beside pieces.
            About::Together => 1,
        };
        let tokens = self.encoded.and_then(|encoded| encoded.tokens.get(at)).copied();
        let truncated = self.encoded.and_then(|encoded| encoded.truncated.get(at)).copied();
        let intents = piece.intents.iter().cloned();
        Explanation {
            candidates: piece.sightings.iter().map(|s| gate.candidate(s)).collect(),
            intents: intents.map(|(intent, p)| (intent, Probability::new(p))).collect(),
            evidence: first
                .map(|s| gate.calibration.contributions(&s.readings))
                .unwrap_or_default(),
            threshold: first.map_or(gate.threshold, |s| gate.threshold_for(s.risk)),
            rule: ruling.rule.into(),
            read_with: self.turn.before.clone().filter(|_| ruling.about == About::Together),
            tokens: tokens.unwrap_or_default(),
            truncated: truncated.unwrap_or_default(),
        }
    }
}

/// What an article says, as it would be sent to a reader of this language.
fn answer(
    bundle: &Bundle,
    id: &ArticleId,
    (probability, language): (Probability, Language),
    matched: &str,
) -> Option<Answer> {
    let library = bundle.library();
    let at = library.index_of(id)?;
    let article = library.articles().get(at)?;
    Some(Answer {
        article: article.id.clone(),
        revision: article.revision.clone(),
        title: article.title.clone(),
        text: library.plain_answer(at).to_owned(),
        markdown: article.answer.clone(),
        more: sections(article, matched),
        probability,
        risk: article.risk,
        guarantee: bundle.gate().guarantee(bundle.policy().target, language, article.risk),
    })
}

/// What an agent may use of the candidates of a decision: those that are still there and have something to say.
pub fn suggestions(
    bundle: &Bundle,
    candidates: &[(ArticleId, Probability)],
    language: Language,
) -> Vec<Answer> {
    let known = |(id, probability): &(ArticleId, Probability)| {
        answer(bundle, id, (*probability, language), "")
    };
    candidates.iter().filter_map(known).filter(|answer| !answer.markdown.is_empty()).collect()
}

/// The sections after the answer; the one that matched comes first.
fn sections(article: &Article, matched: &str) -> Vec<Section> {
    let section = |section: &crate::knowledge::article::Section| Section {
        heading: section.heading.clone(),
        anchor: section.anchor.clone(),
        markdown: section.markdown.clone(),
    };
    let mut sections: Vec<Section> = article.sections.iter().map(section).collect();
    sections.sort_by_key(|section| section.heading != matched);
    sections
}
