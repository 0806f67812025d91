use super::*;
use proptest::prelude::*;
use serde_json::json;
use std::sync::Arc;
use tocsin_models::{Cap, FeatureKind, FeatureSpec, Held, Limit, Over};

/// A feature: three bins' weights and what is missing; category; agencies held
/// and possible; whether it has a value now, in which bin.
type Drawn = ([i64; 4], usize, u64, u64, Option<usize>);

fn drawn() -> impl Strategy<Value = Drawn> {
    (
        proptest::array::uniform4(-3..12_i64).prop_map(|w| w.map(|w| w * 150_000)),
        0..4usize,
        0..8_u64,
        0..8_u64,
        proptest::option::of(0..3usize),
    )
}

const CUTS: [i64; 2] = [10_000, 20_000];

/// What the first two features say together: by rows of one cut and of two.
type Together = [[i64; 4]; 3];

fn together() -> impl Strategy<Value = Together> {
    let weights = proptest::array::uniform4(-6..8_i64);
    proptest::array::uniform3(weights.prop_map(|row| row.map(|weight| weight * 130_001)))
}

/// Slopes of a calibration between log-odds of −4, −2, 0 and 2, in tenths; the last
/// may be flat, so that some levels are out of reach.
type Bend = [i64; 3];

fn calibration(bend: Option<Bend>) -> Option<Vec<[i64; 2]>> {
    let slopes = bend?;
    let mut points = vec![[-4_000_000, -4_000_000]];
    for (place, slope) in slopes.iter().enumerate() {
        let [raw, calibrated] = points[place];
        points.push([raw + 2_000_000, calibrated + slope * 200_000]);
    }
    Some(points)
}

fn build(
    features: &[Drawn],
    pair: Option<Together>,
    caps: &[Cap],
    bend: Option<Bend>,
) -> (BoundModel, Vec<Option<i64>>, Vec<Behind>) {
    let categories = [Category::A, Category::B, Category::D, Category::E];
    let bins = |weights: &[i64; 4]| {
        json!([{"missing": true, "weight": weights[0]},
            {"from": null, "to": CUTS[0], "weight": weights[1]},
            {"from": CUTS[0], "to": CUTS[1], "weight": weights[2]},
            {"from": CUTS[1], "to": null, "weight": weights[3]}])
    };
    let spec = |(place, drawn): (usize, &Drawn)| {
        FeatureSpec::new(
            format!("f{place}"),
            categories[drawn.1],
            FeatureKind::Number,
        )
    };
    let specs: Vec<FeatureSpec> = features.iter().enumerate().map(spec).collect();
    let of: Vec<_> = features
        .iter()
        .zip(&specs)
        .map(|(drawn, spec)| json!({"name": spec.name, "category": spec.category, "kind": "number", "bins": bins(&drawn.0)}))
        .collect();
    // The first is cut where it is not cut by itself.
    let pair = pair.filter(|_| features.len() > 1).map(|weights| {
        json!({"features": ["f0", "f1"], "first": {"cuts": [15_000]},
            "second": {"cuts": CUTS}, "weights": weights})
    });
    let pairs: Vec<_> = pair.into_iter().collect();
    let card = json!({"format": 1, "kind": "scorecard", "intercept": -3_500_000,
        "features": of, "pairs": pairs, "calibration": calibration(bend)});
    let card = Artifact::from_json(&card.to_string()).unwrap();
    let model = card.bind(&specs).unwrap().capped(caps);
    let row: Vec<Option<i64>> = features
        .iter()
        .map(|d| d.4.map(|bin| bin as i64 * 10_000))
        .collect();
    let ranges = ranges(&card);
    let behind = features.iter().enumerate().map(|(place, drawn)| {
        let feature = feature(&specs[place]);
        Behind {
            category: 1 << specs[place].category.index(),
            held: if drawn.4.is_some() { drawn.2 } else { 0 },
            possible: drawn.2 | drawn.3,
            moves: moves(place, &feature, &ranges[&specs[place].name], (&model, &row)),
        }
    });
    let behind = behind.collect();
    (model, row, behind)
}

fn feature(spec: &FeatureSpec) -> Feature {
    Feature {
        spec: spec.clone(),
        title: spec.name.clone(),
        title_en: None,
        aggregate: Aggregate::Sum,
        from: "A1".to_owned(),
        slots: Vec::new(),
        half_life: None,
        per: None,
        hard: false,
        rising: false,
        falling: false,
        parent: None,
    }
}

/// Every set of changes, one after the other; agencies by trying all choices.
fn brute(question: &Question<'_>) -> Option<Cost> {
    let mut best: Option<Cost> = None;
    let options: Vec<usize> = question
        .features
        .iter()
        .map(|f| f.moves.len() + 1)
        .collect();
    let all: usize = options.iter().product();
    for mut number in 0..all {
        let mut then = question.row.to_vec();
        let (mut count, mut borders, mut chosen) = (0, 0, Vec::new());
        for (place, options) in options.iter().enumerate() {
            let step = number % options;
            number /= options;
            if step > 0 {
                let step = &question.features[place].moves[step - 1];
                then[place] = Some(step.value);
                (count, borders) = (count + 1, borders + step.borders);
                chosen.push(place);
            }
        }
        if count == 0 || count > MAX_CHANGES {
            continue;
        }
        let score = question.model.score(&then);
        let mut weights = Vec::new();
        question.model.contributions(&then, &mut weights);
        let (mut categories, mut agencies) = (0, 0);
        for (behind, weight) in question.features.iter().zip(&weights) {
            if *weight > 0 {
                categories |= behind.category;
                agencies |= behind.held;
            }
        }
        let speaking: Vec<u64> = chosen
            .iter()
            .filter(|place| weights[**place] > 0)
            .map(|place| question.features[*place].possible)
            .collect();
        let reached = every_choice(agencies, &speaking)
            .into_iter()
            .any(|agencies| {
                let figures = Assessment {
                    index: score.index,
                    categories,
                    agencies,
                    coverage: (then.iter().flatten().count() * 1_000 / then.len()) as u16,
                    ..Assessment::default()
                };
                level_of(&figures, question.policy) >= question.target
            });
        let cost = (count, borders, score.log_odds);
        if reached && best.is_none_or(|best| cost < best) {
            best = Some(cost);
        }
    }
    best
}

fn every_choice(agencies: u64, speaking: &[u64]) -> Vec<u64> {
    let Some((first, rest)) = speaking.split_first() else {
        return vec![agencies];
    };
    let mut all = every_choice(agencies, rest);
    for bit in (0..64)
        .map(|place| 1_u64 << place)
        .filter(|bit| first & bit != 0)
    {
        all.extend(every_choice(agencies | bit, rest));
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn nothing_is_cheaper_than_what_is_found(
        features in proptest::collection::vec(drawn(), 1..6),
        pair in proptest::option::of(together()),
        capped in proptest::option::of((0..3usize, 0..20_i64)),
        held in proptest::option::of((proptest::collection::vec(any::<bool>(), 6), 0..20_i64)),
        bend in proptest::option::of(proptest::array::uniform3(0..30_i64)),
    ) {
        let categories = [Category::A, Category::B, Category::D];
        let cap = capped.map(|(category, limit)| Cap {
            over: Over::Category(categories[category]),
            limit: Limit::LogOdds(limit * 100_000),
        });
        let agency = held.map(|(held, limit)| Cap {
            over: Over::Features(Arc::new(Held {
                name: "agency".to_owned(),
                places: (0..features.len()).filter(|place| held[*place]).collect(),
            })),
            limit: Limit::LogOdds(limit * 100_000),
        });
        let caps: Vec<Cap> = cap.into_iter().chain(agency).collect();
        let (model, row, behind) = build(&features, pair, &caps, bend);
        let policy = Policy::default();
        for target in Level::RAISED {
            let question = Question { model: &model, row: &row, features: &behind, policy: &policy, target };
            let now = Assessment {
                index: model.score(&row).index,
                ..Assessment::default()
            };
            if level_of(&now, &policy) >= target {
                continue;
            }
            let answer = cheapest(&question);
            prop_assert!(answer.complete);
            let found = answer.found.map(|found| {
                let borders = found.changes.iter().map(|(_, step, _)| step.borders).sum();
                (found.changes.len(), borders, found.figures.log_odds)
            });
            prop_assert_eq!(found, brute(&question), "to {:?}", target);
        }
    }
}

#[test]
fn counts_are_whole_and_what_evidence_cannot_do_is_not_asked_for() {
    let mut counted = feature(&FeatureSpec::new("f", Category::E, FeatureKind::Number));
    counted.aggregate = Aggregate::Count;
    let border = |feature: &Feature, range, rising| at_border(feature, &range, rising);
    assert_eq!(
        border(&counted, (Some(12_500), Some(40_000)), true),
        Some(20_000)
    );
    assert_eq!(border(&counted, (Some(12_500), Some(20_000)), true), None);
    counted.aggregate = Aggregate::Present;
    assert_eq!(border(&counted, (Some(12_500), None), true), None);
    counted.aggregate = Aggregate::DaysSince;
    assert_eq!(
        border(&counted, (None, Some(305_000)), false),
        Some(300_000)
    );
    assert_eq!(border(&counted, (None, Some(0)), false), None);
    counted.aggregate = Aggregate::Sum;
    assert_eq!(
        border(&counted, (Some(12_500), Some(20_000)), true),
        Some(12_500)
    );
}

#[test]
fn nothing_becomes_evidence_only_by_something() {
    let spec = FeatureSpec::new("f", Category::D, FeatureKind::Number);
    let bins = json!([{"missing": true, "weight": 0}, {"from": null, "to": null, "weight": 9}]);
    let card = json!({"format": 1, "kind": "scorecard", "intercept": 0, "features": [
        {"name": "f", "category": "D", "kind": "number", "bins": bins}]});
    let card = Artifact::from_json(&card.to_string()).unwrap();
    let model = card.bind(std::slice::from_ref(&spec)).unwrap();
    let (sum, row) = (feature(&spec), [None]);
    let values = |ranges: &Ranges| -> Vec<i64> {
        let moves = moves(0, &sum, ranges, (&model, &row));
        moves.iter().map(|step| step.value).collect()
    };
    assert_eq!(values(&vec![(None, None)]), [10_000]);
    assert_eq!(
        values(&vec![(None, Some(5_000)), (Some(5_000), None)]),
        [4_999, 10_000]
    );
    assert_eq!(
        values(&vec![(None, Some(0)), (Some(0), Some(20_000))]),
        [10_000]
    );
    assert_eq!(values(&vec![(Some(30_000), None)]), [30_000]);
}
