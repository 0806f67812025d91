//! Blends on made-up enterprises: exact sums, the mean of both parts, the same
//! bytes, a checked artifact.
#![allow(clippy::unwrap_used)]

use std::sync::LazyLock;

use proptest::prelude::*;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use tocsin_models::{
    Artifact, Cap, Category, FeatureKind, FeatureSpec, ForestParams, Limit, ModelKind, Over,
    Provenance, Reached, TrainParams, cross_validate, train_model,
};

type Row = Vec<Option<i64>>;
/// What is done to an artifact before it is read.
type Change = fn(&mut Value);

fn specs() -> Vec<FeatureSpec> {
    vec![
        FeatureSpec::new("complaints", Category::E, FeatureKind::Number),
        FeatureSpec::new("capital", Category::R, FeatureKind::Number),
        FeatureSpec::new("industry", Category::R, FeatureKind::Category),
    ]
}

/// Enterprises whose risk rises with complaints, which a sum can tell, and where
/// complaints meet no capital, which it cannot.
fn city(rows: usize, seed: u64) -> (Vec<Row>, Vec<bool>) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let enterprise = |_| {
        let complaints: i64 = rng.gen_range(0..6);
        let capital: Option<i64> = rng.gen_bool(0.5).then(|| rng.gen_range(1..1000));
        let industry: i64 = rng.gen_range(1..40);
        let row = [Some(complaints), capital, Some(industry)];
        let row = row.map(|value| value.map(|value| value * 10_000)).to_vec();
        let odds = -2.5 + 0.5 * complaints as f64;
        let odds = odds
            + if (complaints % 2 == 1) != capital.is_none() {
                1.5
            } else {
                -1.0
            };
        (row, rng.gen_bool(1.0 / (1.0 + f64::exp(-odds))))
    };
    (0..rows).map(enterprise).unzip()
}

fn params(kind: ModelKind) -> TrainParams {
    TrainParams {
        kind,
        pairs: 2,
        forest: ForestParams {
            trees: 40,
            tries: 0.7,
            ..ForestParams::default()
        },
        ..TrainParams::default()
    }
}

fn trained(rows: usize, params: &TrainParams) -> Artifact {
    let (rows, labels) = city(rows, 1);
    let groups: Vec<u64> = (0..rows.len() as u64).collect();
    let provenance = Provenance {
        note: "made up".to_owned(),
        ..Provenance::default()
    };
    train_model(&specs(), &rows, &labels, &groups, params, provenance).unwrap()
}

static MODEL: LazyLock<Artifact> = LazyLock::new(|| trained(600, &params(ModelKind::Blend)));

#[test]
fn training_a_blend_again_gives_the_same_bytes_and_they_read_back() {
    let text = MODEL.to_json();
    assert_eq!(text, trained(600, &params(ModelKind::Blend)).to_json());
    let read = Artifact::from_json(&text).unwrap();
    assert_eq!(read, *MODEL);
    assert_eq!((read.kind(), read.to_json()), (ModelKind::Blend, text));
    assert_eq!(read.provenance().note, "made up");
}

#[test]
fn a_blend_ranks_as_the_mean_of_scorecard_and_forest_does() {
    let bound = |kind| trained(600, &params(kind)).bind(&specs()).unwrap();
    let [card, forest, blend] =
        [ModelKind::Scorecard, ModelKind::Forest, ModelKind::Blend].map(bound);
    let (rows, _) = city(200, 2);
    let points: Vec<(f64, f64)> = rows
        .iter()
        .map(|row| {
            let sum = card.score(row).log_odds + forest.score(row).log_odds;
            (sum as f64 / 2.0, blend.score(row).log_odds as f64)
        })
        .collect();
    // A line through two far points goes through all, to the rounding of weights.
    let (low, high) = points
        .iter()
        .fold((points[0], points[0]), |(low, high), at| {
            (
                if at.0 < low.0 { *at } else { low },
                if at.0 > high.0 { *at } else { high },
            )
        });
    let slope = (high.1 - low.1) / (high.0 - low.0);
    assert!(slope > 0.3 && slope < 3.0, "{slope}");
    for (mean, blended) in points {
        let expected = low.1 + slope * (mean - low.0);
        assert!(
            (blended - expected).abs() < 200.0,
            "{blended} for {expected}"
        );
    }
}

#[test]
fn a_blend_is_judged_like_the_others_and_calibrated() {
    let (rows, labels) = city(1500, 3);
    let groups: Vec<u64> = (0..rows.len() as u64).collect();
    let judged = |kind| {
        let params = params(kind);
        cross_validate(&specs(), &rows, &labels, None, &groups, params, 3, 1).unwrap()
    };
    let [card, forest, blend] =
        [ModelKind::Scorecard, ModelKind::Forest, ModelKind::Blend].map(judged);
    let least = card.auc.value.min(forest.auc.value);
    assert!(blend.auc.value > least, "{blend}");
    assert!(blend.calibration_error.value < 0.06, "{blend}");
}

#[test]
fn a_base_rate_moves_the_intercept_of_a_blend_and_nothing_else() {
    let rare = TrainParams {
        base_rate: Some(0.01),
        ..params(ModelKind::Blend)
    };
    let [rare, plain] = [trained(600, &rare), MODEL.clone()].map(|a| a.bind(&specs()).unwrap());
    let (_, labels) = city(600, 1);
    let rate = labels.iter().filter(|label| **label).count() as f64 / 600.0;
    let odds = |rate: f64| (rate / (1.0 - rate)).ln();
    let expected = (odds(0.01) - odds(rate)) * 1e6;
    for row in city(50, 4).0 {
        let moved = rare.score(&row).log_odds - plain.score(&row).log_odds;
        assert!(
            (moved as f64 - expected).abs() < 5_000.0,
            "{moved} for {expected}"
        );
    }
}

#[test]
fn a_blend_with_faults_is_refused_with_each_named() {
    let whole: Value = serde_json::from_str(&MODEL.to_json()).unwrap();
    let fault = |change: Change| {
        let mut broken = whole.clone();
        broken["version"] = json!("");
        change(&mut broken);
        Artifact::from_json(&broken.to_string())
            .unwrap_err()
            .to_string()
    };
    let cases: [(Change, &str); 7] = [
        (|blend| blend["format"] = json!(2), "format `2`"),
        (|blend| blend["more"] = json!(1), "unknown field `more`"),
        (
            |blend| {
                blend["forest"]["version"] = json!("");
                blend["forest"]["features"][0]["name"] = json!("other");
            },
            "`other` is in the forest, not configured",
        ),
        (
            |blend| {
                blend["forest"]["version"] = json!("");
                blend["forest"]["anchors"][0][1] = json!(-3_000_000);
            },
            "the anchors of scorecard and forest differ",
        ),
        (
            |blend| {
                blend["forest"]["version"] = json!("");
                blend["forest"]["calibration"] = json!([[0, 0], [1, 1]]);
            },
            "the forest of a blend has a `calibration`",
        ),
        (
            |blend| blend["scorecard"]["intercept"] = json!(5),
            "its content is version",
        ),
        (
            |blend| blend["version"] = json!("000000000000"),
            "its content is version",
        ),
    ];
    for (change, told) in cases {
        let fault = fault(change);
        assert!(fault.contains(told), "{told}: {fault}");
    }
    let fault = MODEL.bind(&specs()[..2]).unwrap_err().to_string();
    assert!(
        fault.contains("`industry` is in the blend, not configured"),
        "{fault}"
    );
}

proptest! {
    #[test]
    fn contributions_of_both_parts_sum_to_the_score_exactly(
        row in prop::collection::vec(prop::option::of(-50_000..50_000_000i64), 0..4),
        capped in any::<bool>(),
    ) {
        // Whatever the order in which features are configured.
        let mut turned = specs();
        turned.reverse();
        let mut row = row;
        row.resize(3, None);
        let mut backwards = row.clone();
        backwards.reverse();
        let mut scores = Vec::new();
        for (specs, row) in [(specs(), row), (turned, backwards)] {
            let cap = Cap { over: Over::Category(Category::E), limit: Limit::LogOdds(100_000) };
            let bound = MODEL.bind(&specs).unwrap();
            let bound = bound.capped(if capped { std::slice::from_ref(&cap) } else { &[] });
            let mut parts = Vec::new();
            let score = bound.explain(&row, &mut parts);
            prop_assert_eq!(parts.len(), specs.len() + bound.terms().len());
            prop_assert_eq!(bound.intercept() + parts.iter().sum::<i64>(), score.log_odds);
            prop_assert_eq!(bound.intercept() + score.subtotals.iter().sum::<i64>(), score.log_odds);
            prop_assert_eq!(bound.index(score.log_odds), score.index);
            prop_assert_eq!(bound.score(&row), score);
            let values = bound.shapley(&row);
            prop_assert_eq!(bound.intercept() + values.iter().sum::<i64>(), score.log_odds);
            // From another row, as the dataflow reaches it.
            let base = bound.base(vec![None; 3]);
            let mut reached = Reached::default();
            prop_assert_eq!(bound.score_from(&base, &row, &[0, 1, 2], &mut reached), score);
            prop_assert_eq!(reached.contributions(), &parts);
            scores.push(score);
        }
        prop_assert_eq!(scores[0], scores[1]);
    }
}
