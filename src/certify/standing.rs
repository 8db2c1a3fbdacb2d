//! Ledger and bundle → the gate in force: which state, which threshold, which sentence. A function of its arguments.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::ledger::{Granted, Ledger, Measured};
use super::scoring::texts;
use crate::decision::GuaranteeState;
use crate::decision::guarantee::{Certificate, Sentence, Slice};
use crate::decision::policy::{Claim, Gate, Provisional};
use crate::message::{ArticleId, Language, Timestamp};
use crate::release::Bundle;

/// The gate in force, and what should be done about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    /// The gate.
    pub gate: Gate,
    /// What is to be done.
    pub need: Need,
}

/// What is to be done about a gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Nothing.
    Nothing,
    /// The bundle changed: test it.
    Renewal,
    /// Labels: new ones, or verdicts on new texts.
    Labels,
}

/// The moment at which a standing is asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moment {
    /// Now.
    pub now: Timestamp,
    /// Messages served under the certificate.
    pub served: u64,
    /// A changed bundle was just swapped in: unchanged articles may go on.
    pub grace: bool,
}

/// The gate of a bundle whose own gate is provisional.
pub fn standing(ledger: &Ledger, base: &Bundle, moment: Moment) -> Standing {
    if let Some(granted) = &ledger.granted {
        return of_certificate(ledger, granted, base, moment);
    }
    let own = base.gate();
    let with = |state, sentence| Gate {
        state,
        claim: Arc::new(Claim { sentence, ..Claim::default() }),
        ..own.clone()
    };
    let fits = |measured: &&Measured| base.frozen(&measured.calibration) == measured.bundle;
    let gate = match (&ledger.measured.as_ref().filter(fits), &ledger.missing) {
        (Some(measured), _) => Gate {
            calibration: measured.calibration,
            threshold: measured.threshold,
            ..with(GuaranteeState::Measured, Sentence::measured(measured.reading()))
        },
        // Its sentence says that nothing is answered, and a percentage never stands beside "provisional".
        (None, Some(missing)) if base.policy().provisional == Provisional::Route => {
            with(GuaranteeState::None, Sentence::missing(missing))
        }
        (None, _) => own.clone(),
    };
    Standing { gate, need: Need::Nothing }
}

fn of_certificate(ledger: &Ledger, granted: &Granted, base: &Bundle, moment: Moment) -> Standing {
    use GuaranteeState::{Certified, Drifted, Expired, Stale, Withdrawn};
    let frozen = base.frozen(&granted.calibration);
    let gate = |state, sentence| gate(granted, (state, sentence));
    let ended = |state, sentence| Standing { gate: gate(state, sentence), need: Need::Labels };
    if granted.epoch.is_over() {
        return ended(Withdrawn, Sentence::withdrawn());
    }
    if let Some(alarm) = ledger.alarm {
        return ended(Drifted, Sentence::drifted(alarm));
    }
    if granted.certificate.bounds.over(moment.now, moment.served) {
        return ended(Expired, Sentence::expired());
    }
    if granted.epoch.stands(&frozen) {
        let certified = gate(Certified, Sentence::certified(&granted.certificate));
        return Standing {
            gate: with_slices(certified, &granted.certificate),
            need: Need::Nothing,
        };
    }
    let waits = granted.waiting.as_ref().filter(|waiting| waiting.bundle == frozen);
    let open = waits.map_or(0, |waiting| waiting.open);
    let mut stale = gate(Stale, Sentence::stale(open));
    if moment.grace {
        Arc::make_mut(&mut stale.claim).unchanged = unchanged(granted, base);
    }
    Standing { gate: stale, need: if open > 0 { Need::Labels } else { Need::Renewal } }
}

fn gate(granted: &Granted, (state, sentence): (GuaranteeState, Sentence)) -> Gate {
    let claim = Claim { terms: Some(granted.epoch.budget.terms), sentence, ..Claim::default() };
    Gate {
        calibration: granted.calibration,
        threshold: granted.epoch.threshold,
        state,
        claim: Arc::new(claim),
    }
}

fn with_slices(mut gate: Gate, certificate: &Certificate) -> Gate {
    let languages: Vec<Language> = certificate
        .slices
        .iter()
        .filter_map(|shown| match shown.slice {
            Slice::Language(language) => Some(language),
            Slice::Whole | Slice::Risk(_) => None,
        })
        .collect();
    let claim = Arc::make_mut(&mut gate.claim);
    claim.risks = certificate.risks().collect();
    claim.languages = languages;
    gate
}

/// The articles whose text and validity are as they were.
fn unchanged(granted: &Granted, base: &Bundle) -> BTreeSet<ArticleId> {
    let same = |(id, hash): &(ArticleId, String)| granted.texts.get(id) == Some(hash);
    texts(base).into_iter().filter(same).map(|(id, _)| id).collect()
}
