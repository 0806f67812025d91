//! A scorecard tied to the configured features: the fast path.
//!
//! Contract: `score` allocates nothing; intercept and contributions are
//! integers and sum to `log_odds` exactly. A row shorter than the features
//! counts as missing at its end, and values beyond the features are ignored.

use std::sync::Arc;

use crate::category::CATEGORIES;
use crate::feature::{FeatureKind, FeatureSpec};
use crate::pair::{Pair, halves};
use crate::partition::{MISSING, Partition};
use crate::scale::Scale;
use crate::score::Score;
use crate::scorecard::{CardFeature, Scorecard};

/// A scorecard that scores rows. Cloning it copies a pointer.
#[derive(Debug, Clone)]
pub struct BoundScorecard(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    version: String,
    intercept: i64,
    scale: Scale,
    specs: Vec<FeatureSpec>,
    features: Vec<CardFeature>,
    lookups: Vec<Lookup>,
    /// Cuts or values of all features, one after another.
    keys: Vec<i64>,
    /// Weights of all present values, one more a feature than it has keys.
    weights: Vec<i64>,
    pairs: Vec<Pair>,
    /// By feature: the pairs it is in.
    paired: Vec<Vec<u16>>,
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

    /// What each contributes, in micro-log-odds: features, then pairs. Caps are
    /// not part of it.
    pub fn contributions(&self) -> &[i64] {
        &self.contributions
    }
}

/// How a row was scored, and from where the next is reached: that of the same
/// enterprise after a change, say.
#[derive(Debug, Clone, Default)]
pub struct Reached {
    /// Before caps.
    pub(crate) score: Score,
    /// Of features, pairs and, last, caps.
    pub(crate) contributions: Vec<i64>,
}

impl Reached {
    /// Starts where nothing differs from `base`.
    pub(crate) fn begin(&mut self, base: &Base) {
        self.score = base.score;
        self.contributions.clear();
        self.contributions.extend_from_slice(&base.contributions);
    }

    /// What each feature contributes, in micro-log-odds and in feature order, then
    /// what each of [`BoundModel::terms`] does.
    ///
    /// [`BoundModel::terms`]: crate::BoundModel::terms
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
    /// `features` and the places of `pairs` are in row order.
    pub(crate) fn new(card: &Scorecard, features: Vec<CardFeature>, pairs: Vec<Pair>) -> Self {
        let mut paired = vec![Vec::new(); features.len()];
        for (place, pair) in pairs.iter().enumerate() {
            for feature in pair.features {
                paired[feature].push(place as u16);
            }
        }
        let mut inner = Inner {
            version: card.version().to_owned(),
            intercept: card.intercept,
            scale: card.scale.clone(),
            specs: features.iter().map(|f| f.spec.clone()).collect(),
            features: Vec::new(),
            lookups: Vec::new(),
            keys: Vec::new(),
            weights: Vec::new(),
            pairs,
            paired,
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
        for pair in 0..self.0.pairs.len() {
            self.0
                .add_pair(pair, self.0.pair_weight(pair, row), &mut subtotals);
        }
        let log_odds = self.0.intercept + subtotals.iter().sum::<i64>();
        Score {
            log_odds,
            index: self.0.scale.index(log_odds),
            subtotals,
        }
    }

    /// Replaces `out` by what each feature contributes, in micro-log-odds and in
    /// feature order, then what each pair does. With the intercept they sum to the
    /// log-odds.
    pub fn contributions(&self, row: &[Option<i64>], out: &mut Vec<i64>) {
        out.clear();
        let lookups = self.0.lookups.iter().enumerate();
        out.extend(lookups.map(|(place, lookup)| {
            let value = row.get(place).copied().flatten();
            self.0.weight(lookup, value)
        }));
        out.extend((0..self.0.pairs.len()).map(|pair| self.0.pair_weight(pair, row)));
    }

    /// [`BoundScorecard::score`] of a row that differs from the one that was
    /// reached at most in the features `moved`, and its
    /// [`BoundScorecard::contributions`].
    pub(crate) fn score_on(&self, row: &[Option<i64>], moved: &[u16], reached: &mut Reached) {
        let Reached {
            score,
            contributions,
        } = reached;
        contributions.truncate(self.0.lookups.len() + self.0.pairs.len());
        for place in moved.iter().map(|place| usize::from(*place)) {
            let lookup = &self.0.lookups[place];
            let weight = self.0.weight(lookup, row[place]);
            let more = weight - std::mem::replace(&mut contributions[place], weight);
            score.subtotals[lookup.category] += more;
            score.log_odds += more;
        }
        // A pair of two moved features is only looked at again.
        let paired = moved.iter().flat_map(|at| &self.0.paired[usize::from(*at)]);
        for pair in paired.map(|pair| usize::from(*pair)) {
            let weight = self.0.pair_weight(pair, row);
            let held = &mut contributions[self.0.lookups.len() + pair];
            let before = std::mem::replace(held, weight);
            score.log_odds += weight - before;
            self.0.add_pair(pair, weight, &mut score.subtotals);
            self.0.add_pair(pair, -before, &mut score.subtotals);
        }
        score.index = self.0.scale.index(score.log_odds);
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
        self.0.scale.index(log_odds)
    }

    pub(crate) fn scale(&self) -> &Scale {
        &self.0.scale
    }

    /// What two features say together, in the order of contributions.
    pub(crate) fn pairs(&self) -> &[Pair] {
        &self.0.pairs
    }

    /// The parts by which the score can rise at most when one feature changes,
    /// whatever the others are: of the feature itself, then of each of its pairs.
    pub(crate) fn most_gains(
        &self,
        feature: usize,
        from: Option<i64>,
        to: Option<i64>,
    ) -> impl Iterator<Item = i64> {
        let lookup = &self.0.lookups[feature];
        let own = self.0.weight(lookup, to) - self.0.weight(lookup, from);
        let pairs = self.0.paired[feature].iter().map(move |pair| {
            let pair = &self.0.pairs[usize::from(*pair)];
            let side = usize::from(pair.features[0] != feature);
            pair.most_gain(side, from, to)
        });
        std::iter::once(own).chain(pairs)
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

    fn pair_weight(&self, pair: usize, row: &[Option<i64>]) -> i64 {
        let pair = &self.pairs[pair];
        pair.weight(pair.features.map(|place| row.get(place).copied().flatten()))
    }

    /// Counts half of a pair's weight for the category of either feature.
    fn add_pair(&self, pair: usize, weight: i64, subtotals: &mut [i64; CATEGORIES]) {
        for (place, half) in self.pairs[pair].features.into_iter().zip(halves(weight)) {
            subtotals[self.lookups[place].category] += half;
        }
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
