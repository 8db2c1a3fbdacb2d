//! `firstline serve`: opens the doors at once, builds what stands behind them, serves until it is told to stop.

use std::sync::Arc;

use super::{Outcome, Terminal, explained, workbench};
use crate::config::Config;
use crate::dispatch::Dispatch;
use crate::encoder::Batcher;
use crate::message::Timestamp;
use crate::release::{Current, check};
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

/// A service with everything behind its doors; `pull` brings a missing model first.
pub(super) async fn start(
    config: Config,
    pull: bool,
    terminal: &Terminal,
) -> anyhow::Result<Service> {
    let running =
        server::open(config.server.clone(), Arc::new(Metrics::new())).await.map_err(explained)?;
    let mut terminal = terminal.clone();
    let built = tokio::task::spawn_blocking(move || {
        behind(&config, pull, &mut terminal).map(|parts| (parts, config))
    });
    let ((current, batcher, shelf), config) = built.await??;
    let triage = Triage::new(Arc::clone(&current), batcher);
    let dispatch =
        Dispatch::new(triage, Some(config.routing), config.dispatch, Box::new(Timestamp::now));
    let parts = Parts {
        dispatch: Arc::new(dispatch),
        current: Arc::clone(&current),
        shelf: Arc::new(shelf),
    };
    running.ready(parts).await;
    Ok(Service { running, current })
}

/// The long part: model, knowledge, bundle, and what the editors' screen shows.
fn behind(
    config: &Config,
    pull: bool,
    terminal: &mut Terminal,
) -> anyhow::Result<(Current, Arc<Batcher>, Shelf)> {
    let batcher = workbench::batcher(config, pull, terminal)?;
    let loaded = workbench::load(config)?;
    let vectors = workbench::vectors(config, &batcher);
    let bundle = workbench::bundle(config, &loaded, (&batcher, &vectors), terminal)?;
    let mut diagnostics = loaded.diagnostics;
    diagnostics.extend(check::check(&bundle, &batcher, &vectors).map_err(explained)?);
    let shelf = Shelf { articles: loaded.articles, diagnostics, tested: true };
    Ok((bundle.into_current(), batcher, shelf))
}
