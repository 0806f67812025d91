//! Figures of merit of a ranking.
//!
//! Contract: rows with equal scores are one step of the curve, so no figure
//! depends on how ties happen to be ordered. Each row counts as often as its
//! unit (enterprise) was drawn; that is how the bootstrap reuses one sorting.

/// Parts of a ranking in which calibration is judged.
const PARTS: f64 = 10.0;

/// A row to be ranked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Item {
    pub(crate) log_odds: i64,
    /// The probability, which need not rise with the log-odds where models differ.
    pub(crate) chance: f64,
    pub(crate) label: bool,
    /// Whether it is said to be positive.
    pub(crate) flagged: bool,
    /// Which enterprise it belongs to, counted from 0.
    pub(crate) unit: usize,
}

/// Rows from the highest score to the lowest.
#[derive(Debug, Clone)]
pub(crate) struct Ranking(Vec<Item>);

/// The state of a curve after all rows that score at least `log_odds`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Step {
    pub(crate) log_odds: i64,
    pub(crate) positives: f64,
    pub(crate) negatives: f64,
    /// The sum of probabilities, and of their squared errors.
    expected: f64,
    squared: f64,
}

/// The steps of a ranking, from the highest score down.
#[derive(Debug, Clone)]
pub(crate) struct Curve {
    steps: Vec<Step>,
    /// Of the rows that are said to be positive: how many are, and are not.
    flagged: (f64, f64),
}

impl Ranking {
    pub(crate) fn new(mut items: Vec<Item>) -> Self {
        items.sort_by_key(|item| (std::cmp::Reverse(item.log_odds), item.unit, item.label));
        Ranking(items)
    }

    pub(crate) fn items(&self) -> &[Item] {
        &self.0
    }

    /// The curve when unit `u` counts `draws[u]` times.
    pub(crate) fn curve(&self, draws: &[u32]) -> Curve {
        let mut steps: Vec<Step> = Vec::with_capacity(self.0.len());
        let (mut positives, mut negatives) = (0.0, 0.0);
        let (mut expected, mut squared) = (0.0, 0.0);
        let mut flagged = (0.0, 0.0);
        for item in &self.0 {
            let times = f64::from(draws[item.unit]);
            if times == 0.0 {
                continue;
            }
            match item.label {
                true => positives += times,
                false => negatives += times,
            }
            match (item.flagged, item.label) {
                (true, true) => flagged.0 += times,
                (true, false) => flagged.1 += times,
                _ => {}
            }
            let came = f64::from(u8::from(item.label));
            expected += times * item.chance;
            squared += times * (came - item.chance).powi(2);
            let step = Step {
                log_odds: item.log_odds,
                positives,
                negatives,
                expected,
                squared,
            };
            match steps.last_mut() {
                Some(last) if last.log_odds == item.log_odds => *last = step,
                _ => steps.push(step),
            }
        }
        Curve { steps, flagged }
    }
}

impl Curve {
    /// All positives and negatives.
    fn totals(&self) -> (f64, f64) {
        self.steps
            .last()
            .map_or((0.0, 0.0), |step| (step.positives, step.negatives))
    }

    /// Each step with the one before it.
    fn pairs(&self) -> impl Iterator<Item = (Step, Step)> + '_ {
        let origin = Step {
            log_odds: i64::MAX,
            positives: 0.0,
            negatives: 0.0,
            expected: 0.0,
            squared: 0.0,
        };
        let before = std::iter::once(origin).chain(self.steps.iter().copied());
        before.zip(self.steps.iter().copied())
    }

    /// Precision at each step, weighed by the recall it adds.
    pub(crate) fn average_precision(&self) -> f64 {
        let (all, _) = self.totals();
        let gain = |(before, step): (Step, Step)| {
            let precision = step.positives / (step.positives + step.negatives);
            precision * (step.positives - before.positives)
        };
        ratio(self.pairs().map(gain).sum(), all)
    }

    /// The chance that a positive scores above a negative, ties counted half.
    pub(crate) fn auc(&self) -> f64 {
        let (positives, negatives) = self.totals();
        let area = |(before, step): (Step, Step)| {
            let height = (step.positives + before.positives) / 2.0;
            height * (step.negatives - before.negatives)
        };
        ratio(self.pairs().map(area).sum(), positives * negatives)
    }

    /// The best F1 that any threshold reaches.
    pub(crate) fn f1_best(&self) -> f64 {
        let (all, _) = self.totals();
        let f1 = |step: &Step| ratio(2.0 * step.positives, step.positives + step.negatives + all);
        self.steps.iter().map(f1).fold(0.0, f64::max)
    }

    /// 0.5·precision + 0.3·recall + 0.2·F1 of what is said to be positive.
    pub(crate) fn f_weighted(&self) -> f64 {
        let (all, _) = self.totals();
        weighted(self.flagged.0, self.flagged.1, all)
    }

    /// The log-odds from which to say *positive* for the best such figure.
    pub(crate) fn best_threshold(&self) -> Option<i64> {
        let (all, _) = self.totals();
        let figure = |step: &Step| weighted(step.positives, step.negatives, all);
        let better = |a: &&Step, b: &&Step| figure(a).total_cmp(&figure(b));
        self.steps.iter().max_by(better).map(|step| step.log_odds)
    }

    /// The mean distance between the probability and the share of positives, in
    /// ten parts of the ranking of about equal size.
    pub(crate) fn calibration_error(&self) -> f64 {
        let (positives, negatives) = self.totals();
        let all = positives + negatives;
        let (mut error, mut part, mut rows) = (0.0, 1.0, 0.0);
        let (mut expected, mut found) = (0.0, 0.0);
        for (before, step) in self.pairs() {
            let came = step.positives - before.positives;
            let here = came + step.negatives - before.negatives;
            expected += step.expected - before.expected;
            found += came;
            rows += here;
            if rows >= all * part / PARTS {
                error += (expected - found).abs();
                (expected, found) = (0.0, 0.0);
                part = (rows * PARTS / all).floor() + 1.0;
            }
        }
        ratio(error + (expected - found).abs(), all)
    }

    /// The share of positives among the first `count` rows; of a tie at the end
    /// the average share is taken.
    pub(crate) fn precision_at(&self, count: usize) -> f64 {
        let wanted = count as f64;
        let within = self
            .pairs()
            .find(|(_, step)| step.positives + step.negatives >= wanted);
        let Some((before, step)) = within else {
            let (positives, negatives) = self.totals();
            return ratio(positives, positives + negatives);
        };
        let rows = step.positives + step.negatives - before.positives - before.negatives;
        let share = (wanted - before.positives - before.negatives) / rows;
        let found = before.positives + share * (step.positives - before.positives);
        ratio(found, wanted)
    }

    /// The mean squared error of the probability.
    pub(crate) fn brier(&self) -> f64 {
        let (positives, negatives) = self.totals();
        let squared = self.steps.last().map_or(0.0, |step| step.squared);
        ratio(squared, positives + negatives)
    }
}

/// 0.5·precision + 0.3·recall + 0.2·F1 of flagging so many of `all` positives and
/// so many negatives.
fn weighted(positives: f64, negatives: f64, all: f64) -> f64 {
    let flagged = positives + negatives;
    let (precision, recall) = (ratio(positives, flagged), ratio(positives, all));
    0.5 * precision + 0.3 * recall + 0.2 * ratio(2.0 * positives, flagged + all)
}

fn ratio(part: f64, whole: f64) -> f64 {
    if whole == 0.0 { 0.0 } else { part / whole }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::probability;

    /// Rows as (log-odds, label), each an enterprise of its own.
    fn curve(rows: &[(i64, bool)]) -> Curve {
        let item = |(unit, &(log_odds, label)): (usize, &(i64, bool))| Item {
            log_odds,
            chance: probability(log_odds),
            label,
            flagged: log_odds >= 0,
            unit,
        };
        let ranking = Ranking::new(rows.iter().enumerate().map(item).collect());
        ranking.curve(&vec![1; rows.len()])
    }

    fn near(a: f64, b: f64) {
        assert!((a - b).abs() < 1e-12, "{a} is not {b}");
    }

    const RANKED: [(i64, bool); 5] = [
        (2_000_000, true),
        (1_000_000, false),
        (500_000, true),
        (-500_000, false),
        (-1_000_000, false),
    ];

    #[test]
    fn figures_of_five_rows_by_hand() {
        let curve = curve(&RANKED);
        near(curve.average_precision(), (1.0 + 2.0 / 3.0) / 2.0);
        near(curve.auc(), 5.0 / 6.0);
        near(curve.f1_best(), 0.8);
        // Three are flagged, two rightly: P 2/3, R 1, F1 0.8.
        near(curve.f_weighted(), 0.5 * 2.0 / 3.0 + 0.3 + 0.2 * 0.8);
        near(curve.precision_at(1), 1.0);
        near(curve.precision_at(2), 0.5);
        near(curve.precision_at(9), 0.4);
    }

    #[test]
    fn ties_count_half_and_do_not_depend_on_order() {
        let mut rows = vec![(5, true), (5, false), (5, false), (1, false), (1, true)];
        let first = curve(&rows);
        rows.reverse();
        let second = curve(&rows);
        for curve in [first, second] {
            // Of 6 pairs 1 is won, 3 are tied and 2 lost.
            near(curve.auc(), (1.0 + 3.0 * 0.5) / 6.0);
            near(curve.average_precision(), 0.5 / 3.0 + 0.5 * 2.0 / 5.0);
            near(curve.precision_at(1), 1.0 / 3.0);
        }
    }

    #[test]
    fn brier_is_the_squared_error() {
        near(curve(&[(0, true), (0, false)]).brier(), 0.25);
        assert!(curve(&[(9_000_000, true), (-9_000_000, false)]).brier() < 1e-7);
    }

    #[test]
    fn a_unit_drawn_twice_counts_as_two_rows() {
        let item = |log_odds, label, unit| Item {
            log_odds,
            chance: probability(log_odds),
            label,
            flagged: log_odds >= 0,
            unit,
        };
        let ranking = Ranking::new(vec![item(3, true, 0), item(2, false, 1), item(1, true, 2)]);
        let drawn = ranking.curve(&[0, 1, 2]);
        let written = curve(&[(2, false), (1, true), (1, true)]);
        assert_eq!(drawn.steps, written.steps);
    }
}
