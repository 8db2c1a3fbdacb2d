//! Articles → [`Bundle`]: embed, index, fit, learn, hash. The same source, model and policy give the same bundle, to the
//! last bit of its hash, on one kind of processor.

use std::collections::HashMap;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::examples::{self, Examples, Sides};
use super::kept::{Kept, Key};
use super::lessons::{Learned, School};
use super::outside::Outside;
use super::readers::{Readers, Training};
use super::{Bundle, BundleInfo, ReleaseError, VectorCache};
use crate::decision::Calibration;
use crate::decision::policy::{self, Gate};
use crate::encoder::{Batcher, Embedding, Model, Role};
use crate::knowledge::article::Article;
use crate::knowledge::{Library, Phrases};

/// What a bundle is built from.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    /// The articles to serve: those that are valid today, without drafts.
    pub articles: Vec<Article>,
    /// The system's own texts.
    pub phrases: Phrases,
    /// What the operator decided.
    pub policy: policy::Config,
    /// Messages that are known to be answered by none of the articles: a class of their own for the classifier.
    pub outside: Vec<String>,
}

/// How far a build is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Texts encoded, of those that no cache knew.
    Encode {
        /// So many are done.
        done: usize,
        /// Of so many.
        of: usize,
    },
    /// The readers are fitted; not told where they were kept.
    Fit,
    /// Mix and gate are learned; not told where they were kept.
    Learn,
}

impl Bundle {
    /// Builds a bundle. `progress` is told before each step; encoding is the long one.
    pub fn build(
        source: Source,
        batcher: &Batcher,
        vectors: &VectorCache,
        progress: &mut dyn FnMut(Step),
    ) -> Result<Self, ReleaseError> {
        let mut embed = |texts: &[(String, Role)]| {
            vectors.embed(texts, batcher, &mut |done, of| progress(Step::Encode { done, of }))
        };
        let library = Library::build(source.articles, source.phrases, &mut embed)?;
        let texts = examples::texts();
        let asked: Vec<(String, Role)> =
            texts.iter().map(|text| ((*text).to_owned(), Role::Query)).collect();
        let known: HashMap<&'static str, Embedding> =
            texts.into_iter().zip(embed(&asked)?).collect();
        let outside = Outside::embed(source.outside, &mut embed)?;
        let (kept, target) = (Kept(vectors.folder()), source.policy.target);
        let key = Key::new(&batcher.model().hash, &outside.revision(&library), target);
        let fitted = if let Some((readers, sides, learned)) = kept.find(key) {
            Fitted {
                readers,
                examples: Examples::new(&known, outside, (sides, library.scripts())),
                learned,
            }
        } else {
            let fitted = Fitted::fit(&library, (&known, outside), target, progress)?;
            kept.keep(key, &(&fitted.readers, fitted.examples.sides(), &fitted.learned));
            fitted
        };
        let Fitted { readers, examples, learned } = fitted;
        let info = info(batcher.model(), &library, (&readers, &examples, &learned), &source.policy);
        let Learned { fusion, gate } = learned;
        Ok(Self {
            library: Arc::new(library),
            readers: Arc::new(readers),
            examples: Arc::new(examples),
            fusion,
            gate,
            policy: source.policy,
            info: info.into(),
        })
    }
}

/// All that is fitted and not just built.
struct Fitted {
    readers: Readers,
    examples: Examples,
    learned: Learned,
}

impl Fitted {
    fn fit(
        library: &Library,
        (known, outside): (&HashMap<&'static str, Embedding>, Outside),
        target: f64,
        progress: &mut dyn FnMut(Step),
    ) -> Result<Self, ReleaseError> {
        progress(Step::Fit);
        let training = Training::of(library, &outside.vectors);
        let readers = training.fit(library)?;
        let examples =
            Examples::new(known, outside, (Sides::fit(known, library)?, library.scripts()));
        progress(Step::Learn);
        let school =
            School { library, training: &training, readers: &readers, examples: &examples };
        let learned = school.learn(target)?;
        Ok(Self { readers, examples, learned })
    }
}

fn info(
    model: &Model,
    library: &Library,
    (readers, examples, learned): (&Readers, &Examples, &Learned),
    policy: &policy::Config,
) -> BundleInfo {
    let mut head = Sha256::new();
    let bytes = readers.head.bytes().chain(readers.likeness.bytes()).chain(examples.bytes());
    let bytes = bytes.chain(learned.fusion.bytes());
    // Many small updates are slow, one large buffer is not.
    head.update(bytes.collect::<Vec<u8>>());
    let head = hex(&head.finalize());
    let policy = hex(&Sha256::digest(format!("{policy:?}")));
    let knowledge_revision = library.revision().to_owned();
    let parts = [model.hash.as_str(), RULES, &head, &knowledge_revision, &policy].join("\n");
    let base = hex(&Sha256::digest(parts));
    let short: String = model.hash.chars().take(12).collect();
    BundleInfo {
        hash: whole(&base, &learned.gate),
        model: format!("{}@{short}", model.name),
        head,
        knowledge_revision,
        policy,
        base,
    }
}

/// The code that decides: detector, windows, lexicon, policy, readers (see `build.rs`).
const RULES: &str = env!("FIRSTLINE_RULES");

/// Everything but the thresholds.
pub(super) fn frozen(base: &str, calibration: &Calibration) -> String {
    let bytes: Vec<u8> = base.bytes().chain(calibration.bytes()).collect();
    hex(&Sha256::digest(bytes))
}

/// Everything.
pub(super) fn whole(base: &str, gate: &Gate) -> String {
    let bytes: Vec<u8> = base.bytes().chain(gate.bytes()).collect();
    hex(&Sha256::digest(bytes))
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        for nibble in [byte >> 4, byte & 15] {
            text.extend(char::from_digit(u32::from(nibble), 16));
        }
        text
    })
}
