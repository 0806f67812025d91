//! Trains, judges and scores a large city: enterprises × features, CPU and peak
//! memory.
//!
//!     cargo bench -p tocsin-models --bench training -- 1000000 200
//!
//! Values are a function of enterprise and feature: one in ten is missing, half
//! of the features are counts that are mostly 0, a third are codes. The outcome
//! follows from pairs of features and noise; about one in fifty is positive.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::time::Instant;

use tocsin_models::{
    Category, FeatureKind, FeatureSpec, ModelKind, Provenance, Table, TrainParams, evaluate,
    train_forest,
};

fn main() {
    let numbers: Vec<usize> = std::env::args()
        .filter_map(|arg| arg.parse().ok())
        .collect();
    let rows = numbers.first().copied().unwrap_or(1_000_000);
    let features = numbers.get(1).copied().unwrap_or(200).max(4);
    let params = TrainParams {
        kind: ModelKind::Forest,
        ..TrainParams::default()
    };
    println!(
        "{rows} enterprises, {features} features, {} trees",
        params.forest.trees
    );

    let watch = Watch::start();
    let table = Table::new(rows, features, |feature, values| {
        values.extend((0..rows).map(|row| value(row, feature)));
    });
    watch.tell("columns made and coded");

    let labels: Vec<bool> = (0..rows).map(outcome).collect();
    let groups: Vec<u64> = (0..rows as u64).collect();
    let specs: Vec<FeatureSpec> = (0..features).map(spec).collect();
    let watch = Watch::start();
    let provenance = Provenance::default();
    let (forest, held_out) =
        train_forest(&specs, &table, &labels, &groups, &params, provenance).unwrap();
    watch.tell("trained and calibrated");
    let (trees, nodes) = forest.size();
    println!(
        "  {trees} trees, {nodes} nodes, version {}",
        forest.version()
    );

    let judged: Vec<usize> = (0..rows).filter(|row| held_out[*row].is_some()).collect();
    let scores: Vec<i64> = judged.iter().filter_map(|row| held_out[*row]).collect();
    let of: Vec<bool> = judged.iter().map(|row| labels[*row]).collect();
    let watch = Watch::start();
    let units: Vec<u64> = judged.iter().map(|row| *row as u64).collect();
    let evaluation = evaluate(&scores, &of, None, &units, 1).unwrap();
    watch.tell("judged on held-out rows");
    println!("{evaluation}");

    let bound = forest.bind(&specs).unwrap();
    let watch = Watch::start();
    let (mut sum, mut parts, mut row) = (0, Vec::new(), Vec::new());
    let scored = rows.min(100_000);
    for enterprise in 0..scored {
        row.clear();
        row.extend((0..features).map(|feature| value(enterprise, feature)));
        sum += bound.explain(&row, &mut parts).log_odds;
    }
    watch.tell(&format!("{scored} scored with contributions (sum {sum})"));
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
