//! Rolls the inline rows of small epochs into segments: keeps the store small
//! and frees the memory they are cached in.

use crate::pipeline::records::Records;
use crate::pipeline::roll::{self, Written};
use crate::pipeline::take_segment;
use anyhow::Result;
use std::collections::HashSet;
use std::sync::atomic::AtomicU32;
use tocsin_alerts::Store;
use tocsin_ingest::index::RowRef;
use tocsin_ingest::landing::SegmentInfo;

/// When the inline rows of a source are rolled.
#[derive(Debug, Clone, Copy)]
pub struct Enough {
    /// So many rows …
    pub rows: u64,
    /// … or so many segments, each of which costs a batch in memory.
    pub segments: usize,
}

impl Default for Enough {
    fn default() -> Self {
        Enough {
            rows: 16_384,
            segments: 1_024,
        }
    }
}

/// Rolls the first source that has enough; returns whether one had.
///
/// # Errors
/// When the disk or the store fails.
pub fn roll(
    records: &Records,
    store: &Store,
    next_segment: &AtomicU32,
    runtime: &tokio::runtime::Handle,
    enough: Enough,
) -> Result<bool> {
    let Some(ids) = due(records, enough)? else {
        return Ok(false);
    };
    let id = take_segment(next_segment);
    roll_source(records, store, &ids, id, runtime)?;
    Ok(true)
}

/// The inline segments of the first source that has enough of them.
///
/// # Errors
/// When a segment cannot be read.
pub fn due(records: &Records, enough: Enough) -> Result<Option<Vec<u32>>> {
    for source in records.settings.catalogue.sources() {
        for from in runs(records, &source.id)? {
            let rows: u64 = from.iter().map(|info| u64::from(info.rows)).sum();
            if rows >= enough.rows || from.len() >= enough.segments {
                return Ok(Some(from.iter().map(|info| info.id).collect()));
            }
        }
    }
    Ok(None)
}

/// The inline segments of a source that may be rolled together: without another
/// segment between them, and with the same columns.
fn runs(records: &Records, source: &str) -> Result<Vec<Vec<SegmentInfo>>> {
    let inline: HashSet<u32> = records
        .landing
        .inline_segments(source)
        .iter()
        .map(|info| info.id)
        .collect();
    let mut all: Vec<SegmentInfo> = records
        .landing
        .segments()
        .into_iter()
        .filter(|info| info.source == source)
        .collect();
    all.sort_by_key(|info| info.order);
    let mut runs: Vec<Vec<SegmentInfo>> = vec![Vec::new()];
    let mut columns = None;
    for info in all {
        let here = match inline.contains(&info.id) {
            true => Some(records.landing.rows(info.id, &[0])?.batch.schema()),
            false => None,
        };
        if here.is_none() || columns != here {
            runs.push(Vec::new());
        }
        if let (Some(_), Some(run)) = (&here, runs.last_mut()) {
            run.push(info);
        }
        columns = here;
    }
    Ok(runs)
}

/// All rows move, superseded ones too: what was known of a record stays known.
fn roll_source(
    records: &Records,
    store: &Store,
    from: &[u32],
    id: u32,
    runtime: &tokio::runtime::Handle,
) -> Result<()> {
    let roll = records.landing.roll(id, from, &|_: RowRef| true)?;
    let written = Written::of(&roll);
    let gone = match roll::replace(store, from, &written, runtime) {
        Ok(gone) => gone,
        Err(error) => {
            // The old segments still count; the new one must not be found.
            records.landing.discard(&[id])?;
            return Err(error);
        }
    };
    // Readers know it before they can see the new segment.
    for row in gone {
        records.superseded.insert(RowRef { segment: id, row });
    }
    records.landing.publish_roll(&roll)?;
    records.superseded.forget(from);
    Ok(())
}
