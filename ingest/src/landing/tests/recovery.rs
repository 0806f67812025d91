use std::fs;
use std::path::PathBuf;

use super::*;

fn files(folder: PathBuf) -> Vec<PathBuf> {
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect()
}

fn key_files(folder: &Path) -> Vec<PathBuf> {
    files(folder.join("keys"))
        .into_iter()
        .flat_map(files)
        .collect()
}

fn one(key: &str, name: &str) -> SegmentRows {
    rows(SOURCE, &[(key, Some(name))])
}

/// Four committed segments of one row: `k0` to `k3`.
fn four(folder: &Path) -> (Landing, Vec<SegmentInfo>) {
    let landing = open(folder, &[]);
    let write = |id| write_published(&landing, id, one(&format!("k{id}"), "甲"));
    let committed = (0..4).map(write).collect();
    (landing, committed)
}

fn assert_four(landing: &Landing) {
    for id in 0..4 {
        let key = hash(&format!("k{id}"));
        assert_eq!(landing.find_key(SOURCE, key).unwrap(), [at(id, 0)]);
        assert_eq!(name(landing, at(id, 0)).as_deref(), Some("甲"));
    }
    let named = landing.find_subject(hash("甲"), 99).unwrap();
    assert_eq!(named, [at(3, 0), at(2, 0), at(1, 0), at(0, 0)]);
}

#[test]
fn torn_files_are_removed() {
    let folder = tempfile::tempdir().unwrap();
    let (landing, committed) = four(folder.path());
    drop(landing);
    let keys = key_files(folder.path())[0].with_file_name("000000000077.run.tmp");
    let torn = [
        "segments/0000000009.rows.tmp",
        "subjects/000000000077.run.tmp",
    ];
    for path in torn
        .map(|name| folder.path().join(name))
        .iter()
        .chain([&keys])
    {
        fs::write(path, b"half").unwrap();
    }
    assert_four(&open(folder.path(), &committed));
    assert!(!keys.exists() && torn.iter().all(|name| !folder.path().join(name).exists()));
}

#[test]
fn an_uncommitted_segment_vanishes_and_its_id_is_free() {
    let folder = tempfile::tempdir().unwrap();
    let (landing, committed) = four(folder.path());
    write_published(&landing, 4, one("lost", "乙"));
    drop(landing);
    let landing = open(folder.path(), &committed);
    assert_eq!(landing.find_key(SOURCE, hash("lost")).unwrap(), []);
    assert_eq!(files(folder.path().join("segments")).len(), 4);
    write_published(&landing, 4, one("new", "丙"));
    assert_eq!(landing.find_key(SOURCE, hash("new")).unwrap(), [at(4, 0)]);
    assert_eq!(landing.find_subject(hash("乙"), 9).unwrap(), []);
    assert_four(&landing);
}

#[test]
fn an_uncommitted_segment_vanishes_from_merged_runs_too() {
    let folder = tempfile::tempdir().unwrap();
    let (landing, committed) = four(folder.path());
    while landing.merge_step(1).unwrap() {}
    drop(landing);
    let landing = open(folder.path(), &committed[..3]);
    write_published(&landing, 3, one("new", "乙"));
    assert_eq!(landing.find_key(SOURCE, hash("k3")).unwrap(), []);
    assert_eq!(landing.find_key(SOURCE, hash("new")).unwrap(), [at(3, 0)]);
    assert_eq!(landing.find_subject(hash("甲"), 9).unwrap().len(), 3);
}

#[test]
fn lost_key_indexes_are_rebuilt() {
    let folder = tempfile::tempdir().unwrap();
    let (landing, committed) = four(folder.path());
    drop(landing);
    let paths = key_files(folder.path());
    fs::remove_file(&paths[0]).unwrap();
    fs::write(&paths[1], b"garbage").unwrap();
    assert_four(&open(folder.path(), &committed));
    fs::remove_dir_all(folder.path().join("keys")).unwrap();
    assert_four(&open(folder.path(), &committed));
    assert_four(&open(folder.path(), &committed));
}

#[test]
fn lost_postings_are_named_and_can_be_given_back() {
    let folder = tempfile::tempdir().unwrap();
    let (landing, committed) = four(folder.path());
    assert!(landing.without_postings().is_empty());
    drop(landing);
    for path in files(folder.path().join("subjects")) {
        fs::remove_file(path).unwrap();
    }
    let landing = open(folder.path(), &committed);
    assert_eq!(landing.without_postings(), [0, 1, 2, 3]);
    for id in landing.without_postings() {
        landing.restore_postings(id, &[(hash("甲"), 0)]).unwrap();
        landing.restore_postings(id, &[(hash("twice"), 0)]).unwrap();
    }
    drop(landing);
    let landing = open(folder.path(), &committed);
    assert!(landing.without_postings().is_empty());
    assert_eq!(landing.find_subject(hash("twice"), 9).unwrap(), []);
    assert_four(&landing);
}

#[test]
fn leftovers_of_a_merge_count_once() {
    let folder = tempfile::tempdir().unwrap();
    let (landing, committed) = four(folder.path());
    let mut inputs = key_files(folder.path());
    inputs.extend(files(folder.path().join("subjects")));
    let inputs: Vec<_> = inputs
        .into_iter()
        .map(|path| (fs::read(&path).unwrap(), path))
        .collect();
    while landing.merge_step(usize::MAX).unwrap() {}
    drop(landing);
    assert_eq!(key_files(folder.path()).len(), 1);
    for (bytes, path) in &inputs {
        fs::write(path, bytes).unwrap();
    }
    assert_four(&open(folder.path(), &committed));
    assert_eq!(key_files(folder.path()).len(), 1);
}

#[test]
fn an_unfinished_merge_is_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let (landing, committed) = four(folder.path());
    assert!(landing.merge_step(2).unwrap());
    assert_four(&landing);
    drop(landing);
    assert_four(&open(folder.path(), &committed));
    assert_eq!(key_files(folder.path()).len(), 4);
}

#[test]
fn a_roll_counts_when_the_store_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let landing = open(folder.path(), &[]);
    let inline: Vec<_> = (0..4)
        .map(|id| inline_info(id, &one(&format!("k{id}"), "甲")))
        .collect();
    for info in &inline {
        let bytes = info.inline.as_ref().unwrap();
        landing
            .add_inline(info.id, crate::landing::decode_inline(bytes).unwrap())
            .unwrap();
    }
    let roll = landing.roll(4, &[0, 1, 2, 3], &|_| true).unwrap();
    drop(landing);
    assert_four(&open(folder.path(), &inline));
    assert!(files(folder.path().join("segments")).is_empty());
    let landing = open(folder.path(), &inline);
    let again = landing.roll(4, &[0, 1, 2, 3], &|_| true).unwrap();
    assert_eq!(again, roll);
    drop(landing);
    let landing = open(folder.path(), &[again.info]);
    let rows: Vec<_> = (0..4)
        .map(|id| landing.find_key(SOURCE, hash(&format!("k{id}"))).unwrap())
        .collect();
    assert_eq!(rows, (0..4).map(|row| vec![at(4, row)]).collect::<Vec<_>>());
    assert_eq!(landing.find_subject(hash("甲"), 9).unwrap().len(), 4);
}

#[test]
fn sources_that_have_gone_leave_no_folder() {
    let folder = tempfile::tempdir().unwrap();
    let (landing, _) = four(folder.path());
    drop(landing);
    open(folder.path(), &[]);
    assert!(files(folder.path().join("keys")).is_empty());
    assert!(files(folder.path().join("segments")).is_empty());
}

#[test]
fn a_committed_segment_without_a_file_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let (landing, committed) = four(folder.path());
    drop(landing);
    fs::remove_file(folder.path().join("segments/0000000002.rows")).unwrap();
    let error = Landing::open(folder.path(), options(), &committed)
        .err()
        .unwrap();
    assert!(matches!(
        error,
        LandingError::MissingFile { segment: 2, .. }
    ));
}
