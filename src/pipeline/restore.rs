//! After a start: what the dataflow must hold is loaded from the landing, the
//! rows of finished epochs in one bulk, those of unfinished ones each by itself.

use super::live::{Gone, Superseded};
use super::records::Records;
use crate::progress::Progress;
use anyhow::Result;
use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tocsin_alerts::store::Recovery;
use tocsin_dataflow::{Engine, Loader};
use tocsin_ingest::fact::{Facts, SubjectKey};
use tocsin_ingest::index::RowRef;
use tocsin_ingest::landing::SegmentInfo;

/// Facts gathered before they are handed to the loader.
const GATHER: usize = 65_536;

/// When rows came and went, as far as it matters to the last finished epoch and
/// the unfinished ones after it.
pub struct Timeline {
    /// The epoch each segment came with.
    segment_epochs: HashMap<u32, u64>,
    /// The rows that went with unfinished epochs.
    later: HashMap<RowRef, u64>,
    /// All rows that went.
    superseded: Arc<Superseded>,
}

impl Timeline {
    /// What the store knows of it.
    pub fn of(recovery: &Recovery, records: &Records) -> Timeline {
        let segments = recovery.segments.iter();
        let later = recovery.superseded.iter();
        Timeline {
            segment_epochs: segments.map(|s| (s.id, s.epoch)).collect(),
            later: later
                .map(|gone| (super::index_row(gone.at), gone.epoch))
                .collect(),
            superseded: Arc::clone(&records.superseded),
        }
    }

    /// Whether a row of a segment, of which these are superseded by now, counted
    /// at the end of `epoch`, which is the last finished or a later one.
    fn counted_at(&self, gone: &Gone, at: RowRef, epoch: u64) -> bool {
        !gone.contains(at.row) || self.later.get(&at).is_some_and(|gone| *gone > epoch)
    }

    fn came_with(&self, segment: &SegmentInfo) -> u64 {
        self.segment_epochs.get(&segment.id).copied().unwrap_or(0)
    }
}

/// Loads every row that counted at the end of `epoch`, in parallel, and shows how
/// far it is. Returns how many landed rows the declarations refuse by now.
///
/// # Errors
/// When a segment cannot be read.
pub fn load_up_to(
    epoch: u64,
    records: &Records,
    timeline: &Timeline,
    engine: &Engine,
    threads: usize,
) -> Result<u64> {
    let mut segments: Vec<SegmentInfo> = records
        .segments()
        .into_iter()
        .filter(|s| timeline.came_with(s) <= epoch)
        .collect();
    // The largest first, so that no thread is left with one at the end.
    segments.sort_by_key(|segment| std::cmp::Reverse(segment.rows));
    let rows = segments.iter().map(|segment| u64::from(segment.rows)).sum();
    let progress = Progress::new("loading the landing", "rows", rows);
    let (next, refused) = (AtomicUsize::new(0), AtomicU64::new(0));
    let failure = Mutex::new(None);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut loader = engine.loader();
                while let Some(segment) = segments.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let gone = timeline.superseded.of_segment(segment.id);
                    let counts = |at: RowRef| timeline.counted_at(&gone, at, epoch);
                    let loaded = load(records, segment, counts, 1, &mut loader);
                    progress.add(u64::from(segment.rows));
                    match loaded {
                        Ok(found) => refused.fetch_add(found, Ordering::Relaxed),
                        Err(error) => {
                            *failure.lock().unwrap_or_else(|e| e.into_inner()) = Some(error);
                            break;
                        }
                    };
                }
                loader.flush();
                // What reading took is free before the dataflow needs room.
                crate::memory::give_back();
            });
        }
    });
    match failure.into_inner().unwrap_or_else(|e| e.into_inner()) {
        Some(error) => Err(error),
        None => Ok(refused.into_inner()),
    }
}

/// Loads what one unfinished epoch changed; returns the subjects of which it
/// retracted something.
///
/// # Errors
/// When a segment cannot be read.
pub fn load_epoch(
    epoch: u64,
    records: &Records,
    timeline: &Timeline,
    loader: &mut Loader,
) -> Result<HashSet<SubjectKey>> {
    let mut retracted = HashSet::new();
    let gone_rows = timeline.later.iter().filter(|(_, gone)| **gone == epoch);
    let touched: HashSet<u32> = gone_rows.map(|(at, _)| at.segment).collect();
    for segment in records.segments() {
        let came = timeline.came_with(&segment);
        if came == epoch {
            let gone = timeline.superseded.of_segment(segment.id);
            let counts = |at: RowRef| timeline.counted_at(&gone, at, epoch);
            load(records, &segment, counts, 1, loader)?;
        } else if came < epoch {
            let went = |at: RowRef| timeline.later.get(&at) == Some(&epoch);
            if touched.contains(&segment.id) {
                let mut named = Vec::new();
                records.scan(&segment, went, |record| {
                    record.said.subjects(record.index, &mut named);
                    retracted.extend(named.iter().copied());
                })?;
                load(records, &segment, went, -1, loader)?;
            }
        }
    }
    loader.flush();
    Ok(retracted)
}

fn load(
    records: &Records,
    segment: &SegmentInfo,
    counts: impl Fn(RowRef) -> bool,
    diff: i32,
    loader: &mut Loader,
) -> Result<u64> {
    let mut facts = Facts::default();
    let refused = records.scan_said(segment, counts, |said, index| {
        if !said.withdraws[index] {
            said.facts(index, &mut facts);
        }
        if facts.observations.len() >= GATHER {
            loader.add(&facts, diff);
            facts = Facts::default();
        }
    })?;
    loader.add(&facts, diff);
    Ok(refused)
}
