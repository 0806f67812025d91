use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use proptest::prelude::*;
use tempfile::TempDir;

use super::{Durability, Entry, Handles, Index, RowRef};

fn open(folder: &Path, live: &BTreeSet<u32>) -> (Index, BTreeSet<u32>) {
    Index::open(
        folder,
        live,
        &Arc::new(Handles::new(2)),
        Durability::Process,
    )
    .unwrap()
}

fn empty(folder: &TempDir) -> Index {
    open(folder.path(), &BTreeSet::new()).0.remembering()
}

fn all(_: u32) -> bool {
    true
}

fn at(segment: u32, row: u32) -> RowRef {
    RowRef { segment, row }
}

fn merge_all(index: &Index, budget: usize, live: &dyn Fn(u32) -> bool) {
    while index.merge_step(budget, live, &|_| true).unwrap() {}
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
}

#[test]
fn a_hash_that_fills_many_blocks_is_found_whole_newest_first() {
    let folder = TempDir::new().unwrap();
    let index = empty(&folder);
    let mut entries: Vec<_> = (0..1000).map(|row| Entry::new(500, 3, row)).collect();
    entries.extend((0..1000).map(|row| Entry::new(u64::from(row), 3, 1000 + row)));
    index.add_segment(3, entries).unwrap();
    let found = index.find(500, usize::MAX, &all).unwrap();
    let expected: Vec<_> = std::iter::once(1500)
        .chain((0..1000).rev())
        .map(|row| at(3, row))
        .collect();
    assert_eq!(found, expected);
    assert_eq!(index.find(500, 3, &all).unwrap(), expected[..3]);
    assert_eq!(index.find(1000, 3, &all).unwrap(), []);
}

#[test]
fn hashes_beside_the_first_and_the_last_are_not_found() {
    let folder = TempDir::new().unwrap();
    let index = empty(&folder);
    index
        .add_segment(1, vec![Entry::new(5, 1, 0), Entry::new(9, 1, 1)])
        .unwrap();
    index.add_segment(2, vec![]).unwrap();
    let rows = [0, 4, 5, 6, 9, 10, u64::MAX].map(|hash| index.find(hash, 9, &all).unwrap().len());
    assert_eq!(rows, [0, 0, 1, 0, 1, 0, 0]);
}

#[test]
fn wherever_hashes_lie_in_their_blocks_all_are_found() {
    let folder = TempDir::new().unwrap();
    let index = empty(&folder);
    // Evenly, heaped up at the beginning, and many of the same.
    let even = |row: u64| xxhash_rust::xxh3::xxh3_64(&row.to_le_bytes());
    let hashes = (0..9_000_u64).map(|row| match row % 3 {
        0 => even(row),
        1 => row * row,
        _ => even(row % 50),
    });
    let hashes: Vec<u64> = hashes.collect();
    let rows = hashes.iter().zip(0..);
    let mut entries: Vec<_> = rows.map(|(hash, row)| Entry::new(*hash, 1, row)).collect();
    index.add_segment(1, entries.clone()).unwrap();
    entries.sort_unstable();
    for hash in hashes.iter().flat_map(|hash| [*hash, hash ^ 1]) {
        let expected = entries.iter().filter(|entry| entry.hash == hash);
        let expected: Vec<RowRef> = expected.map(|entry| entry.at).collect();
        assert_eq!(index.find(hash, usize::MAX, &all).unwrap(), expected);
    }
    // A few at a time, as a batch among millions is, and all at once.
    let mut asked: Vec<u64> = hashes.iter().flat_map(|hash| [*hash, hash ^ 1]).collect();
    asked.sort_unstable();
    asked.dedup();
    for few in asked.chunks(7).chain([&asked[..]]) {
        let among = entries.iter().copied();
        let expected = among.filter(|entry| few.binary_search(&entry.hash).is_ok());
        let expected: Vec<Entry> = expected.collect();
        assert_eq!(index.find_many(few, &all).unwrap(), expected);
    }
}

#[test]
fn merging_drops_rows_that_are_not_wanted() {
    let folder = TempDir::new().unwrap();
    let index = empty(&folder);
    for segment in 0..16 {
        let versions = (0..9).map(|key| Entry::new(key, segment, key as u32));
        index.add_segment(segment, versions.collect()).unwrap();
    }
    let last = |at: RowRef| at.segment == 15;
    while index.merge_step(7, &all, &last).unwrap() {}
    assert_eq!(index.find(4, 99, &all).unwrap(), [at(15, 4)]);
    assert!(index.runs() < 4);
}

#[test]
fn merging_keeps_few_runs_and_drops_what_is_not_live() {
    let folder = TempDir::new().unwrap();
    let index = empty(&folder);
    for segment in 0..16 {
        index
            .add_segment(segment, vec![Entry::new(7, segment, 0)])
            .unwrap();
    }
    merge_all(&index, 3, &|segment| segment != 4);
    assert!(index.runs() < 4, "{} runs", index.runs());
    assert_eq!(index.find(7, 99, &all).unwrap().len(), 15);
    assert_eq!(files(folder.path()).len(), index.runs());
}

#[test]
fn runs_without_a_live_segment_are_removed() {
    let folder = TempDir::new().unwrap();
    let index = empty(&folder);
    index.add_segment(1, vec![Entry::new(7, 1, 0)]).unwrap();
    merge_all(&index, 100, &|_| false);
    assert_eq!((index.runs(), files(folder.path()).len()), (0, 0));
}

#[test]
fn a_reader_of_merged_runs_is_not_disturbed() {
    let folder = TempDir::new().unwrap();
    let index = empty(&folder);
    for segment in 0..4 {
        index
            .add_segment(segment, vec![Entry::new(7, segment, 0)])
            .unwrap();
    }
    let before = index.read().runs.clone();
    merge_all(&index, 100, &all);
    for run in &before {
        let mut rows = 0;
        run.find(7, &mut |_| {
            rows += 1;
            true
        })
        .unwrap();
        assert_eq!(rows, 1);
    }
    drop(before);
    assert_eq!(files(folder.path()).len(), 1);
}

#[test]
fn leftovers_of_a_merge_count_once() {
    let folder = TempDir::new().unwrap();
    let live: BTreeSet<u32> = (0..4).collect();
    let index = empty(&folder);
    for segment in 0..4 {
        index
            .add_segment(segment, vec![Entry::new(7, segment, 0)])
            .unwrap();
    }
    let inputs: Vec<_> = files(folder.path())
        .into_iter()
        .map(|path| (fs::read(&path).unwrap(), path))
        .collect();
    merge_all(&index, 100, &all);
    drop(index);
    for (bytes, path) in inputs.iter().skip(1) {
        fs::write(path, bytes).unwrap();
    }
    fs::write(folder.path().join("000000000099.run.tmp"), b"torn").unwrap();
    let (index, missing) = open(folder.path(), &live);
    assert!(missing.is_empty());
    assert_eq!((index.runs(), files(folder.path()).len()), (1, 1));
    assert_eq!(index.find(7, 99, &all).unwrap().len(), 4);
}

#[test]
fn damaged_runs_are_reported_as_missing() {
    let folder = TempDir::new().unwrap();
    let live: BTreeSet<u32> = (0..3).collect();
    let index = empty(&folder);
    for segment in 0..3 {
        index
            .add_segment(segment, vec![Entry::new(7, segment, 0)])
            .unwrap();
    }
    drop(index);
    let paths = files(folder.path());
    let whole = fs::read(&paths[0]).unwrap();
    fs::write(&paths[0], &whole[..whole.len() - 1]).unwrap();
    let mut flipped = fs::read(&paths[1]).unwrap();
    flipped[17] ^= 1;
    fs::write(&paths[1], flipped).unwrap();
    let (index, missing) = open(folder.path(), &live);
    assert_eq!(missing, BTreeSet::from([0, 1]));
    assert_eq!(index.find(7, 99, &all).unwrap(), [at(2, 0)]);
}

#[test]
fn an_uncommitted_segment_leaves_a_merged_run() {
    let folder = TempDir::new().unwrap();
    let index = empty(&folder);
    for segment in 0..4 {
        index
            .add_segment(segment, vec![Entry::new(7, segment, 0)])
            .unwrap();
    }
    merge_all(&index, 100, &all);
    drop(index);
    let (index, missing) = open(folder.path(), &BTreeSet::from([0, 1, 2]));
    assert!(missing.is_empty());
    index.add_segment(3, vec![Entry::new(8, 3, 0)]).unwrap();
    drop(index);
    let (index, missing) = open(folder.path(), &(0..4).collect());
    assert!(missing.is_empty());
    assert_eq!(
        index.find(7, 99, &all).unwrap(),
        [at(2, 0), at(1, 0), at(0, 0)]
    );
    assert_eq!(index.find(8, 99, &all).unwrap(), [at(3, 0)]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Any mixture of runs and fresh rows answers as a plain list does, one by
    /// one and in bulk.
    #[test]
    fn finds_what_a_list_finds(
        segments in prop::collection::vec(prop::collection::vec(0u64..40, 0..600), 1..8),
        fresh in prop::collection::vec(0u64..40, 0..30),
        dead in prop::collection::btree_set(0u32..8, 0..3),
        merged in any::<bool>(),
        asked in prop::collection::btree_set(0u64..42, 0..42),
    ) {
        let folder = TempDir::new().unwrap();
        let index = empty(&folder);
        let live = |segment: u32| !dead.contains(&segment);
        let mut list = Vec::new();
        for (segment, hashes) in (0u32..).zip(segments.iter().chain([&fresh])) {
            let rows = (0u32..).zip(hashes).map(|(row, hash)| Entry::new(*hash << 58, segment, row));
            let entries: Vec<_> = rows.collect();
            list.extend(entries.iter().copied().filter(|_| live(segment)));
            if segment as usize == segments.len() {
                index.add_fresh(entries);
            } else {
                index.add_segment(segment, entries).unwrap();
            }
        }
        if merged {
            merge_all(&index, 100, &live);
            // Runs from before the last merge and younger ones are asked alike.
            index.add_segment(90, vec![Entry::new(3 << 58, 90, 0)]).unwrap();
            list.extend(live(90).then(|| Entry::new(3 << 58, 90, 0)));
        }
        list.sort();
        let asked: Vec<u64> = asked.into_iter().map(|hash| hash << 58).collect::<BTreeSet<_>>().into_iter().collect();
        let mut expected = Vec::new();
        for hash in &asked {
            let rows: Vec<_> = list.iter().filter(|entry| entry.hash == *hash).copied().collect();
            let found = index.find(*hash, usize::MAX, &live).unwrap();
            prop_assert_eq!(&found, &rows.iter().map(|entry| entry.at).collect::<Vec<_>>());
            expected.extend(rows);
        }
        prop_assert_eq!(&index.find_many(&asked, &live).unwrap(), &expected);
        index.forget_recent();
        prop_assert_eq!(index.find_many(&asked, &live).unwrap(), expected);
    }
}
