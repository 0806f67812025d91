//! Training: a fit, its calibration on held-out rows, and integers.
//!
//! Contract: the same rows, labels, parameters and provenance give the same
//! artifact, byte for byte. Contributions are centred: weight 0 is the average
//! enterprise of the training data, and the intercept is its log-odds. Features
//! that do not tell anything apart stay listed with weight 0.

use crate::error::ModelError;
use crate::examples::Examples;
use crate::feature::FeatureSpec;
use crate::fit::fit;
use crate::folds;
use crate::logistic::calibrate;
use crate::model::Artifact;
use crate::params::{ModelKind, TrainParams};
use crate::score::MICRO;
use crate::scorecard::{Provenance, Scorecard};
use crate::table::Table;
use crate::train_forest::train_forest;

/// Trains a scorecard on `rows` (one an enterprise, each as wide as `specs`).
///
/// # Errors
/// [`ModelError::Params`] for parameters out of bounds, [`ModelError::Training`]
/// when the data is empty, uneven, or has only one label.
pub fn train(
    specs: &[FeatureSpec],
    rows: &[Vec<Option<i64>>],
    labels: &[bool],
    params: TrainParams,
    provenance: Provenance,
) -> Result<Scorecard, ModelError> {
    let groups: Vec<u64> = (0..rows.len() as u64).collect();
    train_grouped(specs, rows, labels, &groups, params, provenance)
}

/// As [`train`], for data that has several rows an enterprise: rows of one group
/// are never separated when the probability is calibrated.
///
/// # Errors
/// As [`train`]; `groups` must be as long as `rows`.
pub fn train_grouped(
    specs: &[FeatureSpec],
    rows: &[Vec<Option<i64>>],
    labels: &[bool],
    groups: &[u64],
    params: TrainParams,
    provenance: Provenance,
) -> Result<Scorecard, ModelError> {
    let examples = Examples {
        rows,
        labels,
        groups,
    };
    Ok(train_scorecard(specs, examples, &params, provenance)?.0)
}

/// Trains the kind of model that `params` names.
///
/// # Errors
/// As [`train_grouped`].
pub fn train_model(
    specs: &[FeatureSpec],
    rows: &[Vec<Option<i64>>],
    labels: &[bool],
    groups: &[u64],
    params: &TrainParams,
    provenance: Provenance,
) -> Result<Artifact, ModelError> {
    let examples = Examples {
        rows,
        labels,
        groups,
    };
    Ok(train_judged(specs, examples, params, provenance)?.0)
}

/// As [`train_model`], with the held-out log-odds (micro) of each row that was
/// held out while training, on the scale of the model's own.
pub(crate) fn train_judged(
    specs: &[FeatureSpec],
    examples: Examples,
    params: &TrainParams,
    provenance: Provenance,
) -> Result<(Artifact, Vec<Option<i64>>), ModelError> {
    match params.kind {
        ModelKind::Scorecard => {
            let (card, held_out) = train_scorecard(specs, examples, params, provenance)?;
            Ok((Artifact::Scorecard(card), held_out))
        }
        ModelKind::Forest => {
            examples.check(specs.len()).map_err(ModelError::Training)?;
            let Examples {
                rows,
                labels,
                groups,
            } = examples;
            let table = Table::of(rows, specs.len());
            let trained = train_forest(specs, &table, labels, groups, params, provenance)?;
            Ok((Artifact::Forest(trained.0), trained.1))
        }
    }
}

fn train_scorecard(
    specs: &[FeatureSpec],
    examples: Examples,
    params: &TrainParams,
    provenance: Provenance,
) -> Result<(Scorecard, Vec<Option<i64>>), ModelError> {
    let anchors = params.check()?;
    examples.check(specs.len()).map_err(ModelError::Training)?;
    let labels = examples.labels;
    let mut fitted = fit(specs, examples, params)?;
    let held_out = held_out(specs, examples, params)?;
    let (slope, offset) = match &held_out {
        Some(held_out) => calibrate(held_out, labels)?,
        None => (1.0, 0.0),
    };
    let positive = labels.iter().filter(|positive| **positive).count();
    let prior = params.prior_offset(positive, labels.len());
    fitted.calibrate(slope, offset + prior);
    let intercept = (fitted.intercept * MICRO).round() as i64;
    let named = fitted.features.into_iter().zip(specs.iter().cloned());
    let features = named.map(|(feature, spec)| feature.seal(spec)).collect();
    let card = Scorecard::seal(provenance, intercept, anchors, features);
    let scaled = |z: &f64| Some(((slope * z + offset + prior) * MICRO).round() as i64);
    let held_out = match held_out {
        Some(held_out) => held_out.iter().map(scaled).collect(),
        None => vec![None; labels.len()],
    };
    Ok((card, held_out))
}

/// The score that each row got while it was held out. With too few positives or
/// negatives to hold any out there are none, and the fit stays as it is.
fn held_out(
    specs: &[FeatureSpec],
    examples: Examples,
    params: &TrainParams,
) -> Result<Option<Vec<f64>>, ModelError> {
    let (with, without) = examples.group_counts();
    let count = params.calibration_folds.min(with).min(without);
    if count < 2 {
        return Ok(None);
    }
    let assigned = folds::assign(examples.groups, examples.labels, count, params.seed);
    let mut held_out = vec![0.0; examples.rows.len()];
    for fold in 0..count {
        let part = examples.without(&assigned, fold);
        let fitted = fit(specs, part.examples(), params)?;
        for row in (0..assigned.len()).filter(|row| assigned[*row] == fold) {
            held_out[row] = fitted.log_odds(&examples.rows[row]);
        }
    }
    Ok(Some(held_out))
}
