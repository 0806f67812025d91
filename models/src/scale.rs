//! How a sum of log-odds is read: behind the calibration, as probability and index.
//!
//! Contract: integers only, never falling. Whoever reads a score reads it by this,
//! so no two places can tell different things of it.

use crate::calibration::Calibration;
use crate::index::Anchors;

/// A calibration and the index behind it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Scale {
    pub(crate) calibration: Calibration,
    pub(crate) anchors: Anchors,
}

impl Scale {
    /// Those of an artifact, the defaults where it has none; what is wrong with
    /// them is added to `faults`.
    pub(crate) fn read(
        anchors: Option<Vec<(u16, i64)>>,
        calibration: Option<Vec<(i64, i64)>>,
        faults: &mut Vec<String>,
    ) -> Scale {
        Scale {
            anchors: Anchors::read(anchors, faults),
            calibration: Calibration::read(calibration, faults),
        }
    }

    /// What `log_odds` come to behind the calibration.
    pub(crate) fn calibrated(&self, log_odds: i64) -> i64 {
        self.calibration.at(log_odds)
    }

    /// The same of a score that has `index`: where another scale gave it that
    /// index, the least calibrated log-odds of it. An index of 0 is none.
    pub(crate) fn calibrated_as(&self, log_odds: i64, index: u16) -> i64 {
        let calibrated = self.calibrated(log_odds);
        match index == 0 || self.anchors.index(calibrated) == index {
            true => calibrated,
            false => self.anchors.log_odds_at(index).unwrap_or(i64::MAX),
        }
    }

    /// The index of `log_odds`, 1 to 9,999 centi-points.
    pub(crate) fn index(&self, log_odds: i64) -> u16 {
        self.anchors.index(self.calibrated(log_odds))
    }

    /// The smallest log-odds whose index is at least `index`; `None` where none is:
    /// above 9,999, and where a calibration that ends flat stays below.
    pub(crate) fn log_odds_at(&self, index: u16) -> Option<i64> {
        self.calibration.least_at(self.anchors.log_odds_at(index)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scale(calibration: Option<Vec<(i64, i64)>>) -> Scale {
        let mut faults = Vec::new();
        let scale = Scale::read(None, calibration, &mut faults);
        assert_eq!(faults, Vec::<String>::new());
        scale
    }

    #[test]
    fn an_index_is_reached_behind_the_calibration() {
        // Half as far from −1.
        let half = scale(Some(vec![(-3_000_000, -2_000_000), (1_000_000, 0)]));
        let plain = scale(None);
        for index in [1_000, 4_000, 6_000, 8_000, 9_999] {
            let least = half.log_odds_at(index).unwrap();
            assert!(half.index(least) >= index && half.index(least - 1) < index);
            let wanted = plain.log_odds_at(index).unwrap();
            assert_eq!(least, 2 * wanted + 1_000_000);
        }
        assert_eq!(half.log_odds_at(10_000), None);
    }

    #[test]
    fn a_score_of_another_scale_is_told_by_its_index() {
        let half = scale(Some(vec![(-3_000_000, -2_000_000), (1_000_000, 0)]));
        let plain = scale(None);
        for log_odds in [-4_000_000, -1_234_567, 700_000] {
            let own = half.calibrated_as(log_odds, half.index(log_odds));
            assert_eq!(own, half.calibrated(log_odds));
            let other = half.calibrated_as(log_odds, plain.index(log_odds));
            // A hundredth of a point is 0.002 log-odds at most between anchors.
            assert!((other - log_odds).abs() < 2_000, "{other} {log_odds}");
        }
        assert_eq!(plain.calibrated_as(5, 0), 5);
    }
}
