//! Writes one segment: rows to their file, keys and subjects to their indexes.

use arrow_array::RecordBatch;

use super::rows::{SegmentInfo, SegmentRows, check_rows};
use super::segment_file::SegmentFileWriter;
use super::{Landing, LandingError};
use crate::index::Entry;
use crate::index::durable::NewFile;

/// A segment in the making. Batches go straight to the file; what is held in
/// memory is one block and 16 bytes for each key, posting and block. Dropping
/// it unfinished leaves nothing behind.
pub struct SegmentWriter<'a> {
    landing: &'a Landing,
    info: SegmentInfo,
    /// Starts with the first batch, which decides the columns.
    file: Option<SegmentFileWriter>,
    keys: Vec<Entry>,
    subjects: Vec<Entry>,
}

impl<'a> SegmentWriter<'a> {
    pub(crate) fn new(landing: &'a Landing, info: SegmentInfo) -> Self {
        SegmentWriter {
            landing,
            info,
            file: None,
            keys: Vec::new(),
            subjects: Vec::new(),
        }
    }

    /// Gives the segment another place in time than its id.
    pub(crate) fn with_order(mut self, order: u32) -> Self {
        self.info.order = order;
        self
    }

    /// Rows written so far: start another segment before memory or file grow
    /// too large (a million rows is a good size).
    pub fn rows(&self) -> u32 {
        self.info.rows
    }

    /// Adds rows. `keys` has one hash for each; `subjects` are postings with
    /// row numbers within this batch.
    ///
    /// # Errors
    /// Input that breaks the contract of [`SegmentRows`], columns that differ
    /// from the first batch, or a disk that refuses.
    pub fn push(
        &mut self,
        batch: &RecordBatch,
        keys: &[u64],
        subjects: &[(u64, u32)],
    ) -> Result<(), LandingError> {
        check_rows(batch, keys, subjects)?;
        let (id, base) = (self.info.id, self.info.rows);
        let rows = u32::try_from(batch.num_rows())
            .ok()
            .and_then(|rows| base.checked_add(rows));
        let rows = rows.ok_or(LandingError::Full(id))?;
        self.file_for(batch)?.push(batch)?;
        self.info.rows = rows;
        self.keys.extend(
            (base..)
                .zip(keys)
                .map(|(row, key)| Entry::new(*key, id, row)),
        );
        self.subjects.extend(
            subjects
                .iter()
                .map(|(hash, row)| Entry::new(*hash, id, base + row)),
        );
        Ok(())
    }

    /// Adds rows, which must be of the segment's source.
    ///
    /// # Errors
    /// As [`SegmentWriter::push`].
    pub fn push_rows(&mut self, rows: &SegmentRows) -> Result<(), LandingError> {
        if rows.source != self.info.source {
            return Err(LandingError::Mixed {
                segment: self.info.id,
                what: "source",
            });
        }
        self.push(&rows.batch, &rows.keys, &rows.subjects)
    }

    /// Completes file and indexes. On return all of it is durable, and nobody
    /// sees it before [`Landing::publish`]. A segment without a batch has no
    /// columns and is refused.
    ///
    /// # Errors
    /// A disk that refuses; [`LandingError::Empty`] without a batch.
    pub fn finish(mut self) -> Result<SegmentInfo, LandingError> {
        let file = self.file.take();
        let file = file.ok_or(LandingError::Empty(self.info.id))?;
        self.landing
            .add_written(&self.info, file, (self.keys, self.subjects))?;
        Ok(self.info)
    }

    fn file_for(&mut self, batch: &RecordBatch) -> Result<&mut SegmentFileWriter, LandingError> {
        let segment = self.info.id;
        let file = match self.file.take() {
            Some(file) => file,
            None => {
                let path = self.landing.segment_path(segment);
                let out = NewFile::create(path, self.landing.durability())?;
                SegmentFileWriter::new(segment, out, batch.schema())?
            }
        };
        let same = file.schema().fields() == batch.schema_ref().fields();
        let file = self.file.insert(file);
        if same {
            return Ok(file);
        }
        Err(LandingError::Mixed {
            segment,
            what: "columns",
        })
    }
}
