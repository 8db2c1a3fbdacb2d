//! What `dispatch` writes into the journal and makes of it at a start. An outcome is on the disk before anybody is told of
//! it, and takes effect after that; so a state that was kept, and the records after it, give the same conversations again.

mod decided;
mod recover;
mod states;

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::{RwLock, RwLockReadGuard};

use super::config::Slice;
use super::error::DispatchError;
use super::inner::Inner;
use super::outcome::{Feedback, FeedbackSource, Verdict};
use crate::error::Problem;
use crate::journal::record::{self, Record};
use crate::journal::{Journal, JournalError};
use crate::message::{CallerId, Mode, Shared, Timestamp};
use crate::release::{Bundle, BundleInfo};
use crate::seal::hex;

pub(super) use decided::Deed;
pub(super) use recover::{Kept, KeptOutcome, Recovery};
pub(super) use states::run;

/// The journal as `dispatch` uses it.
#[derive(Debug)]
pub(super) struct Durable {
    pub(super) journal: Arc<Journal>,
    /// Held from an append until its effect has taken place. Whoever has all of it sees a state that belongs to a record.
    quiet: RwLock<()>,
    bundles: Mutex<Bundles>,
    /// The last record whose effect took place; valid for whoever has all of `quiet`.
    last: AtomicU64,
}

/// Bundles that the journal knows.
#[derive(Debug, Default)]
struct Bundles {
    /// The one that decided last, and its name; one is swapped whole, so the pointer tells.
    current: Option<(Weak<Bundle>, Shared)>,
    written: HashSet<Shared>,
    known: HashMap<Shared, BundleInfo>,
}

/// The right to take effect: a record is durable.
#[derive(Debug)]
pub(super) struct Written<'d>(
    #[expect(dead_code, reason = "held, not read")] RwLockReadGuard<'d, ()>,
);

impl Durable {
    /// The journal of a state that was recovered from it.
    pub(super) fn new(journal: Arc<Journal>, recovery: &Recovery) -> Self {
        let known = recovery.bundles.clone();
        let bundles = Mutex::new(Bundles { known, ..Bundles::default() });
        Self { journal, quiet: RwLock::new(()), bundles, last: recovery.last.into() }
    }

    /// Writes a record; its effect may take place while what this gives is held.
    pub(super) async fn write(
        &self,
        at: Timestamp,
        record: &Record,
    ) -> Result<Written<'_>, DispatchError> {
        let quiet = self.quiet.read().await;
        let number = self.journal.append(at, record).map_err(failed)?.await.map_err(failed)?;
        self.last.fetch_max(number, Ordering::AcqRel);
        Ok(Written(quiet))
    }

    /// Why nothing can be written any more.
    pub(super) fn fault(&self) -> Option<DispatchError> {
        self.journal.fault().map(failed)
    }

    /// The name of the bundle that decides, written before the first decision that names it.
    pub(super) fn bundle(
        &self,
        at: Timestamp,
        info: &BundleInfo,
        bundle: Option<&Arc<Bundle>>,
    ) -> Result<Shared, DispatchError> {
        let mut bundles = self.bundles();
        if let (Some(bundle), Some((current, id))) = (bundle, &bundles.current)
            && Arc::as_ptr(bundle) == current.as_ptr()
        {
            return Ok(id.clone());
        }
        let record = described(info, bundle.map(Arc::as_ref));
        let id = record.id.clone();
        bundles.known.insert(id.clone(), info.clone());
        if bundles.written.insert(id.clone()) {
            // It has no effect of its own; the decision that follows is durable no sooner than it.
            drop(self.journal.append(at, &Record::Bundle(Box::new(record))).map_err(failed)?);
        }
        bundles.current = bundle.map(|bundle| (Arc::downgrade(bundle), id.clone()));
        Ok(id)
    }

    /// The next decision writes its bundle again: what retention drops must not take the rules of younger decisions along.
    pub(super) fn write_bundles_again(&self) {
        let mut bundles = self.bundles();
        bundles.current = None;
        bundles.written.clear();
    }

    /// Names and hashes of the bundles that decided.
    fn known(&self) -> HashMap<Shared, BundleInfo> {
        self.bundles().known.clone()
    }

    fn bundles(&self) -> MutexGuard<'_, Bundles> {
        self.bundles.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Takes the state that the journal has, and writes there from now on.
    pub(super) fn remember(&mut self, journal: Arc<Journal>) -> Result<(), JournalError> {
        let mut recovery = Recovery::read(&journal, &self.config)?;
        let now = self.now();
        let mut conversations = recovery.conversations();
        for kept in &mut conversations {
            let ticket = kept.conversation.as_ref().and_then(|conversation| conversation.ticket());
            let known =
                |ticket| self.desk.as_ref().is_some_and(|desk| desk.holder(ticket).is_some());
            if !ticket.is_none_or(known) {
                kept.without_ticket();
            }
        }
        self.registry.restore(conversations, now);
        self.registry.watch();
        self.modes().restore(std::mem::take(&mut recovery.modes));
        let verdicts = std::mem::take(&mut recovery.verdicts);
        self.ledger().restore(verdicts, self.config.bounds.verdicts);
        self.durable = Some(Durable::new(journal, &recovery));
        Ok(())
    }
}

/// A verdict as it is written.
pub(super) fn judged(caller: &CallerId, feedback: &Feedback) -> Record {
    Record::Verdict(record::Verdict {
        caller: caller.clone(),
        request_id: feedback.request_id.clone(),
        decision_id: feedback.decision_id.clone(),
        verdict: feedback.verdict.into(),
        source: feedback.source.into(),
        correct_article: feedback.correct_article.clone(),
        comment: feedback.comment.clone(),
    })
}

/// A switched mode as it is written.
pub(super) fn switched(slice: &Slice, mode: Mode, over: String) -> Record {
    let Slice { channel, language } = slice.clone();
    Record::Automation(record::Switch { by: None, channel, language, mode, over })
}

macro_rules! twins {
    ($own:ident, $kept:ident: $($name:ident),*) => {
        impl From<$own> for record::$kept {
            fn from(value: $own) -> Self {
                match value { $($own::$name => Self::$name),* }
            }
        }
        impl From<record::$kept> for $own {
            fn from(value: record::$kept) -> Self {
                match value { $(record::$kept::$name => Self::$name),* }
            }
        }
    };
}

twins!(Verdict, Judgement: Right, Wrong, NoArticle, Unclear);
twins!(FeedbackSource, Judge: Customer, Agent, Editor, Audit);

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
pub(super) fn failed(error: JournalError) -> DispatchError {
    DispatchError::Stage(Problem::from(&error))
}

/// A bundle as the journal keeps it.
fn described(info: &BundleInfo, bundle: Option<&Bundle>) -> record::Bundle {
    let rules = bundle.map(|bundle| record::Rules {
        gate: bundle.gate().clone(),
        claim: record::Claim {
            risks: bundle.gate().claim.risks.clone(),
            languages: bundle.gate().claim.languages.clone(),
            unchanged: bundle.gate().claim.unchanged.iter().cloned().collect(),
        },
        policy: bundle.policy().clone(),
    });
    let mut record = record::Bundle {
        id: Shared::default(),
        hash: info.hash.clone(),
        model: info.model.clone(),
        head: info.head.clone(),
        knowledge_revision: info.knowledge_revision.clone(),
        policy: info.policy.clone(),
        base: info.base.clone(),
        rules,
    };
    record.id = name(&record).into();
    record
}

/// 24 hexadecimal digits over everything that a bundle's record says.
fn name(record: &record::Bundle) -> String {
    use sha2::{Digest as _, Sha256};
    let mut bytes = Vec::new();
    // Writing to a vector cannot fail.
    ciborium::into_writer(record, &mut bytes).ok();
    hex(Sha256::digest(&bytes).get(..12).unwrap_or_default())
}
