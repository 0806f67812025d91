//! An alert that is not shown for a while: by whom, why, until when, and how much
//! it hid. It ends by itself when its time is over or the alert rises.

use crate::level::Level;
use serde::{Deserialize, Serialize};

/// The longest, in days.
pub const MAX_DAYS: i64 = 90;

/// A suppression.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suppression {
    /// The alert.
    pub alert: String,
    /// Who.
    pub who: String,
    /// When, milliseconds UTC.
    pub since_ms: i64,
    /// Until when.
    pub until_ms: i64,
    /// Why.
    pub text: String,
    /// The alert's level then.
    pub level: Level,
    /// Its revision then.
    pub revision: u32,
    /// The district.
    pub district: Option<String>,
    /// When and why it was lifted, and how many events it hid.
    pub lifted: Option<Lifted>,
}

/// How a suppression ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lifted {
    /// When, milliseconds UTC.
    pub time_ms: i64,
    /// Who.
    pub who: String,
    /// Why.
    pub text: String,
    /// Events it hid.
    pub hidden: u32,
}

impl Suppression {
    /// Whether it hides an alert that stands at this level now.
    pub fn hides(&self, level: Level, now_ms: i64) -> bool {
        self.lifted.is_none() && now_ms < self.until_ms && level <= self.level
    }

    /// How many events it has hidden of an alert that is at this revision.
    pub fn hidden(&self, revision: u32) -> u32 {
        match &self.lifted {
            Some(lifted) => lifted.hidden,
            None => revision.saturating_sub(self.revision),
        }
    }
}
