//! An alert: one episode of one enterprise, with all it takes to go on from.

use crate::hex;
use crate::level::{Assessment, Level};
use serde::{Deserialize, Serialize};

/// Whether an alert goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It follows the enterprise.
    Open,
    /// The risk went away by itself.
    Closed,
    /// 撤回: what it stood on was taken back (a source or the model corrected).
    Retracted,
}

impl Status {
    /// The lower-case English name, as in JSON and in the store.
    pub fn name(self) -> &'static str {
        match self {
            Status::Open => "open",
            Status::Closed => "closed",
            Status::Retracted => "retracted",
        }
    }
}

/// One episode of one enterprise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// `<enterprise id>-<episode>`: the same through all revisions.
    pub id: String,
    /// The enterprise's key.
    #[serde(with = "hex")]
    pub enterprise: [u8; 16],
    /// 1 for the enterprise's first alert, 2 for its second …
    pub episode: u32,
    /// The level now, after hysteresis.
    pub level: Level,
    /// Whether it goes on.
    pub status: Status,
    /// When it opened, milliseconds UTC.
    pub opened_ms: i64,
    /// When its figures last changed, milliseconds UTC.
    pub updated_ms: i64,
    /// The revision of its last event: 1, 2, 3 …
    pub revision: u32,
    /// The epoch that last changed it.
    pub epoch: u64,
    /// The figures now.
    pub assessment: Assessment,
    /// The index at the last event, in centi-points.
    pub notified_index: u16,
    /// Every category an event of this episode has told of.
    pub notified_categories: u16,
    /// Every element an event of this episode has told of. Of alerts that were
    /// opened before elements were noted, all: what they told is not known.
    #[serde(default = "every_element")]
    pub notified_elements: u8,
    /// Since when blue, yellow, orange, red do not hold even with the
    /// hysteresis, milliseconds UTC; `None` where they do, or lie above `level`.
    pub below_since: [Option<i64>; 4],
}

fn every_element() -> u8 {
    u8::MAX
}

impl Alert {
    /// An alert about to be opened: revision 0, level none.
    pub(super) fn new(assessment: Assessment, episode: u32, now_ms: i64) -> Alert {
        Alert {
            id: format!("{}-{episode}", assessment.id),
            enterprise: assessment.enterprise,
            episode,
            level: Level::None,
            status: Status::Open,
            opened_ms: now_ms,
            updated_ms: now_ms,
            revision: 0,
            epoch: 0,
            assessment,
            notified_index: 0,
            notified_categories: 0,
            notified_elements: 0,
            below_since: [None; 4],
        }
    }
}
