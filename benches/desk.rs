//! The pure desk at full size: 10,000 agents are busy, 100,000 tickets wait.
//!
//! `cargo bench --bench desk` prints the memory of a waiting ticket, the time of the commands that decide a match (a close
//! frees an agent, the head of the line is offered to the best one), and how many commands of a working day's mix (open,
//! accept, close) one core plans and applies in a second. `DESK_AGENTS` and `DESK_TICKETS` set another size.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a bench")]
#![expect(clippy::disallowed_types, reason = "a bench times")]

use std::collections::BTreeMap;
use std::fs;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use firstline::message::{
    AgentId, CallerId, Channel, ConversationId, IntentId, Language, OfferId, Priority, QueueId,
    SessionId, TicketId, Timestamp,
};
use firstline::routing::{
    Agent, Command, Config, Conversation, Desk, Event, Hello, Opening, Order, Presence, QueueRules,
    Resolution, Ring, plan,
};

const QUEUES: usize = 50;
const UNITS: u32 = 2;
const ROUNDS: usize = 20_000;
const START: i64 = 1_790_560_800;

struct Floor {
    desk: Desk,
    now: Timestamp,
    opened: usize,
    /// Pending offers, oldest first.
    offers: std::collections::VecDeque<(AgentId, OfferId, TicketId)>,
}

impl Floor {
    fn new(agents: usize, order: Order) -> Self {
        let desk = Desk::new(Arc::new(config(agents, order)));
        let now = Timestamp::from_second(START).unwrap();
        Self { desk, now, opened: 0, offers: std::collections::VecDeque::new() }
    }

    fn run(&mut self, command: &Command) {
        self.now = self.now.checked_add(Duration::from_micros(20)).unwrap();
        for event in plan(&self.desk, command, self.now).unwrap() {
            self.desk.apply(&event);
            if let Event::Offered(offer) = event {
                self.offers.push_back((offer.agent, offer.id, offer.ticket));
            }
        }
    }

    fn open(&mut self) {
        self.opened += 1;
        self.run(&Command::Open(Box::new(opening(self.opened))));
    }

    fn log_in(&mut self, agents: usize) {
        for agent in 0..agents {
            self.run(&Command::Connect(Hello {
                agent: agent_id(agent),
                session: SessionId::new(&format!("session-{agent}")).unwrap(),
                resume: None,
                take_over: false,
                presence: Presence::Online,
            }));
        }
    }

    /// One case: accepted, closed, and another comes. Gives the time of the close, which decides a match.
    fn case(&mut self) -> Duration {
        let (agent, offer, ticket) = self.offers.pop_front().unwrap();
        self.run(&Command::Accept { agent: agent.clone(), offer });
        let resolution = Resolution::Resolved;
        let close = Command::Close { agent, ticket, resolution, intent: None };
        let start = Instant::now();
        self.run(&close);
        let taken = start.elapsed();
        self.open();
        taken
    }
}

fn agent_id(number: usize) -> AgentId {
    AgentId::new(&format!("agent-{number:05}")).unwrap()
}

fn queue_id(number: usize) -> QueueId {
    QueueId::new(&format!("queue-{:02}", number % QUEUES)).unwrap()
}

fn config(agents: usize, order: Order) -> Config {
    let long = Duration::from_hours(10_000);
    let rules = |number: usize| {
        let skills: BTreeMap<_, _> = [(queue_id(number).to_string(), 3)].into();
        let overflow = vec![queue_id(number + 1)];
        QueueRules {
            max_waiting: usize::MAX,
            max_wait: long,
            max_class_wait: long,
            rings: vec![
                Ring { skills, ..Ring::default() },
                Ring { after: Duration::from_secs(20), ..Ring::default() },
                Ring { after: Duration::from_secs(40), overflow, ..Ring::default() },
            ],
            ..QueueRules::default()
        }
    };
    let mut config = Config {
        queues: (0..QUEUES).map(|number| (queue_id(number), rules(number))).collect(),
        agents: (0..agents).map(agent).collect(),
        order,
        ..Config::default()
    };
    (config.times.offer, config.times.lease) = (long, long);
    config
}

fn agent(number: usize) -> Agent {
    let queues: Vec<_> = [number, number * 7 + 1, number * 13 + 5].map(queue_id).into();
    let level = |at: usize| u8::try_from((number + at) % 5 + 1).unwrap();
    Agent {
        id: agent_id(number),
        name: String::new(),
        skills: queues.iter().enumerate().map(|(at, q)| (q.to_string(), level(at))).collect(),
        queues,
        languages: if number.is_multiple_of(3) {
            vec![Language::EN, Language::ZH]
        } else {
            vec![Language::ZH]
        },
        units: UNITS,
        per_channel: BTreeMap::new(),
        wrap_slots: None,
    }
}

fn opening(number: usize) -> Opening {
    let id = format!("0193b1a0-7c00-7000-8000-{number:012}");
    let channels = ["web", "app", "wechat"];
    let classes = [Priority::Normal, Priority::Normal, Priority::Low, Priority::High];
    Opening {
        id: TicketId::new(&id).unwrap(),
        conversation: Conversation {
            caller: CallerId::new("gateway").unwrap(),
            id: ConversationId::new(&format!("conversation-{number}")).unwrap(),
        },
        customer: None,
        queue: queue_id(number * 31),
        priority: *classes.get(number % 4).unwrap(),
        language: if number.is_multiple_of(5) { Language::EN } else { Language::ZH },
        channel: Channel::new(channels.get(number % 3).unwrap()).unwrap(),
        intent: IntentId::new(&format!("intent-{}", number % 200)).ok(),
        skills: BTreeMap::new(),
        agent: None,
        asked_at: Timestamp::MAX,
    }
}

/// The memory of this process in bytes; 0 where the system does not say.
fn resident() -> u64 {
    let pages = fs::read_to_string("/proc/self/statm").ok();
    let pages = pages.and_then(|text| text.split(' ').nth(1)?.parse::<u64>().ok());
    pages.unwrap_or(0) * 4096
}

fn size(name: &str, standard: usize) -> usize {
    std::env::var(name).ok().and_then(|size| size.parse().ok()).unwrap_or(standard)
}

fn desk(criterion: &mut Criterion) {
    let (agents, tickets) = (size("DESK_AGENTS", 10_000), size("DESK_TICKETS", 100_000));
    for (name, order) in [("even", Order::Even), ("best", Order::Best)] {
        let mut floor = Floor::new(agents, order);
        let before = resident();
        for _ in 0..tickets {
            floor.open();
        }
        let each = (resident() - before) / u64::try_from(tickets.max(1)).unwrap();
        println!("{name}: {each} bytes a waiting ticket");
        floor.log_in(agents);
        let waiting: usize = (0..QUEUES).map(|queue| floor.desk.waiting(&queue_id(queue))).sum();
        let mut times: Vec<_> = (0..ROUNDS).map(|_| floor.case()).collect();
        times.sort();
        let quantile = |percent: usize| times[times.len() * percent / 100];
        println!("{name}: {agents} agents, {waiting} waiting or offered");
        println!("{name}: a match in {:?} (p50), {:?} (p99)", quantile(50), quantile(99));
        let mut group = criterion.benchmark_group(name);
        group.throughput(Throughput::Elements(3));
        group.bench_function("open, accept, close", |bench| bench.iter(|| black_box(floor.case())));
        group.finish();
    }
}

criterion_group!(benches, desk);
criterion_main!(benches);
