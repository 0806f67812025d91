//! The map from log-odds to the index of 0 to 100 that people read.
//!
//! Contract: integers only, so that every machine gives the same index; never
//! decreasing; linear between anchors; and never saturated: below the first and
//! above the last anchor a hyperbola that continues the slope of the neighbouring
//! segment approaches 0 and 100 without reaching them.

use crate::score::{MICRO, logit};

/// An index of 100 in centi-points.
pub const INDEX_MAX: u16 = 10_000;

/// The probabilities that the default anchors put at index 40, 60, 70 and 80.
const DEFAULT_ANCHORS: [(u16, f64); 4] = [(4000, 0.05), (6000, 0.20), (7000, 0.40), (8000, 0.70)];

/// Points (index in centi-points, micro-log-odds) that the map goes through:
/// at least two, rising in both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Anchors(Vec<(u16, i64)>);

impl Default for Anchors {
    fn default() -> Self {
        let point = |(index, chance)| (index, (logit(chance) * MICRO).round() as i64);
        Anchors(DEFAULT_ANCHORS.map(point).to_vec())
    }
}

impl Anchors {
    /// Checks the points; the error is one fault a sentence.
    pub(crate) fn new(points: Vec<(u16, i64)>) -> Result<Self, Vec<String>> {
        let mut faults = Vec::new();
        if points.len() < 2 {
            faults.push(format!(
                "`anchors` has {} points, allowed are 2 or more",
                points.len()
            ));
        }
        for (index, _) in &points {
            if !(1..INDEX_MAX).contains(index) {
                faults.push(format!("anchor at index `{index}`, allowed are 1 to 9999"));
            }
        }
        for pair in points.windows(2) {
            if pair[1].0 <= pair[0].0 || pair[1].1 <= pair[0].1 {
                faults.push(format!(
                    "anchor `{:?}` does not rise from `{:?}`, allowed are two higher numbers",
                    pair[1], pair[0]
                ));
            }
        }
        if faults.is_empty() {
            Ok(Anchors(points))
        } else {
            Err(faults)
        }
    }

    /// The points of an artifact, the defaults where it has none; what is wrong
    /// with them is added to `faults`.
    pub(crate) fn read(points: Option<Vec<(u16, i64)>>, faults: &mut Vec<String>) -> Self {
        match points.map(Anchors::new) {
            None => Anchors::default(),
            Some(Ok(anchors)) => anchors,
            Some(Err(wrong)) => {
                faults.extend(wrong);
                Anchors::default()
            }
        }
    }

    pub(crate) fn points(&self) -> &[(u16, i64)] {
        &self.0
    }

    /// The index of `log_odds`, 1 to 9,999 centi-points.
    pub(crate) fn index(&self, log_odds: i64) -> u16 {
        let above = self.0.partition_point(|(_, at)| *at <= log_odds);
        let last = self.0.len() - 1;
        let (low, high) = match above {
            0 => (self.0[0], self.0[1]),
            n if n > last => (self.0[last - 1], self.0[last]),
            n => (self.0[n - 1], self.0[n]),
        };
        let rise = i128::from(high.0 - low.0);
        let run = i128::from(high.1) - i128::from(low.1);
        let centi = match above {
            0 => {
                let short = i128::from(low.1) - i128::from(log_odds);
                // Rounded down, so that an index is reached at its anchor only.
                let (over, under) = tail(low.0, short, rise, run);
                (over / under).max(1)
            }
            n if n > last => {
                let past = i128::from(log_odds) - i128::from(high.1);
                let (over, under) = tail(INDEX_MAX - high.0, past, rise, run);
                i128::from(INDEX_MAX) - (over + under - 1) / under
            }
            _ => {
                let past = i128::from(log_odds) - i128::from(low.1);
                i128::from(low.0) + past * rise / run
            }
        };
        centi as u16 // between 1 and 9,999 by construction
    }

    /// The smallest log-odds whose index is at least `index`; `None` above 9,999.
    pub(crate) fn log_odds_at(&self, index: u16) -> Option<i64> {
        if index >= INDEX_MAX {
            return None;
        }
        let (mut low, mut high) = (i128::from(i64::MIN), i128::from(i64::MAX));
        while low < high {
            let middle = (low + high).div_euclid(2);
            if self.index(middle as i64) >= index {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        Some(low as i64)
    }
}

/// What is left of `room` at `distance` beyond the outer anchor, as a fraction:
/// `room²·run / (room·run + distance·rise)`, which starts with the slope
/// `rise/run` and never reaches 0.
fn tail(room: u16, distance: i128, rise: i128, run: i128) -> (i128, i128) {
    let room = i128::from(room);
    (room * room * run, room * run + distance * rise)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn default_anchors_are_hit_exactly() {
        let anchors = Anchors::default();
        assert_eq!(anchors.points()[0], (4000, -2_944_439));
        for &(index, log_odds) in anchors.points() {
            assert_eq!(anchors.index(log_odds), index);
            assert!(anchors.index(log_odds - 1) <= index);
            assert_eq!(anchors.log_odds_at(index), Some(log_odds));
        }
    }

    #[test]
    fn the_tails_approach_their_ends_and_never_saturate() {
        let anchors = Anchors::default();
        let low = [-4, -6, -10, -20].map(|z| anchors.index(z * 1_000_000));
        let high = [2, 4, 8, 16].map(|z| anchors.index(z * 1_000_000));
        assert!(low.is_sorted_by(|a, b| a > b), "{low:?}");
        assert!(high.is_sorted_by(|a, b| a < b), "{high:?}");
        assert_eq!(
            (anchors.index(i64::MIN), anchors.index(i64::MAX)),
            (1, 9999)
        );
        assert_eq!(anchors.log_odds_at(INDEX_MAX), None);
    }

    #[test]
    fn every_fault_is_listed() {
        let faults = Anchors::new(vec![(0, 5), (4000, 5)]).unwrap_err();
        assert_eq!(faults.len(), 2, "{faults:?}");
        assert!(Anchors::new(vec![(4000, 1)]).is_err());
    }

    proptest! {
        #[test]
        fn the_index_never_falls(a in any::<i64>(), step in 0..50_000_000i64, near in -9_000_000..9_000_000i64) {
            let anchors = Anchors::default();
            for z in [a, near] {
                prop_assert!(anchors.index(z) <= anchors.index(z.saturating_add(step)));
            }
        }

        #[test]
        fn the_index_is_inverted(index in 2..10_000u16) {
            let anchors = Anchors::default();
            let least = anchors.log_odds_at(index).unwrap();
            prop_assert!(anchors.index(least) >= index);
            prop_assert!(anchors.index(least - 1) < index);
        }
    }
}
