//! Training on made-up enterprises whose risk is known.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tocsin_models::{
    Category, FeatureKind, FeatureSpec, ModelError, Provenance, Scorecard, TrainParams,
    cross_validate, probability, train, train_grouped,
};

type Row = Vec<Option<i64>>;

/// Counts of a rare signal, a registry number that may be missing, an industry,
/// and noise.
fn specs() -> Vec<FeatureSpec> {
    vec![
        FeatureSpec::new("complaints", Category::E, FeatureKind::Number),
        FeatureSpec::new("capital", Category::R, FeatureKind::Number),
        FeatureSpec::new("industry", Category::R, FeatureKind::Category),
        FeatureSpec::new("noise", Category::F, FeatureKind::Number),
    ]
}

/// Enterprises of which about one in ten is positive: more complaints, a missing
/// capital and industry 7 raise the risk.
fn city(rows: usize, seed: u64) -> (Vec<Row>, Vec<bool>) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let enterprise = |_| {
        let complaints: i64 = if rng.gen_bool(0.05) {
            rng.gen_range(1..5)
        } else {
            0
        };
        let capital: Option<i64> = rng.gen_bool(0.8).then(|| rng.gen_range(1..1000));
        let industry: i64 = rng.gen_range(1..40);
        let log_odds = -4.0
            + 1.5 * complaints as f64
            + if capital.is_none() { 2.0 } else { 0.0 }
            + if industry == 7 { 3.0 } else { 0.0 };
        let noise: i64 = rng.gen_range(0..100);
        let values = [Some(complaints), capital, Some(industry), Some(noise)];
        let row = values
            .map(|value| value.map(|value| value * 10_000))
            .to_vec();
        (row, rng.gen_bool(1.0 / (1.0 + f64::exp(-log_odds))))
    };
    (0..rows).map(enterprise).unzip()
}

fn trained(rows: usize) -> Scorecard {
    let (rows, labels) = city(rows, 1);
    train(
        &specs(),
        &rows,
        &labels,
        TrainParams::default(),
        Provenance::default(),
    )
    .unwrap()
}

/// The weight a card gives to one value of one feature, others being equal.
fn weight(card: &Scorecard, feature: usize, value: Option<i64>) -> i64 {
    let bound = card.bind(&specs()).unwrap();
    let mut row = vec![None; 4];
    row[feature] = value.map(|value| value * 10_000);
    let mut contributions = Vec::new();
    bound.contributions(&row, &mut contributions);
    contributions[feature]
}

#[test]
fn a_planted_signal_is_found_and_noise_is_not() {
    let card = trained(4000);
    let none = weight(&card, 0, Some(0));
    assert!(none.abs() < 300_000, "{none}");
    assert!(weight(&card, 0, Some(1)) > none + 700_000);
    assert!(weight(&card, 0, Some(4)) > weight(&card, 0, Some(1)) + 1_000_000);
    assert!(weight(&card, 2, Some(7)) > weight(&card, 2, Some(8)) + 2_000_000);
    for value in [3, 50, 97] {
        assert!(weight(&card, 3, Some(value)).abs() < 500_000, "{value}");
    }
}

#[test]
fn a_missing_value_has_evidence_of_its_own() {
    let card = trained(4000);
    let gap = weight(&card, 1, None) - weight(&card, 1, Some(500));
    assert!((1_200_000..2_800_000).contains(&gap), "{gap}");
}

#[test]
fn unknown_values_of_a_category_count_as_other() {
    let card = trained(4000);
    assert_eq!(weight(&card, 2, Some(9999)), weight(&card, 2, Some(8888)));
}

#[test]
fn held_out_figures_are_near_what_the_truth_allows() {
    let (rows, labels) = city(4000, 2);
    let groups: Vec<u64> = (0..4000).collect();
    let inside: Vec<bool> = rows.iter().map(|row| row[1].is_some()).collect();
    let judge = |seed| {
        let params = TrainParams::default();
        cross_validate(
            &specs(),
            &rows,
            &labels,
            Some(&inside),
            &groups,
            params,
            5,
            seed,
        )
        .unwrap()
    };
    let found = judge(3);
    assert!((0.70..0.92).contains(&found.auc.value), "{found}");
    assert!((found.rows, found.enterprises) == (4000, 4000));
    let within = found.auc_within.unwrap();
    assert!((0.60..0.92).contains(&within.value), "{found}");
    for bin in &found.calibration {
        assert!((bin.predicted - bin.observed).abs() < 0.06, "{found}");
    }
    assert_eq!(judge(3), found);
}

#[test]
fn shuffled_labels_teach_nothing() {
    let (rows, _) = city(3000, 4);
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let labels: Vec<bool> = (0..3000).map(|_| rng.gen_bool(0.1)).collect();
    let groups: Vec<u64> = (0..3000).collect();
    let params = TrainParams::default();
    let found = cross_validate(&specs(), &rows, &labels, None, &groups, params, 5, 1).unwrap();
    assert!((0.42..0.58).contains(&found.auc.value), "{found}");
}

#[test]
fn retraining_gives_the_same_bytes() {
    assert_eq!(trained(1500).to_json(), trained(1500).to_json());
    let read = Scorecard::from_json(&trained(1500).to_json()).unwrap();
    assert_eq!(read, trained(1500));
}

#[test]
fn every_feature_stays_listed_and_useless_ones_weigh_nothing() {
    let (mut rows, labels) = city(500, 6);
    rows.iter_mut().for_each(|row| row[3] = Some(50_000));
    let params = TrainParams::default();
    let card = train(&specs(), &rows, &labels, params, Provenance::default()).unwrap();
    assert_eq!(card.features().len(), 4);
    assert!(card.features()[0].is_used());
    assert!(!card.features()[3].is_used());
}

#[test]
fn a_feature_that_may_only_rise_does_so_against_the_sample() {
    // Labels turned round: in this sample complaints speak for an enterprise.
    let (rows, labels) = city(4000, 1);
    let turned: Vec<bool> = labels.iter().map(|label| !label).collect();
    let fit = |rising: &[&str]| {
        let params = TrainParams {
            rising: rising.iter().map(ToString::to_string).collect(),
            ..TrainParams::default()
        };
        train(&specs(), &rows, &turned, params, Provenance::default()).unwrap()
    };
    let free = fit(&[]);
    assert!(weight(&free, 0, Some(4)) < weight(&free, 0, Some(0)) - 1_000_000);
    let held = fit(&["complaints", "noise"]);
    for feature in [0, 3] {
        let weights = (0..100).map(|value| weight(&held, feature, Some(value)));
        assert!(weights.is_sorted(), "feature {feature}");
    }
    // What may fall still does.
    assert!(weight(&held, 2, Some(7)) < weight(&held, 2, Some(8)) - 1_000_000);
}

#[test]
fn the_rate_among_all_moves_the_intercept_alone() {
    let (rows, labels) = city(4000, 1);
    let fit = |base_rate| {
        let params = TrainParams {
            base_rate,
            ..TrainParams::default()
        };
        let card = train(&specs(), &rows, &labels, params, Provenance::default());
        card.unwrap().bind(&specs()).unwrap()
    };
    let (sample, all) = (fit(None), fit(Some(0.001)));
    let share = labels.iter().filter(|label| **label).count() as f64 / 4000.0;
    let logit = |p: f64| (p / (1.0 - p)).ln();
    let moved = ((logit(0.001) - logit(share)) * 1e6).round() as i64;
    for row in rows.iter().take(50) {
        let difference = all.score(row).log_odds - sample.score(row).log_odds;
        assert!((difference - moved).abs() <= 1, "{difference} {moved}");
    }
}

#[test]
fn no_features_at_all_give_the_base_rate() {
    let labels: Vec<bool> = (0..100).map(|row| row < 20).collect();
    let rows = vec![vec![]; 100];
    let params = TrainParams::default();
    let card = train(&[], &rows, &labels, params, Provenance::default()).unwrap();
    let score = card.bind(&[]).unwrap().score(&[]);
    assert!(
        (probability(score.log_odds) - 0.2).abs() < 0.01,
        "{score:?}"
    );
}

#[test]
fn even_labels_without_any_signal_give_even_odds() {
    let labels: Vec<bool> = (0..100).map(|row| row % 2 == 0).collect();
    let mut rows = vec![vec![None; 4]; 100];
    for (place, row) in rows.iter_mut().enumerate() {
        row[3] = Some((place as i64 / 2) * 10_000);
    }
    let params = TrainParams::default();
    let card = train(&specs(), &rows, &labels, params, Provenance::default()).unwrap();
    let score = card.bind(&specs()).unwrap().score(&rows[0]);
    assert!(
        (probability(score.log_odds) - 0.5).abs() < 0.01,
        "{score:?}"
    );
}

#[test]
fn a_signal_that_parts_the_labels_completely_keeps_weights_bounded() {
    let labels: Vec<bool> = (0..200).map(|row| row < 30).collect();
    let value = |label: &bool| vec![Some(i64::from(*label) * 10_000), None, None, None];
    let rows: Vec<Row> = labels.iter().map(value).collect();
    let params = TrainParams::default();
    let card = train(&specs(), &rows, &labels, params, Provenance::default()).unwrap();
    let bound = card.bind(&specs()).unwrap();
    let [high, low] = [&rows[0], &rows[199]].map(|row| bound.score(row).log_odds);
    assert!((1_000_000..20_000_000).contains(&high), "{high}");
    assert!((-20_000_000..-1_000_000).contains(&low), "{low}");
}

#[test]
fn data_that_nothing_can_be_learned_from_is_refused() {
    let (rows, labels) = city(50, 7);
    let refuse = |rows: &[Row], labels: &[bool], part: &str| {
        let params = TrainParams::default();
        let error = train(&specs(), rows, labels, params, Provenance::default()).unwrap_err();
        assert!(matches!(error, ModelError::Training(_)), "{error}");
        assert!(error.to_string().contains(part), "{error}");
    };
    refuse(&[], &[], "there are no rows");
    refuse(&rows, &labels[1..], "50 rows, 49 labels");
    refuse(&rows, &[false; 50], "none of 50 rows is positive");
    refuse(&rows, &[true; 50], "all of 50 rows are positive");
    let mut uneven = rows.clone();
    uneven[3].pop();
    refuse(&uneven, &labels, "row 3 has 3 values, there are 4 features");
    let groups = [1; 49];
    let params = TrainParams::default();
    assert!(
        train_grouped(
            &specs(),
            &rows,
            &labels,
            &groups,
            params,
            Provenance::default()
        )
        .is_err()
    );
}

#[test]
fn too_few_enterprises_for_the_folds_are_refused() {
    let (rows, labels) = city(300, 8);
    let groups: Vec<u64> = labels.iter().map(|label| u64::from(*label)).collect();
    let params = TrainParams::default();
    let error = cross_validate(&specs(), &rows, &labels, None, &groups, params, 5, 1).unwrap_err();
    assert!(
        error.to_string().contains("1 enterprises with a positive"),
        "{error}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn contributions_sum_to_the_score_exactly(
        values in prop::collection::vec(prop::option::of(any::<i64>()), 0..6),
        near in prop::collection::vec(prop::option::of(0..60i64), 4),
    ) {
        let card = CARD.get_or_init(|| trained(600));
        let bound = card.bind(&specs()).unwrap();
        let near: Row = near.into_iter().map(|v| v.map(|v| v * 10_000)).collect();
        for row in [values, near] {
            let score = bound.score(&row);
            let mut contributions = vec![99];
            bound.contributions(&row, &mut contributions);
            prop_assert_eq!(contributions.len(), 4);
            prop_assert_eq!(bound.intercept() + contributions.iter().sum::<i64>(), score.log_odds);
            prop_assert_eq!(bound.intercept() + score.subtotals.iter().sum::<i64>(), score.log_odds);
        }
    }
}

static CARD: std::sync::OnceLock<Scorecard> = std::sync::OnceLock::new();
