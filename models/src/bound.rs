//! A scorecard tied to the configured features: the fast path.
//!
//! Contract: `score` allocates nothing; intercept and contributions are
//! integers and sum to `log_odds` exactly. A row shorter than the features
//! counts as missing at its end, and values beyond the features are ignored.

use std::sync::Arc;

use crate::category::CATEGORIES;
use crate::feature::{FeatureKind, FeatureSpec};
use crate::index::Anchors;
use crate::partition::{MISSING, Partition};
use crate::score::Score;
use crate::scorecard::{CardFeature, Scorecard};

/// A scorecard that scores rows. Cloning it copies a pointer.
#[derive(Debug, Clone)]
pub struct BoundScorecard(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    version: String,
    intercept: i64,
    anchors: Anchors,
    specs: Vec<FeatureSpec>,
    features: Vec<CardFeature>,
    lookups: Vec<Lookup>,
    /// Cuts or values of all features, one after another.
    keys: Vec<i64>,
    /// Weights of all present values, one more a feature than it has keys.
    weights: Vec<i64>,
}

/// A row and its score, from which others are reached.
#[derive(Debug, Clone)]
pub struct Base {
    row: Vec<Option<i64>>,
    contributions: Vec<i64>,
    score: Score,
}

impl Base {
    pub(crate) fn new(row: Vec<Option<i64>>, contributions: Vec<i64>, score: Score) -> Base {
        Base {
            row,
            contributions,
            score,
        }
    }

    /// The values, in feature order.
    pub fn row(&self) -> &[Option<i64>] {
        &self.row
    }

    /// What each contributes, in micro-log-odds.
    pub fn contributions(&self) -> &[i64] {
        &self.contributions
    }
}

/// Where a feature's keys and weights are.
#[derive(Debug)]
struct Lookup {
    missing: i64,
    category: usize,
    kind: FeatureKind,
    keys: usize,
    len: usize,
    weights: usize,
}

impl BoundScorecard {
    pub(crate) fn new(card: &Scorecard, features: Vec<CardFeature>) -> Self {
        let mut inner = Inner {
            version: card.version().to_owned(),
            intercept: card.intercept,
            anchors: card.anchors.clone(),
            specs: features.iter().map(|f| f.spec.clone()).collect(),
            features: Vec::new(),
            lookups: Vec::new(),
            keys: Vec::new(),
            weights: Vec::new(),
        };
        features.iter().for_each(|feature| inner.add(feature));
        inner.features = features;
        BoundScorecard(Arc::new(inner))
    }

    /// Scores one enterprise; `row` in feature order.
    pub fn score(&self, row: &[Option<i64>]) -> Score {
        let mut subtotals = [0; CATEGORIES];
        for (place, lookup) in self.0.lookups.iter().enumerate() {
            let value = row.get(place).copied().flatten();
            subtotals[lookup.category] += self.0.weight(lookup, value);
        }
        let log_odds = self.0.intercept + subtotals.iter().sum::<i64>();
        Score {
            log_odds,
            index: self.0.anchors.index(log_odds),
            subtotals,
        }
    }

    /// Replaces `out` by what each feature contributes, in micro-log-odds and in
    /// feature order. With the intercept they sum to the log-odds.
    pub fn contributions(&self, row: &[Option<i64>], out: &mut Vec<i64>) {
        out.clear();
        let lookups = self.0.lookups.iter().enumerate();
        out.extend(lookups.map(|(place, lookup)| {
            let value = row.get(place).copied().flatten();
            self.0.weight(lookup, value)
        }));
    }

    /// The score of `row`, as where to begin for rows that differ in few places.
    pub fn base(&self, row: Vec<Option<i64>>) -> Base {
        let mut contributions = Vec::new();
        self.contributions(&row, &mut contributions);
        Base {
            score: self.score(&row),
            row,
            contributions,
        }
    }

    /// [`BoundScorecard::score`] of a row that differs from that of `base` at
    /// most in the features `touched`, and its
    /// [`BoundScorecard::contributions`].
    pub fn score_from(
        &self,
        base: &Base,
        row: &[Option<i64>],
        touched: &[u16],
        contributions: &mut Vec<i64>,
    ) -> Score {
        contributions.clear();
        contributions.extend_from_slice(&base.contributions);
        let mut score = base.score;
        for place in touched.iter().map(|place| usize::from(*place)) {
            let lookup = &self.0.lookups[place];
            let weight = self.0.weight(lookup, row[place]);
            let more = weight - std::mem::replace(&mut contributions[place], weight);
            score.subtotals[lookup.category] += more;
            score.log_odds += more;
        }
        score.index = self.0.anchors.index(score.log_odds);
        score
    }

    /// Both at once.
    pub fn explain(&self, row: &[Option<i64>], out: &mut Vec<i64>) -> Score {
        self.contributions(row, out);
        self.score(row)
    }

    /// What every enterprise starts from, in micro-log-odds.
    pub fn intercept(&self) -> i64 {
        self.0.intercept
    }

    /// The features in row order.
    pub fn features(&self) -> &[FeatureSpec] {
        &self.0.specs
    }

    /// The version of the scorecard.
    pub fn version(&self) -> &str {
        &self.0.version
    }

    /// The bin of `value` in words, such as `3 to < 7`, `= 5` or `missing`, with
    /// values unscaled. Empty for a feature that does not exist.
    pub fn bin_label(&self, feature: usize, value: Option<i64>) -> String {
        let Some(feature) = self.0.features.get(feature) else {
            return String::new();
        };
        feature.partition.label(feature.partition.bin(value))
    }

    /// Every bin of a feature in words with its weight: what it could have
    /// contributed. Empty for a feature that does not exist.
    pub fn bins(&self, feature: usize) -> Vec<(String, i64)> {
        let feature = self.0.features.get(feature);
        feature.map(CardFeature::bins).unwrap_or_default()
    }

    /// The index that `log_odds` (micro) means, in centi-points.
    pub fn index(&self, log_odds: i64) -> u16 {
        self.0.anchors.index(log_odds)
    }

    pub(crate) fn anchors(&self) -> &Anchors {
        &self.0.anchors
    }
}

impl Inner {
    fn add(&mut self, feature: &CardFeature) {
        let (keys, weights) = (self.keys.len(), self.weights.len());
        match &feature.partition {
            Partition::Ranges(cuts) => {
                self.keys.extend(cuts);
                self.weights.extend(&feature.weights[1..]);
            }
            Partition::Listed { values, lists } => {
                self.keys.extend(values.iter().map(|(value, _)| *value));
                let listed = values.iter().map(|(_, list)| feature.weights[1 + list]);
                self.weights.extend(listed);
                self.weights.push(feature.weights[1 + lists]);
            }
        }
        self.lookups.push(Lookup {
            missing: feature.weights[MISSING],
            category: feature.spec.category.index(),
            kind: feature.spec.kind,
            keys,
            len: self.keys.len() - keys,
            weights,
        });
    }

    fn weight(&self, lookup: &Lookup, value: Option<i64>) -> i64 {
        let Some(value) = value else {
            return lookup.missing;
        };
        let keys = &self.keys[lookup.keys..lookup.keys + lookup.len];
        let place = match lookup.kind {
            FeatureKind::Number => keys.partition_point(|cut| *cut <= value),
            FeatureKind::Category => keys.binary_search(&value).unwrap_or(keys.len()),
        };
        self.weights[lookup.weights + place]
    }
}
