//! What both ports share: the parts behind the doors once there are any, the phase of the service's life, keys and limits.

use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwap;
use tokio::sync::watch;

use super::auth::Keyring;
use super::error::DoorError;
use super::limit::Gate;
use super::shelf::Shelf;
use crate::dispatch::Dispatch;
use crate::message::Timestamp;
use crate::release::Current;
use crate::telemetry::Metrics;

/// What the doors lead to.
#[derive(Debug)]
pub struct Parts {
    /// Everything around a decision.
    pub dispatch: Arc<Dispatch>,
    /// What decides now.
    pub current: Current,
    /// The knowledge as its editors' screen shows it; swapped whole when its tests were asked.
    pub shelf: Arc<ArcSwap<Shelf>>,
}

/// Where in its life the service is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// The ports are open, the parts are not there yet.
    Starting {
        /// What it waits for.
        waits_for: &'static str,
    },
    /// Messages are decided.
    Serving,
    /// About to stop.
    Draining {
        /// When it stops.
        until: Timestamp,
    },
}

/// The state that every call sees.
#[derive(Debug)]
pub(crate) struct Doors {
    parts: OnceLock<Parts>,
    phase: watch::Sender<Phase>,
    pub(crate) gate: Gate,
    pub(crate) keyring: Keyring,
    pub(crate) metrics: Arc<Metrics>,
}

impl Doors {
    pub(crate) fn new(gate: Gate, keyring: Keyring, metrics: Arc<Metrics>) -> Self {
        let starting = Phase::Starting { waits_for: "the model and the knowledge" };
        Self { parts: OnceLock::new(), phase: watch::Sender::new(starting), gate, keyring, metrics }
    }

    /// The parts, once they are there.
    pub(crate) fn parts(&self) -> Result<&Parts, DoorError> {
        self.parts.get().ok_or(match *self.phase.borrow() {
            Phase::Starting { waits_for } => DoorError::NotReady { waits_for },
            Phase::Serving | Phase::Draining { .. } => DoorError::Draining,
        })
    }

    pub(crate) fn phase(&self) -> watch::Receiver<Phase> {
        self.phase.subscribe()
    }

    /// The parts are there; the first ones stay. A service that drains already does not come back.
    pub(crate) fn open(&self, parts: Parts) {
        if self.parts.set(parts).is_ok() {
            self.phase.send_if_modified(|phase| {
                let starts = matches!(phase, Phase::Starting { .. });
                if starts {
                    *phase = Phase::Serving;
                }
                starts
            });
        }
    }

    pub(crate) fn drain(&self, until: Timestamp) {
        self.phase.send_replace(Phase::Draining { until });
    }
}
