//! Bootstrap intervals: how far a figure would move with other enterprises.
//!
//! Contract: whole enterprises are drawn with replacement, as many as there are;
//! the interval is that of the 2.5th and 97.5th percentile; the same seed gives
//! the same draws.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// How many times the enterprises are drawn.
const DRAWS: usize = 400;

/// For each figure that `measure` gives, the 95 % interval over draws. `measure`
/// gets how often each of `units` was drawn.
pub(crate) fn intervals(
    units: usize,
    seed: u64,
    measure: impl Fn(&[u32]) -> Vec<f64>,
) -> Vec<(f64, f64)> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut drawn: Vec<Vec<f64>> = Vec::new();
    for _ in 0..DRAWS {
        let mut times = vec![0; units];
        for _ in 0..units {
            times[rng.gen_range(0..units)] += 1;
        }
        drawn.push(measure(&times));
    }
    let figures = drawn.first().map_or(0, Vec::len);
    let interval = |figure: usize| percentiles(drawn.iter().map(|draw| draw[figure]).collect());
    (0..figures).map(interval).collect()
}

/// The 2.5th and the 97.5th percentile.
pub(crate) fn percentiles(mut values: Vec<f64>) -> (f64, f64) {
    values.sort_unstable_by(f64::total_cmp);
    let tail = values.len() / 40;
    (values[tail], values[values.len() - 1 - tail])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_of_a_mean_is_about_two_standard_errors() {
        // Half of 400 units are 1: the mean is 0.5, its standard error 0.025.
        let share = |times: &[u32]| {
            let ones: u32 = times.iter().step_by(2).sum();
            vec![f64::from(ones) / 400.0]
        };
        let (low, high) = intervals(400, 3, share)[0];
        assert!((0.43..0.47).contains(&low), "{low}");
        assert!((0.53..0.57).contains(&high), "{high}");
        assert_eq!(intervals(400, 3, share), intervals(400, 3, share));
        assert_ne!(intervals(400, 3, share), intervals(400, 4, share));
    }
}
