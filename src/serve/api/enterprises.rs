//! `GET enterprises/{id}`, `…/explanation` and `…/history`. The id is anything
//! that means one enterprise: credit code, old number, identifier or name.

use super::figures::{AlertBody, Named, Score};
use crate::explain::{Explanation, Rival};
use crate::serve::app::App;
use crate::serve::lookup;
use crate::serve::params::{Nothing, Params, Segments};
use crate::serve::problem::Problem;
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use tocsin_alerts::DISCLAIMER;
use tocsin_alerts::level::Level;
use tocsin_alerts::lifecycle::Status;

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
    Segments(id): Segments<String>,
    Params(Nothing {}): Params<Nothing>,
) -> Result<Json<Enterprise>, Problem> {
    let key = lookup::enterprise(&app, &id).await?;
    let identity = lookup::identity(&app, key).await?;
    let history = lookup::history(&app, key).await?;
    let alerts = app.view.store.alerts_of(&key.0.to_be_bytes()).await?;
    let alert = alerts
        .into_iter()
        .find(|alert| alert.status == Status::Open);
    let scored = history.last().map_or(Level::None, |row| row.level);
    let level = alert.as_ref().map_or(scored, |alert| alert.level);
    let challenger = match app.view.standings().challenger {
        // Who is not registered is scored by neither.
        Some(_) => lookup::explanation(&app, key).await.ok(),
        None => None,
    };
    let challenger = challenger.and_then(|explained| explained.explanation.challenger);
    Ok(Json(Enterprise {
        challenger,
        named: Named {
            id: identity.id,
            name: identity.name,
            district: identity.district,
        },
        level,
        score: history.last().map(Score::from),
        alert: alert.map(|alert| AlertBody::of(&app, alert)),
        text: DISCLAIMER,
    }))
}

/// Why it has its score.
pub(in crate::serve) async fn explanation(
    State(app): State<App>,
    Segments(id): Segments<String>,
    Params(Nothing {}): Params<Nothing>,
) -> Result<Json<Explanation>, Problem> {
    let key = lookup::enterprise(&app, &id).await?;
    Ok(Json(lookup::explanation(&app, key).await?.explanation))
}

/// The score's past.
pub(in crate::serve) async fn history(
    State(app): State<App>,
    Segments(id): Segments<String>,
    Params(Nothing {}): Params<Nothing>,
) -> Result<Json<History>, Problem> {
    let key = lookup::enterprise(&app, &id).await?;
    let identity = lookup::identity(&app, key).await?;
    let rows = lookup::history(&app, key).await?;
    let history = rows.iter().map(Score::from).collect();
    Ok(Json(History {
        id: identity.id,
        name: identity.name,
        history,
    }))
}
