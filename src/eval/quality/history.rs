//! What was said before a message: decided turn by turn by the functions that serve, so that the message meets what an
//! earlier one left open. No ticket waits here: what becomes of a message beside one is not measured.

use crate::decision::{Action, Decision};
use crate::encoder::EncoderError;
use crate::eval::record::Record;
use crate::release::VectorCache;
use crate::triage::{Triage, Turn};

/// Brings each turn to where its record's history leads. Histories are decided side by side, a turn of each at a time.
pub(super) fn resume(
    triage: &Triage,
    records: &[Record],
    turns: &mut [Turn],
    vectors: &VectorCache,
) -> Result<(), EncoderError> {
    let longest = records.iter().map(|record| record.history.len()).max().unwrap_or(0);
    for round in 0..longest {
        let mut resumed: Vec<(&mut Turn, &str)> = turns
            .iter_mut()
            .zip(records)
            .filter_map(|(turn, record)| Some((turn, record.history.get(round)?.as_str())))
            .collect();
        let before = |(turn, text): &(&mut Turn, &str)| Turn {
            text: (*text).to_owned(),
            ..(**turn).clone()
        };
        let before: Vec<Turn> = resumed.iter().map(before).collect();
        let decisions = triage.decide_all(&before, vectors, &mut |_, _| ())?;
        for ((turn, text), decision) in resumed.iter_mut().zip(&decisions) {
            follow(turn, decision);
            turn.before = Some((*text).to_owned());
        }
    }
    Ok(())
}

/// What a decision leaves open for the next turn; small talk leaves open what was.
fn follow(turn: &mut Turn, decision: &Decision) {
    match decision.action {
        Action::None => {}
        Action::Clarify => {
            turn.clarified_last = true;
            turn.options = decision.options().to_vec();
        }
        Action::Answer | Action::Route | Action::Forward => {
            turn.clarified_last = false;
            turn.options.clear();
        }
    }
}
