//! Alerts of groups: they live as those of enterprises do, in a book of their own.
//!
//! A group has no name but that of its least member, which changes as members come
//! and go. Its alert goes on all the same: [`Book::succeed`] hands it from one name
//! to the next, and where two alerted groups become one, one of the two alerts is
//! merged into the other.

use super::{Alert, AlertEvent, Book, Cause, EventType, Status, Step};
use crate::level::{Level, PerLevel, Policy};

/// The bit that tells a group's key from that of the enterprise that names it.
const GROUP_BIT: u8 = 0x80;
/// What a group's identifier begins with; behind it is that of its least member.
pub const GROUP_PREFIX: &str = "group:";

/// The key of the group that an enterprise names.
pub fn group_key(mut named_by: [u8; 16]) -> [u8; 16] {
    named_by[0] |= GROUP_BIT;
    named_by
}

/// Whether a key is a group's.
pub fn is_group(key: &[u8; 16]) -> bool {
    key[0] & GROUP_BIT != 0
}

/// The key of the enterprise that names a group.
pub fn named_by(mut group: [u8; 16]) -> [u8; 16] {
    group[0] &= !GROUP_BIT;
    group
}

impl Policy {
    /// The policy that groups are judged by: this one, but nothing below the level
    /// from which groups are alerted. `None`: groups are not alerted.
    pub fn of_groups(&self) -> Option<Policy> {
        let least = self.groups.filter(|least| *least != Level::None)?;
        let threshold = |level: Level| self.thresholds.of(level.max(least));
        Some(Policy {
            floor: least,
            // Who is far below need not be looked at.
            thresholds: PerLevel {
                blue: threshold(Level::Blue),
                yellow: threshold(Level::Yellow),
                orange: threshold(Level::Orange),
                red: threshold(Level::Red),
            },
            ..self.clone()
        })
    }
}

impl Book {
    /// The group `from` goes on as `to`: its open alert, if it has one, does too.
    /// Where `to` has one already, the alert of `from` is merged into that.
    pub fn succeed(
        &mut self,
        from: [u8; 16],
        to: [u8; 16],
        epoch: u64,
        now_ms: i64,
    ) -> Option<Step> {
        let alert = self.track(&from)?.open.clone()?;
        let merged = self.track(&to).is_some_and(|track| track.open.is_some());
        let step = match merged {
            true => merge(alert, epoch, now_ms),
            false => Step {
                alert: Alert {
                    enterprise: to,
                    epoch,
                    updated_ms: now_ms,
                    ..alert
                },
                event: None,
            },
        };
        self.release(&from);
        if !merged {
            self.hold(&step.alert);
        }
        Some(step)
    }
}

/// Ends an alert because another takes its place.
fn merge(mut alert: Alert, epoch: u64, now_ms: i64) -> Step {
    let before = alert.level;
    alert.status = Status::Closed;
    alert.level = Level::None;
    alert.below_since = [None; 4];
    alert.revision = alert.revision.saturating_add(1);
    (alert.epoch, alert.updated_ms) = (epoch, now_ms);
    let event = AlertEvent::of(&alert, EventType::Merged, Cause::Evidence, before);
    Step {
        alert,
        event: Some(event),
    }
}
