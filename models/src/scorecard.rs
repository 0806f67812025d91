//! The scorecard: the versioned artifact that turns features into log-odds.
//!
//! Contract: a `Scorecard` is checked; its bins are complete and do not overlap,
//! names are unique, weights are bounded, and `version` is the hash of its
//! content. Its JSON is written in one way only, so equal cards are equal text.
//! The hash tells an edited or damaged file from a whole one; it is no
//! signature.

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use crate::ModelError;
use crate::artifact::RawCard;
use crate::binding::differences;
use crate::bound::BoundScorecard;
use crate::feature::FeatureSpec;
use crate::pair::Pair;
use crate::partition::Partition;
use crate::render::render;
use crate::scale::Scale;
use crate::train_blend::scaled;

/// Where a scorecard comes from. Part of what the version is computed of.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Provenance {
    /// Hash of the rows and labels it was trained on.
    pub data_hash: String,
    /// Hash of the configuration that computed the features.
    pub config_hash: String,
    /// When it was made, as the caller writes it.
    pub created: String,
    /// Whatever a person should know about it.
    pub note: String,
}

impl Provenance {
    /// Says one thing more in the note.
    pub(crate) fn and(self, more: &str) -> Provenance {
        let parts = [self.note.as_str(), more];
        let said = parts.into_iter().filter(|part| !part.is_empty());
        Provenance {
            note: said.collect::<Vec<_>>().join("; "),
            ..self
        }
    }
}

/// One feature of a scorecard: its bins and what each weighs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardFeature {
    pub(crate) spec: FeatureSpec,
    pub(crate) partition: Partition,
    /// Micro-log-odds by bin.
    pub(crate) weights: Vec<i64>,
}

impl CardFeature {
    /// The feature the bins are for.
    pub fn spec(&self) -> &FeatureSpec {
        &self.spec
    }

    /// Every bin in words with its weight in micro-log-odds: missing first, then
    /// rising, *other* last.
    pub fn bins(&self) -> Vec<(String, i64)> {
        let labelled = |(bin, weight): (usize, &i64)| (self.partition.label(bin), *weight);
        self.weights.iter().enumerate().map(labelled).collect()
    }

    /// Whether any value of it changes the score.
    pub fn is_used(&self) -> bool {
        self.weights.iter().any(|weight| *weight != 0)
    }
}

/// A checked scorecard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scorecard {
    version: String,
    pub(crate) provenance: Provenance,
    pub(crate) intercept: i64,
    pub(crate) scale: Scale,
    pub(crate) features: Vec<CardFeature>,
    /// What two features say together.
    pub(crate) pairs: Vec<Pair>,
}

impl Scorecard {
    /// Reads and checks a scorecard, written by [`Scorecard::to_json`] or by hand.
    ///
    /// By hand, `version`, `provenance`, `anchors` and `calibration` may be left
    /// out.
    ///
    /// # Errors
    /// [`ModelError::Json`] when it is not of this shape, [`ModelError::Scorecard`]
    /// with all faults when it contradicts itself, [`ModelError::Version`] when
    /// it states a version that is not the one of its content.
    pub fn from_json(text: &str) -> Result<Scorecard, ModelError> {
        let raw: RawCard = serde_json::from_str(text)?;
        let stated = raw.version.clone();
        let card = raw.check().map_err(ModelError::Scorecard)?;
        if stated.is_empty() || stated == card.version {
            return Ok(card);
        }
        let computed = card.version;
        Err(ModelError::Version { stated, computed })
    }

    /// Writes it as JSON, one bin a line; equal cards give equal text.
    pub fn to_json(&self) -> String {
        render(self, &self.version)
    }

    /// Seals parts that are known to be right and complete.
    pub(crate) fn seal(
        provenance: Provenance,
        intercept: i64,
        scale: Scale,
        features: Vec<CardFeature>,
        pairs: Vec<Pair>,
    ) -> Scorecard {
        let mut card = Scorecard {
            version: String::new(),
            provenance,
            intercept,
            scale,
            features,
            pairs,
        };
        let hash = xxh3_64(render(&card, "").as_bytes());
        card.version = format!("{:012x}", hash >> 16);
        card
    }

    /// The hash of its content, 12 hexadecimal digits.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Where it comes from.
    pub fn provenance(&self) -> &Provenance {
        &self.provenance
    }

    /// What every enterprise starts from, in micro-log-odds.
    pub fn intercept(&self) -> i64 {
        self.intercept
    }

    /// The points (centi-index, micro-log-odds) that the index goes through.
    pub fn anchors(&self) -> &[(u16, i64)] {
        self.scale.anchors.points()
    }

    /// Its features with their bins, in its own order.
    pub fn features(&self) -> &[CardFeature] {
        &self.features
    }

    /// Ties it to the configured features: rows come in the order of `specs`.
    ///
    /// # Errors
    /// [`ModelError::Features`] with every missing, extra, repeated and changed
    /// feature.
    pub fn bind(&self, specs: &[FeatureSpec]) -> Result<BoundScorecard, ModelError> {
        let own: Vec<&FeatureSpec> = self.features.iter().map(|f| &f.spec).collect();
        let differences = differences("scorecard", &own, specs);
        if !differences.is_empty() {
            return Err(ModelError::Features(differences));
        }
        let ordered = specs.iter().filter_map(|spec| self.find(&spec.name));
        // Every feature of the card is configured, or there would be differences.
        let moved = |place: usize| {
            let name = &self.features[place].spec.name;
            let found = specs.iter().position(|spec| spec.name == *name);
            found.unwrap_or(place)
        };
        let pairs = self.pairs.iter().map(|pair| Pair {
            features: pair.features.map(moved),
            ..pair.clone()
        });
        let (features, pairs) = (ordered.cloned().collect(), pairs.collect());
        Ok(BoundScorecard::new(self, features, pairs))
    }

    /// The names of features that also weigh together, in its own order.
    pub fn pairs(&self) -> impl Iterator<Item = [&str; 2]> {
        let name = |place: usize| self.features[place].spec.name.as_str();
        self.pairs.iter().map(move |pair| pair.features.map(name))
    }

    /// Every value of a number at which its weight, alone or with another
    /// feature, may change, rising; none for a category or a feature that does
    /// not exist.
    pub fn borders(&self, name: &str) -> Vec<i64> {
        let Some(place) = self.features.iter().position(|f| f.spec.name == name) else {
            return Vec::new();
        };
        let own = [&self.features[place].partition].into_iter();
        let sides = self.pairs.iter().flat_map(|pair| {
            let sides = pair.features.iter().zip(&pair.sides);
            sides.filter(|(feature, _)| **feature == place)
        });
        let all = own.chain(sides.map(|(_, side)| side));
        let mut borders: Vec<i64> = all.flat_map(Partition::cuts).copied().collect();
        borders.sort_unstable();
        borders.dedup();
        borders
    }

    /// The same card with all weights times `factor` and the intercept then moved
    /// by `shift` micro-log-odds, without provenance: a part of another model.
    pub(crate) fn scaled(&self, factor: f64, shift: i64) -> Scorecard {
        let mut features = self.features.clone();
        let mut pairs = self.pairs.clone();
        let of_features = features.iter_mut().flat_map(|f| &mut f.weights);
        let of_pairs = pairs.iter_mut().flat_map(|pair| &mut pair.weights);
        for weight in of_features.chain(of_pairs) {
            *weight = scaled(*weight, factor);
        }
        let intercept = scaled(self.intercept, factor) + shift;
        let scale = self.scale.clone();
        Scorecard::seal(Provenance::default(), intercept, scale, features, pairs)
    }

    fn find(&self, name: &str) -> Option<&CardFeature> {
        self.features
            .iter()
            .find(|feature| feature.spec.name == name)
    }
}
