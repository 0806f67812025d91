//! What happens on a day: draws events per enterprise from rates, and puts
//! them, their corrections and their withdrawals into a sheet.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::city::City;
use crate::enterprise::Role;
use crate::random::{chance, count, keyed, mix};
use crate::scheme::Plan;
use crate::sheet::Sheet;

/// How often something happens. All rates are events per enterprise and day in
/// millionths.
pub(crate) struct Rates {
    /// The stream of random numbers: one number an event kind, used nowhere else.
    pub(crate) stream: u32,
    pub(crate) ordinary: u32,
    pub(crate) role: fn(Role) -> u32,
    pub(crate) scheme: fn(&Plan, i32) -> u32,
}

/// One event, as one agency will report it on `day`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) enterprise: u32,
    /// The plan it comes from, if it comes from one.
    pub(crate) scheme: Option<u32>,
    /// The day of delivery.
    pub(crate) day: i32,
    /// The day it happened: mostly up to three days earlier, sometimes weeks.
    pub(crate) date: i32,
    /// Number within (stream, day).
    pub(crate) serial: u32,
    stream: u32,
}

impl Event {
    /// The generator of this event's details.
    pub(crate) fn rng(&self, city: &City) -> ChaCha8Rng {
        keyed(
            city.seed(),
            self.stream + 1_000,
            i64::from(self.day),
            u64::from(self.serial),
        )
    }

    /// The generator of what goes wrong with this event's row.
    fn dirt(&self, city: &City) -> ChaCha8Rng {
        keyed(
            city.seed(),
            self.stream + 3_000,
            i64::from(self.day),
            u64::from(self.serial),
        )
    }

    /// A number of its own for the event, such as a document number.
    pub(crate) fn number(&self) -> String {
        format!("{}{:05}", self.day, self.serial)
    }

    /// The plan behind it.
    pub(crate) fn plan<'a>(&self, city: &'a City) -> Option<&'a Plan> {
        self.scheme.map(|scheme| &city.plans()[scheme as usize])
    }
}

/// Which version of a record is delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    First,
    Corrected,
    Withdrawn,
}

impl Version {
    /// `D` for a withdrawn record, otherwise empty.
    pub(crate) fn op(self) -> String {
        if self == Version::Withdrawn {
            "D".to_owned()
        } else {
            String::new()
        }
    }
}

/// How an agency writes an event down.
pub(crate) type Row = fn(&City, &Event, Version) -> Vec<String>;

/// Days after which an agency corrects or withdraws what it delivered.
const CORRECTED_AFTER: i32 = 9;

/// Puts the events of `day`, and what is corrected of earlier ones.
pub(crate) fn put_corrected(city: &City, day: i32, sheet: &mut Sheet, rates: &Rates, row: Row) {
    put(city, day, sheet, rates, row);
    if day - CORRECTED_AFTER < city.start() {
        return;
    }
    for event in draw(city, rates, day - CORRECTED_AFTER) {
        let version = match mix(
            city.seed(),
            rates.stream + 2_000,
            event.day as u64,
            u64::from(event.serial),
        ) % 1_000
        {
            0..5 => Version::Corrected,
            5..8 => Version::Withdrawn,
            _ => continue,
        };
        sheet.put_clean(&row(city, &event, version));
    }
}

/// Puts the events of `day`; for sources that only append.
pub(crate) fn put(city: &City, day: i32, sheet: &mut Sheet, rates: &Rates, row: Row) {
    for event in draw(city, rates, day) {
        let fields = row(city, &event, Version::First);
        sheet.put(&mut event.dirt(city), fields);
    }
}

/// The events that are delivered on `day`.
pub(crate) fn draw(city: &City, rates: &Rates, day: i32) -> Vec<Event> {
    let mut rng = keyed(city.seed(), rates.stream, i64::from(day), 0);
    let mut draw = Draw {
        city,
        stream: rates.stream,
        day,
        events: Vec::new(),
    };
    let alive = city.founded_by(day);
    for _ in 0..count(&mut rng, u64::from(alive) * u64::from(rates.ordinary)) {
        let enterprise = rng.gen_range(0..alive);
        draw.add(&mut rng, enterprise, None);
    }
    for (role, members) in city.roles() {
        let expected = members.len() as u64 * u64::from((rates.role)(*role));
        for _ in 0..count(&mut rng, expected) {
            let enterprise = members[rng.gen_range(0..members.len() as u32) as usize];
            draw.add(&mut rng, enterprise, None);
        }
    }
    for (scheme, plan) in city.plans().iter().enumerate() {
        let rate = (rates.scheme)(plan, day);
        if rate == 0 {
            continue;
        }
        for _ in 0..count(&mut rng, u64::from(rate)) {
            draw.add(&mut rng, plan.enterprise, Some(scheme as u32));
        }
    }
    draw.events
}

struct Draw<'a> {
    city: &'a City,
    stream: u32,
    day: i32,
    events: Vec<Event>,
}

impl Draw<'_> {
    fn add(&mut self, rng: &mut ChaCha8Rng, enterprise: u32, scheme: Option<u32>) {
        let lag = if chance(rng, 30_000) {
            rng.gen_range(10..45)
        } else {
            rng.gen_range(0..4)
        };
        let known = &self.city.enterprises()[enterprise as usize];
        if !known.lives(self.day) {
            return;
        }
        // A scheme's complaints must not predate its first complaint.
        let lag = if scheme.is_some() { lag.min(3) } else { lag };
        self.events.push(Event {
            enterprise,
            scheme,
            day: self.day,
            date: (self.day - lag).max(known.founded),
            serial: self.events.len() as u32,
            stream: self.stream,
        });
    }
}
