//! Which features are worth anything beside the others: logistic regression on their
//! evidence, where every coefficient costs its size (the lasso, Tibshirani 1996).
//!
//! A feature has one coefficient, that of its evidence, so one that is 0 leaves all
//! its bins out. Coefficients are found by cyclic Newton steps with a soft threshold
//! (Friedman, Hastie and Tibshirani 2010), along a path of falling penalties, each
//! beginning where the one before ended. They only choose: what features weigh is
//! found afterwards, without that cost (Meinshausen 2007, the relaxed lasso).
//!
//! Contract: the same columns, labels and share give the same choice; a share of 1
//! chooses none, a share of 0 all.

use crate::score::sigmoid;

/// Each penalty on the path is this much of the one before.
const FALL: f64 = 0.5;
/// The most passes over all features for a penalty, and the step that ends them.
const PASSES: usize = 50;
const TOLERANCE: f64 = 1e-4;
/// The largest step of a coefficient, so that Newton stays stable.
const MAX_STEP: f64 = 1.0;

/// Which of `columns` (evidence by row) weigh anything when a coefficient costs
/// `share` of what the strongest feature gains by its first bit.
pub(crate) fn chosen(columns: &[Vec<f64>], labels: &[bool], share: f64) -> Vec<bool> {
    if share <= 0.0 {
        return vec![true; columns.len()];
    }
    let mut lasso = Lasso::new(columns, labels);
    let slopes = columns.iter().map(|column| lasso.slope(column).abs());
    let largest = slopes.fold(0.0, f64::max);
    let mut part = 1.0;
    while part > share {
        part = (part * FALL).max(share);
        lasso.fit(largest * part);
    }
    // Two columns that say the same may share what one would weigh; what is less than
    // the tolerance is no weight.
    let weighs = |at: &f64| at.abs() > TOLERANCE;
    lasso.coefficients.iter().map(weighs).collect()
}

#[derive(Debug)]
struct Lasso<'a> {
    columns: &'a [Vec<f64>],
    labels: &'a [bool],
    intercept: f64,
    coefficients: Vec<f64>,
    /// Label less chance, and the chance's variance, by row.
    residual: Vec<f64>,
    variance: Vec<f64>,
}

impl<'a> Lasso<'a> {
    /// No feature weighs anything; the chance is the rate of all.
    fn new(columns: &'a [Vec<f64>], labels: &'a [bool]) -> Lasso<'a> {
        let positives = labels.iter().filter(|label| **label).count();
        let rate = positives as f64 / labels.len() as f64;
        let mut lasso = Lasso {
            columns,
            labels,
            intercept: crate::score::logit(rate),
            coefficients: vec![0.0; columns.len()],
            residual: vec![0.0; labels.len()],
            variance: vec![0.0; labels.len()],
        };
        lasso.refresh();
        lasso
    }

    /// How the likelihood changes with a coefficient.
    fn slope(&self, column: &[f64]) -> f64 {
        let both = column.iter().zip(&self.residual);
        both.map(|(value, residual)| value * residual).sum()
    }

    fn refresh(&mut self) {
        let used = self.coefficients.iter().zip(self.columns);
        let used: Vec<_> = used.filter(|(at, _)| **at != 0.0).collect();
        for (row, label) in self.labels.iter().enumerate() {
            let sum: f64 = used.iter().map(|(at, column)| *at * column[row]).sum();
            let chance = sigmoid(self.intercept + sum);
            self.residual[row] = f64::from(u8::from(*label)) - chance;
            self.variance[row] = chance * (1.0 - chance);
        }
    }

    /// Finds the coefficients of a penalty.
    fn fit(&mut self, penalty: f64) {
        for _ in 0..PASSES {
            self.refresh();
            let mut largest = self.shift();
            for feature in 0..self.columns.len() {
                largest = largest.max(self.step(feature, penalty));
            }
            if largest < TOLERANCE {
                break;
            }
        }
    }

    /// One Newton step of the intercept, which costs nothing; gives its size.
    fn shift(&mut self) -> f64 {
        let curvature: f64 = self.variance.iter().sum();
        let step = self.residual.iter().sum::<f64>() / curvature.max(f64::MIN_POSITIVE);
        let step = step.clamp(-MAX_STEP, MAX_STEP);
        self.intercept += step;
        for (residual, variance) in self.residual.iter_mut().zip(&self.variance) {
            *residual -= variance * step;
        }
        step.abs()
    }

    /// One Newton step of a coefficient; gives its size.
    fn step(&mut self, feature: usize, penalty: f64) -> f64 {
        let column = &self.columns[feature];
        let both = column.iter().zip(&self.variance);
        let curvature: f64 = both.map(|(value, variance)| variance * value * value).sum();
        if curvature <= f64::MIN_POSITIVE {
            return 0.0;
        }
        let before = self.coefficients[feature];
        let pull = curvature * before + self.slope(column);
        let target = pull.signum() * (pull.abs() - penalty).max(0.0) / curvature;
        let step = (target - before).clamp(-MAX_STEP, MAX_STEP);
        if step != 0.0 {
            self.coefficients[feature] = before + step;
            for (row, value) in column.iter().enumerate() {
                self.residual[row] -= self.variance[row] * value * step;
            }
        }
        step.abs()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two columns that tell, in differing degree, and one that is noise.
    fn city() -> (Vec<Vec<f64>>, Vec<bool>) {
        let bit = |row: usize, by: usize| (row * 7_919 / by).wrapping_mul(2_654_435_761) >> 9 & 1;
        let mut columns = vec![Vec::new(); 3];
        let mut labels = Vec::new();
        for row in 0..4_000_usize {
            let [strong, weak, noise, luck] = [3, 5, 11, 17].map(|by| bit(row, by) as f64 - 0.5);
            labels.push(3.0 * strong + weak + 1.5 * luck > 0.4);
            for (column, value) in columns.iter_mut().zip([strong, weak, noise]) {
                column.push(value);
            }
        }
        (columns, labels)
    }

    #[test]
    fn a_larger_cost_leaves_fewer_and_the_strongest_last() {
        let (columns, labels) = city();
        let chosen = |share| chosen(&columns, &labels, share);
        assert_eq!(chosen(1.0), [false; 3]);
        assert_eq!(chosen(0.9), [true, false, false]);
        assert_eq!(chosen(0.05), [true, true, false]);
        assert_eq!(chosen(0.0), [true; 3]);
    }

    #[test]
    fn at_the_end_no_slope_is_above_the_cost() {
        let (columns, labels) = city();
        let mut lasso = Lasso::new(&columns, &labels);
        let cost = 30.0;
        lasso.fit(cost);
        lasso.refresh();
        for (column, at) in columns.iter().zip(&lasso.coefficients) {
            let slope = lasso.slope(column);
            match *at == 0.0 {
                true => assert!(slope.abs() <= cost + 0.5, "{slope}"),
                false => assert!((slope - cost * at.signum()).abs() < 0.5, "{slope}"),
            }
        }
    }
}
