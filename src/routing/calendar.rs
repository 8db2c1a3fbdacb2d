//! When a queue is open: hours of weekdays in a time zone, holidays, and days that are worked all the same.

use std::collections::BTreeSet;

use jiff::ToSpan as _;
use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::message::Timestamp;

/// How far ahead an opening is looked for.
const HORIZON_DAYS: i32 = 400;

/// The opening hours of a queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Calendar {
    /// Whose clock counts.
    pub zone: Zone,
    /// Weekdays with opening hours, 1 for Monday to 7 for Sunday.
    pub days: BTreeSet<i8>,
    /// Hours of an open day.
    pub hours: Vec<Hours>,
    /// Closed whatever the weekday says.
    pub holidays: BTreeSet<Date>,
    /// Open whatever the weekday says, such as the working Sundays around Chinese holidays.
    pub workdays: BTreeSet<Date>,
}

/// From one time of the day to another; into the next day where it is not later, so 00:00 to 00:00 is a whole day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hours {
    /// The first open moment.
    pub from: Time,
    /// The first closed moment.
    pub to: Time,
}

/// A time zone, written as its IANA name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Zone(TimeZone);

impl Zone {
    /// The zone of an IANA name; `None` where there is none of that name.
    pub fn named(name: &str) -> Option<Self> {
        TimeZone::get(name).ok().filter(|zone| zone.iana_name().is_some()).map(Self)
    }
}

impl TryFrom<String> for Zone {
    type Error = String;
    fn try_from(name: String) -> Result<Self, String> {
        Self::named(&name).ok_or_else(|| format!("there is no time zone {name:?}"))
    }
}

impl From<Zone> for String {
    fn from(zone: Zone) -> Self {
        zone.0.iana_name().unwrap_or("UTC").to_owned()
    }
}

/// An open stretch: its first moment and the first one after it.
type Stretch = (Timestamp, Timestamp);

impl Calendar {
    /// Whether the queue is open.
    pub fn open_at(&self, at: Timestamp) -> bool {
        self.around(at).any(|(from, to)| from <= at && at < to)
    }

    /// When it next opens or closes; `None` if it does neither for more than a year.
    pub fn turns_after(&self, at: Timestamp) -> Option<Timestamp> {
        if self.open_at(at) { self.closes_after(at) } else { self.opens_after(at) }
    }

    fn opens_after(&self, at: Timestamp) -> Option<Timestamp> {
        let today = self.local(at);
        (0..HORIZON_DAYS).find_map(|ahead| {
            let day = today.checked_add(ahead.days()).ok()?;
            self.stretches(day).map(|(from, _)| from).filter(|from| *from > at).min()
        })
    }

    /// Stretches that touch are one: follows them to the end.
    fn closes_after(&self, at: Timestamp) -> Option<Timestamp> {
        let mut end = at;
        for _ in 0..HORIZON_DAYS {
            let next = self.around(end).filter(|(from, to)| *from <= end && end < *to);
            match next.map(|(_, to)| to).max() {
                Some(later) => end = later,
                None => return Some(end),
            }
        }
        None
    }

    /// The stretches that could hold a moment: a day's own, and what the day before reaches over midnight.
    fn around(&self, at: Timestamp) -> impl Iterator<Item = Stretch> {
        let today = self.local(at);
        let yesterday = today.checked_sub(1.day()).ok();
        yesterday.into_iter().chain([today]).flat_map(|day| self.stretches(day))
    }

    fn stretches(&self, day: Date) -> impl Iterator<Item = Stretch> {
        let open = self.works(day);
        self.hours.iter().filter(move |_| open).filter_map(move |hours| self.stretch(day, *hours))
    }

    fn stretch(&self, day: Date, hours: Hours) -> Option<Stretch> {
        let last = if hours.to > hours.from { day } else { day.checked_add(1.day()).ok()? };
        Some((self.moment(day, hours.from)?, self.moment(last, hours.to)?))
    }

    fn works(&self, day: Date) -> bool {
        let usual = self.days.contains(&number(day.weekday()));
        self.workdays.contains(&day) || (usual && !self.holidays.contains(&day))
    }

    fn local(&self, at: Timestamp) -> Date {
        self.zone.0.to_datetime(at).date()
    }

    fn moment(&self, day: Date, time: Time) -> Option<Timestamp> {
        self.zone.0.to_timestamp(day.to_datetime(time)).ok()
    }
}

fn number(weekday: Weekday) -> i8 {
    weekday.to_monday_one_offset()
}
