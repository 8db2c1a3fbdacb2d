//! A message with several questions: one ruling each, unless they are one question after all; and what may be done with
//! the rulings here and now.

use super::{About, Bench, Provisional, Ruled, Ruling};
use crate::decision::evidence::{Division, Piece, Sighting};
use crate::decision::{Action, GuaranteeState, Reason};
use crate::message::{Mode, Risk};

/// One ruling per question, as if automation were on and the gate certified.
pub(super) fn ruled(bench: &Bench<'_>) -> Vec<Ruling> {
    if let Some(about) = bench.follow_up().or_else(|| bench.one_question_after_all()) {
        return vec![bench.ruling(about)];
    }
    let pieces = 0..bench.evidence.pieces.len();
    one_question_back(bench, pieces.map(|i| bench.ruling(About::Piece(i))).collect())
}

impl Bench<'_> {
    fn ruling(&self, about: About) -> Ruling {
        let piece = self.piece(about);
        let judgement = self.judge(piece);
        Ruling {
            about,
            outcome: judgement.outcome,
            reason: judgement.reason,
            rule: judgement.rule,
            probability: self.gate.best(piece),
        }
    }

    fn piece(&self, about: About) -> &Piece {
        about.of(self.evidence)
    }

    /// A message that is not certain by itself is read with the turn before, if that makes it more certain. Without words
    /// that take up what was said, it must plausibly mean by itself what both mean: else whatever is short would be
    /// answered with the turn before.
    fn follow_up(&self) -> Option<About> {
        let (alone, follow_up) = (&self.evidence.whole, self.evidence.follow_up.as_ref()?);
        let together = follow_up.together.sightings.first()?;
        let plausible =
            |seen: &Sighting| self.gate.probability(seen).get() >= self.config.plausible;
        let same = |seen: &&Sighting| seen.group == together.group;
        let points_there = || alone.sightings.iter().find(same).is_some_and(plausible);
        let stronger = self.gate.best(&follow_up.together) > self.gate.best(alone);
        let leans = alone.small_talk.is_none() && self.gate.best(alone).get() < self.gate.threshold;
        let meant = follow_up.marked || points_there();
        (leans && stronger && meant).then_some(About::Together)
    }

    /// Where to read the one question of a message that has one, or whose pieces all mean the same: the plainest of the
    /// whole message and those pieces.
    fn one_question_after_all(&self) -> Option<About> {
        let about = || (0..self.evidence.pieces.len()).map(About::Piece);
        let group = |about: About| self.piece(about).sightings.first().map(|first| &first.group);
        let questions = || about().filter(|about| self.piece(*about).small_talk.is_none());
        let Some(meant) = questions().next().map(group) else { return Some(About::Whole) };
        if about().count() < 2 || !self.divided() {
            return Some(About::Whole);
        }
        if !questions().all(|about| group(about) == meant) {
            return None;
        }
        let plainer = |a: About, b: About| {
            if self.gate.best(self.piece(b)) > self.gate.best(self.piece(a)) { b } else { a }
        };
        std::iter::once(About::Whole)
            .chain(questions())
            .filter(|a| group(*a) == meant)
            .reduce(plainer)
    }

    /// A cut that the words do not justify holds if the readers know what each piece means: a comma also divides a story from
    /// its question.
    pub(super) fn divided(&self) -> bool {
        let least = match self.evidence.division {
            Division::Sure => return true,
            Division::Likely => self.config.plausible,
            Division::Possible => self.config.follow,
        };
        let known =
            |piece: &Piece| piece.small_talk.is_some() || self.gate.best(piece).get() >= least;
        self.evidence.pieces.iter().all(known)
    }
}

/// Two questions asked back at once cannot be told apart by a typed "1", and one beside a ticket is the agent's to ask.
fn one_question_back(bench: &Bench<'_>, mut rulings: Vec<Ruling>) -> Vec<Ruling> {
    let asks = |ruling: &&Ruling| matches!(ruling.outcome, Ruled::Clarify(_));
    let routes = |ruling: &Ruling| matches!(ruling.outcome, Ruled::Route(_));
    if rulings.iter().filter(asks).count() < 2 && !rulings.iter().any(routes) {
        return rulings;
    }
    for ruling in &mut rulings {
        if matches!(ruling.outcome, Ruled::Clarify(_)) {
            ruling.outcome = Ruled::Route(bench.destination(bench.piece(ruling.about)));
        }
    }
    rulings
}

/// Without anything that vouches for the gate, would-be answers and questions back go to a person. In `Shadow` the rulings
/// stay what they would have been; the action alone says that nothing is sent.
pub(super) fn permitted(bench: &Bench<'_>, mut rulings: Vec<Ruling>) -> Vec<Ruling> {
    if bench.evidence.situation.mode == Mode::Shadow {
        return rulings;
    }
    let (unlike, answers) =
        (unlike(bench, &rulings), |outcome: &Ruled| matches!(outcome, Ruled::Answer(_)));
    for ruling in &mut rulings {
        let refused = if !bench.vouched(&ruling.outcome) {
            (Reason::NotCertified, "not-certified")
        } else if unlike && answers(&ruling.outcome) && bench.risk(ruling.about) != Risk::None {
            (Reason::RiskPolicy, "risk-beside-others")
        } else {
            continue;
        };
        ruling.outcome = Ruled::Route(bench.destination(bench.piece(ruling.about)));
        (ruling.reason, ruling.rule) = refused;
    }
    rulings
}

/// Answers under different certificates in one message: neither was tested on such messages.
fn unlike(bench: &Bench<'_>, rulings: &[Ruling]) -> bool {
    let answered = rulings.iter().filter(|ruling| matches!(ruling.outcome, Ruled::Answer(_)));
    let mut certificates = answered
        .map(|ruling| Some(bench.risk(ruling.about)).filter(|risk| bench.gate.vouches_for(*risk)));
    let first = certificates.next();
    certificates.any(|other| Some(other) != first)
}

impl Bench<'_> {
    fn risk(&self, about: About) -> Risk {
        self.piece(about).sightings.first().map_or(Risk::None, |first| first.risk)
    }

    /// Whether the gate's standing lets this be sent.
    fn vouched(&self, outcome: &Ruled) -> bool {
        let unchanged = &self.gate.claim.unchanged;
        match (self.gate.state, outcome) {
            (_, Ruled::Route(_) | Ruled::SmallTalk(_) | Ruled::Nothing)
            | (GuaranteeState::Certified, _) => true,
            (GuaranteeState::Provisional | GuaranteeState::Measured, _) => {
                self.config.provisional == Provisional::Answer
            }
            (GuaranteeState::Stale, Ruled::Answer(article)) => unchanged.contains(article),
            (GuaranteeState::Stale, Ruled::Clarify(options)) => {
                !unchanged.is_empty() && options.iter().all(|o| unchanged.contains(&o.article))
            }
            (
                GuaranteeState::None
                | GuaranteeState::Withdrawn
                | GuaranteeState::Expired
                | GuaranteeState::Drifted,
                _,
            ) => false,
        }
    }
}

/// The summary: a person as soon as one question needs one, so that no half of a message is dropped in silence.
pub(super) fn action(bench: &Bench<'_>, rulings: &[Ruling]) -> Action {
    if bench.evidence.situation.mode != Mode::On {
        return Action::Route;
    }
    let any = |wanted: fn(&Ruled) -> bool| rulings.iter().any(|ruling| wanted(&ruling.outcome));
    if any(|outcome| matches!(outcome, Ruled::Route(_))) {
        Action::Route
    } else if any(|outcome| matches!(outcome, Ruled::Clarify(_))) {
        Action::Clarify
    } else if any(|outcome| matches!(outcome, Ruled::Answer(_))) {
        Action::Answer
    } else {
        Action::None
    }
}
