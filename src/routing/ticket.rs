//! One case that needs a person.

use crate::message::{
    CallerId, Channel, ConversationId, Language, Priority, QueueId, TicketId, Timestamp,
};

/// A conversation id in the scope of the gateway that chose it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Conversation {
    /// The gateway's key.
    pub caller: CallerId,
    /// Its id for the conversation.
    pub id: ConversationId,
}

/// A waiting ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    /// Its id.
    pub id: TicketId,
    /// Whose case it is. At most one ticket a conversation waits.
    pub conversation: Conversation,
    /// Where it waits.
    pub queue: QueueId,
    /// Its class. Rises, never falls by itself.
    pub priority: Priority,
    /// What the agent must speak.
    pub language: Language,
    /// Where the customer writes.
    pub channel: Channel,
    /// When it came, fixed for life.
    pub enqueued_at: Timestamp,
    /// Since when it is in its class.
    pub class_since: Timestamp,
    /// The desk's count of tickets; decides between equal times.
    pub sequence: u64,
    /// Grows with every change.
    pub version: u64,
}

/// How a ticket left the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum End {
    /// The customer left.
    CustomerLeft,
    /// The customer no longer wants a person.
    CustomerCancelled,
    /// A supervisor ended it.
    Admin,
    /// It waited longer than its queue allows.
    MaxWait,
}
