//! What a scorecard may do beyond a sum of features, each asked for by itself:
//! pairs, choices by inner validation, levels that borrow, ways that are held to.
#![allow(clippy::unwrap_used)]

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tocsin_models::{
    Artifact, Category, Evaluation, FeatureKind, FeatureSpec, ModelKind, Provenance, Rows,
    Scorecard, Term, TrainParams, cross_validate, cross_validate_rows, train, train_columns,
    train_model, train_rows,
};

type Row = Vec<Option<i64>>;

const NOISE: usize = 4;

/// What two features say together (complaints, capital), one that says something
/// alone (age: more is less), codes, and noise.
fn specs() -> Vec<FeatureSpec> {
    let mut specs = vec![
        FeatureSpec::new("complaints", Category::E, FeatureKind::Number),
        FeatureSpec::new("capital", Category::D, FeatureKind::Number),
        FeatureSpec::new("age", Category::R, FeatureKind::Number),
        FeatureSpec::new("industry", Category::R, FeatureKind::Category),
    ];
    let noise = (0..NOISE).map(|n| format!("noise{n}"));
    specs.extend(noise.map(|name| FeatureSpec::new(name, Category::F, FeatureKind::Number)));
    specs
}

fn city(rows: usize, seed: u64) -> (Vec<Row>, Vec<bool>) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let enterprise = |_| {
        let complaints: i64 = rng.gen_range(0..4);
        let capital: Option<i64> = rng.gen_bool(0.5).then(|| rng.gen_range(1..1000));
        let age: i64 = rng.gen_range(0..20);
        // Codes 6601 to 6619 are worse than 7101 to 7119, whichever they are.
        let bad = rng.gen_bool(0.3);
        let industry = if bad { 6600 } else { 7100 } + rng.gen_range(1..20_i64);
        let together = (complaints >= 2) != capital.is_none();
        let log_odds = if together { 1.5 } else { -1.5 } - 0.15 * (age - 10) as f64
            + if bad { 1.0 } else { -0.4 };
        let label = rng.gen_bool(1.0 / (1.0 + (-log_odds).exp()));
        let mut row = vec![Some(complaints), capital, Some(age), Some(industry)];
        row.extend((0..NOISE).map(|_| Some(rng.gen_range(0..50))));
        let scaled = row
            .into_iter()
            .map(|value| value.map(|value| value * 10_000));
        (scaled.collect(), label)
    };
    (0..rows).map(enterprise).unzip()
}

fn trained(rows: usize, params: &TrainParams) -> Scorecard {
    let (rows, labels) = city(rows, 1);
    train(
        &specs(),
        &rows,
        &labels,
        params.clone(),
        Provenance::default(),
    )
    .unwrap()
}

fn judged(params: &TrainParams) -> Evaluation {
    let (rows, labels) = city(1_500, 2);
    let groups: Vec<u64> = (0..rows.len() as u64).collect();
    cross_validate(
        &specs(),
        &rows,
        &labels,
        None,
        &groups,
        params.clone(),
        3,
        5,
    )
    .unwrap()
}

fn with_pairs() -> TrainParams {
    TrainParams {
        pairs: 2,
        pair_freedom: 1.0,
        ..TrainParams::default()
    }
}

#[test]
fn a_pair_learns_what_no_sum_can_tell_and_sums_exactly() {
    let [sum, pairs] = [TrainParams::default(), with_pairs()].map(|params| judged(&params));
    assert!(pairs.auc.value > sum.auc.value + 0.08, "{sum}{pairs}");
    let card = trained(1_500, &with_pairs());
    let mut named: Vec<&str> = card.pairs().next().unwrap().to_vec();
    named.sort_unstable();
    assert_eq!(named, ["capital", "complaints"]);
    assert_eq!(Scorecard::from_json(&card.to_json()).unwrap(), card);
    let bound = Artifact::from(card).bind(&specs()).unwrap();
    assert!(matches!(bound.terms()[0], Term::Pair(..)));
    let mut parts = Vec::new();
    for row in city(300, 3).0 {
        let score = bound.explain(&row, &mut parts);
        assert_eq!(
            bound.intercept() + parts.iter().sum::<i64>(),
            score.log_odds
        );
    }
    assert!(
        trained(1_500, &TrainParams::default())
            .pairs()
            .next()
            .is_none()
    );
}

#[test]
fn inner_validation_leaves_out_what_does_not_help_and_says_so() {
    let params = TrainParams {
        select: true,
        ..with_pairs()
    };
    let card = trained(1_500, &params);
    let used = |name: &str| {
        let mut features = card.features().iter();
        features.find(|f| f.spec().name == name).unwrap().is_used()
    };
    assert!(used("age") && used("industry"));
    assert!(
        (0..NOISE).all(|n| !used(&format!("noise{n}"))),
        "{}",
        card.to_json()
    );
    let noisy = card.pairs().flatten().any(|name| name.starts_with("noise"));
    assert!(!noisy, "{}", card.to_json());
    let note = &card.provenance().note;
    assert!(note.starts_with("by inner validation: "), "{note}");
    let plain = judged(&with_pairs());
    let chosen = judged(&params);
    assert!(chosen.auc.value > plain.auc.value - 0.01, "{plain}{chosen}");
}

#[test]
fn a_path_of_costs_leaves_noise_out_and_keeps_what_tells() {
    let sparse = TrainParams {
        sparse: true,
        ..TrainParams::default()
    };
    for seed in 1..=4 {
        let (rows, labels) = city(2_500, seed);
        let provenance = Provenance::default();
        let card = train(&specs(), &rows, &labels, sparse.clone(), provenance).unwrap();
        for feature in card.features() {
            let weighs = feature.bins().iter().any(|(_, weight)| *weight != 0);
            let name = &feature.spec().name;
            let tells = ["age", "industry"].contains(&name.as_str());
            // The two that only tell together may weigh or not.
            if tells || name.starts_with("noise") {
                assert_eq!(weighs, tells, "{name} of seed {seed}: {}", card.to_json());
            }
        }
        let note = &card.provenance().note;
        assert!(note.contains("of 8 features, at a cost of 0."), "{note}");
    }
    let both = TrainParams {
        select: true,
        ..sparse
    };
    let (rows, labels) = city(300, 1);
    let fault = train(&specs(), &rows, &labels, both, Provenance::default());
    let fault = fault.unwrap_err().to_string();
    assert!(fault.contains("one of them chooses features"), "{fault}");
}

#[test]
fn rows_kept_by_feature_are_the_same_card_and_the_same_figures() {
    let (rows, labels) = city(800, 1);
    let groups: Vec<u64> = (0..800).map(|row| row / 2).collect();
    let held: Rows = rows.iter().map(Vec::as_slice).collect();
    for kind in [ModelKind::Scorecard, ModelKind::Forest] {
        let mut params = TrainParams {
            kind,
            ..with_pairs()
        };
        params.forest.trees = 20;
        let none = Provenance::default;
        let by_row = train_model(&specs(), &rows, &labels, &groups, &params, none()).unwrap();
        let kept = train_rows(&specs(), &held, &labels, &groups, &params, none()).unwrap();
        assert_eq!(by_row.to_json(), kept.to_json());
        let of = (&labels[..], &groups[..]);
        let kept = cross_validate_rows(&specs(), &held, of, None, params.clone(), 3, 1).unwrap();
        let by_row = cross_validate(&specs(), &rows, &labels, None, &groups, params, 3, 1);
        assert_eq!(by_row.unwrap(), kept);
    }
    let narrow = Rows::new(3);
    let params = TrainParams::default();
    let fault = train_rows(&specs(), &narrow, &[], &[], &params, Provenance::default());
    let fault = fault.unwrap_err().to_string();
    assert!(
        fault.contains("0 rows of 3 values, 0 labels and 8 features"),
        "{fault}"
    );
}

#[test]
fn training_again_gives_the_same_bytes_whatever_is_asked_for() {
    for (select, pooled) in [(false, true), (true, true)] {
        let params = TrainParams {
            select,
            pooled,
            ..with_pairs()
        };
        assert_eq!(
            trained(600, &params).to_json(),
            trained(600, &params).to_json()
        );
    }
}

#[test]
fn a_column_at_a_time_is_the_same_card() {
    let (rows, labels) = city(800, 1);
    let groups: Vec<u64> = (0..800).collect();
    let params = with_pairs();
    let fill = |feature: usize, values: &mut Vec<Option<i64>>| {
        values.extend(rows.iter().map(|row| row[feature]));
    };
    let provenance = Provenance::default();
    let by_column = train_columns(&specs(), &labels, &groups, &params, provenance, fill).unwrap();
    assert_eq!(by_column.to_json(), trained(800, &params).to_json());
    let fault = train_columns(
        &specs(),
        &labels,
        &groups[1..],
        &params,
        Provenance::default(),
        fill,
    );
    let fault = fault.unwrap_err().to_string();
    assert!(fault.contains("800 labels and 799 groups"), "{fault}");
}

#[test]
fn a_feature_that_may_only_fall_does_so_and_is_in_no_pair() {
    let params = TrainParams {
        falling: vec!["age".to_owned(), "capital".to_owned()],
        pairs: 100,
        ..with_pairs()
    };
    let card = trained(700, &params);
    let age = card
        .features()
        .iter()
        .find(|f| f.spec().name == "age")
        .unwrap();
    let weights: Vec<i64> = age.bins()[1..].iter().map(|(_, weight)| *weight).collect();
    assert!(
        weights.is_sorted_by(|a, b| a >= b) && weights.len() > 2,
        "{weights:?}"
    );
    assert!(weights[0] > 0 && weights[weights.len() - 1] < 0);
    let mut paired = card.pairs().flatten();
    assert!(paired.all(|name| name != "age" && name != "capital"));
    // What would rise beside the others does not count at all.
    let (rows, mut labels) = city(700, 1);
    labels.iter_mut().for_each(|label| *label = !*label);
    let turned = train(&specs(), &rows, &labels, params, Provenance::default()).unwrap();
    let age = turned
        .features()
        .iter()
        .find(|f| f.spec().name == "age")
        .unwrap();
    let weights: Vec<i64> = age.bins()[1..].iter().map(|(_, weight)| *weight).collect();
    assert!(weights.is_sorted_by(|a, b| a >= b), "{weights:?}");
}

#[test]
fn rare_codes_borrow_from_their_parent() {
    let mut params = TrainParams {
        pooled: true,
        min_value_rows: 1,
        ..TrainParams::default()
    };
    let spread = |params: &TrainParams| {
        let card = trained(400, params);
        let bound = card.bind(&specs()).unwrap();
        let row = |code: i64| {
            let mut row = vec![None; specs().len()];
            row[3] = Some(code * 10_000);
            bound.score(&row).log_odds
        };
        let of = |family: i64| {
            (1..20)
                .map(move |code| row(family + code))
                .collect::<Vec<_>>()
        };
        let (bad, good) = (of(6600), of(7100));
        let mean = |scores: &[i64]| scores.iter().sum::<i64>() as f64 / scores.len() as f64;
        let apart = mean(&bad) - mean(&good);
        let within = bad.iter().max().unwrap() - bad.iter().min().unwrap();
        (apart, within as f64)
    };
    let (alone, scattered) = spread(&params);
    params.parents.insert("industry".to_owned(), 100);
    let (together, close) = spread(&params);
    assert!(
        together > alone && close < scattered,
        "{alone} {scattered} {together} {close}"
    );
}
