//! One stream of an agent's desk software. Frames are read one after the other, and a command is answered before the next
//! one is read; what happens at the desk is told in between. Silence, a lost connection and a second stream end it here;
//! what that means for her tickets is the desk's.

mod out;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, mpsc, watch};
use tokio::time::{Instant, sleep_until};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Status, Streaming};

use crate::dispatch::{Hello, Session, Told};
use crate::message::Timestamp;
use crate::proto::v1;
use crate::proto::v1::work_request::Command;
use crate::proto::v1::work_response::Event;
use crate::server::auth::Role;
use crate::server::calls::Call;
use crate::server::convert;
use crate::server::deadline::until;
use crate::server::doors::{Doors, Phase};
use crate::server::error::DoorError;
use crate::server::guard::WORK;
use crate::server::status::{Refusal, code_name, complete};
use crate::telemetry::metrics::{InFlight, Transport};
use out::Out;

/// Events that may wait for a desk that reads slowly.
const UNREAD: usize = 64;
/// How often a desk shall say that it is there.
const HEARTBEAT: Duration = Duration::from_secs(10);
/// Silence after which a stream counts as lost.
const SILENCE: Duration = Duration::from_secs(30);

/// What the desk software receives.
pub(super) type Replies = ReceiverStream<Result<v1::WorkResponse, Status>>;

/// Starts to read a stream.
pub(super) fn open(
    doors: &Arc<Doors>,
    call: Call,
    frames: Streaming<v1::WorkRequest>,
) -> Result<Replies, Refusal> {
    call.caller.require(Role::Agent)?;
    doors.parts()?;
    let room = doors.gate.stream()?;
    let (replies, stream) = mpsc::channel(UNREAD);
    let reader = Reader {
        frames,
        phase: doors.phase(),
        stops: None,
        heard: Instant::now(),
        call,
        out: Out { replies, doors: Arc::clone(doors) },
        session: None,
        _room: room,
        _counted: doors.metrics.stream_open(),
    };
    tokio::spawn(reader.run());
    Ok(ReceiverStream::new(stream))
}

struct Reader {
    frames: Streaming<v1::WorkRequest>,
    phase: watch::Receiver<Phase>,
    /// When a service that drains ends the stream.
    stops: Option<Instant>,
    /// When the last frame came.
    heard: Instant,
    call: Call,
    out: Out,
    /// Ends when this does: the desk learns of it.
    session: Option<Session>,
    _room: OwnedSemaphorePermit,
    _counted: InFlight,
}

enum Next {
    Frame(Box<v1::WorkRequest>),
    Told(Box<Told>),
    /// The desk software half-closed or is gone.
    Closed,
    Phase,
    Over(Status),
}

impl Reader {
    async fn run(mut self) {
        let opened = Instant::now();
        let code = match self.read().await {
            Ok(()) => Code::Ok,
            Err(status) => {
                let code = status.code();
                self.out.end(status).await;
                code
            }
        };
        let metrics = &self.out.doors.metrics;
        metrics.call(Transport::Grpc, WORK, code_name(code), opened.elapsed());
    }

    async fn read(&mut self) -> Result<(), Status> {
        self.announce().await;
        loop {
            match self.next().await {
                Next::Frame(frame) => self.frame(*frame).await,
                Next::Told(told) => self.out.told(*told).await,
                Next::Phase => self.announce().await,
                Next::Closed => return Ok(()),
                Next::Over(status) => return Err(status),
            }
        }
    }

    async fn next(&mut self) -> Next {
        let over = |error| Next::Over(Refusal::from(error).to_status());
        tokio::select! {
            () = self.out.closed() => Next::Closed,
            () = until(self.call.deadline.0) => over(DoorError::DeadlinePassed),
            () = until(self.stops) => over(DoorError::Draining),
            () = sleep_until(self.heard + SILENCE) => over(DoorError::StreamSilent),
            Ok(()) = self.phase.changed() => Next::Phase,
            told = told(self.session.as_mut()) => match told {
                Ok(told) => Next::Told(Box::new(told)),
                Err(error) => Next::Over(Refusal::from(error).to_status()),
            },
            frame = self.frames.message() => match frame {
                Ok(Some(frame)) => Next::Frame(Box::new(frame)),
                Ok(None) => Next::Closed,
                Err(status) => Next::Over(complete(status)),
            },
        }
    }

    /// Tells the desk software that the service is about to stop.
    async fn announce(&mut self) {
        let Phase::Draining { until } = *self.phase.borrow_and_update() else { return };
        let left = Duration::try_from(until.duration_since(Timestamp::now())).unwrap_or_default();
        self.stops = Some(Instant::now() + left);
        let deadline = Some(convert::moment(until));
        self.out.event(Event::Draining(v1::Draining { deadline })).await;
    }

    async fn frame(&mut self, frame: v1::WorkRequest) {
        self.heard = Instant::now();
        if let Some(session) = &mut self.session {
            session.is_there();
        }
        match (frame.command, &self.session) {
            (Some(Command::Hello(hello)), None) => self.hello(frame.request_id, hello).await,
            (Some(Command::Hello(_)), Some(_)) => {
                self.refuse(&frame.request_id, DoorError::AttachedAlready).await;
            }
            (Some(Command::Heartbeat(v1::Heartbeat {})), _) => {}
            (Some(command), Some(session)) => {
                let done = self.command(session, &frame.request_id, command).await;
                match done {
                    Ok(true) => self.out.done(&frame.request_id).await,
                    Ok(false) => {}
                    Err(refusal) => self.refuse(&frame.request_id, refusal).await,
                }
            }
            (Some(_), None) => self.refuse(&frame.request_id, DoorError::NotAttached).await,
            (None, _) => self.refuse(&frame.request_id, DoorError::FrameUnreadable).await,
        }
    }

    /// Carries a command out; whether it is to be answered.
    async fn command(
        &self,
        session: &Session,
        request_id: &str,
        command: Command,
    ) -> Result<bool, Refusal> {
        match command {
            Command::Typing(typing) => {
                if let Some(ticket) = convert::typing(&typing) {
                    session.types(&ticket);
                }
                Ok(false)
            }
            Command::Acknowledge(seen) => {
                session.acknowledge(&seen.cursor);
                Ok(false)
            }
            command @ (Command::Hello(_)
            | Command::Heartbeat(_)
            | Command::SetPresence(_)
            | Command::Accept(_)
            | Command::Decline(_)
            | Command::Send(_)
            | Command::Note(_)
            | Command::Park(_)
            | Command::Transfer(_)
            | Command::Release(_)
            | Command::Complete(_)
            | Command::ExtendWrap(_)
            | Command::Close(_)) => {
                let request = convert::request_id(request_id)?;
                let command = convert::command(command)?;
                session.work(request, command).await?;
                Ok(true)
            }
        }
    }

    async fn hello(&mut self, request_id: String, wire: v1::Hello) {
        match self.welcome(wire).await {
            Ok((session, welcome)) => {
                self.session = Some(session);
                self.out.event(Event::Welcome(welcome)).await;
                self.out.done(&request_id).await;
            }
            Err(refusal) => self.refuse(&request_id, refusal).await,
        }
    }

    /// With keys an agent is who her key says; without, whoever reaches the port may be any of them.
    async fn welcome(&self, wire: v1::Hello) -> Result<(Session, v1::Welcome), Refusal> {
        let doors = &self.out.doors;
        let hello = Hello::try_from(wire)?;
        if !doors.keyring.is_open() && hello.agent.as_str() != self.call.caller.id.as_str() {
            return Err(DoorError::OtherAgent.into());
        }
        let (session, welcome) = doors.parts()?.dispatch.hello(hello).await?;
        Ok((session, convert::welcome(&welcome, HEARTBEAT)))
    }

    async fn refuse(&self, request_id: &str, refusal: impl Into<Refusal>) {
        self.out.problem(request_id, &refusal.into()).await;
    }
}

/// The next event of a session; none before there is a session.
async fn told(session: Option<&mut Session>) -> Result<Told, crate::dispatch::DispatchError> {
    match session {
        Some(session) => session.next().await,
        None => std::future::pending().await,
    }
}
