//! `GET alerts` and `GET alerts/{id}`.

use super::event::cloud_event;
use super::figures::AlertBody;
use crate::serve::app::App;
use crate::serve::params::{self, Nothing, Params, Segments};
use crate::serve::problem::Problem;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use tocsin_alerts::sink::CloudEvent;
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
struct Whole<'a> {
    alert: AlertBody,
    /// Every revision, the first first.
    events: Vec<CloudEvent<'a>>,
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

/// A page of alerts.
pub(in crate::serve) async fn list(
    State(app): State<App>,
    Params(query): Params<Query>,
) -> Result<Json<Page>, Problem> {
    let page = app.view.store.alerts(&query.filter()?).await?;
    let alerts = page
        .alerts
        .into_iter()
        .map(|alert| AlertBody::of(&app, alert));
    Ok(Json(Page {
        alerts: alerts.collect(),
        next: page.next,
    }))
}

/// One alert with its events.
pub(in crate::serve) async fn one(
    State(app): State<App>,
    Segments(id): Segments<String>,
    Params(Nothing {}): Params<Nothing>,
) -> Result<Response, Problem> {
    let found = app.view.store.alert(&id).await?;
    let Some((alert, events)) = found else {
        return Err(Problem::not_found(format!("alert `{id}` does not exist")));
    };
    let alert = AlertBody::of(&app, alert);
    let events = events.iter().map(cloud_event).collect::<Result<_, _>>()?;
    Ok(Json(Whole { alert, events }).into_response())
}
