//! The whole loop over real sockets: a customer writes, the bot hands over, an agent is offered the ticket, takes it, writes
//! back and closes it; the gateway hears all of it.

#![expect(clippy::wildcard_enum_match_arm, reason = "a test looks for one of many events")]

use std::collections::VecDeque;
use std::time::Duration;

use firstline::message::{AgentId, Language, QueueId};
use firstline::proto::v1::converse_response::Frame;
use firstline::proto::v1::work_request::Command;
use firstline::proto::v1::work_response::Event;
use firstline::proto::v1::{self, customer_message, transcript_entry};
use firstline::routing;
use firstline::server::{Running, start};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Streaming};

use crate::converse::Stream;
use crate::support::{self, Fault, PERSON, decide, gateway, supervisor};

/// Longer than anything here should take.
const PATIENCE: Duration = Duration::from_secs(10);

/// The queues that the shop's articles name.
const QUEUES: [&str; 5] = ["refunds", "orders", "account", "payments", "general"];

fn agent(name: &str) -> routing::Agent {
    routing::Agent {
        id: AgentId::new(name).unwrap(),
        name: name.to_uppercase(),
        queues: QUEUES.map(|queue| QueueId::new(queue).unwrap()).into(),
        skills: [("general".to_owned(), 3)].into(),
        languages: vec![Language::EN, Language::ZH],
        units: 2,
        per_channel: std::collections::BTreeMap::new(),
        wrap_slots: None,
    }
}

/// A service where Ana and Ben work.
async fn staffed() -> Running {
    let agents = vec![agent("ana"), agent("ben")];
    let rules = |queue| (QueueId::new(queue).unwrap(), routing::QueueRules::default());
    let queues = QUEUES.map(rules).into();
    let desk = routing::Config { agents, queues, ..routing::Config::default() };
    start(support::parts_with(desk), support::config()).await.unwrap()
}

/// An agent's desk software.
struct Desk {
    send: mpsc::Sender<v1::WorkRequest>,
    events: Streaming<v1::WorkResponse>,
    requests: u32,
    cursor: String,
    /// Offers of the welcome that nobody looked at yet.
    welcomed: VecDeque<v1::Offer>,
}

impl Desk {
    async fn open(service: &Running) -> Self {
        let (send, frames) = mpsc::channel(64);
        let events = supervisor(service).await.work(ReceiverStream::new(frames)).await.unwrap();
        Self {
            send,
            events: events.into_inner(),
            requests: 0,
            cursor: String::new(),
            welcomed: VecDeque::new(),
        }
    }

    /// Says hello and comes online.
    async fn online(service: &Running, name: &str) -> (Self, v1::Welcome) {
        let mut desk = Self::open(service).await;
        let hello = v1::Hello {
            agent_id: name.to_owned(),
            presence: v1::Presence::Online.into(),
            ..Default::default()
        };
        let welcome = desk.hello(hello).await.unwrap();
        desk.welcomed.extend(welcome.open_offers.iter().cloned());
        (desk, welcome)
    }

    async fn hello(&mut self, hello: v1::Hello) -> Result<v1::Welcome, Fault> {
        let request = self.send(Command::Hello(hello)).await;
        let mut welcome = None;
        loop {
            match self.next().await {
                Event::Welcome(event) => welcome = Some(event),
                Event::Result(result) if result.request_id == request => {
                    return match result.problem {
                        Some(problem) => Err(Fault::of_problem(&problem)),
                        None => Ok(welcome.expect("no welcome")),
                    };
                }
                _ => {}
            }
        }
    }

    async fn send(&mut self, command: Command) -> String {
        self.requests += 1;
        let request_id = format!("w{}", self.requests);
        self.send_as(&request_id, command).await;
        request_id
    }

    async fn send_as(&self, request_id: &str, command: Command) {
        let request_id = request_id.to_owned();
        let frame = v1::WorkRequest { request_id, command: Some(command) };
        self.send.send(frame).await.unwrap();
    }

    async fn next(&mut self) -> Event {
        let frame = tokio::time::timeout(PATIENCE, self.events.next()).await.expect("no event");
        let frame = frame.expect("the stream ended").unwrap();
        if !frame.cursor.is_empty() {
            self.cursor.clone_from(&frame.cursor);
        }
        frame.event.unwrap()
    }

    /// The next event that `pick` wants.
    async fn until<T>(&mut self, mut pick: impl FnMut(Event) -> Option<T>) -> T {
        loop {
            if let Some(found) = pick(self.next().await) {
                return found;
            }
        }
    }

    /// The result of a command.
    async fn run(&mut self, command: Command) -> Result<(), Fault> {
        let request = self.send(command).await;
        self.result(&request).await
    }

    async fn result(&mut self, request: &str) -> Result<(), Fault> {
        self.until(|event| match event {
            Event::Result(result) if result.request_id == request => {
                Some(result.problem.map_or(Ok(()), |problem| Err(Fault::of_problem(&problem))))
            }
            _ => None,
        })
        .await
    }

    async fn offer(&mut self) -> v1::Offer {
        if let Some(offer) = self.welcomed.pop_front() {
            return offer;
        }
        self.until(|event| if let Event::Offer(offer) = event { Some(offer) } else { None }).await
    }

    async fn assignment(&mut self) -> v1::Assignment {
        self.until(|event| match event {
            Event::Assignment(assignment) => Some(assignment),
            _ => None,
        })
        .await
    }

    async fn customer_words(&mut self) -> (String, String) {
        self.until(|event| match event {
            Event::CustomerMessage(wrote) => {
                let message = wrote.message.unwrap();
                let customer_message::Content::Text(text) = message.content.unwrap() else {
                    panic!("not words")
                };
                Some((message.request_id, text.text))
            }
            _ => None,
        })
        .await
    }

    /// Takes the next offer.
    async fn take(&mut self) -> v1::Assignment {
        let offer_id = self.offer().await.offer_id;
        self.run(Command::Accept(v1::AcceptOffer { offer_id })).await.unwrap();
        self.assignment().await
    }
}

fn say(ticket: &str, text: &str) -> Command {
    let (ticket_id, text) = (ticket.to_owned(), text.to_owned());
    Command::Send(v1::SendMessage { ticket_id, text, article_id: String::new() })
}

/// The events of a gateway until one says this.
async fn heard(stream: &mut Stream, said: &str) -> Vec<String> {
    let mut seen = Vec::new();
    let mut last = 0;
    loop {
        let event = stream.event().await;
        assert_eq!(event.event_sequence, last + 1, "no gap in a conversation");
        last = event.event_sequence;
        let word = match event.frame.unwrap() {
            Frame::Ticket(ticket) => ticket.state().as_str_name().replace("TICKET_STATE_", ""),
            Frame::Say(out) => format!("{}: {}", out.agent_name, out.text),
            Frame::AgentTyping(_) => "typing".to_owned(),
            other => panic!("no event: {other:?}"),
        };
        let over = word.contains(said);
        seen.push(word);
        if over {
            return seen;
        }
    }
}

#[tokio::test]
async fn a_customer_meets_an_agent() {
    let service = staffed().await;
    let (mut ana, welcome) = Desk::online(&service, "ana").await;
    assert_eq!(welcome.state.unwrap().presence(), v1::Presence::Online);
    let mut stream = Stream::attach(&service, 0).await;
    stream.say("c1", "r1", PERSON).await;
    let decision = stream.decision().await;
    let ticket = decision.ticket.unwrap().ticket_id;
    let offer = ana.offer().await;
    assert_eq!(offer.summary, PERSON);
    assert_eq!(offer.why_not_bot(), v1::Reason::PersonAskedFor);
    assert!(offer.why_you.unwrap().reasons.contains(&"speaks en".to_owned()));
    let accept = Command::Accept(v1::AcceptOffer { offer_id: offer.offer_id.clone() });
    let request = ana.send(accept.clone()).await;
    ana.result(&request).await.unwrap();
    let assignment = ana.assignment().await;
    let first = assignment.transcript.first().unwrap().entry.clone().unwrap();
    let transcript_entry::Entry::Customer(first) = first else { panic!("{first:?}") };
    assert_eq!(first.request_id, "r1");
    assert_eq!(assignment.ticket.unwrap().ticket_id, ticket);
    // Taking it twice is refused, a repeat of the request is not.
    ana.run(accept.clone())
        .await
        .unwrap_err()
        .expect(Code::FailedPrecondition, "OFFER_NOT_PENDING");
    ana.send_as(&request, accept).await;
    ana.result(&request).await.unwrap();
    let read = v1::GetConversationRequest { conversation_id: "c1".to_owned() };
    let view = gateway(&service).await.get_conversation(read).await.unwrap().into_inner();
    assert_eq!(view.state(), v1::ConversationState::WithAgent);
    // What the customer writes now is hers.
    stream.say("c1", "r2", "my order is late").await;
    let forwarded = stream.decision_past_events().await;
    assert_eq!(forwarded.action(), v1::Action::Forward);
    assert_eq!(forwarded.parts[0].reason(), v1::Reason::HeldByAgent);
    assert_eq!(ana.customer_words().await, ("r2".to_owned(), "my order is late".to_owned()));
    ana.run(say(&ticket, "I am looking into it.")).await.unwrap();
    ana.run(Command::Complete(v1::CompleteTicket { ticket_id: ticket.clone() })).await.unwrap();
    let close = v1::CloseTicket {
        ticket_id: ticket.clone(),
        resolution: v1::Resolution::Resolved.into(),
        bot_verdict: v1::Verdict::NoArticle.into(),
        ..Default::default()
    };
    ana.run(Command::Close(close)).await.unwrap();
    service.shutdown().await;
}

#[tokio::test]
async fn what_the_welcome_holds_is_not_told_again() {
    let service = staffed().await;
    decide(&mut gateway(&service).await, "c1", "r1", PERSON).await;
    let (mut ana, welcome) = Desk::online(&service, "ana").await;
    assert_eq!(welcome.open_offers.len(), 1);
    let request = ana.send(Command::SetPresence(v1::SetPresence {
        presence: v1::Presence::Online.into(),
        ..Default::default()
    }));
    let request = request.await;
    loop {
        match ana.next().await {
            Event::Offer(offer) => panic!("told again: {offer:?}"),
            Event::Result(result) if result.request_id == request => break,
            _ => {}
        }
    }
    service.shutdown().await;
}

/// What comes on a connection until it says this.
async fn read_until(connection: &mut TcpStream, wanted: &str) -> String {
    let mut read = String::new();
    while !read.contains(wanted) {
        let mut bytes = [0; 4096];
        let some = tokio::time::timeout(PATIENCE, connection.read(&mut bytes)).await;
        let some = some.expect("nothing came").unwrap();
        assert!(some > 0, "the connection ended: {read}");
        read.push_str(&String::from_utf8_lossy(&bytes[..some]));
    }
    read
}

#[tokio::test]
async fn a_gateway_that_speaks_json_reads_events_and_goes_on_after_its_cursor() {
    let service = staffed().await;
    let mut gateway = gateway(&service).await;
    let open = async |after: &str| {
        let mut connection = TcpStream::connect(service.public_addr()).await.unwrap();
        let request = format!("GET /v1/events?after={after} HTTP/1.1\r\nhost: localhost\r\n\r\n");
        connection.write_all(request.as_bytes()).await.unwrap();
        connection
    };
    let cancel = |ticket: v1::Ticket| v1::CancelTicketRequest {
        request_id: "s1".to_owned(),
        ticket_id: ticket.ticket_id,
    };
    let mut boss = supervisor(&service).await;
    let first = decide(&mut gateway, "c1", "r1", PERSON).await.ticket.unwrap();
    boss.cancel_ticket(cancel(first)).await.unwrap();
    let read = read_until(&mut open("").await, "TICKET_STATE_CANCELLED").await;
    assert!(read.contains("text/event-stream"), "{read}");
    let cursor = read.lines().find_map(|line| line.strip_prefix("id: ")).unwrap().to_owned();
    let second = decide(&mut gateway, "c2", "r1", PERSON).await.ticket.unwrap();
    boss.cancel_ticket(cancel(second)).await.unwrap();
    let read = read_until(&mut open(&cursor).await, "\"c2\"").await;
    assert!(!read.contains("\"c1\""), "what was dealt with does not come again: {read}");
    service.shutdown().await;
}

#[tokio::test]
async fn the_gateway_hears_what_happens_to_its_ticket() {
    let service = staffed().await;
    let mut stream = Stream::attach(&service, 0).await;
    stream.say("c1", "r1", PERSON).await;
    stream.decision().await;
    let (mut ana, _) = Desk::online(&service, "ana").await;
    let ticket = ana.take().await.ticket.unwrap().ticket_id;
    ana.send(Command::Typing(v1::Typing { ticket_id: ticket.clone() })).await;
    ana.run(say(&ticket, "Hello, this is Ana.")).await.unwrap();
    ana.run(Command::Complete(v1::CompleteTicket { ticket_id: ticket })).await.unwrap();
    let seen = heard(&mut stream, "closed").await;
    let states = ["OFFERED", "ASSIGNED", "typing", "ANA: Hello, this is Ana.", "WRAPPING"];
    let mut rest = seen.iter();
    for state in states {
        assert!(rest.any(|word| word == state), "{state} in {seen:?}");
    }
    service.shutdown().await;
}

#[tokio::test]
async fn a_lost_connection_goes_on_without_loss_or_repetition() {
    let service = staffed().await;
    let mut gateway = gateway(&service).await;
    let (mut ana, welcome) = Desk::online(&service, "ana").await;
    decide(&mut gateway, "c1", "r1", PERSON).await;
    ana.take().await;
    decide(&mut gateway, "c1", "r2", "are you there").await;
    assert_eq!(ana.customer_words().await.0, "r2");
    let cursor = ana.cursor.clone();
    drop(ana);
    decide(&mut gateway, "c1", "r3", "hello").await;
    let mut back = Desk::open(&service).await;
    let hello = v1::Hello {
        agent_id: "ana".to_owned(),
        session_token: welcome.session_token,
        resume_cursor: cursor,
        ..Default::default()
    };
    let welcome = back.hello(hello).await.unwrap();
    assert!(welcome.resumed && welcome.open_tickets.is_empty());
    assert_eq!(back.customer_words().await.0, "r3", "not r2 again");
    service.shutdown().await;
}

#[tokio::test]
async fn a_second_stream_is_refused_unless_it_takes_over() {
    let service = staffed().await;
    let mut gateway = gateway(&service).await;
    let (mut first, _) = Desk::online(&service, "ana").await;
    decide(&mut gateway, "c1", "r1", PERSON).await;
    first.take().await;
    let mut second = Desk::open(&service).await;
    let hello = |take_over| v1::Hello {
        agent_id: "ana".to_owned(),
        presence: v1::Presence::Online.into(),
        take_over,
        ..Default::default()
    };
    let refused = second.hello(hello(false)).await.unwrap_err();
    refused.expect(Code::AlreadyExists, "AGENT_ALREADY_CONNECTED");
    let welcome = second.hello(hello(true)).await.unwrap();
    assert_eq!(welcome.open_tickets.len(), 1, "she has what she had");
    let ended = loop {
        match tokio::time::timeout(PATIENCE, first.events.next()).await.unwrap() {
            Some(Ok(_)) => {}
            Some(Err(status)) => break status,
            None => panic!("the first stream ended without a word"),
        }
    };
    Fault::of(&ended).expect(Code::AlreadyExists, "SESSION_TAKEN_OVER");
    service.shutdown().await;
}

#[tokio::test]
async fn mistakes_of_an_agent_are_answered_and_the_stream_lives_on() {
    let service = staffed().await;
    let mut gateway = gateway(&service).await;
    let (mut ana, _) = Desk::online(&service, "ana").await;
    decide(&mut gateway, "c1", "r1", PERSON).await;
    let offer_id = ana.offer().await.offer_id;
    let (mut ben, _) = Desk::online(&service, "ben").await;
    let accept = Command::Accept(v1::AcceptOffer { offer_id });
    ben.run(accept.clone()).await.unwrap_err().expect(Code::PermissionDenied, "NOT_YOUR_OFFER");
    ana.run(accept).await.unwrap();
    let ticket = ana.assignment().await.ticket.unwrap().ticket_id;
    ben.run(say(&ticket, "hi"))
        .await
        .unwrap_err()
        .expect(Code::PermissionDenied, "NOT_YOUR_TICKET");
    ana.run(say(&ticket, " ")).await.unwrap_err().expect(Code::InvalidArgument, "FIELD_MISSING");
    let offline = v1::SetPresence { presence: v1::Presence::Offline.into(), ..Default::default() };
    let refused = ana.run(Command::SetPresence(offline)).await.unwrap_err();
    refused.expect(Code::FailedPrecondition, "AGENT_HAS_WORK");
    for _ in 0..10_000 {
        ana.send(Command::Heartbeat(v1::Heartbeat {})).await;
    }
    ana.run(say(&ticket, "still here")).await.unwrap();
    let mut stranger = Desk::open(&service).await;
    let hello = v1::Hello { agent_id: "nobody".to_owned(), ..Default::default() };
    stranger.hello(hello).await.unwrap_err().expect(Code::NotFound, "AGENT_UNKNOWN");
    let forged = v1::Hello {
        agent_id: "ben".to_owned(),
        session_token: "forged".to_owned(),
        ..Default::default()
    };
    stranger.hello(forged).await.unwrap_err().expect(Code::NotFound, "SESSION_UNKNOWN");
    service.shutdown().await;
}

#[tokio::test]
async fn a_supervisor_sees_and_steers() {
    let service = staffed().await;
    let mut gateway = gateway(&service).await;
    let mut boss = supervisor(&service).await;
    decide(&mut gateway, "c1", "r1", PERSON).await;
    let (mut ana, _) = Desk::online(&service, "ana").await;
    let ticket = ana.take().await.ticket.unwrap().ticket_id;
    let held = v1::ListTicketsRequest { agent_id: "ana".to_owned(), ..Default::default() };
    let held = boss.list_tickets(held).await.unwrap().into_inner().tickets;
    assert_eq!(held.len(), 1);
    let agents = boss.list_agents(v1::ListAgentsRequest::default()).await.unwrap().into_inner();
    let used: Vec<_> =
        agents.agents.iter().map(|agent| (&*agent.agent_id, agent.used_units)).collect();
    assert_eq!(used, [("ana", 1), ("ben", 0)]);
    let (mut ben, _) = Desk::online(&service, "ben").await;
    let assign = v1::AssignTicketRequest {
        request_id: "s1".to_owned(),
        ticket_id: ticket.clone(),
        agent_id: "ben".to_owned(),
        reason: "he knows her".to_owned(),
    };
    let moved = boss.assign_ticket(assign).await.unwrap().into_inner().ticket.unwrap();
    assert_eq!(moved.agent_id, "ben");
    assert_eq!(ben.assignment().await.ticket.unwrap().ticket_id, ticket);
    let history = boss.get_ticket(v1::GetTicketRequest { ticket_id: ticket }).await.unwrap();
    assert!(!history.into_inner().history.is_empty());
    let mut watch =
        boss.watch_queues(v1::WatchQueuesRequest::default()).await.unwrap().into_inner();
    let look = watch.next().await.unwrap().unwrap();
    assert!(look.changed.iter().any(|queue| queue.agents_online == 2), "{look:?}");
    service.shutdown().await;
}
