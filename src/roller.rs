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
use tocsin_ingest::landing::{InlineSource, SegmentInfo};

/// When inline rows are rolled. Each segment costs a batch in memory.
#[derive(Debug, Clone, Copy)]
pub struct Enough {
    /// A source has so many rows …
    pub rows: u64,
    /// … or so many segments.
    pub segments: usize,
    /// All sources together have more rows than these …
    pub all_rows: u64,
    /// … or more segments: then the source that has most makes room. Hundreds of
    /// sources would else hold a little each, and together without bound.
    pub all_segments: usize,
}

impl Default for Enough {
    fn default() -> Self {
        Enough {
            rows: 16_384,
            segments: 1_024,
            all_rows: 524_288,
            all_segments: 32_768,
        }
    }
}

impl Enough {
    /// Whether all sources together have more than may wait.
    pub fn crowded(self, records: &Records) -> bool {
        let (segments, rows) = records.landing.inline_count();
        self.crowds(segments, rows)
    }

    /// [`Enough::crowded`] of so many.
    pub fn crowds(self, segments: usize, rows: u64) -> bool {
        segments > self.all_segments || rows > self.all_rows
    }
}

/// A segment costs about what so many rows cost.
const ROWS_A_SEGMENT: u64 = 16;

/// Rolls the source that most waits for, if it is due; returns whether one was.
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

/// The inline segments of the source with most that has enough of them, or that
/// is to make room because all together have too many.
///
/// # Errors
/// When a segment cannot be read.
pub fn due(records: &Records, enough: Enough) -> Result<Option<Vec<u32>>> {
    let crowded = enough.crowded(records);
    let wanted = |segments: usize, rows: u64| {
        rows >= enough.rows || segments >= enough.segments || (crowded && segments > 1)
    };
    let mut sources = records.landing.inline_sources();
    sources.retain(|of| wanted(of.segments, of.rows));
    let cost = |of: &InlineSource| of.rows + ROWS_A_SEGMENT * of.segments as u64;
    sources.sort_by(|a, b| cost(b).cmp(&cost(a)).then_with(|| a.source.cmp(&b.source)));
    for of in sources {
        for run in runs(records, &of.source)? {
            let rows = run.iter().map(|info| u64::from(info.rows)).sum();
            if wanted(run.len(), rows) {
                return Ok(Some(run.iter().map(|info| info.id).collect()));
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
