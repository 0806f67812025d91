//! How a scorecard is trained: every default in one place.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ModelError;
use crate::index::Anchors;
use crate::score::logit;

/// Which kind of model is trained.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ModelKind {
    /// Bins with weights, one list a feature: [`crate::Scorecard`].
    #[default]
    Scorecard,
    /// Many deep trees, averaged: [`crate::Forest`].
    Forest,
    /// The mean of both: [`crate::Blend`].
    Blend,
}

/// Every kind, in the order in which they are shown.
pub const KINDS: [ModelKind; 3] = [ModelKind::Scorecard, ModelKind::Forest, ModelKind::Blend];

impl ModelKind {
    /// As it is written in configurations and artifacts.
    pub fn name(self) -> &'static str {
        match self {
            ModelKind::Scorecard => "scorecard",
            ModelKind::Forest => "forest",
            ModelKind::Blend => "blend",
        }
    }
}

/// How a forest is grown. The defaults are the usual ones of random forests
/// (Breiman 2001) but for the share of features, which is a fifth and not the
/// square root: many registry features say nothing.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ForestParams {
    /// Trees, 1 to 1,000.
    pub trees: usize,
    /// The share of features looked at for a split, above 0 and up to 1.
    pub tries: f64,
    /// The fewest rows on either side of a split, at least 1.
    pub min_leaf: usize,
    /// The most enterprises that one tree is grown on, drawn with replacement.
    pub draw: usize,
}

impl Default for ForestParams {
    fn default() -> Self {
        ForestParams {
            trees: 500,
            tries: 0.2,
            min_leaf: 1,
            draw: 20_000,
        }
    }
}

/// Training parameters. The defaults suit some thousands of labelled
/// enterprises with a few percent positives.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrainParams {
    /// Which kind of model is trained.
    pub kind: ModelKind,
    /// How a forest is grown.
    pub forest: ForestParams,
    /// The most ranges a number is cut into in the end, 2 to 64.
    pub max_bins: usize,
    /// The fewest rows of a range, at least 1.
    pub min_bin_rows: usize,
    /// Neighbouring ranges whose weights differ by less than chance explains
    /// (chi-squared below this) are merged.
    pub merge_below: f64,
    /// The fewest rows of a category value that gets a bin of its own; rarer
    /// values share *other*.
    pub min_value_rows: usize,
    /// For its weight of evidence a bin is mixed with this many average rows, so
    /// that small bins say little; above 0.
    pub shrinkage: f64,
    /// L2 penalty of the regression on the weights of evidence; above 0.
    pub alpha: f64,
    /// How far a bin's weight is expected to leave its feature's evidence, as a
    /// standard deviation of log-odds; above 0.
    pub freedom: f64,
    /// How far it is expected to leave that of the next range; above 0.
    pub step: f64,
    /// The most pairs of features that weigh together; 0: none.
    pub pairs: usize,
    /// How much a cell of a pair is expected to weigh, as a standard deviation of
    /// log-odds; above 0.
    pub pair_freedom: f64,
    /// Whether how strongly weights are held back, which features may weigh
    /// anything and how many pairs is chosen by validation within the training
    /// rows; `pairs` is the most then.
    pub select: bool,
    /// Whether a scorecard leaves features out along a path of costs, the cost being
    /// the largest that foretells rows held out within the training rows about as
    /// well as the best does. Not with `select`, which chooses by another rule.
    pub sparse: bool,
    /// Whether levels of categories borrow from each other as much as the data
    /// says that they resemble each other, in place of `shrinkage`.
    pub pooled: bool,
    /// By what a code is divided to give that of its parent, by feature.
    pub parents: BTreeMap<String, i64>,
    /// Folds whose held-out scores calibrate the probability, 2 to 20.
    pub calibration_folds: usize,
    /// The share of positives among all enterprises, where those with an outcome
    /// are not a sample of them: the intercept is moved so that probabilities
    /// hold for all. Above 0 and below 1.
    pub base_rate: Option<f64>,
    /// Names of features more of which never lowers the risk: so says the domain,
    /// whatever a sample says.
    pub rising: Vec<String>,
    /// Names of features more of which never raises the risk.
    pub falling: Vec<String>,
    /// Seed of the split into those folds.
    pub seed: u64,
    /// Points (centi-index, micro-log-odds) of the index; empty means the
    /// defaults (probability 0.05, 0.20, 0.40, 0.70 at index 40, 60, 70, 80).
    pub anchors: Vec<(u16, i64)>,
}

impl Default for TrainParams {
    fn default() -> Self {
        TrainParams {
            kind: ModelKind::default(),
            forest: ForestParams::default(),
            max_bins: 12,
            min_bin_rows: 10,
            merge_below: 0.05,
            min_value_rows: 5,
            shrinkage: 20.0,
            alpha: 100.0,
            freedom: 1.5,
            step: 0.35,
            pairs: 0,
            pair_freedom: 0.15,
            select: false,
            sparse: false,
            pooled: false,
            parents: BTreeMap::new(),
            calibration_folds: 5,
            base_rate: None,
            rising: Vec::new(),
            falling: Vec::new(),
            seed: 1,
            anchors: Vec::new(),
        }
    }
}

impl TrainParams {
    /// Checks them whole and gives the anchors to use.
    pub(crate) fn check(&self) -> Result<Anchors, ModelError> {
        let mut faults = self.faults();
        if self.anchors.is_empty() && faults.is_empty() {
            return Ok(Anchors::default());
        }
        if !self.anchors.is_empty() {
            match Anchors::new(self.anchors.clone()) {
                Ok(anchors) if faults.is_empty() => return Ok(anchors),
                Ok(_) => {}
                Err(wrong) => faults.extend(wrong),
            }
        }
        Err(ModelError::Params(faults))
    }

    /// Every parameter that is out of bounds, with what is allowed.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let counts = [
            ("max_bins", self.max_bins, 2, 64),
            ("min_bin_rows", self.min_bin_rows, 1, 1_000_000),
            ("min_value_rows", self.min_value_rows, 1, 1_000_000),
            ("calibration_folds", self.calibration_folds, 2, 20),
            ("pairs", self.pairs, 0, 100),
            ("trees", self.forest.trees, 1, 1_000),
            ("min_leaf", self.forest.min_leaf, 1, 1_000_000),
            ("draw", self.forest.draw, 1, 10_000_000),
        ];
        for (name, value, low, high) in counts {
            if !(low..=high).contains(&value) {
                faults.push(format!("{name} `{value}`, allowed are {low} to {high}"));
            }
        }
        let sizes = [
            ("merge_below", self.merge_below, 0.0, 1e6),
            ("shrinkage", self.shrinkage, 1e-3, 1e6),
            ("alpha", self.alpha, 1e-3, 1e9),
            ("freedom", self.freedom, 1e-3, 10.0),
            ("step", self.step, 1e-3, 10.0),
            ("pair_freedom", self.pair_freedom, 1e-3, 10.0),
            ("tries", self.forest.tries, 1e-6, 1.0),
        ];
        for (name, value, low, high) in sizes {
            // NaN is in no range.
            if !(low..=high).contains(&value) {
                faults.push(format!("{name} `{value}`, allowed are {low} to {high}"));
            }
        }
        if self.sparse && self.select {
            faults.push("sparsity `path` and select: one of them chooses features".to_owned());
        }
        if let Some(rate) = self.base_rate.filter(|rate| !(1e-9..=0.999).contains(rate)) {
            faults.push(format!("base_rate `{rate}`, allowed are 1e-9 to 0.999"));
        }
        faults
    }

    /// By how much the log-odds of `positive` examples of `all` differ from those
    /// of all enterprises (King and Zeng 2001, prior correction).
    pub(crate) fn prior_offset(&self, positive: usize, all: usize) -> f64 {
        let offset = |rate| logit(rate) - logit(positive as f64 / all as f64);
        self.base_rate.map_or(0.0, offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_allowed_and_every_fault_is_listed() {
        assert!(TrainParams::default().check().is_ok());
        let wrong = TrainParams {
            max_bins: 1,
            alpha: f64::NAN,
            anchors: vec![(4000, 0)],
            ..TrainParams::default()
        };
        let message = wrong.check().unwrap_err().to_string();
        for part in ["max_bins `1`", "alpha `NaN`", "`anchors` has 1 points"] {
            assert!(message.contains(part), "{message}");
        }
    }
}
