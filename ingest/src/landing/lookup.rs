//! Finding and reading rows.

use std::cmp::Reverse;

use super::segment::{Part, SegmentReader};
use super::{LandedRows, Landing, LandingError, Segments};
use crate::index::{Entry, RowRef};

impl Landing {
    /// One row.
    ///
    /// # Errors
    /// [`LandingError::UnknownSegment`], [`LandingError::UnknownRow`], or a
    /// disk that refuses.
    pub fn row(&self, at: RowRef) -> Result<LandedRows, LandingError> {
        self.rows(at.segment, &[at.row])
    }

    /// Several rows of a segment, in the order asked; cheapest when ascending.
    ///
    /// # Errors
    /// As [`Landing::row`].
    pub fn rows(&self, segment: u32, rows: &[u32]) -> Result<LandedRows, LandingError> {
        self.segment(segment)?.rows(rows, Part::Whole, &self.files)
    }

    /// [`Landing::rows`] without the [`META_COLUMNS`](crate::mapping::META_COLUMNS),
    /// where they lie in a file: enough to know what they say.
    ///
    /// # Errors
    /// As [`Landing::row`].
    pub fn said_rows(&self, segment: u32, rows: &[u32]) -> Result<LandedRows, LandingError> {
        self.segment(segment)?.rows(rows, Part::Said, &self.files)
    }

    /// All rows of a segment from first to last, in batches of bounded size.
    ///
    /// # Errors
    /// As [`Landing::row`], now or with a batch.
    pub fn read(&self, segment: u32) -> Result<SegmentReader, LandingError> {
        self.segment(segment)?.read(Part::Whole, &self.files)
    }

    /// [`Landing::read`] without the [`META_COLUMNS`](crate::mapping::META_COLUMNS),
    /// where the rows lie in a file: enough to know what they say.
    ///
    /// # Errors
    /// As [`Landing::row`], now or with a batch.
    pub fn read_said(&self, segment: u32) -> Result<SegmentReader, LandingError> {
        self.segment(segment)?.read(Part::Said, &self.files)
    }

    /// Rows of a source whose record key has this hash, newest first. The
    /// caller compares the key itself, and knows which rows are superseded.
    ///
    /// # Errors
    /// A disk that refuses.
    pub fn find_key(&self, source: &str, key: u64) -> Result<Vec<RowRef>, LandingError> {
        let Some(index) = self.read_keys().get(source).cloned() else {
            return Ok(Vec::new());
        };
        let segments = self.read_segments();
        let mut rows = index.find(key, usize::MAX, &|id| is_published(&segments, id))?;
        newest_first(&mut rows, &segments);
        Ok(rows)
    }

    /// What [`Landing::find_key`] finds for each of `keys` (ascending, unique),
    /// in the order of keys. One pass over keys and indexes: for bulk loads.
    ///
    /// # Errors
    /// A disk that refuses.
    pub fn find_keys_bulk(
        &self,
        source: &str,
        keys: &[u64],
    ) -> Result<Vec<(u64, RowRef)>, LandingError> {
        let Some(index) = self.read_keys().get(source).cloned() else {
            return Ok(Vec::new());
        };
        let segments = self.read_segments();
        let mut entries = index.find_many(keys, &|id| is_published(&segments, id))?;
        for same_key in entries.chunk_by_mut(|a, b| a.hash == b.hash) {
            if same_key.len() > 1 {
                same_key.sort_by_key(|entry| Reverse(in_time(&segments, entry.at)));
            }
        }
        Ok(entries
            .into_iter()
            .map(|Entry { hash, at }| (hash, at))
            .collect())
    }

    /// Rows of the sources that are `wanted` which name any of these subjects,
    /// given by their hashes (ascending, unique). One pass over the index.
    ///
    /// # Errors
    /// A disk that refuses.
    pub fn find_subjects_bulk(
        &self,
        subjects: &[u64],
        wanted: impl Fn(&str) -> bool,
    ) -> Result<Vec<RowRef>, LandingError> {
        let segments = self.read_segments();
        let live = |id| {
            let segment = segments.get(&id).filter(|segment| segment.is_published());
            segment.is_some_and(|segment| wanted(&segment.source))
        };
        let entries = self.subjects.find_many(subjects, &live)?;
        Ok(entries.into_iter().map(|entry| entry.at).collect())
    }

    /// Rows that name the subject with this hash, newest first within each
    /// source, at most `limit`: a subject that everybody shares may have millions.
    ///
    /// # Errors
    /// A disk that refuses.
    pub fn find_subject(&self, subject: u64, limit: usize) -> Result<Vec<RowRef>, LandingError> {
        let segments = self.read_segments();
        let mut rows = self
            .subjects
            .find(subject, limit, &|id| is_published(&segments, id))?;
        newest_first(&mut rows, &segments);
        Ok(rows)
    }
}

fn is_published(segments: &Segments, id: u32) -> bool {
    segments
        .get(&id)
        .is_some_and(|segment| segment.is_published())
}

/// A row's place in time: rolled rows keep theirs.
fn in_time(segments: &Segments, at: RowRef) -> (u32, RowRef) {
    (
        segments
            .get(&at.segment)
            .map_or(at.segment, |segment| segment.order),
        at,
    )
}

fn newest_first(rows: &mut [RowRef], segments: &Segments) {
    if rows.len() > 1 {
        rows.sort_by_key(|at| Reverse(in_time(segments, *at)));
    }
}
