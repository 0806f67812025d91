//! Rows and positives of a bin, and what they say.

use crate::score::logit;

/// How many rows fall into a bin and how many of them are positive.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) rows: u64,
    pub(crate) positives: u64,
}

impl Tally {
    pub(crate) fn of(labels: impl IntoIterator<Item = bool>) -> Self {
        let mut tally = Tally::default();
        labels.into_iter().for_each(|label| tally.add(label));
        tally
    }

    pub(crate) fn add(&mut self, label: bool) {
        self.rows += 1;
        self.positives += u64::from(label);
    }

    pub(crate) fn plus(self, other: Tally) -> Tally {
        Tally {
            rows: self.rows + other.rows,
            positives: self.positives + other.positives,
        }
    }

    /// What is left without a part of it.
    pub(crate) fn less(self, part: Tally) -> Tally {
        Tally {
            rows: self.rows - part.rows,
            positives: self.positives - part.positives,
        }
    }

    /// The share of positives; 0 of nothing.
    pub(crate) fn rate(self) -> f64 {
        self.positives as f64 / (self.rows.max(1)) as f64
    }

    /// Log-odds against those of `base`, after mixing in `shrinkage` rows that
    /// look like `base`: a small bin says little, an empty one nothing.
    pub(crate) fn weight_of_evidence(self, base: f64, shrinkage: f64) -> f64 {
        let rate = (self.positives as f64 + shrinkage * base) / (self.rows as f64 + shrinkage);
        logit(rate) - logit(base)
    }
}

/// The G² statistic: how far the tallies are from having one rate in common.
/// Under no difference it is chi-squared with one less than their number degrees.
pub(crate) fn g_squared(tallies: &[Tally]) -> f64 {
    let whole = tallies
        .iter()
        .copied()
        .fold(Tally::default(), Tally::plus)
        .rate();
    let deviance = tallies
        .iter()
        .map(|tally| log_likelihood(*tally, tally.rate()) - log_likelihood(*tally, whole));
    2.0 * deviance.sum::<f64>()
}

fn log_likelihood(tally: Tally, rate: f64) -> f64 {
    let term = |count: u64, share: f64| {
        if count == 0 {
            0.0
        } else {
            count as f64 * share.ln()
        }
    };
    term(tally.positives, rate) + term(tally.rows - tally.positives, 1.0 - rate)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(rows: u64, positives: u64) -> Tally {
        Tally { rows, positives }
    }

    #[test]
    fn equal_rates_do_not_differ_and_unequal_ones_do() {
        assert!(g_squared(&[tally(10, 2), tally(50, 10)]).abs() < 1e-9);
        // Two rows, one of each label, told apart: 2·2·ln 2.
        let parted = g_squared(&[tally(1, 1), tally(1, 0)]);
        assert!((parted - 4.0 * 2f64.ln()).abs() < 1e-9);
    }

    #[test]
    fn evidence_shrinks_with_the_bin() {
        let base = 0.1;
        assert_eq!(tally(0, 0).weight_of_evidence(base, 10.0), 0.0);
        let few = tally(4, 4).weight_of_evidence(base, 10.0);
        let many = tally(400, 400).weight_of_evidence(base, 10.0);
        assert!(0.0 < few && few < many);
        assert!(tally(400, 0).weight_of_evidence(base, 10.0) < 0.0);
    }
}
