//! Lines of tables and lists: what templates show, ready as text.

use crate::serve::app::App;
use crate::serve::text;
use crate::serve::words::{either, t};
use tocsin_alerts::level::{Level, Reason};
use tocsin_alerts::lifecycle::{Alert, EventType, Status};
use tocsin_alerts::store::Sequenced;
use tocsin_ingest::fact::SubjectKey;

/// Reasons shown with an alert.
const REASONS: usize = 3;

/// A level: its name for the style sheet, its character for people.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct LevelMark {
    pub(super) name: &'static str,
    /// In the reader's language.
    pub(super) words: &'static str,
}

impl From<Level> for LevelMark {
    fn from(level: Level) -> LevelMark {
        LevelMark {
            name: level.name(),
            words: either(level.chinese(), level.name()),
        }
    }
}

/// A reason with its category.
#[derive(Debug, Clone, Default)]
pub(super) struct ReasonRow {
    pub(super) letter: String,
    pub(super) category: &'static str,
    pub(super) title: String,
    pub(super) weight: String,
}

impl From<&Reason> for ReasonRow {
    fn from(reason: &Reason) -> ReasonRow {
        ReasonRow {
            letter: reason.category.to_string(),
            category: text::category(reason.category),
            title: reason.title.clone(),
            weight: match reason.hard_trigger {
                true => t(text::HARD_TRIGGER).to_owned(),
                false => text::short_log_odds(reason.contribution),
            },
        }
    }
}

fn top_reasons(reasons: &[Reason]) -> Vec<ReasonRow> {
    reasons.iter().take(REASONS).map(ReasonRow::from).collect()
}

/// The page of an enterprise.
pub(super) fn enterprise_path(id: &str) -> String {
    format!("/enterprises/{}", text::segment(id))
}

/// An event: what happened to an alert, and why.
#[derive(Debug, Clone, Default)]
pub(super) struct EventRow {
    pub(super) seq: u64,
    pub(super) revision: u32,
    pub(super) what: &'static str,
    pub(super) cause: &'static str,
    pub(super) before: LevelMark,
    pub(super) after: LevelMark,
    pub(super) index: String,
    pub(super) name: String,
    pub(super) id: String,
    pub(super) path: String,
    pub(super) time: String,
    pub(super) reasons: Vec<ReasonRow>,
}

impl EventRow {
    /// What a reader is told of an event: where features are hidden from them,
    /// that the level changed, and nothing of why.
    pub(super) fn told(event: &Sequenced, restricted: bool) -> Option<EventRow> {
        let whole = EventRow::from(event);
        if !restricted {
            return Some(whole);
        }
        (event.event.before != event.event.after).then(|| EventRow {
            index: String::new(),
            cause: "",
            reasons: Vec::new(),
            ..whole
        })
    }

    /// What the script fills in for events that arrive.
    pub(super) fn blank() -> EventRow {
        EventRow {
            reasons: vec![ReasonRow::default()],
            ..EventRow::default()
        }
    }
}

/// What happened to an alert, in words of the catalogue.
pub(super) fn kind_words(kind: EventType) -> &'static str {
    kind.words()
        .split_once(' ')
        .map_or("", |(_, english)| english)
}

impl From<&Sequenced> for EventRow {
    fn from(sequenced: &Sequenced) -> EventRow {
        let event = &sequenced.event;
        let figures = &event.assessment;
        EventRow {
            seq: sequenced.seq,
            revision: event.revision,
            what: kind_words(event.kind),
            cause: text::cause(event.cause),
            before: event.before.into(),
            after: event.after.into(),
            index: text::index(figures.index),
            name: figures.name.clone().unwrap_or_default(),
            id: figures.id.clone(),
            path: enterprise_path(&figures.id),
            time: text::clock(event.time_ms),
            reasons: top_reasons(&figures.reasons),
        }
    }
}

/// An alert as it is now.
#[derive(Debug, Clone)]
pub(super) struct AlertRow {
    pub(super) level: LevelMark,
    pub(super) index: String,
    pub(super) name: String,
    pub(super) id: String,
    pub(super) path: String,
    pub(super) district: String,
    pub(super) categories: String,
    pub(super) agencies: u32,
    pub(super) status: &'static str,
    pub(super) updated: String,
    pub(super) reason: String,
    /// The alert of its group, where that stands as high.
    pub(super) folded: String,
}

impl AlertRow {
    /// An alert for a reader from whom features are hidden: its level alone.
    pub(super) fn bare(alert: &Alert) -> AlertRow {
        AlertRow {
            index: String::new(),
            categories: String::new(),
            agencies: 0,
            updated: String::new(),
            reason: String::new(),
            ..AlertRow::from(alert)
        }
    }

    /// An alert, beside that of its group.
    pub(super) fn of(app: &App, alert: &Alert) -> AlertRow {
        let key = SubjectKey(u128::from_be_bytes(alert.enterprise));
        let group = app.view.group_alert(key);
        let group =
            group.filter(|group| alert.status == Status::Open && group.level >= alert.level);
        AlertRow {
            folded: group.map_or_else(String::new, |group| group.id),
            ..AlertRow::from(alert)
        }
    }
}

impl From<&Alert> for AlertRow {
    fn from(alert: &Alert) -> AlertRow {
        let figures = &alert.assessment;
        AlertRow {
            folded: String::new(),
            level: alert.level.into(),
            index: text::index(figures.index),
            name: figures.name.clone().unwrap_or_default(),
            id: figures.id.clone(),
            path: enterprise_path(&figures.id),
            district: figures.district.clone().unwrap_or_default(),
            categories: figures
                .category_letters()
                .into_iter()
                .filter(|c| *c != 'R')
                .collect(),
            agencies: figures.agencies.count_ones(),
            status: text::status(alert.status),
            updated: text::clock(alert.updated_ms),
            reason: figures
                .reasons
                .first()
                .map(|reason| reason.title.clone())
                .unwrap_or_default(),
        }
    }
}
