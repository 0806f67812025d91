use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::*;

const WRITERS: u32 = 4;
const SEGMENTS_EACH: u32 = 6;

fn segment(id: u32) -> SegmentRows {
    let keys: Vec<String> = (0..50).map(|row| format!("{id}-{row}")).collect();
    let cells: Vec<_> = keys.iter().map(|key| (key.as_str(), Some("甲"))).collect();
    rows(if id.is_multiple_of(2) { "a" } else { "b" }, &cells)
}

/// Everything published must be found, whatever writers and merges do.
fn look(landing: &Landing, stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        for info in landing.segments() {
            let key = hash(&format!("{}-7", info.id));
            assert_eq!(
                landing.find_key(&info.source, key).unwrap(),
                [at(info.id, 7)]
            );
            assert_eq!(name(landing, at(info.id, 7)).as_deref(), Some("甲"));
        }
    }
}

fn merge(landing: &Landing, stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        if !landing.merge_step(37).unwrap() {
            thread::yield_now();
        }
    }
}

#[test]
fn writers_readers_and_merges_do_not_disturb_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let landing = open(folder.path(), &[]);
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let write = |writer: u32| {
            let landing = &landing;
            move || {
                for number in 0..SEGMENTS_EACH {
                    let id = number * WRITERS + writer;
                    write_published(landing, id, segment(id));
                }
            }
        };
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| scope.spawn(write(writer)))
            .collect();
        scope.spawn(|| look(&landing, &stop));
        scope.spawn(|| merge(&landing, &stop));
        writers
            .into_iter()
            .for_each(|writer| writer.join().unwrap());
        stop.store(true, Ordering::Relaxed);
    });
    let total = (WRITERS * SEGMENTS_EACH * 50) as usize;
    assert_eq!(
        landing.find_subject(hash("甲"), usize::MAX).unwrap().len(),
        total
    );
    let committed = landing.segments();
    drop(landing);
    let landing = open(folder.path(), &committed);
    assert_eq!(
        landing.find_subject(hash("甲"), usize::MAX).unwrap().len(),
        total
    );
}
