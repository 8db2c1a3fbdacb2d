//! Cases closed lately: whose they were and who had them, so that a returning customer finds her agent again.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use super::due::later;
use super::ticket::{Conversation, Ticket};
use crate::message::{AgentId, CallerId, CustomerId, IntentId, TicketId, Timestamp};

/// How many are remembered.
const MOST: usize = 100_000;

/// A closed case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Closed {
    pub(super) ticket: TicketId,
    pub(super) agent: AgentId,
    pub(super) intent: Option<IntentId>,
    pub(super) at: Timestamp,
    pub(super) reopened: bool,
}

/// By what a returning customer is known.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Whose {
    Conversation(Conversation),
    Customer(CallerId, CustomerId),
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Past {
    cases: HashMap<Whose, Closed>,
    order: BTreeSet<(Timestamp, Whose)>,
}

impl Past {
    /// Remembers a close, and forgets what is older than `keep`. `None` for a ticket that no agent had.
    pub(super) fn close(
        &mut self,
        ticket: &Ticket,
        intent: Option<&IntentId>,
        (at, keep): (Timestamp, Duration),
    ) -> Option<Closed> {
        let closed = Closed {
            ticket: ticket.id.clone(),
            agent: ticket.agent.clone()?,
            intent: intent.cloned(),
            at,
            reopened: false,
        };
        for whose in names(&ticket.conversation, ticket.customer.as_ref()) {
            self.put(whose, closed.clone());
        }
        self.forget(at, keep);
        Some(closed)
    }

    /// The last close of this conversation.
    pub(super) fn of(&self, conversation: &Conversation) -> Option<&Closed> {
        self.cases.get(&Whose::Conversation(conversation.clone()))
    }

    /// The last close of this conversation, or of this customer in another one.
    pub(super) fn last(
        &self,
        conversation: &Conversation,
        customer: Option<&CustomerId>,
    ) -> Option<&Closed> {
        names(conversation, customer).find_map(|whose| self.cases.get(&whose))
    }

    /// Notes that a case is taken up again. `None` where that is known already.
    pub(super) fn reopen(&mut self, ticket: &Ticket) -> Option<Closed> {
        let mut found = None;
        for whose in names(&ticket.conversation, ticket.customer.as_ref()) {
            let case = self.cases.get_mut(&whose);
            let case = case.filter(|case| Some(&case.ticket) == ticket.reopens.as_ref());
            if let Some(case) = case.filter(|case| !case.reopened) {
                case.reopened = true;
                found = Some(case.clone());
            }
        }
        found
    }

    fn put(&mut self, whose: Whose, closed: Closed) {
        let at = closed.at;
        if let Some(before) = self.cases.insert(whose.clone(), closed) {
            self.order.remove(&(before.at, whose.clone()));
        }
        self.order.insert((at, whose));
    }

    fn forget(&mut self, now: Timestamp, keep: Duration) {
        while let Some((at, _)) = self.order.first()
            && (later(*at, keep) < now || self.order.len() > MOST)
        {
            if let Some((_, whose)) = self.order.pop_first() {
                self.cases.remove(&whose);
            }
        }
    }
}

fn names(
    conversation: &Conversation,
    customer: Option<&CustomerId>,
) -> impl Iterator<Item = Whose> {
    let person = customer.map(|id| Whose::Customer(conversation.caller.clone(), id.clone()));
    [Whose::Conversation(conversation.clone())].into_iter().chain(person)
}
