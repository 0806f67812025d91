//! Whoever measures on the real data relies on it: every known oddity of that
//! data is counted, and incremental state and batch fold agree on it.
//!
//! The data is not part of this project: `../shared/data`, or the folder that
//! `TOCSIN_SHARED_DATA` names. Without it these tests say so and pass.
#![allow(clippy::unwrap_used)]

mod support;

use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use support::{World, state};

/// The folder of a data set, if it is there.
fn data_set(name: &str) -> Option<PathBuf> {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let asked = std::env::var_os("TOCSIN_SHARED_DATA").map(PathBuf::from);
    let folder = asked
        .unwrap_or_else(|| package.join("../shared/data"))
        .join(name);
    if folder.is_dir() {
        return Some(folder.canonicalize().unwrap());
    }
    eprintln!("skipped: the data set `{}` is not there", folder.display());
    None
}

/// A copy of a configuration of `testdata` that reads the data set.
fn world(name: &str, folder: &Path) -> World {
    let world = World::with_config(&format!("testdata/{name}"));
    let root = format!("../../../shared/data/{name}");
    world.edit("tocsin.toml", &root, support::text(folder));
    world
}

/// The report of everything that was taken in, and the counters of each source.
fn taken_in(world: &World) -> (String, BTreeMap<String, Value>) {
    let report = world.run_once("data");
    world.verify("data");
    (report, state::stats(&world.path("data")))
}

/// `group/name` is a reason for refusal or a check.
#[track_caller]
fn check(stats: &BTreeMap<String, Value>, source: &str, expected: &[(&str, u64)]) {
    let of_source = &stats[source];
    for (name, count) in expected {
        let found = match name.split_once('/') {
            Some((group, reason)) => &of_source[group][reason],
            None => &of_source[*name],
        };
        assert_eq!(found.as_u64(), Some(*count), "{name} of {of_source:#}");
    }
}

#[test]
fn the_dirt_of_14_865_labelled_enterprises_is_counted() {
    let Some(folder) = data_set("ccf2020") else {
        return;
    };
    let (_, stats) = taken_in(&world("ccf2020", &folder));
    check(
        &stats,
        "market/base_info",
        &[("read", 14_865), ("accepted", 14_865)],
    );
    let reports = [("read", 22_550), ("duplicates", 102), ("corrected", 18)];
    check(&stats, "market/annual_report", &reports);
    let tax = [
        ("read", 29_195),
        ("duplicates", 4_581),
        ("checks/negative amount", 597),
        ("checks/rate above 1", 1_075),
        ("checks/base × rate − deduction is not the amount", 345),
    ];
    check(&stats, "tax/tax_info", &tax);
    let news = [
        ("read", 10_518),
        ("accepted", 10_502),
        ("rejected/public_date: relative-date", 16),
    ];
    check(&stats, "cyberspace/news", &news);
    check(&stats, "court/other_info", &[("read", 1_890)]);
    check(&stats, "finance-office/labels", &[("accepted", 9_865)]);
}

#[test]
fn the_dirt_of_306_029_registrations_is_counted() {
    let Some(folder) = data_set("registry") else {
        return;
    };
    let (report, stats) = taken_in(&world("registry", &folder));
    let expected = [
        ("read", 306_029),
        ("accepted", 305_989),
        ("duplicates", 21),
        ("corrected", 11),
        ("rejected/field-count", 1),
        ("rejected/注册资金: syntax", 13),
        ("rejected/统一社会信用代码: check-character", 5),
        (
            "checks/credit code whose inner organisation code fails its check",
            15,
        ),
    ];
    check(&stats, "market/registration", &expected);
    // Four rows carry an old number that means no registered enterprise yet.
    let figures = support::figures(&report, "market/registration");
    assert_eq!(figures[1] - figures[3] - figures[8], 4, "{figures:?}");
}
