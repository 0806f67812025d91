//! `news`: what is new since somebody said that they have seen everything: alerts
//! that are new, rose, were taken back or corrected, cases in which others did
//! something, and clocks that ran on.

use super::body::{self, Json};
use crate::casework::Desk;
use crate::serve::app::App;
use crate::serve::caller::{Caller, IdempotencyKey};
use crate::serve::params::{Nothing, Params};
use crate::serve::problem::Problem;
use crate::time::instant_text;
use axum::extract::State;
use serde::Serialize;
use std::collections::BTreeMap;
use tocsin_alerts::casework::fold::person_subject;
use tocsin_alerts::casework::{Action, Case, Clock, Place, Seen};
use tocsin_alerts::docket::{DeedFilter, Intent};
use tocsin_alerts::level::Level;
use tocsin_alerts::lifecycle::{Cause, EventType};
use tocsin_alerts::store::Sequenced;

/// Events and deeds looked at, the latest; there may be more. The feed shows what is
/// new to every reader, so it may cost little.
pub(in crate::serve) const MOST: usize = 1_000;
/// Alerts, cases and clocks told of; there may be more.
const TOLD: usize = 100;
/// Rows read at once.
const PAGE: usize = 500;
/// When a clock tells somebody, per cent.
const MARKS: [u32; 3] = [50, 80, 100];

/// What became of an alert since.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(in crate::serve) enum Became {
    /// It is new.
    New,
    /// Its level rose, or more stands behind it.
    Rose,
    /// A source took back what it stood on.
    Withdrawn,
    /// A source corrected what it stands on.
    Corrected,
    /// Its level fell.
    Fell,
    /// It ended, or goes on in another.
    Ended,
}

impl Became {
    pub(in crate::serve) const ALL: [Became; 6] = [
        Became::New,
        Became::Rose,
        Became::Withdrawn,
        Became::Corrected,
        Became::Fell,
        Became::Ended,
    ];

    /// In words of the catalogue.
    pub(in crate::serve) fn words(self) -> &'static str {
        match self {
            Became::New => "new",
            Became::Rose => "rose",
            Became::Withdrawn => "withdrawn",
            Became::Corrected => "corrected",
            Became::Fell => "fell",
            Became::Ended => "ended",
        }
    }
}

/// An alert of which something was told since.
#[derive(Debug, Clone, Serialize)]
pub(in crate::serve) struct AlertNews {
    pub(in crate::serve) alert: String,
    pub(in crate::serve) enterprise: String,
    pub(in crate::serve) name: Option<String>,
    pub(in crate::serve) district: Option<String>,
    pub(in crate::serve) became: Became,
    /// The level that they last saw, and that of now.
    pub(in crate::serve) level_before: Level,
    pub(in crate::serve) level: Level,
    pub(in crate::serve) time: String,
}

/// A case in which others did something since.
#[derive(Debug, Clone, Serialize)]
pub(in crate::serve) struct CaseNews {
    pub(in crate::serve) case: String,
    pub(in crate::serve) name: Option<String>,
    /// What was done, in order: the action, and by whom.
    pub(in crate::serve) done: Vec<(String, String)>,
    pub(in crate::serve) time: String,
}

/// A clock that passed a mark since.
#[derive(Debug, Clone, Serialize)]
pub(in crate::serve) struct ClockNews {
    pub(in crate::serve) case: String,
    pub(in crate::serve) name: Option<String>,
    pub(in crate::serve) clock: String,
    pub(in crate::serve) percent_before: u32,
    pub(in crate::serve) percent: u32,
    pub(in crate::serve) due: String,
}

/// What is new.
#[derive(Debug, Clone, Serialize)]
pub(in crate::serve) struct News {
    /// Where they were; null: they never said so, and everything is new.
    pub(in crate::serve) since: Option<Place>,
    /// What to send to `news/seen` once it is.
    pub(in crate::serve) upto: Seen,
    pub(in crate::serve) counts: BTreeMap<Became, u64>,
    pub(in crate::serve) alerts: Vec<AlertNews>,
    pub(in crate::serve) cases: Vec<CaseNews>,
    pub(in crate::serve) clocks: Vec<ClockNews>,
    /// Whether there is more than is told here.
    pub(in crate::serve) more: bool,
}

/// What is new to the reader.
pub(in crate::serve) async fn news(
    State(app): State<App>,
    caller: Caller,
    Params(Nothing {}): Params<Nothing>,
) -> Result<axum::Json<News>, Problem> {
    of(&app, &caller, About::All).await.map(axum::Json)
}

/// The reader has seen it.
pub(in crate::serve) async fn seen(
    State(app): State<App>,
    caller: Caller,
    IdempotencyKey(key): IdempotencyKey,
    Json(seen): Json<Seen>,
) -> Result<axum::Json<Place>, Problem> {
    note(&app, &caller, key, seen).await.map(axum::Json)
}

/// Notes what somebody has seen. Nobody has seen what has not happened yet.
pub(in crate::serve) async fn note(
    app: &App,
    caller: &Caller,
    key: String,
    seen: Seen,
) -> Result<Place, Problem> {
    let desk = app.desk()?;
    let events = app.view.store.counts().await?.events;
    let (deeds, _) = desk.docket.head().await?;
    let name = caller.person()?.name.clone();
    let intent = Intent {
        subject: person_subject(&name),
        action: Action::Seen(Seen {
            events: seen.events.map(|to| to.min(events)),
            deeds: seen.deeds.map(|to| to.min(deeds)),
        }),
        ..body::intent(desk, caller, key)?
    };
    desk.docket.act(intent).await?;
    let place = desk.docket.place(&name).await?;
    place.ok_or_else(|| Problem::internal(&"a reader's place is gone"))
}

/// What a reader wants to hear of: a page looks for no more than it shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::serve) enum About {
    /// Alerts, cases and clocks.
    All,
    /// Alerts alone.
    Alerts,
    /// Cases and clocks alone.
    Cases,
}

/// What is new to a reader, of what they may see.
pub(in crate::serve) async fn of(
    app: &App,
    caller: &Caller,
    about: About,
) -> Result<News, Problem> {
    let desk = app.desk()?;
    let since = desk.docket.place(&caller.person()?.name).await?;
    let place = since.unwrap_or_default();
    let events_to = app.view.store.counts().await?.events;
    let (deeds_to, _) = desk.docket.head().await?;
    let (alerts, mut more) = match about {
        About::Cases => Default::default(),
        _ => alerts(app, caller, place, events_to).await?,
    };
    let ((cases, more_cases), (clocks, more_clocks)) = match about {
        About::Alerts => Default::default(),
        _ => (
            cases(desk, caller, place).await?,
            clocks(desk, caller, place).await?,
        ),
    };
    let mut counts = BTreeMap::new();
    for alert in &alerts {
        *counts.entry(alert.became).or_insert(0) += 1;
    }
    more |= more_cases | more_clocks | (alerts.len() > TOLD);
    Ok(News {
        since,
        upto: Seen {
            events: Some(events_to),
            deeds: Some(deeds_to),
        },
        counts,
        alerts: alerts.into_iter().take(TOLD).collect(),
        cases,
        clocks,
        more,
    })
}

/// The alerts of which something was told since, the most urgent first.
async fn alerts(
    app: &App,
    caller: &Caller,
    place: Place,
    last: u64,
) -> Result<(Vec<AlertNews>, bool), Problem> {
    let restricted = caller.restricted(app) > 0;
    let most = MOST as u64;
    // Of what was never looked at the latest count.
    let from = place.events.max(last.saturating_sub(most));
    let mut told: BTreeMap<String, AlertNews> = BTreeMap::new();
    for event in app.latest.between(&app.view.store, from, last).await? {
        let said = &event.event;
        let sees = caller.sees(said.assessment.district.as_deref());
        // Who may not know of evidence is told of levels alone.
        if sees && !(restricted && said.before == said.after) {
            take(&mut told, &event, restricted);
        }
    }
    let mut told: Vec<AlertNews> = told.into_values().collect();
    told.sort_by(|a, b| {
        let order = |of: &AlertNews| (of.became, std::cmp::Reverse(of.level.rank()));
        order(a).cmp(&order(b)).then_with(|| b.time.cmp(&a.time))
    });
    Ok((told, from > place.events))
}

fn take(told: &mut BTreeMap<String, AlertNews>, event: &Sequenced, restricted: bool) {
    let said = &event.event;
    let news = told.entry(said.alert.clone()).or_insert_with(|| AlertNews {
        alert: said.alert.clone(),
        enterprise: said.assessment.id.clone(),
        name: said.assessment.name.clone(),
        district: said.assessment.district.clone(),
        became: became(said.kind, said.cause, restricted),
        level_before: said.before,
        level: said.after,
        time: String::new(),
    });
    let latest = became(said.kind, said.cause, restricted);
    // What is new stays new however it moved since, unless it is gone again.
    if news.became != Became::New || matches!(latest, Became::Withdrawn | Became::Ended) {
        news.became = latest;
    }
    news.level = said.after;
    news.time = instant_text(said.time_ms);
}

fn became(kind: EventType, cause: Cause, restricted: bool) -> Became {
    match (kind, cause) {
        (EventType::Opened, _) => Became::New,
        (EventType::Raised | EventType::Reraised, _) => Became::Rose,
        (EventType::Retracted, _) => Became::Withdrawn,
        (EventType::Lowered, Cause::Withdrawal) if !restricted => Became::Corrected,
        (EventType::Lowered, _) => Became::Fell,
        (EventType::Closed | EventType::Merged, _) => Became::Ended,
    }
}

/// Cases in which others did something since, the latest first.
async fn cases(
    desk: &Desk,
    caller: &Caller,
    place: Place,
) -> Result<(Vec<CaseNews>, bool), Problem> {
    let person = caller.person()?;
    let mut filter = DeedFilter {
        of_cases: true,
        newest: Some(None),
        limit: PAGE,
        ..DeedFilter::default()
    };
    filter.after = place.deeds;
    let mut entries = Vec::new();
    while entries.len() < MOST {
        let page = desk.docket.deeds(&filter).await?;
        let Some(last) = page.last() else { break };
        filter.newest = Some(Some(last.deed.seq));
        let whole = page.len() < PAGE;
        entries.extend(page);
        if whole {
            break;
        }
    }
    let more = entries.len() >= MOST;
    let mut order: Vec<String> = Vec::new();
    let mut done: BTreeMap<String, CaseNews> = BTreeMap::new();
    for entry in entries
        .into_iter()
        .filter(|of| of.deed.who.name() != person.name)
    {
        let deed = entry.deed;
        let id = deed.subject.trim_start_matches("case/").to_owned();
        let Action::Case(action) = &deed.action else {
            continue;
        };
        let news = done.entry(id.clone()).or_insert_with(|| {
            order.push(id.clone());
            CaseNews {
                case: id,
                name: None,
                done: Vec::new(),
                time: instant_text(deed.time_ms),
            }
        });
        news.done
            .insert(0, (action.name().to_owned(), deed.who.name()));
    }
    let mut told = Vec::new();
    // A page of them at once; few readers see so little that it takes a second.
    for part in order.chunks(TOLD) {
        let ids: Vec<&str> = part.iter().map(String::as_str).collect();
        let found = desk.docket.cases_with(&ids).await?;
        let seen = found
            .into_iter()
            .filter(|case| person.sees(case.districts()));
        let mut seen: BTreeMap<String, Case> = seen.map(|case| (case.id.clone(), case)).collect();
        for id in part {
            if let (Some(case), Some(news)) = (seen.remove(id), done.remove(id)) {
                told.push(CaseNews {
                    name: case.name,
                    ..news
                });
            }
            if told.len() == TOLD {
                return Ok((told, true));
            }
        }
    }
    Ok((told, more))
}

/// Clocks that passed a mark since, the furthest run first: of the open cases whose
/// deadline is nearest to when the reader last looked. The page is made for every
/// reader all day long, so it does not look through all cases there are.
async fn clocks(
    desk: &Desk,
    caller: &Caller,
    place: Place,
) -> Result<(Vec<ClockNews>, bool), Problem> {
    let now = desk.now_ms();
    let districts = &caller.person()?.districts;
    let (cases, mut more) = desk
        .docket
        .due_around(districts, place.deeds_ms, 2 * TOLD)
        .await?;
    let mut told = Vec::new();
    for case in &cases {
        let running = case.clocks.iter().filter(|clock| clock.ended_ms.is_none());
        told.extend(running.filter_map(|clock| ran_on(desk, case, clock, place, now)));
    }
    told.sort_by_key(|of| std::cmp::Reverse(of.percent));
    more |= told.len() > TOLD;
    told.truncate(TOLD);
    Ok((told, more))
}

fn ran_on(desk: &Desk, case: &Case, clock: &Clock, place: Place, now: i64) -> Option<ClockNews> {
    let calendar = desk.docket.calendar();
    let before = match place.deeds_ms {
        then if then <= clock.since_ms => 0,
        then => clock.run_percent(calendar, then),
    };
    let percent = clock.run_percent(calendar, now);
    let passed = MARKS
        .iter()
        .any(|mark| (before..percent).contains(&(mark - 1)));
    passed.then(|| ClockNews {
        case: case.id.clone(),
        name: case.name.clone(),
        clock: clock.name.clone(),
        percent_before: before,
        percent,
        due: instant_text(clock.due_ms(calendar, now)),
    })
}
