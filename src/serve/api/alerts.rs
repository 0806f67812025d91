//! `GET alerts` and `GET alerts/{id}`.

use super::event::told;
use super::figures::AlertBody;
use crate::explain::brief::Brief;
use crate::explain::group::Member;
use crate::serve::app::App;
use crate::serve::caller::Caller;
use crate::serve::lookup;
use crate::serve::params::{self, Nothing, Params, Segments};
use crate::serve::problem::Problem;
use crate::serve::shown::Shown;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use tocsin_alerts::lifecycle::{Alert, Status, is_group, named_by};
use tocsin_alerts::sink::CloudEvent;
use tocsin_alerts::store::{AlertFilter, Order};
use tocsin_ingest::fact::SubjectKey;

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
struct Whole<'a> {
    alert: AlertBody,
    /// Every revision, the first first.
    events: Vec<CloudEvent<'a>>,
    /// What there is to know at one glance, while an enterprise's alert is open.
    #[serde(skip_serializing_if = "Option::is_none")]
    brief: Option<Brief>,
    /// Of a group's alert: who belongs to the group, and which part each has.
    #[serde(skip_serializing_if = "Option::is_none")]
    members: Option<Vec<Member>>,
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
    let (brief, members) = about(&app, &alert, &caller).await?;
    let alert = AlertBody::of(&app, alert, restricted);
    let events = events.iter().map(|event| told(event, restricted));
    let events = events
        .filter_map(Result::transpose)
        .collect::<Result<_, _>>()?;
    let whole = Whole {
        alert,
        events,
        brief,
        members,
    };
    Ok(Json(whole).into_response())
}

/// What else there is to know of an open alert, of what the reader may see.
async fn about(
    app: &App,
    alert: &Alert,
    caller: &Caller,
) -> Result<(Option<Brief>, Option<Vec<Member>>), Problem> {
    let key = SubjectKey(u128::from_be_bytes(named_by(alert.enterprise)));
    match alert.status {
        // Who belongs to a group may follow from what is hidden.
        Status::Open if is_group(&alert.enterprise) && caller.restricted(app) > 0 => {
            Ok((None, None))
        }
        Status::Open if is_group(&alert.enterprise) => {
            let ring = lookup::ring(app, key).await?;
            Ok((None, ring.map(|ring| ring.members)))
        }
        // Who is not registered any more has none.
        Status::Open => {
            let explained = lookup::explanation(app, key, caller.clearance()).await.ok();
            Ok((explained.map(|explained| explained.explanation.brief), None))
        }
        Status::Closed | Status::Retracted => Ok((None, None)),
    }
}
