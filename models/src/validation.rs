//! Cross-validation: every row is judged by a scorecard that never saw its
//! enterprise.
//!
//! Contract: a split never separates a group; the same seed gives the same
//! split and the same figures.

use crate::ModelError;
use crate::evaluation::{Evaluation, evaluate_flagged};
use crate::examples::{Examples, group_counts};
use crate::feature::FeatureSpec;
use crate::folds;
use crate::metrics::{Item, Ranking};
use crate::params::TrainParams;
use crate::rows::Rows;
use crate::score::{Said, probability};
use crate::scorecard::Provenance;
use crate::train::train_judged;

/// Trains on all folds but one, scores that one, and judges all scores together.
/// `strata` marks the rows that are also judged by themselves (such as the
/// sectors that give the label away); `groups` is the enterprise of each row.
///
/// # Errors
/// [`ModelError::Evaluation`] when the slices differ in length, there are fewer
/// than 2 folds, or fewer enterprises of either label than folds; otherwise as
/// [`train_model`](crate::train_model).
#[allow(clippy::too_many_arguments)] // parallel slices and the split: plain data
pub fn cross_validate(
    specs: &[FeatureSpec],
    rows: &[Vec<Option<i64>>],
    labels: &[bool],
    strata: Option<&[bool]>,
    groups: &[u64],
    params: TrainParams,
    folds: usize,
    seed: u64,
) -> Result<Evaluation, ModelError> {
    let rows = kept(specs, rows, labels, groups)?;
    cross_validate_rows(specs, &rows, (labels, groups), strata, params, folds, seed)
}

/// As [`cross_validate`], on rows that are kept by feature: no fold copies them.
///
/// # Errors
/// As [`cross_validate`].
pub fn cross_validate_rows(
    specs: &[FeatureSpec],
    rows: &Rows,
    (labels, groups): (&[bool], &[u64]),
    strata: Option<&[bool]>,
    params: TrainParams,
    folds: usize,
    seed: u64,
) -> Result<Evaluation, ModelError> {
    let judged = held_out(specs, rows, (labels, groups), &params, folds, seed)?;
    evaluate_flagged(
        &judged.said,
        Some(&judged.flagged),
        labels,
        strata,
        groups,
        seed,
    )
}

/// The fold of each row, as [`cross_validate`] deals them: for others who want to
/// be judged by the same.
pub fn deal_folds(groups: &[u64], labels: &[bool], folds: usize, seed: u64) -> Vec<usize> {
    folds::assign(groups, labels, folds, seed)
}

/// Each row as a model that never saw its enterprise judges it.
struct HeldOut {
    said: Vec<Said>,
    /// Whether it is above the threshold that the training chose.
    flagged: Vec<bool>,
}

/// What is said of each row while it is held out, as [`cross_validate_rows`] judges
/// it.
///
/// # Errors
/// As [`cross_validate`].
pub fn cross_validated(
    specs: &[FeatureSpec],
    rows: &Rows,
    (labels, groups): (&[bool], &[u64]),
    params: TrainParams,
    folds: usize,
    seed: u64,
) -> Result<Vec<Said>, ModelError> {
    Ok(held_out(specs, rows, (labels, groups), &params, folds, seed)?.said)
}

/// The same rows by feature, once they are checked.
fn kept(
    specs: &[FeatureSpec],
    rows: &[Vec<Option<i64>>],
    labels: &[bool],
    groups: &[u64],
) -> Result<Rows, ModelError> {
    let examples = Examples {
        rows,
        labels,
        groups,
    };
    examples
        .check(specs.len())
        .map_err(ModelError::Evaluation)?;
    Ok(rows.iter().map(Vec::as_slice).collect())
}

fn held_out(
    specs: &[FeatureSpec],
    rows: &Rows,
    (labels, groups): (&[bool], &[u64]),
    params: &TrainParams,
    folds: usize,
    seed: u64,
) -> Result<HeldOut, ModelError> {
    if labels.len() != rows.len() || groups.len() != rows.len() || rows.width() != specs.len() {
        return Err(ModelError::Evaluation(format!(
            "{} rows of {} values, {} labels, {} groups and {} features: they must be as many",
            rows.len(),
            rows.width(),
            labels.len(),
            groups.len(),
            specs.len()
        )));
    }
    check_folds(labels, groups, folds).map_err(ModelError::Evaluation)?;
    let assigned = folds::assign(groups, labels, folds, seed);
    let mut judged = HeldOut {
        said: vec![Said::from(0); rows.len()],
        flagged: vec![false; rows.len()],
    };
    for fold in 0..folds {
        let all = 0..rows.len() as u32;
        let (outside, inside): (Vec<u32>, Vec<u32>) =
            all.partition(|row| assigned[*row as usize] != fold);
        let part = Part::of(&outside, labels, groups);
        let of = (&part.labels[..], &part.groups[..]);
        let (model, inner) =
            train_judged(specs, (rows, &outside), of, params, Provenance::default())?;
        let threshold = best_threshold(&inner, &part.labels);
        let bound = model.bind(specs)?;
        for row in inside.into_iter().map(|row| row as usize) {
            let said = bound.said(&rows.row(row));
            judged.said[row] = said;
            judged.flagged[row] = said.log_odds >= threshold;
        }
    }
    Ok(judged)
}

/// The threshold at which the weighted figure is best on scores that were held
/// out while training; probability 0.5 where there are none.
fn best_threshold(held_out: &[Option<i64>], labels: &[bool]) -> i64 {
    let judged = held_out.iter().zip(labels).enumerate();
    let items = judged.filter_map(|(unit, (log_odds, label))| {
        log_odds.map(|log_odds| Item {
            log_odds,
            chance: probability(log_odds), // no threshold is chosen by it
            label: *label,
            flagged: false,
            unit,
        })
    });
    let ranking = Ranking::new(items.collect());
    let curve = ranking.curve(&vec![1; labels.len()]);
    curve.best_threshold().unwrap_or(0)
}

/// Whose the rows outside a fold are.
struct Part {
    labels: Vec<bool>,
    groups: Vec<u64>,
}

impl Part {
    fn of(rows: &[u32], labels: &[bool], groups: &[u64]) -> Part {
        Part {
            labels: rows.iter().map(|row| labels[*row as usize]).collect(),
            groups: rows.iter().map(|row| groups[*row as usize]).collect(),
        }
    }
}

fn check_folds(labels: &[bool], groups: &[u64], folds: usize) -> Result<(), String> {
    let (with, without) = group_counts(groups, labels);
    if folds < 2 {
        return Err(format!("`{folds}` folds, at least 2 are needed"));
    }
    if with < folds || without < folds {
        return Err(format!(
            "{with} enterprises with a positive and {without} without are too few for {folds} folds"
        ));
    }
    Ok(())
}
