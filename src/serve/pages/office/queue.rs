//! `/queue`: whom to check in a district with so many checks, what that is expected
//! to find, and which places were drawn at random.

use crate::queue::Why;
use crate::serve::api::queue::{self as api, Body, Query, TIES, Wanted};
use crate::serve::app::App;
use crate::serve::caller::Caller;
use crate::serve::pages::fields::Fields;
use crate::serve::pages::rows::enterprise_path;
use crate::serve::pages::{Failed, Frame, page};
use crate::serve::params::Params;
use crate::serve::problem::Problem;
use crate::serve::text;
use crate::serve::words::{filters, say, t};
use askama::Template;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::Deserialize;

/// One place.
struct Row {
    number: usize,
    id: String,
    path: String,
    name: String,
    probability: String,
    /// Of a place that was drawn at random: its chance.
    chance: String,
}

#[derive(Template)]
#[template(path = "queue.html")]
struct QueuePage {
    frame: Frame,
    error: String,
    districts: Vec<String>,
    district: String,
    capacity: usize,
    /// The share that is drawn at random, per cent.
    share: String,
    ties: &'static str,
    /// Whether a queue was drawn here today, and how it is headed.
    heading: String,
    expected: String,
    parts: String,
    rows: Vec<Row>,
}

/// The page.
pub(in crate::serve) async fn queue(
    State(app): State<App>,
    caller: Caller,
    query: Result<Params<Query>, Problem>,
) -> Result<Html<String>, Failed> {
    let Params(Query { district }) = query?;
    let district = of_reader(&caller, district);
    let found = api::today(&app, &caller, &district).await?;
    shown(&app, &caller, district, found, String::new()).await
}

/// Who sees one district alone means that one.
fn of_reader(caller: &Caller, district: String) -> String {
    let person = caller.person.as_ref();
    match person.map(|person| person.districts.as_slice()) {
        Some([own, ..]) if district.is_empty() => own.clone(),
        _ => district,
    }
}

/// What a form says.
#[derive(Deserialize)]
pub(in crate::serve) struct Said {
    #[serde(default)]
    district: String,
    capacity: String,
}

/// Draws the queue, and shows it.
pub(in crate::serve) async fn make(
    State(app): State<App>,
    caller: Caller,
    Fields(said): Fields<Said>,
) -> Result<Response, Failed> {
    let district = of_reader(&caller, said.district.trim().to_owned());
    let capacity = said.capacity.trim().parse::<usize>();
    let made = match capacity {
        Ok(capacity) => {
            let wanted = Wanted {
                district: district.clone(),
                capacity,
            };
            api::make(&app, &caller, wanted).await
        }
        Err(_) => Err(Problem::invalid(format!(
            "capacity `{}`: allowed are 1 to {}",
            said.capacity,
            api::MOST
        ))),
    };
    match made {
        Ok(_) => {
            let to = format!("/queue?district={}", text::segment(&district));
            Ok(Redirect::to(&to).into_response())
        }
        Err(problem) if problem.status == 403 => Err(problem.into()),
        Err(problem) => {
            let status = problem.status_code();
            let found = api::today(&app, &caller, &district).await?;
            let page = shown(&app, &caller, district, found, problem.detail).await?;
            Ok((status, page).into_response())
        }
    }
}

async fn shown(
    app: &App,
    caller: &Caller,
    district: String,
    found: Option<Body>,
    error: String,
) -> Result<Html<String>, Failed> {
    let desk = app.desk()?;
    let mut districts = desk.docket.districts().await.map_err(Problem::from)?;
    districts.retain(|name| caller.sees(Some(name)));
    let share = app.view.settings().queue.audit_per_mille;
    let mut shown = QueuePage {
        frame: Frame::of(app, caller),
        error,
        districts,
        capacity: found.as_ref().map_or(50, |body| body.queue.capacity),
        district,
        share: format!("{} %", f64::from(share) / 10.0),
        ties: TIES,
        heading: String::new(),
        expected: String::new(),
        parts: String::new(),
        rows: Vec::new(),
    };
    if let Some(body) = found {
        fill(&mut shown, &body);
    }
    page(&shown)
}

fn fill(page: &mut QueuePage, body: &Body) {
    let (queue, expected) = (&body.queue, &body.expected);
    let district = match queue.district.as_str() {
        "all" => t("whole city"),
        named => named,
    };
    let (places, pool) = (queue.places.len().to_string(), text::count(queue.pool));
    page.heading = say(
        "{0}, {1}: {2} of {3} enterprises without an outcome",
        &[&queue.day, district, &places, &pool],
    );
    let mean = format!("{:.1}", expected.positives);
    let (low, high) = (expected.low.to_string(), expected.high.to_string());
    page.expected = say("{0}, with 95 % {1} to {2}", &[&mean, &low, &high]);
    let part = |figure: f64| format!("{figure:.2}");
    page.parts = say(
        "by score {0}, drawn at random {1}",
        &[&part(expected.by_score), &part(expected.by_chance)],
    );
    page.rows = queue.places.iter().enumerate().map(row).collect();
}

fn row((place, of): (usize, &crate::queue::Place)) -> Row {
    Row {
        number: place + 1,
        id: of.id.clone(),
        path: enterprise_path(&of.id),
        name: of.name.clone().unwrap_or_default(),
        probability: text::per_cent(of.probability()),
        chance: match of.why {
            Why::Yield => String::new(),
            Why::Audit => format!("{}/{}", of.drawn, of.of),
        },
    }
}
