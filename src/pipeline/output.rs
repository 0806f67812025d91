//! What one source's intake adds to an epoch.

use super::inputs::FileFault;
use super::stats::SourceStats;
use std::collections::HashSet;
use tocsin_alerts::store::RejectRow;
use tocsin_ingest::fact::SubjectKey;
use tocsin_ingest::format::CsvPosition;
use tocsin_ingest::index::RowRef;
use tocsin_ingest::landing::{SegmentInfo, SegmentRows};
use tocsin_ingest::transport::Found;

/// Where a source's rows of the epoch landed.
pub enum Landed {
    /// In a segment file.
    File(SegmentInfo),
    /// In the epoch's own row, with the rows themselves for the landing's cache.
    Inline(u32, Vec<u8>, Box<SegmentRows>),
    /// With another process: the segment's number and rows, and the bytes of
    /// those that ride in the epoch's own row.
    Elsewhere(u32, u32, Option<Vec<u8>>),
}

/// Everything that a source's intake adds to the epoch.
#[derive(Default)]
pub struct SourceOutput {
    /// New segments.
    pub landed: Vec<Landed>,
    /// Rows that no longer count.
    pub superseded: Vec<RowRef>,
    /// How far each file was read, where that is further than before.
    pub positions: Vec<(String, CsvPosition)>,
    /// Files that could not be read to their end.
    pub failed: Vec<(Found, FileFault)>,
    /// Of each push, in their order: what was counted, and why it was refused if it
    /// was as a whole.
    pub pushes: Vec<SourceStats>,
    /// Refused records.
    pub rejects: Vec<RejectRow>,
    /// Keys of earlier refused records of which a record was taken in.
    pub mended: HashSet<u128>,
    /// What was counted.
    pub stats: SourceStats,
    /// Subjects of which something was retracted.
    pub retracted: HashSet<SubjectKey>,
    /// Whom the rows of a registering source speak of; `None` where they are too
    /// many to list.
    pub registered: Option<HashSet<SubjectKey>>,
    /// Rows landed.
    pub rows: u64,
}

impl SourceOutput {
    /// What reading noted, with what became of the rows that it passed on.
    pub(super) fn joined(mut self, landed: SourceOutput) -> SourceOutput {
        join(&mut self.stats, &landed.stats);
        for (push, landed) in self.pushes.iter_mut().zip(&landed.pushes) {
            join(push, landed);
        }
        SourceOutput {
            positions: self.positions,
            failed: self.failed,
            pushes: self.pushes,
            rejects: self.rejects,
            mended: self.mended,
            stats: self.stats,
            ..landed
        }
    }

    /// Counts in the whole, and in the push that the row came with.
    pub(super) fn count(&mut self, push: Option<u32>, count: impl Fn(&mut SourceStats)) {
        count(&mut self.stats);
        let Some(push) = push.map(|push| push as usize) else {
            return;
        };
        if self.pushes.len() <= push {
            self.pushes.resize_with(push + 1, SourceStats::default);
        }
        count(&mut self.pushes[push]);
    }

    /// Whether there is anything to commit. A last line that is still being
    /// written is nothing.
    pub(super) fn has_something(&self) -> bool {
        self.stats.read > 0
            || !self.landed.is_empty()
            || !self.superseded.is_empty()
            || !self.positions.is_empty()
    }
}

/// Adds what became of rows to what reading them counted.
fn join(read: &mut SourceStats, landed: &SourceStats) {
    read.merge(landed);
    // Only the lander sees that a row says again what counts already.
    read.accepted -= landed.duplicates;
}
