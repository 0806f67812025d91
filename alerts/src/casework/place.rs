//! How far somebody has said that they have seen everything: they said so, nobody
//! takes a page that was opened for one that was read.

use serde::{Deserialize, Serialize};

/// A reader's place.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The last alert event that they have seen.
    pub events: u64,
    /// When they said so, milliseconds UTC.
    pub events_ms: i64,
    /// The last deed that they have seen.
    pub deeds: u64,
    /// When they said so, milliseconds UTC.
    pub deeds_ms: i64,
}

/// What somebody has seen; what is absent stays as it was.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    /// Up to this alert event.
    #[serde(default)]
    pub events: Option<u64>,
    /// Up to this deed.
    #[serde(default)]
    pub deeds: Option<u64>,
}

impl Place {
    /// Where a reader is after they have seen more; it never goes back.
    #[must_use]
    pub fn after(self, seen: Seen, now_ms: i64) -> Place {
        let mut place = self;
        if let Some(events) = seen.events {
            (place.events, place.events_ms) = (events.max(self.events), now_ms);
        }
        if let Some(deeds) = seen.deeds {
            (place.deeds, place.deeds_ms) = (deeds.max(self.deeds), now_ms);
        }
        place
    }
}
