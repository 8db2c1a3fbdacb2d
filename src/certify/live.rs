//! What is kept of live messages: a place in a pool, a count for the drift alarms, now and then an answer for the auditors.
//! Nothing here is on a message's way: it gets copies, through a queue that drops what does not fit.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use super::audit::{AUDIT, Audited};
use super::desk::Desk;
use super::error::CertifyError;
use super::pool::{Draw, Pooled};
use super::seal::Sealed;
use crate::decision::guarantee::Profile;
use crate::message::{Channel, Language, Timestamp};

pub(super) const CERTIFY: &str = "live-certify.sealed";
pub(super) const WORKSHOP: &str = "live-workshop.sealed";
const LIVE: &str = "live.toml";
/// Records that a pool takes; enough for any certificate, and an end for a disk.
const MOST: usize = 50_000;

/// One decided message, as `dispatch` tells of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Heard {
    /// Which conversation, as the gateway names it and as its logs will.
    pub conversation: String,
    /// The decision's id.
    pub decision: String,
    /// What was read, merged messages together.
    pub text: String,
    /// What the customer wrote in the turn before.
    pub before: Option<String>,
    /// In which language.
    pub language: Language,
    /// On which channel.
    pub channel: Channel,
    /// When.
    pub at: Timestamp,
    /// A certified gate judged it: it counts for drift and audit.
    pub counts: bool,
    /// The gate lets all of it be answered from articles.
    pub answered: bool,
    /// The answer was sent.
    pub sent: bool,
    /// P(right) of the best candidate, 0 where there is none.
    pub score: f64,
    /// What was sent.
    pub answer: String,
    /// Below this score nothing like it is known.
    pub scope: f64,
}

/// Counts since the certificate.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Counts {
    /// The epoch that they belong to.
    pub(super) epoch: u32,
    /// Messages served.
    pub(super) served: u64,
    /// The window that is being filled.
    pub(super) window: Profile,
}

/// The growing files and the counts.
#[derive(Debug)]
pub(super) struct Live {
    counts: Mutex<Counts>,
    pools: Mutex<[Growing; 3]>,
    audit: f64,
}

#[derive(Debug)]
struct Growing {
    file: Sealed,
    records: usize,
}

impl Growing {
    fn open(desk: &Desk, name: &str) -> Result<Self, CertifyError> {
        let file = desk.sealed(name);
        let records = file.mend()?;
        Ok(Self { file, records })
    }

    fn add<T: Serialize>(&mut self, records: &[T]) -> Result<(), CertifyError> {
        let fitting = records.len().min(MOST.saturating_sub(self.records));
        if let Some(records @ [_, ..]) = records.get(..fitting) {
            self.file.append(self.records, records)?;
            self.records += fitting;
        }
        Ok(())
    }
}

impl Desk {
    /// Messages served under the last certificate, as they were counted last.
    pub fn served(&self) -> Result<u64, CertifyError> {
        let counts: Counts = self.document(LIVE)?.unwrap_or_default();
        let granted = self.ledger()?.granted.map(|granted| granted.epoch.number);
        Ok(if granted == Some(counts.epoch) { counts.served } else { 0 })
    }
}

impl Desk {
    /// Takes messages out of the pool whose conversation an epoch has used. Whoever is at work on the calibration keeps it.
    fn forget_used(&self) -> Result<(), CertifyError> {
        let Ok(_lock) = self.lock() else { return Ok(()) };
        let used: HashSet<String> = self.used()?.into_iter().collect();
        if used.is_empty() {
            return Ok(());
        }
        let mut pool: Vec<Pooled> = self.sealed(CERTIFY).read_grown()?;
        let before = pool.len();
        pool.retain(|message| !used.contains(&message.conversation));
        if pool.len() < before { self.sealed(CERTIFY).replace(&pool) } else { Ok(()) }
    }
}

impl Live {
    /// Opens the files; a torn end that a killed process left is cut off, and messages that an epoch used are taken out.
    pub(super) fn open(desk: &Desk, audit: f64) -> Result<Self, CertifyError> {
        desk.forget_used()?;
        let pools = [
            Growing::open(desk, CERTIFY)?,
            Growing::open(desk, WORKSHOP)?,
            Growing::open(desk, AUDIT)?,
        ];
        let counts = desk.document(LIVE)?.unwrap_or_default();
        Ok(Self { counts: Mutex::new(counts), pools: Mutex::new(pools), audit })
    }

    /// Takes in messages: a write a file, however many they are.
    pub(super) fn take(&self, desk: &Desk, heard: &[Heard]) -> Result<(), CertifyError> {
        for heard in heard {
            self.count(heard);
        }
        let draw = desk.draw();
        let (for_certify, for_workshop): (Vec<Pooled>, Vec<Pooled>) = heard
            .iter()
            .map(|heard| pooled(&draw, heard))
            .partition(|pooled| draw.certifies(&pooled.conversation));
        let audited = |heard: &&Heard| {
            let answer = heard.counts && heard.answered && heard.sent;
            answer && draw.0.falls("audit v1", &heard.decision, self.audit)
        };
        let for_audit: Vec<Audited> = heard.iter().filter(audited).map(Audited::of).collect();
        let mut pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        let [certify, workshop, audit] = &mut *pools;
        certify.add(&for_certify)?;
        workshop.add(&for_workshop)?;
        audit.add(&for_audit)
    }

    fn count(&self, heard: &Heard) {
        let mut counts = self.counts();
        counts.served += 1;
        if !heard.counts {
            return;
        }
        let facts = (heard.answered, heard.score < heard.scope);
        counts.window.add(heard.language, heard.score, facts);
    }

    pub(super) fn counts(&self) -> MutexGuard<'_, Counts> {
        // Counts are whole whatever panicked beside them.
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins anew for another epoch.
    pub(super) fn begin(&self, epoch: u32) {
        let mut counts = self.counts();
        if counts.epoch != epoch {
            *counts = Counts { epoch, ..Counts::default() };
        }
    }

    /// The window, if it is full; a new one begins.
    pub(super) fn full_window(&self) -> Option<Profile> {
        let mut counts = self.counts();
        counts.window.is_full().then(|| std::mem::take(&mut counts.window))
    }

    pub(super) fn save(&self, desk: &Desk) -> Result<(), CertifyError> {
        let counts = *self.counts();
        desk.put(LIVE, &counts)
    }
}

fn pooled(draw: &Draw<'_>, heard: &Heard) -> Pooled {
    Pooled {
        before: heard.before.clone(),
        lang: Some(heard.language),
        channel: Some(heard.channel.to_string()),
        at: Some(heard.at),
        random: true,
        ..draw.pooled(&heard.conversation, &heard.decision, &heard.text)
    }
}
