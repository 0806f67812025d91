//! Letting each bin's weight leave its feature's weight of evidence.
//!
//! The evidence of a feature is measured alone; what a bin adds beside all other
//! features can differ. Every bin gets a correction, the penalised estimate of a
//! logistic model with one column a bin, found by Newton steps one feature at a
//! time: a sparse problem in which a matrix would be nearly all zeros.
//!
//! Contract: the same input gives the same corrections; a bin with few rows
//! keeps close to 0, and a range close to the ranges beside it.

use crate::partition::MISSING;
use crate::score::sigmoid;

/// The most passes over all features, and the largest step that ends them.
const PASSES: usize = 60;
const TOLERANCE: f64 = 1e-4;
/// The largest correction a single step makes, so that Newton stays stable.
const MAX_STEP: f64 = 1.0;

/// One feature: the bin of each row, and the correction of each bin so far.
#[derive(Debug)]
pub(crate) struct Corrected<'a> {
    pub(crate) bins: &'a [usize],
    pub(crate) corrections: &'a mut [f64],
    /// Whether the bins after *missing* are ranges, so that neighbours resemble
    /// each other.
    pub(crate) ordered: bool,
}

/// What is expected of corrections, as precisions (one over variance).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Penalty {
    /// Of a correction around 0.
    pub(crate) size: f64,
    /// Of the difference between neighbouring ranges around 0.
    pub(crate) step: f64,
}

/// How the likelihood changes with one bin's correction.
#[derive(Debug, Clone, Copy, Default)]
struct Slope {
    gradient: f64,
    curvature: f64,
}

/// Corrects the features, and with them `log_odds` (one a row), towards
/// `labels`; gives the correction of the intercept.
pub(crate) fn refine(
    features: &mut [Corrected],
    log_odds: &mut [f64],
    labels: &[bool],
    penalty: Penalty,
) -> f64 {
    let whole = vec![0; labels.len()];
    let mut intercept = [0.0];
    let mut everything = Corrected {
        bins: &whole,
        corrections: &mut intercept,
        ordered: false,
    };
    let free = Penalty {
        size: 0.0,
        step: 0.0,
    };
    for _ in 0..PASSES {
        let mut largest = everything.step(log_odds, labels, free);
        for feature in features.iter_mut() {
            largest = largest.max(feature.step(log_odds, labels, penalty));
        }
        if largest < TOLERANCE {
            break;
        }
    }
    intercept[0]
}

impl Corrected<'_> {
    /// One Newton step for all bins; gives the largest change.
    fn step(&mut self, log_odds: &mut [f64], labels: &[bool], penalty: Penalty) -> f64 {
        let mut slopes = vec![Slope::default(); self.corrections.len()];
        for ((bin, z), label) in self.bins.iter().zip(log_odds.iter()).zip(labels) {
            let chance = sigmoid(*z);
            slopes[*bin].gradient += f64::from(u8::from(*label)) - chance;
            slopes[*bin].curvature += chance * (1.0 - chance);
        }
        for (slope, at) in slopes.iter_mut().zip(self.corrections.iter()) {
            slope.gradient -= penalty.size * at;
            slope.curvature += penalty.size;
        }
        let mut steps: Vec<f64> = slopes.iter().map(|slope| slope.newton()).collect();
        if self.ordered {
            let first = MISSING + 1;
            let ranges = chain(&slopes[first..], &self.corrections[first..], penalty.step);
            steps[first..].copy_from_slice(&ranges);
        }
        for (at, step) in self.corrections.iter_mut().zip(&steps) {
            *at += step;
        }
        for (z, bin) in log_odds.iter_mut().zip(self.bins) {
            *z += steps[*bin];
        }
        steps.iter().fold(0.0, |most, step| most.max(step.abs()))
    }
}

impl Slope {
    fn newton(self) -> f64 {
        let step = self.gradient / self.curvature.max(f64::MIN_POSITIVE);
        step.clamp(-MAX_STEP, MAX_STEP)
    }
}

/// The Newton step of ranges in a row that are tied to their neighbours with
/// `precision`: a tridiagonal system, solved by elimination and substitution.
fn chain(slopes: &[Slope], at: &[f64], precision: f64) -> Vec<f64> {
    let mut rows = slopes.to_vec();
    for place in 1..rows.len() {
        let pull = precision * (at[place] - at[place - 1]);
        rows[place - 1].gradient += pull;
        rows[place].gradient -= pull;
        rows[place - 1].curvature += precision;
        rows[place].curvature += precision;
    }
    for place in 1..rows.len() {
        let share = precision / rows[place - 1].curvature;
        rows[place].curvature -= share * precision;
        rows[place].gradient += share * rows[place - 1].gradient;
    }
    let mut steps = vec![0.0; rows.len()];
    let mut next = 0.0;
    for (step, row) in steps.iter_mut().zip(&rows).rev() {
        let solved = Slope {
            gradient: row.gradient + precision * next,
            ..*row
        };
        *step = solved.newton();
        next = *step;
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Corrections of one feature, and of the intercept, for 100 rows a bin.
    fn corrected(positives: &[usize], ordered: bool, penalty: Penalty) -> (Vec<f64>, f64) {
        let rows = 100 * positives.len();
        let bins: Vec<usize> = (0..rows).map(|row| row / 100).collect();
        let labels: Vec<bool> = (0..rows)
            .map(|row| row % 100 < positives[row / 100])
            .collect();
        let mut corrections = vec![0.0; positives.len()];
        let feature = Corrected {
            bins: &bins,
            corrections: &mut corrections,
            ordered,
        };
        let intercept = refine(&mut [feature], &mut vec![0.0; rows], &labels, penalty);
        (corrections, intercept)
    }

    fn penalty(size: f64, step: f64) -> Penalty {
        Penalty { size, step }
    }

    #[test]
    fn free_corrections_reach_the_observed_rates() {
        for ordered in [false, true] {
            let (bins, intercept) = corrected(&[20, 60, 5], ordered, penalty(1e-4, 1e-4));
            for (bin, rate) in bins.iter().zip([0.2, 0.6, 0.05]) {
                assert!((sigmoid(intercept + bin) - rate).abs() < 1e-3, "{bins:?}");
            }
        }
    }

    #[test]
    fn a_larger_penalty_stays_closer_to_nothing() {
        let spread = |size| {
            let (bins, _) = corrected(&[20, 60], false, penalty(size, 0.0));
            bins[1] - bins[0]
        };
        assert!(0.0 < spread(100.0) && spread(100.0) < spread(10.0) && spread(10.0) < spread(0.1));
    }

    #[test]
    fn neighbouring_ranges_are_drawn_together() {
        let jump = |step| {
            let (bins, _) = corrected(&[30, 30, 50, 30], true, penalty(0.1, step));
            bins[2] - bins[1]
        };
        assert!(0.0 < jump(100.0) && jump(100.0) < jump(10.0) && jump(10.0) < jump(0.0));
    }

    #[test]
    fn an_empty_bin_is_left_alone() {
        let mut corrections = [0.0, 0.0];
        let feature = Corrected {
            bins: &[0, 0, 0],
            corrections: &mut corrections,
            ordered: false,
        };
        let labels = [true, false, false];
        refine(&mut [feature], &mut [0.0; 3], &labels, penalty(1.0, 0.0));
        assert_eq!(corrections[1], 0.0);
    }
}
