//! A small world for random play: what can be done, drawn from a few names so that everything meets everything.

use proptest::prelude::*;

use super::floor::*;
use super::*;

pub(super) const AGENTS: [&str; 5] = ["ana", "ben", "chen", "dora", "eli"];
const QUEUES: [&str; 3] = ["orders", "refunds", "night"];

/// One step of a play; names are resolved against the desk as it is then.
#[derive(Debug, Clone)]
pub(super) enum Step {
    Open { conversation: u8, queue: usize, priority: Priority, chinese: bool, wish: Option<usize> },
    Ticket(u8, Deed),
    Agent(usize, Move),
    Wait(i64),
    Restart,
    Reconfigure(u32),
}

/// What is done to a ticket.
#[derive(Debug, Clone)]
pub(super) enum Deed {
    Raise(Priority),
    Move(usize),
    Cancel(End),
    CustomerWrote,
    Assign(usize),
    Boost(u64),
    Lower(Priority),
}

/// What an agent does.
#[derive(Debug, Clone)]
pub(super) enum Move {
    Connect { take_over: bool, resume: bool },
    Disconnect,
    Heartbeat,
    Presence(Presence, Work),
    Force(Presence, Work),
    Accept,
    Decline(Option<u64>),
    Park,
    TransferQueue(usize),
    TransferAgent(usize),
    Release,
    Complete,
    ExtendWrap,
    Close(Resolution),
    Write,
}

pub(super) fn config(units: u32) -> Config {
    let skilled =
        |agent: Agent, level| Agent { skills: [("orders".into(), level)].into(), ..agent };
    let both = |agent| Agent { languages: vec![Language::EN, Language::ZH], ..agent };
    let mut chen = both(agent("chen", &["orders", "refunds"], 3));
    chen.per_channel = [(Channel::new("web").unwrap(), 1)].into();
    let mut eli = agent("eli", &["night", "refunds"], 2);
    eli.wrap_slots = Some(1);
    let ring =
        |after, skill| Ring { after: Duration::from_secs(after), skills: skill, ..Ring::default() };
    let wide = Ring { overflow: vec![queue("refunds")], ..ring(40, BTreeMap::new()) };
    let any = Ring { any_language: true, ..ring(90, BTreeMap::new()) };
    let rings = vec![ring(0, [("orders".into(), 3)].into()), ring(20, BTreeMap::new()), wide, any];
    let night = QueueRules {
        calendar: Some(office()),
        closed: Fallback::LeaveMessage,
        units: 2,
        ..QueueRules::default()
    };
    Config {
        queues: [
            (queue("orders"), QueueRules { rings, max_waiting: 12, ..QueueRules::default() }),
            (queue("refunds"), QueueRules::default()),
            (queue("night"), night),
        ]
        .into(),
        agents: vec![
            skilled(agent("ana", &["orders"], units), 4),
            skilled(both(agent("ben", &["orders", "refunds"], 1)), 2),
            chen,
            agent("dora", &["refunds", "night"], 4),
            eli,
        ],
        ..Config::default()
    }
}

pub(super) fn steps() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(step(), 0..200)
}

fn step() -> impl Strategy<Value = Step> {
    let priority = || {
        prop::sample::select(vec![
            Priority::Low,
            Priority::Normal,
            Priority::High,
            Priority::Urgent,
        ])
    };
    let open =
        (0..24u8, 0..3usize, priority(), any::<bool>(), prop::option::weighted(0.2, 0..5usize));
    let open = open.prop_map(|(conversation, queue, priority, chinese, wish)| Step::Open {
        conversation,
        queue,
        priority,
        chinese,
        wish,
    });
    let ends = prop::sample::select(vec![End::CustomerLeft, End::Admin, End::Duplicate]);
    let deed = prop_oneof![
        2 => priority().prop_map(Deed::Raise),
        1 => priority().prop_map(Deed::Lower),
        2 => (0..3usize).prop_map(Deed::Move),
        2 => ends.prop_map(Deed::Cancel),
        4 => Just(Deed::CustomerWrote),
        1 => (0..5usize).prop_map(Deed::Assign),
        1 => (0..900u64).prop_map(Deed::Boost),
    ];
    prop_oneof![
        8 => open,
        4 => (0..24u8, deed).prop_map(|(ticket, deed)| Step::Ticket(ticket, deed)),
        16 => (0..5usize, moves()).prop_map(|(agent, deed)| Step::Agent(agent, deed)),
        6 => prop_oneof![8 => 0..40i64, 2 => 0..900i64, 1 => 0..60_000i64, 1 => -100..0i64].prop_map(Step::Wait),
        1 => prop_oneof![Just(Step::Restart), (1..4u32).prop_map(Step::Reconfigure)],
    ]
}

fn moves() -> impl Strategy<Value = Move> {
    use Presence::{Away, Draining, Offline, Online};
    let presence = || {
        let to = prop::sample::select(vec![Online, Online, Away, Draining, Offline]);
        (to, prop::sample::select(vec![Work::Keep, Work::Release]))
    };
    let result =
        prop::sample::select(vec![Resolution::Resolved, Resolution::Unresolved, Resolution::Spam]);
    prop_oneof![
        6 => (any::<bool>(), any::<bool>()).prop_map(|(take_over, resume)| Move::Connect { take_over, resume }),
        1 => Just(Move::Disconnect),
        3 => Just(Move::Heartbeat),
        2 => presence().prop_map(|(to, work)| Move::Presence(to, work)),
        1 => presence().prop_map(|(to, work)| Move::Force(to, work)),
        8 => Just(Move::Accept),
        3 => prop::option::of(0..300u64).prop_map(Move::Decline),
        2 => Just(Move::Park),
        1 => (0..3usize).prop_map(Move::TransferQueue),
        1 => (0..5usize).prop_map(Move::TransferAgent),
        1 => Just(Move::Release),
        2 => Just(Move::Complete),
        1 => Just(Move::ExtendWrap),
        5 => result.prop_map(Move::Close),
        2 => Just(Move::Write),
    ]
}

/// The command of a step; `None` where there is nothing to do it to.
pub(super) fn command(desk: &Desk, step: &Step, count: usize) -> Option<Command> {
    match step {
        Step::Open { conversation, queue: at, priority, chinese, wish } => {
            let base = asks(&format!("c{conversation}"));
            Some(Command::Open(Box::new(Opening {
                id: id(&format!("t{count}")),
                queue: queue(QUEUES.get(*at)?),
                priority: *priority,
                language: if *chinese { Language::ZH } else { Language::EN },
                intent: crate::message::IntentId::new("parcel").ok(),
                agent: wish.and_then(|wish| AGENTS.get(wish)).map(|agent| person(agent)),
                skills: if count.is_multiple_of(7) {
                    [("rare".into(), 1)].into()
                } else {
                    BTreeMap::new()
                },
                ..base
            })))
        }
        Step::Ticket(conversation, deed) => {
            let conversation = asks(&format!("c{conversation}")).conversation;
            to_ticket(desk.ticket_of(&conversation)?.id.clone(), deed)
        }
        Step::Agent(agent, deed) => by_agent(desk, person(AGENTS.get(*agent)?), deed),
        Step::Wait(_) => Some(Command::Tick),
        Step::Restart => Some(Command::Recovered),
        Step::Reconfigure(units) => Some(Command::Reconfigure(Box::new(config(*units)))),
    }
}

fn to_ticket(ticket: TicketId, deed: &Deed) -> Option<Command> {
    let change = |change| Command::Update { ticket: ticket.clone(), change };
    Some(match deed {
        Deed::Raise(priority) => Command::Raise { ticket, priority: *priority },
        Deed::Lower(priority) => change(Change { priority: Some(*priority), ..Change::default() }),
        Deed::Boost(seconds) => {
            change(Change { boost: Some(Duration::from_secs(*seconds)), ..Change::default() })
        }
        Deed::Move(to) => Command::Move { ticket, queue: queue(QUEUES.get(*to)?) },
        Deed::Cancel(end) => Command::Cancel { ticket, end: *end },
        Deed::CustomerWrote => Command::CustomerWrote { ticket },
        Deed::Assign(agent) => Command::Assign { ticket, agent: person(AGENTS.get(*agent)?) },
    })
}

fn by_agent(desk: &Desk, agent: AgentId, deed: &Move) -> Option<Command> {
    let view = agent_view(desk, &agent)?;
    let session = SessionId::new(&format!("s-{agent}")).ok()?;
    let offer = view.offers.first().cloned();
    let ticket = view.tickets.first().cloned();
    Some(match deed {
        Move::Connect { take_over, resume } => Command::Connect(Hello {
            agent,
            resume: resume.then(|| session.clone()),
            session,
            take_over: *take_over,
            presence: Presence::Online,
        }),
        Move::Disconnect => Command::Disconnect { agent, session },
        Move::Heartbeat => Command::Heartbeat { agent, session },
        Move::Presence(presence, work) => {
            Command::SetPresence { agent, presence: *presence, after_drain: None, work: *work }
        }
        Move::Force(presence, work) => {
            Command::ForcePresence { agent, presence: *presence, work: *work }
        }
        Move::Accept => Command::Accept { agent, offer: offer? },
        Move::Decline(seconds) => {
            let retry_after = seconds.map(Duration::from_secs);
            Command::Decline { agent, offer: offer?, retry_after }
        }
        Move::Park => Command::Park { agent, ticket: ticket?, until: None },
        Move::TransferQueue(to) => {
            Command::Transfer { agent, ticket: ticket?, to: Target::Queue(queue(QUEUES.get(*to)?)) }
        }
        Move::TransferAgent(to) => {
            let to = Target::Agent(person(AGENTS.get(*to)?));
            Command::Transfer { agent, ticket: ticket?, to }
        }
        Move::Release => Command::Release { agent, ticket: ticket? },
        Move::Complete => Command::Complete { agent, ticket: ticket? },
        Move::ExtendWrap => Command::ExtendWrap { agent, ticket: ticket? },
        Move::Close(resolution) => {
            Command::Close { agent, ticket: ticket?, resolution: *resolution, intent: None }
        }
        Move::Write => Command::AgentWrote { agent, ticket: ticket? },
    })
}
