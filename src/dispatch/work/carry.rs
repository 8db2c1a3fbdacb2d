//! Carries out what agents and supervisors want: the desk decides whether it may be, words go into the conversation, and
//! verdicts into the ledger.

use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use super::super::conversation::{Conversation, Line, Speaker};
use super::super::cut::cut;
use super::super::desk::{Desk, Holder};
use super::super::error::DispatchError;
use super::super::inner::Inner;
use super::super::key::Key;
use super::super::outcome::{Author, EventKind, Feedback, FeedbackSource, Outgoing, TicketView};
use super::command::{AgentCommand, Closing, Hello, SupervisorCommand};
use super::event::{AgentEvent, AssignmentView, GatewayEvent, OfferView, Welcome, WhyView};
use super::session::Session;
use crate::journal::Record;
use crate::journal::record::AgentWords;
use crate::message::{AgentId, ArticleId, CallerId, IdError, RequestId, SessionId, TicketId};
use crate::routing::{self, AgentView, Change, Command, Presence, Work};
use crate::text::redact::redact;

impl Inner {
    fn desk(&self) -> Result<&Desk, DispatchError> {
        self.desk.as_ref().ok_or(DispatchError::NoDesk)
    }

    /// Begins a session of an agent, or goes on with one.
    pub(in crate::dispatch) async fn hello(
        self: &Arc<Self>,
        hello: Hello,
    ) -> Result<(Session, Welcome), DispatchError> {
        let Hello { agent, token, cursor, take_over, presence } = hello;
        // A session that goes on keeps its token.
        let resumes = token.is_some();
        let token = token.unwrap_or_else(fresh_token);
        let session = hashed(&token)?;
        let resume = resumes.then(|| session.clone());
        let seen = resume.as_ref().and_then(|old| self.board.resumes(&agent, old, &cursor));
        let connect = Command::Connect(routing::Hello {
            agent: agent.clone(),
            session: session.clone(),
            resume: resume.clone(),
            take_over,
            presence: presence.unwrap_or(Presence::Away),
        });
        let connected = self.desk()?.carry(&connect, self.now())?;
        let stream = self.board.begin(&agent, &session, seen.is_some());
        // From here on a failure hangs up.
        let mut hers = Session::new(self, agent.clone(), session, stream);
        connected.done().await?;
        // What coming online brought is in the welcome of a new session; of one that goes on, all that came after its cursor.
        hers.goes_on_after(seen.unwrap_or_else(|| self.board.newest(&agent)));
        let welcome = self.welcome(&agent, token, seen.is_some())?;
        Ok((hers, welcome))
    }

    fn welcome(
        &self,
        agent: &AgentId,
        token: String,
        resumed: bool,
    ) -> Result<Welcome, DispatchError> {
        let desk = self.desk()?;
        let state = desk.agent(agent).ok_or(DispatchError::AgentNotFound)?;
        let (offers, tickets) = if resumed {
            (Vec::new(), Vec::new())
        } else {
            (self.offers_of(desk, &state), self.tickets_of(desk, &state))
        };
        Ok(Welcome { token, state, resumed, offers, tickets })
    }

    fn offers_of(&self, desk: &Desk, agent: &AgentView) -> Vec<OfferView> {
        let now = self.now();
        let pending = desk.look(|line| super::view::offers_to(line, &agent.id, now));
        let view = |(offer, key, ticket, why): (routing::Offer, Key, TicketView, WhyView)| {
            self.offer_view(&offer, &key, &ticket, &why)
        };
        pending.into_iter().map(view).collect()
    }

    fn tickets_of(&self, desk: &Desk, agent: &AgentView) -> Vec<AssignmentView> {
        let now = self.now();
        let held =
            agent.tickets.iter().filter_map(|id| Some((desk.key_of(id)?, desk.ticket(id, now)?)));
        let view = |(key, ticket): (Key, TicketView)| {
            self.board.holds(&agent.id, &ticket.id, || self.assignment_view(&key, &ticket, None))
        };
        held.map(view).collect()
    }

    /// Her stream is gone.
    pub(in crate::dispatch) fn hang_up(&self, agent: &AgentId, session: &SessionId) {
        let gone = Command::Disconnect { agent: agent.clone(), session: session.clone() };
        if let Some(desk) = &self.desk {
            // A session that was taken over is not hers to end.
            drop(desk.carry(&gone, self.now()));
        }
    }

    /// She is still there.
    pub(in crate::dispatch) fn is_there(&self, agent: &AgentId, session: &SessionId) {
        let heard = Command::Heartbeat { agent: agent.clone(), session: session.clone() };
        if let Some(desk) = &self.desk {
            // A session that was taken over is not hers to keep.
            drop(desk.carry(&heard, self.now()));
        }
    }

    /// She does something, if only something that is refused: she responds.
    pub(in crate::dispatch) fn responds(&self, agent: &AgentId) {
        if let Some(desk) = &self.desk {
            drop(desk.carry(&Command::Responded { agent: agent.clone() }, self.now()));
        }
    }

    /// Carries out a command of an agent.
    pub(in crate::dispatch) async fn work(
        &self,
        agent: &AgentId,
        request: &RequestId,
        command: AgentCommand,
    ) -> Result<(), DispatchError> {
        match command {
            AgentCommand::Send { ticket, text, article } => {
                return self.send(agent, request, (&ticket, &text), article).await;
            }
            AgentCommand::Note { ticket, text } => {
                return self.note(agent, request, (&ticket, &text)).await;
            }
            AgentCommand::Close { ticket, closing } => {
                return self.close(agent, request, ticket, closing).await;
            }
            AgentCommand::Transfer { ref ticket, ref note, .. } if !note.trim().is_empty() => {
                self.note(agent, request, (ticket, note)).await?;
            }
            AgentCommand::Decline { ref offer, ref reason, .. } if !reason.is_empty() => {
                tracing::info!(%agent, %offer, reason = redact(reason), "an offer was declined");
            }
            AgentCommand::Release { ref ticket, ref reason } if !reason.is_empty() => {
                tracing::info!(%agent, %ticket, reason = redact(reason), "a ticket was given back");
            }
            AgentCommand::SetPresence { .. }
            | AgentCommand::Accept { .. }
            | AgentCommand::Decline { .. }
            | AgentCommand::Park { .. }
            | AgentCommand::Transfer { .. }
            | AgentCommand::Release { .. }
            | AgentCommand::Complete { .. }
            | AgentCommand::ExtendWrap { .. } => {}
        }
        let Some(command) = desk_command(agent.clone(), command) else { return Ok(()) };
        self.desk()?.carry(&command, self.now())?.done().await
    }

    /// The agent writes to the customer. Its identity comes from the request, so that a repeat says nothing twice.
    async fn send(
        &self,
        agent: &AgentId,
        request: &RequestId,
        (ticket, text): (&TicketId, &str),
        article: Option<ArticleId>,
    ) -> Result<(), DispatchError> {
        let desk = self.desk()?;
        let now = self.now();
        let key = desk.key_of(ticket).ok_or(DispatchError::TicketNotFound)?;
        let wrote = Command::AgentWrote { agent: agent.clone(), ticket: ticket.clone() };
        desk.carry(&wrote, now)?.done().await?;
        if let Some(article) = article {
            tracing::debug!(%agent, %ticket, %article, "a suggestion was used");
        }
        let name = desk.agent(agent).map(|agent| agent.name).unwrap_or_default();
        let identity = identity(agent, ticket, request);
        for (number, piece) in cut(text, self.limit_of(ticket)).into_iter().enumerate() {
            let out = Outgoing {
                message_id: format!("{identity}-{}", number + 1),
                text: piece.trim().to_owned(),
                markdown: String::new(),
                options: Vec::new(),
                author: Author::Agent,
                agent: name.clone(),
            };
            if out.text.is_empty() || self.is_said(&key, &out.message_id) {
                continue;
            }
            let words = AgentWords {
                conversation: key.clone(),
                ticket: ticket.clone(),
                agent: agent.clone(),
                name: name.clone(),
                message_id: out.message_id.clone(),
                text: out.text.clone(),
            };
            let written = self.write(|| Record::AgentSaid(words)).await?;
            self.say(&key, now, &out);
            drop(written);
        }
        Ok(())
    }

    fn is_said(&self, key: &Key, id: &str) -> bool {
        let said = |conversation: &Conversation| conversation.lines().any(|line| line.id == id);
        self.registry.read(key, said).unwrap_or(false)
    }

    fn limit_of(&self, ticket: &TicketId) -> usize {
        let view = self.desk.as_ref().and_then(|desk| desk.ticket(ticket, self.now()));
        view.map_or(2048, |view| self.channel(&view.channel).limit)
    }

    /// The agent writes for her colleagues.
    async fn note(
        &self,
        agent: &AgentId,
        request: &RequestId,
        (ticket, text): (&TicketId, &str),
    ) -> Result<(), DispatchError> {
        let desk = self.desk()?;
        let key = desk.key_of(ticket).ok_or(DispatchError::TicketNotFound)?;
        if desk.holder(ticket) != Some(Holder::Agent(agent.clone())) {
            return Err(DispatchError::NotYourTicket);
        }
        let name = desk.agent(agent).map(|agent| agent.name).unwrap_or_default();
        let id = identity(agent, ticket, request);
        let words = AgentWords {
            conversation: key.clone(),
            ticket: ticket.clone(),
            agent: agent.clone(),
            name: name.clone(),
            message_id: id.clone(),
            text: text.to_owned(),
        };
        let written = self.write(|| Record::Note(words)).await?;
        let line = Line { name, ..Line::new(self.now(), Speaker::Note, &id, text) };
        let bounds = &self.config.bounds;
        self.registry.change(&key, |conversation| conversation.remember(line, bounds));
        drop(written);
        Ok(())
    }

    /// The agent is done with a ticket; what she says of the bot's decision is a verdict like any other.
    async fn close(
        &self,
        agent: &AgentId,
        request: &RequestId,
        ticket: TicketId,
        closing: Closing,
    ) -> Result<(), DispatchError> {
        let desk = self.desk()?;
        let key = desk.key_of(&ticket).ok_or(DispatchError::TicketNotFound)?;
        let Closing { resolution, intent, verdict, correct_article, comment } = closing;
        let close = Command::Close { agent: agent.clone(), ticket, resolution, intent };
        desk.carry(&close, self.now())?.done().await?;
        let decided = |conversation: &Conversation| conversation.handoff().decision.clone();
        let decision = self.registry.read(&key, decided).flatten();
        if let (Some(verdict), Some(decision_id)) = (verdict, decision) {
            let feedback = Feedback {
                request_id: request.clone(),
                decision_id,
                verdict,
                source: FeedbackSource::Agent,
                correct_article,
                comment,
            };
            let caller = CallerId::new(agent.as_str()).map_err(|_| DispatchError::Abandoned)?;
            self.ledger().add(&caller, feedback, self.config.bounds.verdicts)?;
        }
        Ok(())
    }

    /// The agent is typing.
    pub(in crate::dispatch) fn agent_types(&self, agent: &AgentId, ticket: &TicketId) {
        let Some(desk) = &self.desk else { return };
        if desk.holder(ticket) == Some(Holder::Agent(agent.clone()))
            && let Some(key) = desk.key_of(ticket)
        {
            self.tell_gateway(&key, self.now(), GatewayEvent::AgentTyping);
        }
    }

    /// Carries out a command of a supervisor.
    pub(in crate::dispatch) async fn steer(
        &self,
        command: SupervisorCommand,
    ) -> Result<(), DispatchError> {
        let command = match command {
            SupervisorCommand::Assign { ticket, agent } => Command::Assign { ticket, agent },
            SupervisorCommand::Update { ticket, version, priority, boost, queue } => {
                Command::Update { ticket, change: Change { version, priority, boost, queue } }
            }
            SupervisorCommand::SetPresence { agent, presence, release_work } => {
                Command::ForcePresence { agent, presence, work: work(release_work) }
            }
        };
        self.desk()?.carry(&command, self.now())?.done().await
    }

    /// Tells the agent who holds a conversation what its customer did besides writing.
    pub(in crate::dispatch) fn tell_holder_of(&self, key: &Key, kind: EventKind) {
        let open = |conversation: &Conversation| conversation.ticket().cloned();
        let ticket = self.registry.read(key, open).flatten();
        let holder = ticket.and_then(|ticket| self.desk.as_ref()?.holder(&ticket));
        if let Some(Holder::Agent(agent)) = holder {
            let event = AgentEvent::Customer { conversation: key.id.clone(), kind };
            self.board.tell(&agent, self.now(), event);
        }
    }
}

fn work(release: bool) -> Work {
    if release { Work::Release } else { Work::Keep }
}

/// The desk's command for an agent's, where it has one of its own.
fn desk_command(agent: AgentId, command: AgentCommand) -> Option<Command> {
    Some(match command {
        AgentCommand::SetPresence { presence, after_drain, release_work } => {
            Command::SetPresence { agent, presence, after_drain, work: work(release_work) }
        }
        AgentCommand::Accept { offer } => Command::Accept { agent, offer },
        AgentCommand::Decline { offer, retry_after, .. } => {
            Command::Decline { agent, offer, retry_after }
        }
        AgentCommand::Park { ticket, until } => Command::Park { agent, ticket, until },
        AgentCommand::Transfer { ticket, to, .. } => Command::Transfer { agent, ticket, to },
        AgentCommand::Release { ticket, .. } => Command::Release { agent, ticket },
        AgentCommand::Complete { ticket } => Command::Complete { agent, ticket },
        AgentCommand::ExtendWrap { ticket } => Command::ExtendWrap { agent, ticket },
        AgentCommand::Send { .. } | AgentCommand::Note { .. } | AgentCommand::Close { .. } => {
            return None;
        }
    })
}

/// A secret that nobody guesses: 244 random bits.
fn fresh_token() -> String {
    format!("{}{}", uuid::Uuid::new_v4().simple(), uuid::Uuid::new_v4().simple())
}

/// What the desk knows a token by.
fn hashed(token: &str) -> Result<SessionId, DispatchError> {
    let id: Result<SessionId, IdError> = SessionId::new(&hex(&Sha256::digest(token.as_bytes())));
    id.map_err(|_| DispatchError::Abandoned)
}

/// The identity of what an agent wrote by a request: the same for a repeat of it.
fn identity(agent: &AgentId, ticket: &TicketId, request: &RequestId) -> String {
    let mut hash = Sha256::new();
    for part in [agent.as_str(), ticket.as_str(), request.as_str()] {
        hash.update(part.len().to_le_bytes());
        hash.update(part);
    }
    hex(hash.finalize().get(..16).unwrap_or_default())
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        write!(text, "{byte:02x}").ok();
        text
    })
}
