//! What names a conversation inside the service: the caller's key scopes the gateway's own id, so that two gateways never
//! meet in one conversation.

use crate::message::{CallerId, ConversationId};
use crate::routing::Conversation;

/// One conversation of one caller.
pub(super) type Key = Conversation;

/// The key of a caller's conversation.
pub(super) fn key(caller: &CallerId, id: &ConversationId) -> Key {
    Key { caller: caller.clone(), id: id.clone() }
}
