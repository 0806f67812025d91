//! The raw rows that were accepted, as they came.
//!
//! Bulk rows lie in immutable segment files, blocks of rows; rows of small live
//! epochs ride in the store's epoch row ([`encode_inline`]) and stay in memory
//! here until a [roll](Landing::roll) makes a segment of them. Both are addressed
//! by [`RowRef`], found by key and by subject, and read one by one or streamed.
//!
//! Contract: the caller's store decides what exists. A segment is written and
//! synced first, then committed by the caller, then [published](Landing::publish)
//! to readers; [`Landing::open`] removes whatever was never committed. Nothing
//! here reads text: keys and subjects come as hashes, and whoever looks one up
//! compares the rows found, since hashes may collide and rows be superseded.
//!
//! Everything is shared between threads. Memory: caches of fixed size, 0.03
//! bytes an index entry, and the inline rows.

mod block;
mod earlier;
mod error;
mod inline;
mod lookup;
mod open;
mod roll;
mod rows;
mod segment;
mod segment_file;
mod segment_writer;
mod state;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use hashbrown::HashMap;

pub use crate::index::{Durability, IndexError, RowRef};
use crate::index::{Entry, Handles, Index};
pub use error::LandingError;
pub(crate) use inline::SUBJECTS_COLUMN;
pub use inline::{decode_inline, encode_inline};
pub use open::segment_file;
pub use roll::Roll;
pub use rows::{KEY_COLUMN, LandedRows, SegmentInfo, SegmentRows};
pub use segment::SegmentReader;
use segment::{Body, Files, Segment};
pub use segment_writer::SegmentWriter;

/// Bounds and durability of a landing.
#[derive(Debug, Clone)]
pub struct LandingOptions {
    /// How far written files must have got before they count.
    pub durability: Durability,
    /// Index files kept open.
    pub open_index_files: usize,
    /// Memory for parsed segment footers, in bytes: about 1 MB for a million rows.
    pub footer_bytes: usize,
}

impl Default for LandingOptions {
    fn default() -> Self {
        LandingOptions {
            durability: Durability::Disk,
            open_index_files: 256,
            footer_bytes: 64 << 20,
        }
    }
}

/// What of a source waits in memory for a roll.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InlineSource {
    /// The source's id.
    pub source: Arc<str>,
    /// Its inline segments.
    pub segments: usize,
    /// Their rows.
    pub rows: u64,
}

/// All segments that are known, also those not published yet.
type Segments = BTreeMap<u32, Arc<Segment>>;

/// The landing: see the module.
pub struct Landing {
    folder: PathBuf,
    durability: Durability,
    files: Files,
    handles: Arc<Handles>,
    segments: RwLock<Segments>,
    /// One index of keys for each source.
    keys: RwLock<HashMap<Arc<str>, Arc<Index>>>,
    subjects: Index,
    without_postings: Mutex<BTreeSet<u32>>,
}

impl Landing {
    /// Starts the segment `id` of `source`. Several may be written at a time.
    ///
    /// # Errors
    /// [`LandingError::DuplicateSegment`].
    pub fn writer(&self, id: u32, source: &str) -> Result<SegmentWriter<'_>, LandingError> {
        if self.read_segments().contains_key(&id) {
            return Err(LandingError::DuplicateSegment(id));
        }
        let info = SegmentInfo {
            id,
            source: source.to_owned(),
            rows: 0,
            order: id,
            inline: None,
        };
        Ok(SegmentWriter::new(self, info))
    }

    /// Writes a whole segment; durable on return, visible once
    /// [published](Landing::publish).
    ///
    /// # Errors
    /// Those of `rows`; rows that break the contract; a disk that refuses.
    pub fn write_segment(
        &self,
        id: u32,
        source: &str,
        rows: impl Iterator<Item = Result<SegmentRows, LandingError>>,
    ) -> Result<SegmentInfo, LandingError> {
        let mut writer = self.writer(id, source)?;
        for batch in rows {
            writer.push_rows(&batch?)?;
        }
        writer.finish()
    }

    /// Adds rows that the store holds; visible at once.
    ///
    /// # Errors
    /// [`LandingError::DuplicateSegment`], or rows that break the contract.
    pub fn add_inline(&self, id: u32, rows: SegmentRows) -> Result<(), LandingError> {
        rows.check()?;
        let count = u32::try_from(rows.batch.num_rows()).map_err(|_| LandingError::Full(id))?;
        let source = rows.source.clone();
        let info = SegmentInfo {
            id,
            source,
            rows: count,
            order: id,
            inline: None,
        };
        let segment = self.insert_hidden(Segment::hidden(&info, Body::Inline(rows)))?;
        self.index_inline(&segment)?;
        segment.publish();
        Ok(())
    }

    /// Shows a written segment to readers.
    ///
    /// # Errors
    /// [`LandingError::UnknownSegment`].
    pub fn publish(&self, id: u32) -> Result<(), LandingError> {
        self.exchange(Some(id), &[])
    }

    /// Forgets segments, published or not, and removes their files once nobody
    /// reads them. The caller has taken them out of the store before.
    ///
    /// # Errors
    /// A disk that refuses.
    pub fn discard(&self, ids: &[u32]) -> Result<(), LandingError> {
        self.exchange(None, ids)
    }

    /// The source whose rows a segment has; `None` where there is no such
    /// segment.
    pub fn source_of(&self, segment: u32) -> Option<Arc<str>> {
        self.read_segments()
            .get(&segment)
            .map(|segment| segment.source.clone())
    }

    /// The published segments by id, without inline bytes.
    pub fn segments(&self) -> Vec<SegmentInfo> {
        let segments = self
            .all_segments()
            .into_iter()
            .filter(|segment| segment.is_published());
        segments.map(|segment| segment.info()).collect()
    }

    /// The published inline segments of a source by id: what a roll may take.
    pub fn inline_segments(&self, source: &str) -> Vec<SegmentInfo> {
        let segments = self.all_segments().into_iter();
        let wanted = segments.filter(|segment| {
            segment.is_published()
                && &*segment.source == source
                && matches!(segment.body, Body::Inline(_))
        });
        wanted.map(|segment| segment.info()).collect()
    }

    /// The sources with inline segments, and how many each has, in one pass.
    pub fn inline_sources(&self) -> Vec<InlineSource> {
        let mut sources: HashMap<Arc<str>, InlineSource> = HashMap::new();
        for segment in self.read_segments().values() {
            if !segment.is_published() || !matches!(segment.body, Body::Inline(_)) {
                continue;
            }
            let of_source = sources.entry_ref(&*segment.source);
            let of_source = of_source.or_insert_with(|| InlineSource {
                source: Arc::clone(&segment.source),
                segments: 0,
                rows: 0,
            });
            of_source.segments += 1;
            of_source.rows += u64::from(segment.rows);
        }
        sources.into_values().collect()
    }

    /// How many segments, and how many rows of them, wait in memory for a roll.
    pub fn inline_count(&self) -> (usize, u64) {
        let segments = self.read_segments();
        let inline = segments
            .values()
            .filter(|segment| segment.is_published() && matches!(segment.body, Body::Inline(_)));
        inline.fold((0, 0), |(count, rows), segment| {
            (count + 1, rows + u64::from(segment.rows))
        })
    }

    /// Segments whose postings are lost, which only damage to the disk can
    /// cause. Their subjects are not found until [`Landing::restore_postings`].
    pub fn without_postings(&self) -> Vec<u32> {
        let lost = self
            .without_postings
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        lost.iter().copied().collect()
    }

    /// Gives back the postings of a segment, computed anew from its rows.
    ///
    /// # Errors
    /// A disk that refuses. No effect on a segment that has its postings.
    pub fn restore_postings(
        &self,
        segment: u32,
        subjects: &[(u64, u32)],
    ) -> Result<(), LandingError> {
        let mut lost = self
            .without_postings
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if lost.contains(&segment) {
            let entries = subjects
                .iter()
                .map(|(hash, row)| Entry::new(*hash, segment, *row));
            self.subjects.add_segment(segment, entries.collect())?;
            lost.remove(&segment);
        }
        Ok(())
    }

    /// Gives back what is held to find the keys of a bulk load of this source while
    /// it goes on, up to 7 bytes a row: it is over.
    pub fn end_bulk(&self, source: &str) {
        if let Some(index) = self.read_keys().get(source) {
            index.forget_recent();
        }
    }

    /// Does up to `budget` entries of index merging in each index that needs
    /// it; false when none does. For a thread in the background: readers and
    /// writers go on.
    ///
    /// # Errors
    /// A disk that refuses; nothing is lost, the step may be tried again.
    pub fn merge_step(&self, budget: usize) -> Result<bool, LandingError> {
        self.merge_wanted(budget, &|_| true)
    }

    /// As [`Landing::merge_step`]; rows that are not `wanted` are no longer found
    /// by key or subject afterwards. Without that, a key that is corrected again
    /// and again would be looked up among all its versions.
    ///
    /// # Errors
    /// As [`Landing::merge_step`].
    pub fn merge_wanted(
        &self,
        budget: usize,
        wanted: &dyn Fn(RowRef) -> bool,
    ) -> Result<bool, LandingError> {
        // Hidden segments count: they may be published while a merge runs.
        let known = |id| self.read_segments().contains_key(&id);
        let indexes: Vec<Arc<Index>> = self.read_keys().values().cloned().collect();
        let mut worked = self.subjects.merge_step(budget, &known, wanted)?;
        for index in indexes {
            worked |= index.merge_step(budget, &known, wanted)?;
        }
        Ok(worked)
    }
}
