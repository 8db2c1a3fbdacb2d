//! Keeps the gate of a running service: swaps it when the ledger, the bundle or the clock says so, tests a changed bundle in
//! the background, and takes in live messages. Two threads of its own; no message ever waits for either.

use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender, TrySendError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use super::Config;
use super::desk::Desk;
use super::error::CertifyError;
use super::ledger::Ledger;
use super::live::{Heard, Live};
use super::scoring::Pipeline;
use super::standing::{Moment, Need, Standing, standing};
use crate::decision::guarantee::Alarm;
use crate::message::Timestamp;
use crate::release::{Bundle, Current};

/// Live messages that may wait to be pooled; more are not pooled.
const QUEUE: usize = 4_096;
/// How long live messages gather, to be written together.
const GATHER: Duration = Duration::from_millis(100);
/// How often ledger, bundle and clock are looked at.
const LOOK: Duration = Duration::from_secs(1);
/// How often counts are written.
const SAVE: Duration = Duration::from_secs(30);
/// After a renewal that could not be made, the next attempt waits.
const AGAIN: Duration = Duration::from_mins(1);

/// The threads. They end when this value does.
#[derive(Debug)]
pub struct Keeper {
    stop: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
    desk: Arc<Desk>,
    live: Arc<Live>,
    door: Arc<Door>,
}

/// Where bundles come into force.
#[derive(Debug)]
struct Door {
    current: Current,
    /// A bundle with its own gate that was released behind another one, until the thread has seen it. Whoever puts a bundle
    /// in force, or asks which one is, holds this lock.
    released: Mutex<Option<Released>>,
}

#[derive(Debug)]
struct Released {
    base: Arc<Bundle>,
    /// The hash that it has in force.
    hash: String,
}

impl Door {
    fn lock(&self) -> MutexGuard<'_, Option<Released>> {
        // One assignment, whole whatever panicked beside it.
        self.released.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where live messages go in. Never waits.
#[derive(Debug, Clone)]
pub struct Intake(SyncSender<Heard>);

impl Intake {
    /// Takes a copy of a decided message; `false` where there is no room. A sample from which crowds are missing is still
    /// one, but whoever reads it should know.
    pub fn hear(&self, heard: Heard) -> bool {
        match self.0.try_send(heard) {
            Ok(()) | Err(TrySendError::Disconnected(_)) => true,
            Err(TrySendError::Full(_)) => false,
        }
    }
}

impl Keeper {
    /// Sets the gate that the ledger allows, before any message is decided, and keeps it from then on.
    pub fn start(
        desk: Desk,
        current: Current,
        pipeline: Pipeline,
        config: Config,
    ) -> Result<(Self, Intake), CertifyError> {
        let desk = Arc::new(desk);
        let live = Arc::new(Live::open(&desk, config.audit)?);
        let (stop, stopped) = mpsc::sync_channel(1);
        let (intake, heard) = mpsc::sync_channel(QUEUE);
        let door = Arc::new(Door { current, released: Mutex::default() });
        let parts = (Arc::clone(&desk), Arc::clone(&live), Arc::clone(&door));
        let mut watch = Watch::new(parts, pipeline, config)?;
        watch.look();
        let start = |name: &str, run: Box<dyn FnOnce() + Send>| {
            thread::Builder::new().name(name.to_owned()).spawn(run)
        };
        let fault = |error| CertifyError::file(&desk.path(""), error);
        drop(
            start(
                "pooling",
                Box::new({
                    let (desk, live) = (Arc::clone(&desk), Arc::clone(&live));
                    move || pool(&heard, &desk, &live)
                }),
            )
            .map_err(fault)?,
        );
        let thread = start("guarantee", Box::new(move || watch.run(&stopped))).map_err(fault)?;
        let keeper = Self { stop: Some(stop), thread: Some(thread), desk, live, door };
        Ok((keeper, Intake(intake)))
    }

    /// Puts a new bundle in force, from its first message on behind the gate that the ledger allows it.
    pub fn release(&self, bundle: Arc<Bundle>) -> Result<(), CertifyError> {
        let ledger = self.desk.ledger()?;
        let served = self.live.counts().served;
        let moment = Moment { now: Timestamp::now(), served, grace: true };
        let found = standing(&ledger, &bundle, moment);
        let entering = Arc::new(bundle.under(found.gate));
        let mut released = self.door.lock();
        *released = Some(Released { base: bundle, hash: entering.info().hash.clone() });
        self.door.current.store(entering);
        drop(released);
        Ok(())
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap_or_default();
        }
    }
}

/// Takes messages in until nobody is left to send any.
fn pool(heard: &Receiver<Heard>, desk: &Desk, live: &Live) {
    let mut failing = false;
    while let Ok(first) = heard.recv() {
        thread::park_timeout(GATHER);
        let gathered: Vec<Heard> = std::iter::once(first).chain(heard.try_iter()).collect();
        match live.take(desk, &gathered) {
            Ok(()) => failing = false,
            Err(error) if !failing => {
                failing = true;
                tracing::warn!(%error, "live messages are not pooled");
            }
            Err(_) => {}
        }
    }
}

/// What the guarantee's thread knows.
struct Watch {
    desk: Arc<Desk>,
    door: Arc<Door>,
    pipeline: Pipeline,
    live: Arc<Live>,
    config: Config,
    /// The bundle with its own, provisional gate.
    base: Arc<Bundle>,
    /// Its hash as it was swapped in by us; another one in force is a release.
    ours: String,
    ledger: Ledger,
    written: Option<SystemTime>,
    stale_since: Option<Instant>,
    not_before: Option<Instant>,
    /// Rung, and not yet in the ledger.
    alarm: Option<Alarm>,
    saved: Instant,
}

impl Watch {
    fn new(
        (desk, live, door): (Arc<Desk>, Arc<Live>, Arc<Door>),
        pipeline: Pipeline,
        config: Config,
    ) -> Result<Self, CertifyError> {
        let base = door.current.load_full();
        let (written, ledger) = (desk.written(), desk.ledger()?);
        Ok(Self {
            desk,
            pipeline,
            live,
            config,
            ours: base.info().hash.clone(),
            base,
            door,
            ledger,
            written,
            stale_since: None,
            not_before: None,
            alarm: None,
            saved: Instant::now(),
        })
    }

    fn run(mut self, stopped: &Receiver<()>) {
        while stopped.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
            if let Err(error) = self.turn() {
                tracing::warn!(%error, "the calibration could not be looked after");
                self.not_before = Some(Instant::now() + AGAIN);
            }
        }
        self.live
            .save(&self.desk)
            .unwrap_or_else(|error| tracing::warn!(%error, "counts are not saved"));
    }

    fn turn(&mut self) -> Result<(), CertifyError> {
        self.read_again()?;
        self.drift()?;
        let need = self.look();
        let may = self.not_before.is_none_or(|at| Instant::now() >= at);
        if need == Need::Renewal && may {
            self.renew()?;
        }
        if self.saved.elapsed() >= SAVE {
            self.saved = Instant::now();
            self.live.save(&self.desk)?;
        }
        Ok(())
    }

    /// The ledger, if somebody wrote it.
    fn read_again(&mut self) -> Result<(), CertifyError> {
        let written = self.desk.written();
        if written != self.written {
            // Before it is read: a broken one is told of once, and the last good one stays.
            (self.written, self.not_before) = (written, None);
            self.ledger = self.desk.ledger()?;
        }
        Ok(())
    }

    /// Brings the gate in force up to date.
    fn look(&mut self) -> Need {
        self.meet();
        let granted = self.ledger.granted.as_ref();
        self.live.begin(granted.map_or(0, |granted| granted.epoch.number));
        let served = self.live.counts().served;
        let moment = |grace| Moment { now: Timestamp::now(), served, grace };
        let mut found = standing(&self.ledger, &self.base, moment(true));
        if found.need == Need::Nothing {
            self.stale_since = None;
        } else {
            let since = *self.stale_since.get_or_insert_with(Instant::now);
            if since.elapsed() >= self.config.grace {
                found = standing(&self.ledger, &self.base, moment(false));
            }
        }
        self.swap(&found);
        found.need
    }

    /// Finds out about a release.
    fn meet(&mut self) {
        let mut released = self.door.lock();
        let base = match released.take() {
            Some(Released { base, hash }) => {
                self.ours = hash;
                base
            }
            None => self.door.current.load_full(),
        };
        if base.info().base != self.base.info().base {
            (self.base, self.stale_since, self.not_before) = (base, None, None);
        }
    }

    fn swap(&mut self, found: &Standing) {
        let now = self.door.current.load();
        if *now.gate() == found.gate && now.info().hash == self.ours {
            return;
        }
        let bundle = self.base.under(found.gate.clone());
        self.ours.clone_from(&bundle.info().hash);
        tracing::info!(state = ?found.gate.state, bundle = %self.ours, "the guarantee in force");
        // A release in this very moment stays; the next look finds it.
        self.door.current.compare_and_swap(&now, Arc::new(bundle));
    }

    fn renew(&mut self) -> Result<(), CertifyError> {
        let parts = (&self.base, &self.pipeline);
        match self.desk.renew(None, parts, Timestamp::now()) {
            Ok(renewed) => tracing::info!(?renewed, "renewal"),
            // Edits are tested in batches, and an operator at work comes first.
            Err(CertifyError::TooSoon | CertifyError::Busy { .. }) => {
                self.not_before = Some(Instant::now() + AGAIN);
            }
            Err(error) => return Err(error),
        }
        self.read_again()?;
        self.look();
        Ok(())
    }

    /// Compares a full window with the certify sample.
    fn drift(&mut self) -> Result<(), CertifyError> {
        if let (Some(granted), Some(window)) = (&self.ledger.granted, self.live.full_window()) {
            self.alarm = self.alarm.or(granted.reference.alarm(&window));
        }
        let Some(alarm) = self.alarm else { return Ok(()) };
        let lock = self.desk.lock()?;
        let mut ledger = self.desk.ledger()?;
        ledger.alarm = ledger.alarm.or(Some(alarm));
        self.alarm = None;
        self.desk.save(&lock, &ledger)?;
        self.read_again()
    }
}
