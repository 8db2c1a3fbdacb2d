//! How urgent a turn is: the class of the article that is meant, words of the list, likeness to urgent examples. Each sign
//! that fired is named. Only a sign of urgency enters the class `urgent`.

use super::{Config, Gate};
use crate::decision::Urgency;
use crate::decision::evidence::{Evidence, Piece};
use crate::message::{Handling, Priority, Probability};

pub(super) fn of(evidence: &Evidence, gate: &Gate, config: &Config) -> Urgency {
    let mut urgency = Urgency::default();
    for piece in evidence.certain_pieces() {
        raise_by_signs(&mut urgency, piece, (gate, config));
        raise_by_article(&mut urgency, piece, gate, config);
    }
    urgency
}

/// A word of the list is enough. Likeness alone is not where an everyday article is probably meant: a customer whose card
/// was replaced writes much like one whose card was stolen.
fn raise_by_signs(urgency: &mut Urgency, piece: &Piece, (gate, config): (&Gate, &Config)) {
    for word in &piece.urgent_words {
        raise(urgency, Priority::Urgent, format!("word:{word}"));
    }
    let everyday = piece.sightings.first().is_some_and(|first| {
        let harmless = first.handling == Handling::Answer && first.priority <= Priority::Normal;
        harmless && gate.probability(first).get() >= config.follow
    });
    if piece.urgent_likeness >= config.urgent && !everyday {
        raise(urgency, Priority::Urgent, "example".to_owned());
    }
    let highest = urgency.probability.get().max(piece.urgent_likeness);
    urgency.probability = Probability::new(highest);
}

fn raise_by_article(urgency: &mut Urgency, piece: &Piece, gate: &Gate, config: &Config) {
    let Some(first) = piece.sightings.first() else { return };
    let at_least =
        if first.priority == Priority::Urgent { config.follow } else { config.plausible };
    if first.priority != Priority::Normal && gate.probability(first).get() >= at_least {
        raise(urgency, first.priority, format!("article:{}", first.article));
    }
}

fn raise(urgency: &mut Urgency, to: Priority, reason: String) {
    let lowered = to == Priority::Low && urgency.reasons.is_empty();
    urgency.priority = if lowered { to } else { urgency.priority.max(to) };
    if !urgency.reasons.contains(&reason) {
        urgency.reasons.push(reason);
    }
}
