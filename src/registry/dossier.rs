//! A version's dossier: what it was trained on, how, and how good it was when it
//! was submitted. Written once, as JSON beside the artifact.

use crate::census::{Census, Spread};
use crate::explain::{cap_of_category, pair_of};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The only format there is so far.
pub const FORMAT: u32 = 1;

/// What is known of a version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dossier {
    /// [`FORMAT`].
    pub format: u32,
    /// The version.
    pub version: String,
    /// What kind of model.
    pub kind: String,
    /// What it is the mean of, if it is one.
    #[serde(default)]
    pub parts: Vec<Part>,
    /// The points (sum, calibrated sum; log-odds in millionths) through which
    /// probability and index are read.
    #[serde(default)]
    pub calibration: Vec<(i64, i64)>,
    /// What the artifact says of where it comes from.
    pub made: Made,
    /// The program's version and the hash of its file.
    pub program: String,
    /// Hash of every declaration of the configuration.
    pub configuration: String,
    /// Hash of the feature definitions.
    pub features: String,
    /// The features that it knows, with their categories.
    pub categories: BTreeMap<String, char>,
    /// How models were fitted by that configuration.
    pub parameters: serde_json::Value,
    /// What it was measured on; none: it was not.
    pub measured: Option<Measured>,
}

/// A model of which another is the mean.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// What kind of model.
    pub kind: String,
    /// Its version.
    pub version: String,
}

/// What an artifact says of its making.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Made {
    /// Hash of the rows and labels it was trained on; empty: by hand.
    pub data_hash: String,
    /// Hash of the configuration that computed the features.
    pub config_hash: String,
    /// When.
    pub created: String,
    /// Whatever a person should know.
    pub note: String,
}

/// A version measured on the state of an epoch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measured {
    /// The epoch.
    pub epoch: u64,
    /// Its instant, business time.
    pub as_of: String,
    /// Records that had been accepted by then.
    pub records: u64,
    /// All enterprises: distributions of features and scores.
    pub population: Census,
    /// What features, pairs and caps contribute, over a sample, by the names that
    /// explanations give them.
    pub contributions: BTreeMap<String, Spread>,
    /// How many enterprises that sample has.
    pub sampled: usize,
    /// Judged by outcomes, where there are both kinds.
    pub judged: Option<Judged>,
    /// Why not, where it was not.
    pub not_judged: String,
}

/// A version judged by outcomes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Judged {
    /// By which scores.
    pub by: By,
    /// Outcomes.
    pub rows: usize,
    /// Positive ones.
    pub positives: usize,
    /// Enterprises they are of.
    pub enterprises: usize,
    /// As of when each was known: `now` or `outcome`.
    pub known: String,
    /// How many months before the month of its outcome each was looked at.
    #[serde(default)]
    pub months_before: Vec<u8>,
    /// Hash of these rows and labels.
    pub data_hash: String,
    /// Whether training by this configuration gives this very version.
    pub reproduced: bool,
    /// By name, with 95 % intervals.
    pub figures: Vec<Figure>,
    /// Precision among the first so many.
    pub precision_at: Vec<(usize, Share)>,
    /// From the lowest scores to the highest.
    pub calibration: Vec<Calibration>,
    /// By tenths of the ranking, the highest first: how many rows, and how many
    /// of them are positive.
    pub tenths: Vec<(usize, usize)>,
    /// Parts of the rows.
    pub subgroups: Vec<Subgroup>,
}

/// By which scores a version was judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum By {
    /// Each row by a model that was trained without its enterprise.
    HeldOut,
    /// By the version itself, which was not trained on these rows.
    Itself,
}

/// A figure with its 95 % interval.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Figure {
    /// What.
    pub name: String,
    /// On the rows as they are.
    pub value: f64,
    /// The interval's begin.
    pub low: f64,
    /// Its end.
    pub high: f64,
}

/// A share with its 95 % interval.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Share {
    /// How many.
    pub part: usize,
    /// Of how many.
    pub whole: usize,
    /// The interval's begin.
    pub low: f64,
    /// Its end.
    pub high: f64,
}

/// Rows of similar score.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// The mean predicted probability.
    pub predicted: f64,
    /// The share that was positive.
    pub observed: Share,
}

/// A part of the rows: a district, a sector; or all.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subgroup {
    /// By what: `all`, `district`, or the feature that says the sector.
    pub by: String,
    /// Which.
    pub name: String,
    /// Rows.
    pub rows: usize,
    /// Of the positive ones, those flagged: in a dossier those among the first as
    /// many as there are positives in all.
    pub found: Share,
    /// Of the others, those among them: false alarms.
    pub alarmed: Share,
}

impl Dossier {
    /// The categories that a contribution counts for: a feature's one, a pair's
    /// two, half each, or that of a cap. None where no such feature is known.
    pub fn categories_of(&self, contribution: &str) -> Vec<char> {
        let of = |feature: &str| self.categories.get(feature).copied();
        if let Some(category) = of(contribution) {
            return vec![category];
        }
        if let Some(pair) = pair_of(contribution) {
            return pair.into_iter().filter_map(of).collect();
        }
        let mut known: Vec<char> = self.categories.values().copied().collect();
        known.sort_unstable();
        known.dedup();
        known.retain(|category| cap_of_category(*category) == contribution);
        known
    }

    /// How many features it knows, how many of them change the score of somebody
    /// in the sample, and how many pairs do.
    pub fn counts(&self) -> String {
        let known = self.categories.len();
        let Some(measured) = &self.measured else {
            return known.to_string();
        };
        let spreads = measured.contributions.iter();
        let used = spreads.filter(|(_, spread)| spread.mean_size > 0);
        let used: Vec<&String> = used.map(|(name, _)| name).collect();
        let is_feature = |name: &&&String| self.categories.contains_key(**name);
        let features = used.iter().filter(is_feature).count();
        let pairs = used.iter().filter(|name| pair_of(name).is_some());
        match pairs.filter(|name| !is_feature(name)).count() {
            0 => format!("{known}, {features} of them change a score"),
            pairs => format!(
                "{known}, {features} of them change a score; {pairs} pairs of features do so together"
            ),
        }
    }
}

impl Share {
    /// A share with its Wilson interval, which holds for small counts as well.
    pub fn of(part: usize, whole: usize) -> Share {
        /// The 97.5th percentile of the normal distribution.
        const Z: f64 = 1.959_963_984_540_054;
        if whole == 0 {
            return Share {
                high: 1.0,
                ..Share::default()
            };
        }
        let (n, p) = (whole as f64, part as f64 / whole as f64);
        let denominator = 1.0 + Z * Z / n;
        let centre = (p + Z * Z / (2.0 * n)) / denominator;
        let half = Z / denominator * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
        Share {
            part,
            whole,
            low: (centre - half).max(0.0),
            high: (centre + half).min(1.0),
        }
    }

    /// Its value; 0 of nothing.
    pub fn value(&self) -> f64 {
        self.part as f64 / self.whole.max(1) as f64
    }
}

impl By {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            By::HeldOut => {
                "cross-validation: each outcome by a model trained without its enterprise"
            }
            By::Itself => {
                "this version, on outcomes that it was not trained on, as far as its data hash tells"
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_is_wilsons() {
        let share = Share::of(8, 10);
        assert!((share.low - 0.4902).abs() < 1e-4, "{share:?}");
        assert!((share.high - 0.9433).abs() < 1e-4, "{share:?}");
        assert_eq!((Share::of(0, 5).low, Share::of(5, 5).high), (0.0, 1.0));
        assert_eq!(Share::of(0, 0).value(), 0.0);
    }
}
