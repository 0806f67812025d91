//! Finding the weights: evidence, regression, correction, merging.
//!
//! 1. Each feature is binned finely and its weights of evidence measured.
//! 2. linfa's logistic regression says how much of each feature's evidence
//!    counts beside the others.
//! 3. Each bin is corrected beside all others.
//! 4. Features that may only rise are made to: one whose evidence would count
//!    against the risk beside the others does not count, and a range that weighs
//!    less than a lower one is pooled with it.
//! 5. Neighbouring ranges that turn out not to differ are merged.
//!
//! Contract: deterministic; weights are centred on the training rows.

use ndarray::Array2;

use crate::ModelError;
use crate::binned::Binned;
use crate::examples::Examples;
use crate::feature::FeatureSpec;
use crate::logistic;
use crate::params::TrainParams;
use crate::refine::{Corrected, Penalty, refine};
use crate::score::sigmoid;

/// Weights before rounding.
#[derive(Debug)]
pub(crate) struct Fitted {
    pub(crate) intercept: f64,
    pub(crate) features: Vec<Binned>,
    /// Which features tell anything apart; the others weigh nothing.
    used: Vec<bool>,
}

/// Fits checked examples.
pub(crate) fn fit(
    specs: &[FeatureSpec],
    examples: Examples,
    params: &TrainParams,
) -> Result<Fitted, ModelError> {
    let rising: Vec<bool> = specs
        .iter()
        .map(|spec| params.rising.contains(&spec.name))
        .collect();
    let specs = specs.iter().enumerate();
    let features: Vec<Binned> = specs
        .map(|(place, spec)| Binned::new(spec, place, examples, params))
        .collect();
    let mut fitted = Fitted {
        intercept: 0.0,
        used: features.iter().map(Binned::is_informative).collect(),
        features,
    };
    while let Some(falling) = fitted.regress(examples.labels, params.alpha, &rising)? {
        fitted.used[falling] = false;
    }
    let mut log_odds = fitted.refine(examples.labels, params);
    log_odds.iter_mut().for_each(|z| *z = variance(*z));
    for (feature, rises) in fitted.features.iter_mut().zip(&rising) {
        let information = feature.information(&log_odds);
        if *rises {
            feature.rise(&information);
        }
        feature.merge(&information, params);
    }
    for feature in &mut fitted.features {
        fitted.intercept += feature.centre();
    }
    Ok(fitted)
}

/// The variance of a label with these log-odds.
fn variance(log_odds: f64) -> f64 {
    let chance = sigmoid(log_odds);
    chance * (1.0 - chance)
}

impl Fitted {
    /// The log-odds of any row, as wide as there are features.
    pub(crate) fn log_odds(&self, row: &[Option<i64>]) -> f64 {
        let parts = self.features.iter().zip(row);
        let weights = parts.map(|(feature, value)| feature.weight_at(*value));
        self.intercept + weights.sum::<f64>()
    }

    /// Makes the probability fit: `slope`·log-odds + `offset`.
    pub(crate) fn calibrate(&mut self, slope: f64, offset: f64) {
        self.intercept = self.intercept * slope + offset;
        self.features
            .iter_mut()
            .for_each(|feature| feature.scale(slope));
    }

    /// Weighs the evidence of all used features by one regression. If one that
    /// may only rise would fall, nothing is weighed; gives the one that would
    /// most.
    fn regress(
        &mut self,
        labels: &[bool],
        alpha: f64,
        rising: &[bool],
    ) -> Result<Option<usize>, ModelError> {
        let used: Vec<usize> = (0..self.used.len()).filter(|at| self.used[*at]).collect();
        let matrix = Array2::from_shape_fn((labels.len(), used.len()), |(row, column)| {
            self.features[used[column]].evidence_of(row)
        });
        let line = logistic::fit(matrix, labels, alpha)?;
        let weighed = used.iter().copied().zip(&line.coefficients);
        let falling = weighed.filter(|(at, coefficient)| rising[*at] && **coefficient < 0.0);
        let most = falling.min_by(|(_, one), (_, other)| one.total_cmp(other));
        if let Some((at, _)) = most {
            return Ok(Some(at));
        }
        self.intercept = line.intercept;
        let mut coefficients = line.coefficients.into_iter();
        for (feature, used) in self.features.iter_mut().zip(&self.used) {
            let coefficient = if *used { coefficients.next() } else { None };
            feature.scale(coefficient.unwrap_or(0.0));
        }
        Ok(None)
    }

    fn used_features(&self) -> impl Iterator<Item = &Binned> {
        let marked = self.features.iter().zip(&self.used);
        marked
            .filter(|(_, used)| **used)
            .map(|(feature, _)| feature)
    }

    /// Corrects the bins of the used features; gives the log-odds of each row.
    fn refine(&mut self, labels: &[bool], params: &TrainParams) -> Vec<f64> {
        let so_far = |row: usize| {
            let weights = self.used_features().map(|feature| feature.weight_of(row));
            self.intercept + weights.sum::<f64>()
        };
        let mut log_odds: Vec<f64> = (0..labels.len()).map(so_far).collect();
        let penalty = Penalty {
            size: params.freedom.powi(-2),
            step: params.step.powi(-2),
        };
        let marked = self.features.iter_mut().zip(&self.used);
        let used = marked.filter(|(_, used)| **used);
        let mut corrected: Vec<Corrected> = used.map(|(feature, _)| feature.corrected()).collect();
        self.intercept += refine(&mut corrected, &mut log_odds, labels, penalty);
        log_odds
    }
}
