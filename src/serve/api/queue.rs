//! `queue`: whom to check in a district, and what that is expected to find. A queue
//! is drawn once for a business day and district; drawing it is a deed of its own.

use super::body::Json;
use crate::queue::expected::Expected;
use crate::queue::{Queue, draw, drawn};
use crate::serve::app::App;
use crate::serve::caller::Caller;
use crate::serve::params::Params;
use crate::serve::problem::Problem;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use tocsin_alerts::DISCLAIMER;

/// The most checks one can ask for.
pub(in crate::serve) const MOST: usize = 5_000;
/// How places of equal score are ordered.
pub(in crate::serve) const TIES: &str =
    "places of equal score go by a lot that is drawn anew each day: nobody is always first";

/// Which district; empty: the whole city.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::serve) struct Query {
    pub(in crate::serve) district: String,
}

/// How many checks there is time for, and where.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::serve) struct Wanted {
    #[serde(default)]
    pub(in crate::serve) district: String,
    pub(in crate::serve) capacity: usize,
}

/// A queue as it was drawn, and what it is expected to find.
#[derive(Serialize)]
pub(in crate::serve) struct Body {
    #[serde(flatten)]
    pub(in crate::serve) queue: Queue,
    pub(in crate::serve) expected: Expected,
    pub(in crate::serve) ties: &'static str,
    text: &'static str,
}

/// Today's queue of a district, as it was drawn.
pub(in crate::serve) async fn one(
    State(app): State<App>,
    caller: Caller,
    Params(query): Params<Query>,
) -> Result<axum::Json<Body>, Problem> {
    let found = today(&app, &caller, &query.district).await?;
    let found = found.ok_or_else(|| {
        Problem::not_found("no queue was drawn here today: `POST /api/v1/queue` draws it")
    })?;
    Ok(axum::Json(found))
}

/// Draws today's queue of a district, or gives the one that was drawn.
pub(in crate::serve) async fn post(
    State(app): State<App>,
    caller: Caller,
    Json(wanted): Json<Wanted>,
) -> Result<axum::Json<Body>, Problem> {
    make(&app, &caller, wanted).await.map(axum::Json)
}

/// Today's queue of a district; none: it was not drawn yet.
pub(in crate::serve) async fn today(
    app: &App,
    caller: &Caller,
    district: &str,
) -> Result<Option<Body>, Problem> {
    check(app, caller, district)?;
    let district = named(district);
    let found = app.blocking(move |view| drawn(view, district.as_deref()));
    Ok(found.await?.map(body))
}

/// Draws today's queue of a district, or gives the one that was drawn.
pub(in crate::serve) async fn make(
    app: &App,
    caller: &Caller,
    wanted: Wanted,
) -> Result<Body, Problem> {
    check(app, caller, &wanted.district)?;
    if !(1..=MOST).contains(&wanted.capacity) {
        return Err(Problem::invalid(format!(
            "capacity `{}`: allowed are 1 to {MOST}",
            wanted.capacity
        )));
    }
    // It reads every score: one at a time.
    let _place = app.survey_place()?;
    let runtime = tokio::runtime::Handle::current();
    let district = named(&wanted.district);
    let queue = app.blocking(move |view| {
        let queue = draw(view, &runtime, district.as_deref(), wanted.capacity);
        Ok(queue.map_err(|refused| format!("{refused:#}")))
    });
    let queue = queue.await?.map_err(Problem::conflict)?;
    Ok(body(queue))
}

fn named(district: &str) -> Option<String> {
    (!district.is_empty()).then(|| district.to_owned())
}

/// A queue goes by the published scores, of the reader's districts alone.
fn check(app: &App, caller: &Caller, district: &str) -> Result<(), Problem> {
    if caller.restricted(app) > 0 {
        return Err(Problem::forbidden(
            "a queue goes by scores that have figures of sources above your clearance in them",
        ));
    }
    let district = named(district);
    match caller.sees(district.as_deref()) {
        true => Ok(()),
        false => Err(Problem::forbidden(format!(
            "{} is no district of yours: say `district`",
            district.as_deref().unwrap_or("the whole city")
        ))),
    }
}

fn body(queue: Queue) -> Body {
    Body {
        expected: queue.expected(),
        queue,
        ties: TIES,
        text: DISCLAIMER,
    }
}
