//! `GET alerts` and `GET alerts/{id}`.

use super::event::told;
use super::figures::AlertBody;
use crate::serve::app::App;
use crate::serve::caller::Caller;
use crate::serve::params::{self, Nothing, Params, Segments};
use crate::serve::problem::Problem;
use crate::serve::shown::Shown;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tocsin_alerts::store::{AlertFilter, Order};

/// The parameters of a list.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::serve) struct Query {
    #[serde(default)]
    level: String,
    #[serde(default)]
    status: String,
    #[serde(default)]
    order: String,
    /// `no`: not what is suppressed; `only`: that alone.
    #[serde(default)]
    suppressed: String,
    after: Option<String>,
    limit: Option<usize>,
}

#[derive(Serialize)]
pub(in crate::serve) struct Page {
    alerts: Vec<AlertBody>,
    /// Give it as `after` for the next page; null on the last.
    next: Option<String>,
}

#[derive(Serialize)]
struct Whole {
    alert: AlertBody,
    /// Every revision, the first first.
    events: Vec<Value>,
}

impl Query {
    fn filter(self) -> Result<AlertFilter, Problem> {
        Ok(AlertFilter {
            level: params::level(&self.level)?,
            status: params::status(&self.status)?,
            order: order(&self.order)?,
            after: self.after.filter(|after| !after.is_empty()),
            limit: params::limit(self.limit)?,
        })
    }
}

fn order(text: &str) -> Result<Order, Problem> {
    match text {
        "" | "newest" => Ok(Order::Newest),
        "ranked" => Ok(Order::Ranked),
        _ => {
            let detail = format!("order `{text}`: allowed are newest, ranked");
            Err(Problem::bad_request(detail))
        }
    }
}

/// A page of alerts: of the districts that the reader sees.
pub(in crate::serve) async fn list(
    State(app): State<App>,
    caller: Caller,
    Params(query): Params<Query>,
) -> Result<Json<Page>, Problem> {
    let restricted = caller.restricted(&app);
    let shown = Shown::of(&app, caller, &query.suppressed).await?;
    if restricted > 0 && query.order == "ranked" {
        return Err(Problem::forbidden(
            "the order `ranked` tells of figures above your clearance: `newest` is allowed",
        ));
    }
    let page = shown.page(&app, query.filter()?).await?;
    let alerts = page
        .alerts
        .into_iter()
        .map(|alert| AlertBody::of(&app, alert, restricted));
    Ok(Json(Page {
        alerts: alerts.collect(),
        next: page.next,
    }))
}

/// One alert with its events.
pub(in crate::serve) async fn one(
    State(app): State<App>,
    caller: Caller,
    Segments(id): Segments<String>,
    Params(Nothing {}): Params<Nothing>,
) -> Result<Response, Problem> {
    let found = app.view.store.alert(&id).await?;
    let Some((alert, events)) = found else {
        return Err(Problem::not_found(format!("alert `{id}` does not exist")));
    };
    caller.check_scope(alert.assessment.district.as_deref())?;
    let restricted = caller.restricted(&app);
    let alert = AlertBody::of(&app, alert, restricted);
    let events = events.iter().map(|event| told(event, restricted));
    let events = events
        .filter_map(Result::transpose)
        .collect::<Result<_, _>>()?;
    Ok(Json(Whole { alert, events }).into_response())
}
