//! Rules about the turn as a whole. They come before any question of it is judged.

use super::{About, Bench, Ruled, Ruling};
use crate::decision::evidence::{Input, Piece};
use crate::decision::lexicon::Wish;
use crate::decision::{Reason, SmallTalk};
use crate::message::{Mode, Priority};

/// A rule: what becomes of the turn and why, if the rule applies.
type Rule = fn(&Bench<'_>) -> Option<(Ruled, Reason)>;

/// In order: the first that applies decides.
const RULES: &[(&str, Rule)] = &[
    ("automation-off", automation_off),
    ("person-asked", person_asked),
    ("urgent", urgent),
    ("degraded", degraded),
    ("opening", opening),
    ("attachment", attachment),
    ("gesture", gesture),
    ("noise", noise),
    ("language-not-served", language_not_served),
    ("too-many-parts", too_many_parts),
];

pub(super) fn ruled(bench: &Bench<'_>) -> Option<Ruling> {
    RULES.iter().find_map(|(rule, applies)| {
        let (outcome, reason) = applies(bench)?;
        let probability = bench.gate.best(&bench.evidence.whole);
        Some(Ruling { about: About::Whole, outcome, reason, rule, probability })
    })
}

impl Bench<'_> {
    /// To a person: the queue of what is probably meant.
    fn to_person(&self) -> Ruled {
        Ruled::Route(self.destination(&self.evidence.whole))
    }

    fn input(&self) -> Input {
        self.evidence.situation.input
    }
}

fn automation_off(bench: &Bench<'_>) -> Option<(Ruled, Reason)> {
    let off = bench.evidence.situation.mode == Mode::Off;
    off.then(|| (bench.to_person(), Reason::AutomationOff))
}

/// Forms first. The encoder's likeness counts only where no form speaks and no article is likely to be meant: "when is
/// customer service open?" is near both.
fn person_asked(bench: &Bench<'_>) -> Option<(Ruled, Reason)> {
    let forms = || bench.evidence.all_pieces().filter_map(|piece| piece.wish);
    let by_likeness = |piece: &Piece| {
        let meant = piece.sightings.first().is_some_and(|first| bench.gate.passes(first));
        piece.wish_likeness >= bench.config.wish && !meant && piece.small_talk.is_none()
    };
    let asked = forms().any(|wish| wish == Wish::Asked);
    let declined = forms().any(|wish| wish == Wish::Declined);
    let wished = asked || !declined && bench.evidence.certain_pieces().any(by_likeness);
    wished.then(|| (bench.to_person(), Reason::PersonAskedFor))
}

fn urgent(bench: &Bench<'_>) -> Option<(Ruled, Reason)> {
    let chosen = bench.input() == Input::Chosen;
    (bench.urgency.priority == Priority::Urgent && !chosen)
        .then(|| (bench.to_person(), Reason::Urgent))
}

fn degraded(bench: &Bench<'_>) -> Option<(Ruled, Reason)> {
    bench.evidence.situation.degraded.then(|| (bench.to_person(), Reason::Degraded))
}

fn opening(bench: &Bench<'_>) -> Option<(Ruled, Reason)> {
    (bench.input() == Input::Opening)
        .then_some((Ruled::SmallTalk(SmallTalk::Greeting), Reason::SmallTalk))
}

fn attachment(bench: &Bench<'_>) -> Option<(Ruled, Reason)> {
    (bench.input() == Input::Attachment).then(|| (bench.to_person(), Reason::NoText))
}

fn gesture(bench: &Bench<'_>) -> Option<(Ruled, Reason)> {
    (bench.input() == Input::Gesture).then_some((Ruled::Nothing, Reason::NoText))
}

/// "???" waits for something: asked to say it in words once, a person the second time.
fn noise(bench: &Bench<'_>) -> Option<(Ruled, Reason)> {
    if bench.input() != Input::Noise {
        return None;
    }
    Some(if bench.evidence.situation.clarified_last {
        (bench.to_person(), Reason::ClarifyExhausted)
    } else {
        (Ruled::Clarify(Vec::new()), Reason::NoText)
    })
}

fn language_not_served(bench: &Bench<'_>) -> Option<(Ruled, Reason)> {
    let read = bench.input() == Input::Words;
    (read && !bench.evidence.situation.served)
        .then(|| (bench.to_person(), Reason::LanguageNotServed))
}

fn too_many_parts(bench: &Bench<'_>) -> Option<(Ruled, Reason)> {
    let questions = bench.evidence.pieces.iter().filter(|piece| piece.small_talk.is_none()).count();
    (questions > bench.config.parts && bench.divided())
        .then(|| (bench.to_person(), Reason::TooManyParts))
}
