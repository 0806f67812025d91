//! A scorecard read from JSON: unchecked in, checked on.
//!
//! Contract: `check` finds every fault of a document, and what it lets through
//! is complete. How a card is written is in `render`.

use serde::{Deserialize, Deserializer};

use crate::feature::{FeatureKind, FeatureSpec};
use crate::pair::{Pair, RawPair};
use crate::partition::Partition;
use crate::scale::Scale;
use crate::scorecard::{CardFeature, Provenance, Scorecard};

/// The only format there is so far.
pub(crate) const FORMAT: u32 = 1;
/// The largest magnitude of a weight, in micro-log-odds: certainty a hundred
/// times over, and small enough that no sum of features overflows.
const MAX_WEIGHT: i64 = 1_000_000_000;

/// A scorecard as written, unchecked.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawCard {
    format: u32,
    #[serde(default)]
    pub(crate) version: String,
    kind: String,
    #[serde(default)]
    provenance: Provenance,
    intercept: i64,
    anchors: Option<Vec<(u16, i64)>>,
    calibration: Option<Vec<(i64, i64)>>,
    features: Vec<RawFeature>,
    #[serde(default)]
    pairs: Vec<RawPair>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFeature {
    name: String,
    category: crate::Category,
    kind: FeatureKind,
    bins: Vec<RawBin>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawBin {
    #[serde(default)]
    missing: bool,
    #[serde(default)]
    other: bool,
    #[serde(default, deserialize_with = "present")]
    from: Option<Option<i64>>,
    #[serde(default, deserialize_with = "present")]
    to: Option<Option<i64>>,
    values: Option<Vec<i64>>,
    weight: i64,
}

/// Tells `null` (no bound) from a field that is not there.
fn present<'de, D: Deserializer<'de>>(field: D) -> Result<Option<Option<i64>>, D::Error> {
    Option::deserialize(field).map(Some)
}

/// What a bin holds, once it says exactly one thing.
#[derive(Debug, PartialEq)]
enum Holds {
    Missing,
    Range(Option<i64>, Option<i64>),
    Values(Vec<i64>),
    Other,
}

impl RawCard {
    /// Checks it whole; the error lists every fault.
    pub(crate) fn check(self) -> Result<Scorecard, Vec<String>> {
        let mut faults = self.head_faults();
        let scale = Scale::read(self.anchors, self.calibration, &mut faults);
        let mut features = Vec::new();
        for raw in self.features {
            let name = raw.name.clone();
            match raw.check() {
                Ok(feature) => features.push(feature),
                Err(wrong) => faults.extend(wrong.iter().map(|f| format!("`{name}`: {f}"))),
            }
        }
        let mut pairs = Vec::new();
        // A feature with faults would only be told of again by its pairs.
        if faults.is_empty() {
            let specs: Vec<&FeatureSpec> = features.iter().map(|f| &f.spec).collect();
            for raw in self.pairs {
                match raw.check(&specs) {
                    Ok(pair) => pairs.push(pair),
                    Err(wrong) => faults.extend(wrong),
                }
            }
            faults.extend(paired_twice(&pairs, &specs));
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        Ok(Scorecard::seal(
            self.provenance,
            self.intercept,
            scale,
            features,
            pairs,
        ))
    }

    fn head_faults(&self) -> Vec<String> {
        let mut faults = head_faults(self.format, &self.kind, "scorecard");
        faults.extend(weight_fault("intercept", self.intercept));
        faults.extend(names_twice(self.features.iter().map(|f| f.name.as_str())));
        faults
    }
}

/// What is wrong with the head of an artifact of kind `expected`.
pub(crate) fn head_faults(format: u32, kind: &str, expected: &str) -> Vec<String> {
    let mut faults = Vec::new();
    if format != FORMAT {
        faults.push(format!("format `{format}`, allowed is {FORMAT}"));
    }
    if kind != expected {
        faults.push(format!("kind `{kind}`, allowed is `{expected}`"));
    }
    faults
}

/// A fault for each feature that is listed more than once.
pub(crate) fn names_twice<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut names: Vec<&str> = names.collect();
    names.sort_unstable();
    let twice = names.windows(2).filter(|pair| pair[0] == pair[1]);
    twice
        .map(|pair| format!("feature `{}` is listed twice", pair[0]))
        .collect()
}

/// A fault for each two features that are paired more than once.
fn paired_twice(pairs: &[Pair], specs: &[&FeatureSpec]) -> Vec<String> {
    let mut all: Vec<[usize; 2]> = pairs.iter().map(|pair| pair.features).collect();
    all.iter_mut().for_each(|pair| pair.sort_unstable());
    all.sort_unstable();
    let twice = all.windows(2).filter(|two| two[0] == two[1]);
    let name = |place: usize| &specs[place].name;
    twice
        .map(|two| two[0].map(name))
        .map(|[one, other]| format!("pair `{one}` × `{other}` is listed twice"))
        .collect()
}

impl RawFeature {
    fn check(self) -> Result<CardFeature, Vec<String>> {
        let mut faults = Vec::new();
        let mut bins = Vec::new();
        for raw in self.bins {
            faults.extend(weight_fault("weight", raw.weight));
            match raw.holds() {
                Ok(holds) => bins.push((holds, raw.weight)),
                Err(fault) => faults.push(fault),
            }
        }
        let spec = FeatureSpec::new(self.name, self.category, self.kind);
        let partition = match spec.kind {
            FeatureKind::Number => ranges(&bins),
            FeatureKind::Category => lists(&bins),
        };
        match partition {
            Ok(partition) if faults.is_empty() => Ok(weigh(spec, partition, &bins)),
            Ok(_) => Err(faults),
            Err(more) => Err(faults.into_iter().chain(more).collect()),
        }
    }
}

impl RawBin {
    fn holds(&self) -> Result<Holds, String> {
        match (
            self.missing,
            self.other,
            self.from,
            self.to,
            self.values.as_deref(),
        ) {
            (true, false, None, None, None) => Ok(Holds::Missing),
            (false, true, None, None, None) => Ok(Holds::Other),
            (false, false, Some(from), Some(to), None) => Ok(Holds::Range(from, to)),
            (false, false, None, None, Some([])) => Err("a bin with no values".to_owned()),
            (false, false, None, None, Some(values)) => Ok(Holds::Values(values.to_vec())),
            _ => Err(format!(
                "the bin of weight {} must say one of \"missing\": true, \"from\" and \"to\", \
                 \"values\", \"other\": true",
                self.weight
            )),
        }
    }
}

/// A weight out of bounds.
pub(crate) fn weight_fault(what: &str, weight: i64) -> Option<String> {
    let within = (-MAX_WEIGHT..=MAX_WEIGHT).contains(&weight);
    (!within).then(|| format!("{what} `{weight}`, allowed are -{MAX_WEIGHT} to {MAX_WEIGHT}"))
}

/// The faults of how often `holds` occurs: it must be there once.
fn once(bins: &[(Holds, i64)], holds: &Holds, name: &str) -> Option<String> {
    match bins.iter().filter(|(other, _)| other == holds).count() {
        1 => None,
        n => Some(format!("{n} bins of {name}, exactly 1 is needed")),
    }
}

fn ranges(bins: &[(Holds, i64)]) -> Result<Partition, Vec<String>> {
    let mut faults: Vec<String> = once(bins, &Holds::Missing, "missing").into_iter().collect();
    let mut ranges = Vec::new();
    for (holds, _) in bins {
        match holds {
            Holds::Range(from, to) => ranges.push((*from, *to)),
            Holds::Missing => {}
            _ => faults.push("a number has ranges, neither values nor other".to_owned()),
        }
    }
    ranges.sort_unstable();
    faults.extend(range_faults(&ranges));
    if !faults.is_empty() {
        return Err(faults);
    }
    let cuts = ranges.iter().filter_map(|(from, _)| *from).collect();
    Ok(Partition::Ranges(cuts))
}

/// What keeps sorted ranges from covering every number once.
fn range_faults(ranges: &[(Option<i64>, Option<i64>)]) -> Vec<String> {
    let mut faults = Vec::new();
    match (ranges.first(), ranges.last()) {
        (Some((first, _)), Some((_, last))) => {
            if let Some(from) = first {
                faults.push(format!("no range holds values below {from}"));
            }
            if let Some(to) = last {
                faults.push(format!("no range holds values from {to} up"));
            }
        }
        _ => faults.push("no range at all".to_owned()),
    }
    for (from, to) in ranges {
        if let (Some(from), Some(to)) = (from, to)
            && from >= to
        {
            faults.push(format!("the range from {from} to {to} is empty"));
        }
    }
    for pair in ranges.windows(2) {
        match (pair[0].1, pair[1].0) {
            (Some(to), Some(from)) if to == from => {}
            (Some(to), Some(from)) if to < from => {
                faults.push(format!("no range holds values from {to} to {from}"));
            }
            _ => faults.push(format!("ranges {:?} and {:?} overlap", pair[0], pair[1])),
        }
    }
    faults
}

fn lists(bins: &[(Holds, i64)]) -> Result<Partition, Vec<String>> {
    let mut faults: Vec<String> = once(bins, &Holds::Missing, "missing").into_iter().collect();
    faults.extend(once(bins, &Holds::Other, "other"));
    let mut lists = Vec::new();
    for (holds, _) in bins {
        match holds {
            Holds::Values(values) => lists.push(values.clone()),
            Holds::Range(..) => faults.push("a category has values, not ranges".to_owned()),
            _ => {}
        }
    }
    let mut values: Vec<i64> = lists.iter().flatten().copied().collect();
    values.sort_unstable();
    for pair in values.windows(2).filter(|pair| pair[0] == pair[1]) {
        faults.push(format!("value {} is listed twice", pair[0]));
    }
    if faults.is_empty() {
        Ok(Partition::lists(lists))
    } else {
        Err(faults)
    }
}

/// Puts the weights of checked bins into the partition's order.
fn weigh(spec: FeatureSpec, partition: Partition, bins: &[(Holds, i64)]) -> CardFeature {
    let mut weights = vec![0; partition.bins()];
    for (holds, weight) in bins {
        let bin = match holds {
            Holds::Missing => partition.bin(None),
            Holds::Range(Some(value), _) => partition.bin(Some(*value)),
            Holds::Range(None, _) => 1,
            Holds::Values(values) => partition.bin(values.first().copied()),
            Holds::Other => partition.bins() - 1,
        };
        weights[bin] = *weight;
    }
    CardFeature {
        spec,
        partition,
        weights,
    }
}
