//! `GET enterprises/{id}`, `…/explanation` and `…/history`. The id is anything
//! that means one enterprise: credit code, old number, identifier or name.

use super::figures::{AlertBody, Named, Score};
use crate::clearance;
use crate::explain::change::Change;
use crate::explain::{Attribution, Explanation, Rival};
use crate::serve::app::App;
use crate::serve::caller::Caller;
use crate::serve::lookup;
use crate::serve::params::{Nothing, Params, Segments};
use crate::serve::problem::Problem;
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use tocsin_alerts::DISCLAIMER;
use tocsin_alerts::level::Level;
use tocsin_alerts::lifecycle::Status;
use tocsin_ingest::fact::SubjectKey;

#[derive(Serialize)]
pub(in crate::serve) struct Enterprise {
    #[serde(flatten)]
    named: Named,
    /// The open alert's level; where there is none, that of score and gates.
    level: Level,
    /// The score last published; null: never scored.
    score: Option<Score>,
    /// What the challenger makes of it; null: there is none.
    challenger: Option<Rival>,
    /// The open alert.
    alert: Option<AlertBody>,
    /// How many features are hidden from the reader; then there is no score, and the
    /// level is the open alert's alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    restricted: Option<usize>,
    text: &'static str,
}

#[derive(Serialize)]
pub(in crate::serve) struct History {
    id: String,
    name: Option<String>,
    /// Every change of the score, the oldest first.
    history: Vec<Score>,
}

/// Who it is, how it stands, and its open alert.
pub(in crate::serve) async fn one(
    State(app): State<App>,
    caller: Caller,
    Segments(id): Segments<String>,
    Params(Nothing {}): Params<Nothing>,
) -> Result<Json<Enterprise>, Problem> {
    let key = lookup::enterprise(&app, &id).await?;
    let identity = lookup::identity(&app, key).await?;
    caller.check_scope(identity.district.as_deref())?;
    let restricted = caller.restricted(&app);
    let alerts = app.view.store.alerts_of(&key.0.to_be_bytes()).await?;
    let alert = alerts
        .into_iter()
        .find(|alert| alert.status == Status::Open);
    let (score, challenger) = match restricted {
        0 => published(&app, key).await?,
        _ => (None, None),
    };
    let scored = score.as_ref().map_or(Level::None, Score::level);
    Ok(Json(Enterprise {
        named: Named {
            id: identity.id,
            name: identity.name,
            district: identity.district,
        },
        level: alert.as_ref().map_or(scored, |alert| alert.level),
        score,
        challenger,
        alert: alert.map(|alert| AlertBody::of(&app, alert, restricted)),
        restricted: (restricted > 0).then_some(restricted),
        text: DISCLAIMER,
    }))
}

/// The score last published, and what the challenger makes of the enterprise.
async fn published(app: &App, key: SubjectKey) -> Result<(Option<Score>, Option<Rival>), Problem> {
    let history = lookup::history(app, key).await?;
    let challenger = match app.view.standings().challenger {
        // Who is not registered is scored by neither.
        Some(_) => lookup::explanation(app, key, clearance::ALL).await.ok(),
        None => None,
    };
    let challenger = challenger.and_then(|explained| explained.explanation.challenger);
    Ok((history.last().map(|row| Score::of(app, row)), challenger))
}

/// The enterprise that a text means, if it is of a district that the reader sees.
async fn seen(app: &App, caller: &Caller, id: &str) -> Result<SubjectKey, Problem> {
    let key = lookup::enterprise(app, id).await?;
    if caller.person.is_some() {
        let identity = lookup::identity(app, key).await?;
        caller.check_scope(identity.district.as_deref())?;
    }
    Ok(key)
}

/// As of when, a day meaning its end; and what is said of each feature.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::serve) struct Explained {
    at: Option<String>,
    #[serde(default)]
    attribution: Attribution,
}

/// Since when, and until when.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::serve) struct Between {
    since: String,
    at: Option<String>,
}

/// Why it has its score, or had it.
pub(in crate::serve) async fn explanation(
    State(app): State<App>,
    caller: Caller,
    Segments(id): Segments<String>,
    Params(Explained { at, attribution }): Params<Explained>,
) -> Result<Json<Explanation>, Problem> {
    let at = at.map(|at| instant("at", &at)).transpose()?;
    let key = seen(&app, &caller, &id).await?;
    let reading = (caller.clearance(), attribution);
    match at {
        None => Ok(Json(
            lookup::explanation_by(&app, key, reading)
                .await?
                .explanation,
        )),
        Some(at) => Ok(Json(lookup::explanation_at(&app, key, at, reading).await?)),
    }
}

/// Why now: what changed between two instants.
pub(in crate::serve) async fn change(
    State(app): State<App>,
    caller: Caller,
    Segments(id): Segments<String>,
    Params(Between { since, at }): Params<Between>,
) -> Result<Json<Change>, Problem> {
    let since = instant("since", &since)?;
    let at = at.map(|at| instant("at", &at)).transpose()?;
    let key = seen(&app, &caller, &id).await?;
    let clearance = caller.clearance();
    Ok(Json(lookup::change(&app, key, since, at, clearance).await?))
}

fn instant(name: &str, text: &str) -> Result<i64, Problem> {
    crate::time::parse_instant(text)
        .map_err(|fault| Problem::bad_request(format!("{name}: {fault}")))
}

/// The score's past.
pub(in crate::serve) async fn history(
    State(app): State<App>,
    caller: Caller,
    Segments(id): Segments<String>,
    Params(Nothing {}): Params<Nothing>,
) -> Result<Json<History>, Problem> {
    let key = seen(&app, &caller, &id).await?;
    let identity = lookup::identity(&app, key).await?;
    let rows = lookup::history(&app, key).await?;
    let history = rows.iter().map(|row| Score::of(&app, row)).collect();
    Ok(Json(History {
        id: identity.id,
        name: identity.name,
        history,
    }))
}
