//! `firstline serve`: opens the doors at once, builds what stands behind them, serves until it is told to stop.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;

use super::{Outcome, Terminal, explained, workbench};
use crate::certify::{self, Desk, Heard, Keeper, Pipeline};
use crate::config::Config;
use crate::decision::evidence::Input;
use crate::decision::policy::Gate;
use crate::decision::{self, Action, GuaranteeState, Part, Reason};
use crate::dispatch::{self, Dispatch};
use crate::encoder::Batcher;
use crate::error::Classify as _;
use crate::journal::{self, Journal};
use crate::message::{Mode, Timestamp};
use crate::release::{Bundle, Current, VectorCache, check};
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

/// The runtime of the doors. Encoding has a thread of its own on every core, and what the doors do is a tenth of its work:
/// more threads than this would only wake each other, and take the processor from a text that is being encoded.
pub(super) fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let doors = cores.div_ceil(4);
    Ok(tokio::runtime::Builder::new_multi_thread().worker_threads(doors).enable_all().build()?)
}

/// A service that runs in this process.
#[derive(Debug)]
pub(super) struct Service {
    pub(super) running: Running,
    /// What decides now.
    pub(super) current: Current,
    /// Keeps the guarantee while this lives.
    _keeper: Option<Keeper>,
}

/// Starts what keeps the guarantee. A calibration that cannot be read vouches for nothing: nothing is answered.
fn keep(
    desk: Desk,
    (parts, pipeline): (&Parts, Pipeline),
    (config, metrics): (certify::Config, Arc<Metrics>),
) -> Option<Keeper> {
    match Keeper::start(desk, Arc::clone(&parts.current), pipeline, config) {
        Ok((keeper, intake)) => {
            let current = Arc::clone(&parts.current);
            parts.dispatch.listen(Box::new(move |outcome, read| {
                if outcome.decision.evidence.situation.input != Input::Chosen {
                    let taken = intake.hear(heard(outcome, read, &current.load()));
                    metrics.pooled(taken);
                }
            }));
            Some(keeper)
        }
        Err(error) => {
            tracing::error!(%error, remedy = %error.remedy(), "the calibration cannot be kept");
            let base = parts.current.load_full();
            let gate = Gate { state: GuaranteeState::None, ..base.gate().clone() };
            parts.current.store(Arc::new(base.under(gate)));
            None
        }
    }
}

/// What is kept of a decision for pools, drift and audit.
fn heard(outcome: &dispatch::Outcome, read: dispatch::Read<'_>, bundle: &Bundle) -> Heard {
    let decision = &outcome.decision;
    let by_gate = |part: &Part| match part.outcome {
        decision::Outcome::Answer(_) => part.reason == Reason::GatePassed,
        decision::Outcome::SmallTalk(_) | decision::Outcome::Nothing => true,
        decision::Outcome::Clarify(_) | decision::Outcome::Route(_) => false,
    };
    let answer = |part: &Part| matches!(part.outcome, decision::Outcome::Answer(_));
    let by_article = decision.parts.iter().any(answer);
    let best = decision.parts.iter().filter_map(|part| part.explanation.candidates.first());
    let said: Vec<&str> = outcome.say.iter().map(|said| said.text.as_str()).collect();
    Heard {
        conversation: outcome.conversation_id.to_string(),
        decision: outcome.decision_id.to_string(),
        text: read.text.to_owned(),
        before: read.before.map(str::to_owned),
        language: decision.language,
        channel: read.channel.clone(),
        at: outcome.decided_at,
        counts: decision.mode != Mode::Off && bundle.gate().state == GuaranteeState::Certified,
        answered: by_article && decision.parts.iter().all(by_gate),
        sent: decision.action == Action::Answer,
        score: best.map(|best| best.probability.get()).reduce(f64::min).unwrap_or_default(),
        answer: said.join("\n\n"),
        scope: bundle.policy().scope,
    }
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
    // Before the long part: a wrong key or a folder in use is said at once.
    let (journal, desk) = stored(&config, terminal)?;
    let mut terminal = terminal.clone();
    let built = tokio::task::spawn_blocking(move || {
        behind(&config, pull, &mut terminal).map(|behind| (behind, config))
    });
    let (behind, config) = built.await??;
    let triage = Triage::new(Arc::clone(&behind.current), Arc::clone(&behind.batcher));
    let clock: dispatch::Clock = Box::new(Timestamp::now);
    let dispatch = match journal {
        None => Dispatch::new(triage, Some(config.routing), config.dispatch, clock),
        Some((journal, every)) => {
            let (desk, how) = (Some(config.routing), (config.dispatch, clock));
            Dispatch::durable(triage, desk, how, (journal, every)).map_err(explained)?
        }
    };
    let parts = Parts {
        dispatch: Arc::new(dispatch),
        current: Arc::clone(&behind.current),
        shelf: Arc::clone(&behind.shelf),
    };
    let keeper = config.certify.zip(desk).and_then(|(certify, desk)| {
        let channel = parts.dispatch.channels().next()?.clone();
        let pipeline = Pipeline::new(Arc::clone(&behind.batcher), channel);
        let metrics = Arc::clone(running.metrics());
        keep(desk, (&parts, pipeline), (certify, metrics))
    });
    running.ready(parts).await;
    let current = Arc::clone(&behind.current);
    // Nobody waits for it: what it finds is shown when it is there.
    drop(tokio::task::spawn_blocking(move || behind.test_the_knowledge()));
    Ok(Service { running, current, _keeper: keeper })
}

/// The journal and how often the state is kept in it.
type Kept = (Arc<Journal>, Duration);

/// The journal and the calibration, with one set of keys; neither where neither is
/// wanted.
fn stored(config: &Config, terminal: &Terminal) -> anyhow::Result<(Option<Kept>, Option<Desk>)> {
    if config.journal.is_none() && config.certify.is_none() {
        return Ok((None, None));
    }
    let keyring = workbench::keyring(&config.storage)?;
    let desk = Desk::with(&config.storage, &keyring);
    workbench::tell_of_key(&desk, &mut terminal.clone());
    let open = |config: &Config, journal: journal::Config| {
        Journal::open(&config.storage, keyring, journal).map_err(explained)
    };
    let journal = match config.journal {
        None => None,
        Some(journal) => Some((Arc::new(open(config, journal)?), journal.snapshot)),
    };
    Ok((journal, Some(desk)))
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
