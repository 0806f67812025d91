//! Finding the weights: evidence, regression, correction, pairs, merging.
//!
//! 1. Each feature is binned finely and its weights of evidence measured.
//! 2. linfa's logistic regression says how much of each feature's evidence
//!    counts beside the others.
//! 3. Each bin is corrected beside all others.
//! 4. Where pairs are asked for, those that explain most of what is left are
//!    found, and everything is corrected again with them.
//! 5. Features that may only rise or fall are made to: one whose evidence would
//!    count the wrong way beside the others does not count, and a range that goes
//!    the wrong way is pooled with its neighbour.
//! 6. Neighbouring ranges that turn out not to differ are merged.
//!
//! Contract: deterministic; weights are centred on the training rows.

use ndarray::Array2;

use crate::ModelError;
use crate::binned::{Binned, Course};
use crate::columns::Sample;
use crate::crossed::{Crossed, Side, search};
use crate::feature::FeatureSpec;
use crate::logistic;
use crate::params::TrainParams;
use crate::refine::{Corrected, Penalty, refine};
use crate::score::sigmoid;
use crate::sparse;

/// About how many rows the regression sees, where there are more: it has one
/// number a feature to find, and its matrix is dense. Corrections see all.
const REGRESSION_ROWS: usize = 1 << 16;

/// What is left open by the parameters, or was chosen by inner validation.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Choice {
    /// A factor on all penalties.
    pub(crate) strength: f64,
    /// Which features may weigh anything by themselves.
    pub(crate) kept: Vec<bool>,
    /// The most pairs.
    pub(crate) pairs: usize,
    /// What a coefficient costs, as a share of what chooses no feature; 0: nothing.
    pub(crate) cost: f64,
}

/// Weights before rounding.
#[derive(Debug)]
pub(crate) struct Fitted<'a> {
    pub(crate) intercept: f64,
    pub(crate) features: Vec<Binned<'a>>,
    pub(crate) pairs: Vec<Crossed>,
    /// Which features tell anything apart; the others weigh nothing.
    used: Vec<bool>,
}

/// Fits the rows of a sample.
pub(crate) fn fit<'a>(
    specs: &[FeatureSpec],
    sample: Sample<'a>,
    params: &TrainParams,
    choice: &Choice,
) -> Result<Fitted<'a>, ModelError> {
    let courses: Vec<Course> = specs.iter().map(|spec| Course::of(spec, params)).collect();
    let both = specs.iter().zip(sample.columns);
    let features: Vec<Binned> = both
        .map(|(spec, fine)| Binned::new(spec, fine, sample, params))
        .collect();
    let marked = features.iter().zip(&choice.kept);
    let mut fitted = Fitted {
        intercept: 0.0,
        used: marked
            .map(|(f, kept)| *kept && f.is_informative())
            .collect(),
        features,
        pairs: Vec::new(),
    };
    if choice.cost > 0.0 {
        fitted.leave_out(sample, choice.cost);
    }
    let alpha = params.alpha * choice.strength;
    while let Some(wrong) = fitted.regress(sample, alpha, &courses)? {
        fitted.used[wrong] = false;
    }
    let mut log_odds = fitted.sums(sample.rows);
    fitted.refine(sample, &mut log_odds, params, choice.strength);
    if choice.pairs > 0 {
        fitted.pair(sample, &log_odds, &courses, (params, choice));
        fitted.refine(sample, &mut log_odds, params, choice.strength);
    }
    fitted.settle(sample.rows, &log_odds, &courses, params);
    Ok(fitted)
}

/// The variance of a label with these log-odds.
fn variance(log_odds: f64) -> f64 {
    let chance = sigmoid(log_odds);
    chance * (1.0 - chance)
}

impl Fitted<'_> {
    /// The log-odds of a row of the columns.
    pub(crate) fn log_odds(&self, row: u32) -> f64 {
        let features = self.features.iter().map(|feature| feature.weight_of(row));
        let pairs = self.pairs.iter().map(|pair| pair.weight_of(row));
        self.intercept + features.sum::<f64>() + pairs.sum::<f64>()
    }

    /// Makes the probability fit: `slope`·log-odds + `offset`.
    pub(crate) fn calibrate(&mut self, slope: f64, offset: f64) {
        self.intercept = self.intercept * slope + offset;
        self.features
            .iter_mut()
            .for_each(|feature| feature.scale(slope));
        self.pairs.iter_mut().for_each(|pair| pair.scale(slope));
    }

    /// How many features tell anything apart.
    pub(crate) fn used(&self) -> usize {
        self.used.iter().filter(|used| **used).count()
    }

    /// Leaves out the features that are not worth what a coefficient costs.
    fn leave_out(&mut self, sample: Sample, cost: f64) {
        let used: Vec<usize> = (0..self.used.len()).filter(|at| self.used[*at]).collect();
        let rows = sample.thinned(REGRESSION_ROWS);
        let labels: Vec<bool> = rows.iter().map(|r| sample.labels[*r as usize]).collect();
        let evidence = |at: &usize| {
            let feature = &self.features[*at];
            rows.iter().map(|row| feature.evidence_of(*row)).collect()
        };
        let columns: Vec<Vec<f64>> = used.iter().map(evidence).collect();
        for (at, chosen) in used.iter().zip(sparse::chosen(&columns, &labels, cost)) {
            self.used[*at] = chosen;
        }
    }

    /// Weighs the evidence of all used features by one regression. If one that
    /// may only go one way would go the other, nothing is weighed; gives the one
    /// that would most.
    fn regress(
        &mut self,
        sample: Sample,
        alpha: f64,
        courses: &[Course],
    ) -> Result<Option<usize>, ModelError> {
        let used: Vec<usize> = (0..self.used.len()).filter(|at| self.used[*at]).collect();
        let rows = sample.thinned(REGRESSION_ROWS);
        let labels: Vec<bool> = rows.iter().map(|r| sample.labels[*r as usize]).collect();
        let matrix = Array2::from_shape_fn((rows.len(), used.len()), |(row, column)| {
            self.features[used[column]].evidence_of(rows[row])
        });
        // The penalty weighs as much against fewer rows.
        let alpha = alpha * rows.len() as f64 / sample.rows.len() as f64;
        let line = logistic::fit(matrix, &labels, alpha)?;
        let weighed = used.iter().copied().zip(&line.coefficients);
        // Evidence counts against itself: more of it would go the other way.
        let wrong =
            weighed.filter(|(at, coefficient)| courses[*at] != Course::Free && **coefficient < 0.0);
        let most = wrong.min_by(|(_, one), (_, other)| one.total_cmp(other));
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

    /// The log-odds of these rows.
    fn sums(&self, rows: &[u32]) -> Vec<f64> {
        let mut sums = vec![self.intercept; rows.len()];
        let marked = self.features.iter().zip(&self.used);
        for (feature, _) in marked.filter(|(_, used)| **used) {
            for (sum, row) in sums.iter_mut().zip(rows) {
                *sum += feature.weight_of(*row);
            }
        }
        sums
    }

    /// Corrects the bins of the used features, and all pairs; and with them the
    /// log-odds of each row.
    fn refine(
        &mut self,
        sample: Sample,
        log_odds: &mut [f64],
        params: &TrainParams,
        strength: f64,
    ) {
        let penalty = Penalty {
            size: params.freedom.powi(-2) * strength,
            step: params.step.powi(-2) * strength,
        };
        let size = pair_size(params, strength);
        let marked = self.features.iter_mut().zip(&self.used);
        let used = marked.filter(|(_, used)| **used);
        let features = used.map(|(feature, _)| feature.corrected(penalty));
        let pairs = self.pairs.iter_mut().map(|pair| pair.corrected(size));
        let mut corrected: Vec<Corrected> = features.chain(pairs).collect();
        self.intercept += refine(&mut corrected, sample.rows, log_odds, sample.labels);
    }

    /// Finds what features say together beyond the sum so far.
    fn pair(
        &mut self,
        sample: Sample,
        log_odds: &[f64],
        courses: &[Course],
        (params, choice): (&TrainParams, &Choice),
    ) {
        // What two features say together would not keep to the way of either.
        let is_free = |at: &usize| courses[*at] == Course::Free;
        let free: Vec<usize> = (0..self.features.len()).filter(is_free).collect();
        let sides = sample.columns.iter().map(|fine| Side::new(fine, sample));
        let sides: Vec<Side> = sides.collect();
        let wanted = (choice.pairs, pair_size(params, choice.strength));
        let found = search(&sides, &free, sample, log_odds, wanted);
        let crossed = found.into_iter();
        self.pairs = crossed
            .map(|pair| Crossed::new(pair, &sides, sample.columns))
            .collect();
    }

    /// Holds features to their ways, merges what does not differ, centres all.
    fn settle(&mut self, rows: &[u32], log_odds: &[f64], courses: &[Course], params: &TrainParams) {
        let variance: Vec<f64> = log_odds.iter().map(|z| variance(*z)).collect();
        for (feature, course) in self.features.iter_mut().zip(courses) {
            let information = feature.information(rows, &variance);
            feature.hold(*course, &information);
            feature.merge(&information, params);
            self.intercept += feature.centre();
        }
        for pair in &mut self.pairs {
            self.intercept += pair.centre(rows);
        }
    }
}

/// The precision of what a cell of a pair weighs.
fn pair_size(params: &TrainParams, strength: f64) -> f64 {
    params.pair_freedom.powi(-2) * strength
}
