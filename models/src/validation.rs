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
    let judged = held_out(specs, rows, labels, groups, &params, folds, seed)?;
    evaluate_flagged(
        &judged.log_odds,
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
    log_odds: Vec<i64>,
    /// Whether it is above the threshold that the training chose.
    flagged: Vec<bool>,
}

/// The held-out micro-log-odds of each row, as [`cross_validate`] judges them.
///
/// # Errors
/// As [`cross_validate`].
pub fn cross_validated_log_odds(
    specs: &[FeatureSpec],
    rows: &[Vec<Option<i64>>],
    labels: &[bool],
    groups: &[u64],
    params: TrainParams,
    folds: usize,
    seed: u64,
) -> Result<Vec<i64>, ModelError> {
    Ok(held_out(specs, rows, labels, groups, &params, folds, seed)?.log_odds)
}

fn held_out(
    specs: &[FeatureSpec],
    rows: &[Vec<Option<i64>>],
    labels: &[bool],
    groups: &[u64],
    params: &TrainParams,
    folds: usize,
    seed: u64,
) -> Result<HeldOut, ModelError> {
    let examples = Examples {
        rows,
        labels,
        groups,
    };
    examples
        .check(specs.len())
        .map_err(ModelError::Evaluation)?;
    check_folds(examples, folds).map_err(ModelError::Evaluation)?;
    let assigned = folds::assign(groups, labels, folds, seed);
    let mut judged = HeldOut {
        log_odds: vec![0; rows.len()],
        flagged: vec![false; rows.len()],
    };
    for fold in 0..folds {
        let part = examples.without(&assigned, fold);
        let (model, inner) = train_judged(specs, part.examples(), params, Provenance::default())?;
        let threshold = best_threshold(&inner, &part.labels);
        let bound = model.bind(specs)?;
        for row in (0..rows.len()).filter(|row| assigned[*row] == fold) {
            let log_odds = bound.score(&rows[row]).log_odds;
            judged.log_odds[row] = log_odds;
            judged.flagged[row] = log_odds >= threshold;
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
            label: *label,
            flagged: false,
            unit,
        })
    });
    let ranking = Ranking::new(items.collect());
    let curve = ranking.curve(&vec![1; labels.len()]);
    curve.best_threshold().unwrap_or(0)
}

fn check_folds(examples: Examples, folds: usize) -> Result<(), String> {
    let (with, without) = group_counts(examples.groups, examples.labels);
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
