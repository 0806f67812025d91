//! `GET models`: the model in force, down to every bin's weight, so that anyone
//! can compute a score by hand.

use super::rules::{Challenger, challenger};
use crate::serve::app::App;
use crate::serve::params::{Nothing, Params};
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use tocsin_models::BoundModel;

#[derive(Serialize)]
pub(in crate::serve) struct Models {
    /// Null while there is none.
    in_force: Option<Model>,
    /// The one that is scored beside it and decides nothing.
    challenger: Option<Challenger>,
}

#[derive(Serialize)]
struct Model {
    version: String,
    /// `scorecard` or `forest`; the features of a forest have no bins.
    kind: &'static str,
    /// Micro-log-odds that every enterprise starts from.
    intercept: i64,
    features: Vec<Feature>,
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
) -> Json<Models> {
    Json(Models {
        in_force: app.view.model().map(|model| body(&model)),
        challenger: challenger(&app),
    })
}

fn body(model: &BoundModel) -> Model {
    let bin = |(bin, weight)| Bin { bin, weight };
    let features = model.features().iter().enumerate();
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
    }
}
