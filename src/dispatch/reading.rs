//! The one place where `dispatch` meets `triage`: a turn goes in, what triage made of it comes out; and what the bundle in
//! force has to say where nobody reads. Everything else here knows only these shapes, and tests put functions of their own
//! in their place.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::oneshot;

use crate::decision::{Answer, Decision};
use crate::error::Problem;
use crate::knowledge::Phrases;
use crate::message::{ArticleId, Language, Probability};
use crate::release::{Bundle, BundleInfo};
use crate::triage::{Timings, Triage, TriageError, Triaged, Turn, suggestions};

/// Whether anybody still wants the reading; asked by whoever would spend work on it.
pub(super) type Wanted = Box<dyn Fn() -> bool + Send + Sync>;

/// What comes of a turn, when it is read.
pub(super) type Read = Pin<Box<dyn Future<Output = Result<Reading, Problem>> + Send>>;

/// Phrases that somebody lends.
pub(super) type Lent = Arc<dyn AsRef<Phrases> + Send + Sync>;

/// Candidates of a decision, best first.
pub(super) type Candidates = [(ArticleId, Probability)];

/// Candidates and a reader's language → what may be used of them.
pub(super) type Suggest = dyn Fn(&Candidates, Language) -> Vec<Answer> + Send + Sync;

/// What reads turns, and what knows the texts of the bundle in force.
pub(super) struct Reader {
    /// Reads a turn.
    pub(super) read: Box<dyn Fn(Turn, Wanted) -> Read + Send + Sync>,
    /// The bundle in force, its name and its phrases.
    pub(super) bundle: Box<dyn Fn() -> (Arc<BundleInfo>, Lent) + Send + Sync>,
    /// What an agent may use of the candidates of a decision.
    pub(super) suggest: Box<Suggest>,
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").finish_non_exhaustive()
    }
}

/// What triage made of a turn.
pub(super) struct Reading {
    /// The decision.
    pub(super) decision: Decision,
    /// The phrases of the bundle that decided.
    pub(super) phrases: Lent,
    /// Which bundle that was.
    pub(super) bundle: Arc<BundleInfo>,
    /// The bundle itself, for whoever writes down what it decided by.
    pub(super) released: Option<Arc<Bundle>>,
    /// What it cost.
    pub(super) timings: Timings,
}

/// A bundle that lends its phrases.
struct Speaker(Arc<Bundle>);

impl AsRef<Phrases> for Speaker {
    fn as_ref(&self) -> &Phrases {
        self.0.library().phrases()
    }
}

/// The reader that asks triage.
pub(super) fn reader(triage: Triage) -> Reader {
    let (names, texts) = (triage.clone(), triage.clone());
    Reader {
        read: Box::new(move |turn, wanted| {
            let triage = triage.clone();
            let read = async move { read(&triage, turn, wanted).await };
            Box::pin(async move { read.await.map_err(|error| Problem::from(&error)) })
        }),
        bundle: Box::new(move || {
            let bundle = names.bundle();
            (Arc::clone(bundle.info()), Arc::new(Speaker(bundle)))
        }),
        suggest: Box::new(move |candidates, language| {
            suggestions(&texts.bundle(), candidates, language)
        }),
    }
}

async fn read(triage: &Triage, turn: Turn, wanted: Wanted) -> Result<Reading, TriageError> {
    let (answer, answered) = oneshot::channel();
    // A send fails only when nobody waits any more.
    triage.submit(turn, wanted, move |outcome| drop(answer.send(outcome)))?;
    let Triaged { decision, bundle, timings } =
        answered.await.map_err(|_| TriageError::Dropped)??;
    let info = Arc::clone(bundle.info());
    let (released, phrases) = (Some(Arc::clone(&bundle)), Arc::new(Speaker(bundle)));
    Ok(Reading { decision, phrases, bundle: info, released, timings })
}
