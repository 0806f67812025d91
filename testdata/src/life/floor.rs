//! Whatever the rates, every topic happens a few times, so that no register of a
//! small city is empty. A large city does not notice.

use super::Month;
use super::detail::fill;
use super::rates;
use crate::event::{Events, Kind, LICENCES};
use crate::random::{mix, stream};

/// How often each topic happens at least.
const TIMES: u32 = 14;

/// Topics of ordinary life, of licences and of their ends.
const TOPICS: u32 = rates::TOPICS as u32 + 2 * LICENCES.len() as u32;

/// The enterprises of a city are dealt the topics in turn, once or more often.
pub(super) fn happen(month: &mut Month, out: &mut Events) {
    let of = month.of;
    if of.plan.is_some() {
        return;
    }
    let dealt = (of.index..TOPICS * TIMES).step_by(month.world.total.max(1) as usize);
    for slot in dealt {
        // Early enough for those who deliver once a year.
        let early = u64::from(month.world.months * 2 / 3).max(1);
        let turn = mix(month.world.seed, stream::FLOOR, u64::from(slot), 0) % early;
        if month.month - month.world.first_month == turn as i32 {
            put(month, out, slot % TOPICS);
        }
    }
}

fn put(month: &mut Month, out: &mut Events, at: u32) {
    let rest = at as usize;
    let (kind, topic) = match (rest.checked_sub(rates::TOPICS), rates::topic(rest)) {
        (_, Some(rate)) => (rate.kind, rate.topic),
        (Some(rest), None) if rest < LICENCES.len() => (Kind::Licence, LICENCES[rest]),
        (rest, None) => (
            Kind::LicenceEnd,
            LICENCES[rest.unwrap_or(0) % LICENCES.len()],
        ),
    };
    let day = month.day();
    let event = out.put(kind, topic, day);
    fill(month.world, month.of, event, &mut month.dice);
}
