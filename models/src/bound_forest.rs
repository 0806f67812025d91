//! A forest tied to the configured features: the fast path.
//!
//! Contract: intercept and contributions are integers and sum to `log_odds`
//! exactly. A row shorter than the features counts as missing at its end, and
//! values beyond the features are ignored.

use std::sync::Arc;

use crate::category::CATEGORIES;
use crate::feature::{FeatureSpec, unscaled};
use crate::forest::{Branch, Forest, Node};
use crate::scale::Scale;
use crate::score::Score;
use crate::shapley::Game;

/// A forest that scores rows. Cloning it copies a pointer.
#[derive(Debug, Clone)]
pub struct BoundForest(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    version: String,
    /// The base and the values of all roots.
    intercept: i64,
    scale: Scale,
    specs: Vec<FeatureSpec>,
    trees: Vec<Vec<Node>>,
}

impl BoundForest {
    /// `places` says where in a row each of the forest's features is.
    pub(crate) fn new(forest: &Forest, specs: &[FeatureSpec], places: &[usize]) -> BoundForest {
        let moved = |node: &Node| Node {
            split: node.split.map(|branch| Branch {
                feature: places[branch.feature as usize] as u32,
                ..branch
            }),
            ..*node
        };
        let trees = forest.trees.iter();
        let trees: Vec<Vec<Node>> = trees.map(|tree| tree.iter().map(moved).collect()).collect();
        let roots = trees.iter().filter_map(|tree| tree.first());
        BoundForest(Arc::new(Inner {
            version: forest.version().to_owned(),
            intercept: forest.base + roots.map(|root| root.value).sum::<i64>(),
            scale: forest.scale.clone(),
            specs: specs.to_vec(),
            trees,
        }))
    }

    /// Replaces `out` by what each feature contributes, in micro-log-odds and in
    /// feature order, and gives the score that they and the intercept sum to.
    pub fn explain(&self, row: &[Option<i64>], out: &mut Vec<i64>) -> Score {
        let inner = &*self.0;
        out.clear();
        out.resize(inner.specs.len(), 0);
        for tree in &inner.trees {
            descend(tree, row, out);
        }
        let mut subtotals = [0; CATEGORIES];
        for (spec, weight) in inner.specs.iter().zip(out.iter()) {
            subtotals[spec.category.index()] += weight;
        }
        let log_odds = inner.intercept + subtotals.iter().sum::<i64>();
        Score {
            log_odds,
            index: inner.scale.index(log_odds),
            subtotals,
        }
    }

    /// Shapley's values of the features, in micro-log-odds and in feature order;
    /// with the intercept they sum to `log_odds`, the score of the row.
    pub(crate) fn shapley(&self, row: &[Option<i64>], log_odds: i64) -> Vec<i64> {
        let mut game = Game::new(self.0.specs.len());
        for tree in &self.0.trees {
            game.add(tree, row);
        }
        game.rounded(log_odds - self.0.intercept)
    }

    /// What every enterprise starts from, in micro-log-odds.
    pub fn intercept(&self) -> i64 {
        self.0.intercept
    }

    /// The features in row order.
    pub fn features(&self) -> &[FeatureSpec] {
        &self.0.specs
    }

    /// The version of the forest.
    pub fn version(&self) -> &str {
        &self.0.version
    }

    pub(crate) fn scale(&self) -> &Scale {
        &self.0.scale
    }

    /// The value in words: trees have no bins that a person could look up.
    pub fn value_label(&self, value: Option<i64>) -> String {
        value.map_or("missing".to_owned(), |value| {
            format!("= {}", unscaled(value))
        })
    }
}

/// Adds what a tree's splits change the value by on the way to the leaf.
fn descend(tree: &[Node], row: &[Option<i64>], out: &mut [i64]) {
    let mut place = 0;
    while let Some(Node {
        value,
        split: Some(branch),
    }) = tree.get(place)
    {
        let feature = branch.feature as usize;
        place = if branch.goes_left(row.get(feature).copied().flatten()) {
            place + 1
        } else {
            branch.right as usize
        };
        let next = tree.get(place).map_or(*value, |node| node.value);
        out[feature] += next - value;
    }
}
