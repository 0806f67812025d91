//! Forests on made-up enterprises: exact sums, the same bytes, a checked
//! artifact.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tocsin_models::{
    Artifact, Category, FeatureKind, FeatureSpec, Forest, ForestParams, ModelKind, Provenance,
    Table, TrainParams, cross_validate, train_forest, train_model,
};

type Row = Vec<Option<i64>>;

fn specs() -> Vec<FeatureSpec> {
    vec![
        FeatureSpec::new("complaints", Category::E, FeatureKind::Number),
        FeatureSpec::new("capital", Category::R, FeatureKind::Number),
        FeatureSpec::new("industry", Category::R, FeatureKind::Category),
    ]
}

/// Enterprises of which those are positive that have either complaints or no
/// capital, not both: what no sum over features can tell. One in ten labels is
/// the other way round.
fn city(rows: usize, seed: u64) -> (Vec<Row>, Vec<bool>) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let enterprise = |_| {
        let complaints: i64 = rng.gen_range(0..4);
        let capital: Option<i64> = rng.gen_bool(0.5).then(|| rng.gen_range(1..1000));
        let industry: i64 = rng.gen_range(1..40);
        let row = [Some(complaints), capital, Some(industry)];
        let row = row.map(|value| value.map(|value| value * 10_000)).to_vec();
        (
            row,
            ((complaints >= 2) != capital.is_none()) != rng.gen_bool(0.1),
        )
    };
    (0..rows).map(enterprise).unzip()
}

fn params() -> TrainParams {
    TrainParams {
        kind: ModelKind::Forest,
        forest: ForestParams {
            trees: 40,
            tries: 0.7,
            ..ForestParams::default()
        },
        ..TrainParams::default()
    }
}

fn trained(rows: usize) -> Artifact {
    let (rows, labels) = city(rows, 1);
    let groups: Vec<u64> = (0..rows.len() as u64).collect();
    train_model(
        &specs(),
        &rows,
        &labels,
        &groups,
        &params(),
        Provenance::default(),
    )
    .unwrap()
}

#[test]
fn training_a_forest_again_gives_the_same_bytes_and_they_read_back() {
    let text = trained(600).to_json();
    assert_eq!(text, trained(600).to_json());
    let read = Artifact::from_json(&text).unwrap();
    assert_eq!(read.kind(), ModelKind::Forest);
    assert_eq!(read.to_json(), text);
}

#[test]
fn a_forest_learns_what_no_sum_over_features_can_tell() {
    let (rows, labels) = city(1500, 3);
    let groups: Vec<u64> = (0..rows.len() as u64).collect();
    let auc = |kind| {
        let params = TrainParams { kind, ..params() };
        let judged = cross_validate(&specs(), &rows, &labels, None, &groups, params, 3, 1);
        judged.unwrap()
    };
    let forest = auc(ModelKind::Forest);
    assert!(forest.auc.value > 0.85, "{forest}");
    assert!(forest.calibration_error.value < 0.06, "{forest}");
    assert!(auc(ModelKind::Scorecard).auc.value < 0.65);
}

#[test]
fn a_column_at_a_time_is_the_same_forest() {
    let (rows, labels) = city(300, 5);
    let groups: Vec<u64> = (0..300).collect();
    let table = Table::new(300, 3, |feature, values| {
        values.extend(rows.iter().map(|row| row[feature]));
    });
    let specs = specs();
    let (forest, _) = train_forest(
        &specs,
        &table,
        &labels,
        &groups,
        &params(),
        Provenance::default(),
    )
    .unwrap();
    let whole = train_model(
        &specs,
        &rows,
        &labels,
        &groups,
        &params(),
        Provenance::default(),
    );
    assert_eq!(whole.unwrap(), Artifact::Forest(forest));
}

#[test]
fn a_forest_with_faults_is_refused_with_each_named() {
    let forest = |trees: &str| {
        let features = r#"[{"name": "a", "category": "E", "kind": "number"}]"#;
        Forest::from_json(&format!(
            r#"{{"format": 1, "kind": "forest", "base": 0, "features": {features}, "trees": {trees}}}"#
        ))
    };
    assert!(forest("[[[5, 0, 10000, 2], [-3], [20]], [[1]]]").is_ok());
    for (trees, told) in [
        ("[[]]", "a branch has no end"),
        ("[[[5, 0, 10000, 2], [-3]]]", "no branch ends"),
        ("[[[5, 0, 10000, 1], [-3], [20]]]", "no branch ends"),
        ("[[[5], [6]]]", "no branch ends"),
        ("[[[5, 1, null, 2], [-3], [20]]]", "node of feature `1`"),
        ("[[[5, 0]]]", "a node is"),
        ("[[[5000000000]]]", "value `5000000000`"),
    ] {
        let fault = forest(trees).unwrap_err().to_string();
        assert!(fault.contains(told), "{trees}: {fault}");
    }
    let text = trained(100)
        .to_json()
        .replacen("\"base\": ", "\"base\": 1", 1);
    let fault = Artifact::from_json(&text).unwrap_err().to_string();
    assert!(fault.contains("its content is version"), "{fault}");
}

#[test]
fn a_forest_of_other_features_is_refused() {
    let fault = trained(100).bind(&specs()[..2]).unwrap_err().to_string();
    assert!(
        fault.contains("`industry` is in the forest, not configured"),
        "{fault}"
    );
}

proptest! {
    #[test]
    fn contributions_of_trees_sum_to_the_score_exactly(
        row in prop::collection::vec(prop::option::of(-50_000..50_000_000i64), 0..5),
    ) {
        static MODEL: std::sync::LazyLock<Artifact> = std::sync::LazyLock::new(|| trained(400));
        // Whatever the order in which features are configured.
        let mut turned = specs();
        turned.reverse();
        let mut backwards = row.clone();
        backwards.resize(3, None);
        backwards.reverse();
        let mut scores = Vec::new();
        for (specs, row) in [(specs(), row), (turned, backwards)] {
            let bound = MODEL.bind(&specs).unwrap();
            let mut parts = Vec::new();
            let score = bound.explain(&row, &mut parts);
            prop_assert_eq!(parts.len(), specs.len());
            prop_assert_eq!(bound.intercept() + parts.iter().sum::<i64>(), score.log_odds);
            prop_assert_eq!(bound.intercept() + score.subtotals.iter().sum::<i64>(), score.log_odds);
            prop_assert_eq!(bound.score(&row), score);
            scores.push(score);
        }
        prop_assert_eq!(scores[0], scores[1]);
    }
}
