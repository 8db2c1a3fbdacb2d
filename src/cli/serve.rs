//! `firstline serve`: opens the doors at once, builds what stands behind them, serves until it is told to stop.

use std::sync::Arc;

use arc_swap::ArcSwap;

use super::{Outcome, Terminal, explained, workbench};
use crate::config::Config;
use crate::dispatch::Dispatch;
use crate::encoder::Batcher;
use crate::message::Timestamp;
use crate::release::{Current, VectorCache, check};
use crate::server::{self, Parts, Running, Shelf};
use crate::telemetry::{self, Metrics};
use crate::triage::Triage;

pub(super) fn run(config: Config, terminal: &mut Terminal) -> anyhow::Result<Outcome> {
    telemetry::init(&config.telemetry).map_err(explained)?;
    runtime()?.block_on(async {
        let service = start(config, false, terminal).await?;
        server::signal().await?;
        service.running.shutdown().await;
        Ok(Outcome::Done)
    })
}

/// The runtime of the doors. Encoding has threads of its own.
pub(super) fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}

/// A service that runs in this process.
#[derive(Debug)]
pub(super) struct Service {
    pub(super) running: Running,
    /// What decides now.
    pub(super) current: Current,
}

/// A service with everything behind its doors; `pull` brings a missing model first. The knowledge is tested when the
/// service is ready, since no answer waits for that.
pub(super) async fn start(
    config: Config,
    pull: bool,
    terminal: &Terminal,
) -> anyhow::Result<Service> {
    let running =
        server::open(config.server.clone(), Arc::new(Metrics::new())).await.map_err(explained)?;
    let mut terminal = terminal.clone();
    let built = tokio::task::spawn_blocking(move || {
        behind(&config, pull, &mut terminal).map(|behind| (behind, config))
    });
    let (behind, config) = built.await??;
    let triage = Triage::new(Arc::clone(&behind.current), Arc::clone(&behind.batcher));
    let dispatch =
        Dispatch::new(triage, Some(config.routing), config.dispatch, Box::new(Timestamp::now));
    let parts = Parts {
        dispatch: Arc::new(dispatch),
        current: Arc::clone(&behind.current),
        shelf: Arc::clone(&behind.shelf),
    };
    running.ready(parts).await;
    let current = Arc::clone(&behind.current);
    // Nobody waits for it: what it finds is shown when it is there.
    drop(tokio::task::spawn_blocking(move || behind.test_the_knowledge()));
    Ok(Service { running, current })
}

/// What stands behind the doors.
struct Behind {
    current: Current,
    batcher: Arc<Batcher>,
    vectors: VectorCache,
    shelf: Arc<ArcSwap<Shelf>>,
}

/// The long part: model, knowledge, bundle, and what the editors' screen shows.
fn behind(config: &Config, pull: bool, terminal: &mut Terminal) -> anyhow::Result<Behind> {
    let batcher = workbench::batcher(config, pull, terminal)?;
    let loaded = workbench::load(config)?;
    let vectors = workbench::vectors(config, &batcher);
    let bundle = workbench::bundle(config, &loaded, (&batcher, &vectors), terminal)?;
    let shelf = Shelf::untested(loaded.articles, loaded.diagnostics);
    let shelf = Arc::new(ArcSwap::from_pointee(shelf));
    Ok(Behind { current: bundle.into_current(), batcher, vectors, shelf })
}

impl Behind {
    /// Runs the rules that need a model, and puts what they find on the editors' screen.
    fn test_the_knowledge(&self) {
        match check::check(&self.current.load(), &self.batcher, &self.vectors) {
            Ok(found) => self.shelf.store(Arc::new(self.shelf.load().tested(found))),
            Err(error) => tracing::warn!(%error, "the articles' own tests could not be asked"),
        }
    }
}
