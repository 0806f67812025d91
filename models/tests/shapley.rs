//! Shapley's values: against their definition over all subsets of features, summing
//! to the score, and nothing for features that no split uses.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};
use tocsin_models::{
    Artifact, Cap, Category, FeatureKind, FeatureSpec, Held, Limit, ModelKind, Over, Provenance,
    TrainParams, train_model,
};

const FEATURES: usize = 5;

fn specs(count: usize) -> Vec<FeatureSpec> {
    let spec = |place| FeatureSpec::new(format!("f{place}"), Category::D, FeatureKind::Number);
    (0..count).map(spec).collect()
}

/// A tree: a leaf, or a feature, where it is cut (nowhere: missing goes left, all
/// else right), how many of ten rows go left, and both sides.
#[derive(Debug, Clone)]
enum Tree {
    Leaf(i64),
    Split(usize, Option<i64>, i64, Box<(Tree, Tree)>),
}

fn tree() -> impl Strategy<Value = Tree> {
    // Far apart, so that the shares that means tell are those that were meant.
    let leaf = (-900..900_i64).prop_map(|leaf| Tree::Leaf(leaf * 1_000_003));
    leaf.prop_recursive(5, 24, 2, |inner| {
        // The last feature is never split by.
        let split = (0..FEATURES - 1, prop::option::of(0..4_i64), 1..10_i64);
        let sides = (inner.clone(), inner).prop_map(Box::new);
        (split, sides)
            .prop_map(|((feature, below, left), sides)| Tree::Split(feature, below, left, sides))
    })
}

impl Tree {
    /// Its nodes as a forest has them, and the mean of its leaves.
    fn nodes(&self, out: &mut Vec<Value>) -> i64 {
        let place = out.len();
        match self {
            Tree::Leaf(leaf) => {
                out.push(json!([leaf]));
                *leaf
            }
            Tree::Split(feature, below, left, sides) => {
                out.push(Value::Null);
                let one = sides.0.nodes(out);
                let right = out.len();
                let other = sides.1.nodes(out);
                let mean = (one * left + other * (10 - left)) / 10;
                out[place] = json!([mean, feature, below, right]);
                mean
            }
        }
    }
}

/// What a tree is expected to say when only the features in `known` are; `nodes` as
/// written, so the shares are those that its values tell.
fn expected(nodes: &[Value], at: usize, row: &[Option<i64>], known: u32) -> f64 {
    let node = nodes[at].as_array().unwrap();
    let value = |at: usize| nodes[at][0].as_f64().unwrap();
    if node.len() == 1 {
        return value(at);
    }
    let (feature, right) = (
        node[1].as_u64().unwrap(),
        node[3].as_u64().unwrap() as usize,
    );
    let [left_says, right_says] = [at + 1, right].map(|side| expected(nodes, side, row, known));
    if known >> feature & 1 == 1 {
        let goes_left = match (row[feature as usize], node[2].as_i64()) {
            (None, _) => true,
            (Some(value), Some(below)) => value < below,
            (Some(_), None) => false,
        };
        return if goes_left { left_says } else { right_says };
    }
    let (one, other) = (value(at + 1), value(right));
    let share = match one == other {
        true => 0.5,
        false => ((value(at) - other) / (one - other)).clamp(1e-6, 1.0 - 1e-6),
    };
    share * left_says + (1.0 - share) * right_says
}

/// The definition: what a feature adds, over all orders in which they become known.
fn by_definition(trees: &[Vec<Value>], row: &[Option<i64>], feature: usize) -> f64 {
    let says = |known: u32| -> f64 { trees.iter().map(|tree| expected(tree, 0, row, known)).sum() };
    let factorial = |n: u32| (1..=n).product::<u32>().max(1) as f64;
    let all = FEATURES as u32;
    let without = (0..1_u32 << all).filter(|known| known >> feature & 1 == 0);
    let parts = without.map(|known| {
        let size = known.count_ones();
        let weight = factorial(size) * factorial(all - size - 1) / factorial(all);
        weight * (says(known | 1 << feature) - says(known))
    });
    parts.sum()
}

fn forest(trees: &[Vec<Value>]) -> Artifact {
    let forest = json!({"format": 1, "kind": "forest", "base": -2_000_000,
        "features": specs(FEATURES), "trees": trees});
    Artifact::from_json(&forest.to_string()).unwrap()
}

proptest! {
    #[test]
    fn they_are_what_the_definition_says(
        trees in prop::collection::vec(tree(), 1..4),
        row in prop::collection::vec(prop::option::of(-1..5_i64), FEATURES),
        limit in prop::option::of(0..500_000_000_i64),
    ) {
        let written: Vec<Vec<Value>> = trees.iter().map(|tree| {
            let mut nodes = Vec::new();
            tree.nodes(&mut nodes);
            nodes
        }).collect();
        let caps = limit.map(|limit| Cap {
            over: Over::Features(Arc::new(Held { name: "one".to_owned(), places: vec![0, 1] })),
            limit: Limit::LogOdds(limit),
        });
        let caps: Vec<Cap> = caps.into_iter().collect();
        let model = forest(&written).bind(&specs(FEATURES)).unwrap().capped(&caps);
        let values = model.shapley(&row);
        prop_assert_eq!(values.len(), FEATURES + caps.len());
        let score = model.score(&row).log_odds;
        prop_assert_eq!(model.intercept() + values.iter().sum::<i64>(), score);
        // What a cap takes is what it takes of the contributions that decide.
        let mut deciding = Vec::new();
        model.explain(&row, &mut deciding);
        prop_assert_eq!(&values[FEATURES..], &deciding[FEATURES..]);
        prop_assert_eq!(values[FEATURES - 1], 0);
        for (feature, value) in values[..FEATURES].iter().enumerate() {
            let meant = by_definition(&written, &row, feature);
            // Rounded to an integer, up or down.
            prop_assert!((*value as f64 - meant).abs() < 2.0, "{}: {} {}", feature, value, meant);
        }
        prop_assert_eq!(model.shapley(&row), values);
    }
}

/// A small city in which two features decide together.
fn city(rows: usize) -> (Vec<Vec<Option<i64>>>, Vec<bool>) {
    let value = |row: usize, feature: usize| {
        let mixed = (row * 31 + feature * 17 + 7).wrapping_mul(2_654_435_761) >> 7;
        (!mixed.is_multiple_of(11)).then_some((mixed % 23) as i64 * 10_000)
    };
    let all: Vec<Vec<Option<i64>>> = (0..rows)
        .map(|row| (0..6).map(|feature| value(row, feature)).collect())
        .collect();
    let above = |value: Option<i64>| value.is_some_and(|value| value > 110_000);
    let labels = all.iter().enumerate();
    let labels =
        labels.map(|(row, values)| above(values[0]) != above(values[1]) || row.is_multiple_of(17));
    (all.clone(), labels.collect())
}

#[test]
fn of_trained_models_they_sum_to_the_score_and_of_a_sum_are_its_parts() {
    let (rows, labels) = city(600);
    let groups: Vec<u64> = (0..rows.len() as u64).collect();
    for kind in [ModelKind::Forest, ModelKind::Scorecard] {
        let mut params = TrainParams {
            kind,
            pairs: 2,
            ..TrainParams::default()
        };
        params.forest.trees = 40;
        let specs = specs(6);
        let provenance = Provenance::default();
        let model = train_model(&specs, &rows, &labels, &groups, &params, provenance).unwrap();
        let model = model.bind(&specs).unwrap();
        let mut parts = Vec::new();
        let mut differ = 0;
        for row in rows.iter().take(60) {
            let values = model.shapley(row);
            let score = model.explain(row, &mut parts).log_odds;
            assert_eq!(model.intercept() + values.iter().sum::<i64>(), score);
            differ += usize::from(values[..] != parts[..6]);
        }
        // Of trees the two attributions are not the same thing.
        assert!(kind == ModelKind::Scorecard || differ > 50, "{differ}");
        let terms = model.terms();
        if kind == ModelKind::Scorecard {
            assert!(!terms.is_empty());
            let values = model.shapley(&rows[0]);
            model.explain(&rows[0], &mut parts);
            for (place, value) in values.iter().enumerate() {
                let halves = terms
                    .iter()
                    .zip(&parts[6..])
                    .map(|(term, part)| match term {
                        tocsin_models::Term::Pair(one, _) if *one == place => part - part / 2,
                        tocsin_models::Term::Pair(_, other) if *other == place => part / 2,
                        _ => 0,
                    });
                assert_eq!(*value, parts[place] + halves.sum::<i64>());
            }
        }
    }
}
