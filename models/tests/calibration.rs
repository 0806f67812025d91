//! Models with a calibration: what it moves and what it leaves as it is.
#![allow(clippy::unwrap_used)]

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tocsin_models::{
    Artifact, BoundModel, Cap, Category, FeatureKind, FeatureSpec, ForestParams, KINDS, Limit,
    ModelKind, Over, Provenance, Reached, TrainParams, cross_validate, probability, train_model,
};

type Row = Vec<Option<i64>>;

const FEATURES: usize = 6;

fn specs() -> Vec<FeatureSpec> {
    let spec =
        |place: usize| FeatureSpec::new(format!("f{place}"), Category::E, FeatureKind::Number);
    (0..FEATURES).map(spec).collect()
}

/// Enterprises that are positive almost never or six times in seven, whatever else
/// speaks for it: the log-odds bend at the top and at the bottom.
fn city(rows: usize, seed: u64) -> (Vec<Row>, Vec<bool>) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let enterprise = |_| {
        let row: Vec<i64> = (0..FEATURES).map(|_| rng.gen_range(0..10)).collect();
        let evidence = (row.iter().sum::<i64>() as f64 - 30.0) / 1.5;
        let chance = 0.86 / (1.0 + f64::exp(-evidence));
        let row = row.into_iter().map(|value| Some(value * 10_000)).collect();
        (row, rng.gen_bool(chance))
    };
    (0..rows).map(enterprise).unzip()
}

fn params(kind: ModelKind) -> TrainParams {
    TrainParams {
        kind,
        forest: ForestParams {
            trees: 60,
            ..ForestParams::default()
        },
        ..TrainParams::default()
    }
}

fn trained(kind: ModelKind) -> Artifact {
    let (rows, labels) = city(2_000, 1);
    let groups: Vec<u64> = (0..rows.len() as u64).collect();
    let provenance = Provenance::default();
    train_model(&specs(), &rows, &labels, &groups, &params(kind), provenance).unwrap()
}

/// A card of one feature that weighs a value of its own log-odds, with or without a
/// calibration that halves what is above 0.
fn card(calibration: &str) -> Artifact {
    let bins: Vec<String> = (0..8)
        .map(|n| {
            let bound = |n: i64| match n {
                0 | 8 => "null".to_owned(),
                n => (n * 10_000).to_string(),
            };
            let weight = n * 1_000_000;
            format!(
                r#"{{"from": {}, "to": {}, "weight": {weight}}}"#,
                bound(n),
                bound(n + 1)
            )
        })
        .collect();
    let text = format!(
        r#"{{"format": 1, "kind": "scorecard", "intercept": -3000000, {calibration}
        "features": [{{"name": "f0", "category": "E", "kind": "number",
        "bins": [{{"missing": true, "weight": 0}}, {}]}}]}}"#,
        bins.join(", ")
    );
    Artifact::from_json(&text).unwrap()
}

const HALVED: &str = r#""calibration": [[-1000000, -1000000], [0, 0], [2000000, 1000000]],"#;

fn bound(artifact: &Artifact) -> BoundModel {
    artifact.bind(&specs()[..1]).unwrap()
}

#[test]
fn it_moves_probability_and_index_and_no_contribution() {
    let (plain, bent) = (bound(&card("")), bound(&card(HALVED)));
    assert!(bent.is_bent() && !plain.is_bent());
    for value in 0..8 {
        let row = [Some(value * 10_000)];
        let (mut before, mut after) = (Vec::new(), Vec::new());
        let (one, other) = (
            plain.explain(&row, &mut before),
            bent.explain(&row, &mut after),
        );
        assert_eq!(
            (one.log_odds, one.subtotals, before),
            (other.log_odds, other.subtotals, after)
        );
        let read = if one.log_odds > 0 {
            one.log_odds / 2
        } else {
            one.log_odds
        };
        assert_eq!(bent.calibrated(one.log_odds), read);
        assert_eq!(other.index, plain.index(read));
        assert_eq!(
            bent.probability(other.log_odds, other.index),
            probability(read)
        );
        assert_eq!(
            plain.probability(one.log_odds, one.index),
            probability(one.log_odds)
        );
        let base = bent.base(vec![None]);
        assert_eq!(
            bent.score_from(&base, &row, &[0], &mut Reached::default()),
            other
        );
    }
}

#[test]
fn a_cap_below_an_index_holds_behind_it() {
    let bent = bound(&card(HALVED));
    let least = bent.log_odds_at(7_500).unwrap();
    assert!(bent.index(least) >= 7_500 && bent.index(least - 1) < 7_500);
    let cap = Cap {
        over: Over::Category(Category::E),
        limit: Limit::Below(7_500),
    };
    let row = [Some(70_000)];
    assert!(bent.score(&row).index >= 7_500);
    let capped = bent.capped(&[cap]).score(&row);
    assert_eq!((capped.log_odds, capped.index < 7_500), (least - 1, true));
}

#[test]
fn it_is_part_of_the_version_and_reads_back() {
    let (plain, bent) = (card(""), card(HALVED));
    assert_ne!(plain.version(), bent.version());
    assert!(!plain.to_json().contains("calibration"));
    assert_eq!(Artifact::from_json(&bent.to_json()).unwrap(), bent);
    let damaged = bent
        .to_json()
        .replace("[2000000,1000000]", "[2000000,1000001]");
    assert!(Artifact::from_json(&damaged).is_err());
    let wrong = bent.to_json().replace("[0,0]", "[-1000000,-2000000]");
    let message = Artifact::from_json(&wrong).unwrap_err().to_string();
    assert!(message.contains("calibration point"), "{message}");
}

#[test]
fn a_bend_is_learnt_by_every_kind_and_the_same_bytes_again() {
    for kind in KINDS {
        let artifact = trained(kind);
        let text = artifact.to_json();
        // The parts of a blend have none.
        assert_eq!(text.matches("\"calibration\"").count(), 1, "{kind:?}");
        assert_eq!(trained(kind).to_json(), text);
        assert_eq!(Artifact::from_json(&text).unwrap().to_json(), text);
        let model = artifact.bind(&specs()).unwrap();
        let (rows, labels) = city(8_000, 2);
        let said: Vec<f64> = rows
            .iter()
            .map(|row| {
                let score = model.score(row);
                model.probability(score.log_odds, score.index)
            })
            .collect();
        // Of those of whom most was said.
        let most: Vec<usize> = (0..rows.len()).filter(|row| said[*row] > 0.8).collect();
        let positive = most.iter().filter(|row| labels[**row]).count() as f64;
        let (expected, count) = (
            most.iter().map(|row| said[*row]).sum::<f64>(),
            most.len() as f64,
        );
        assert!(count > 500.0, "{kind:?}: {count}");
        assert!(
            (expected - positive).abs() / count < 0.03,
            "{kind:?}: {expected} {positive} of {count}"
        );
    }
}

#[test]
fn held_out_probabilities_are_within_what_chance_shows() {
    let (rows, labels) = city(4_000, 3);
    let groups: Vec<u64> = (0..rows.len() as u64).collect();
    let found = cross_validate(
        &specs(),
        &rows,
        &labels,
        None,
        &groups,
        params(ModelKind::Scorecard),
        5,
        1,
    )
    .unwrap();
    let chance = found.calibration_chance.unwrap();
    assert!(found.calibration_error.value < chance.high, "{found}");
}
