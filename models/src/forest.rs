//! The forest: many trees whose leaves say log-odds in integers, summed.
//!
//! Contract: a `Forest` is checked: every tree is whole, weights are bounded,
//! and `version` is the hash of its content. Its score is the base plus one
//! leaf's value of each tree. Every node has a value (of a split: the mean of
//! the leaves below it, as training rows met them), so what a feature
//! contributes is what the values change by at its splits on the way to the
//! leaves (Saabas 2014). Those changes telescope: in integers, they and the
//! intercept sum to the score to the last digit.

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use crate::ModelError;
use crate::artifact::{head_faults, names_twice, weight_fault};
use crate::binding::differences;
use crate::bound_forest::BoundForest;
use crate::feature::FeatureSpec;
use crate::scale::Scale;
use crate::scorecard::Provenance;
use crate::train_blend::scaled;

/// A node: in preorder, so the left child is the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Node {
    /// Micro-log-odds.
    pub(crate) value: i64,
    pub(crate) split: Option<Branch>,
}

/// Where a split sends a value. What is missing goes left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Branch {
    pub(crate) feature: u32,
    /// Values below it go left; `None`: only what is missing does.
    pub(crate) below: Option<i64>,
    /// The place of the right child in its tree.
    pub(crate) right: u32,
}

impl Branch {
    /// Whether a value goes to the left child.
    pub(crate) fn goes_left(&self, value: Option<i64>) -> bool {
        match (value, self.below) {
            (None, _) => true,
            (Some(value), Some(below)) => value < below,
            (Some(_), None) => false,
        }
    }
}

/// A checked forest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forest {
    version: String,
    provenance: Provenance,
    /// Micro-log-odds that the leaves are added to.
    pub(crate) base: i64,
    pub(crate) scale: Scale,
    pub(crate) features: Vec<FeatureSpec>,
    pub(crate) trees: Vec<Vec<Node>>,
}

/// A forest as written. A node is `[value]`, a leaf, or
/// `[value, feature, below, right]`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    format: u32,
    #[serde(default)]
    version: String,
    kind: String,
    #[serde(default)]
    provenance: Provenance,
    base: i64,
    anchors: Option<Vec<(u16, i64)>>,
    #[serde(default)]
    calibration: Option<Vec<(i64, i64)>>,
    features: Vec<FeatureSpec>,
    trees: Vec<Vec<Vec<Option<i64>>>>,
}

impl Forest {
    /// Reads and checks a forest, written by [`Forest::to_json`].
    ///
    /// # Errors
    /// As [`Scorecard::from_json`](crate::Scorecard::from_json).
    pub fn from_json(text: &str) -> Result<Forest, ModelError> {
        let raw: Raw = serde_json::from_str(text)?;
        let stated = raw.version.clone();
        let forest = raw.check().map_err(ModelError::Scorecard)?;
        if stated.is_empty() || stated == forest.version {
            return Ok(forest);
        }
        let computed = forest.version;
        Err(ModelError::Version { stated, computed })
    }

    /// Writes it as JSON, one tree a line; equal forests give equal text.
    pub fn to_json(&self) -> String {
        self.render(&self.version)
    }

    /// Seals parts that are known to be right and complete.
    pub(crate) fn seal(
        provenance: Provenance,
        base: i64,
        scale: Scale,
        features: Vec<FeatureSpec>,
        trees: Vec<Vec<Node>>,
    ) -> Forest {
        let mut forest = Forest {
            version: String::new(),
            provenance,
            base,
            scale,
            features,
            trees,
        };
        let hash = xxh3_64(forest.render("").as_bytes());
        forest.version = format!("{:012x}", hash >> 16);
        forest
    }

    fn render(&self, version: &str) -> String {
        let json = |value: serde_json::Value| value.to_string();
        let features = self.features.iter().map(|spec| serde_json::json!(spec));
        let features: Vec<String> = features.map(json).collect();
        let trees: Vec<String> = self.trees.iter().map(|tree| render_tree(tree)).collect();
        let calibration = self.scale.calibration.points();
        let calibration = match calibration.is_empty() {
            true => String::new(),
            false => format!(" \"calibration\": {},", serde_json::json!(calibration)),
        };
        format!(
            "{{\"format\": 1, \"version\": {}, \"kind\": \"forest\",\n\"provenance\": {},\n\"base\": {}, \"anchors\": {},{}\n\"features\": [\n{}\n],\n\"trees\": [\n{}\n]}}\n",
            json(version.into()),
            json(serde_json::json!(self.provenance)),
            self.base,
            json(serde_json::json!(self.scale.anchors.points())),
            calibration,
            features.join(",\n"),
            trees.join(",\n"),
        )
    }

    /// The hash of its content, 12 hexadecimal digits.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Where it comes from.
    pub fn provenance(&self) -> &Provenance {
        &self.provenance
    }

    /// The same forest with all values times `factor`, without provenance: a part
    /// of another model.
    pub(crate) fn scaled(&self, factor: f64) -> Forest {
        let mut trees = self.trees.clone();
        for node in trees.iter_mut().flatten() {
            node.value = scaled(node.value, factor);
        }
        let (base, scale) = (scaled(self.base, factor), self.scale.clone());
        let features = self.features.clone();
        Forest::seal(Provenance::default(), base, scale, features, trees)
    }

    /// How many trees and how many nodes it has.
    pub fn size(&self) -> (usize, usize) {
        (self.trees.len(), self.trees.iter().map(Vec::len).sum())
    }

    /// Ties it to the configured features: rows come in the order of `specs`.
    ///
    /// # Errors
    /// [`ModelError::Features`] with every missing, extra, repeated and changed
    /// feature.
    pub fn bind(&self, specs: &[FeatureSpec]) -> Result<BoundForest, ModelError> {
        let own: Vec<&FeatureSpec> = self.features.iter().collect();
        let differences = differences("forest", &own, specs);
        if !differences.is_empty() {
            return Err(ModelError::Features(differences));
        }
        let place = |spec: &FeatureSpec| specs.iter().position(|other| other.name == spec.name);
        let places: Vec<usize> = self.features.iter().filter_map(place).collect();
        Ok(BoundForest::new(self, specs, &places))
    }
}

fn render_tree(tree: &[Node]) -> String {
    let nodes: Vec<String> = tree.iter().map(render_node).collect();
    format!("[{}]", nodes.join(","))
}

fn render_node(node: &Node) -> String {
    let value = node.value;
    match node.split {
        None => format!("[{value}]"),
        Some(Branch {
            feature,
            below,
            right,
        }) => {
            let below = below.map_or("null".to_owned(), |below| below.to_string());
            format!("[{value},{feature},{below},{right}]")
        }
    }
}

impl Raw {
    fn check(self) -> Result<Forest, Vec<String>> {
        let mut faults = head_faults(self.format, &self.kind, "forest");
        faults.extend(weight_fault("base", self.base));
        faults.extend(names_twice(self.features.iter().map(|f| f.name.as_str())));
        let scale = Scale::read(self.anchors, self.calibration, &mut faults);
        let mut trees = Vec::new();
        for (place, raw) in self.trees.iter().enumerate() {
            match tree(raw, self.features.len()) {
                Ok(tree) => trees.push(tree),
                Err(fault) => faults.push(format!("tree {place}: {fault}")),
            }
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        let Raw {
            provenance,
            base,
            features,
            ..
        } = self;
        Ok(Forest::seal(provenance, base, scale, features, trees))
    }
}

/// Reads a tree: in preorder, every split's left side ends where its right side
/// begins, and nothing is left over.
fn tree(raw: &[Vec<Option<i64>>], features: usize) -> Result<Vec<Node>, String> {
    let nodes: Result<Vec<Node>, String> =
        raw.iter().map(|node| read_node(node, features)).collect();
    let nodes = nodes?;
    let mut expected = Vec::new();
    for (place, node) in nodes.iter().enumerate() {
        match node.split {
            Some(split) => expected.push(split.right as usize),
            None => match expected.pop() {
                Some(right) if right == place + 1 && right < nodes.len() => {}
                None if place + 1 == nodes.len() => {}
                _ => return Err(format!("node {place} is where no branch ends")),
            },
        }
    }
    let ends = nodes.last().is_some_and(|node| node.split.is_none());
    match ends && expected.is_empty() {
        true => Ok(nodes),
        false => Err("a branch has no end".to_owned()),
    }
}

fn read_node(raw: &[Option<i64>], features: usize) -> Result<Node, String> {
    let (value, split) = match raw {
        [Some(value)] => (*value, None),
        [Some(value), Some(feature), below, Some(right)] => {
            let known = (0..features as i64).contains(feature);
            let place = u32::try_from(*right).ok().filter(|_| known);
            let Some(place) = place else {
                return Err(format!(
                    "node of feature `{feature}` with its right side at `{right}`: allowed are features 0 to {}, and a place in the tree",
                    features.saturating_sub(1)
                ));
            };
            let branch = Branch {
                feature: *feature as u32,
                below: *below,
                right: place,
            };
            (*value, Some(branch))
        }
        _ => return Err("a node is [value] or [value, feature, below, right]".to_owned()),
    };
    match weight_fault("value", value) {
        None => Ok(Node { value, split }),
        Some(fault) => Err(fault),
    }
}
