//! One stream of a gateway: many conversations, both ways. Frames are read in order and their messages enter their
//! conversations in that order; the decisions of one conversation leave in that order too, and no conversation waits for
//! another. What is worked on at once is bounded: beyond it frames stay unread, which the gateway feels as flow control.

mod lanes;
mod out;

use std::future::{pending, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio::time::Instant;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Status, Streaming};

use crate::dispatch::{HandleOptions, News, Receiving};
use crate::message::{ConversationId, Timestamp};
use crate::proto::v1::converse_request::Frame as Read;
use crate::proto::v1::converse_response::Frame;
use crate::proto::v1::{self, ExplainLevel};
use crate::server::auth::Role;
use crate::server::calls::Call;
use crate::server::caught::Caught;
use crate::server::convert::{self, Attach};
use crate::server::deadline::until;
use crate::server::doors::{Doors, Phase};
use crate::server::error::DoorError;
use crate::server::guard::CONVERSE;
use crate::server::status::{Refusal, code_name, complete};
use crate::telemetry::metrics::{InFlight, Transport};
use lanes::Lanes;
use out::{About, Out};

/// Replies that may wait for a gateway that reads slowly.
const UNREAD: usize = 64;

/// Events that may be under way to a gateway that says nothing about it.
const UNACKNOWLEDGED: usize = 1000;

/// What the gateway receives.
pub(super) type Replies = ReceiverStream<Result<v1::ConverseResponse, Status>>;

/// Starts to read a stream. Its end is the gateway's half-close, after which what is being worked on is still answered.
pub(super) fn open(
    doors: &Arc<Doors>,
    call: Call,
    frames: Streaming<v1::ConverseRequest>,
) -> Result<Replies, Refusal> {
    call.caller.require(Role::Gateway)?;
    doors.parts()?;
    let room = doors.gate.stream()?;
    let (replies, stream) = mpsc::channel(UNREAD);
    let reader = Reader {
        frames,
        phase: doors.phase(),
        stops: None,
        call: Arc::new(call),
        out: Out { replies, doors: Arc::clone(doors) },
        attached: None,
        news: None,
        messages: Room::new(doors.gate.per_stream(0)),
        read: 0,
        lanes: Lanes::default(),
        _room: room,
        _counted: doors.metrics.stream_open(),
    };
    tokio::spawn(reader.run());
    Ok(ReceiverStream::new(stream))
}

/// The reading half of a stream.
struct Reader {
    frames: Streaming<v1::ConverseRequest>,
    phase: watch::Receiver<Phase>,
    /// When a service that drains ends the stream.
    stops: Option<Instant>,
    call: Arc<Call>,
    out: Out,
    /// How much of the why to send, once attached.
    attached: Option<ExplainLevel>,
    /// What happens at the desk, once attached.
    news: Option<Receiving>,
    messages: Room,
    /// Messages and events read in order, over all conversations.
    read: u64,
    lanes: Lanes,
    _room: OwnedSemaphorePermit,
    _counted: InFlight,
}

/// What happens next on a stream.
enum Next {
    Frame(Box<v1::ConverseRequest>, OwnedSemaphorePermit),
    News(Box<News>),
    /// The gateway half-closed or is gone.
    Closed,
    /// The service entered another phase.
    Phase,
    /// The stream must end.
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
        self.messages.empty().await;
        let metrics = &self.out.doors.metrics;
        metrics.call(Transport::Grpc, CONVERSE, code_name(code), opened.elapsed());
    }

    async fn read(&mut self) -> Result<(), Status> {
        self.announce().await;
        loop {
            match self.next().await {
                Next::Frame(frame, room) => self.frame(*frame, room).await,
                Next::News(news) => self.out.news(&news).await,
                Next::Phase => self.announce().await,
                Next::Closed => return Ok(()),
                Next::Over(status) => return Err(status),
            }
        }
    }

    async fn next(&mut self) -> Next {
        let over = |error| Next::Over(Refusal::from(error).to_status());
        tokio::select! {
            biased;
            () = self.out.closed() => Next::Closed,
            () = until(self.call.deadline.0) => over(DoorError::DeadlinePassed),
            () = until(self.stops) => over(DoorError::Draining),
            Ok(()) = self.phase.changed() => Next::Phase,
            news = news(self.news.as_ref()) => Next::News(Box::new(news)),
            next = next_frame(&mut self.frames, &self.messages) => next,
        }
    }

    /// Tells the gateway that the service is about to stop.
    async fn announce(&mut self) {
        let Phase::Draining { until } = *self.phase.borrow_and_update() else { return };
        let left = until.duration_since(Timestamp::now());
        let left = Duration::try_from(left).unwrap_or_default();
        self.stops = Some(Instant::now() + left);
        let deadline = Some(convert::moment(until));
        let draining = Frame::Draining(v1::Draining { deadline });
        self.out.frame(&About::default(), draining).await;
    }

    async fn frame(&mut self, frame: v1::ConverseRequest, room: OwnedSemaphorePermit) {
        match (frame.frame, self.attached) {
            (Some(Read::Attach(wire)), None) => self.attach(wire).await,
            (Some(Read::Attach(_)), Some(_)) => {
                self.refuse(&About::default(), DoorError::AttachedAlready).await;
            }
            (Some(Read::Message(wire)), attached) => {
                let about = About::new(&wire.request_id, &wire.conversation_id);
                match attached {
                    Some(level) => self.message(about, wire, level, room).await,
                    None => self.refuse(&about, DoorError::NotAttached).await,
                }
            }
            (Some(Read::Event(wire)), attached) => {
                let about = About::new(&wire.request_id, &wire.conversation_id);
                match attached {
                    Some(_) => self.event(about, wire, room).await,
                    None => self.refuse(&about, DoorError::NotAttached).await,
                }
            }
            (Some(Read::Acknowledge(seen)), _) => {
                if let Some(news) = &self.news {
                    news.acknowledge(&seen.cursor);
                }
            }
            (None, _) => self.refuse(&About::default(), DoorError::FrameUnreadable).await,
        }
    }

    async fn refuse(&self, about: &About, refusal: impl Into<Refusal>) {
        self.out.problem(about, &refusal.into()).await;
    }

    async fn attach(&mut self, wire: v1::Attach) {
        match Attach::try_from(wire) {
            Err(invalid) => self.refuse(&About::default(), invalid).await,
            Ok(attach) => {
                // Nothing was worked on before, so the new room loses nothing.
                self.messages = Room::new(self.out.doors.gate.per_stream(attach.at_once));
                self.attached = Some(attach.explain);
                self.receive(&attach);
                tracing::info!(caller = %self.call.caller.id, instance = attach.instance, "attached");
                match self.out.doors.attached() {
                    Ok(attached) => {
                        self.out.frame(&About::default(), Frame::Attached(attached)).await;
                    }
                    Err(error) => self.refuse(&About::default(), error).await,
                }
            }
        }
    }

    /// Begins to receive what happens at the desk.
    fn receive(&mut self, attach: &Attach) {
        let most = match attach.at_once {
            0 => UNACKNOWLEDGED,
            most => usize::try_from(most).unwrap_or(UNACKNOWLEDGED),
        };
        if let Ok(parts) = self.out.doors.parts() {
            let from = (attach.instance.as_str(), attach.cursor.as_str());
            self.news = Some(parts.dispatch.receive(&self.call.caller.id, from, most));
        }
    }

    async fn message(
        &mut self,
        about: About,
        wire: v1::CustomerMessage,
        level: ExplainLevel,
        room: OwnedSemaphorePermit,
    ) {
        let message = match convert::message(wire) {
            Ok(message) => message,
            Err(invalid) => return self.refuse(&about, invalid).await,
        };
        let conversation = message.conversation_id.clone();
        self.read += 1;
        self.out.receipt(&about, self.read).await;
        let (doors, call) = (Arc::clone(&self.out.doors), Arc::clone(&self.call));
        let stream = self.news.as_ref().map(Receiving::id);
        let options =
            HandleOptions { deadline: call.deadline.0, stream, ..HandleOptions::default() };
        let work = async move {
            let handled = doors.decide(&call, message, options).await?;
            Ok(Frame::Decision(Box::new(convert::decision(&handled.outcome, level))))
        };
        self.start(&conversation, about, work, room).await;
    }

    async fn event(
        &mut self,
        about: About,
        wire: v1::ConversationEvent,
        room: OwnedSemaphorePermit,
    ) {
        let event = match convert::event(v1::SendEventRequest { event: Some(wire) }) {
            Ok(event) => event,
            Err(invalid) => return self.refuse(&about, invalid).await,
        };
        let conversation = event.conversation_id.clone();
        self.read += 1;
        let receipt = v1::Receipt { request_id: event.request_id.to_string(), sequence: self.read };
        let (doors, call) = (Arc::clone(&self.out.doors), Arc::clone(&self.call));
        let work = async move {
            doors.record_event(&call, event).await?;
            Ok(Frame::Receipt(receipt))
        };
        self.start(&conversation, about, work, room).await;
    }

    /// Begins a piece of work here, so that messages enter their conversation in the order in which they were read, and
    /// leaves the rest of it to a task of its own.
    async fn start(
        &self,
        conversation: &ConversationId,
        about: About,
        work: impl Future<Output = Result<Frame, Refusal>> + Send + 'static,
        room: OwnedSemaphorePermit,
    ) {
        let mut work = Caught::new(work);
        let begun = poll_fn(|context| Poll::Ready(Pin::new(&mut work).poll(context))).await;
        let mut turn = self.lanes.join(conversation);
        let out = self.out.clone();
        tokio::spawn(async move {
            let done = match begun {
                Poll::Ready(done) => done,
                Poll::Pending => tokio::select! {
                    done = work => done,
                    () = out.closed() => return,
                },
            };
            turn.comes().await;
            match done.map_err(Refusal::from).and_then(|done| done) {
                Ok(frame) => out.frame(&about, frame).await,
                Err(refusal) => out.problem(&about, &refusal).await,
            }
            drop((turn, room));
        });
    }
}

/// The next event; none before the stream is attached.
async fn news(receiving: Option<&Receiving>) -> News {
    match receiving {
        Some(receiving) => receiving.next().await,
        None => pending().await,
    }
}

async fn next_frame(frames: &mut Streaming<v1::ConverseRequest>, messages: &Room) -> Next {
    let Some(room) = messages.take().await else { return Next::Closed };
    match frames.message().await {
        Ok(Some(frame)) => Next::Frame(Box::new(frame), room),
        Ok(None) => Next::Closed,
        Err(status) => Next::Over(complete(status)),
    }
}

/// Room for the messages of one stream that are worked on at once.
struct Room {
    size: u32,
    permits: Arc<Semaphore>,
}

impl Room {
    fn new(size: usize) -> Self {
        let size = u32::try_from(size).unwrap_or(u32::MAX);
        let permits = usize::try_from(size).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS);
        Self { size, permits: Arc::new(Semaphore::new(permits)) }
    }

    /// Waits for room. The semaphore is never closed, so there always is some in the end.
    async fn take(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.permits).acquire_owned().await.ok()
    }

    /// Waits until nothing is worked on.
    async fn empty(&self) {
        let all = self.permits.acquire_many(self.size).await;
        drop(all);
    }
}
