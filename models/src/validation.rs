//! Cross-validation: every row is judged by a scorecard that never saw its
//! enterprise.
//!
//! Contract: a split never separates a group; the same seed gives the same
//! split and the same figures.

use crate::ModelError;
use crate::evaluation::{Evaluation, evaluate};
use crate::examples::Examples;
use crate::feature::FeatureSpec;
use crate::folds;
use crate::params::TrainParams;
use crate::scorecard::Provenance;
use crate::train::train_grouped;

/// Trains on all folds but one, scores that one, and judges all scores together.
/// `strata` marks the rows that are also judged by themselves (such as the
/// sectors that give the label away); `groups` is the enterprise of each row.
///
/// # Errors
/// [`ModelError::Evaluation`] when the slices differ in length, there are fewer
/// than 2 folds, or fewer enterprises of either label than folds; otherwise as
/// [`train_grouped`].
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
    let log_odds = cross_validated_log_odds(specs, rows, labels, groups, params, folds, seed)?;
    evaluate(&log_odds, labels, strata, groups, seed)
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
    let mut log_odds = vec![0; rows.len()];
    for fold in 0..folds {
        let part = examples.without(&assigned, fold);
        let card = train_grouped(
            specs,
            &part.rows,
            &part.labels,
            &part.groups,
            params.clone(),
            Provenance::default(),
        )?;
        let bound = card.bind(specs)?;
        for row in (0..rows.len()).filter(|row| assigned[*row] == fold) {
            log_odds[row] = bound.score(&rows[row]).log_odds;
        }
    }
    Ok(log_odds)
}

fn check_folds(examples: Examples, folds: usize) -> Result<(), String> {
    let (with, without) = examples.group_counts();
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
