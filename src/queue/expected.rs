//! What a queue is expected to find: the sum of its places' probabilities, and
//! between what bounds the number of positives lies with 95 % if each is positive
//! by itself with its probability (Poisson's binomial distribution, computed place
//! by place). It is worth what the calibration of the model is worth.

use super::{Place, Queue, Why};
use serde::Serialize;

/// The share of the distribution that is left out at either end.
const TAIL: f64 = 0.025;

/// What is expected of a queue.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Expected {
    /// The mean number of positives among all places.
    pub positives: f64,
    /// At least so many, in 97.5 of 100 cases.
    pub low: u32,
    /// At most so many, in 97.5 of 100 cases.
    pub high: u32,
    /// The mean among the places by score.
    pub by_score: f64,
    /// The mean among the places drawn at random.
    pub by_chance: f64,
}

impl Queue {
    /// What its places are expected to find.
    pub fn expected(&self) -> Expected {
        let sum = |why: Why| -> f64 {
            let places = self.places.iter().filter(|place| place.why == why);
            // An empty sum of floats is −0.
            places.map(Place::probability).sum::<f64>() + 0.0
        };
        let all: Vec<f64> = self.places.iter().map(Place::probability).collect();
        let (low, high) = interval(&all);
        Expected {
            positives: all.iter().sum::<f64>() + 0.0,
            low,
            high,
            by_score: sum(Why::Yield),
            by_chance: sum(Why::Audit),
        }
    }
}

/// The 2.5 % and 97.5 % quantiles of how many of independent events happen.
fn interval(probabilities: &[f64]) -> (u32, u32) {
    // chances[n]: that n of those looked at so far happen.
    let mut chances = vec![1.0];
    for p in probabilities {
        chances.push(0.0);
        for n in (0..chances.len()).rev() {
            let one_fewer = if n > 0 { chances[n - 1] } else { 0.0 };
            chances[n] = chances[n] * (1.0 - p) + one_fewer * p;
        }
    }
    let quantile = |share: f64| {
        let mut sum = 0.0;
        let place = chances.iter().position(|chance| {
            sum += chance;
            sum >= share
        });
        place.unwrap_or(probabilities.len()) as u32
    };
    (quantile(TAIL), quantile(1.0 - TAIL))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn bounds_are_those_of_the_binomial_where_all_are_alike() {
        // Binomial(20, 0.5): P(X ≤ 5) = 0.0207, P(X ≤ 6) = 0.0577; symmetric.
        assert_eq!(interval(&[0.5; 20]), (6, 14));
        assert_eq!(interval(&[1.0, 1.0, 0.0]), (2, 2));
        assert_eq!(interval(&[]), (0, 0));
        // A quantile is a whole number, and may so lie above the mean.
        assert_eq!(interval(&[0.984]), (1, 1));
    }

    proptest! {
        #[test]
        fn bounds_lie_around_the_mean_and_do_not_hang_on_the_order(
            mut probabilities in prop::collection::vec(0.0..=1.0_f64, 0..60),
        ) {
            let (low, high) = interval(&probabilities);
            let mean: f64 = probabilities.iter().sum();
            // The median is the mean, rounded up or down (Jogdeo and Samuels 1968).
            prop_assert!(f64::from(low) <= (mean - 1e-9).ceil());
            prop_assert!(f64::from(high) >= (mean + 1e-9).floor());
            prop_assert!(high as usize <= probabilities.len());
            probabilities.reverse();
            prop_assert_eq!(interval(&probabilities), (low, high));
        }
    }
}
