//! What is new since the reader said that they have seen everything: a panel on the
//! feed and on the list of cases, and the form that moves their place on.

use super::cases::{mark, path};
use crate::casework::secrets;
use crate::serve::api::news::{self as api, About, Became, News};
use crate::serve::app::App;
use crate::serve::caller::Caller;
use crate::serve::pages::Failed;
use crate::serve::pages::fields::Fields;
use crate::serve::pages::rows::{LevelMark, enterprise_path};
use crate::serve::problem::Problem;
use crate::serve::text;
use crate::serve::words::{action as name_of, c, t};
use axum::extract::State;
use axum::response::Redirect;
use serde::Deserialize;
use tocsin_alerts::casework::Seen;

/// Lines shown of each kind; the API tells more.
const SHOWN: usize = 12;

/// One alert.
pub(in crate::serve::pages) struct AlertLine {
    pub(in crate::serve::pages) became: &'static str,
    pub(in crate::serve::pages) path: String,
    pub(in crate::serve::pages) name: String,
    pub(in crate::serve::pages) before: LevelMark,
    pub(in crate::serve::pages) after: LevelMark,
    pub(in crate::serve::pages) time: String,
}

/// One case or clock: path, id, name, what, and how far its clock has run.
pub(in crate::serve::pages) struct CaseLine {
    pub(in crate::serve::pages) path: String,
    pub(in crate::serve::pages) id: String,
    pub(in crate::serve::pages) name: String,
    pub(in crate::serve::pages) what: String,
    pub(in crate::serve::pages) mark: &'static str,
    pub(in crate::serve::pages) time: String,
}

/// The panel.
pub(in crate::serve::pages) struct NewsCard {
    /// Since when; empty: they never said so.
    pub(in crate::serve::pages) since: String,
    /// How many alerts became what.
    pub(in crate::serve::pages) counts: Vec<(&'static str, u64)>,
    pub(in crate::serve::pages) alerts: Vec<AlertLine>,
    pub(in crate::serve::pages) cases: Vec<CaseLine>,
    pub(in crate::serve::pages) clocks: Vec<CaseLine>,
    pub(in crate::serve::pages) more: bool,
    /// What the form says was seen; empty: this page shows no such.
    pub(in crate::serve::pages) events: String,
    pub(in crate::serve::pages) deeds: String,
    pub(in crate::serve::pages) back: &'static str,
    pub(in crate::serve::pages) key: String,
}

/// The panel of the feed: alerts. `None` for who works on none.
pub(in crate::serve::pages) async fn of_alerts(
    app: &App,
    caller: &Caller,
) -> Result<Option<NewsCard>, Problem> {
    let Some((news, card)) = card(app, caller, About::Alerts).await? else {
        return Ok(None);
    };
    let alert = |of: api::AlertNews| AlertLine {
        became: of.became.words(),
        path: enterprise_path(&of.enterprise),
        name: of.name.unwrap_or(of.enterprise),
        before: of.level_before.into(),
        after: of.level.into(),
        time: text::short_time(&of.time),
    };
    let place = news.since.filter(|place| place.events_ms > 0);
    Ok(Some(NewsCard {
        since: place.map_or_else(String::new, |place| text::clock(place.events_ms)),
        counts: Became::ALL
            .into_iter()
            .filter_map(|kind| Some((kind.words(), *news.counts.get(&kind)?)))
            .collect(),
        more: news.more || news.alerts.len() > SHOWN,
        alerts: news.alerts.into_iter().take(SHOWN).map(alert).collect(),
        events: news.upto.events.unwrap_or(0).to_string(),
        ..card
    }))
}

/// The panel of the list of cases: what others did, and clocks that ran on.
pub(in crate::serve::pages) async fn of_cases(
    app: &App,
    caller: &Caller,
) -> Result<Option<NewsCard>, Problem> {
    let Some((news, card)) = card(app, caller, About::Cases).await? else {
        return Ok(None);
    };
    let case = |of: api::CaseNews| {
        let done = of.done.iter();
        let done = done.map(|(action, who)| format!("{} ({who})", name_of(action)));
        CaseLine {
            path: path(&of.case),
            id: of.case,
            name: of.name.unwrap_or_default(),
            what: done.collect::<Vec<_>>().join(" → "),
            mark: "",
            time: text::short_time(&of.time),
        }
    };
    let clock = |of: api::ClockNews| CaseLine {
        path: path(&of.case),
        id: of.case,
        name: of.name.unwrap_or_default(),
        what: format!(
            "{} {} % → {} %",
            c(&of.clock),
            of.percent_before,
            of.percent
        ),
        mark: mark(of.percent),
        time: text::short_time(&of.due),
    };
    let place = news.since.filter(|place| place.deeds_ms > 0);
    let long = news.cases.len() > SHOWN || news.clocks.len() > SHOWN;
    Ok(Some(NewsCard {
        since: place.map_or_else(String::new, |place| text::clock(place.deeds_ms)),
        more: news.more || long,
        cases: news.cases.into_iter().take(SHOWN).map(case).collect(),
        clocks: news.clocks.into_iter().take(SHOWN).map(clock).collect(),
        deeds: news.upto.deeds.unwrap_or(0).to_string(),
        ..card
    }))
}

async fn card(
    app: &App,
    caller: &Caller,
    about: About,
) -> Result<Option<(News, NewsCard)>, Problem> {
    if app.desk.is_none() || !caller.may_take(app, "GET", "/api/v1/news") {
        return Ok(None);
    }
    let news = api::of(app, caller, about).await?;
    let card = NewsCard {
        since: String::new(),
        counts: Vec::new(),
        alerts: Vec::new(),
        cases: Vec::new(),
        clocks: Vec::new(),
        more: news.more,
        events: String::new(),
        deeds: String::new(),
        back: match about {
            About::Cases => "/cases",
            _ => "/",
        },
        key: secrets::id()?,
    };
    Ok(Some((news, card)))
}

impl NewsCard {
    /// Whether there is anything new.
    pub(in crate::serve::pages) fn is_empty(&self) -> bool {
        self.alerts.is_empty() && self.cases.is_empty() && self.clocks.is_empty()
    }

    /// Since when, in words.
    pub(in crate::serve::pages) fn since_words(&self) -> String {
        match self.since.as_str() {
            "" => t("not marked as seen yet").to_owned(),
            since => format!("{} {since}", t("seen at")),
        }
    }
}

/// What a form says was seen.
#[derive(Deserialize)]
pub(in crate::serve) struct Said {
    key: String,
    #[serde(default)]
    events: String,
    #[serde(default)]
    deeds: String,
    back: String,
}

/// Moves the reader's place on, and goes back to where they were.
pub(in crate::serve) async fn seen(
    State(app): State<App>,
    caller: Caller,
    Fields(said): Fields<Said>,
) -> Result<Redirect, Failed> {
    let number = |text: &str| text.parse::<u64>().ok();
    let seen = Seen {
        events: number(&said.events),
        deeds: number(&said.deeds),
    };
    api::note(&app, &caller, said.key, seen).await?;
    // To pages of ours alone.
    let back = if said.back == "/cases" { "/cases" } else { "/" };
    Ok(Redirect::to(back))
}
