//! Training a blend: both parts on the same rows, averaged, and calibrated by
//! what they said of rows that were held out.
//!
//! Contract: as that of the parts: the same rows, labels, parameters and
//! provenance give the same artifact, byte for byte, on any number of threads.

use crate::ModelError;
use crate::blend::Blend;
use crate::calibrate::bend;
use crate::forest::Forest;
use crate::logistic::calibrate;
use crate::params::TrainParams;
use crate::score::MICRO;
use crate::scorecard::Scorecard;
use crate::tally::Tally;

/// The share that either part has in the log-odds. Not a parameter: one that is
/// chosen on the rows would have to be judged on others.
const SHARE: f64 = 0.5;

/// A part with the held-out micro-log-odds of the rows that were held out.
type Part<T> = (T, Vec<Option<i64>>);

/// Averages a scorecard and a forest that were trained on rows with these labels, of
/// these groups.
/// Gives the held-out micro-log-odds of the blend beside it.
///
/// # Errors
/// [`ModelError::Training`] when the calibration fails.
pub(crate) fn blend(
    (card, of_card): Part<Scorecard>,
    (forest, of_forest): Part<Forest>,
    (labels, groups): (&[bool], &[u64]),
    params: &TrainParams,
) -> Result<Part<Blend>, ModelError> {
    let positive = labels.iter().filter(|label| **label).count();
    let prior = params.prior_offset(positive, labels.len());
    // Both parts are moved by the prior already; labels know nothing of it.
    let means: Vec<Option<f64>> = of_card
        .iter()
        .zip(&of_forest)
        .map(|(card, forest)| Some(SHARE * ((*card)? as f64 + (*forest)? as f64) / MICRO - prior))
        .collect();
    let (slope, offset) = line(&means, labels)?;
    let shift = offset + prior - slope * prior;
    let provenance = card.provenance().clone();
    let (factor, shift_micro) = (slope * SHARE, (shift * MICRO).round() as i64);
    let parts = (card.scaled(factor, shift_micro), forest.scaled(factor));
    let lined = means
        .iter()
        .map(|mean| mean.map(|mean| slope * mean + offset));
    let lined: Vec<Option<f64>> = lined.collect();
    let calibration = bend(&lined, (labels, groups), prior, params);
    let provenance = calibration.told(provenance);
    let micro = |z: Option<f64>| z.map(|z| ((z + prior) * MICRO).round() as i64);
    let held_out = lined.into_iter().map(micro).collect();
    let blend = Blend::seal(provenance, calibration, parts.0, parts.1);
    Ok((blend, held_out))
}

/// The line that makes held-out means fit the labels; with too few that were held
/// out, the means are taken as they are.
fn line(means: &[Option<f64>], labels: &[bool]) -> Result<(f64, f64), ModelError> {
    let known = means.iter().zip(labels);
    let (known, labels): (Vec<f64>, Vec<bool>) = known
        .filter_map(|(mean, label)| mean.map(|mean| (mean, *label)))
        .unzip();
    let positives = Tally::of(labels.iter().copied()).positives;
    match positives > 0 && positives < known.len() as u64 {
        true => calibrate(&known, &labels),
        false => Ok((1.0, 0.0)),
    }
}

/// A weight times `factor`, to the nearest micro-log-odd.
pub(crate) fn scaled(weight: i64, factor: f64) -> i64 {
    (weight as f64 * factor).round() as i64
}
