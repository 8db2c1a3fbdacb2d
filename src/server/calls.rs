//! Every call once, for both transports: the wire in, the wire out. What a call needs of its caller is checked here, where
//! no transport can forget it.

use super::auth::{Caller, Role};
use super::convert::{self, Ask, Page, Switch};
use super::deadline::Deadline;
use super::doors::Doors;
use super::error::DoorError;
use super::status::Refusal;
use crate::decision::Reason;
use crate::dispatch::{
    ConversationEvent, Dispatch, Feedback, HandleOptions, Handled, Outcome, Slice,
    SupervisorCommand, Timings,
};
use crate::message::{Channel, Message, Timestamp};
use crate::proto::v1;
use crate::telemetry::metrics::Stage;
use crate::text::redact::redact;

/// Who calls, and until when they listen.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) caller: Caller,
    pub(crate) deadline: Deadline,
}

impl Doors {
    /// One message, one decision.
    pub(crate) async fn handle(
        &self,
        call: &Call,
        wire: v1::HandleRequest,
    ) -> Result<v1::HandleResponse, Refusal> {
        call.caller.require(Role::Gateway)?;
        let ask = Ask::try_from(wire)?;
        let options = HandleOptions {
            dry_run: ask.dry_run,
            deadline: call.deadline.0,
            ..HandleOptions::default()
        };
        let handled = self.decide(call, ask.message, options).await?;
        Ok(v1::HandleResponse {
            decision: Some(convert::decision(&handled.outcome, ask.explain)),
            repeated_request: handled.repeated,
        })
    }

    /// The decision on a message that was read already. Repeats and dry runs are not counted.
    pub(crate) async fn decide(
        &self,
        call: &Call,
        message: Message,
        options: HandleOptions,
    ) -> Result<Handled, Refusal> {
        let parts = self.parts()?;
        let channel = message.channel.clone();
        let handled = parts.dispatch.handle(&call.caller.id, message, options).await?;
        if !handled.repeated && !options.dry_run {
            self.count(&handled.outcome, &channel);
        }
        Ok(handled)
    }

    fn count(&self, outcome: &Outcome, channel: &Channel) {
        let action = v1::Action::from(outcome.decision.action).as_str_name();
        let reason = outcome.decision.parts.first().map(|part| part.reason);
        let reason = v1::Reason::from(reason.unwrap_or(Reason::NoText)).as_str_name();
        let (action, reason) = (convert::bare(action, "ACTION_"), convert::bare(reason, "REASON_"));
        self.metrics.decided(action, reason, channel.as_str());
        self.time(&outcome.timings);
    }

    fn time(&self, timings: &Timings) {
        for (stage, took) in [
            (Stage::Queue, timings.queue),
            (Stage::Tokenize, timings.tokenize),
            (Stage::Encode, timings.encode),
            (Stage::Retrieve, timings.retrieve),
            (Stage::Decide, timings.decide),
            (Stage::Total, timings.total),
        ] {
            self.metrics.stage(stage, took);
        }
        self.metrics.encoded(timings.encodings, timings.cached);
        if !timings.held.is_zero() {
            self.metrics.held(timings.held);
        }
    }

    /// What a gateway that attaches is told.
    pub(crate) fn attached(&self) -> Result<v1::Attached, DoorError> {
        let parts = self.parts()?;
        let mode = parts.dispatch.mode(&Slice::default());
        Ok(v1::Attached {
            server_version: env!("CARGO_PKG_VERSION").to_owned(),
            bundle: Some(convert::bundle(parts.current.load().info())),
            mode: v1::AutomationMode::from(mode).into(),
        })
    }

    /// What a gateway knows besides messages.
    pub(crate) async fn send_event(
        &self,
        call: &Call,
        wire: v1::SendEventRequest,
    ) -> Result<v1::SendEventResponse, Refusal> {
        call.caller.require(Role::Gateway)?;
        self.record_event(call, convert::event(wire)?).await?;
        Ok(v1::SendEventResponse {})
    }

    /// An event that was read already.
    pub(crate) async fn record_event(
        &self,
        call: &Call,
        event: ConversationEvent,
    ) -> Result<(), Refusal> {
        let name = event.conversation_id.clone();
        let done = self.parts()?.dispatch.event(&call.caller.id, event).await;
        done.map_err(|error| Refusal::from(error).about(CONVERSATION, name.as_str()))
    }

    /// Where a conversation stands.
    pub(crate) fn get_conversation(
        &self,
        call: &Call,
        wire: &v1::GetConversationRequest,
    ) -> Result<v1::GetConversationResponse, Refusal> {
        call.caller.require(Role::Gateway)?;
        let id = convert::conversation_id(wire)?;
        let view = self.parts()?.dispatch.conversation(&call.caller.id, &id);
        let view = view.map_err(|error| Refusal::from(error).about(CONVERSATION, id.as_str()))?;
        Ok(convert::conversation(&view))
    }

    /// A verdict on a decision.
    pub(crate) async fn record_feedback(
        &self,
        call: &Call,
        wire: v1::RecordFeedbackRequest,
    ) -> Result<v1::RecordFeedbackResponse, Refusal> {
        call.caller.require(Role::Gateway)?;
        let (verdict, source) = (wire.verdict(), wire.source());
        let feedback = Feedback::try_from(wire)?;
        let name = feedback.decision_id.clone();
        let done = self.parts()?.dispatch.feedback(&call.caller.id, feedback).await;
        done.map_err(|error| Refusal::from(error).about(DECISION, name.as_str()))?;
        let verdict = convert::bare(verdict.as_str_name(), "VERDICT_");
        self.metrics.feedback(verdict, convert::bare(source.as_str_name(), "FEEDBACK_SOURCE_"));
        Ok(v1::RecordFeedbackResponse {})
    }

    /// Every queue with who waits in it.
    pub(crate) fn list_queues(&self, call: &Call) -> Result<v1::ListQueuesResponse, Refusal> {
        call.caller.require(Role::Supervisor)?;
        let dispatch = &self.parts()?.dispatch;
        let now = Timestamp::now();
        let mode = v1::AutomationMode::from(dispatch.mode(&Slice::default()));
        Ok(v1::ListQueuesResponse {
            queues: Self::queues(dispatch, now),
            mode: mode.into(),
            modes: dispatch.modes().iter().map(convert::slice).collect(),
        })
    }

    /// A page of waiting tickets.
    pub(crate) fn list_tickets(
        &self,
        call: &Call,
        wire: v1::ListTicketsRequest,
    ) -> Result<v1::ListTicketsResponse, Refusal> {
        call.caller.require(Role::Supervisor)?;
        let page = Page::try_from(wire)?;
        let dispatch = &self.parts()?.dispatch;
        let mut tickets = dispatch.waiting();
        if !page.waits_only() {
            tickets.extend(dispatch.in_hand());
        }
        tickets.retain(|view| page.wants(&view.ticket));
        let (tickets, next_page_token) = convert::page(tickets, page.skip, page.size);
        let tickets = tickets.iter().map(convert::waiting).collect();
        Ok(v1::ListTicketsResponse { tickets, next_page_token })
    }

    /// Every queue with what a supervisor should look at.
    pub(crate) fn queues(dispatch: &Dispatch, now: Timestamp) -> Vec<v1::Queue> {
        let alerts = dispatch.alerts();
        dispatch.queues().iter().map(|queue| convert::queue(queue, &alerts, now)).collect()
    }

    /// A page of agents.
    pub(crate) fn list_agents(
        &self,
        call: &Call,
        wire: &v1::ListAgentsRequest,
    ) -> Result<v1::ListAgentsResponse, Refusal> {
        call.caller.require(Role::Supervisor)?;
        let (queue, size, skip) = convert::agents_page(wire)?;
        let agents = self.parts()?.dispatch.agents(queue.as_ref());
        let (agents, next_page_token) = convert::page(agents, skip, size);
        let agents = agents.iter().map(convert::agent).collect();
        Ok(v1::ListAgentsResponse { agents, next_page_token })
    }

    /// A ticket with what was said.
    pub(crate) fn get_ticket(
        &self,
        call: &Call,
        wire: &v1::GetTicketRequest,
    ) -> Result<v1::GetTicketResponse, Refusal> {
        call.caller.require(Role::Supervisor)?;
        let id = convert::ticket_id(wire)?;
        let found = self.parts()?.dispatch.ticket(&id);
        let (ticket, lines) =
            found.map_err(|error| Refusal::from(error).about(TICKET, id.as_str()))?;
        Ok(v1::GetTicketResponse {
            ticket: Some(convert::ticket(&ticket)),
            history: lines.iter().map(convert::line).collect(),
            matches: Vec::new(),
        })
    }

    /// A supervisor's word about a ticket; the ticket as it is then.
    async fn steer_ticket(
        &self,
        call: &Call,
        command: SupervisorCommand,
        why: &str,
    ) -> Result<Option<v1::Ticket>, Refusal> {
        call.caller.require(Role::Supervisor)?;
        let reason = redact(why);
        tracing::info!(caller = %call.caller.id, ?command, reason, "a supervisor steers");
        let dispatch = &self.parts()?.dispatch;
        let ticket = match &command {
            SupervisorCommand::Assign { ticket, .. } | SupervisorCommand::Update { ticket, .. } => {
                Some(ticket.clone())
            }
            SupervisorCommand::SetPresence { .. } => None,
        };
        dispatch.steer(command).await?;
        let ticket = ticket.map(|ticket| dispatch.ticket(&ticket)).transpose()?;
        Ok(ticket.map(|(ticket, _)| convert::ticket(&ticket)))
    }

    /// Gives a ticket to an agent.
    pub(crate) async fn assign_ticket(
        &self,
        call: &Call,
        wire: v1::AssignTicketRequest,
    ) -> Result<v1::AssignTicketResponse, Refusal> {
        let why = wire.reason.clone();
        let ticket = self.steer_ticket(call, wire.try_into()?, &why).await?;
        Ok(v1::AssignTicketResponse { ticket })
    }

    /// Changes a ticket.
    pub(crate) async fn update_ticket(
        &self,
        call: &Call,
        wire: v1::UpdateTicketRequest,
    ) -> Result<v1::UpdateTicketResponse, Refusal> {
        let why = wire.reason.clone();
        let ticket = self.steer_ticket(call, wire.try_into()?, &why).await?;
        Ok(v1::UpdateTicketResponse { ticket })
    }

    /// Sets an agent's presence.
    pub(crate) async fn set_agent_presence(
        &self,
        call: &Call,
        wire: v1::SetAgentPresenceRequest,
    ) -> Result<v1::SetAgentPresenceResponse, Refusal> {
        let name = wire.agent_id.clone();
        self.steer_ticket(call, wire.try_into()?, "").await?;
        let agents = self.parts()?.dispatch.agents(None);
        let state = agents.iter().find(|agent| agent.id.as_str() == name).map(convert::agent);
        Ok(v1::SetAgentPresenceResponse { state })
    }

    /// Ends a waiting ticket.
    pub(crate) async fn cancel_ticket(
        &self,
        call: &Call,
        wire: &v1::CancelTicketRequest,
    ) -> Result<v1::CancelTicketResponse, Refusal> {
        call.caller.require(Role::Supervisor)?;
        let id = convert::cancellation(wire)?;
        let ticket = self.parts()?.dispatch.cancel(&id).await;
        let ticket = ticket.map_err(|error| Refusal::from(error).about(TICKET, id.as_str()))?;
        tracing::info!(caller = %call.caller.id, ticket = %id, "ticket cancelled");
        Ok(v1::CancelTicketResponse { ticket: Some(convert::ticket(&ticket)) })
    }

    /// Switches what the bot may do.
    pub(crate) async fn set_automation(
        &self,
        call: &Call,
        wire: v1::SetAutomationRequest,
    ) -> Result<v1::SetAutomationResponse, Refusal> {
        call.caller.require(Role::Supervisor)?;
        let Switch { slice, mode, reason } = Switch::try_from(wire)?;
        let dispatch = &self.parts()?.dispatch;
        dispatch.set_mode(slice.clone(), mode).await?;
        tracing::warn!(caller = %call.caller.id, ?slice, ?mode, reason, "automation switched");
        let mode = v1::AutomationMode::from(dispatch.mode(&slice));
        Ok(v1::SetAutomationResponse { mode: mode.into() })
    }
}

const CONVERSATION: &str = "firstline.v1.Conversation";
const DECISION: &str = "firstline.v1.Decision";
const TICKET: &str = "firstline.v1.Ticket";

/// A call that no guard has let in is a defect of ours.
pub(crate) fn admitted(extensions: &http::Extensions) -> Result<Call, DoorError> {
    extensions.get::<Call>().cloned().ok_or(DoorError::Defect)
}
