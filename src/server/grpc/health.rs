//! gRPC health: what load balancers read. Not serving until the parts are there, and again before anything else stops.

use tonic::server::NamedService as _;
use tonic_health::ServingStatus;
use tonic_health::pb::health_server::HealthServer;
use tonic_health::server::{HealthReporter, HealthService};

use super::Door;
use crate::proto::v1::desk_service_server::DeskServiceServer;
use crate::proto::v1::triage_service_server::TriageServiceServer;

/// The whole server, then each service.
const NAMES: [&str; 3] = ["", TriageServiceServer::<Door>::NAME, DeskServiceServer::<Door>::NAME];

/// The health of every service; they rise and fall together.
#[derive(Debug, Clone)]
pub(crate) struct Health(HealthReporter);

impl Health {
    /// Known, and not serving yet.
    pub(crate) async fn starting() -> Self {
        let health = Self(HealthReporter::new());
        health.set(ServingStatus::NotServing).await;
        health
    }

    pub(super) fn service(&self) -> HealthServer<HealthService> {
        HealthServer::new(HealthService::from_health_reporter(self.0.clone()))
    }

    pub(crate) async fn serving(&self) {
        self.set(ServingStatus::Serving).await;
    }

    pub(crate) async fn draining(&self) {
        self.set(ServingStatus::NotServing).await;
    }

    /// Ends the streams of those who watch: they were told, and would keep their connections open for ever.
    pub(crate) async fn close(&mut self) {
        for name in NAMES {
            self.0.clear_service_status(name).await;
        }
    }

    async fn set(&self, status: ServingStatus) {
        for name in NAMES {
            self.0.set_service_status(name, status).await;
        }
    }
}
