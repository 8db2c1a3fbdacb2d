//! A changed bundle is tested again on the sealed certify messages, at a price from the epoch's budget. What is shown of a
//! renewal is whether it passed, and nothing else.

use std::path::PathBuf;
use std::sync::Arc;

use jiff::SignedDuration;

use super::desk::Desk;
use super::error::CertifyError;
use super::labels::{Finding, Labels, judged};
use super::ledger::{Granted, Ledger, Waiting};
use super::plan::open_rows;
use super::scoring::{Ground, Pipeline, Seen, texts};
use super::walk::reading;
use crate::decision::guarantee::{Outcome, Slice, Spent, Ticket};
use crate::message::Timestamp;
use crate::release::Bundle;

/// What came of a renewal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Renewed {
    /// The bundle stands already.
    Stands,
    /// Nothing a customer could see changed: it cost nothing.
    Free,
    /// The threshold holds for the new bundle.
    Passed,
    /// It could not be shown: nothing is answered until there are new labels.
    Withdrawn,
    /// New texts must be judged first.
    Waits {
        /// Would-be answers that nobody judged.
        open: usize,
        /// The tables for two labellers.
        tables: Vec<PathBuf>,
    },
}

/// One paid renewal an hour: edits are tested in batches.
const BATCH: SignedDuration = SignedDuration::from_hours(1);

impl Desk {
    /// Tests a changed bundle. With `tables`, an operator asks: their verdicts on new texts are read first, and texts that
    /// still need one are written out. Without, the service asks, which shows certify messages to nobody.
    pub fn renew(
        &self,
        tables: Option<&[PathBuf]>,
        (bundle, pipeline): (&Arc<Bundle>, &Pipeline),
        now: Timestamp,
    ) -> Result<Renewed, CertifyError> {
        let lock = self.lock()?;
        let mut ledger = self.ledger()?;
        let granted = ledger.granted.as_mut().ok_or(CertifyError::NoCertificate)?;
        let frozen = bundle.frozen(&granted.calibration);
        let messages = self.messages(granted.epoch.number, &granted.epoch.set)?;
        let labels =
            self.judge(granted.epoch.number, &messages, &judged(tables.unwrap_or_default())?)?;
        let ticket = match granted.epoch.ticket(&frozen) {
            Ok(ticket) => ticket,
            Err(Spent::Stands) => return Ok(Renewed::Stands),
            Err(Spent::Over) => return Ok(Renewed::Withdrawn),
        };
        let seen = pipeline.see(bundle, messages, &mut |_, _| {})?;
        let ground = Ground {
            bundle: Arc::clone(bundle),
            calibration: granted.calibration,
            slices: granted.epoch.budget.slices.clone(),
        };
        let trial = Trial { ground, seen, labels, frozen, now };
        if trial.is_free(granted) {
            granted.epoch.enter_free(&trial.frozen, now);
            granted.waiting = None;
            self.save(&lock, &ledger)?;
            return Ok(Renewed::Free);
        }
        if let Some(open) = trial.waits(granted, ticket) {
            granted.waiting = Some(Waiting { bundle: trial.frozen.clone(), open });
            let rows = tables.map(|_| trial.open(granted)).unwrap_or_default();
            let tables = self.tables("renew", &rows)?;
            self.save(&lock, &ledger)?;
            return Ok(Renewed::Waits { open, tables });
        }
        if granted.epoch.renewals.iter().any(|last| last.j > 0 && now < later(last.at)) {
            return Err(CertifyError::TooSoon);
        }
        granted.epoch.enter(ticket, &trial.frozen, (Outcome::Begun, now));
        self.save(&lock, &ledger)?;
        let renewed = trial.test(&mut ledger, ticket);
        self.save(&lock, &ledger)?;
        self.clear_tables("renew")?;
        Ok(renewed)
    }
}

fn later(at: Timestamp) -> Timestamp {
    at.checked_add(BATCH).unwrap_or(Timestamp::MAX)
}

/// A bundle before its test.
struct Trial {
    ground: Ground,
    seen: Vec<Seen>,
    labels: Labels,
    frozen: String,
    now: Timestamp,
}

impl Trial {
    /// Every decision on every certify message is the same, and every article's text and validity.
    fn is_free(&self, granted: &Granted) -> bool {
        let decided = self.ground.decided(&self.seen, &|slice| granted.threshold(slice));
        decided == granted.decided && texts(&self.ground.bundle) == granted.texts
    }

    /// How many texts must be judged before a test makes sense. That depends on which texts were judged, never on what was
    /// said about them, and so costs nothing.
    fn waits(&self, granted: &Granted, ticket: Ticket) -> Option<usize> {
        let at = granted.epoch.threshold;
        let would = self.seen.iter().filter_map(|seen| Some((seen, self.ground.would(seen, at)?)));
        let whole: Vec<_> = would.filter(|(_, would)| would.under == Slice::Whole).collect();
        let open = whole
            .iter()
            .filter(|(seen, would)| self.labels.find(&seen.message.id, would) == Finding::Open)
            .count();
        let bearable = ticket.test.allowed(whole.len()).unwrap_or_default() / 4;
        (open as u64 > bearable).then_some(open)
    }

    fn open(&self, granted: &Granted) -> Vec<[String; 4]> {
        let threshold = |slice: Slice| granted.threshold(slice);
        open_rows(&self.ground, &self.seen, (&self.labels, &threshold))
    }

    /// The test itself. A slice that does not pass its own is lost for the rest of the epoch; the whole stands without it.
    fn test(&self, ledger: &mut Ledger, ticket: Ticket) -> Renewed {
        let Some(granted) = ledger.granted.as_mut() else { return Renewed::Withdrawn };
        let at = granted.epoch.threshold;
        let sample = (self.seen.as_slice(), &self.labels);
        let passed = ticket.test.passes(reading(&self.ground, sample, Slice::Whole, at));
        let outcome = if passed { Outcome::Passed } else { Outcome::Failed };
        granted.epoch.enter(ticket, &self.frozen, (outcome, self.now));
        granted.waiting = None;
        if !passed {
            return Renewed::Withdrawn;
        }
        let budget = granted.epoch.budget.clone();
        granted.certificate.slices.retain(|shown| {
            let test = budget.renewal(ticket.j, shown.slice);
            test.passes(reading(&self.ground, sample, shown.slice, shown.threshold))
        });
        granted.texts = texts(&self.ground.bundle);
        granted.decided = self.ground.decided(&self.seen, &|slice| granted.threshold(slice));
        Renewed::Passed
    }
}
