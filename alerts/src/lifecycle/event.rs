//! What can happen to an enterprise, and what is told of it.

use super::Alert;
use crate::DISCLAIMER;
use crate::level::{Assessment, Level};
use serde::{Deserialize, Serialize};

/// Why an assessment changed: decides whether a fall waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Cause {
    /// Records arrived. A fall waits out the hysteresis.
    Evidence,
    /// Records were corrected or withdrawn. A fall counts at once.
    Withdrawal,
    /// A day passed: windows ended. A fall waits out the hysteresis.
    Clock,
    /// Another model scores. A fall counts at once.
    Model,
}

/// A new assessment of one enterprise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The epoch it belongs to.
    pub epoch: u64,
    /// The enterprise's key.
    pub enterprise: [u8; 16],
    /// The figures now; `None`: the enterprise is no longer scored.
    pub assessment: Option<Assessment>,
    /// Why.
    pub cause: Cause,
}

/// What happened to an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EventType {
    /// A new episode.
    Opened,
    /// The level rose.
    Raised,
    /// The level fell, and is still above none.
    Lowered,
    /// It fell to none because what it stood on was taken back.
    Retracted,
    /// It fell to none and stayed there.
    Closed,
    /// The same level, but a new category, a new element, or a notable rise of the
    /// index.
    #[serde(rename = "re-raised")]
    Reraised,
    /// 并案: a group's alert goes on in another's.
    Merged,
}

impl EventType {
    /// The name, as in JSON, in the store and at the end of a CloudEvent's type.
    pub fn name(self) -> &'static str {
        match self {
            EventType::Opened => "opened",
            EventType::Raised => "raised",
            EventType::Lowered => "lowered",
            EventType::Retracted => "retracted",
            EventType::Closed => "closed",
            EventType::Reraised => "re-raised",
            EventType::Merged => "merged",
        }
    }

    /// For people: Chinese first, English beside it.
    pub fn words(self) -> &'static str {
        match self {
            EventType::Opened => "新增 opened",
            EventType::Raised => "升级 raised",
            EventType::Lowered => "降级 lowered",
            EventType::Retracted => "撤回 retracted",
            EventType::Closed => "解除 closed",
            EventType::Reraised => "再提示 re-raised",
            EventType::Merged => "并案 merged",
        }
    }
}

/// One revision of an alert, as told to the world.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertEvent {
    /// The alert's identity.
    pub alert: String,
    /// 1, 2, 3 … without gaps within an alert.
    pub revision: u32,
    /// The epoch it belongs to.
    pub epoch: u64,
    /// When, milliseconds UTC.
    pub time_ms: i64,
    /// What happened.
    #[serde(rename = "type")]
    pub kind: EventType,
    /// Why.
    pub cause: Cause,
    /// The level before.
    pub before: Level,
    /// The level after.
    pub after: Level,
    /// The figures.
    pub assessment: Assessment,
    /// [`DISCLAIMER`]: kept with the event, so that no reader can drop it.
    pub text: String,
}

impl AlertEvent {
    /// The event that tells of an alert's present revision.
    pub(super) fn of(alert: &Alert, kind: EventType, cause: Cause, before: Level) -> AlertEvent {
        AlertEvent {
            alert: alert.id.clone(),
            revision: alert.revision,
            epoch: alert.epoch,
            time_ms: alert.updated_ms,
            kind,
            cause,
            before,
            after: alert.level,
            assessment: alert.assessment.clone(),
            text: DISCLAIMER.to_owned(),
        }
    }
}
