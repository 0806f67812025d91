//! Artifacts that were damaged: every refusal names the field, the value and what is
//! allowed, and of a blend the part; all faults at once.
#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};
use tocsin_models::Artifact;

/// What is done to an artifact before it is read.
type Change = fn(&mut Value);
/// With what must be told.
type Case = (Change, &'static [&'static str]);

fn card() -> Value {
    json!({
        "format": 1, "kind": "scorecard", "intercept": -3_000_000,
        "anchors": [[4000, -2_944_439], [8000, 847_298]],
        "features": [{"name": "f0", "category": "E", "kind": "number", "bins": [
            {"missing": true, "weight": 0},
            {"from": null, "to": 10_000, "weight": 0},
            {"from": 10_000, "to": null, "weight": 2_000_000},
        ]}],
    })
}

fn forest() -> Value {
    json!({
        "format": 1, "kind": "forest", "base": 0,
        "anchors": [[4000, -2_944_439], [8000, 847_298]],
        "features": [{"name": "f0", "category": "E", "kind": "number"}],
        "trees": [[[5, 0, 10_000, 2], [-3], [20]]],
    })
}

fn blend() -> Value {
    json!({
        "format": 1, "kind": "blend", "scorecard": card(), "forest": forest(),
        "calibration": [[-1_000_000, -1_000_000], [0, 0], [2_000_000, 1_000_000]],
    })
}

#[track_caller]
fn refused(whole: &Value, cases: &[Case]) {
    Artifact::from_json(&whole.to_string()).unwrap();
    for (change, told) in cases {
        let mut damaged = whole.clone();
        change(&mut damaged);
        let fault = Artifact::from_json(&damaged.to_string())
            .unwrap_err()
            .to_string();
        for told in *told {
            assert!(fault.contains(told), "`{told}`: {fault}");
        }
    }
}

/// Those of a calibration are the same of every kind of model.
const CALIBRATIONS: &[Case] = &[
    (
        |model| model["calibration"] = json!([[0, 5], [0, 7]]),
        &[
            "calibration point `(0, 7)` does not rise from `(0, 5)`, allowed are a first number above and a second not below",
        ],
    ),
    (
        |model| model["calibration"] = json!([[0, 5], [1, 4]]),
        &["calibration point `(1, 4)` does not rise from `(0, 5)`"],
    ),
    (
        |model| model["calibration"] = json!([[5, 0], [1, 4], [2, 3]]),
        &[
            "`(1, 4)` does not rise from `(5, 0)`",
            "`(2, 3)` does not rise from `(1, 4)`",
        ],
    ),
    (
        |model| model["calibration"] = json!([[0, 0], [1, 1_000_000_001]]),
        &["calibration point `(1, 1000000001)`, allowed are -1000000000 to 1000000000"],
    ),
    (
        |model| model["calibration"] = json!([]),
        &["`calibration` has 0 points, allowed are 2 to 20"],
    ),
    (
        |model| model["calibration"] = json!([[0, 0]]),
        &["`calibration` has 1 points, allowed are 2 to 20"],
    ),
    (
        |model| {
            let points: Vec<[i64; 2]> = (0..21).map(|n| [n, n]).collect();
            model["calibration"] = json!(points);
        },
        &["`calibration` has 21 points, allowed are 2 to 20"],
    ),
    (
        |model| model["calibration"] = json!([[0, 0], [1, 0.5]]),
        &["model cannot be read", "0.5"],
    ),
    (
        |model| model["calibration"] = json!([[0, 0], [1]]),
        &["model cannot be read", "invalid length 1"],
    ),
    (
        |model| model["calibrated"] = json!([[0, 0], [1, 1]]),
        &["unknown field `calibrated`", "`calibration`"],
    ),
];

#[test]
fn a_damaged_calibration_is_refused_of_every_kind() {
    for whole in [card(), forest(), blend()] {
        refused(&whole, CALIBRATIONS);
    }
}

#[test]
fn damaged_anchors_are_refused() {
    let cases: [Case; 3] = [
        (
            |model| model["anchors"] = json!([[4000, 0]]),
            &["`anchors` has 1 points, allowed are 2 or more"],
        ),
        (
            |model| model["anchors"] = json!([[0, 0], [10_000, 5]]),
            &[
                "anchor at index `0`, allowed are 1 to 9999",
                "anchor at index `10000`",
            ],
        ),
        (
            |model| model["anchors"] = json!([[4000, 0], [6000, 0]]),
            &["anchor `(6000, 0)` does not rise from `(4000, 0)`, allowed are two higher numbers"],
        ),
    ];
    for whole in [card(), forest()] {
        refused(&whole, &cases);
    }
}

#[test]
fn a_damaged_blend_is_refused_with_the_part_named() {
    refused(
        &blend(),
        &[
            (
                |blend| blend["scorecard"]["intercept"] = json!(9_000_000_000_000_i64),
                &["`scorecard`: intercept `9000000000000`, allowed are -"],
            ),
            (
                |blend| blend["forest"]["trees"][0][0] = json!([5, 3, null, 2]),
                &[
                    "`forest`: tree 0: node of feature `3`",
                    "allowed are features 0 to 0",
                ],
            ),
            (
                |blend| blend["forest"]["trees"][0] = json!([[5, 0, null, 2], [-3]]),
                &["`forest`: tree 0: "],
            ),
            // The faults of both parts and of the whole are told together.
            (
                |blend| {
                    blend["scorecard"]["kind"] = json!("forest");
                    blend["forest"]["format"] = json!(7);
                    blend["calibration"] = json!([[0, 0]]);
                },
                &[
                    "`scorecard`: kind `forest`, allowed is `scorecard`",
                    "`forest`: format `7`, allowed is 1",
                    "`calibration` has 1 points",
                ],
            ),
            (
                |blend| blend["forest"]["base"] = json!("much"),
                &["`forest` cannot be read: invalid type: string \"much\", expected i64"],
            ),
            (
                |blend| blend["scorecard"]["version"] = json!("0123456789ab"),
                &["`scorecard`: model says version `0123456789ab` but its content is version"],
            ),
            (
                |blend| blend["forest"]["features"][0]["name"] = json!("f1"),
                &[
                    "`f0` is configured, not in the forest",
                    "`f1` is in the forest, not configured",
                ],
            ),
            (
                |blend| blend["forest"]["features"][0]["category"] = json!("D"),
                &["`f0` is configured as number of E, in the forest it is number of D"],
            ),
            (
                |blend| blend["forest"]["anchors"][1][0] = json!(8001),
                &[
                    "anchors of scorecard and forest differ",
                    "(8000, 847298)",
                    "(8001, 847298)",
                    "allowed are the same",
                ],
            ),
            (
                |blend| blend["scorecard"]["calibration"] = json!([[0, 0], [1, 1]]),
                &["the scorecard of a blend has a `calibration` of 2 points, allowed is none"],
            ),
            // Both parts count alike: there are no weights to set.
            (
                |blend| blend["weights"] = json!([0.7, 0.4]),
                &[
                    "unknown field `weights`, expected one of",
                    "`scorecard`",
                    "`forest`",
                ],
            ),
            (
                |blend| drop(blend.as_object_mut().unwrap().remove("forest")),
                &["missing field `forest`"],
            ),
        ],
    );
}
