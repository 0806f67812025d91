//! `GET rules`: which rules are in force, and what is wrong with those in the
//! files where they are not. `POST rules/reload`: look at the files now.

use crate::pipeline::rules::Outcome;
use crate::serve::Request;
use crate::serve::app::App;
use crate::serve::params::{Nothing, Params};
use crate::serve::problem::Problem;
use crate::time::instant_text;
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;
use tocsin_alerts::level::{Level, Policy};
use tokio::sync::oneshot;

/// How long a request may wait for a place in the queue.
const QUEUE_WAIT: Duration = Duration::from_secs(10);

#[derive(Serialize)]
pub(in crate::serve) struct RulesBody {
    /// One name for all that decides a level.
    version: String,
    /// The epoch they came with; 0: the first start.
    epoch: u64,
    since: Option<String>,
    model: Option<String>,
    challenger: Option<Challenger>,
    features: usize,
    levels: Policy,
    /// What is wrong with the files, where these rules are not theirs.
    refused: Option<crate::pipeline::rules::Refusal>,
}

/// The challenger beside the model in force.
#[derive(Serialize)]
pub(in crate::serve) struct Challenger {
    pub(in crate::serve) version: String,
    /// Enterprises by level under the model in force.
    champion_levels: BTreeMap<&'static str, i64>,
    /// Enterprises by level under the challenger.
    challenger_levels: BTreeMap<&'static str, i64>,
    /// Enterprises whose level would be another.
    differing: i64,
}

#[derive(Serialize)]
pub(in crate::serve) struct Reloaded {
    /// `same` or `applied`.
    outcome: &'static str,
    /// The epoch that they came with.
    epoch: Option<u64>,
    /// The alert events that came of it.
    events: Option<usize>,
}

/// The rules in force.
pub(in crate::serve) async fn rules(
    State(app): State<App>,
    Params(Nothing {}): Params<Nothing>,
) -> Json<RulesBody> {
    let in_force = app.view.in_force();
    let settings = &in_force.records.settings;
    Json(RulesBody {
        version: in_force.version(),
        epoch: in_force.epoch,
        since: (in_force.time_ms > 0).then(|| instant_text(in_force.time_ms)),
        model: in_force.model_version(),
        challenger: challenger(&app),
        features: settings.features.len(),
        levels: settings.policy.clone(),
        refused: app.view.refusal(),
    })
}

/// How the challenger stands, if there is one.
pub(in crate::serve) fn challenger(app: &App) -> Option<Challenger> {
    let standings = app.view.standings();
    let (champion, challenger) = standings.graded.totals();
    let by_level = |counts: [i64; tocsin_dataflow::GRADES]| {
        let levels = Level::ALL.into_iter();
        levels
            .map(|level| (level.name(), counts[usize::from(level.rank())]))
            .collect()
    };
    Some(Challenger {
        version: standings.challenger?,
        champion_levels: by_level(champion),
        challenger_levels: by_level(challenger),
        differing: standings.graded.differing(),
    })
}

/// Looks at the files now.
pub(in crate::serve) async fn reload(
    State(app): State<App>,
    Params(Nothing {}): Params<Nothing>,
) -> Result<Json<Reloaded>, Problem> {
    let (reply, answer) = oneshot::channel();
    let queued = app
        .requests
        .send_timeout(Request::Reload(reply), QUEUE_WAIT);
    let busy = "the pipeline takes no more requests now";
    queued.await.map_err(|_| Problem::unavailable(busy))?;
    let stopped = "the pipeline stopped before it could answer; the next start reads the files";
    let outcome = answer.await.map_err(|_| Problem::unavailable(stopped))?;
    match outcome {
        Outcome::Same => Ok(Json(Reloaded {
            outcome: "same",
            epoch: None,
            events: None,
        })),
        Outcome::Applied { epoch, events } => Ok(Json(Reloaded {
            outcome: "applied",
            epoch: Some(epoch),
            events: Some(events),
        })),
        Outcome::Refused(faults) => Err(Problem::unfit(faults.join("\n"))),
    }
}
