//! `GET models`: the model in force, down to every bin's weight, so that anyone
//! can compute a score by hand; its challenger; and every version of the registry.

use super::rules::{Challenger, challenger};
use crate::drift::{self, Report};
use crate::registry::{Registry, Version};
use crate::serve::app::App;
use crate::serve::params::{Nothing, Params};
use crate::serve::problem::Problem;
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use tocsin_models::{BoundModel, Over, Term};

#[derive(Serialize)]
pub(in crate::serve) struct Models {
    /// Null while there is none.
    in_force: Option<Model>,
    /// The one that is scored beside it and decides nothing.
    challenger: Option<Challenger>,
    /// Null where the configuration names none.
    registry: Option<Shelved>,
}

/// The registry as it is now: what was approved just now may not be in force yet.
#[derive(Serialize)]
struct Shelved {
    /// The hash of the log's last entry.
    head: String,
    versions: Vec<Version>,
}

#[derive(Serialize)]
struct Model {
    version: String,
    /// `scorecard`, `forest` or `blend`; the features of the last two have no bins.
    kind: &'static str,
    /// Micro-log-odds that every enterprise starts from.
    intercept: i64,
    features: Vec<Feature>,
    /// What two features weigh together, beside each by itself.
    pairs: Vec<Paired>,
    /// What categories and agencies add at most, by the configuration.
    caps: Vec<Capped>,
}

#[derive(Serialize)]
struct Paired {
    features: [String; 2],
    bins: Vec<Bin>,
}

#[derive(Serialize)]
struct Capped {
    /// The category, or else the agency, that it holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    category: Option<char>,
    #[serde(skip_serializing_if = "Option::is_none")]
    agency: Option<String>,
    /// Micro-log-odds.
    limit: i64,
}

#[derive(Serialize)]
struct Feature {
    feature: String,
    category: char,
    bins: Vec<Bin>,
}

#[derive(Serialize)]
struct Bin {
    bin: String,
    /// Micro-log-odds.
    weight: i64,
}

/// The model in force.
pub(in crate::serve) async fn models(
    State(app): State<App>,
    Params(Nothing {}): Params<Nothing>,
) -> Result<Json<Models>, Problem> {
    let registry = registry(&app).await?.map(|registry| Shelved {
        head: registry.head().to_owned(),
        versions: registry.shelf().versions().to_vec(),
    });
    Ok(Json(Models {
        in_force: app.view.model().map(|model| body(&model)),
        challenger: challenger(&app),
        registry,
    }))
}

/// The registry, where the configuration names one.
pub(in crate::serve) async fn registry(app: &App) -> Result<Option<Registry>, Problem> {
    let Some(folder) = app.view.settings().registry.clone() else {
        return Ok(None);
    };
    let read = app.blocking(move |_| Registry::read(&folder).map_err(anyhow::Error::msg));
    read.await.map(Some)
}

fn body(model: &BoundModel) -> Model {
    let bin = |(bin, weight)| Bin { bin, weight };
    let features = model.features().iter().enumerate();
    let (mut pairs, mut caps) = (Vec::new(), Vec::new());
    for (place, term) in model.terms().into_iter().enumerate() {
        match term {
            Term::Pair(first, second) => pairs.push(Paired {
                features: [first, second].map(|at| model.features()[at].name.clone()),
                bins: model.pair_cells(place).into_iter().map(bin).collect(),
            }),
            Term::Cap(over, limit) => {
                let (category, agency) = match over {
                    Over::Category(category) => (Some(category.letter()), None),
                    Over::Features(held) => (None, Some(held.name.clone())),
                };
                caps.push(Capped {
                    category,
                    agency,
                    limit,
                });
            }
        }
    }
    Model {
        version: model.version().to_owned(),
        kind: model.kind().name(),
        intercept: model.intercept(),
        features: features
            .map(|(place, spec)| Feature {
                feature: spec.name.clone(),
                category: spec.category.letter(),
                bins: model.bins(place).into_iter().map(bin).collect(),
            })
            .collect(),
        pairs,
        caps,
    }
}

/// How the model in force does, looked at now; live epochs go on meanwhile.
pub(in crate::serve) async fn watch(
    State(app): State<App>,
    Params(Nothing {}): Params<Nothing>,
) -> Result<Json<Report>, Problem> {
    let _place = app.survey_place()?;
    let runtime = tokio::runtime::Handle::current();
    let report = app.blocking(move |view| {
        let report = drift::report(view, &runtime);
        Ok(report.map_err(|error| format!("{error:#}")))
    });
    let report = report.await?.map_err(Problem::unavailable)?;
    app.view.set_watched(report.clone());
    Ok(Json(report))
}
