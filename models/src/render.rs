//! A scorecard written as JSON, for people to read and edit: one bin a line.
//!
//! Contract: one text for one card. Strings go through JSON escaping; the order
//! of fields is this file's and not a map's, because the version is a hash of it.

use std::fmt::Write as _;

use serde_json::Value;

use crate::artifact::FORMAT;
use crate::feature::FeatureKind;
use crate::pair::RawPair;
use crate::partition::Partition;
use crate::scorecard::{CardFeature, Provenance, Scorecard};

/// Writes `card` as being of `version`.
pub(crate) fn render(card: &Scorecard, version: &str) -> String {
    let Provenance {
        data_hash,
        config_hash,
        created,
        note,
    } = &card.provenance;
    let [data_hash, config_hash, created, note, version] =
        [data_hash, config_hash, created, note, version].map(quote);
    let anchors: Vec<String> = card.scale.anchors.points().iter().map(point).collect();
    let features: Vec<String> = card.features.iter().map(feature).collect();
    format!(
        r#"{{
  "format": {FORMAT},
  "version": {version},
  "kind": "scorecard",
  "provenance": {{
    "data_hash": {data_hash},
    "config_hash": {config_hash},
    "created": {created},
    "note": {note}
  }},
  "intercept": {},
  "anchors": [{}],{}
  "features": [{}]{}
}}
"#,
        card.intercept,
        anchors.join(", "),
        calibration(card),
        features.join(","),
        pairs(card),
    )
}

/// The pairs, one a line; nothing where there are none.
fn pairs(card: &Scorecard) -> String {
    let name = |place: usize| card.features[place].spec.name.clone();
    let pairs = card.pairs.iter();
    let lines = pairs.map(|pair| serde_json::json!(RawPair::of(pair, name)).to_string());
    let lines: Vec<String> = lines.collect();
    match lines.is_empty() {
        true => String::new(),
        false => format!(",\n  \"pairs\": [\n    {}\n  ]", lines.join(",\n    ")),
    }
}

/// The points of the calibration, raw and calibrated; nothing where there are none.
fn calibration(card: &Scorecard) -> String {
    let points = card.scale.calibration.points();
    match points.is_empty() {
        true => String::new(),
        false => format!("\n  \"calibration\": {},", serde_json::json!(points)),
    }
}

fn quote(text: &str) -> String {
    Value::from(text).to_string()
}

fn point((index, log_odds): &(u16, i64)) -> String {
    format!("[{index}, {log_odds}]")
}

fn feature(feature: &CardFeature) -> String {
    let spec = &feature.spec;
    let kind = match spec.kind {
        FeatureKind::Number => "number",
        FeatureKind::Category => "category",
    };
    let mut text = format!(
        "\n    {{\"name\": {}, \"category\": \"{}\", \"kind\": \"{kind}\", \"bins\": [",
        quote(&spec.name),
        spec.category.letter()
    );
    for (bin, weight) in feature.weights.iter().enumerate() {
        let comma = if bin == 0 { "" } else { "," };
        let holds = holds(&feature.partition, bin);
        // Writing to a String cannot fail.
        let _ = write!(text, "{comma}\n      {{{holds}, \"weight\": {weight}}}");
    }
    text + "\n    ]}"
}

fn holds(partition: &Partition, bin: usize) -> String {
    if bin == partition.bin(None) {
        return "\"missing\": true".to_owned();
    }
    match partition {
        Partition::Ranges(cuts) => {
            let (from, to) = Partition::range(cuts, bin);
            format!("\"from\": {}, \"to\": {}", bound(from), bound(to))
        }
        Partition::Listed { lists, .. } if bin > *lists => "\"other\": true".to_owned(),
        Partition::Listed { values, .. } => {
            let values = Partition::list(values, bin);
            format!("\"values\": {}", Value::from(values))
        }
    }
}

fn bound(value: Option<i64>) -> String {
    value.map_or("null".to_owned(), |value| value.to_string())
}
