//! What agents and gateways are told: pictures taken when it happened.

use super::super::conversation::{Customer, Line};
use super::super::outcome::{EventKind, Outgoing, TicketView};
use crate::decision::{Answer, Reason, Urgency};
use crate::message::{ConversationId, OfferId, TicketId, Timestamp};
use crate::routing::{AgentView, OfferEnd, Why};

/// Something an agent is told.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// What her desk software names to go on from here.
    pub cursor: String,
    /// When it happened.
    pub at: Timestamp,
    /// What.
    pub event: AgentEvent,
}

/// What an agent is told.
#[derive(Debug, Clone, PartialEq)]
pub enum AgentEvent {
    /// A ticket is offered.
    Offered(Box<OfferView>),
    /// An offer is over.
    OfferEnded {
        /// Which.
        offer: OfferId,
        /// How.
        end: OfferEnd,
    },
    /// A ticket is hers.
    Assigned(Box<AssignmentView>),
    /// The customer of a ticket of hers wrote.
    Wrote {
        /// Whose ticket.
        ticket: TicketId,
        /// The conversation, as its gateway named it.
        conversation: ConversationId,
        /// What.
        line: Box<Line>,
    },
    /// Something else happened to the customer of a ticket of hers.
    Customer {
        /// The conversation, as its gateway named it.
        conversation: ConversationId,
        /// What.
        kind: EventKind,
    },
    /// A ticket that she holds, or held, changed.
    Ticket(Box<TicketView>),
    /// Her own state changed.
    State(Box<AgentView>),
}

/// A ticket that is offered.
#[derive(Debug, Clone, PartialEq)]
pub struct OfferView {
    /// Identity.
    pub id: OfferId,
    /// The ticket.
    pub ticket: TicketView,
    /// Until then it is hers to take.
    pub expires_at: Timestamp,
    /// The customer's last words, redacted and shortened.
    pub summary: String,
    /// How urgent, and why.
    pub urgency: Option<Urgency>,
    /// Why the bot did not answer.
    pub reason: Option<Reason>,
    /// Why she.
    pub why: WhyView,
    /// What of her capacity it holds.
    pub units: u32,
}

/// Why an agent was chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WhyView {
    /// What decided.
    pub why: Why,
    /// The same in words.
    pub reasons: Vec<String>,
    /// Agents who could have got it.
    pub eligible: usize,
}

/// A ticket that an agent holds.
#[derive(Debug, Clone, PartialEq)]
pub struct AssignmentView {
    /// The ticket.
    pub ticket: TicketView,
    /// What was said, oldest first.
    pub lines: Vec<Line>,
    /// What may be used of the bot's candidates.
    pub suggestions: Vec<Answer>,
    /// Who writes.
    pub customer: Customer,
    /// Why she; `None` where a supervisor decided.
    pub why: Option<WhyView>,
}

/// How a session begins.
#[derive(Debug, Clone, PartialEq)]
pub struct Welcome {
    /// Secret; what the session is taken up with.
    pub token: String,
    /// Her own state.
    pub state: AgentView,
    /// Everything since her cursor follows; the next two are empty then.
    pub resumed: bool,
    /// What she is offered.
    pub offers: Vec<OfferView>,
    /// What she holds.
    pub tickets: Vec<AssignmentView>,
}

/// Something a gateway is told.
#[derive(Debug, Clone, PartialEq)]
pub struct News {
    /// What the gateway acknowledges.
    pub cursor: String,
    /// Whose conversation.
    pub conversation: ConversationId,
    /// Its number in the conversation, from 1.
    pub sequence: u64,
    /// When it happened.
    pub at: Timestamp,
    /// What.
    pub event: GatewayEvent,
}

/// What a gateway is told.
#[derive(Debug, Clone, PartialEq)]
pub enum GatewayEvent {
    /// The conversation's ticket changed.
    Ticket(Box<TicketView>),
    /// Something to send to the customer.
    Say(Outgoing),
    /// The agent is typing.
    AgentTyping,
}
