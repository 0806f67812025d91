//! Training: a fit, its calibration on held-out rows, and integers.
//!
//! Contract: the same rows, labels, parameters and provenance give the same
//! artifact, byte for byte. Contributions are centred: weight 0 is the average
//! enterprise of the training data, and the intercept is its log-odds. Features
//! that do not tell anything apart stay listed with weight 0.

use crate::calibrate::bend_alone;
use crate::columns::{Fill, Sample, columns};
use crate::crossed::Crossed;
use crate::error::ModelError;
use crate::examples::{Examples, group_counts};
use crate::feature::FeatureSpec;
use crate::fit::{Choice, fit};
use crate::folds;
use crate::logistic::calibrate;
use crate::model::Artifact;
use crate::params::{ModelKind, TrainParams};
use crate::rows::Rows;
use crate::scale::Scale;
use crate::score::MICRO;
use crate::scorecard::{Provenance, Scorecard};
use crate::select::Inner;
use crate::table::Table;
use crate::train_blend::blend;
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
    examples.check(specs.len()).map_err(ModelError::Training)?;
    let fill = examples.fill();
    Ok(train_scorecard(specs, (labels, groups), &params, provenance, &fill)?.0)
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
    examples.check(specs.len()).map_err(ModelError::Training)?;
    Ok(train_filled(
        specs,
        (labels, groups),
        params,
        provenance,
        &examples.fill(),
    )?
    .0)
}

/// Trains the kind of model that `params` names on rows that are read one feature
/// at a time: `fill` puts the values of a feature into the buffer it is given, one
/// for each of `labels`; what it leaves out is missing. So what is held is one or
/// two bytes a value, and the values of one feature a thread.
///
/// # Errors
/// [`ModelError::Params`] for parameters out of bounds, [`ModelError::Training`]
/// when the data is empty, uneven, or has only one label.
pub fn train_columns(
    specs: &[FeatureSpec],
    labels: &[bool],
    groups: &[u64],
    params: &TrainParams,
    provenance: Provenance,
    fill: impl Fn(usize, &mut Vec<Option<i64>>) + Sync,
) -> Result<Artifact, ModelError> {
    Ok(train_filled(specs, (labels, groups), params, provenance, &fill)?.0)
}

/// Trains the kind of model that `params` names on rows that are kept by feature.
///
/// # Errors
/// As [`train_columns`].
pub fn train_rows(
    specs: &[FeatureSpec],
    rows: &Rows,
    labels: &[bool],
    groups: &[u64],
    params: &TrainParams,
    provenance: Provenance,
) -> Result<Artifact, ModelError> {
    if rows.width() != specs.len() || rows.len() != labels.len() {
        return Err(ModelError::Training(format!(
            "{} rows of {} values, {} labels and {} features: they must be as many",
            rows.len(),
            rows.width(),
            labels.len(),
            specs.len()
        )));
    }
    let all: Vec<u32> = (0..rows.len() as u32).collect();
    Ok(train_judged(specs, (rows, &all), (labels, groups), params, provenance)?.0)
}

/// An artifact, with the held-out log-odds (micro) of each row that was held out
/// while training, on the scale of the model's own.
pub(crate) type Trained = (Artifact, Vec<Option<i64>>);

/// As [`train_rows`] on some of the rows, whose places rise, and which labels and
/// groups are of; with held-out scores.
pub(crate) fn train_judged(
    specs: &[FeatureSpec],
    (rows, places): (&Rows, &[u32]),
    of: (&[bool], &[u64]),
    params: &TrainParams,
    provenance: Provenance,
) -> Result<Trained, ModelError> {
    let fill = |feature: usize, values: &mut Vec<Option<i64>>| rows.fill(feature, places, values);
    train_filled(specs, of, params, provenance, &fill)
}

fn train_filled(
    specs: &[FeatureSpec],
    (labels, groups): (&[bool], &[u64]),
    params: &TrainParams,
    provenance: Provenance,
    fill: Fill,
) -> Result<Trained, ModelError> {
    match params.kind {
        ModelKind::Scorecard => {
            let (card, held_out) =
                train_scorecard(specs, (labels, groups), params, provenance, fill)?;
            Ok((Artifact::Scorecard(card), held_out))
        }
        ModelKind::Forest => {
            let table = Table::new(labels.len(), specs.len(), fill);
            let trained = train_forest(specs, &table, labels, groups, params, provenance)?;
            Ok((Artifact::Forest(trained.0), trained.1))
        }
        ModelKind::Blend => {
            let of = (labels, groups);
            let card = train_scorecard(specs, of, params, provenance, fill)?;
            let table = Table::new(labels.len(), specs.len(), fill);
            let none = Provenance::default();
            let forest = train_forest(specs, &table, labels, groups, params, none)?;
            let (blend, held_out) = blend(card, forest, of, params)?;
            Ok((Artifact::Blend(blend), held_out))
        }
    }
}

fn train_scorecard(
    specs: &[FeatureSpec],
    (labels, groups): (&[bool], &[u64]),
    params: &TrainParams,
    provenance: Provenance,
    fill: Fill,
) -> Result<(Scorecard, Vec<Option<i64>>), ModelError> {
    let anchors = params.check()?;
    check(labels, groups).map_err(ModelError::Training)?;
    let columns = columns(specs, labels, params, fill);
    let rows: Vec<u32> = (0..labels.len() as u32).collect();
    let sample = Sample {
        columns: &columns,
        labels,
        rows: &rows,
    };
    let folds = inner_folds(labels, groups, params);
    let inner = Inner {
        specs,
        sample,
        params,
        folds: &folds,
    };
    let plain = Choice::plain(specs, params);
    let judged = match (folds.is_empty(), params.select, params.sparse) {
        (true, ..) => None,
        (false, true, _) => Some(inner.choose()?),
        (false, _, true) => Some(inner.sparsest()?),
        (false, ..) => Some(inner.judge(plain.clone())?),
    };
    let (slope, offset) = match &judged {
        Some(judged) => calibrate(&judged.log_odds, labels)?,
        None => (1.0, 0.0),
    };
    let choice = judged.as_ref().map_or(&plain, |judged| &judged.choice);
    let mut fitted = fit(specs, sample, params, choice)?;
    let positive = labels.iter().filter(|positive| **positive).count();
    let prior = params.prior_offset(positive, labels.len());
    fitted.calibrate(slope, offset + prior);
    let used = fitted.used();
    let intercept = (fitted.intercept * MICRO).round() as i64;
    let named = fitted.features.into_iter().zip(specs.iter().cloned());
    let features = named.map(|(feature, spec)| feature.seal(spec)).collect();
    let pairs = fitted.pairs.into_iter().map(Crossed::seal).collect();
    let provenance = match (params.select, params.sparse) {
        (true, _) => choice.told(provenance),
        (_, true) => provenance.and(&choice.left(used, specs.len())),
        _ => provenance,
    };
    let line = |z: &f64| Some(slope * z + offset);
    let lined: Vec<Option<f64>> = match &judged {
        Some(judged) => judged.log_odds.iter().map(line).collect(),
        None => vec![None; labels.len()],
    };
    let scale = Scale {
        calibration: bend_alone(&lined, (labels, groups), prior, params),
        anchors,
    };
    let scaled = |z: Option<f64>| z.map(|z| ((z + prior) * MICRO).round() as i64);
    let held_out = lined.into_iter().map(scaled).collect();
    let provenance = scale.calibration.told(provenance);
    let card = Scorecard::seal(provenance, intercept, scale, features, pairs);
    Ok((card, held_out))
}

fn check(labels: &[bool], groups: &[u64]) -> Result<(), String> {
    let (rows, groups) = (labels.len(), groups.len());
    let positives = labels.iter().filter(|label| **label).count();
    match rows != groups || u32::try_from(rows).is_err() {
        true => Err(format!(
            "{rows} labels and {groups} groups: they must be as many, and at most {}",
            u32::MAX
        )),
        false if positives == 0 || positives == rows => Err(format!(
            "{positives} of {rows} rows are positive, both labels are needed"
        )),
        false => Ok(()),
    }
}

/// The rows outside each calibration fold, and inside. With too few positives or
/// negatives to hold any out there are none.
fn inner_folds(labels: &[bool], groups: &[u64], params: &TrainParams) -> Vec<(Vec<u32>, Vec<u32>)> {
    let (with, without) = group_counts(groups, labels);
    let count = params.calibration_folds.min(with).min(without);
    if count < 2 {
        return Vec::new();
    }
    let assigned = folds::assign(groups, labels, count, params.seed);
    let parted = |fold: usize| {
        let rows = 0..assigned.len() as u32;
        rows.partition(|row| assigned[*row as usize] != fold)
    };
    (0..count).map(parted).collect()
}

impl Choice {
    /// Says in a note what was chosen.
    fn told(&self, provenance: Provenance) -> Provenance {
        let kept = self.kept.iter().filter(|kept| **kept).count();
        let chosen = format!(
            "by inner validation: {kept} of {} features, at most {} pairs, penalties times {}",
            self.kept.len(),
            self.pairs,
            self.strength
        );
        provenance.and(&chosen)
    }

    /// What a cost left, in words.
    fn left(&self, used: usize, all: usize) -> String {
        let cost = self.cost;
        format!("by inner validation: {used} of {all} features, at a cost of {cost} of the largest")
    }
}
