//! A model of any kind: what is written, and what scores.
//!
//! Contract: whoever scores or explains need not know the kind. Contributions
//! are one integer a feature, then one a term (pairs, caps), and with the
//! intercept they sum to the score.

use serde::Deserialize;

use crate::ModelError;
use crate::blend::Blend;
use crate::bound::{Base, BoundScorecard, Reached};
use crate::bound_blend::BoundBlend;
use crate::bound_forest::BoundForest;
use crate::cap::{Cap, Caps, Scored};
use crate::category::CATEGORIES;
use crate::feature::FeatureSpec;
use crate::forest::Forest;
use crate::pair::{Pair, halves};
use crate::params::ModelKind;
use crate::scale::Scale;
use crate::score::{Said, Score, probability};
use crate::scorecard::{Provenance, Scorecard};
use crate::term::Term;

/// A checked artifact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Artifact {
    /// Bins with weights.
    Scorecard(Scorecard),
    /// Trees with weights.
    Forest(Forest),
    /// A scorecard and a forest, added.
    Blend(Blend),
}

/// A model that scores rows, under the caps of the configuration. Cloning it
/// copies a pointer and the caps.
#[derive(Debug, Clone)]
pub struct BoundModel {
    kind: Bound,
    caps: Caps,
}

#[derive(Debug, Clone)]
enum Bound {
    Scorecard(BoundScorecard),
    Forest(BoundForest),
    Blend(BoundBlend),
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
            "blend" => Ok(Artifact::Blend(Blend::from_json(text)?)),
            other => Err(ModelError::Scorecard(vec![format!(
                "kind `{other}`, allowed are `scorecard`, `forest` and `blend`"
            )])),
        }
    }

    /// Writes it as JSON; equal models give equal text.
    pub fn to_json(&self) -> String {
        match self {
            Artifact::Scorecard(card) => card.to_json(),
            Artifact::Forest(forest) => forest.to_json(),
            Artifact::Blend(blend) => blend.to_json(),
        }
    }

    /// Which kind it is.
    pub fn kind(&self) -> ModelKind {
        match self {
            Artifact::Scorecard(_) => ModelKind::Scorecard,
            Artifact::Forest(_) => ModelKind::Forest,
            Artifact::Blend(_) => ModelKind::Blend,
        }
    }

    /// The hash of its content, 12 hexadecimal digits.
    pub fn version(&self) -> &str {
        match self {
            Artifact::Scorecard(card) => card.version(),
            Artifact::Forest(forest) => forest.version(),
            Artifact::Blend(blend) => blend.version(),
        }
    }

    /// The points (log-odds of the sum, calibrated log-odds; both in millionths)
    /// through which probability and index are read; none where they are read of the
    /// sum itself.
    pub fn calibration(&self) -> &[(i64, i64)] {
        match self {
            Artifact::Scorecard(card) => card.scale.calibration.points(),
            Artifact::Forest(forest) => forest.scale.calibration.points(),
            Artifact::Blend(blend) => blend.calibration(),
        }
    }

    /// The models that it is the mean of, each with its kind and version; none but
    /// of a blend. They count alike: each carries half of the weights.
    pub fn parts(&self) -> Vec<(ModelKind, &str)> {
        match self {
            Artifact::Blend(blend) => {
                let kinds = [ModelKind::Scorecard, ModelKind::Forest];
                kinds.into_iter().zip(blend.parts()).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Where it comes from.
    pub fn provenance(&self) -> &Provenance {
        match self {
            Artifact::Scorecard(card) => card.provenance(),
            Artifact::Forest(forest) => forest.provenance(),
            Artifact::Blend(blend) => blend.provenance(),
        }
    }

    /// Ties it to the configured features: rows come in the order of `specs`.
    ///
    /// # Errors
    /// [`ModelError::Features`] with every missing, extra, repeated and changed
    /// feature.
    pub fn bind(&self, specs: &[FeatureSpec]) -> Result<BoundModel, ModelError> {
        let kind = match self {
            Artifact::Scorecard(card) => Bound::Scorecard(card.bind(specs)?),
            Artifact::Forest(forest) => Bound::Forest(forest.bind(specs)?),
            Artifact::Blend(blend) => Bound::Blend(blend.bind(specs)?),
        };
        let caps = Caps::default();
        Ok(BoundModel { kind, caps })
    }
}

impl From<Scorecard> for Artifact {
    fn from(card: Scorecard) -> Artifact {
        Artifact::Scorecard(card)
    }
}

impl BoundModel {
    /// The same model under caps; those it had are dropped.
    #[must_use]
    pub fn capped(self, caps: &[Cap]) -> BoundModel {
        let scored = Scored {
            intercept: self.intercept(),
            scale: self.scale(),
            features: self.features(),
            pairs: self.pairs().iter().map(|pair| pair.features).collect(),
        };
        let caps = Caps::new(caps, &scored);
        BoundModel { caps, ..self }
    }

    /// What two features say together; a forest has none apart.
    fn pairs(&self) -> &[Pair] {
        match &self.kind {
            Bound::Scorecard(card) => card.pairs(),
            Bound::Forest(_) => &[],
            Bound::Blend(blend) => blend.pairs(),
        }
    }

    /// Which kind it is.
    pub fn kind(&self) -> ModelKind {
        match self.kind {
            Bound::Scorecard(_) => ModelKind::Scorecard,
            Bound::Forest(_) => ModelKind::Forest,
            Bound::Blend(_) => ModelKind::Blend,
        }
    }

    /// Scores one enterprise; `row` in feature order.
    pub fn score(&self, row: &[Option<i64>]) -> Score {
        match &self.kind {
            Bound::Scorecard(card) if self.caps.is_empty() => card.score(row),
            _ => self.explain(row, &mut Vec::new()),
        }
    }

    /// Replaces `out` by what each feature contributes, in micro-log-odds and in
    /// feature order, then what each of [`BoundModel::terms`] does, and gives the
    /// score: with the intercept they sum to it.
    pub fn explain(&self, row: &[Option<i64>], out: &mut Vec<i64>) -> Score {
        let mut score = self.uncapped(row, out);
        self.caps.apply(&mut score, self.scale(), out);
        score
    }

    fn uncapped(&self, row: &[Option<i64>], out: &mut Vec<i64>) -> Score {
        match &self.kind {
            Bound::Scorecard(card) => card.explain(row, out),
            Bound::Forest(forest) => forest.explain(row, out),
            Bound::Blend(blend) => blend.explain(row, out),
        }
    }

    /// What contributes behind the features, in the order of contributions.
    pub fn terms(&self) -> Vec<Term> {
        let pairs = self.pairs().iter().map(|pair| pair.features);
        let pairs = pairs.map(|[first, second]| Term::Pair(first, second));
        let caps = self.caps.iter();
        pairs
            .chain(caps.map(|(over, limit)| Term::Cap(over, limit)))
            .collect()
    }

    /// Whether what a feature contributes depends on its own value alone; what
    /// several say together, and caps, are terms of their own then.
    pub fn is_additive(&self) -> bool {
        matches!(self.kind, Bound::Scorecard(_))
    }

    /// The score of `row`, as where to begin for rows that differ in few places.
    pub fn base(&self, row: Vec<Option<i64>>) -> Base {
        let mut contributions = Vec::new();
        let score = self.uncapped(&row, &mut contributions);
        Base::new(row, contributions, score)
    }

    /// [`BoundModel::explain`] of a row that differs from that of `base` at most
    /// in the features `touched`, which spares a scorecard all others.
    pub fn score_from(
        &self,
        base: &Base,
        row: &[Option<i64>],
        touched: &[u16],
        reached: &mut Reached,
    ) -> Score {
        reached.begin(base);
        self.score_on(row, touched, reached)
    }

    /// The same from the row that this model `reached` last.
    pub fn score_on(&self, row: &[Option<i64>], moved: &[u16], reached: &mut Reached) -> Score {
        let contributions = &mut reached.contributions;
        match &self.kind {
            Bound::Scorecard(card) => card.score_on(row, moved, reached),
            Bound::Forest(forest) => reached.score = forest.explain(row, contributions),
            Bound::Blend(blend) => reached.score = blend.explain(row, contributions),
        }
        let mut score = reached.score;
        self.caps
            .apply(&mut score, self.scale(), &mut reached.contributions);
        score
    }

    /// Shapley's value of each feature, in micro-log-odds and in feature order, then
    /// what each cap takes: with the intercept they sum to the score. They are for
    /// people; what opens the gates of levels and names reasons are the
    /// contributions of [`BoundModel::explain`].
    ///
    /// A forest's are exact for the game of path-dependent TreeSHAP (see the head of
    /// `shapley.rs`). A scorecard is a sum, so a feature's value is its own
    /// contribution and half of each pair that it is in. A blend is the sum of both.
    pub fn shapley(&self, row: &[Option<i64>]) -> Vec<i64> {
        let mut parts = Vec::new();
        let score = self.uncapped(row, &mut parts);
        let features = self.features().len();
        let mut values = match &self.kind {
            Bound::Scorecard(_) => parts[..features].to_vec(),
            Bound::Forest(forest) => forest.shapley(row, score.log_odds),
            Bound::Blend(blend) => blend.shapley(row),
        };
        for (pair, weight) in self.pairs().iter().zip(&parts[features..]) {
            for (place, half) in pair.features.into_iter().zip(halves(*weight)) {
                values[place] += half;
            }
        }
        let behind = parts.len();
        self.caps.apply(&mut { score }, self.scale(), &mut parts);
        values.extend(&parts[behind..]);
        values
    }

    /// The contributions alone.
    pub fn contributions(&self, row: &[Option<i64>], out: &mut Vec<i64>) {
        self.explain(row, out);
    }

    /// The most by which the score can rise when one feature goes from one value
    /// to another, whatever the others are and do: several features together add
    /// at most the sum of theirs. `None` where there are trees, of which only
    /// trying all would tell.
    pub fn most_gain(&self, feature: usize, from: Option<i64>, to: Option<i64>) -> Option<i64> {
        let Bound::Scorecard(card) = &self.kind else {
            return None;
        };
        let gains = card.most_gains(feature, from, to);
        if self.caps.is_empty() {
            return Some(gains.sum());
        }
        // What a cap has cut off already cannot be lost, so only what rises
        // counts. Halves of a pair may round apart.
        if !self.caps.cross() {
            return Some(gains.map(|gain| (gain + 1).max(0)).sum());
        }
        // What a group has of one category takes room from its others: less of
        // the one may be more of the score. Shares of a cut may round apart.
        let losses = card.most_gains(feature, to, from);
        let sizes = gains.zip(losses).map(|(gain, loss)| gain.max(loss) + 1);
        Some(sizes.sum::<i64>() + 2 * CATEGORIES as i64)
    }

    /// What every enterprise starts from, in micro-log-odds.
    pub fn intercept(&self) -> i64 {
        match &self.kind {
            Bound::Scorecard(card) => card.intercept(),
            Bound::Forest(forest) => forest.intercept(),
            Bound::Blend(blend) => blend.intercept(),
        }
    }

    /// The features in row order.
    pub fn features(&self) -> &[FeatureSpec] {
        match &self.kind {
            Bound::Scorecard(card) => card.features(),
            Bound::Forest(forest) => forest.features(),
            Bound::Blend(blend) => blend.features(),
        }
    }

    /// The version of the artifact.
    pub fn version(&self) -> &str {
        match &self.kind {
            Bound::Scorecard(card) => card.version(),
            Bound::Forest(forest) => forest.version(),
            Bound::Blend(blend) => blend.version(),
        }
    }

    /// The bin of `value` in words, such as `3 to < 7`, `= 5` or `missing`; of a
    /// forest or a blend, which have no bins, the value. Empty for a feature that a scorecard
    /// does not have.
    pub fn bin_label(&self, feature: usize, value: Option<i64>) -> String {
        match &self.kind {
            Bound::Scorecard(card) => card.bin_label(feature, value),
            Bound::Forest(forest) => forest.value_label(value),
            Bound::Blend(blend) => blend.value_label(value),
        }
    }

    /// The cell of a pair that `row` falls into, in words, such as
    /// `≥ 3 × missing`; `pair` counts among the terms. Empty for any other term.
    pub fn pair_label(&self, pair: usize, row: &[Option<i64>]) -> String {
        let value = |place: usize| row.get(place).copied().flatten();
        let pair = self.pairs().get(pair);
        pair.map_or_else(String::new, |pair| pair.label(pair.features.map(value)))
    }

    /// Every cell of a pair in words with its weight; `pair` counts among the
    /// terms. None of any other term.
    pub fn pair_cells(&self, pair: usize) -> Vec<(String, i64)> {
        self.pairs().get(pair).map(Pair::cells).unwrap_or_default()
    }

    /// Every bin of a feature in words with its weight; where there are trees, none.
    pub fn bins(&self, feature: usize) -> Vec<(String, i64)> {
        match &self.kind {
            Bound::Scorecard(card) => card.bins(feature),
            Bound::Forest(_) | Bound::Blend(_) => Vec::new(),
        }
    }

    /// The index that `log_odds` (micro) means, in centi-points.
    pub fn index(&self, log_odds: i64) -> u16 {
        self.scale().index(log_odds)
    }

    /// What the sum of contributions (micro-log-odds) comes to behind the
    /// calibration; itself where the model has none.
    pub fn calibrated(&self, log_odds: i64) -> i64 {
        self.scale().calibrated(log_odds)
    }

    /// What it says of a row.
    pub fn said(&self, row: &[Option<i64>]) -> Said {
        let log_odds = self.score(row).log_odds;
        Said {
            log_odds,
            calibrated: self.calibrated(log_odds),
        }
    }

    /// Whether probability and index are read behind a calibration.
    pub fn is_bent(&self) -> bool {
        !self.scale().calibration.points().is_empty()
    }

    /// The probability of a score, 0 to 1. `index` tells whether the score is this
    /// model's: one that another model gave it is told by that index, to a
    /// hundredth of a point.
    pub fn probability(&self, log_odds: i64, index: u16) -> f64 {
        probability(self.scale().calibrated_as(log_odds, index))
    }

    /// The least log-odds (micro) that reach `index` centi-points; `None` for an
    /// index that nothing reaches, such as 100.
    pub fn log_odds_at(&self, index: u16) -> Option<i64> {
        self.scale().log_odds_at(index)
    }

    fn scale(&self) -> &Scale {
        match &self.kind {
            Bound::Scorecard(card) => card.scale(),
            Bound::Forest(forest) => forest.scale(),
            Bound::Blend(blend) => blend.scale(),
        }
    }
}
