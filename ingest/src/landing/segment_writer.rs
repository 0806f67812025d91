//! Writes one segment: rows to Parquet, keys and subjects to their indexes.

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use parquet::arrow::ArrowWriter;

use super::parquet_writer::parquet_writer;
use super::rows::{SegmentInfo, SegmentRows, check_rows, with_keys};
use super::{Landing, LandingError};
use crate::index::Entry;
use crate::index::durable::NewFile;

/// A segment in the making. Batches go straight to the file; what is held in
/// memory is one row group and 16 bytes for each key and posting. Dropping it
/// unfinished leaves nothing behind.
pub struct SegmentWriter<'a> {
    landing: &'a Landing,
    info: SegmentInfo,
    /// Starts with the first batch, which decides columns and encodings.
    parquet: Option<ArrowWriter<NewFile>>,
    columns: Option<SchemaRef>,
    keys: Vec<Entry>,
    subjects: Vec<Entry>,
}

impl<'a> SegmentWriter<'a> {
    pub(crate) fn new(landing: &'a Landing, info: SegmentInfo) -> Self {
        SegmentWriter {
            landing,
            info,
            parquet: None,
            columns: None,
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
        let keyed = with_keys(batch, keys)?;
        let writer = self.parquet_for(batch)?;
        writer.write(&keyed).map_err(LandingError::parquet(id))?;
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
        let id = self.info.id;
        let writer = self.parquet.take().ok_or(LandingError::Empty(id))?;
        let file = writer.into_inner().map_err(LandingError::parquet(id))?;
        file.finish()?;
        self.landing
            .add_written(&self.info, self.keys, self.subjects)?;
        Ok(self.info)
    }

    fn parquet_for(
        &mut self,
        batch: &RecordBatch,
    ) -> Result<&mut ArrowWriter<NewFile>, LandingError> {
        if self.parquet.is_none() {
            let path = self.landing.segment_path(self.info.id);
            let file = NewFile::create(path, self.landing.durability())?;
            self.parquet =
                Some(parquet_writer(file, batch).map_err(LandingError::parquet(self.info.id))?);
            self.columns = Some(batch.schema());
        }
        let same = self
            .columns
            .as_ref()
            .is_some_and(|columns| columns.fields() == batch.schema_ref().fields());
        match self.parquet.as_mut().filter(|_| same) {
            Some(writer) => Ok(writer),
            None => Err(LandingError::Mixed {
                segment: self.info.id,
                what: "columns",
            }),
        }
    }
}
