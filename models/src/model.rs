//! A model of either kind: what is written, and what scores.
//!
//! Contract: whoever scores or explains need not know the kind. Contributions
//! are one integer a feature, and with the intercept they sum to the score.

use serde::Deserialize;

use crate::ModelError;
use crate::bound::{Base, BoundScorecard};
use crate::bound_forest::BoundForest;
use crate::feature::FeatureSpec;
use crate::forest::Forest;
use crate::index::Anchors;
use crate::params::ModelKind;
use crate::score::Score;
use crate::scorecard::{Provenance, Scorecard};

/// A checked artifact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Artifact {
    /// Bins with weights.
    Scorecard(Scorecard),
    /// Trees with weights.
    Forest(Forest),
}

/// A model that scores rows. Cloning it copies a pointer.
#[derive(Debug, Clone)]
pub enum BoundModel {
    /// Bins with weights.
    Scorecard(BoundScorecard),
    /// Trees with weights.
    Forest(BoundForest),
}

#[derive(Deserialize)]
struct Head {
    kind: String,
}

impl Artifact {
    /// Reads and checks a model of the kind that it says it is.
    ///
    /// # Errors
    /// As [`Scorecard::from_json`].
    pub fn from_json(text: &str) -> Result<Artifact, ModelError> {
        let head: Head = serde_json::from_str(text)?;
        match head.kind.as_str() {
            "scorecard" => Ok(Artifact::Scorecard(Scorecard::from_json(text)?)),
            "forest" => Ok(Artifact::Forest(Forest::from_json(text)?)),
            other => Err(ModelError::Scorecard(vec![format!(
                "kind `{other}`, allowed are `scorecard` and `forest`"
            )])),
        }
    }

    /// Writes it as JSON; equal models give equal text.
    pub fn to_json(&self) -> String {
        match self {
            Artifact::Scorecard(card) => card.to_json(),
            Artifact::Forest(forest) => forest.to_json(),
        }
    }

    /// Which kind it is.
    pub fn kind(&self) -> ModelKind {
        match self {
            Artifact::Scorecard(_) => ModelKind::Scorecard,
            Artifact::Forest(_) => ModelKind::Forest,
        }
    }

    /// The hash of its content, 12 hexadecimal digits.
    pub fn version(&self) -> &str {
        match self {
            Artifact::Scorecard(card) => card.version(),
            Artifact::Forest(forest) => forest.version(),
        }
    }

    /// Where it comes from.
    pub fn provenance(&self) -> &Provenance {
        match self {
            Artifact::Scorecard(card) => card.provenance(),
            Artifact::Forest(forest) => forest.provenance(),
        }
    }

    /// Ties it to the configured features: rows come in the order of `specs`.
    ///
    /// # Errors
    /// [`ModelError::Features`] with every missing, extra, repeated and changed
    /// feature.
    pub fn bind(&self, specs: &[FeatureSpec]) -> Result<BoundModel, ModelError> {
        Ok(match self {
            Artifact::Scorecard(card) => BoundModel::Scorecard(card.bind(specs)?),
            Artifact::Forest(forest) => BoundModel::Forest(forest.bind(specs)?),
        })
    }
}

impl From<Scorecard> for Artifact {
    fn from(card: Scorecard) -> Artifact {
        Artifact::Scorecard(card)
    }
}

impl From<BoundScorecard> for BoundModel {
    fn from(card: BoundScorecard) -> BoundModel {
        BoundModel::Scorecard(card)
    }
}

impl BoundModel {
    /// Which kind it is.
    pub fn kind(&self) -> ModelKind {
        match self {
            BoundModel::Scorecard(_) => ModelKind::Scorecard,
            BoundModel::Forest(_) => ModelKind::Forest,
        }
    }

    /// Scores one enterprise; `row` in feature order.
    pub fn score(&self, row: &[Option<i64>]) -> Score {
        match self {
            BoundModel::Scorecard(card) => card.score(row),
            BoundModel::Forest(forest) => forest.explain(row, &mut Vec::new()),
        }
    }

    /// Replaces `out` by what each feature contributes, in micro-log-odds and in
    /// feature order, and gives the score: with the intercept they sum to it.
    pub fn explain(&self, row: &[Option<i64>], out: &mut Vec<i64>) -> Score {
        match self {
            BoundModel::Scorecard(card) => card.explain(row, out),
            BoundModel::Forest(forest) => forest.explain(row, out),
        }
    }

    /// Whether what a feature contributes depends on its own value alone.
    pub fn is_additive(&self) -> bool {
        matches!(self, BoundModel::Scorecard(_))
    }

    /// The score of `row`, as where to begin for rows that differ in few places.
    pub fn base(&self, row: Vec<Option<i64>>) -> Base {
        let mut contributions = Vec::new();
        let score = self.explain(&row, &mut contributions);
        Base::new(row, contributions, score)
    }

    /// [`BoundModel::explain`] of a row that differs from that of `base` at most
    /// in the features `touched`, which spares a scorecard all others.
    pub fn score_from(
        &self,
        base: &Base,
        row: &[Option<i64>],
        touched: &[u16],
        contributions: &mut Vec<i64>,
    ) -> Score {
        match self {
            BoundModel::Scorecard(card) => card.score_from(base, row, touched, contributions),
            BoundModel::Forest(forest) => forest.explain(row, contributions),
        }
    }

    /// The contributions alone.
    pub fn contributions(&self, row: &[Option<i64>], out: &mut Vec<i64>) {
        match self {
            BoundModel::Scorecard(card) => card.contributions(row, out),
            BoundModel::Forest(forest) => {
                forest.explain(row, out);
            }
        }
    }

    /// What every enterprise starts from, in micro-log-odds.
    pub fn intercept(&self) -> i64 {
        match self {
            BoundModel::Scorecard(card) => card.intercept(),
            BoundModel::Forest(forest) => forest.intercept(),
        }
    }

    /// The features in row order.
    pub fn features(&self) -> &[FeatureSpec] {
        match self {
            BoundModel::Scorecard(card) => card.features(),
            BoundModel::Forest(forest) => forest.features(),
        }
    }

    /// The version of the artifact.
    pub fn version(&self) -> &str {
        match self {
            BoundModel::Scorecard(card) => card.version(),
            BoundModel::Forest(forest) => forest.version(),
        }
    }

    /// The bin of `value` in words, such as `3 to < 7`, `= 5` or `missing`; of a
    /// forest, which has no bins, the value. Empty for a feature that a scorecard
    /// does not have.
    pub fn bin_label(&self, feature: usize, value: Option<i64>) -> String {
        match self {
            BoundModel::Scorecard(card) => card.bin_label(feature, value),
            BoundModel::Forest(forest) => forest.value_label(value),
        }
    }

    /// Every bin of a feature in words with its weight; a forest has none.
    pub fn bins(&self, feature: usize) -> Vec<(String, i64)> {
        match self {
            BoundModel::Scorecard(card) => card.bins(feature),
            BoundModel::Forest(_) => Vec::new(),
        }
    }

    /// The index that `log_odds` (micro) means, in centi-points.
    pub fn index(&self, log_odds: i64) -> u16 {
        self.anchors().index(log_odds)
    }

    /// The least log-odds (micro) that reach `index` centi-points; `None` for an
    /// index of 100, which nothing reaches.
    pub fn log_odds_at(&self, index: u16) -> Option<i64> {
        self.anchors().log_odds_at(index)
    }

    fn anchors(&self) -> &Anchors {
        match self {
            BoundModel::Scorecard(card) => card.anchors(),
            BoundModel::Forest(forest) => forest.anchors(),
        }
    }
}
