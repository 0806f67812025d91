//! An expert model for tests: every feature is cut into many bins of different
//! weight, so that scores are equal only where features are.

use serde_json::{Value, json};

/// Bins of a feature, beside the ones of missing and of the rest.
const BINS: i64 = 60;
/// The width of a bin, stored units: a quarter.
const WIDTH: i64 = 2_500;

/// A model over the features that a `features.toml` declares.
pub fn sensitive(features: &str) -> String {
    let document: toml::Table = features.parse().unwrap();
    let declared = document["feature"].as_array().unwrap();
    let features: Vec<Value> = declared
        .iter()
        .zip(1..)
        .map(|(feature, place)| {
            let (name, category) = (&feature["name"], &feature["category"]);
            json!({"name": name, "category": category, "kind": "number", "bins": bins(place)})
        })
        .collect();
    let card = json!({
        "format": 1, "version": "", "kind": "scorecard",
        "provenance": {"data_hash": "", "config_hash": "", "created": "", "note": "for tests"},
        "intercept": -5_000_000,
        "anchors": [[4000, -2_944_439], [6000, -1_386_294], [7000, -405_465], [8000, 847_298]],
        "features": features,
    });
    card.to_string()
}

/// The weights of no two features have a step in common.
fn bins(place: i64) -> Vec<Value> {
    let weight = |bin: i64| bin * (31_013 + 97 * place * place);
    let mut bins = vec![
        json!({"missing": true, "weight": -3 * place}),
        json!({"from": null, "to": WIDTH, "weight": 0}),
    ];
    bins.extend(
        (1..BINS).map(
            |bin| json!({"from": bin * WIDTH, "to": (bin + 1) * WIDTH, "weight": weight(bin)}),
        ),
    );
    bins.push(json!({"from": BINS * WIDTH, "to": null, "weight": weight(BINS)}));
    bins
}
