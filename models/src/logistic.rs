//! Logistic regression by linfa, and Platt's calibration on top of it.
//!
//! Contract: the same matrix, labels and penalty give the same coefficients.

use linfa::DatasetBase;
use linfa::traits::Fit;
use linfa_logistic::LogisticRegression;
use ndarray::{Array1, Array2};

use crate::ModelError;
use crate::score::logit;
use crate::tally::Tally;

/// The solver stops at this norm of the gradient of the summed loss, or after
/// this many steps.
const GRADIENT_TOLERANCE: f64 = 1e-3;
const MAX_STEPS: u64 = 300;
/// The penalty of the calibration: it matters only for a handful of rows.
const CALIBRATION_ALPHA: f64 = 1.0;

/// A linear model of the log-odds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Linear {
    pub(crate) coefficients: Vec<f64>,
    pub(crate) intercept: f64,
}

/// Fits `labels` on the columns of `matrix`; both labels must occur.
pub(crate) fn fit(matrix: Array2<f64>, labels: &[bool], alpha: f64) -> Result<Linear, ModelError> {
    if matrix.ncols() == 0 {
        return Ok(Linear {
            coefficients: Vec::new(),
            intercept: logit(Tally::of(labels.iter().copied()).rate()),
        });
    }
    let targets = Array1::from_vec(labels.to_vec());
    let fitted = LogisticRegression::default()
        .alpha(alpha)
        .gradient_tolerance(GRADIENT_TOLERANCE)
        .max_iterations(MAX_STEPS)
        .fit(&DatasetBase::new(matrix, targets))
        .map_err(|error| ModelError::Training(format!("the regression failed: {error}")))?;
    // linfa models the more frequent class, whichever that is.
    let sign = if fitted.labels().pos.class { 1.0 } else { -1.0 };
    Ok(Linear {
        coefficients: fitted.params().iter().map(|weight| sign * weight).collect(),
        intercept: sign * fitted.intercept(),
    })
}

/// The slope (never negative) and offset that make held-out log-odds fit the
/// labels.
pub(crate) fn calibrate(log_odds: &[f64], labels: &[bool]) -> Result<(f64, f64), ModelError> {
    let column = Array2::from_shape_fn((log_odds.len(), 1), |(row, _)| log_odds[row]);
    let line = fit(column, labels, CALIBRATION_ALPHA)?;
    match line.coefficients.first() {
        Some(slope) if *slope > 0.0 => Ok((*slope, line.intercept)),
        // Held-out scores that point the wrong way say that there is no signal.
        _ => Ok((0.0, logit(Tally::of(labels.iter().copied()).rate()))),
    }
}
