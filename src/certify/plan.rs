//! From a log to a plan: pools, a calibrator from workshop labels, a frozen bundle, and a path that is on disk before any
//! label is opened.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::desk::{Desk, Lock};
use super::error::CertifyError;
use super::labels::{Finding, Labels, write_table};
use super::ledger::Measured;
use super::pool::{Pooled, Pools};
use super::scoring::{Ground, Pipeline, Seen, digest};
use super::workshop::{Fitted, OutOfFold, fitted};
use crate::decision::Calibration;
use crate::decision::guarantee::{
    Budget, Missing, Path, Reading, Scored, Sentence, Slice, Terms, ladder, plan,
};
use crate::message::ArticleId;
use crate::record::{self, Record, Relevance};
use crate::release::Bundle;

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Ask {
    /// The log; without one, what the service collected.
    pub log: Option<PathBuf>,
    /// How good, and how sure.
    pub terms: Terms,
    /// Slices with a certificate of their own.
    pub slices: Vec<Slice>,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq)]
pub enum Planned {
    /// A path is on disk.
    Ready {
        /// Certify messages.
        messages: usize,
        /// Thresholds that may be tested.
        rungs: usize,
        /// Workshop labels that fitted the calibrator; 0 keeps the shipped fit.
        fitted: usize,
        /// Would-be answers that need a verdict.
        open: usize,
        /// The tables for two labellers; none where nothing is open.
        tables: Vec<PathBuf>,
    },
    /// No path is worth walking; nothing was opened.
    TooFew(Sentence),
    /// The labels may not certify; this is what they show.
    Measured(Sentence),
}

/// `plan.toml`: fixed before a label is opened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Plan {
    pub(super) epoch: u32,
    /// Hash over the certify messages.
    pub(super) set: String,
    /// The frozen bundle.
    pub(super) bundle: String,
    pub(super) messages: usize,
    pub(super) period: Option<(Date, Date)>,
    pub(super) budget: Budget,
    pub(super) calibration: Calibration,
    pub(super) paths: Vec<Lane>,
}

/// The path of one certificate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Lane {
    pub(super) slice: Slice,
    pub(super) path: Path,
}

pub(super) const PLAN: &str = "plan.toml";

/// Two people label, and see each other's verdicts nowhere.
const LABELLERS: [&str; 2] = ["a", "b"];

fn table(name: &str, labeller: &str) -> String {
    format!("{name}-{labeller}.csv")
}

/// Names of what belongs to an epoch.
pub(super) fn certify_file(epoch: u32) -> String {
    format!("certify-{epoch}.sealed")
}

pub(super) fn labels_file(epoch: u32) -> String {
    format!("labels-{epoch}.sealed")
}

impl Desk {
    /// Plans a certificate for a bundle, or measures where none may be given. `progress` counts messages read.
    pub fn plan(
        &self,
        ask: &Ask,
        (bundle, pipeline): (&Arc<Bundle>, &Pipeline),
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<Planned, CertifyError> {
        let lock = self.lock()?;
        let within = |share: f64| (0.5..=0.999).contains(&share);
        if !within(ask.terms.target) || !within(ask.terms.confidence) {
            return Err(CertifyError::BadTerms);
        }
        let records = ask.log.as_deref().map(record::read).transpose()?.unwrap_or_default();
        check(&records, bundle)?;
        let mut pools = self.pools(&records)?;
        self.without_taught(&mut pools)?;
        if pools.certify.is_empty() {
            return self.measure(&lock, ask.terms, (pools.workshop, bundle, pipeline), progress);
        }
        let workshop = pipeline.see(bundle, pools.workshop, progress)?;
        let budget = Budget::new(ask.terms, ask.slices.clone());
        let ground = Ground {
            bundle: Arc::clone(bundle),
            calibration: bundle.gate().calibration,
            slices: budget.slices.clone(),
        };
        let Fitted { ground, scores, lessons } = fitted(ground, &workshop);
        let draft = Draft { ground, budget, certify: pools.certify };
        match draft.paths(&scores) {
            Err(missing) => {
                let mut ledger = self.ledger()?;
                ledger.missing = Some(missing);
                self.save(&lock, &ledger)?;
                Ok(Planned::TooFew(Sentence::missing(&missing)))
            }
            Ok(paths) => self.keep(draft, (paths, lessons), pipeline, progress),
        }
    }

    /// Both pools: the log's and the service's own, without what an earlier epoch used.
    fn pools(&self, records: &[Record]) -> Result<Pools, CertifyError> {
        let draw = self.draw();
        let mut pools = draw.sides(records);
        draw.join(&mut pools, self.sealed(super::live::CERTIFY).read_grown()?);
        let live: Vec<Pooled> = self.sealed(super::live::WORKSHOP).read_grown()?;
        pools.workshop.extend(live);
        let used: HashSet<String> = self.used()?.into_iter().collect();
        let before = pools.certify.len();
        pools.certify.retain(|message| !used.contains(&message.conversation));
        if before > 0 && pools.certify.is_empty() {
            return Err(CertifyError::NoFresh);
        }
        Ok(pools)
    }

    /// Conversations of earlier epochs.
    pub(super) fn used(&self) -> Result<Vec<String>, CertifyError> {
        self.sealed("used.sealed").read()
    }

    /// Writes the plan and what belongs to it; the plan last, so that a plan is never without its messages.
    fn keep(
        &self,
        draft: Draft,
        (paths, fitted): (Vec<Lane>, usize),
        pipeline: &Pipeline,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<Planned, CertifyError> {
        let Draft { ground, budget, certify } = draft;
        let epoch = self.ledger()?.epochs + 1;
        let labels = Labels::of_log(&certify, &ground.bundle);
        let (set, period) = (set_hash(&certify), period(&certify));
        self.sealed(&certify_file(epoch)).replace(&certify)?;
        self.sealed(&labels_file(epoch)).replace(&labels.records())?;
        let (messages, rungs) = (certify.len(), paths.first().map_or(0, |p| p.path.rungs.len()));
        let seen = pipeline.see(&ground.bundle, certify, progress)?;
        let rows = open_rows(&ground, &seen, (&labels, &|slice| loosest(&paths, slice)));
        let bundle = ground.bundle.frozen(&ground.calibration);
        let calibration = ground.calibration;
        let plan = Plan { epoch, set, bundle, messages, period, budget, calibration, paths };
        let tables = self.tables("labels", &rows)?;
        self.put(PLAN, &plan)?;
        Ok(Planned::Ready { messages, rungs, fitted, open: rows.len(), tables })
    }

    /// The same table for each of two labellers.
    pub(super) fn tables(
        &self,
        name: &str,
        rows: &[[String; 4]],
    ) -> Result<Vec<PathBuf>, CertifyError> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let tables: Vec<PathBuf> =
            LABELLERS.iter().map(|labeller| self.path(&table(name, labeller))).collect();
        tables.iter().try_for_each(|path: &PathBuf| write_table(FilePath::new(path), rows))?;
        Ok(tables)
    }

    /// Takes tables away that were read back: they are the only place where a certify message can be read.
    pub(super) fn clear_tables(&self, name: &str) -> Result<(), CertifyError> {
        LABELLERS.iter().try_for_each(|labeller| self.remove(&table(name, labeller)))
    }

    /// What labels show that may not certify: a threshold found on them, counted out of fold.
    fn measure(
        &self,
        lock: &Lock,
        terms: Terms,
        (messages, bundle, pipeline): (Vec<Pooled>, &Arc<Bundle>, &Pipeline),
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<Planned, CertifyError> {
        let labelled: Vec<Pooled> =
            messages.into_iter().filter(|message| message.relevant.is_some()).collect();
        if labelled.is_empty() {
            return Err(CertifyError::NothingToDo);
        }
        let seen = pipeline.see(bundle, labelled, progress)?;
        let calibration = bundle.gate().calibration;
        let ground = Ground { bundle: Arc::clone(bundle), calibration, slices: Vec::new() };
        let Fitted { ground, scores, .. } = fitted(ground, &seen);
        let sample: Vec<Scored> = scores.iter().map(|scored| scored.scored).collect();
        let reaches =
            |right: usize, answered: usize| right as f64 >= terms.target * answered as f64;
        let steps = ladder(&sample);
        let best = steps.iter().rev().find(|step| reaches(step.right, step.answered));
        let threshold = best.map_or(bundle.gate().threshold, |step| step.threshold);
        let reading = Reading::at(Some(threshold), &sample);
        let mut ledger = self.ledger()?;
        ledger.measured = Some(Measured {
            bundle: bundle.frozen(&ground.calibration),
            threshold,
            messages: reading.messages,
            answered: reading.answered,
            right: reading.right,
            calibration: ground.calibration,
        });
        self.save(lock, &ledger)?;
        Ok(Planned::Measured(Sentence::measured(reading)))
    }
}

/// Everything but the paths.
struct Draft {
    ground: Ground,
    budget: Budget,
    certify: Vec<Pooled>,
}

impl Draft {
    /// The whole's path, then those of risks that have one. Languages are tested along the whole's.
    fn paths(&self, scores: &[OutOfFold]) -> Result<Vec<Lane>, Missing> {
        let of = |slice: Slice| -> Vec<Scored> {
            let unanswered = Scored { score: f64::NEG_INFINITY, right: false };
            let of_slice =
                |s: &OutOfFold| if s.under == Some(slice) { s.scored } else { unanswered };
            scores.iter().filter(|s| s.counts).map(of_slice).collect()
        };
        let path = |slice| plan(&of(slice), self.certify.len(), self.budget.first(slice));
        let whole = path(Slice::Whole).map_err(|best| Missing {
            target: self.budget.terms.target,
            coverage: best.planned as f64 / self.certify.len().max(1) as f64,
            best,
            right: None,
        })?;
        let risks = self.budget.slices.iter().filter(|slice| matches!(slice, Slice::Risk(_)));
        let own = risks.filter_map(|slice| Some(Lane { slice: *slice, path: path(*slice).ok()? }));
        Ok(std::iter::once(Lane { slice: Slice::Whole, path: whole }).chain(own).collect())
    }
}

/// The loosest threshold that a certificate's path has; infinity where it has none.
pub(super) fn loosest(paths: &[Lane], slice: Slice) -> f64 {
    let own = paths.iter().find(|planned| planned.slice == slice);
    own.and_then(|planned| planned.path.loosest()).unwrap_or(f64::INFINITY)
}

/// The rows of a labeller's table: what would be answered at these thresholds and nobody judged, in an order that says
/// nothing about the score.
pub(super) fn open_rows(
    ground: &Ground,
    seen: &[Seen],
    (labels, at): (&Labels, &dyn Fn(Slice) -> f64),
) -> Vec<[String; 4]> {
    let row = |seen: &Seen| {
        let would = ground.answered(seen, at)?;
        let open = labels.find(&seen.message.id, &would) == Finding::Open;
        let row =
            [seen.message.id.clone(), would.key(), seen.message.text.clone(), ground.words(&would)];
        open.then_some(row)
    };
    let mut rows: Vec<_> = seen.iter().filter_map(row).collect();
    rows.sort_unstable();
    rows
}

/// Hash over the certify messages.
pub(super) fn set_hash(certify: &[Pooled]) -> String {
    let ids: BTreeSet<&String> = certify.iter().map(|message| &message.id).collect();
    digest(ids.into_iter().cloned())
}

fn period(certify: &[Pooled]) -> Option<(Date, Date)> {
    let days = || {
        certify
            .iter()
            .filter_map(|message| message.at)
            .map(|at| TimeZone::UTC.to_datetime(at).date())
    };
    Some((days().min()?, days().max()?))
}

/// What is wrong with a log's labels, before anything is made of them.
fn check(records: &[Record], bundle: &Bundle) -> Result<(), CertifyError> {
    let labelled = || records.iter().filter(|record| record.relevant != Relevance::Unlabelled);
    let known = |id: &ArticleId| bundle.library().index_of(id).is_some();
    let unknown: BTreeSet<String> = labelled()
        .flat_map(|record| record.relevant.articles())
        .filter(|id| !known(id))
        .map(ToString::to_string)
        .collect();
    if !unknown.is_empty() {
        return Err(CertifyError::UnknownArticles { ids: unknown.into_iter().take(5).collect() });
    }
    contradictions(records)?;
    let (labels, inside) =
        (labelled().count(), labelled().filter(|r| !r.relevant.articles().is_empty()).count());
    if labels > 0 && (inside == 0 || inside == labels) {
        return Err(CertifyError::OneClass { labels, in_scope: inside > 0 });
    }
    Ok(())
}

fn contradictions(records: &[Record]) -> Result<(), CertifyError> {
    let mut seen: HashMap<&str, (usize, BTreeSet<&ArticleId>)> = HashMap::new();
    for (at, record) in records.iter().enumerate() {
        // The same words after other words may well mean something else.
        if record.relevant == Relevance::Unlabelled || !record.history.is_empty() {
            continue;
        }
        let labels: BTreeSet<&ArticleId> = record.relevant.articles().iter().collect();
        let (first, known) = seen.entry(record.text.trim()).or_insert_with(|| (at, labels.clone()));
        if *known != labels {
            return Err(CertifyError::Contradiction { first: *first + 1, second: at + 1 });
        }
    }
    Ok(())
}
