//! The score of one enterprise at one instant.

use serde::{Deserialize, Serialize};

use crate::CATEGORIES;

/// One unit of log-odds is this many micro-log-odds.
pub const MICRO: f64 = 1_000_000.0;

/// A score. Scores are ordered by their log-odds: the index keeps that order
/// but is coarser.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Score {
    /// Log-odds in millionths: intercept plus all contributions, before the
    /// calibration behind which index and probability are read.
    pub log_odds: i64,
    /// 0 to 10,000 hundredths of an index point; higher is worse.
    pub index: u16,
    /// What each category contributes to `log_odds`, in [`Category::ALL`] order.
    ///
    /// [`Category::ALL`]: crate::Category::ALL
    pub subtotals: [i64; CATEGORIES],
}

/// What a model says of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Said {
    /// Micro-log-odds, by which rows are ranked.
    pub log_odds: i64,
    /// What they come to behind the calibration, by which a probability is read.
    pub calibrated: i64,
}

impl From<i64> for Said {
    /// Log-odds that no calibration stands behind.
    fn from(log_odds: i64) -> Said {
        Said {
            log_odds,
            calibrated: log_odds,
        }
    }
}

/// The probability that calibrated micro-log-odds stand for.
pub fn probability(log_odds: i64) -> f64 {
    sigmoid(log_odds as f64 / MICRO)
}

/// The probability that log-odds stand for.
pub(crate) fn sigmoid(log_odds: f64) -> f64 {
    1.0 / (1.0 + (-log_odds).exp())
}

/// The log-odds of a probability strictly between 0 and 1.
pub(crate) fn logit(probability: f64) -> f64 {
    (probability / (1.0 - probability)).ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probability_is_the_sigmoid_and_stays_finite() {
        assert_eq!(probability(0), 0.5);
        assert!((probability((logit(0.2) * MICRO) as i64) - 0.2).abs() < 1e-6);
        assert_eq!(probability(i64::MAX), 1.0);
        assert_eq!(probability(i64::MIN), 0.0);
    }
}
