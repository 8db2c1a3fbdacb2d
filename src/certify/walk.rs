//! Labels come back, and the path is walked, once: what passes is the certificate, and the set is spent either way.

use std::path::PathBuf;
use std::sync::Arc;

use super::desk::{Desk, Lock};
use super::error::CertifyError;
use super::labels::{Agreement, Finding, Judged, Labels, judged};
use super::ledger::{Granted, Ledger};
use super::plan::{Lane, PLAN, Plan, certify_file, labels_file, loosest, open_rows, set_hash};
use super::pool::Pooled;
use super::scoring::{Ground, Pipeline, Seen, texts};
use crate::decision::guarantee::{
    Bounds, Certificate, Epoch, Missing, Profile, Reading, Sentence, Shown, Slice, Wager,
    planned_at, walk,
};
use crate::message::Timestamp;
use crate::release::Bundle;

/// What came of the labels.
#[derive(Debug, Clone, PartialEq)]
pub struct Certified {
    /// The certificate, if the target was shown.
    pub certificate: Option<Certificate>,
    /// What may be said.
    pub sentence: Sentence,
    /// How far two labellers agree.
    pub agreement: Option<Agreement>,
    /// Texts on which they differ: counted as wrong.
    pub disputed: usize,
    /// Would-be answers without a verdict, disputed ones included: counted as wrong.
    pub open: usize,
}

impl Desk {
    /// Reads the labellers' tables and walks the path of the plan on them.
    pub fn certify(
        &self,
        tables: &[PathBuf],
        (bundle, pipeline): (&Arc<Bundle>, &Pipeline),
        now: Timestamp,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<Certified, CertifyError> {
        let lock = self.lock()?;
        let plan: Plan = self.document(PLAN)?.ok_or(CertifyError::NoPlan)?;
        if bundle.frozen(&plan.calibration) != plan.bundle {
            return Err(CertifyError::OtherBundle);
        }
        let messages = self.messages(plan.epoch, &plan.set)?;
        let judged = judged(tables)?;
        let labels = self.judge(plan.epoch, &messages, &judged)?;
        let seen = pipeline.see(bundle, messages, progress)?;
        let ground = Ground {
            bundle: Arc::clone(bundle),
            calibration: plan.calibration,
            slices: plan.budget.slices.clone(),
        };
        let hall = Hall { plan: &plan, ground: &ground, seen: &seen, labels: &labels };
        let open = open_rows(&ground, &seen, (&labels, &|slice| loosest(&plan.paths, slice))).len();
        let certificate = hall.certificate(now);
        let sentence = self.enter(&lock, &hall, certificate.as_ref())?;
        let Judged { agreement, disputed, .. } = judged;
        Ok(Certified { certificate, sentence, agreement, disputed, open })
    }

    /// The certify messages of an epoch.
    pub(super) fn messages(&self, epoch: u32, set: &str) -> Result<Vec<Pooled>, CertifyError> {
        let messages: Vec<Pooled> = self.sealed(&certify_file(epoch)).read()?;
        if set_hash(&messages) == set { Ok(messages) } else { Err(CertifyError::OtherSet) }
    }

    pub(super) fn labels(&self, epoch: u32) -> Result<Labels, CertifyError> {
        Ok(Labels::from_records(self.sealed(&labels_file(epoch)).read()?))
    }

    /// Adds verdicts to an epoch's labels.
    pub(super) fn judge(
        &self,
        epoch: u32,
        messages: &[Pooled],
        judged: &Judged,
    ) -> Result<Labels, CertifyError> {
        let mut labels = self.labels(epoch)?;
        for ((id, key), right) in &judged.verdicts {
            if messages.iter().any(|message| message.id == *id) {
                labels.judge(id, key, *right);
            }
        }
        self.sealed(&labels_file(epoch)).replace(&labels.records())?;
        Ok(labels)
    }

    /// Enters what was found; the set is spent either way. A certificate that stands does not fall with a new set that shows
    /// nothing: it has its own labels and its own budget.
    fn enter(
        &self,
        lock: &Lock,
        hall: &Hall<'_>,
        certificate: Option<&Certificate>,
    ) -> Result<Sentence, CertifyError> {
        let plan = hall.plan;
        let mut used = self.used()?;
        used.extend(hall.seen.iter().map(|seen| seen.message.conversation.clone()));
        self.sealed("used.sealed").replace(&used)?;
        let old = self.ledger()?;
        let retired = old.granted.as_ref().map(|granted| granted.epoch.number);
        let mut ledger = Ledger { epochs: plan.epoch, missing: None, ..old };
        let sentence = if let Some(certificate) = certificate {
            (ledger.audit, ledger.alarm, ledger.measured) = (Wager::default(), None, None);
            ledger.granted = Some(hall.granted(certificate.clone()));
            Sentence::certified(certificate)
        } else {
            let missing = hall.missing();
            ledger.missing = Some(missing);
            Sentence::missing(&missing)
        };
        self.save(lock, &ledger)?;
        let retired = retired.filter(|_| certificate.is_some());
        for file in retired.iter().flat_map(|old| [certify_file(*old), labels_file(*old)]) {
            self.remove(&file)?;
        }
        self.remove(PLAN)?;
        self.clear_tables("labels")?;
        Ok(sentence)
    }
}

/// A plan with the messages and labels that it is walked on.
struct Hall<'a> {
    plan: &'a Plan,
    ground: &'a Ground,
    seen: &'a [Seen],
    labels: &'a Labels,
}

impl Hall<'_> {
    fn certificate(&self, now: Timestamp) -> Option<Certificate> {
        let (whole, rung) = self.walked(Slice::Whole)?;
        let slices = self.plan.budget.slices.iter().filter_map(|slice| match slice {
            Slice::Whole => None,
            Slice::Risk(_) => Some(self.walked(*slice)?.0),
            Slice::Language(_) => self.along(*slice, rung),
        });
        Some(Certificate {
            budget: self.plan.budget.clone(),
            bundle: self.plan.bundle.clone(),
            messages: self.seen.len(),
            whole,
            rung,
            slices: slices.collect(),
            period: self.plan.period,
            bounds: Bounds::from(now, whole.answered),
        })
    }

    fn lane(&self, slice: Slice) -> Option<&Lane> {
        self.plan.paths.iter().find(|lane| lane.slice == slice)
    }

    /// Walks a certificate's own path.
    fn walked(&self, slice: Slice) -> Option<(Shown, usize)> {
        let (lane, test) = (self.lane(slice)?, self.plan.budget.first(slice));
        let rung = walk(&lane.path, test, |at| self.reading(slice, at))?;
        let threshold = lane.path.rungs.get(rung)?.threshold;
        Some((self.shown(slice, threshold)?, rung))
    }

    /// A language along the whole's path: it holds at a rung if it held at every rung before.
    fn along(&self, slice: Slice, rung: usize) -> Option<Shown> {
        let (lane, test) = (self.lane(Slice::Whole)?, self.plan.budget.first(slice));
        let passed = walk(&lane.path, test, |at| self.reading(slice, at))?;
        let threshold = lane.path.rungs.get(rung)?.threshold;
        if passed >= rung { self.shown(slice, threshold) } else { None }
    }

    fn shown(&self, slice: Slice, threshold: f64) -> Option<Shown> {
        let answered = self.reading(slice, threshold).answered;
        let allowed = self.plan.budget.first(slice).allowed(answered)?;
        Some(Shown { slice, threshold, answered, allowed })
    }

    fn reading(&self, slice: Slice, at: f64) -> Reading {
        reading(self.ground, (self.seen, self.labels), slice, at)
    }

    fn missing(&self) -> Missing {
        let first = self.lane(Slice::Whole).and_then(|lane| lane.path.rungs.first());
        let at = first.map_or(f64::INFINITY, |rung| rung.threshold);
        let reading = self.reading(Slice::Whole, at);
        let best = planned_at(reading, self.plan.budget.first(Slice::Whole));
        let target = self.plan.budget.terms.target;
        Missing { target, best, right: Some(reading.right), coverage: reading.coverage() }
    }

    fn granted(&self, certificate: Certificate) -> Granted {
        let epoch = Epoch {
            number: self.plan.epoch,
            set: self.plan.set.clone(),
            budget: self.plan.budget.clone(),
            threshold: certificate.whole.threshold,
            bundle: self.plan.bundle.clone(),
            renewals: Vec::new(),
        };
        let mut granted = Granted {
            certificate,
            epoch,
            calibration: self.plan.calibration,
            decided: String::new(),
            reference: Profile::default(),
            waiting: None,
            texts: texts(&self.ground.bundle),
        };
        granted.decided = self.ground.decided(self.seen, &|slice| granted.threshold(slice));
        granted.reference = self.profile(&granted);
        granted
    }

    /// What the certify messages look like to the gate that will serve.
    fn profile(&self, granted: &Granted) -> Profile {
        let mut profile = Profile::default();
        let scope = self.ground.bundle.policy().scope;
        for seen in self.seen {
            let score = self.ground.score(seen);
            let answered = self.ground.answered(seen, &|slice| granted.threshold(slice)).is_some();
            profile.add(seen.evidence.situation.language, score, (answered, score < scope));
        }
        profile
    }
}

/// What a threshold does under one certificate. Whatever is not known to be right is wrong.
pub(super) fn reading(
    ground: &Ground,
    (seen, labels): (&[Seen], &Labels),
    slice: Slice,
    at: f64,
) -> Reading {
    let mut reading = Reading { messages: seen.len(), ..Reading::default() };
    for seen in seen {
        let Some(would) = ground.would(seen, at) else { continue };
        let counts = match slice {
            Slice::Language(language) => would.under == Slice::Whole && would.language == language,
            Slice::Whole | Slice::Risk(_) => would.under == slice,
        };
        if counts {
            reading.answered += 1;
            reading.right += usize::from(labels.find(&seen.message.id, &would) == Finding::Right);
        }
    }
    reading
}
