//! Which events a sink is told.

use crate::level::Level;
use crate::lifecycle::{AlertEvent, EventType};

/// What a sink wants to hear of. Every condition must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// The level after the event must be this one or higher; `None` and `Blue`
    /// say the same, since no open alert stands lower.
    pub level: Level,
    /// One of these categories must have evidence; empty: whatever has. Bits as
    /// in `Assessment::categories`.
    pub categories: u16,
    /// The enterprise's district must be one of these; empty: any, or none known.
    pub districts: Vec<String>,
}

impl Filter {
    /// Whether an event by itself is to be told.
    pub fn wants(&self, event: &AlertEvent) -> bool {
        let figures = &event.assessment;
        let of_district =
            |district: &String| self.districts.iter().any(|wanted| wanted == district);
        event.after >= self.level.max(Level::Blue)
            && (self.categories == 0 || figures.signal_categories() & self.categories != 0)
            && (self.districts.is_empty() || figures.district.as_ref().is_some_and(of_district))
    }
}

/// Whether an event takes back, in whole or in part, what earlier events of its
/// alert said: whoever was told those is told this, whatever the filter.
pub(super) fn takes_back(event: &AlertEvent) -> bool {
    match event.kind {
        EventType::Lowered | EventType::Retracted | EventType::Closed | EventType::Merged => true,
        EventType::Opened | EventType::Raised | EventType::Reraised => false,
    }
}

/// Whether an event is the last of its alert.
pub(super) fn is_last(event: &AlertEvent) -> bool {
    matches!(
        event.kind,
        EventType::Retracted | EventType::Closed | EventType::Merged
    )
}
