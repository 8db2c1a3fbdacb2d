//! What a decision leads to, given who holds the conversation. Pure. Triage decided as if the bot were alone with the
//! customer; here a waiting ticket and a person who has just left are taken into account.

use super::outcome::TicketView;
use crate::decision::{Action, Decision, Destination, Outcome, Part, Reason, SmallTalk};
use crate::message::{IntentId, Mode, Priority, QueueId};

/// Who holds the conversation.
#[derive(Debug, Clone, Copy)]
pub(super) struct Situation<'a> {
    /// The ticket that waits.
    pub(super) ticket: Option<&'a TicketView>,
    /// A person closed the conversation a moment ago.
    pub(super) cools_down: bool,
}

/// What happens next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Course {
    /// The bot has answered, or has nothing to say.
    Speak,
    /// The bot asks back.
    AskBack,
    /// A person is needed and none is on the way.
    HandOver,
    /// The message is added to the waiting ticket.
    Forward,
}

/// Chooses the course and lets the decision say so.
pub(super) fn choose(decision: &mut Decision, situation: Situation<'_>) -> Course {
    if let Some(ticket) = situation.ticket {
        return beside_a_ticket(decision, ticket);
    }
    match decision.action {
        Action::Route | Action::Clarify if situation.cools_down && may_cool_down(decision) => {
            cool_down(decision);
            Course::AskBack
        }
        Action::Route => Course::HandOver,
        Action::Clarify => Course::AskBack,
        Action::Answer | Action::None | Action::Forward => Course::Speak,
    }
}

/// Whether more words could still change it. What is urgent, and a wish for a person, is plain already; with automation off
/// more words change nothing.
pub(super) fn is_worth_a_wait(decision: &Decision) -> bool {
    let open = matches!(decision.action, Action::Route | Action::Clarify);
    open && decision.mode != Mode::Off && !is_urgent(decision) && !wishes_for_a_person(decision)
}

/// Whether the customer asks for a person.
pub(super) fn wishes_for_a_person(decision: &Decision) -> bool {
    decision.parts.iter().any(|part| part.reason == Reason::PersonAskedFor)
}

/// Where the ticket goes: the most urgent of the parts that need a person, the first of equal ones; never below the
/// urgency of the whole.
pub(super) fn destination(decision: &Decision, fallback: &QueueId) -> Destination {
    let urgency = decision.urgency.priority;
    match foremost(decision) {
        Some((_, best)) => {
            Destination { queue: best.queue.clone(), priority: best.priority.max(urgency) }
        }
        None => Destination { queue: fallback.clone(), priority: urgency },
    }
}

/// What the matter is about: the likeliest intent of the part that chose where the ticket goes, else of the first.
pub(super) fn intent(decision: &Decision) -> Option<IntentId> {
    let part = foremost(decision).map(|(part, _)| part).or(decision.parts.first());
    part.and_then(|part| part.explanation.intents.first()).map(|(intent, _)| intent.clone())
}

/// Why a person is needed: the reason of the part that chose where the ticket goes, else of the first.
pub(super) fn reason(decision: &Decision) -> Option<Reason> {
    let part = foremost(decision).map(|(part, _)| part).or(decision.parts.first());
    part.map(|part| part.reason)
}

/// The most urgent of the parts that need a person, the first of equal ones.
fn foremost(decision: &Decision) -> Option<(&Part, &Destination)> {
    let mut best: Option<(&Part, &Destination)> = None;
    for part in &decision.parts {
        let Some(destination) = routed(part) else { continue };
        if best.is_none_or(|(_, best)| destination.priority > best.priority) {
            best = Some((part, destination));
        }
    }
    best
}

/// The class a message gives to a ticket that waits already.
pub(super) fn class(decision: &Decision) -> Priority {
    let parts = decision.parts.iter().filter_map(routed).map(|destination| destination.priority);
    parts.fold(decision.urgency.priority, Priority::max)
}

fn routed(part: &Part) -> Option<&Destination> {
    match &part.outcome {
        Outcome::Route(destination) => Some(destination),
        Outcome::Answer(_) | Outcome::Clarify(_) | Outcome::SmallTalk(_) | Outcome::Nothing => None,
    }
}

fn is_urgent(decision: &Decision) -> bool {
    let part = decision.parts.iter().any(|part| part.reason == Reason::Urgent);
    part || decision.urgency.priority == Priority::Urgent
}

/// A passing answer is sent and thanks are returned; everything else waits for the person with the ticket. So does "are
/// you there?": somebody who waits is not greeted anew.
fn beside_a_ticket(decision: &mut Decision, ticket: &TicketView) -> Course {
    let pings =
        decision.parts.iter().any(|part| part.outcome == Outcome::SmallTalk(SmallTalk::Greeting));
    match decision.action {
        Action::Answer => return Course::Speak,
        Action::None if !pings => return Course::Speak,
        Action::None | Action::Clarify | Action::Route | Action::Forward => {}
    }
    decision.action = Action::Forward;
    for part in &mut decision.parts {
        if matches!(part.outcome, Outcome::Route(_) | Outcome::Clarify(_)) {
            let (queue, priority) = (ticket.queue.clone(), ticket.priority);
            part.outcome = Outcome::Route(Destination { queue, priority });
            part.reason = Reason::HeldInQueue;
        }
    }
    Course::Forward
}

fn may_cool_down(decision: &Decision) -> bool {
    decision.mode == Mode::On && !is_urgent(decision) && !wishes_for_a_person(decision)
}

/// Asks what is still open instead of handing over on what was said before the person left. At most once: after it the
/// customer was asked back.
fn cool_down(decision: &mut Decision) {
    decision.action = Action::Clarify;
    for part in &mut decision.parts {
        if matches!(part.outcome, Outcome::Route(_) | Outcome::Clarify(_)) {
            part.outcome = Outcome::Clarify(Vec::new());
            part.reason = Reason::CoolDown;
        }
    }
}

#[cfg(test)]
mod tests;
