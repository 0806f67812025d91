//! The blend: a scorecard and a forest whose scores are added.
//!
//! Contract: a `Blend` is checked: both parts are whole, over the same features
//! and under the same anchors, and `version` is the hash of its content. Each
//! part carries its half of the weights already, so the score of the blend is
//! the plain sum of theirs: nothing is halved when scoring, nothing rounds, and
//! contributions sum to the score to the last digit as those of either part do.

use serde::Deserialize;
use xxhash_rust::xxh3::xxh3_64;

use crate::ModelError;
use crate::artifact::head_faults;
use crate::binding::differences;
use crate::bound_blend::BoundBlend;
use crate::calibration::Calibration;
use crate::feature::FeatureSpec;
use crate::forest::Forest;
use crate::scale::Scale;
use crate::scorecard::{CardFeature, Provenance, Scorecard};

/// A checked blend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blend {
    version: String,
    provenance: Provenance,
    calibration: Calibration,
    card: Box<Scorecard>,
    forest: Box<Forest>,
}

/// A blend as written: the parts are artifacts of their own.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    format: u32,
    #[serde(default)]
    version: String,
    kind: String,
    #[serde(default)]
    provenance: Provenance,
    #[serde(default)]
    calibration: Option<Vec<(i64, i64)>>,
    scorecard: serde_json::Value,
    forest: serde_json::Value,
}

impl Blend {
    /// Reads and checks a blend, written by [`Blend::to_json`].
    ///
    /// # Errors
    /// As [`Scorecard::from_json`], for the blend and for either part.
    pub fn from_json(text: &str) -> Result<Blend, ModelError> {
        let raw: Raw = serde_json::from_str(text)?;
        let mut faults = head_faults(raw.format, &raw.kind, "blend");
        let calibration = Calibration::read(raw.calibration, &mut faults);
        let card = Scorecard::from_json(&raw.scorecard.to_string());
        let card = whole("scorecard", card, &mut faults);
        let forest = Forest::from_json(&raw.forest.to_string());
        let forest = whole("forest", forest, &mut faults);
        let parts = card.zip(forest);
        if let Some((card, forest)) = &parts {
            faults.extend(disagreements(card, forest));
        }
        let Some((card, forest)) = parts.filter(|_| faults.is_empty()) else {
            return Err(ModelError::Scorecard(faults));
        };
        let blend = Blend::seal(raw.provenance, calibration, card, forest);
        if raw.version.is_empty() || raw.version == blend.version {
            return Ok(blend);
        }
        Err(ModelError::Version {
            stated: raw.version,
            computed: blend.version,
        })
    }

    /// Writes it as JSON; equal blends give equal text.
    pub fn to_json(&self) -> String {
        self.render(&self.version)
    }

    /// Seals parts that are known to agree.
    pub(crate) fn seal(
        provenance: Provenance,
        calibration: Calibration,
        card: Scorecard,
        forest: Forest,
    ) -> Blend {
        let mut blend = Blend {
            version: String::new(),
            provenance,
            calibration,
            card: Box::new(card),
            forest: Box::new(forest),
        };
        let hash = xxh3_64(blend.render("").as_bytes());
        blend.version = format!("{:012x}", hash >> 16);
        blend
    }

    fn render(&self, version: &str) -> String {
        let json = |value: serde_json::Value| value.to_string();
        let calibration = match self.calibration.points() {
            [] => String::new(),
            points => format!("\"calibration\": {},\n", serde_json::json!(points)),
        };
        format!(
            "{{\"format\": 1, \"version\": {}, \"kind\": \"blend\",\n\"provenance\": {},\n{calibration}\"scorecard\": {},\n\"forest\": {}\n}}\n",
            json(version.into()),
            json(serde_json::json!(self.provenance)),
            self.card.to_json().trim_end(),
            self.forest.to_json().trim_end(),
        )
    }

    /// The versions of its parts: the scorecard's and the forest's.
    pub(crate) fn parts(&self) -> [&str; 2] {
        [self.card.version(), self.forest.version()]
    }

    /// The points of the calibration behind the sum.
    pub(crate) fn calibration(&self) -> &[(i64, i64)] {
        self.calibration.points()
    }

    /// The hash of its content, 12 hexadecimal digits.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Where it comes from.
    pub fn provenance(&self) -> &Provenance {
        &self.provenance
    }

    /// Ties it to the configured features: rows come in the order of `specs`.
    ///
    /// # Errors
    /// [`ModelError::Features`] with every missing, extra, repeated and changed
    /// feature.
    pub fn bind(&self, specs: &[FeatureSpec]) -> Result<BoundBlend, ModelError> {
        let own: Vec<&FeatureSpec> = self.card.features.iter().map(CardFeature::spec).collect();
        let differences = differences("blend", &own, specs);
        if !differences.is_empty() {
            return Err(ModelError::Features(differences));
        }
        let (card, forest) = (self.card.bind(specs)?, self.forest.bind(specs)?);
        let scale = Scale {
            calibration: self.calibration.clone(),
            anchors: self.card.scale.anchors.clone(),
        };
        Ok(BoundBlend::new(self.version.clone(), scale, card, forest))
    }
}

/// A part of a blend; what is wrong with it is added to `faults`, each with the name
/// of the part.
fn whole<T>(part: &str, read: Result<T, ModelError>, faults: &mut Vec<String>) -> Option<T> {
    match read {
        Ok(whole) => return Some(whole),
        Err(ModelError::Scorecard(wrong)) => {
            faults.extend(wrong.iter().map(|fault| format!("`{part}`: {fault}")));
        }
        // A place in the text of the part is none in the file.
        Err(ModelError::Json(fault)) => {
            let told = fault.to_string();
            let told = told.split(" at line ").next().unwrap_or_default();
            faults.push(format!("`{part}` cannot be read: {told}"));
        }
        Err(other) => faults.push(format!("`{part}`: {other}")),
    }
    None
}

/// Where the parts do not fit each other.
fn disagreements(card: &Scorecard, forest: &Forest) -> Vec<String> {
    let specs: Vec<FeatureSpec> = card.features.iter().map(|f| f.spec().clone()).collect();
    let own: Vec<&FeatureSpec> = forest.features.iter().collect();
    let mut faults = differences("forest", &own, &specs);
    if card.scale.anchors != forest.scale.anchors {
        faults.push(format!(
            "the anchors of scorecard and forest differ: `{:?}` and `{:?}`, allowed are the same",
            card.scale.anchors.points(),
            forest.scale.anchors.points()
        ));
    }
    let parts = [("scorecard", &card.scale), ("forest", &forest.scale)];
    for (part, scale) in parts {
        if !scale.calibration.points().is_empty() {
            faults.push(format!(
                "the {part} of a blend has a `calibration` of {} points, allowed is none: that of the blend stands behind both",
                scale.calibration.points().len()
            ));
        }
    }
    faults
}
