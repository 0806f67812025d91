//! Alerts and scores as JSON.

use crate::serve::app::App;
use crate::serve::lookup;
use crate::time::instant_text;
use crate::view::GroupAlert;
use serde::Serialize;
use tocsin_alerts::DISCLAIMER;
use tocsin_alerts::level::{Level, Reason};
use tocsin_alerts::lifecycle::{Alert, Status};
use tocsin_alerts::store::HistoryRow;
use tocsin_ingest::fact::SubjectKey;

/// An enterprise by what people know it by.
#[derive(Debug, Serialize)]
pub(super) struct Named {
    pub(super) id: String,
    pub(super) name: Option<String>,
    pub(super) district: Option<String>,
}

/// A score as an epoch left it.
#[derive(Debug, Serialize)]
pub(super) struct Score {
    epoch: u64,
    time: String,
    /// 0 to 100.
    index: f64,
    /// Micro-log-odds.
    log_odds: i64,
    probability: f64,
    /// By score and gates, before hysteresis.
    level: Level,
}

impl Score {
    /// By score and gates.
    pub(super) fn level(&self) -> Level {
        self.level
    }
}

impl Score {
    /// A published score; its probability is read by the model in force.
    pub(super) fn of(app: &App, row: &HistoryRow) -> Score {
        Score {
            epoch: row.epoch,
            time: instant_text(row.time_ms),
            index: f64::from(row.index) / 100.0,
            log_odds: row.log_odds,
            probability: app.view.probability(row.log_odds, row.index),
            level: row.level,
        }
    }
}

/// An alert as it is now.
#[derive(Debug, Serialize)]
pub(super) struct AlertBody {
    id: String,
    enterprise: Named,
    episode: u32,
    level: Level,
    level_name: &'static str,
    level_meaning: &'static str,
    status: Status,
    opened: String,
    /// All that follows from what the reader may not see, too, is not there for
    /// them: they have the explanation of what they may.
    #[serde(flatten)]
    figures: Option<Figures>,
    /// How many features are hidden from the reader.
    #[serde(skip_serializing_if = "Option::is_none")]
    restricted: Option<usize>,
    text: &'static str,
}

/// What an alert's records come to.
#[derive(Debug, Serialize)]
struct Figures {
    updated: String,
    revision: u32,
    epoch: u64,
    index: f64,
    log_odds: i64,
    probability: f64,
    coverage: f64,
    hard_trigger: bool,
    categories: Vec<char>,
    elements: Vec<&'static str>,
    agencies: Vec<String>,
    reasons: Vec<Reason>,
    /// The open alert of the group that it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<GroupAlert>,
    /// Whether that one stands as high: then this one is part of it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    folded: bool,
}

impl AlertBody {
    /// An alert for a reader from whom so many features are hidden.
    pub(super) fn of(app: &App, alert: Alert, restricted: usize) -> AlertBody {
        let named = Named {
            id: alert.assessment.id.clone(),
            name: alert.assessment.name.clone(),
            district: alert.assessment.district.clone(),
        };
        AlertBody {
            id: alert.id.clone(),
            enterprise: named,
            episode: alert.episode,
            level: alert.level,
            level_name: alert.level.chinese(),
            level_meaning: alert.level.meaning(),
            status: alert.status,
            opened: instant_text(alert.opened_ms),
            figures: (restricted == 0).then(|| Figures::of(app, alert)),
            restricted: (restricted > 0).then_some(restricted),
            text: DISCLAIMER,
        }
    }
}

impl Figures {
    fn of(app: &App, alert: Alert) -> Figures {
        let group = app
            .view
            .group_alert(SubjectKey(u128::from_be_bytes(alert.enterprise)));
        let stands = |group: &GroupAlert| group.level >= alert.level;
        let folded = alert.status == Status::Open && group.as_ref().is_some_and(stands);
        let figures = alert.assessment;
        Figures {
            group,
            folded,
            updated: instant_text(alert.updated_ms),
            revision: alert.revision,
            epoch: alert.epoch,
            index: f64::from(figures.index) / 100.0,
            log_odds: figures.log_odds,
            probability: app.view.probability(figures.log_odds, figures.index),
            coverage: f64::from(figures.coverage) / 1000.0,
            hard_trigger: figures.hard_trigger,
            categories: figures.category_letters(),
            elements: figures.element_names(),
            agencies: lookup::agencies(app, figures.agencies),
            reasons: figures.reasons,
        }
    }
}
