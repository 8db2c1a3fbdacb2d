//! What a gate would answer in a message: the unit that a certificate counts.

use super::{About, Config, Gate, Ruled, Ruling, decide};
use crate::decision::Reason;
use crate::decision::evidence::{Evidence, Sighting};
use crate::message::{Probability, Risk};

/// One part of a message that would be answered.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Answered<'e> {
    /// Which.
    pub about: About,
    /// P(right).
    pub probability: Probability,
    /// By which article.
    pub sighting: &'e Sighting,
}

/// Each answered part of a message; else why a part other than small talk is not, or that there is none.
pub fn answers<'e>(
    evidence: &'e Evidence,
    gate: &Gate,
    config: &Config,
) -> Result<Vec<Answered<'e>>, Reason> {
    let questions = decide(evidence, gate, config)
        .rulings
        .into_iter()
        .filter(|ruling| !matches!(ruling.outcome, Ruled::SmallTalk(_) | Ruled::Nothing));
    let answered = |ruling: Ruling| {
        let answered = matches!(ruling.outcome, Ruled::Answer(_));
        let best = ruling.about.of(evidence).sightings.first().filter(|_| answered);
        let Ruling { about, probability, reason, .. } = ruling;
        best.map(|sighting| Answered { about, probability, sighting }).ok_or(reason)
    };
    let answers: Vec<_> = questions.map(answered).collect::<Result<_, _>>()?;
    if answers.is_empty() { Err(Reason::SmallTalk) } else { Ok(answers) }
}

impl Config {
    /// Whether answers of this risk need a certificate of their own.
    pub fn needs_own(&self, risk: Risk) -> bool {
        risk != Risk::None && !self.risks.contains(&risk)
    }
}
