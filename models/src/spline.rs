//! A monotone line of a few straight parts, fitted to labels by logistic regression.
//!
//! Contract: deterministic; every slope is at least [`LEAST_SLOPE`], so that the
//! order of what it maps stays; beyond the knots the outer slopes go on.

use crate::score::sigmoid;

/// The least slope: a map that is flat would no longer tell scores apart.
pub(crate) const LEAST_SLOPE: f64 = 0.02;
/// How far a slope is expected to be from 1 and the height from 0, beside what
/// neighbours say: it matters only for a handful of rows.
const LOOSE: f64 = 3.0;
/// Newton's steps, and how often one is halved, at most.
const STEPS: usize = 100;
const HALVINGS: usize = 30;
/// A step that lowers the loss by less than this ends the search.
const TOLERANCE: f64 = 1e-9;

/// Rows of about the same log-odds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Weighed {
    pub(crate) at: f64,
    pub(crate) positives: f64,
    pub(crate) rows: f64,
}

/// A height and a slope between every two knots.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Spline {
    knots: Vec<f64>,
    /// By how much the middle of the knots is raised, then the slopes.
    terms: Vec<f64>,
}

impl Spline {
    /// Fits `lots`; neighbouring slopes are expected to differ by `freedom`.
    /// `knots` rise and are at least two.
    pub(crate) fn fit(knots: Vec<f64>, lots: &[Weighed], freedom: f64) -> Spline {
        let mut terms = vec![1.0; knots.len()];
        terms[0] = 0.0;
        let mut spline = Spline { knots, terms };
        let rows: Vec<(Vec<f64>, Weighed)> = lots
            .iter()
            .map(|lot| (spline.basis(lot.at), *lot))
            .collect();
        let mut least = spline.loss(&rows, freedom);
        for _ in 0..STEPS {
            let step = spline.newton(&rows, freedom);
            let Some(next) = spline.better(&step, &rows, freedom, least) else {
                break;
            };
            let loss = next.loss(&rows, freedom);
            let gained = least - loss;
            (spline, least) = (next, loss);
            if gained < TOLERANCE {
                break;
            }
        }
        spline
    }

    /// What log-odds come to.
    pub(crate) fn at(&self, log_odds: f64) -> f64 {
        let basis = self.basis(log_odds);
        self.middle() + dot(&basis, &self.terms)
    }

    /// The knots and what they come to.
    pub(crate) fn points(&self) -> impl Iterator<Item = (f64, f64)> {
        self.knots.iter().map(|knot| (*knot, self.at(*knot)))
    }

    /// The knot from which heights are counted, so that slopes on either side hang
    /// on each other as little as possible.
    fn middle(&self) -> f64 {
        self.knots[self.knots.len() / 2]
    }

    /// 1, then how far `log_odds` lie within each part, counted from the middle.
    fn basis(&self, log_odds: f64) -> Vec<f64> {
        let last = self.knots.len() - 2;
        let middle = self.middle();
        let parts = self.knots.windows(2).enumerate().map(|(part, ends)| {
            let low = if part == 0 {
                f64::NEG_INFINITY
            } else {
                ends[0]
            };
            let high = if part == last { f64::INFINITY } else { ends[1] };
            log_odds.clamp(low, high) - middle.clamp(low, high)
        });
        std::iter::once(1.0).chain(parts).collect()
    }

    fn loss(&self, rows: &[(Vec<f64>, Weighed)], freedom: f64) -> f64 {
        let middle = self.middle();
        let fit = rows.iter().map(|(basis, lot)| {
            let z = middle + dot(basis, &self.terms);
            // ln(1 + e^z), without overflow.
            lot.rows * ((-z.abs()).exp().ln_1p() + z.max(0.0)) - lot.positives * z
        });
        let slopes = &self.terms[1..];
        let loose = slopes.iter().map(|slope| (slope - 1.0).powi(2));
        let loose = self.terms[0].powi(2) + loose.sum::<f64>();
        let bends = slopes.windows(2).map(|two| (two[1] - two[0]).powi(2));
        let held = loose / LOOSE.powi(2) + bends.sum::<f64>() / freedom.powi(2);
        fit.sum::<f64>() + held / 2.0
    }

    /// Newton's step, of slopes that are as low as may be only where they would rise.
    fn newton(&self, rows: &[(Vec<f64>, Weighed)], freedom: f64) -> Vec<f64> {
        let mut slope = Slope::new(self.terms.len());
        let middle = self.middle();
        for (basis, lot) in rows {
            let chance = sigmoid(middle + dot(basis, &self.terms));
            let weight = lot.rows * chance * (1.0 - chance);
            slope.add(basis, lot.rows * chance - lot.positives, weight);
        }
        slope.expect(&self.terms, freedom);
        for at in 1..self.terms.len() {
            if self.terms[at] <= LEAST_SLOPE && slope.gradient[at] > 0.0 {
                slope.hold(at);
            }
        }
        solve(slope.curvature, slope.gradient)
    }

    /// The first of the step, half of it, … that lowers the loss.
    fn better(
        &self,
        step: &[f64],
        rows: &[(Vec<f64>, Weighed)],
        freedom: f64,
        least: f64,
    ) -> Option<Spline> {
        let halved = std::iter::successors(Some(1.0), |part: &f64| Some(part / 2.0));
        let mut tried = halved.take(HALVINGS).map(|part| {
            let mut next = self.clone();
            for (term, step) in next.terms.iter_mut().zip(step) {
                *term -= part * step;
            }
            let slopes = next.terms.iter_mut().skip(1);
            slopes.for_each(|slope| *slope = slope.max(LEAST_SLOPE));
            next
        });
        tried.find(|next| next.loss(rows, freedom) < least)
    }
}

/// How the loss changes with the terms.
struct Slope {
    gradient: Vec<f64>,
    curvature: Vec<Vec<f64>>,
}

impl Slope {
    fn new(count: usize) -> Slope {
        Slope {
            gradient: vec![0.0; count],
            curvature: vec![vec![0.0; count]; count],
        }
    }

    /// Adds rows of one basis.
    fn add(&mut self, basis: &[f64], off: f64, weight: f64) {
        for (at, one) in basis.iter().enumerate() {
            self.gradient[at] += off * one;
            for (sum, other) in self.curvature[at].iter_mut().zip(basis) {
                *sum += weight * one * other;
            }
        }
    }

    /// Adds what is expected of the terms before any row is seen.
    fn expect(&mut self, terms: &[f64], freedom: f64) {
        for (at, term) in terms.iter().enumerate() {
            let rest = if at == 0 { 0.0 } else { 1.0 };
            self.gradient[at] += (term - rest) / LOOSE.powi(2);
            self.curvature[at][at] += 1.0 / LOOSE.powi(2);
        }
        let precision = freedom.powi(-2);
        for at in 2..terms.len() {
            let bend = (terms[at] - terms[at - 1]) * precision;
            self.gradient[at] += bend;
            self.gradient[at - 1] -= bend;
            self.curvature[at][at] += precision;
            self.curvature[at - 1][at - 1] += precision;
            self.curvature[at][at - 1] -= precision;
            self.curvature[at - 1][at] -= precision;
        }
    }

    /// Lets a term be.
    fn hold(&mut self, at: usize) {
        for other in 0..self.gradient.len() {
            self.curvature[at][other] = 0.0;
            self.curvature[other][at] = 0.0;
        }
        self.curvature[at][at] = 1.0;
        self.gradient[at] = 0.0;
    }
}

fn dot(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).map(|(a, b)| a * b).sum()
}

/// Solves a positive definite system.
fn solve(mut matrix: Vec<Vec<f64>>, mut right: Vec<f64>) -> Vec<f64> {
    let count = right.len();
    for at in 0..count {
        let (above, below) = matrix.split_at_mut(at + 1);
        let pivot = &above[at];
        for (row, next) in below.iter_mut().enumerate() {
            let factor = next[at] / pivot[at];
            for (value, other) in next[at..].iter_mut().zip(&pivot[at..]) {
                *value -= factor * other;
            }
            right[at + 1 + row] -= factor * right[at];
        }
    }
    for at in (0..count).rev() {
        let known: f64 = (at + 1..count)
            .map(|column| matrix[at][column] * right[column])
            .sum();
        right[at] = (right[at] - known) / matrix[at][at];
    }
    right
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lots whose shares of positives are just those of `truth`.
    fn lots(truth: impl Fn(f64) -> f64) -> Vec<Weighed> {
        let lot = |place: i32| {
            let at = f64::from(place) / 20.0;
            Weighed {
                at,
                positives: 1e6 * sigmoid(truth(at)),
                rows: 1e6,
            }
        };
        (-80..=80).map(lot).collect()
    }

    #[test]
    fn a_bend_is_found_where_it_is() {
        let bent = |z: f64| {
            0.3 + if z < 1.0 {
                1.5 * z
            } else {
                1.5 + 0.2 * (z - 1.0)
            }
        };
        let spline = Spline::fit(vec![-4.0, -1.0, 1.0, 2.0, 4.0], &lots(bent), 1.0);
        for at in [-6.0, -4.0, -0.3, 1.0, 1.7, 4.0, 7.0] {
            let off = (spline.at(at) - bent(at)).abs();
            assert!(off < 1e-3, "{off} at {at}");
        }
        assert_eq!(spline.points().count(), 5);
    }

    #[test]
    fn what_falls_is_held_to_the_least_slope() {
        let falls = |z: f64| if z < 0.0 { z } else { -z };
        let spline = Spline::fit(vec![-4.0, 0.0, 4.0], &lots(falls), 1.0);
        assert_eq!(spline.terms[2], LEAST_SLOPE);
        // The others are the best beside it.
        let rows: Vec<(Vec<f64>, Weighed)> = lots(falls)
            .into_iter()
            .map(|lot| (spline.basis(lot.at), lot))
            .collect();
        for (at, by) in [(0, 1e-3), (0, -1e-3), (1, 1e-3), (1, -1e-3), (2, 1e-3)] {
            let mut other = spline.clone();
            other.terms[at] += by;
            assert!(
                other.loss(&rows, 1.0) > spline.loss(&rows, 1.0),
                "{at} {by}"
            );
        }
    }

    #[test]
    fn without_freedom_it_is_a_line() {
        let bent = |z: f64| if z < 0.0 { 2.0 * z } else { 0.5 * z };
        let spline = Spline::fit(vec![-4.0, 0.0, 4.0], &lots(bent), 1e-6);
        assert!(
            (spline.terms[2] - spline.terms[1]).abs() < 1e-3,
            "{spline:?}"
        );
    }
}
