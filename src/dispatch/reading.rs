//! The one place where `dispatch` meets `triage`: a turn goes in, what triage made of it comes out. Everything else here
//! knows only this shape, and tests put a function of their own in its place.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::oneshot;

use crate::decision::Decision;
use crate::error::Problem;
use crate::knowledge::Phrases;
use crate::release::{Bundle, BundleInfo};
use crate::triage::{Timings, Triage, TriageError, Triaged, Turn};

/// Whether anybody still wants the reading; asked by whoever would spend work on it.
pub(super) type Wanted = Box<dyn Fn() -> bool + Send + Sync>;

/// What comes of a turn, when it is read.
pub(super) type Read = Pin<Box<dyn Future<Output = Result<Reading, Problem>> + Send>>;

/// Reads turns.
pub(super) type Reader = Box<dyn Fn(Turn, Wanted) -> Read + Send + Sync>;

/// What triage made of a turn.
pub(super) struct Reading {
    /// The decision.
    pub(super) decision: Decision,
    /// The phrases of the bundle that decided.
    pub(super) phrases: Arc<dyn AsRef<Phrases> + Send + Sync>,
    /// Which bundle that was.
    pub(super) bundle: Arc<BundleInfo>,
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
    Box::new(move |turn, wanted| {
        let triage = triage.clone();
        Box::pin(
            async move { read(&triage, turn, wanted).await.map_err(|error| Problem::from(&error)) },
        )
    })
}

async fn read(triage: &Triage, turn: Turn, wanted: Wanted) -> Result<Reading, TriageError> {
    let (answer, answered) = oneshot::channel();
    // A send fails only when nobody waits any more.
    triage.submit(turn, wanted, move |outcome| drop(answer.send(outcome)))?;
    let Triaged { decision, bundle, timings } =
        answered.await.map_err(|_| TriageError::Dropped)??;
    let info = Arc::clone(bundle.info());
    Ok(Reading { decision, phrases: Arc::new(Speaker(bundle)), bundle: info, timings })
}
