//! A small desk to play on: short ways to say who works, what is asked and what time it is.

use super::*;

/// Everything happens from here on: a Monday, ten in the morning in Shanghai.
pub(super) const START: i64 = 1_790_560_800;

pub(super) fn agent(id: &str, queues: &[&str], units: u32) -> Agent {
    Agent {
        id: AgentId::new(id).unwrap(),
        name: id.to_owned(),
        queues: queues.iter().map(|name| queue(name)).collect(),
        skills: BTreeMap::new(),
        languages: vec![Language::EN],
        units,
        per_channel: BTreeMap::new(),
        wrap_slots: None,
    }
}

pub(super) fn office() -> Calendar {
    let time = |hour| jiff::civil::time(hour, 0, 0, 0);
    Calendar {
        zone: Zone::named("Asia/Shanghai").unwrap(),
        days: (1..=5).collect(),
        hours: vec![Hours { from: time(9), to: time(18) }],
        holidays: std::collections::BTreeSet::new(),
        workdays: std::collections::BTreeSet::new(),
    }
}

/// A desk and short ways to play on it.
#[derive(Debug)]
pub(super) struct Floor {
    pub(super) desk: Desk,
}

impl Floor {
    pub(super) fn new(config: Config) -> Self {
        Self { desk: Desk::new(Arc::new(config)) }
    }

    pub(super) fn with(agents: Vec<Agent>) -> Self {
        Self::new(Config { agents, ..Config::default() })
    }

    pub(super) fn run(
        &mut self,
        command: &Command,
        second: i64,
    ) -> Result<Vec<Event>, RoutingError> {
        let events = plan(&self.desk, command, at(second))?;
        for event in &events {
            self.desk.apply(event);
        }
        Ok(events)
    }

    pub(super) fn done(&mut self, command: &Command, second: i64) -> Vec<Event> {
        self.run(command, second).unwrap_or_else(|refused| panic!("{command:?}: {refused}"))
    }

    pub(super) fn open(&mut self, ticket: &str, second: i64) -> Vec<Event> {
        self.done(&Command::Open(Box::new(asks(ticket))), second)
    }

    pub(super) fn online(&mut self, agent: &str, second: i64) -> Vec<Event> {
        self.done(&hello(agent), second)
    }

    pub(super) fn set(&mut self, agent: &str, presence: Presence, second: i64) -> Vec<Event> {
        self.done(&presence_of(agent, presence), second)
    }

    /// Lets time pass, an event at a time.
    pub(super) fn until(&mut self, second: i64) -> Vec<Event> {
        let mut events = Vec::new();
        for _ in 0..10_000 {
            let Some(due) = self.desk.next_due().filter(|due| *due <= at(second)) else { break };
            let due = due.max(at(0)).as_second() - START;
            events.extend(self.done(&Command::Tick, due));
        }
        events.extend(self.done(&Command::Tick, second));
        events
    }

    /// Keeps the connections of everybody who is connected.
    pub(super) fn beat(&mut self, second: i64) {
        for view in agent_views(&self.desk) {
            let session = SessionId::new(&format!("s-{}", view.id)).unwrap();
            self.run(&Command::Heartbeat { agent: view.id, session }, second).ok();
        }
    }

    pub(super) fn accept(&mut self, agent: &str, second: i64) -> Vec<Event> {
        let offer = self.offer(agent).unwrap_or_else(|| panic!("no offer for {agent}"));
        self.done(&Command::Accept { agent: person(agent), offer }, second)
    }

    pub(super) fn decline(&mut self, agent: &str, second: i64) -> Vec<Event> {
        let offer = self.offer(agent).unwrap_or_else(|| panic!("no offer for {agent}"));
        let agent = person(agent);
        self.done(&Command::Decline { agent, offer, retry_after: None }, second)
    }

    pub(super) fn offer(&self, agent: &str) -> Option<OfferId> {
        agent_view(&self.desk, &person(agent)).and_then(|view| view.offers.first().cloned())
    }

    /// Which tickets an agent is asked to take.
    pub(super) fn asked(&self, agent: &str) -> Vec<String> {
        let view = agent_view(&self.desk, &person(agent)).unwrap();
        let ticket = |offer: &OfferId| offer.as_str().split('.').next().unwrap().to_owned();
        view.offers.iter().map(ticket).collect()
    }

    pub(super) fn presence(&self, agent: &str) -> Presence {
        agent_view(&self.desk, &person(agent)).unwrap().presence
    }

    pub(super) fn state(&self, ticket: &str) -> Option<TicketState> {
        self.desk.ticket(&id(ticket)).map(|ticket| ticket.state)
    }
}

pub(super) fn person(id: &str) -> AgentId {
    AgentId::new(id).unwrap()
}

pub(super) fn asks(ticket: &str) -> Opening {
    let Command::Open(opening) = opening(ticket, Priority::Normal) else { unreachable!() };
    Opening { asked_at: Timestamp::MAX, ..*opening }
}

pub(super) fn hello(agent: &str) -> Command {
    Command::Connect(Hello {
        agent: person(agent),
        session: SessionId::new(&format!("s-{agent}")).unwrap(),
        resume: None,
        take_over: false,
        presence: Presence::Online,
    })
}

pub(super) fn presence_of(agent: &str, presence: Presence) -> Command {
    Command::SetPresence { agent: person(agent), presence, after_drain: None, work: Work::Keep }
}

pub(super) fn close(agent: &str, ticket: &str, resolution: Resolution) -> Command {
    Command::Close { agent: person(agent), ticket: id(ticket), resolution, intent: None }
}
