//! `[training]`: how models are fitted, where the defaults do not suit.

use std::ops::RangeInclusive;
use tocsin_ingest::declaration::Section;
use tocsin_models::TrainParams;

/// More rows than any training has.
const ROWS: RangeInclusive<i64> = 1..=1_000_000;

/// Reads the parameters of training; absent ones keep their defaults.
pub(super) fn read_training(root: &Section<'_>) -> TrainParams {
    let mut params = TrainParams::default();
    let Some(section) = root.section("training") else {
        return params;
    };
    let count = |key: &str, allowed: RangeInclusive<i64>, into: &mut usize| {
        if let Some(value) = section.integer(key, allowed) {
            *into = value as usize;
        }
    };
    count("max_bins", 2..=64, &mut params.max_bins);
    count("min_bin_rows", ROWS, &mut params.min_bin_rows);
    count("min_value_rows", ROWS, &mut params.min_value_rows);
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
    for fault in params.faults() {
        section.fault_here(fault);
    }
    section.finish();
    params
}
