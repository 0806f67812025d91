//! `/cases`: what there is to do.

use super::case::standing;
use super::news::{self, NewsCard};
use crate::serve::api::cases::{Query, filter};
use crate::serve::app::App;
use crate::serve::caller::Caller;
use crate::serve::pages::rows::{LevelMark, enterprise_path};
use crate::serve::pages::{Failed, Frame, page};
use crate::serve::params::Params;
use crate::serve::problem::Problem;
use crate::serve::text;
use crate::serve::words::{c, either, filters};
use askama::Template;
use axum::extract::State;
use axum::response::Html;
use tocsin_alerts::casework::calendar::Calendar;
use tocsin_alerts::casework::{Case, Stage};

/// One case in the list.
struct Row {
    path: String,
    id: String,
    level: LevelMark,
    name: String,
    enterprise: String,
    district: String,
    stage: &'static str,
    /// What holds it up, or how it ended beside the way.
    standing: String,
    investigators: String,
    /// What is due next and when.
    due: String,
    /// How far that has run, per cent.
    percent: u32,
    mark: &'static str,
    opened: String,
}

struct Choice {
    value: &'static str,
    label: String,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "cases.html")]
struct CasesPage {
    frame: Frame,
    rows: Vec<Row>,
    stages: Vec<Choice>,
    /// The quick filters: path, words, whether it is the present one.
    views: Vec<(&'static str, &'static str, bool)>,
    next: String,
    news: Option<NewsCard>,
}

/// The page.
pub(in crate::serve) async fn cases(
    State(app): State<App>,
    caller: Caller,
    query: Result<Params<Query>, Problem>,
) -> Result<Html<String>, Failed> {
    let desk = app.desk()?;
    let Params(query) = query?;
    let (stage, present) = (query.stage.clone(), query.view());
    let filter = filter(desk, &caller, query)?;
    let found = desk.docket.cases(&filter).await.map_err(Problem::from)?;
    let now = desk.now_ms();
    let calendar = desk.docket.calendar();
    let next = found
        .next
        .map(|after| format!("/cases?stage={stage}&after={}", text::segment(&after)));
    page(&CasesPage {
        frame: Frame::of(&app, &caller),
        news: news::of_cases(&app, &caller).await?,
        rows: found
            .cases
            .iter()
            .map(|case| row(case, calendar, now))
            .collect(),
        stages: choices(&stage),
        views: VIEWS
            .map(|(path, words)| (path, words, path == present))
            .to_vec(),
        next: next.unwrap_or_default(),
    })
}

/// The quick filters.
const VIEWS: [(&str, &str); 4] = [
    ("/cases?open=yes", "open cases"),
    ("/cases?open=yes&person=me", "mine"),
    ("/cases?overdue=yes", "overdue"),
    ("/cases", "all"),
];

fn choices(chosen: &str) -> Vec<Choice> {
    let of = |stage: Stage| Choice {
        value: stage.name(),
        label: either(stage.chinese(), stage.name()).to_owned(),
        chosen: stage.name() == chosen,
    };
    Stage::ALL.map(of).into()
}

fn row(case: &Case, calendar: &Calendar, now: i64) -> Row {
    let running = case.clocks.iter().filter(|clock| clock.ended_ms.is_none());
    let next = running.min_by_key(|clock| clock.due_ms(calendar, now));
    let percent = next.map_or(0, |clock| clock.run_percent(calendar, now));
    let names: Vec<&str> = case
        .investigators
        .iter()
        .map(|by| by.display.as_str())
        .collect();
    Row {
        path: path(&case.id),
        id: case.id.clone(),
        level: case.level.into(),
        name: case.name.clone().unwrap_or_else(|| case.enterprise.clone()),
        enterprise: enterprise_path(&case.enterprise),
        district: case.district.clone().unwrap_or_default(),
        stage: either(case.stage.chinese(), case.stage.name()),
        standing: match &case.side {
            Some(_) => standing(case).to_owned(),
            None => String::new(),
        },
        investigators: names.join("、"),
        due: next.map_or_else(String::new, |clock| {
            format!(
                "{} {}",
                c(&clock.name),
                text::clock(clock.due_ms(calendar, now))
            )
        }),
        percent,
        mark: mark(percent),
        opened: text::clock(case.opened.time_ms),
    }
}

/// The class by which a clock is coloured.
pub(super) fn mark(percent: u32) -> &'static str {
    match percent {
        0..50 => "calm",
        50..80 => "half",
        80..100 => "soon",
        _ => "over",
    }
}

/// Where a case is.
pub(in crate::serve) fn path(id: &str) -> String {
    format!("/cases/{}", text::segment(id))
}
