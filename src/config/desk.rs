//! The desk's part of the file: queues with their rings, calendars, agents and how long things take.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::time::Duration;

use jiff::civil::Time;
use jiff::tz::TimeZone;
use toml::Spanned;

use super::raw;
use super::read::{Checked, duration, no_zone, unique, wrong};
use crate::message::QueueId;
use crate::routing::{self, Calendar, ConcurrentOffers, Hours, QueueRules, Ring, Times, Zone};

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
/// A ticket counts the rings in a byte.
const MOST_RINGS: usize = 16;

pub(super) fn routing(file: &raw::File, zone: &TimeZone) -> Checked<routing::Config> {
    let calendars = file
        .calendars
        .iter()
        .map(|(name, raw)| Ok((name.as_str(), calendar(raw, zone)?)))
        .collect::<Checked<BTreeMap<_, _>>>()?;
    let queues = file
        .queues
        .iter()
        .map(|(id, queue)| Ok((id.clone(), rules(queue, &calendars, &file.queues)?)))
        .collect::<Checked<_>>()?;
    let mut seen = HashSet::new();
    for agent in &file.agents {
        unique(&mut seen, agent.get_ref().id.as_str(), agent.span())?;
    }
    let agents = file.agents.iter().map(|agent| one_agent(agent.get_ref(), &file.queues));
    Ok(routing::Config {
        queues,
        implied: QueueRules::default(),
        agents: agents.collect::<Checked<_>>()?,
        times: times(&file.desk)?,
        order: file.desk.order.unwrap_or_default(),
        concurrent_offers: file.desk.concurrent_offers.map(ConcurrentOffers).unwrap_or_default(),
    })
}

fn times(raw: &raw::Desk) -> Checked<Times> {
    let standard = Times::default();
    Ok(Times {
        offer: duration(raw.offer.as_ref(), standard.offer)?,
        grace: duration(raw.grace.as_ref(), standard.grace)?,
        decline: duration(raw.decline.as_ref(), standard.decline)?,
        affinity: duration(raw.affinity.as_ref(), standard.affinity)?,
        wrap: duration(raw.wrap.as_ref(), standard.wrap)?,
        inactive: duration(raw.inactive.as_ref(), standard.inactive)?,
        park: duration(raw.park.as_ref(), standard.park)?,
        lease: duration(raw.lease.as_ref(), standard.lease)?,
        reopen: duration(raw.reopen.as_ref(), standard.reopen)?,
        ..standard
    })
}

fn rules(
    raw: &raw::Queue,
    calendars: &BTreeMap<&str, Calendar>,
    queues: &BTreeMap<QueueId, raw::Queue>,
) -> Checked<QueueRules> {
    let standard = QueueRules::default();
    Ok(QueueRules {
        max_waiting: raw.max_waiting.map_or(standard.max_waiting, usize::from),
        max_wait: duration(raw.max_wait.as_ref(), standard.max_wait)?,
        max_class_wait: duration(raw.max_class_wait.as_ref(), standard.max_class_wait)?,
        calendar: raw.calendar.as_ref().map(|name| named(name, calendars)).transpose()?,
        closed: raw.closed.unwrap_or_default(),
        rings: if raw.rings.is_empty() { standard.rings } else { rings(&raw.rings, queues)? },
        units: raw.units.map_or(standard.units, u32::from),
    })
}

fn named(name: &Spanned<String>, calendars: &BTreeMap<&str, Calendar>) -> Checked<Calendar> {
    calendars.get(name.get_ref().as_str()).cloned().ok_or_else(|| {
        let message = format!("there is no calendar {:?}", name.get_ref());
        wrong(name.span(), message, "Add it under [calendars], or correct the name.")
    })
}

fn rings(raw: &[Spanned<raw::Ring>], queues: &BTreeMap<QueueId, raw::Queue>) -> Checked<Vec<Ring>> {
    let mut found: Vec<Ring> = Vec::new();
    for spanned in raw {
        let ring = one_ring(spanned.get_ref(), queues)?;
        let least = found.last().map(|before| before.after);
        if found.is_empty() && !ring.after.is_zero() {
            let remedy = "Let the first ring begin at once: after = \"0s\".";
            return Err(wrong(spanned.span(), "nobody takes a ticket at first".into(), remedy));
        }
        if least.is_some_and(|least| ring.after <= least) || found.len() >= MOST_RINGS {
            let remedy = "Write at most 16 rings, each with a later `after` than the one before.";
            return Err(wrong(spanned.span(), "this ring is never reached".into(), remedy));
        }
        found.push(ring);
    }
    Ok(found)
}

fn one_ring(raw: &raw::Ring, queues: &BTreeMap<QueueId, raw::Queue>) -> Checked<Ring> {
    if let Some(queue) = raw.overflow.iter().find(|queue| !known(queues, queue.get_ref())) {
        let message = format!("{:?} is no configured queue", queue.get_ref().as_str());
        return Err(wrong(queue.span(), message, "Add the queue under [queues], or correct it."));
    }
    Ok(Ring {
        after: duration(Some(&raw.after), Duration::ZERO)?,
        skills: levels(&raw.skills)?,
        overflow: raw.overflow.iter().map(|queue| queue.get_ref().clone()).collect(),
        any_language: raw.any_language,
    })
}

fn known(queues: &BTreeMap<QueueId, raw::Queue>, queue: &QueueId) -> bool {
    queues.is_empty() || queues.contains_key(queue)
}

fn levels(raw: &BTreeMap<String, Spanned<u8>>) -> Checked<BTreeMap<String, u8>> {
    raw.iter().map(|(skill, level)| Ok((skill.clone(), one_level(level)?))).collect()
}

fn calendar(raw: &raw::Calendar, standard: &TimeZone) -> Checked<Calendar> {
    let zone = match &raw.timezone {
        None => Zone::named(standard.iana_name().unwrap_or("UTC")),
        Some(name) => Some(Zone::named(name.get_ref()).ok_or_else(|| no_zone(name))?),
    };
    let zone = zone.or_else(|| Zone::named("UTC"));
    let days = raw.days.iter().map(day).collect::<Checked<BTreeSet<_>>>()?;
    let hours = raw.hours.iter().map(hours).collect::<Checked<Vec<_>>>()?;
    let zone = zone.ok_or_else(|| {
        wrong(0..0, "there is no time zone UTC".into(), "Name a timezone in the calendar.")
    })?;
    Ok(Calendar {
        zone,
        days,
        hours,
        holidays: raw.holidays.clone(),
        workdays: raw.workdays.clone(),
    })
}

fn day(name: &Spanned<String>) -> Checked<i8> {
    let found = (1..).zip(DAYS).find(|(_, day)| day == name.get_ref());
    found.map(|(number, _)| number).ok_or_else(|| {
        let message = format!("{:?} is no day of the week", name.get_ref());
        wrong(name.span(), message, "Use mon, tue, wed, thu, fri, sat or sun.")
    })
}

/// `"09:00-18:00"`; an end at or before the start is on the next day.
fn hours(text: &Spanned<String>) -> Checked<Hours> {
    let time = |text: &str| match text.trim() {
        "24:00" => Some(Time::midnight()),
        other => other.parse::<Time>().ok(),
    };
    let (from, to) = text.get_ref().split_once('-').unwrap_or_default();
    time(from).zip(time(to)).map(|(from, to)| Hours { from, to }).ok_or_else(|| {
        let message = format!("{:?} are no hours", text.get_ref());
        wrong(text.span(), message, "Write hours such as \"09:00-18:00\".")
    })
}

fn one_agent(raw: &raw::Agent, queues: &BTreeMap<QueueId, raw::Queue>) -> Checked<routing::Agent> {
    if let Some(queue) = raw.queues.iter().find(|queue| !known(queues, queue.get_ref())) {
        let message = format!(
            "agent {} serves {:?}, which is no configured queue",
            raw.id,
            queue.get_ref().as_str()
        );
        return Err(wrong(
            queue.span(),
            message,
            "Add the queue under [queues], or correct the name.",
        ));
    }
    Ok(routing::Agent {
        id: raw.id.clone(),
        name: raw.name.clone().unwrap_or_else(|| raw.id.to_string()),
        queues: raw.queues.iter().map(|queue| queue.get_ref().clone()).collect(),
        skills: levels(&raw.skills)?,
        languages: raw.languages.clone(),
        units: raw.units.map_or(1, u32::from),
        per_channel: raw.per_channel.clone(),
        wrap_slots: raw.wrap_slots.map(usize::from),
    })
}

fn one_level(level: &Spanned<u8>) -> Checked<u8> {
    if (1..=5).contains(level.get_ref()) {
        return Ok(*level.get_ref());
    }
    Err(wrong(
        level.span(),
        format!("{} is no skill level", level.get_ref()),
        "Use a level from 1 to 5.",
    ))
}
