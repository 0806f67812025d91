//! `[training]`: what models are trained on and how they are fitted, where the
//! defaults do not suit.

use std::ops::RangeInclusive;
use tocsin_ingest::declaration::Section;
use tocsin_models::{ModelKind, TrainParams};

/// More rows than any training has.
const ROWS: RangeInclusive<i64> = 1..=1_000_000;

/// As of when an example is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum AsOf {
    /// As it is now: for data that arrived all at once.
    #[default]
    Now,
    /// As it was before its outcome arrived.
    Outcome,
}

/// What models are trained on, and how.
#[derive(Debug, Clone, Default)]
pub struct Training {
    /// As of when an example is known.
    pub as_of: AsOf,
    /// How they are fitted.
    pub params: TrainParams,
}

/// Reads `[training]`; what is absent keeps its default.
pub(super) fn read_training(root: &Section<'_>) -> Training {
    let mut training = Training::default();
    let Some(section) = root.section("training") else {
        return training;
    };
    let as_of = section.choice("as_of", &[("now", AsOf::Now), ("outcome", AsOf::Outcome)]);
    training.as_of = as_of.unwrap_or_default();
    let params = &mut training.params;
    let kinds = tocsin_models::KINDS.map(|kind: ModelKind| (kind.name(), kind));
    params.kind = section.choice("kind", &kinds).unwrap_or_default();
    params.base_rate = section.number("base_rate");
    let count = |key: &str, allowed: RangeInclusive<i64>, into: &mut usize| {
        if let Some(value) = section.integer(key, allowed) {
            *into = value as usize;
        }
    };
    count("max_bins", 2..=64, &mut params.max_bins);
    count("min_bin_rows", ROWS, &mut params.min_bin_rows);
    count("min_value_rows", ROWS, &mut params.min_value_rows);
    count("pairs", 0..=100, &mut params.pairs);
    count("trees", 1..=1_000, &mut params.forest.trees);
    count("min_leaf", ROWS, &mut params.forest.min_leaf);
    count("draw", 1..=10_000_000, &mut params.forest.draw);
    let size = |key: &str, into: &mut f64| {
        if let Some(value) = section.number(key) {
            *into = value;
        }
    };
    size("merge_below", &mut params.merge_below);
    size("shrinkage", &mut params.shrinkage);
    size("alpha", &mut params.alpha);
    size("freedom", &mut params.freedom);
    size("step", &mut params.step);
    size("pair_freedom", &mut params.pair_freedom);
    size("tries", &mut params.forest.tries);
    params.select = section.boolean("select").unwrap_or_default();
    let paths = [("none", false), ("path", true)];
    params.sparse = section.choice("sparsity", &paths).unwrap_or_default();
    params.pooled = section.boolean("pooled").unwrap_or_default();
    for fault in params.faults() {
        section.fault_here(fault);
    }
    section.finish();
    training
}
