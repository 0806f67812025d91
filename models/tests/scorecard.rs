//! The artifact: written by hand, read, checked, versioned and bound.
#![allow(clippy::unwrap_used)]

use tocsin_models::{Artifact, Category, FeatureKind, FeatureSpec, ModelError, Reached, Scorecard};

const HAND_WRITTEN: &str = r#"{
  "format": 1, "version": "", "kind": "scorecard",
  "provenance": {"note": "专家评分卡 \"v1\""},
  "intercept": -6500000,
  "anchors": [[4000, -3000000], [6000, -1400000], [7000, -400000], [8000, 800000]],
  "features": [
    {"name": "penalties", "category": "A", "kind": "number", "bins": [
      {"from": 10000, "to": 30000, "weight": 1500000},
      {"missing": true, "weight": 0},
      {"from": 30000, "to": null, "weight": 2500000},
      {"from": null, "to": 10000, "weight": -120000}
    ]},
    {"name": "industry", "category": "R", "kind": "category", "bins": [
      {"values": [760000, 740000], "weight": 900000},
      {"missing": true, "weight": 5},
      {"other": true, "weight": -700000}
    ]}
  ]
}"#;

fn card() -> Scorecard {
    Scorecard::from_json(HAND_WRITTEN).unwrap()
}

fn specs() -> Vec<FeatureSpec> {
    vec![
        FeatureSpec::new("industry", Category::R, FeatureKind::Category),
        FeatureSpec::new("penalties", Category::A, FeatureKind::Number),
    ]
}

/// Replaces `from` by `to` and expects the error to name all of `parts`.
fn refused(from: &str, to: &str, parts: &[&str]) {
    assert!(HAND_WRITTEN.contains(from), "{from}");
    let message = Scorecard::from_json(&HAND_WRITTEN.replace(from, to))
        .unwrap_err()
        .to_string();
    for part in parts {
        assert!(message.contains(part), "{part}: {message}");
    }
}

#[test]
fn equal_cards_are_equal_text_whatever_the_order_of_bins() {
    let written = card().to_json();
    let again = Scorecard::from_json(&written).unwrap();
    assert_eq!(again, card());
    assert_eq!(again.to_json(), written);
    assert_eq!(again.provenance().note, "专家评分卡 \"v1\"");
    let swapped = HAND_WRITTEN.replace("[760000, 740000]", "[740000, 760000]");
    assert_eq!(Scorecard::from_json(&swapped).unwrap().to_json(), written);
}

#[test]
fn the_version_follows_the_content() {
    let version = card().version().to_owned();
    assert_eq!(version.len(), 12);
    assert!(version.chars().all(|digit| digit.is_ascii_hexdigit()));
    let heavier = HAND_WRITTEN.replace("2500000", "2500001");
    assert_ne!(Scorecard::from_json(&heavier).unwrap().version(), version);
}

#[test]
fn a_changed_card_with_its_old_version_is_refused() {
    for (from, to) in [
        ("1500000", "1500001"),
        ("-6500000", "-6400000"),
        ("v1", "v2"),
    ] {
        let tampered = card().to_json().replace(from, to);
        let error = Scorecard::from_json(&tampered).unwrap_err();
        assert!(matches!(error, ModelError::Version { .. }), "{error}");
    }
}

#[test]
fn what_need_not_be_written_by_hand_has_defaults() {
    let short = r#"{"format": 1, "kind": "scorecard", "intercept": 0, "features": []}"#;
    let card = Scorecard::from_json(short).unwrap();
    assert_eq!(card.anchors()[0], (4000, -2_944_439));
    assert_eq!(card.bind(&[]).unwrap().score(&[]).log_odds, 0);
}

#[test]
fn faults_are_named() {
    refused(
        "\"format\": 1",
        "\"format\": 2",
        &["format `2`, allowed is 1"],
    );
    refused("\"kind\": \"scorecard\"", "\"kind\": \"tree\"", &["`tree`"]);
    refused("-6500000", "-6500000000", &["intercept `-6500000000`"]);
    refused(
        "[6000, -1400000]",
        "[6000, -3400000]",
        &["does not rise from"],
    );
    refused(
        "\"industry\"",
        "\"penalties\"",
        &["`penalties` is listed twice"],
    );
    refused(
        "\"to\": 30000",
        "\"to\": 20000",
        &["no range holds values from 20000 to 30000"],
    );
    refused("\"to\": 30000", "\"to\": 40000", &["overlap"]);
    refused(
        "\"to\": null",
        "\"to\": 50000",
        &["no range holds values from 50000 up"],
    );
    refused(
        "\"from\": null",
        "\"from\": 0",
        &["no range holds values below 0"],
    );
    refused(
        "\"from\": 10000",
        "\"from\": 30000",
        &["from 30000 to 30000 is empty"],
    );
    refused(
        "\"other\": true",
        "\"values\": [740000]",
        &["0 bins of other", "740000 is listed twice"],
    );
    refused("\"other\": true", "\"values\": []", &["no values"]);
    refused("\"from\": null, ", "", &["must say one of"]);
    refused(
        "\"missing\": true, \"weight\": 5",
        "\"missing\": true, \"wight\": 5",
        &["wight"],
    );
}

#[test]
fn all_faults_are_named_at_once() {
    let mut text = HAND_WRITTEN.replace("\"to\": null", "\"to\": 50000");
    text = text.replace("\"format\": 1", "\"format\": 9");
    text = text.replace("{\"missing\": true, \"weight\": 5},", "");
    let Err(ModelError::Scorecard(faults)) = Scorecard::from_json(&text) else {
        panic!("must be refused");
    };
    assert_eq!(faults.len(), 3, "{faults:?}");
}

#[test]
fn a_bound_card_takes_rows_in_the_configured_order() {
    let bound = card().bind(&specs()).unwrap();
    let score = bound.score(&[Some(740_000), Some(30_000)]);
    assert_eq!(score.log_odds, -6_500_000 + 900_000 + 2_500_000);
    assert_eq!(score.subtotals[Category::A.index()], 2_500_000);
    assert_eq!(score.subtotals[Category::R.index()], 900_000);
    assert_eq!(score.index, bound.index(-3_100_000));
    assert_eq!(bound.score(&[None, None]).log_odds, -6_499_995);
    assert_eq!(bound.score(&[Some(1), Some(9_999)]).log_odds, -7_320_000);
    assert_eq!(bound.features(), specs());
    assert_eq!(bound.version(), card().version());
}

#[test]
fn bins_are_put_into_words() {
    let bound = card().bind(&specs()).unwrap();
    assert_eq!(bound.bin_label(0, Some(740_000)), "= 74 or 76");
    assert_eq!(bound.bin_label(0, Some(1)), "other");
    assert_eq!(bound.bin_label(1, Some(12_345)), "1 to < 3");
    assert_eq!(bound.bin_label(1, None), "missing");
    assert_eq!(bound.bin_label(2, None), "");
    let labels: Vec<String> = bound.bins(1).into_iter().map(|(label, _)| label).collect();
    assert_eq!(labels, ["missing", "< 1", "1 to < 3", "≥ 3"]);
}

#[test]
fn binding_names_every_difference() {
    let other = vec![
        FeatureSpec::new("industry", Category::G, FeatureKind::Category),
        FeatureSpec::new("complaints", Category::E, FeatureKind::Number),
        FeatureSpec::new("complaints", Category::E, FeatureKind::Number),
    ];
    let Err(ModelError::Features(differences)) = card().bind(&other) else {
        panic!("must be refused");
    };
    assert_eq!(
        differences,
        [
            "`industry` is configured as category of G, in the scorecard it is category of R",
            "`complaints` is configured, not in the scorecard",
            "`complaints` is configured twice",
            "`penalties` is in the scorecard, not configured",
        ]
    );
}

#[test]
fn a_score_reached_from_another_is_the_score() {
    let bound = Artifact::from(card()).bind(&specs()).unwrap();
    let values = [None, Some(0), Some(20_000), Some(760_000), Some(i64::MAX)];
    let base = bound.base(vec![Some(740_000), None]);
    let (mut reached, mut expected) = (Reached::default(), Vec::new());
    for industry in values {
        for penalties in values {
            let row = [industry, penalties];
            bound.contributions(&row, &mut expected);
            let score = bound.score_from(&base, &row, &[0, 1], &mut reached);
            assert_eq!(score, bound.score(&row));
            assert_eq!(reached.contributions(), &expected);
        }
        let row = [industry, None];
        let score = bound.score_from(&base, &row, &[0], &mut reached);
        assert_eq!(score, bound.score(&row));
    }
}
