//! What the desk knows beyond its line: calendars, capabilities, waits, and what is told to supervisors.

use super::floor::*;
use super::*;
use crate::message::IntentId;

fn civil(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn a_calendar_knows_lunch_holidays_working_sundays_and_nights() {
    let time = |hour| jiff::civil::time(hour, 0, 0, 0);
    let hours = |from, to| Hours { from: time(from), to: time(to) };
    let shop = Calendar {
        hours: vec![hours(9, 12), hours(13, 18)],
        holidays: ["2026-10-01".parse().unwrap()].into(),
        workdays: ["2026-10-10".parse().unwrap()].into(),
        ..office()
    };
    let night = Calendar { hours: vec![hours(22, 6)], ..office() };
    let always = Calendar { hours: vec![hours(0, 0)], days: (1..=7).collect(), ..office() };
    let check = |calendar: &Calendar, now: &str, open: bool, turns: Option<&str>| {
        let now = civil(now);
        assert_eq!((calendar.open_at(now), calendar.turns_after(now)), (open, turns.map(civil)));
    };
    check(&shop, "2026-09-28T11:59+08:00", true, Some("2026-09-28T12:00+08:00"));
    check(&shop, "2026-09-28T12:00+08:00", false, Some("2026-09-28T13:00+08:00"));
    check(&shop, "2026-09-30T18:00+08:00", false, Some("2026-10-02T09:00+08:00"));
    check(&shop, "2026-10-10T10:00+08:00", true, Some("2026-10-10T12:00+08:00"));
    check(&night, "2026-09-29T05:00+08:00", true, Some("2026-09-29T06:00+08:00"));
    check(&night, "2026-10-03T05:59+08:00", true, Some("2026-10-03T06:00+08:00"));
    check(&night, "2026-10-03T23:00+08:00", false, Some("2026-10-05T22:00+08:00"));
    check(&always, "2026-10-04T03:00+08:00", true, None);
}

#[test]
fn a_calendar_follows_its_own_clock_over_a_change_of_time() {
    let berlin = Calendar { zone: Zone::named("Europe/Berlin").unwrap(), ..office() };
    assert_eq!(
        berlin.turns_after(civil("2026-10-23T18:00+02:00")),
        Some(civil("2026-10-26T09:00+01:00"))
    );
}

fn best(agents: Vec<Agent>) -> Floor {
    Floor::new(Config { agents, order: Order::Best, ..Config::default() })
}

fn case(floor: &mut Floor, ticket: &str, (agent, how): (&str, Resolution), second: i64) {
    let parcel = IntentId::new("parcel").unwrap();
    let opening = Opening { intent: Some(parcel), agent: Some(person(agent)), ..asks(ticket) };
    floor.done(&Command::Open(Box::new(opening)), second);
    floor.accept(agent, second + 1);
    floor.done(&close(agent, ticket, how), second + 60);
    floor.beat(second + 61);
}

fn evidence(floor: &mut Floor, ticket: &str, second: i64) -> (String, Evidence) {
    let opening = Opening { intent: IntentId::new("parcel").ok(), ..asks(ticket) };
    let events = floor.done(&Command::Open(Box::new(opening)), second);
    let offer = events.iter().find_map(|event| {
        let Event::Offered(offer) = event else { return None };
        Some(offer.clone())
    });
    let offer = offer.unwrap();
    floor.done(&Command::Cancel { ticket: id(ticket), end: End::Admin }, second);
    (offer.agent.to_string(), offer.why.evidence.unwrap())
}

#[test]
fn who_closes_an_intent_well_is_asked_first_and_it_is_said_why() {
    let mut floor = best(vec![agent("ana", &["orders"], 1), agent("ben", &["orders"], 1)]);
    floor.online("ana", 0);
    floor.online("ben", 0);
    for round in 0..12 {
        let how = if round == 0 { Resolution::Unresolved } else { Resolution::Resolved };
        case(&mut floor, &format!("b{round}"), ("ben", how), 200 * round);
        case(&mut floor, &format!("a{round}"), ("ana", Resolution::Unresolved), 200 * round + 100);
        floor.beat(200 * round + 180);
    }
    let (first, known) = evidence(&mut floor, "x", 2_400);
    assert_eq!((first.as_str(), known.closed, known.resolved), ("ben", 12, 11));
    assert!((700_000..850_000).contains(&known.pooled), "{known:?}");
    floor.set("ben", Presence::Away, 2_401);
    let (_, poor) = evidence(&mut floor, "y", 2_402);
    assert!(poor.pooled < 400_000, "{poor:?}");
}

#[test]
fn whom_nobody_knows_yet_gets_work() {
    let mut floor = best(vec![agent("ana", &["orders"], 1), agent("new", &["orders"], 1)]);
    floor.online("ana", 0);
    for round in 0..20 {
        let how = if round % 3 == 0 { Resolution::Unresolved } else { Resolution::Resolved };
        case(&mut floor, &format!("a{round}"), ("ana", how), 100 * round);
    }
    floor.online("new", 2_000);
    assert_eq!(evidence(&mut floor, "x", 2_001).0, "new");
}

#[test]
fn a_case_that_is_taken_up_again_was_not_resolved() {
    let mut floor = best(vec![agent("ana", &["orders"], 1)]);
    floor.online("ana", 0);
    case(&mut floor, "a", ("ana", Resolution::Resolved), 0);
    let before = evidence(&mut floor, "x", 70).1;
    let again = Opening { id: id("b"), ..asks("a") };
    floor.done(&Command::Open(Box::new(again)), 80);
    assert_eq!(floor.desk.ticket(&id("b")).unwrap().reopens, Some(id("a")));
    floor.done(&Command::Cancel { ticket: id("b"), end: End::Admin }, 81);
    let after = evidence(&mut floor, "y", 90).1;
    assert_eq!((before.resolved, after.resolved, after.closed), (1, 0, 1));
    assert!(after.pooled < before.pooled);
}

#[test]
fn a_wait_is_unknown_below_five_samples_and_then_follows_the_services() {
    let mut floor = Floor::with(vec![agent("ana", &["orders"], 1)]);
    floor.online("ana", 0);
    floor.open("w", 1);
    floor.open("x", 1);
    let mut expect = Vec::new();
    for (round, ticket) in (1..).zip(["a", "b", "c", "d", "e", "f", "g"]) {
        let boost = Command::Raise { ticket: id(ticket), priority: Priority::Normal };
        floor.open(ticket, 20 * round);
        floor.done(&boost, 20 * round);
        let asked = floor.asked("ana").pop().unwrap();
        floor.accept("ana", 20 * round);
        floor.done(&close("ana", &asked, Resolution::Resolved), 20 * round);
        floor.beat(20 * round);
        expect.push(floor.desk.eta(&id("g"), at(20 * round)).map(|eta| eta.p50.as_secs()));
    }
    let position = u64::from(floor.desk.position(&id("g")).unwrap());
    assert_eq!(expect.last(), Some(&Some(20 * position)));
    assert!(
        floor.desk.eta(&id("g"), at(7_200)).is_none(),
        "what is older than half an hour is past"
    );
}

#[test]
fn a_position_counts_only_those_who_compete_for_an_agent() {
    let both = |agent| Agent { languages: vec![Language::EN, Language::ZH], ..agent };
    let zh = |ticket| Opening { language: Language::ZH, ..asks(ticket) };
    let open = |floor: &mut Floor, second| {
        floor.open("a", second);
        floor.done(&Command::Open(Box::new(zh("b"))), second);
        floor.desk.position(&id("b"))
    };
    let chinese = |agent| Agent { languages: vec![Language::ZH], ..agent };
    let full = |agent: Agent| Agent { units: 0, ..agent };
    let mut apart = Floor::with(vec![
        full(agent("ana", &["orders"], 1)),
        full(chinese(agent("chen", &["orders"], 1))),
    ]);
    apart.online("ana", 0);
    apart.online("chen", 0);
    assert_eq!(open(&mut apart, 1), Some(1));
    let mut shared = Floor::with(vec![full(both(agent("dora", &["orders"], 1)))]);
    shared.online("dora", 0);
    assert_eq!(open(&mut shared, 1), Some(2));
}

#[test]
fn supervisors_are_told_what_needs_them() {
    let rules = QueueRules { max_waiting: 4, calendar: Some(office()), ..QueueRules::default() };
    let config = Config {
        queues: [(queue("orders"), rules)].into(),
        agents: vec![agent("ana", &["orders"], 1)],
        ..Config::default()
    };
    let mut floor = Floor::new(config);
    let close_to = 8 * 3600 - 600;
    floor.until(close_to - 1500);
    for ticket in ["a", "b", "c", "d"] {
        floor.open(ticket, close_to - 1500);
    }
    let found: Vec<_> =
        alerts(&floor.desk, at(close_to)).iter().map(|alert| alert.concern.reason()).collect();
    assert_eq!(
        found,
        ["NOBODY_LOGGED_IN", "MAX_WAIT_NEAR", "QUEUE_NEARLY_FULL", "CALENDAR_CLOSING"]
    );
}
