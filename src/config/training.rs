//! `[training]`: what models are trained on and how they are fitted, where the
//! defaults do not suit.

use std::ops::RangeInclusive;
use tocsin_ingest::declaration::Section;
use tocsin_models::{ModelKind, TrainParams};

/// More rows than any training has.
const ROWS: RangeInclusive<i64> = 1..=1_000_000;

/// Months of which an example may be known before its outcome.
const MONTHS: RangeInclusive<i64> = 0..=60;

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
#[derive(Debug, Clone)]
pub struct Training {
    /// As of when an example is known.
    pub as_of: AsOf,
    /// How many months before the month of an outcome its enterprise is looked
    /// at, each once, the fewest first; each look is an example.
    pub months_before: Vec<u8>,
    /// How they are fitted.
    pub params: TrainParams,
}

impl Default for Training {
    fn default() -> Self {
        Training {
            as_of: AsOf::default(),
            months_before: vec![0],
            params: TrainParams::default(),
        }
    }
}

/// Reads `[training]`; what is absent keeps its default.
pub(super) fn read_training(root: &Section<'_>) -> Training {
    let mut training = Training::default();
    let Some(section) = root.section("training") else {
        return training;
    };
    let as_of = section.choice("as_of", &[("now", AsOf::Now), ("outcome", AsOf::Outcome)]);
    training.as_of = as_of.unwrap_or_default();
    read_months(&section, &mut training);
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

/// Reads `months_before`.
fn read_months(section: &Section<'_>, training: &mut Training) {
    let months = section.integers("months_before", MONTHS);
    let mut found: Vec<u8> = months.iter().map(|months| *months as u8).collect();
    found.sort_unstable();
    if let Some(twice) = found.windows(2).find(|two| two[0] == two[1]) {
        section.fault("months_before", format!("{} is there twice", twice[0]));
    }
    if !found.is_empty() && training.as_of != AsOf::Outcome {
        section.fault("months_before", "needs `as_of = \"outcome\"`");
    }
    if !found.is_empty() {
        training.months_before = found;
    }
}
