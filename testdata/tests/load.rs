//! The benchmark's load: as many rows as asked for, the same for the same seed.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use tocsin_testdata::write_load;

fn lines(root: &Path, folder: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut paths: Vec<_> = fs::read_dir(root.join(folder))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    for path in paths {
        let text = fs::read_to_string(path).unwrap();
        lines.extend(text.lines().skip(1).map(str::to_owned));
    }
    lines
}

#[test]
fn there_are_as_many_rows_as_asked_for() {
    let root = tempfile::tempdir().unwrap();
    let stats = write_load(root.path(), 10_007, 300, 5).unwrap();
    let folders = ["hrss/insured", "12345/ticket", "msa/penalty"];
    let records: usize = folders
        .iter()
        .map(|folder| lines(root.path(), folder).len())
        .sum();
    assert_eq!((records, stats.records), (10_007, 10_007));
    let registered: BTreeSet<String> = lines(root.path(), "msa/registration")
        .iter()
        .map(|line| line[..18].to_owned())
        .collect();
    assert_eq!(registered.len(), 300);
    for line in lines(root.path(), "msa/penalty") {
        let code = line.split(',').nth(2).unwrap();
        assert!(registered.contains(code), "{code}");
    }
}

#[test]
fn keys_are_distinct_and_rows_have_their_columns() {
    let root = tempfile::tempdir().unwrap();
    write_load(root.path(), 4_000, 20, 5).unwrap();
    let insured = lines(root.path(), "hrss/insured");
    let keys: BTreeSet<String> = insured
        .iter()
        .map(|line| line.split(',').take(2).collect::<Vec<_>>().join(","))
        .collect();
    assert_eq!(keys.len(), insured.len());
    assert!(insured.iter().all(|line| line.split(',').count() == 8));
    assert!(
        lines(root.path(), "12345/ticket")
            .iter()
            .all(|line| line.split(',').count() == 8)
    );
}

#[test]
fn the_same_seed_gives_the_same_files() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let first = write_load(one.path(), 5_000, 100, 9).unwrap();
    assert_eq!(first, write_load(two.path(), 5_000, 100, 9).unwrap());
    assert_eq!(
        lines(one.path(), "12345/ticket"),
        lines(two.path(), "12345/ticket")
    );
}

#[test]
fn a_load_without_enterprises_is_refused() {
    let root = tempfile::tempdir().unwrap();
    let error = write_load(root.path(), 10, 0, 1).unwrap_err();
    assert!(error.to_string().contains("`0` enterprises"), "{error}");
}
