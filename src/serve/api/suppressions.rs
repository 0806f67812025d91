//! `suppressions`: alerts that are not shown for a while, and how much that hid.

use super::body::{self, Json};
use crate::casework::policy;
use crate::serve::app::App;
use crate::serve::caller::{Caller, IdempotencyKey};
use crate::serve::params::{Params, Segments};
use crate::serve::problem::Problem;
use crate::time::parse_instant;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use tocsin_alerts::casework::fold::alert_subject;
use tocsin_alerts::casework::{Action, Suppression, SuppressionAction};
use tocsin_alerts::docket::Intent;
use tocsin_alerts::lifecycle::Alert;

/// The parameters of a list.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::serve) struct Query {
    /// Those too that were lifted.
    #[serde(default)]
    lifted: bool,
}

/// A suppression, and how much it has hidden so far.
#[derive(Serialize)]
pub(in crate::serve) struct Shown {
    #[serde(flatten)]
    suppression: Suppression,
    /// Events of the alert since.
    hidden: u32,
}

/// What is not shown.
pub(in crate::serve) async fn list(
    State(app): State<App>,
    caller: Caller,
    Params(query): Params<Query>,
) -> Result<axum::Json<Vec<Shown>>, Problem> {
    let mut shown = Vec::new();
    for suppression in app.desk()?.docket.suppressions(query.lifted).await? {
        if caller.sees(suppression.district.as_deref()) {
            let hidden = policy::hidden(&app.view, &suppression).await?;
            shown.push(Shown {
                suppression,
                hidden,
            });
        }
    }
    Ok(axum::Json(shown))
}

/// Which alert, why, and until when.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::serve) struct Wanted {
    pub(in crate::serve) alert: String,
    pub(in crate::serve) text: String,
    /// A day (its end) or an instant.
    pub(in crate::serve) until: String,
}

/// Does not show an alert for a while.
pub(in crate::serve) async fn suppress(
    State(app): State<App>,
    caller: Caller,
    IdempotencyKey(key): IdempotencyKey,
    Json(wanted): Json<Wanted>,
) -> Result<(StatusCode, axum::Json<Suppression>), Problem> {
    let done = hide(&app, &caller, key, wanted).await?;
    Ok((StatusCode::CREATED, axum::Json(done)))
}

/// Does not show an alert for a while.
pub(in crate::serve) async fn hide(
    app: &App,
    caller: &Caller,
    key: String,
    wanted: Wanted,
) -> Result<Suppression, Problem> {
    let alert = alert(app, caller, &wanted.alert).await?;
    let desk = app.desk()?;
    if let Some(before) = desk.docket.done_before(&caller.actor()?, &key).await?
        && matches!(&before.deed.action, Action::Suppression(SuppressionAction::Suppress { text, .. }) if *text == wanted.text)
        && before.deed.subject == alert_subject(&alert.id)
    {
        // The alert may stand elsewhere by now: that makes it no other action.
        let done = desk.docket.suppression(&alert.id).await?;
        return done.ok_or_else(|| Problem::internal(&"a suppression is gone"));
    }
    let until = parse_instant(&wanted.until);
    let until_ms = until.map_err(|fault| Problem::invalid(format!("until: {fault}")))?;
    let action = SuppressionAction::Suppress {
        text: wanted.text,
        until_ms,
        level: alert.level,
        revision: alert.revision,
        district: alert.assessment.district,
    };
    act(app, caller, key, &alert.id, action).await
}

/// Why it is shown again.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::serve) struct Why {
    text: String,
}

/// Shows it again.
pub(in crate::serve) async fn lift(
    State(app): State<App>,
    caller: Caller,
    IdempotencyKey(key): IdempotencyKey,
    Segments(id): Segments<String>,
    Json(why): Json<Why>,
) -> Result<axum::Json<Suppression>, Problem> {
    let done = show(&app, &caller, key, &id, why.text).await?;
    Ok(axum::Json(done))
}

/// Shows it again.
pub(in crate::serve) async fn show(
    app: &App,
    caller: &Caller,
    key: String,
    id: &str,
    text: String,
) -> Result<Suppression, Problem> {
    let alert = alert(app, caller, id).await?;
    let known = app.desk()?.docket.suppression(id).await?;
    let hidden = known.map_or(0, |known| known.hidden(alert.revision));
    let action = SuppressionAction::Lift { text, hidden };
    act(app, caller, key, &alert.id, action).await
}

async fn alert(app: &App, caller: &Caller, id: &str) -> Result<Alert, Problem> {
    let found = app.view.store.alert(id).await?;
    let found = found.ok_or_else(|| Problem::not_found(format!("alert `{id}` does not exist")));
    let (alert, _) = found?;
    caller.check_scope(alert.assessment.district.as_deref())?;
    Ok(alert)
}

async fn act(
    app: &App,
    caller: &Caller,
    key: String,
    alert: &str,
    action: SuppressionAction,
) -> Result<Suppression, Problem> {
    let desk = app.desk()?;
    let intent = Intent {
        subject: alert_subject(alert),
        action: Action::Suppression(action),
        ..body::intent(desk, caller, key)?
    };
    desk.docket.act(intent).await?;
    let suppression = desk.docket.suppression(alert).await?;
    suppression.ok_or_else(|| Problem::internal(&"a suppression is gone"))
}
