//! Pooled messages through the pipeline that serves: what would be answered, with which text, at which score. Vectors of
//! certify messages stay in memory.

use std::collections::BTreeMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use sha2::{Digest, Sha256};

use super::error::CertifyError;
use super::pool::Pooled;
use crate::decision::Evidence;
use crate::decision::calibration::Calibration;
use crate::decision::evidence::Sighting;
use crate::decision::guarantee::Slice;
use crate::decision::policy::{self, Gate, answers};
use crate::encoder::Batcher;
use crate::knowledge::article::Article;
use crate::message::{ArticleId, Channel, Language, Risk};
use crate::release::{Bundle, VectorCache};
use crate::seal::hex;
use crate::triage::{Triage, Turn};

/// The pipeline as certification asks it: a bundle, the encoder, and vectors that end with the process.
#[derive(Debug)]
pub struct Pipeline {
    batcher: Arc<Batcher>,
    vectors: VectorCache,
    channel: Channel,
}

/// A message as the pipeline sees it.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) message: Pooled,
    pub(super) evidence: Evidence,
}

/// An answer that a gate would give to a message.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Would {
    /// The least sure part's probability.
    pub(super) score: f64,
    /// The certificate that it falls under: the whole's or a risk's.
    pub(super) under: Slice,
    pub(super) language: Language,
    /// The articles, each with the hash of its text.
    pub(super) texts: Vec<(ArticleId, String)>,
}

impl Would {
    /// What a verdict is about: exactly these texts.
    pub(super) fn key(&self) -> String {
        let parts: Vec<String> =
            self.texts.iter().map(|(id, hash)| format!("{id}@{hash}")).collect();
        parts.join("+")
    }
}

impl Pipeline {
    /// A pipeline over the encoder. Messages without a channel count as this one's.
    pub fn new(batcher: Arc<Batcher>, channel: Channel) -> Self {
        let vectors = VectorCache::in_memory(batcher.model());
        Self { batcher, vectors, channel }
    }

    /// Reads messages with a bundle.
    pub(super) fn see(
        &self,
        bundle: &Arc<Bundle>,
        messages: Vec<Pooled>,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<Vec<Seen>, CertifyError> {
        let current = Arc::new(ArcSwap::from(Arc::clone(bundle)));
        let triage = Triage::new(current, Arc::clone(&self.batcher));
        let turns: Vec<Turn> = messages.iter().map(|m| m.turn(&self.channel)).collect();
        let decisions = triage.decide_all(&turns, &self.vectors, progress)?;
        let both = messages.into_iter().zip(decisions);
        Ok(both.map(|(message, d)| Seen { message, evidence: d.evidence }).collect())
    }
}

/// A bundle with the calibrator that is certified, and the risks that are certified apart.
#[derive(Debug, Clone)]
pub(super) struct Ground {
    pub(super) bundle: Arc<Bundle>,
    pub(super) calibration: Calibration,
    pub(super) slices: Vec<Slice>,
}

impl Ground {
    fn gate(&self, at: f64) -> Gate {
        let risks: Vec<Risk> = self.slices.iter().copied().filter_map(risk).collect();
        let gate = Gate { calibration: self.calibration, ..self.bundle.gate().clone() };
        gate.opened(at, &risks)
    }

    /// What would be answered if the threshold were `at`, exactly as the policy decides there.
    pub(super) fn would(&self, seen: &Seen, at: f64) -> Option<Would> {
        let config = policy::Config { scope: 0.0, ..self.bundle.policy().clone() };
        let answers = answers(&seen.evidence, &self.gate(at), &config).ok()?;
        let score = answers.iter().map(|answer| answer.probability.get()).fold(1.0, f64::min);
        let sightings = answers.iter().map(|answer| answer.sighting);
        let under = sightings.clone().map(|s| self.under(s.risk)).next().unwrap_or(Slice::Whole);
        let language = seen.evidence.situation.language;
        Some(Would { score, under, language, texts: self.texts(sightings) })
    }

    /// What is answered where each certificate has its own threshold.
    pub(super) fn answered(&self, seen: &Seen, at: &dyn Fn(Slice) -> f64) -> Option<Would> {
        let open = self.would(seen, 0.0)?;
        self.would(seen, at(open.under))
    }

    fn under(&self, risk: Risk) -> Slice {
        if self.bundle.policy().needs_own(risk) { Slice::Risk(risk) } else { Slice::Whole }
    }

    fn texts<'s>(&self, sightings: impl Iterator<Item = &'s Sighting>) -> Vec<(ArticleId, String)> {
        let library = self.bundle.library();
        let text = |s: &Sighting| library.article(&s.article).map(|a| (a.id.clone(), text_hash(a)));
        sightings.filter_map(text).collect()
    }

    /// The texts that would answer, for a labeller to read.
    pub(super) fn words(&self, would: &Would) -> String {
        let library = self.bundle.library();
        let texts = would.texts.iter().filter_map(|(id, _)| library.article(id));
        let texts: Vec<String> =
            texts.map(|article| crate::knowledge::to_plain(&article.answer)).collect();
        texts.join("\n\n")
    }

    /// P(right) of the best candidate, 0 where there is none.
    pub(super) fn score(&self, seen: &Seen) -> f64 {
        let best = seen.evidence.whole.sightings.first();
        best.map_or(0.0, |best| self.calibration.probability(&best.readings).get())
    }

    /// What every certify message would get, at one threshold: equal for bundles that decide all of them alike.
    pub(super) fn decided(&self, seen: &[Seen], at: &dyn Fn(Slice) -> f64) -> String {
        let line = |seen: &Seen| {
            let would = self.answered(seen, at);
            format!("{} {}", seen.message.id, would.map_or_else(String::new, |w| w.key()))
        };
        digest(seen.iter().map(line))
    }
}

fn risk(slice: Slice) -> Option<Risk> {
    match slice {
        Slice::Risk(risk) => Some(risk),
        Slice::Whole | Slice::Language(_) => None,
    }
}

/// The hash of what a customer would read, 16 hexadecimal digits.
pub(super) fn text_hash(article: &Article) -> String {
    hex(Sha256::digest(&article.answer).get(..8).unwrap_or_default())
}

/// Article → what is sent of it, and when.
pub(super) fn texts(bundle: &Bundle) -> BTreeMap<ArticleId, String> {
    let day = |day: Option<jiff::civil::Date>| day.map(|day| day.to_string()).unwrap_or_default();
    let whole = |article: &Article| {
        let sections = article.sections.iter().map(|s| format!("{}\0{}", s.heading, s.markdown));
        let facts = [
            article.answer.clone(),
            day(article.valid_from),
            day(article.valid_until),
            format!("{:?} {:?} {:?}", article.handling, article.risk, article.channels),
        ];
        let hash = digest(facts.into_iter().chain(sections));
        (article.id.clone(), hash.chars().take(16).collect())
    };
    bundle.library().articles().iter().map(whole).collect()
}

/// SHA-256 over lines, as hexadecimal digits.
pub(super) fn digest(lines: impl IntoIterator<Item = String>) -> String {
    let mut hash = Sha256::new();
    for line in lines {
        hash.update((line.len() as u64).to_le_bytes());
        hash.update(line.as_bytes());
    }
    hex(&hash.finalize())
}
