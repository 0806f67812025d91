//! The policy of levels: thresholds, gates, and what keeps alerts calm. Every
//! default lives here. A policy read from a file is judged by
//! [`Policy::validate`] before anything runs.

use super::{Level, category_bit};
use serde::{Deserialize, Serialize};

/// A number for each level above none. Given whole or not at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PerLevel {
    /// For blue (蓝 关注).
    pub blue: u16,
    /// For yellow (黄 重点).
    pub yellow: u16,
    /// For orange (橙 预警).
    pub orange: u16,
    /// For red (红 处置).
    pub red: u16,
}

impl PerLevel {
    /// The number for a level; 0 for none.
    pub fn of(&self, level: Level) -> u16 {
        match level {
            Level::None => 0,
            Level::Blue => self.blue,
            Level::Yellow => self.yellow,
            Level::Orange => self.orange,
            Level::Red => self.red,
        }
    }

    fn values(&self) -> [u16; 4] {
        Level::RAISED.map(|level| self.of(level))
    }
}

/// When an enterprise reaches a level, when it leaves it, and what is worth a
/// second alert.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// The index, in points of 0..=100, from which a level holds.
    /// Default: 40, 60, 70, 80.
    pub thresholds: PerLevel,
    /// How many categories (A to H; the registry's R never counts) must have
    /// evidence. Default: 0, 2, 2, 3.
    pub min_categories: PerLevel,
    /// How many agencies must have evidence. Default: 0, 0, 2, 2.
    pub min_agencies: PerLevel,
    /// Red needs evidence in one of these categories; empty: in any.
    /// Default: B (inducement) and D (funds).
    pub red_one_of: Vec<char>,
    /// Red needs at least this coverage, 0..=1: the share of features that have a
    /// value. Default: 0.6. It was called `red_min_confidence`, which still counts.
    #[serde(alias = "red_min_confidence")]
    pub red_min_coverage: f64,
    /// A level is left only this many points below its threshold. Default: 5.
    pub hysteresis_points: u16,
    /// … and only after so many business days there. Default: 7.
    pub hysteresis_days: u16,
    /// While an alert is open, a rise of this many points since the last
    /// notice is a notice of its own. Default: 10.
    pub realert_points: u16,
    /// Groups of associated enterprises are alerted from this level on, by what
    /// their members' records come to together. Default: they are not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub groups: Option<Level>,
    /// Levels below this one do not exist. Not to be declared: see
    /// [`Policy::of_groups`].
    #[serde(skip)]
    pub floor: Level,
}

impl Default for Policy {
    fn default() -> Self {
        Policy {
            thresholds: PerLevel {
                blue: 40,
                yellow: 60,
                orange: 70,
                red: 80,
            },
            min_categories: PerLevel {
                blue: 0,
                yellow: 2,
                orange: 2,
                red: 3,
            },
            min_agencies: PerLevel {
                blue: 0,
                yellow: 0,
                orange: 2,
                red: 2,
            },
            red_one_of: vec!['B', 'D'],
            red_min_coverage: 0.6,
            hysteresis_points: 5,
            hysteresis_days: 7,
            realert_points: 10,
            groups: None,
            floor: Level::None,
        }
    }
}

impl Policy {
    /// The longest hysteresis, in days.
    pub const MAX_HYSTERESIS_DAYS: u16 = 365;

    /// All faults of the policy, each with the value and what is allowed; empty
    /// if it may be used.
    pub fn validate(&self) -> Vec<String> {
        let mut faults = Vec::new();
        self.judge_thresholds(&mut faults);
        judge_gate("min_categories", &self.min_categories, 8, &mut faults);
        judge_gate("min_agencies", &self.min_agencies, 64, &mut faults);
        self.judge_red(&mut faults);
        self.judge_calm(&mut faults);
        faults
    }

    /// The bits of the categories of which red needs one; 0: any.
    pub(crate) fn red_categories(&self) -> u16 {
        self.red_one_of
            .iter()
            .filter_map(|letter| category_bit(*letter))
            .fold(0, |bits, bit| bits | bit)
    }

    /// The coverage red needs, in the unit of `Assessment::coverage`.
    pub fn red_min_coverage_per_mille(&self) -> u16 {
        // A float cast saturates, and NaN was refused by `validate`.
        (self.red_min_coverage * 1000.0).round() as u16
    }

    fn judge_thresholds(&self, faults: &mut Vec<String>) {
        let values = self.thresholds.values();
        if !values.is_sorted_by(|lower, higher| lower < higher) {
            faults.push(format!(
                "`thresholds` are {values:?}, each must be above the one before"
            ));
        }
        if let Some(value) = values.iter().find(|value| **value > 100) {
            faults.push(format!(
                "`thresholds` has `{value}`, allowed are points up to 100"
            ));
        }
        // Below that, an index of 0 would still hold blue: it would never end.
        if self.thresholds.blue <= self.hysteresis_points {
            faults.push(format!(
                "`thresholds.blue` is `{}`, it must be above `hysteresis_points` ({})",
                self.thresholds.blue, self.hysteresis_points
            ));
        }
    }

    fn judge_red(&self, faults: &mut Vec<String>) {
        for letter in &self.red_one_of {
            if !('A'..='H').contains(letter) {
                faults.push(format!("`red_one_of` has `{letter}`, allowed are A to H"));
            }
        }
        // Written so that NaN is refused too.
        if !(0.0..=1.0).contains(&self.red_min_coverage) {
            faults.push(format!(
                "`red_min_coverage` is `{}`, allowed is 0 to 1",
                self.red_min_coverage
            ));
        }
    }

    fn judge_calm(&self, faults: &mut Vec<String>) {
        if self.hysteresis_days > Self::MAX_HYSTERESIS_DAYS {
            faults.push(format!(
                "`hysteresis_days` is `{}`, allowed are 0 to {}",
                self.hysteresis_days,
                Self::MAX_HYSTERESIS_DAYS
            ));
        }
        if !(1..=100).contains(&self.realert_points) {
            faults.push(format!(
                "`realert_points` is `{}`, allowed are 1 to 100",
                self.realert_points
            ));
        }
    }
}

/// A higher level may not have a weaker gate: an alert that steps down would
/// else land on a level it does not hold.
fn judge_gate(name: &str, gate: &PerLevel, most: u16, faults: &mut Vec<String>) {
    let values = gate.values();
    if !values.is_sorted() {
        faults.push(format!(
            "`{name}` are {values:?}, none may be below the one before"
        ));
    }
    if let Some(value) = values.iter().find(|value| **value > most) {
        faults.push(format!("`{name}` has `{value}`, allowed are 0 to {most}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Policy, serde_json::Error> {
        serde_json::from_str(json)
    }

    #[test]
    fn defaults_are_sound_and_fill_what_is_left_out() {
        assert_eq!(Policy::default().validate(), Vec::<String>::new());
        assert_eq!(read("{}").unwrap(), Policy::default());
        let policy = read(r#"{"hysteresis_days": 3}"#).unwrap();
        assert_eq!((policy.hysteresis_days, policy.hysteresis_points), (3, 5));
    }

    #[test]
    fn unknown_and_half_given_fields_are_refused() {
        assert!(read(r#"{"hysterisis_days": 3}"#).is_err());
        assert!(read(r#"{"thresholds": {"blue": 30}}"#).is_err());
    }

    #[test]
    fn all_faults_are_told_at_once() {
        let policy = Policy {
            thresholds: PerLevel {
                blue: 5,
                yellow: 5,
                orange: 70,
                red: 101,
            },
            min_categories: PerLevel {
                blue: 0,
                yellow: 3,
                orange: 2,
                red: 9,
            },
            red_one_of: vec!['R'],
            red_min_coverage: f64::NAN,
            hysteresis_days: 400,
            realert_points: 0,
            ..Policy::default()
        };
        let faults = policy.validate();
        assert_eq!(faults.len(), 9, "{faults:#?}");
    }
}
