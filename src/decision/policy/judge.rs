//! Rules about one question: which of its candidates, if any, is sent; what is asked back; where a person takes over.

use super::{Bench, Ruled};
use crate::decision::evidence::{Bar, Favourite, Input, Piece, Sighting};
use crate::decision::options::numbered;
use crate::decision::{Choice, Destination, Reason};
use crate::message::Handling;

/// What becomes of a question, why, and by which rule.
pub(super) struct Judgement {
    pub(super) outcome: Ruled,
    pub(super) reason: Reason,
    pub(super) rule: &'static str,
}

fn judged(rule: &'static str, outcome: Ruled, reason: Reason) -> Judgement {
    Judgement { outcome, reason, rule }
}

/// Log-odds by which the best candidate must be ahead of the runner-up: with less, either may be meant.
const CLOSE: f64 = 0.25;

impl Bench<'_> {
    /// The verdict on one question as if automation were on and the gate certified.
    pub(super) fn judge(&self, piece: &Piece) -> Judgement {
        if let Some(kind) = piece.small_talk {
            return judged("small-talk", Ruled::SmallTalk(kind), Reason::SmallTalk);
        }
        let Some(first) = piece.sightings.first() else {
            return judged("out-of-scope", self.route(piece), Reason::OutOfScope);
        };
        if self.evidence.situation.input == Input::Chosen {
            return self.send(piece, first, ("option-chosen", Reason::CustomerChoice));
        }
        let probability = self.gate.probability(first).get();
        if first.handling == Handling::Route && probability >= self.config.follow {
            judged("article-routes", self.route(piece), Reason::ArticleRoutes)
        } else if probability < self.config.scope {
            judged("out-of-scope", self.route(piece), Reason::OutOfScope)
        } else if self.gate.passes(first) && !self.close(piece) {
            self.send(piece, first, ("gate", Reason::GatePassed))
        } else {
            self.unsure(piece, first)
        }
    }

    /// The article is what is meant: its answer, unless something about it forbids that here.
    fn send(
        &self,
        piece: &Piece,
        article: &Sighting,
        (rule, reason): (&'static str, Reason),
    ) -> Judgement {
        let barred = |bar| article.bars.contains(&bar);
        let barred_by_language = barred(Bar::Language) && !self.config.other_language;
        let unguarded = self.config.needs_own(article.risk) && !self.gate.vouches_for(article.risk);
        let (rule, reason) = match article.handling {
            Handling::Route => ("article-routes", Reason::ArticleRoutes),
            _ if barred(Bar::Channel) => ("channel-excluded", Reason::ChannelExcluded),
            _ if barred_by_language => ("other-language", Reason::NoAnswerInLanguage),
            Handling::Clarify => {
                let why = ("article-clarifies", Reason::ArticleClarifies);
                return self.ask(piece, article.options.clone(), why);
            }
            Handling::Answer if unguarded => ("risk", Reason::RiskPolicy),
            Handling::Answer if barred(Bar::Empty) => ("empty-answer", Reason::BelowThreshold),
            Handling::Answer => {
                return judged(rule, Ruled::Answer(article.article.clone()), reason);
            }
        };
        judged(rule, self.route(piece), reason)
    }

    /// Not certain enough: a question back where two or three articles may be meant, else a person.
    fn unsure(&self, piece: &Piece, first: &Sighting) -> Judgement {
        let (rule, reason) = self.doubt(piece, first);
        let plausible = self.plausible(piece);
        let together: f64 = plausible.iter().map(|s| self.gate.probability(s).get()).sum();
        if plausible.len() < 2 || together < self.config.clarify {
            return judged(rule, self.route(piece), reason);
        }
        self.ask(piece, plausible.into_iter().map(option).collect(), (rule, reason))
    }

    /// The two best candidates are different answers and about equally good.
    fn close(&self, piece: &Piece) -> bool {
        let [first, second, ..] = piece.sightings.as_slice() else { return false };
        let log_odds = |sighting: &Sighting| self.gate.calibration.log_odds(&sighting.readings);
        log_odds(second) > log_odds(first) - CLOSE
    }

    /// What kind of doubt it is.
    fn doubt(&self, piece: &Piece, first: &Sighting) -> (&'static str, Reason) {
        match first.favourite {
            _ if self.close(piece) => ("close-answers", Reason::CloseAnswers),
            Favourite::Classifier | Favourite::Retriever => {
                ("readers-disagree", Reason::ReadersDisagree)
            }
            Favourite::Both | Favourite::Neither => ("below-threshold", Reason::BelowThreshold),
        }
    }

    /// Asks back, at most once in a row.
    fn ask(
        &self,
        piece: &Piece,
        options: Vec<Choice>,
        (rule, reason): (&'static str, Reason),
    ) -> Judgement {
        if self.evidence.situation.clarified_last {
            return judged("clarify-exhausted", self.route(piece), Reason::ClarifyExhausted);
        }
        judged(rule, Ruled::Clarify(numbered(options)), reason)
    }

    /// The candidates that may be meant and can be offered here, best first.
    fn plausible<'a>(&self, piece: &'a Piece) -> Vec<&'a Sighting> {
        let offered = |s: &&Sighting| {
            let likely = self.gate.probability(s).get() >= self.config.plausible;
            let language = s.bars.contains(&Bar::Language) && !self.config.other_language;
            likely && !language && !s.bars.contains(&Bar::Channel)
        };
        piece.sightings.iter().filter(offered).take(self.config.options).collect()
    }

    fn route(&self, piece: &Piece) -> Ruled {
        Ruled::Route(self.destination(piece))
    }

    /// The queue of what is probably meant, and the turn's class.
    pub(super) fn destination(&self, piece: &Piece) -> Destination {
        let meant = piece.sightings.first().filter(|first| {
            let chosen = self.evidence.situation.input == Input::Chosen;
            chosen || self.gate.probability(first).get() >= self.config.plausible
        });
        let queue = meant.and_then(|first| first.queue.clone());
        Destination {
            queue: queue.unwrap_or_else(|| self.config.default_queue.clone()),
            priority: self.urgency.priority,
        }
    }
}

fn option(sighting: &Sighting) -> Choice {
    Choice { id: String::new(), label: sighting.label.clone(), article: sighting.article.clone() }
}
