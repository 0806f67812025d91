//! A blend tied to the configured features.
//!
//! Contract: intercept and contributions are the sums of both parts', integers,
//! and sum to `log_odds` exactly. Contributions are one a feature, then one a
//! pair of the scorecard.

use std::sync::Arc;

use crate::bound::BoundScorecard;
use crate::bound_forest::BoundForest;
use crate::feature::FeatureSpec;
use crate::pair::Pair;
use crate::scale::Scale;
use crate::score::Score;

/// A blend that scores rows. Cloning it copies three pointers and the version.
#[derive(Debug, Clone)]
pub struct BoundBlend {
    version: String,
    scale: Arc<Scale>,
    card: BoundScorecard,
    forest: BoundForest,
}

impl BoundBlend {
    pub(crate) fn new(
        version: String,
        scale: Scale,
        card: BoundScorecard,
        forest: BoundForest,
    ) -> BoundBlend {
        BoundBlend {
            version,
            scale: Arc::new(scale),
            card,
            forest,
        }
    }

    /// Replaces `out` by what each feature, then each pair contributes, in
    /// micro-log-odds, and gives the score that they and the intercept sum to.
    pub fn explain(&self, row: &[Option<i64>], out: &mut Vec<i64>) -> Score {
        let mut of_trees = Vec::new();
        let trees = self.forest.explain(row, &mut of_trees);
        let mut score = self.card.explain(row, out);
        for (part, more) in out.iter_mut().zip(of_trees) {
            *part += more;
        }
        for (subtotal, more) in score.subtotals.iter_mut().zip(trees.subtotals) {
            *subtotal += more;
        }
        score.log_odds += trees.log_odds;
        score.index = self.scale.index(score.log_odds);
        score
    }

    /// Shapley's values of the features, without pairs: of a sum they are the
    /// sums of those of its parts.
    pub(crate) fn shapley(&self, row: &[Option<i64>]) -> Vec<i64> {
        let mut parts = Vec::new();
        let trees = self.forest.explain(row, &mut parts);
        let mut values = self.forest.shapley(row, trees.log_odds);
        self.card.contributions(row, &mut parts);
        for (value, part) in values.iter_mut().zip(parts) {
            *value += part;
        }
        values
    }

    /// What every enterprise starts from, in micro-log-odds.
    pub fn intercept(&self) -> i64 {
        self.card.intercept() + self.forest.intercept()
    }

    /// The features in row order.
    pub fn features(&self) -> &[FeatureSpec] {
        self.card.features()
    }

    /// The version of the blend.
    pub fn version(&self) -> &str {
        &self.version
    }

    pub(crate) fn scale(&self) -> &Scale {
        &self.scale
    }

    /// What two features say together in the scorecard.
    pub(crate) fn pairs(&self) -> &[Pair] {
        self.card.pairs()
    }

    /// The value in words: its trees have no bins that a person could look up.
    pub fn value_label(&self, value: Option<i64>) -> String {
        self.forest.value_label(value)
    }
}
