//! What chance alone would show: the calibration error of a model that is right.
//!
//! Contract: outcomes are drawn from the predictions, each row by itself; the same
//! ranking and seed give the same draws.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::bootstrap::percentiles;
use crate::evaluation::Figure;
use crate::metrics::{Item, Ranking};

/// How many times outcomes are drawn.
const DRAWS: usize = 400;

/// The expected calibration error where every prediction is the true chance: the
/// mean over draws, and from the 2.5th to the 97.5th percentile of them.
pub(crate) fn calibration_error(ranking: &Ranking, units: usize, seed: u64) -> Figure {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let items = ranking.items();
    let once = vec![1; units];
    let draws = (0..DRAWS).map(|_| {
        let came = items.iter().map(|item| Item {
            label: rng.gen_range(0.0..1.0) < item.chance,
            ..*item
        });
        Ranking::new(came.collect())
            .curve(&once)
            .calibration_error()
    });
    let errors: Vec<f64> = draws.collect();
    let value = errors.iter().sum::<f64>() / DRAWS as f64;
    let (low, high) = percentiles(errors);
    Figure { value, low, high }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::probability;

    fn ranking(rows: usize) -> Ranking {
        let item = |unit: usize| Item {
            log_odds: (unit % 40) as i64 * 100_000 - 4_000_000,
            chance: probability((unit % 40) as i64 * 100_000 - 4_000_000),
            label: false,
            flagged: false,
            unit,
        };
        Ranking::new((0..rows).map(item).collect())
    }

    #[test]
    fn more_rows_leave_less_to_chance() {
        let [few, many] = [400, 40_000].map(|rows| calibration_error(&ranking(rows), rows, 1));
        // A hundred times the rows, a tenth of the error.
        let ratio = few.value / many.value;
        assert!((7.0..13.0).contains(&ratio), "{few:?} {many:?}");
        for Figure { value, low, high } in [few, many] {
            assert!(
                0.0 < low && low < value && value < high,
                "{low} {value} {high}"
            );
        }
        assert_eq!(few, calibration_error(&ranking(400), 400, 1));
    }

    #[test]
    fn what_is_certain_leaves_nothing_to_chance() {
        let sure = |unit: usize| match unit.is_multiple_of(2) {
            true => 40_000_000,
            false => -40_000_000,
        };
        let item = |unit: usize| Item {
            log_odds: sure(unit),
            chance: probability(sure(unit)),
            label: unit.is_multiple_of(2),
            flagged: false,
            unit,
        };
        let ranking = Ranking::new((0..100).map(item).collect());
        assert!(calibration_error(&ranking, 100, 1).high < 1e-9);
    }
}
