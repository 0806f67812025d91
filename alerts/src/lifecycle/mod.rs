//! The life of an alert, as a function of values.
//!
//! [`step`] takes what stands (a [`Track`]), what changed (a [`Change`]) and the
//! time, and gives the alert as it is afterwards with at most one event. No
//! clock, no IO, no randomness: the same changes give the same alerts and
//! events, which is what makes a restart repeat an interrupted epoch exactly.
//!
//! The rules:
//! - An alert opens when the level rises from none, and keeps its identity
//!   `<enterprise id>-<episode>` through all revisions.
//! - A rise of the level counts at once. A fall counts when the level has not
//!   held, with its threshold lowered by the hysteresis, for so many business
//!   days without a break. Each level keeps its own days, so that an alert
//!   falls step by step exactly as the index did.
//! - When a source takes back what it said, or the model changes, the level
//!   follows at once; below blue the alert is then retracted, not closed.
//! - While open, a new category, a new element of the offence, or a rise of so
//!   many points since the last notice, is a notice of its own (re-raised).
//!   Anything else only updates the figures.
//! - The same change twice is one change.

mod alert;
mod book;
mod event;
mod group;

pub use alert::{Alert, Status};
pub use book::{Book, Track};
pub use event::{AlertEvent, Cause, Change, EventType};
pub use group::{GROUP_PREFIX, group_key, is_group, named_by};

use crate::level::{Assessment, Level, Policy, holds, level_of};

/// What a change did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The alert as it is now.
    pub alert: Alert,
    /// What to tell the world, if anything.
    pub event: Option<AlertEvent>,
}

/// The business day (Asia/Shanghai, days since 1970-01-01) of an instant in
/// milliseconds UTC. Shanghai has kept UTC+8 without daylight saving since 1991.
pub fn business_day(time_ms: i64) -> i64 {
    const EIGHT_HOURS_MS: i64 = 8 * 3_600_000;
    const DAY_MS: i64 = 24 * 3_600_000;
    time_ms.saturating_add(EIGHT_HOURS_MS).div_euclid(DAY_MS)
}

/// What `change`, at `now_ms`, makes of what stands. `None`: nothing changed.
///
/// `policy` must be valid ([`Policy::validate`]). `track` must be that of
/// `change.enterprise`.
pub fn step(track: &Track, change: &Change, now_ms: i64, policy: &Policy) -> Option<Step> {
    match &track.open {
        Some(alert) => update(alert, change, now_ms, policy),
        None => open(track.episodes, change, now_ms, policy),
    }
}

/// Whether the calendar alone would lower this alert by `now_ms`.
pub fn due(alert: &Alert, now_ms: i64, policy: &Policy) -> bool {
    alert.status == Status::Open && held_level(alert, now_ms, policy) < alert.level
}

fn open(episodes: u32, change: &Change, now_ms: i64, policy: &Policy) -> Option<Step> {
    let assessment = change.assessment.clone()?;
    let level = level_of(&assessment, policy);
    if level == Level::None {
        return None;
    }
    let alert = Alert::new(assessment, episodes.saturating_add(1), now_ms);
    Some(tell(alert, EventType::Opened, level, change, now_ms))
}

fn update(before: &Alert, change: &Change, now_ms: i64, policy: &Policy) -> Option<Step> {
    let mut alert = before.clone();
    alert.assessment = match &change.assessment {
        Some(assessment) => assessment.clone(),
        None => before.assessment.unscored(),
    };
    note_below(&mut alert, now_ms, policy);
    let level = next_level(&alert, change.cause, now_ms, policy);
    match event_of(&alert, level, change.cause, policy) {
        Some(kind) => Some(tell(alert, kind, level, change, now_ms)),
        None if alert == *before => None,
        None => {
            alert.epoch = change.epoch;
            alert.updated_ms = now_ms;
            Some(Step { alert, event: None })
        }
    }
}

/// Starts or ends each level's days below, by the figures of now.
fn note_below(alert: &mut Alert, now_ms: i64, policy: &Policy) {
    for (place, level) in Level::RAISED.into_iter().enumerate() {
        let kept = holds(&alert.assessment, level, policy, policy.hysteresis_points);
        alert.below_since[place] = match alert.below_since[place] {
            _ if kept || level > alert.level => None,
            None => Some(now_ms),
            since => since,
        };
    }
}

fn next_level(alert: &Alert, cause: Cause, now_ms: i64, policy: &Policy) -> Level {
    let assessed = level_of(&alert.assessment, policy);
    match cause {
        Cause::Withdrawal | Cause::Model => assessed,
        Cause::Evidence | Cause::Clock => assessed.max(held_level(alert, now_ms, policy)),
    }
}

/// The highest level, up to the alert's own, that has not been let go yet.
fn held_level(alert: &Alert, now_ms: i64, policy: &Policy) -> Level {
    let expired = |since: i64| {
        business_day(now_ms) - business_day(since) >= i64::from(policy.hysteresis_days)
    };
    Level::RAISED
        .into_iter()
        .zip(alert.below_since)
        .rev()
        .filter(|(level, _)| *level <= alert.level)
        .find(|(_, since)| !since.is_some_and(expired))
        .map_or(Level::None, |(level, _)| level)
}

fn event_of(alert: &Alert, level: Level, cause: Cause, policy: &Policy) -> Option<EventType> {
    match (level, cause) {
        (Level::None, Cause::Withdrawal | Cause::Model) => Some(EventType::Retracted),
        (Level::None, _) => Some(EventType::Closed),
        _ if level > alert.level => Some(EventType::Raised),
        _ if level < alert.level => Some(EventType::Lowered),
        _ if worth_telling(alert, &alert.assessment, policy) => Some(EventType::Reraised),
        _ => None,
    }
}

fn worth_telling(alert: &Alert, now: &Assessment, policy: &Policy) -> bool {
    let new_categories = now.signal_categories() & !alert.notified_categories;
    let new_elements = now.elements & !alert.notified_elements;
    let notable = u32::from(alert.notified_index) + u32::from(policy.realert_points) * 100;
    new_categories != 0 || new_elements != 0 || u32::from(now.index) >= notable
}

/// Moves the alert to `level` and makes the event that says so.
fn tell(mut alert: Alert, kind: EventType, level: Level, change: &Change, now_ms: i64) -> Step {
    let before = alert.level;
    alert.level = level;
    alert.revision = alert.revision.saturating_add(1);
    alert.epoch = change.epoch;
    alert.updated_ms = now_ms;
    alert.notified_index = alert.assessment.index;
    alert.notified_categories |= alert.assessment.signal_categories();
    alert.notified_elements |= alert.assessment.elements;
    alert.status = match kind {
        EventType::Closed | EventType::Merged => Status::Closed,
        EventType::Retracted => Status::Retracted,
        _ => Status::Open,
    };
    for (place, raised) in Level::RAISED.into_iter().enumerate() {
        if raised > level {
            alert.below_since[place] = None;
        }
    }
    let event = AlertEvent::of(&alert, kind, change.cause, before);
    Step {
        alert,
        event: Some(event),
    }
}
