//! Command → events, or a refusal. Decides and changes nothing. A plan contains the offers that it makes possible, so that
//! whenever a free agent who qualifies and a waiting ticket exist, an offer exists.

mod intake;
mod offers;
mod presence;
mod work;
mod supervise;
mod time;
mod settle;

use super::command::Command;
use super::desk::Desk;
use super::draft::Draft;
use super::error::RoutingError;
use super::event::Event;
use super::ticket::End;
use crate::message::Timestamp;

use presence::Cause;

/// What planning one command gives.
type Planned = Result<(), RoutingError>;

/// The events that carry out a command at `now`. No events: nothing to do, such as a second ticket for a conversation
/// that has one. A `now` before the latest time that the desk saw counts as that time.
///
/// The work is bounded by what the command touches, not by how many wait; what time has made due beyond that is left to
/// the next [`Command::Tick`], for which [`Desk::next_due`] asks at once.
pub fn plan(desk: &Desk, command: &Command, now: Timestamp) -> Result<Vec<Event>, RoutingError> {
    let mut draft = Draft::new(desk, now);
    if let Command::Reconfigure(config) = command {
        return Ok(time::reconfigured(&draft, config));
    }
    if matches!(command, Command::Recovered) {
        return Ok(time::recovered(draft));
    }
    time::turn_calendars(&mut draft);
    let turned = draft.events.len();
    carry_out(&mut draft, command)?;
    if draft.events.len() == turned && !matches!(command, Command::Tick) {
        return Ok(Vec::new());
    }
    settle::settle(&mut draft);
    Ok(draft.events)
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the rest is for in_hand")]
fn carry_out(draft: &mut Draft<'_>, command: &Command) -> Planned {
    match command {
        Command::Open(opening) => intake::open(draft, opening),
        Command::Raise { ticket, priority } => intake::raise(draft, ticket, *priority),
        Command::Move { ticket, queue } => intake::relocate(draft, ticket, queue),
        Command::Reclassify { ticket, reading } => intake::reclassify(draft, ticket, reading),
        Command::Cancel { ticket, end } => intake::cancel(draft, ticket, *end),
        Command::CustomerWrote { ticket } => work::customer_wrote(draft, ticket),
        Command::Connect(hello) => presence::connect(draft, hello),
        Command::Disconnect { agent, session } => presence::disconnect(draft, agent, session),
        Command::Heartbeat { agent, session } => presence::heartbeat(draft, agent, session),
        Command::Responded { agent } => presence::acts(draft, agent),
        Command::SetPresence { agent, presence, after_drain, work } => {
            presence::connected(draft, agent)?;
            presence::set(draft, agent, (*presence, *after_drain), (*work, Cause::Agent))
        }
        Command::ForcePresence { agent, presence, work } => {
            presence::set(draft, agent, (*presence, None), (*work, Cause::Supervisor))
        }
        Command::Accept { agent, offer } => offers::accept(draft, agent, offer),
        Command::Decline { agent, offer, retry_after } => {
            offers::decline(draft, agent, offer, *retry_after)
        }
        Command::Assign { ticket, agent } => supervise::assign(draft, ticket, agent),
        Command::Update { ticket, change } => supervise::update(draft, ticket, change),
        Command::Tick => {
            time::tick(draft);
            Ok(())
        }
        _ => in_hand(draft, command),
    }
}

/// What an agent does with a ticket that she has.
#[expect(clippy::wildcard_enum_match_arm, reason = "the rest is for carry_out")]
fn in_hand(draft: &mut Draft<'_>, command: &Command) -> Planned {
    match command {
        Command::AgentWrote { agent, ticket } => work::agent_wrote(draft, agent, ticket),
        Command::Park { agent, ticket, until } => work::park(draft, agent, ticket, *until),
        Command::Transfer { agent, ticket, to } => work::transfer(draft, agent, ticket, to),
        Command::Release { agent, ticket } => work::release(draft, agent, ticket),
        Command::Complete { agent, ticket } => work::complete(draft, agent, ticket),
        Command::ExtendWrap { agent, ticket } => work::extend_wrap(draft, agent, ticket),
        Command::Close { agent, ticket, resolution, intent } => {
            work::close(draft, agent, ticket, (*resolution, intent.as_ref()))
        }
        _ => Ok(()),
    }
}

/// Whether the customer, and not the desk, ended the ticket.
fn by_customer(end: End) -> bool {
    matches!(end, End::CustomerLeft | End::CustomerCancelled)
}
