//! The map from a sum of log-odds to calibrated log-odds, by which probability and
//! index follow from a score.
//!
//! Contract: integers only, so that every machine gives the same; never falling;
//! linear between points, and beyond them with the slope of the outer two. A map of
//! no points changes nothing.

use crate::scorecard::Provenance;

/// The most points.
const MOST: usize = 20;
/// The largest magnitude of a point, in micro-log-odds.
const LARGEST: i64 = 1_000_000_000;

/// Points (raw, calibrated) in micro-log-odds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Calibration(Vec<(i64, i64)>);

impl Calibration {
    /// Checks the points; the error is one fault a sentence.
    pub(crate) fn new(points: Vec<(i64, i64)>) -> Result<Self, Vec<String>> {
        let mut faults = Vec::new();
        if !(2..=MOST).contains(&points.len()) {
            faults.push(format!(
                "`calibration` has {} points, allowed are 2 to {MOST}",
                points.len()
            ));
        }
        let large = |point: &&(i64, i64)| {
            let within = -LARGEST..=LARGEST;
            !within.contains(&point.0) || !within.contains(&point.1)
        };
        faults.extend(points.iter().filter(large).map(|point| {
            format!("calibration point `{point:?}`, allowed are -{LARGEST} to {LARGEST} for either number")
        }));
        let wrong = |pair: &&[(i64, i64)]| pair[1].0 <= pair[0].0 || pair[1].1 < pair[0].1;
        faults.extend(points.windows(2).filter(wrong).map(|pair| {
            format!(
                "calibration point `{:?}` does not rise from `{:?}`, allowed are a first number above and a second not below",
                pair[1], pair[0]
            )
        }));
        match faults.is_empty() {
            true => Ok(Calibration(points)),
            false => Err(faults),
        }
    }

    /// What `log_odds` come to.
    pub(crate) fn at(&self, log_odds: i64) -> i64 {
        if self.0.len() < 2 {
            return log_odds;
        }
        let above = self.0.partition_point(|(raw, _)| *raw <= log_odds);
        let above = above.clamp(1, self.0.len() - 1);
        let (low, high) = (self.0[above - 1], self.0[above]);
        let past = i128::from(log_odds) - i128::from(low.0);
        let rise = i128::from(high.1 - low.1);
        let run = i128::from(high.0 - low.0);
        // Rounded down on both sides of a point, so that nothing falls.
        let calibrated = i128::from(low.1) + (past * rise).div_euclid(run);
        calibrated.clamp(i64::MIN.into(), i64::MAX.into()) as i64
    }

    /// The points of an artifact, none where it has none; what is wrong with them
    /// is added to `faults`.
    pub(crate) fn read(points: Option<Vec<(i64, i64)>>, faults: &mut Vec<String>) -> Self {
        let checked = points.map_or_else(|| Ok(Calibration::default()), Calibration::new);
        checked.unwrap_or_else(|wrong| {
            faults.extend(wrong);
            Calibration::default()
        })
    }

    /// The least log-odds that come to at least `calibrated`; `None` where none do.
    pub(crate) fn least_at(&self, calibrated: i64) -> Option<i64> {
        if self.at(i64::MAX) < calibrated {
            return None;
        }
        let (mut low, mut high) = (i128::from(i64::MIN), i128::from(i64::MAX));
        while low < high {
            let middle = (low + high).div_euclid(2);
            if self.at(middle as i64) >= calibrated {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        Some(low as i64)
    }

    /// Says in a note that there is one.
    pub(crate) fn told(&self, provenance: Provenance) -> Provenance {
        match self.0.len() {
            0 => provenance,
            points => provenance.and(&format!("calibrated behind the sum by {points} points")),
        }
    }

    /// The points; none where nothing is changed.
    pub(crate) fn points(&self) -> &[(i64, i64)] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bent() -> Calibration {
        Calibration::new(vec![
            (-4_000_000, -5_000_000),
            (0, -1),
            (3, 2),
            (3_000_000, 2),
        ])
        .unwrap()
    }

    #[test]
    fn points_are_hit_and_outer_slopes_go_on() {
        let bent = bent();
        for (raw, calibrated) in bent.points() {
            assert_eq!(bent.at(*raw), *calibrated);
        }
        assert_eq!(bent.at(-2_000_000), -2_500_001);
        assert_eq!(bent.at(-8_000_000), -9_999_999);
        assert_eq!(bent.at(i64::MAX), 2);
        assert_eq!(bent.at(i64::MIN), i64::MIN);
        assert_eq!(Calibration::default().at(-7), -7);
    }

    #[test]
    fn what_lies_above_a_flat_end_is_never_reached() {
        assert_eq!(bent().least_at(2), Some(3));
        assert_eq!(bent().least_at(3), None);
        assert_eq!(Calibration::default().least_at(3), Some(3));
    }

    #[test]
    fn every_fault_is_listed() {
        let faults = Calibration::new(vec![(0, 5), (0, 7), (1, 6), (2, LARGEST + 1)]).unwrap_err();
        assert_eq!(faults.len(), 3, "{faults:?}");
        assert!(Calibration::new(vec![(0, 0)]).is_err());
        let many = (0..=MOST as i64).map(|at| (at, at)).collect();
        assert!(Calibration::new(many).is_err());
    }

    fn any_map() -> impl Strategy<Value = Calibration> {
        let steps = prop::collection::vec((1..3_000_000i64, 0..3_000_000i64), 1..MOST);
        (-5_000_000..5_000_000i64, steps).prop_map(|(first, steps)| {
            let mut points = vec![(first, first)];
            for (run, rise) in steps {
                let (raw, calibrated) = points[points.len() - 1];
                points.push((raw + run, calibrated + rise));
            }
            Calibration::new(points).unwrap()
        })
    }

    proptest! {
        #[test]
        fn it_never_falls_and_is_inverted(
            map in any_map(), at in -60_000_000..60_000_000i64, step in 0..1_000_000i64, far in any::<i64>(),
        ) {
            prop_assert!(map.at(at) <= map.at(at + step));
            prop_assert!(map.at(far) <= map.at(far.saturating_add(step)));
            match map.least_at(at) {
                Some(least) => {
                    prop_assert!(map.at(least) >= at);
                    prop_assert!(least == i64::MIN || map.at(least - 1) < at);
                }
                None => prop_assert!(map.at(i64::MAX) < at),
            }
        }
    }
}
