//! Inline segments become a file: what the store must know of it, wherever the
//! rows lie.

use super::index_row;
use anyhow::Result;
use std::collections::HashMap;
use tocsin_alerts::Store;
use tocsin_alerts::store::{Place, Replacement, RowRef, SegmentEntry, Superseded};
use tocsin_ingest::index::RowRef as IndexRow;
use tocsin_ingest::landing::Roll;
use tocsin_ingest::landing::segment_file;

/// A file that is to take the place of inline segments.
#[derive(Debug)]
pub struct Written {
    /// Its segment's number.
    pub id: u32,
    /// Its source.
    pub source: String,
    /// Its rows.
    pub rows: u64,
    /// Where each row was (segment, row) and is (row).
    pub moved: Vec<(u32, u32, u32)>,
}

impl Written {
    /// What a roll has written.
    pub fn of(roll: &Roll) -> Written {
        let moved = roll.moved.iter();
        Written {
            id: roll.info.id,
            source: roll.info.source.clone(),
            rows: u64::from(roll.info.rows),
            moved: moved
                .map(|(was, is)| (was.segment, was.row, is.row))
                .collect(),
        }
    }
}

/// Has the store know the file in place of the segments `from`, with all that is
/// known of their rows; gives the rows of the file that no longer count.
///
/// # Errors
/// When the store fails; then the old segments still count.
pub fn replace(
    store: &Store,
    from: &[u32],
    written: &Written,
    runtime: &tokio::runtime::Handle,
) -> Result<Vec<u32>> {
    let (mut epoch, mut known) = (0, Vec::new());
    for segment in from {
        let came = runtime.block_on(store.epoch_of(*segment))?;
        epoch = epoch.max(came.unwrap_or(0));
        known.extend(runtime.block_on(store.superseded_of(*segment))?);
    }
    let moved = written.moved.iter();
    let moved: HashMap<IndexRow, u32> = moved
        .map(|&(segment, row, is)| (IndexRow { segment, row }, is))
        .collect();
    let gone = known.iter().filter_map(|gone| {
        let row = *moved.get(&index_row(gone.at))?;
        let at = RowRef {
            segment: written.id,
            row,
        };
        let epoch = gone.epoch;
        Some(Superseded { at, epoch })
    });
    let superseded: Vec<Superseded> = gone.collect();
    let rows = superseded.iter().map(|gone| gone.at.row).collect();
    let entry = SegmentEntry {
        id: written.id,
        source: written.source.clone(),
        rows: written.rows,
        place: Place::File(segment_file(written.id)),
    };
    store.replace_segments(&Replacement {
        remove: from.to_vec(),
        add: vec![(epoch, entry)],
        superseded,
    })?;
    Ok(rows)
}
