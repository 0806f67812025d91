//! Trains, judges and scores a large city by either kind of model: enterprises ×
//! features, CPU and peak memory; then what a score and an explanation cost.
//!
//!     cargo bench --bench training -- 1000000 200 scorecard
//!     cargo bench --bench training -- 1000000 200 forest
//!
//! Values are a function of enterprise and feature: one in ten is missing, half
//! of the features are counts that are mostly 0, a third are codes. The outcome
//! follows from pairs of features and noise; about one in fifty is positive. Both
//! kinds are judged on enterprises that neither has seen. `pairs=20` and `select`
//! behind the kind train the scorecard with them. A peak is that of the process:
//! name one kind to see its own.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::hint::black_box;
use std::time::Instant;

use tocsin_models::{
    Artifact, BoundModel, Category, FeatureKind, FeatureSpec, KINDS, Provenance, TrainParams,
    evaluate, train_columns,
};

/// Enterprises that models are judged on, and that are scored over and over.
const JUDGED: usize = 100_000;
const SCORED: usize = 1_000;
/// Of them, those of which Shapley's values are made.
const EXPLAINED: usize = 5;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let numbers: Vec<usize> = words.iter().filter_map(|word| word.parse().ok()).collect();
    let rows = numbers.first().copied().unwrap_or(1_000_000);
    let features = numbers.get(1).copied().unwrap_or(200).max(4);
    let named = |word: &str| words.iter().any(|given| given == word);
    let pairs = words.iter().find_map(|word| word.strip_prefix("pairs="));
    let any = KINDS.iter().any(|kind| named(kind.name()));
    for kind in KINDS {
        if any && !named(kind.name()) {
            continue;
        }
        let params = TrainParams {
            kind,
            select: named("select"),
            pairs: pairs.and_then(|pairs| pairs.parse().ok()).unwrap_or(0),
            ..TrainParams::default()
        };
        println!("{}: {rows} enterprises, {features} features", kind.name());
        let artifact = trained(rows, features, &params);
        let specs: Vec<FeatureSpec> = (0..features).map(spec).collect();
        let bound = artifact.bind(&specs).unwrap();
        judge(&bound, rows, features);
        cost(&bound, rows, features);
        if let Artifact::Forest(forest) = &artifact {
            let (trees, nodes) = forest.size();
            let steps = shapley_steps(&artifact);
            println!("  {trees} trees, {nodes} nodes; TreeSHAP takes some {steps} steps a row");
        }
    }
}

fn trained(rows: usize, features: usize, params: &TrainParams) -> Artifact {
    let labels: Vec<bool> = (0..rows).map(outcome).collect();
    let groups: Vec<u64> = (0..rows as u64).collect();
    let specs: Vec<FeatureSpec> = (0..features).map(spec).collect();
    let watch = Watch::start();
    let fill = |feature: usize, values: &mut Vec<Option<i64>>| {
        values.extend((0..rows).map(|row| value(row, feature)));
    };
    let provenance = Provenance::default();
    let artifact = train_columns(&specs, &labels, &groups, params, provenance, fill).unwrap();
    watch.tell("  columns made and coded, trained and calibrated");
    println!(
        "  version {} {}",
        artifact.version(),
        artifact.provenance().note
    );
    artifact
}

/// How good it is on enterprises behind those that it was trained on.
fn judge(bound: &BoundModel, rows: usize, features: usize) {
    let fresh = rows..rows + JUDGED;
    let labels: Vec<bool> = fresh.clone().map(outcome).collect();
    let units: Vec<u64> = fresh.clone().map(|row| row as u64).collect();
    let said = fresh.map(|row| bound.said(&all(row, features)));
    let evaluation = evaluate(&said.collect::<Vec<_>>(), &labels, None, &units, 1).unwrap();
    for line in evaluation.to_string().lines().take(4) {
        println!("  {line}");
    }
}

/// What a score, its contributions and the words for them cost.
fn cost(bound: &BoundModel, rows: usize, features: usize) {
    let some: Vec<_> = (rows..rows + SCORED)
        .map(|row| all(row, features))
        .collect();
    let mut parts = Vec::new();
    time("a score", &some, |row| {
        black_box(bound.score(row));
    });
    time("a score with contributions", &some, |row| {
        black_box(bound.explain(row, &mut parts));
    });
    let what = "an explanation: contributions and bins in words";
    time(what, &some, |row| {
        bound.explain(row, &mut parts);
        for (feature, value) in row.iter().enumerate() {
            black_box(bound.bin_label(feature, *value));
        }
    });
    let few = &some[..EXPLAINED];
    time("Shapley's values", few, |row| {
        black_box(bound.shapley(row));
    });
    let what = "an explanation with Shapley's values beside: both, and bins in words";
    time(what, few, |row| {
        bound.explain(row, &mut parts);
        black_box(bound.shapley(row));
        for (feature, value) in row.iter().enumerate() {
            black_box(bound.bin_label(feature, *value));
        }
    });
}

/// The fastest of several rounds: what it costs when nobody else is there.
fn time(what: &str, rows: &[Vec<Option<i64>>], mut act: impl FnMut(&[Option<i64>])) {
    let rounds = (0..20).map(|_| {
        let start = Instant::now();
        rows.iter().for_each(|row| act(row));
        start.elapsed().as_secs_f64() / rows.len() as f64
    });
    let each = rounds.fold(f64::INFINITY, f64::min);
    println!("  {what}: {:.0} ns", each * 1e9);
}

/// About what Shapley's values by path-dependent TreeSHAP (Lundberg 2018) take:
/// for each leaf the square of the splits above it.
fn shapley_steps(forest: &Artifact) -> u64 {
    let json: serde_json::Value = serde_json::from_str(&forest.to_json()).unwrap();
    let mut steps = 0;
    for tree in json["trees"].as_array().unwrap() {
        // In preorder: a split opens two branches, a leaf ends one.
        let mut open = vec![0_u64];
        for node in tree.as_array().unwrap() {
            let depth = open.pop().unwrap();
            match node.as_array().unwrap().len() {
                1 => steps += depth * depth,
                _ => open.extend([depth + 1, depth + 1]),
            }
        }
    }
    steps
}

fn all(row: usize, features: usize) -> Vec<Option<i64>> {
    (0..features).map(|feature| value(row, feature)).collect()
}

fn spec(feature: usize) -> FeatureSpec {
    let kind = match feature % 3 {
        2 => FeatureKind::Category,
        _ => FeatureKind::Number,
    };
    FeatureSpec::new(format!("f{feature}"), Category::ALL[feature % 9], kind)
}

fn mix(row: usize, feature: usize) -> u64 {
    let hash = (row as u64 ^ 0x517c_c1b7).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let hash = (hash ^ (feature as u64).rotate_left(29) ^ (hash >> 31))
        .wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (hash ^ (hash >> 30)).wrapping_mul(0x94d0_49bb_1331_11eb) >> 13
}

fn value(row: usize, feature: usize) -> Option<i64> {
    let random = mix(row, feature);
    let present = !random.is_multiple_of(10);
    let number = (random / 10) as i64;
    let value = match feature % 6 {
        0 | 3 => (number % 40 - 35).max(0),
        1 => number % 1_000_000,
        4 => number % 1_000,
        _ => number % 60,
    };
    present.then_some(value * 10_000)
}

fn outcome(row: usize) -> bool {
    let above = |feature, least: i64| value(row, feature).is_some_and(|v| v >= least * 10_000);
    let pairs =
        u64::from(above(0, 1) && above(1, 500_000)) + u64::from(above(3, 1) != above(2, 30));
    mix(row, usize::MAX) % 1_000 < [5, 15, 120][pairs as usize]
}

/// Wall and CPU time of a stage.
struct Watch(Instant, f64);

impl Watch {
    fn start() -> Watch {
        Watch(Instant::now(), cpu_seconds())
    }

    fn tell(&self, stage: &str) {
        println!(
            "{stage}: {:.1} s wall, {:.1} s CPU, peak {} MB",
            self.0.elapsed().as_secs_f64(),
            cpu_seconds() - self.1,
            peak_megabytes(),
        );
    }
}

/// User and system time of this process: fields 14 and 15 of its `stat`, in
/// hundredths of a second.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after = stat.rsplit(')').next().unwrap_or_default();
    let ticks = after.split_whitespace().skip(11).take(2);
    ticks
        .filter_map(|field| field.parse::<f64>().ok())
        .sum::<f64>()
        / 100.0
}

fn peak_megabytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM"));
    let kilobytes = line.and_then(|line| line.split_whitespace().nth(1));
    kilobytes.and_then(|k| k.parse::<u64>().ok()).unwrap_or(0) / 1024
}
