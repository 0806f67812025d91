//! What the parts of a score sum to: features, pairs and caps, of either kind of
//! model, whole and reached from another row.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::json;
use tocsin_models::{
    Artifact, BoundModel, CATEGORIES, Cap, Category, FeatureKind, FeatureSpec, Held, Limit,
    ModelError, Over, Reached, Term,
};

const CATEGORY: [Category; 4] = [Category::D, Category::D, Category::E, Category::R];
const FEATURES: usize = CATEGORY.len();

fn specs() -> Vec<FeatureSpec> {
    let kind = |place| match place {
        3 => FeatureKind::Category,
        _ => FeatureKind::Number,
    };
    (0..FEATURES)
        .map(|place| FeatureSpec::new(format!("f{place}"), CATEGORY[place], kind(place)))
        .collect()
}

/// A scorecard of such weights: 4 a feature, and 3 × 3 for each of two pairs.
fn card(weights: &[i64]) -> Artifact {
    let bins = |place: usize| {
        let of = &weights[4 * place..];
        match place {
            3 => json!([{"missing": true, "weight": of[0]}, {"values": [1, 2], "weight": of[1]},
                {"values": [7], "weight": of[2]}, {"other": true, "weight": of[3]}]),
            _ => {
                json!([{"missing": true, "weight": of[0]}, {"from": null, "to": 0, "weight": of[1]},
                {"from": 0, "to": 5, "weight": of[2]}, {"from": 5, "to": null, "weight": of[3]}])
            }
        }
    };
    let features = specs().into_iter().enumerate().map(|(place, spec)| {
        json!({"name": spec.name, "category": spec.category, "kind": spec.kind, "bins": bins(place)})
    });
    let rows = |from: usize| -> Vec<&[i64]> { weights[from..from + 9].chunks(3).collect() };
    let pairs = json!([
        {"features": ["f0", "f2"], "first": {"cuts": [3]}, "second": {"cuts": [0]}, "weights": rows(16)},
        {"features": ["f3", "f1"], "first": {"values": [[1, 9]]}, "second": {"cuts": [5]}, "weights": rows(25)},
    ]);
    let card = json!({"format": 1, "kind": "scorecard", "intercept": -3_000_000,
        "features": features.collect::<Vec<_>>(), "pairs": pairs});
    Artifact::from_json(&card.to_string()).unwrap()
}

/// A forest of two trees over the same features.
fn forest(weights: &[i64]) -> Artifact {
    let w = weights;
    let forest = json!({"format": 1, "kind": "forest", "base": -2_000_000,
    "features": specs(), "trees": [
        [[w[0], 0, 3, 4], [w[1], 2, 0, 3], [w[2]], [w[3]], [w[4]]],
        [[w[5], 1, null, 2], [w[6]], [w[7], 3, 7, 4], [w[8]], [w[9]]],
    ]});
    Artifact::from_json(&forest.to_string()).unwrap()
}

fn value() -> impl Strategy<Value = Option<i64>> {
    prop::option::of(-2..10_i64)
}

fn caps() -> impl Strategy<Value = Vec<Cap>> {
    let limit = prop_oneof![
        (0..4_000_000_i64).prop_map(Limit::LogOdds),
        (1..10_000_u16).prop_map(Limit::Below),
    ];
    let categories = [Category::D, Category::E, Category::R].map(Over::Category);
    // One agency of two categories, one of one.
    let all = [agency("one", &[0, 2]), agency("two", &[1])];
    let all: Vec<Over> = all.into_iter().chain(categories).collect();
    let capped = prop::sample::subsequence(all, 0..=5);
    (capped, prop::collection::vec(limit, 5)).prop_map(|(overs, limits)| {
        let both = overs.into_iter().zip(limits);
        both.map(|(over, limit)| Cap { over, limit }).collect()
    })
}

fn agency(name: &str, places: &[usize]) -> Over {
    let (name, places) = (name.to_owned(), places.to_vec());
    Over::Features(Arc::new(Held { name, places }))
}

/// What counts for some features: theirs, and half of each pair they are in.
fn counts_for(places: &[usize], parts: &[i64], terms: &[Term]) -> i64 {
    let own: i64 = places.iter().map(|place| parts[*place]).sum();
    let pairs = terms.iter().zip(&parts[FEATURES..]);
    let halves = pairs.map(|(term, part)| match term {
        Term::Pair(first, second) => {
            let first = i64::from(places.contains(first)) * (part - part / 2);
            first + i64::from(places.contains(second)) * (part / 2)
        }
        Term::Cap(..) => 0,
    });
    own + halves.sum::<i64>()
}

/// What must hold of the parts of a row's score.
fn check(
    model: &BoundModel,
    row: &[Option<i64>],
    uncapped: &BoundModel,
) -> Result<(), TestCaseError> {
    let mut parts = Vec::new();
    let score = model.explain(row, &mut parts);
    let terms = model.terms();
    prop_assert_eq!(parts.len(), FEATURES + terms.len());
    prop_assert_eq!(
        model.intercept() + parts.iter().sum::<i64>(),
        score.log_odds
    );
    let subtotals = score.subtotals.iter().sum::<i64>();
    prop_assert_eq!(model.intercept() + subtotals, score.log_odds);
    prop_assert_eq!(score.index, model.index(score.log_odds));
    prop_assert_eq!(model.score(row), score);
    let before = uncapped.score(row).subtotals;
    let grouped = |term: &Term| matches!(term, Term::Cap(Over::Features(_), _));
    for (term, part) in terms.iter().zip(&parts[FEATURES..]) {
        match term {
            Term::Cap(Over::Category(category), limit) => {
                let place = category.index();
                prop_assert!(score.subtotals[place] <= *limit);
                prop_assert!(*part <= 0);
                prop_assert!(*part == 0 || score.subtotals[place] == *limit);
                if !terms.iter().any(grouped) {
                    prop_assert_eq!(score.subtotals[place], before[place].min(*limit));
                    prop_assert_eq!(*part, score.subtotals[place] - before[place]);
                }
            }
            Term::Cap(Over::Features(held), limit) => {
                let added = counts_for(&held.places, &parts, &terms);
                prop_assert_eq!(*part, (limit - added).min(0));
            }
            Term::Pair(..) => {}
        }
    }
    // A category never gets more off than it brings.
    for (place, before) in before.iter().enumerate() {
        prop_assert!(score.subtotals[place] <= *before);
    }
    Ok(())
}

proptest! {
    #[test]
    fn contributions_and_caps_sum_to_the_score_always(
        weights in prop::collection::vec(-3_000_000..3_000_000_i64, 34),
        caps in caps(),
        row in prop::collection::vec(value(), FEATURES),
        other in prop::collection::vec(value(), FEATURES),
        changed in prop::collection::vec(any::<bool>(), FEATURES),
    ) {
        for artifact in [card(&weights), forest(&weights)] {
            let uncapped = artifact.bind(&specs()).unwrap();
            let model = uncapped.clone().capped(&caps);
            check(&model, &row, &uncapped)?;
            // Reached from another row, whatever has changed and is changed back.
            let base = model.base(other.clone());
            let places = (0..FEATURES).filter(|place| changed[*place]);
            let mut then = other.clone();
            places.clone().for_each(|place| then[place] = row[place]);
            let touched: Vec<u16> = places.map(|place| place as u16).collect();
            let (mut reached, mut whole) = (Reached::default(), Vec::new());
            let score = model.score_from(&base, &then, &touched, &mut reached);
            prop_assert_eq!(score, model.explain(&then, &mut whole));
            prop_assert_eq!(reached.contributions(), &whole);
            // On from there, one feature after another, and all at once.
            for place in 0..FEATURES {
                then[place] = row[place];
                let score = model.score_on(&then, &[place as u16], &mut reached);
                prop_assert_eq!(score, model.explain(&then, &mut whole));
                prop_assert_eq!(reached.contributions(), &whole);
            }
            let all: Vec<u16> = (0..FEATURES as u16).collect();
            let score = model.score_on(&other, &all, &mut reached);
            prop_assert_eq!(score, model.explain(&other, &mut whole));
            prop_assert_eq!(reached.contributions(), &whole);
        }
    }

    #[test]
    fn no_change_of_several_features_adds_more_than_is_said_of_each(
        weights in prop::collection::vec(-3_000_000..3_000_000_i64, 34),
        caps in caps(),
        row in prop::collection::vec(value(), FEATURES),
        then in prop::collection::vec(value(), FEATURES),
    ) {
        let model = card(&weights).bind(&specs()).unwrap().capped(&caps);
        let gain = model.score(&then).log_odds - model.score(&row).log_odds;
        let changed = (0..FEATURES).filter(|place| row[*place] != then[*place]);
        let most = changed.map(|place| model.most_gain(place, row[place], then[place]).unwrap());
        prop_assert!(gain <= most.sum());
    }
}

#[test]
fn a_category_below_an_index_does_not_reach_it_by_itself() {
    let mut weights = vec![0; 34];
    (weights[3], weights[7], weights[11]) = (3_000_000, 4_000_000, 1_000_000);
    let model = card(&weights).bind(&specs()).unwrap();
    let caps = [Cap {
        over: Over::Category(Category::D),
        limit: Limit::Below(8_000),
    }];
    let capped = model.clone().capped(&caps);
    let alone = [Some(9), Some(9), None, None];
    assert!(model.score(&alone).index >= 8_000);
    assert_eq!(
        capped.score(&alone).log_odds,
        model.log_odds_at(8_000).unwrap() - 1
    );
    // With another category beside it, it can.
    assert!(capped.score(&[Some(9), Some(9), Some(9), None]).index >= 8_000);
    assert!(matches!(
        capped.terms().last(),
        Some(Term::Cap(Over::Category(Category::D), _))
    ));
    assert_eq!(model.terms().len(), 2);
}

#[test]
fn what_an_agency_has_beyond_its_cap_is_shared_by_its_categories() {
    let mut weights = [0; 34];
    weights[3] = 3_000_000; // f0, of D
    weights[11] = 1_000_001; // f2, of E
    weights[7] = 500_000; // f1, of D and of nobody
    let model = card(&weights).bind(&specs()).unwrap();
    let limit = Limit::LogOdds(2_000_000);
    let over = agency("one", &[0, 2]);
    let model = model.capped(&[
        Cap {
            over: Over::Category(Category::E),
            limit: Limit::LogOdds(400_000),
        },
        Cap { over, limit },
    ]);
    let mut parts = Vec::new();
    let score = model.explain(&[Some(9), Some(9), Some(9), None], &mut parts);
    // Half of 4,000,001 goes, three quarters of it of D; of E 100,000 more.
    assert_eq!(parts[FEATURES + 2..], [-2_000_001, -100_000]);
    assert_eq!(score.subtotals[Category::D.index()], 2_000_000);
    assert_eq!(score.subtotals[Category::E.index()], 400_000);
    assert_eq!(score.log_odds, -3_000_000 + 2_400_000);
}

#[test]
fn pairs_are_written_read_and_put_into_words() {
    let weights: Vec<i64> = (0..34).map(|place| place * 1_000 + 1).collect();
    let card = card(&weights);
    assert_eq!(Artifact::from_json(&card.to_json()).unwrap(), card);
    // In any order of features.
    let mut turned = specs();
    turned.reverse();
    let [one, other] = [specs(), turned].map(|specs| card.bind(&specs).unwrap());
    let row = [Some(4), None, Some(-1), Some(9)];
    let mut backwards = row;
    backwards.reverse();
    assert_eq!(one.score(&row), other.score(&backwards));
    assert_eq!(one.terms(), [Term::Pair(0, 2), Term::Pair(3, 1)]);
    assert_eq!(other.terms(), [Term::Pair(3, 1), Term::Pair(0, 2)]);
    assert_eq!(one.pair_label(0, &row), "≥ 0.0003 × < 0");
    assert_eq!(one.pair_label(1, &row), "= 0.0001 or 0.0009 × missing");
    let cells = one.pair_cells(0);
    assert_eq!(cells.len(), 9);
    assert_eq!(cells[0], ("missing × missing".to_owned(), 16_001));
    assert_eq!(cells[7], ("≥ 0.0003 × < 0".to_owned(), 23_001));
    // Half for either category.
    let mut parts = Vec::new();
    let score = one.explain(&row, &mut parts);
    let mut expected = [0; CATEGORIES];
    for place in 0..FEATURES {
        expected[CATEGORY[place].index()] += parts[place];
    }
    for (pair, [first, second]) in [(parts[4], [0, 2]), (parts[5], [3, 1])] {
        expected[CATEGORY[second].index()] += pair / 2;
        expected[CATEGORY[first].index()] += pair - pair / 2;
    }
    assert_eq!(score.subtotals, expected);
}

#[test]
fn a_pair_with_faults_is_refused_with_each_named() {
    let whole = card(&[0; 34]).to_json();
    let whole = whole.replace(card(&[0; 34]).version(), "");
    for (from, to, part) in [
        (
            "[\"f0\",\"f2\"]",
            "[\"f0\",\"g\"]",
            "pair `f0` × `g`: there is no feature `g` in the card",
        ),
        (
            "[\"f0\",\"f2\"]",
            "[\"f0\",\"f0\"]",
            "two different features are needed",
        ),
        (
            "[\"f0\",\"f2\"]",
            "[\"f1\",\"f3\"]",
            "`f3`: a category has values",
        ),
        ("{\"cuts\":[3]}", "{\"cuts\":[3,3]}", "cut 3 is not above 3"),
        (
            "{\"cuts\":[3]}",
            "{\"cuts\":[3,4]}",
            "4 rows of 3 weights are needed",
        ),
        (
            "{\"values\":[[1,9]]}",
            "{\"values\":[[1,1]]}",
            "value 1 is listed twice",
        ),
        (
            "[\"f3\",\"f1\"]",
            "[\"f2\",\"f0\"]",
            "`f2`: a number has cuts",
        ),
    ] {
        assert!(whole.contains(from), "{from} in {whole}");
        let Err(ModelError::Scorecard(faults)) = Artifact::from_json(&whole.replace(from, to))
        else {
            panic!("{to} must be refused");
        };
        assert!(
            faults.iter().any(|fault| fault.contains(part)),
            "{faults:?}"
        );
    }
    let pair = whole
        .lines()
        .find(|line| line.contains("[\"f0\",\"f2\"]"))
        .unwrap();
    let twice = whole.replace(pair, &format!("{pair}\n{pair}"));
    let message = Artifact::from_json(&twice).unwrap_err().to_string();
    assert!(
        message.contains("pair `f0` × `f2` is listed twice"),
        "{message}"
    );
}
