//! Letting each bin's weight leave its feature's weight of evidence.
//!
//! The evidence of a feature is measured alone; what a bin adds beside all other
//! features can differ. Every bin gets a correction, the penalised estimate of a
//! logistic model with one column a bin, found by Newton steps one feature at a
//! time: a sparse problem in which a matrix would be nearly all zeros. Chances are
//! computed once a pass; within it residuals follow the quadratic that Newton's
//! method solves, so a pass costs two additions a value.
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

/// One feature, or two together: the bin of each row, and the correction of each
/// bin so far.
#[derive(Debug)]
pub(crate) struct Corrected<'a> {
    /// Fine bins by row, and the bin of each of them.
    pub(crate) codes: &'a [u16],
    pub(crate) to: &'a [u16],
    pub(crate) corrections: &'a mut [f64],
    /// Whether the bins after *missing* are ranges, so that neighbours resemble
    /// each other.
    pub(crate) ordered: bool,
    pub(crate) penalty: Penalty,
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

/// Where a fit stands, by place among the rows that are learned from.
#[derive(Debug)]
struct State<'a> {
    rows: &'a [u32],
    log_odds: &'a mut [f64],
    /// Label less chance, as the quadratic has it, and the chance's variance.
    residual: Vec<f64>,
    variance: Vec<f64>,
}

/// Corrects the features, and with them `log_odds` (one a place of `rows`),
/// towards `labels` (by row); gives the correction of the intercept.
pub(crate) fn refine(
    features: &mut [Corrected],
    rows: &[u32],
    log_odds: &mut [f64],
    labels: &[bool],
) -> f64 {
    let mut state = State {
        rows,
        residual: vec![0.0; rows.len()],
        variance: vec![0.0; rows.len()],
        log_odds,
    };
    let mut intercept = 0.0;
    for _ in 0..PASSES {
        state.refresh(labels);
        let shift = state.shift();
        intercept += shift;
        let mut largest = shift.abs();
        for feature in features.iter_mut() {
            largest = largest.max(feature.step(&mut state));
        }
        if largest < TOLERANCE {
            break;
        }
    }
    intercept
}

impl State<'_> {
    fn refresh(&mut self, labels: &[bool]) {
        for (place, row) in self.rows.iter().enumerate() {
            let chance = sigmoid(self.log_odds[place]);
            self.residual[place] = f64::from(u8::from(labels[*row as usize])) - chance;
            self.variance[place] = chance * (1.0 - chance);
        }
    }

    /// One Newton step of the intercept.
    fn shift(&mut self) -> f64 {
        let slope = Slope {
            gradient: self.residual.iter().sum(),
            curvature: self.variance.iter().sum(),
        };
        let step = slope.newton();
        self.take(|_| step);
        step
    }

    /// Moves every place by a step.
    fn take(&mut self, step: impl Fn(usize) -> f64) {
        let state = self.residual.iter_mut().zip(&self.variance);
        for (place, (residual, variance)) in state.enumerate() {
            let step = step(place);
            self.log_odds[place] += step;
            *residual -= variance * step;
        }
    }
}

impl Corrected<'_> {
    /// One Newton step for all bins; gives the largest change.
    fn step(&mut self, state: &mut State) -> f64 {
        let mut slopes = vec![Slope::default(); self.corrections.len()];
        let rows = state.rows;
        let bin =
            |place: usize| usize::from(self.to[usize::from(self.codes[rows[place] as usize])]);
        for place in 0..rows.len() {
            let slope = &mut slopes[bin(place)];
            slope.gradient += state.residual[place];
            slope.curvature += state.variance[place];
        }
        let penalty = self.penalty;
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
        state.take(|place| steps[bin(place)]);
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
        let count = 100 * positives.len();
        let codes: Vec<u16> = (0..count).map(|row| (row / 100) as u16).collect();
        let labels: Vec<bool> = (0..count)
            .map(|row| row % 100 < positives[row / 100])
            .collect();
        let to: Vec<u16> = (0..positives.len() as u16).collect();
        let rows: Vec<u32> = (0..count as u32).collect();
        let mut corrections = vec![0.0; positives.len()];
        let feature = Corrected {
            codes: &codes,
            to: &to,
            corrections: &mut corrections,
            ordered,
            penalty,
        };
        let intercept = refine(&mut [feature], &rows, &mut vec![0.0; count], &labels);
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
            codes: &[0, 0, 0],
            to: &[0, 1],
            corrections: &mut corrections,
            ordered: false,
            penalty: penalty(1.0, 0.0),
        };
        let labels = [true, false, false];
        refine(&mut [feature], &[0, 1, 2], &mut [0.0; 3], &labels);
        assert_eq!(corrections[1], 0.0);
    }
}
