//! The gRPC services: each method takes a call apart and hands it to the one place that both transports share.

mod converse;
mod health;
mod watch;
mod work;

use std::sync::Arc;

use tonic::service::Routes;
use tonic::{Request, Response, Status, Streaming};

use super::calls::{Call, admitted};
use super::doors::Doors;
use super::limit::MAX_BODY;
use super::status::Refusal;
use crate::proto::v1::desk_service_server::{DeskService, DeskServiceServer};
use crate::proto::v1::triage_service_server::{TriageService, TriageServiceServer};
use crate::proto::{DESCRIPTORS, v1};

pub(super) use health::Health;

/// Every service that the public port serves.
pub(super) fn routes(
    doors: &Arc<Doors>,
    health: &Health,
) -> Result<Routes, tonic_reflection::server::Error> {
    let door = Door(Arc::clone(doors));
    let mut routes = Routes::builder();
    routes
        .add_service(TriageServiceServer::new(door.clone()).max_decoding_message_size(MAX_BODY))
        .add_service(DeskServiceServer::new(door).max_decoding_message_size(MAX_BODY))
        .add_service(health.service())
        .add_service(reflection().build_v1()?)
        .add_service(reflection().build_v1alpha()?);
    Ok(routes.routes())
}

fn reflection() -> tonic_reflection::server::Builder<'static> {
    tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(DESCRIPTORS)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
}

/// The doors as the generated services see them.
#[derive(Debug, Clone)]
struct Door(Arc<Doors>);

fn apart<T>(request: Request<T>) -> Result<(Call, T), Status> {
    let call = admitted(request.extensions()).map_err(|error| Refusal::from(error).to_status())?;
    Ok((call, request.into_inner()))
}

fn reply<T>(result: Result<T, Refusal>) -> Result<Response<T>, Status> {
    result.map(Response::new).map_err(|refusal| refusal.to_status())
}

#[tonic::async_trait]
impl TriageService for Door {
    type ConverseStream = converse::Replies;

    async fn handle(
        &self,
        request: Request<v1::HandleRequest>,
    ) -> Result<Response<v1::HandleResponse>, Status> {
        let (call, request) = apart(request)?;
        reply(self.0.handle(&call, request).await)
    }

    async fn converse(
        &self,
        request: Request<Streaming<v1::ConverseRequest>>,
    ) -> Result<Response<Self::ConverseStream>, Status> {
        let (call, frames) = apart(request)?;
        reply(converse::open(&self.0, call, frames))
    }

    async fn send_event(
        &self,
        request: Request<v1::SendEventRequest>,
    ) -> Result<Response<v1::SendEventResponse>, Status> {
        let (call, request) = apart(request)?;
        reply(self.0.send_event(&call, request).await)
    }

    async fn get_conversation(
        &self,
        request: Request<v1::GetConversationRequest>,
    ) -> Result<Response<v1::GetConversationResponse>, Status> {
        let (call, request) = apart(request)?;
        reply(self.0.get_conversation(&call, &request))
    }

    async fn record_feedback(
        &self,
        request: Request<v1::RecordFeedbackRequest>,
    ) -> Result<Response<v1::RecordFeedbackResponse>, Status> {
        let (call, request) = apart(request)?;
        reply(self.0.record_feedback(&call, request).await)
    }
}

#[tonic::async_trait]
impl DeskService for Door {
    type WorkStream = work::Replies;
    type WatchQueuesStream = watch::Changes;

    async fn work(
        &self,
        request: Request<Streaming<v1::WorkRequest>>,
    ) -> Result<Response<Self::WorkStream>, Status> {
        let (call, frames) = apart(request)?;
        reply(work::open(&self.0, call, frames))
    }

    async fn watch_queues(
        &self,
        request: Request<v1::WatchQueuesRequest>,
    ) -> Result<Response<Self::WatchQueuesStream>, Status> {
        let (call, request) = apart(request)?;
        reply(watch::open(&self.0, &call, request))
    }

    async fn list_agents(
        &self,
        request: Request<v1::ListAgentsRequest>,
    ) -> Result<Response<v1::ListAgentsResponse>, Status> {
        let (call, request) = apart(request)?;
        reply(self.0.list_agents(&call, &request))
    }

    async fn get_ticket(
        &self,
        request: Request<v1::GetTicketRequest>,
    ) -> Result<Response<v1::GetTicketResponse>, Status> {
        let (call, request) = apart(request)?;
        reply(self.0.get_ticket(&call, &request))
    }

    async fn assign_ticket(
        &self,
        request: Request<v1::AssignTicketRequest>,
    ) -> Result<Response<v1::AssignTicketResponse>, Status> {
        let (call, request) = apart(request)?;
        reply(self.0.assign_ticket(&call, request).await)
    }

    async fn update_ticket(
        &self,
        request: Request<v1::UpdateTicketRequest>,
    ) -> Result<Response<v1::UpdateTicketResponse>, Status> {
        let (call, request) = apart(request)?;
        reply(self.0.update_ticket(&call, request).await)
    }

    async fn set_agent_presence(
        &self,
        request: Request<v1::SetAgentPresenceRequest>,
    ) -> Result<Response<v1::SetAgentPresenceResponse>, Status> {
        let (call, request) = apart(request)?;
        reply(self.0.set_agent_presence(&call, request).await)
    }

    async fn list_queues(
        &self,
        request: Request<v1::ListQueuesRequest>,
    ) -> Result<Response<v1::ListQueuesResponse>, Status> {
        let (call, v1::ListQueuesRequest {}) = apart(request)?;
        reply(self.0.list_queues(&call))
    }

    async fn list_tickets(
        &self,
        request: Request<v1::ListTicketsRequest>,
    ) -> Result<Response<v1::ListTicketsResponse>, Status> {
        let (call, request) = apart(request)?;
        reply(self.0.list_tickets(&call, request))
    }

    async fn cancel_ticket(
        &self,
        request: Request<v1::CancelTicketRequest>,
    ) -> Result<Response<v1::CancelTicketResponse>, Status> {
        let (call, request) = apart(request)?;
        reply(self.0.cancel_ticket(&call, &request).await)
    }

    async fn set_automation(
        &self,
        request: Request<v1::SetAutomationRequest>,
    ) -> Result<Response<v1::SetAutomationResponse>, Status> {
        let (call, request) = apart(request)?;
        reply(self.0.set_automation(&call, request).await)
    }
}
