//! One segment as readers see it: a Parquet file or rows in memory.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arrow_array::{RecordBatch, UInt32Array};
use arrow_select::concat::concat_batches;
use arrow_select::take::take_record_batch;
use bytes::Bytes;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
    ParquetRecordBatchReaderBuilder, RowSelection, RowSelectionPolicy,
};
use parquet::errors::ParquetError;
use parquet::file::metadata::PageIndexPolicy;
use parquet::file::reader::{ChunkReader, Length};

use super::LandingError;
use super::rows::{LandedRows, SegmentInfo, SegmentRows};
use crate::index::durable::remove;
use crate::index::lru::Lru;
use crate::index::{Handles, IndexError, RowRef};
use crate::mapping::META_COLUMNS;

/// Rows that a streaming reader holds at once.
const READ_ROWS: usize = 8192;

/// Parsed file footers, bounded by their bytes, and open files, bounded in
/// number: what a look at one row would else pay for each time.
pub(crate) struct Files {
    footers: Lru<u32, ArrowReaderMetadata>,
    handles: Arc<Handles>,
}

impl Files {
    pub(crate) fn new(footer_bytes: usize, handles: Arc<Handles>) -> Self {
        Files {
            footers: Lru::new(footer_bytes),
            handles,
        }
    }

    /// Keeps nothing of a segment that is gone.
    pub(crate) fn forget(&self, segment: &Segment) {
        self.footers.remove(&segment.id);
        if let Body::File(path) = &segment.body {
            self.handles.remove(path);
        }
    }

    fn open(&self, path: &PathBuf) -> Result<SegmentFile, LandingError> {
        if let Some(file) = self.handles.get(path) {
            return Ok(SegmentFile(file));
        }
        let file = Arc::new(File::open(path).map_err(IndexError::io("open", path))?);
        self.handles.put(path.clone(), Arc::clone(&file), 1);
        Ok(SegmentFile(file))
    }
}

/// A file that is read by position, so that readers may share it.
pub(crate) struct SegmentFile(Arc<File>);

impl Length for SegmentFile {
    fn len(&self) -> u64 {
        self.0.metadata().map_or(0, |metadata| metadata.len())
    }
}

impl ChunkReader for SegmentFile {
    type T = BufReader<Onward>;

    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        let file = Arc::clone(&self.0);
        Ok(BufReader::new(Onward { file, at: start }))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        let mut bytes = vec![0; length];
        self.0.read_exact_at(&mut bytes, start)?;
        Ok(bytes.into())
    }
}

/// Reads on from a position.
pub(crate) struct Onward {
    file: Arc<File>,
    at: u64,
}

impl Read for Onward {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(out, self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

/// Which columns of a row are wanted.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Part {
    /// All.
    Whole,
    /// What the file said, not where in it: each column costs a look at the disk.
    Said,
}

/// Where the rows are.
pub(crate) enum Body {
    File(PathBuf),
    Inline(SegmentRows),
}

/// A segment. Removes its file when it was [retired](Segment::retire) and the
/// last reader lets go.
pub(crate) struct Segment {
    pub(crate) id: u32,
    pub(crate) source: Arc<str>,
    pub(crate) rows: u32,
    pub(crate) order: u32,
    pub(crate) body: Body,
    published: AtomicBool,
    retired: AtomicBool,
}

impl Segment {
    /// A segment that nobody sees before it is published.
    pub(crate) fn hidden(info: &SegmentInfo, body: Body) -> Self {
        Segment {
            id: info.id,
            source: Arc::from(info.source.as_str()),
            rows: info.rows,
            order: info.order,
            body,
            published: AtomicBool::new(false),
            retired: AtomicBool::new(false),
        }
    }

    pub(crate) fn publish(&self) {
        self.published.store(true, Ordering::Release);
    }

    pub(crate) fn is_published(&self) -> bool {
        self.published.load(Ordering::Acquire)
    }

    pub(crate) fn retire(&self) {
        self.retired.store(true, Ordering::Release);
    }

    /// The segment without its inline bytes.
    pub(crate) fn info(&self) -> SegmentInfo {
        let source = self.source.to_string();
        SegmentInfo {
            id: self.id,
            source,
            rows: self.rows,
            order: self.order,
            inline: None,
        }
    }

    /// The rows asked for, in the order asked, repeated if asked twice.
    pub(crate) fn rows(
        &self,
        wanted: &[u32],
        part: Part,
        files: &Files,
    ) -> Result<LandedRows, LandingError> {
        if let Some(row) = wanted.iter().find(|row| **row >= self.rows) {
            let at = RowRef {
                segment: self.id,
                row: *row,
            };
            return Err(LandingError::UnknownRow {
                at,
                rows: self.rows,
            });
        }
        let batch = match &self.body {
            Body::Inline(rows) => take_rows(&rows.batch, wanted.iter().copied())?,
            Body::File(path) => self.rows_of_file(path, wanted, part, files)?,
        };
        Ok(LandedRows {
            source: Arc::clone(&self.source),
            batch,
        })
    }

    fn rows_of_file(
        &self,
        path: &PathBuf,
        wanted: &[u32],
        part: Part,
        files: &Files,
    ) -> Result<RecordBatch, LandingError> {
        let mut sorted = wanted.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        let footer = self.footer(path, files)?;
        let (groups, selection) = selection(&footer, &sorted);
        let builder = self.reader(path, footer, part, files)?;
        let schema = builder.schema().clone();
        let reader = builder
            .with_row_groups(groups)
            .with_row_selection(selection)
            .with_row_selection_policy(RowSelectionPolicy::Selectors)
            .with_batch_size(sorted.len().clamp(1, READ_ROWS));
        let reader = reader.build().map_err(LandingError::parquet(self.id))?;
        let batches = reader.collect::<Result<Vec<_>, _>>()?;
        let batch = match batches.as_slice() {
            [only] => only.clone(),
            [first, ..] => concat_batches(first.schema_ref(), &batches)?,
            [] => RecordBatch::new_empty(schema),
        };
        if sorted == wanted {
            return Ok(batch);
        }
        take_rows(
            &batch,
            wanted
                .iter()
                .map(|row| sorted.partition_point(|other| other < row) as u32),
        )
    }

    /// The rows from first to last, holding a bounded number of them.
    pub(crate) fn read(
        self: &Arc<Self>,
        part: Part,
        files: &Files,
    ) -> Result<SegmentReader, LandingError> {
        let inner = match &self.body {
            Body::Inline(rows) => Inner::Inline(Some(rows.batch.clone())),
            Body::File(path) => {
                let builder = self.reader(path, self.footer(path, files)?, part, files)?;
                let reader = builder.with_batch_size(READ_ROWS).build();
                Inner::File(reader.map_err(LandingError::parquet(self.id))?)
            }
        };
        Ok(SegmentReader {
            _segment: Arc::clone(self),
            inner,
        })
    }

    /// The hash of each row's key, batch by batch; a file's last column.
    pub(crate) fn read_keys(
        &self,
        files: &Files,
    ) -> Result<ParquetRecordBatchReader, LandingError> {
        let Body::File(path) = &self.body else {
            return Err(LandingError::UnknownSegment(self.id));
        };
        let footer = self.footer(path, files)?;
        let key = footer.parquet_schema().root_schema().get_fields().len() - 1;
        let mask = ProjectionMask::roots(footer.parquet_schema(), [key]);
        let builder = self
            .reader(path, footer, Part::Whole, files)?
            .with_projection(mask)
            .with_batch_size(READ_ROWS);
        builder.build().map_err(LandingError::parquet(self.id))
    }

    /// A reader of columns, never of the key.
    fn reader(
        &self,
        path: &PathBuf,
        footer: ArrowReaderMetadata,
        part: Part,
        files: &Files,
    ) -> Result<ParquetRecordBatchReaderBuilder<SegmentFile>, LandingError> {
        let columns = footer.parquet_schema().root_schema().get_fields().len() - 1;
        let first = match part {
            Part::Whole => 0,
            Part::Said => META_COLUMNS.len().min(columns),
        };
        let mask = ProjectionMask::roots(footer.parquet_schema(), first..columns);
        let file = files.open(path)?;
        Ok(ParquetRecordBatchReaderBuilder::new_with_metadata(file, footer).with_projection(mask))
    }

    fn footer(&self, path: &PathBuf, files: &Files) -> Result<ArrowReaderMetadata, LandingError> {
        if let Some(footer) = files.footers.get(&self.id) {
            return Ok(footer);
        }
        let file = files.open(path)?;
        let options = ArrowReaderOptions::new()
            .with_offset_index_policy(PageIndexPolicy::Required)
            .with_column_index_policy(PageIndexPolicy::Skip);
        let footer = ArrowReaderMetadata::load(&file, options);
        let footer = footer.map_err(LandingError::parquet(self.id))?;
        files
            .footers
            .put(self.id, footer.clone(), footer.metadata().memory_size());
        Ok(footer)
    }
}

impl Drop for Segment {
    fn drop(&mut self) {
        if let (true, Body::File(path)) = (*self.retired.get_mut(), &self.body) {
            // Best effort: the next open removes what is not committed.
            let _ = remove(path);
        }
    }
}

/// Streams the rows of a segment; see [`Landing::read`](super::Landing::read).
pub struct SegmentReader {
    /// Keeps the file from being removed under the reader.
    _segment: Arc<Segment>,
    inner: Inner,
}

enum Inner {
    Inline(Option<RecordBatch>),
    File(ParquetRecordBatchReader),
}

impl Iterator for SegmentReader {
    type Item = Result<RecordBatch, LandingError>;

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.inner {
            Inner::Inline(batch) => batch.take().map(Ok),
            Inner::File(reader) => Some(reader.next()?.map_err(LandingError::from)),
        }
    }
}

/// The row groups that hold `sorted` rows, and which rows of these to take.
fn selection(footer: &ArrowReaderMetadata, sorted: &[u32]) -> (Vec<usize>, RowSelection) {
    let (mut groups, mut ranges) = (Vec::new(), Vec::<Range<usize>>::new());
    // Rows before this group in the file, and in the groups chosen.
    let (mut start, mut chosen) = (0, 0);
    let mut rest = sorted;
    for (group, metadata) in footer.metadata().row_groups().iter().enumerate() {
        let rows = metadata.num_rows() as usize;
        let (here, after) =
            rest.split_at(rest.partition_point(|row| (*row as usize) < start + rows));
        if !here.is_empty() {
            groups.push(group);
            ranges.extend(
                here.iter()
                    .map(|row| *row as usize - start + chosen)
                    .map(|row| row..row + 1),
            );
            chosen += rows;
        }
        rest = after;
        start += rows;
    }
    (
        groups,
        RowSelection::from_consecutive_ranges(ranges.into_iter(), chosen),
    )
}

/// The given rows of a batch, in the given order.
pub(crate) fn take_rows(
    batch: &RecordBatch,
    rows: impl Iterator<Item = u32>,
) -> Result<RecordBatch, LandingError> {
    let rows = UInt32Array::from_iter_values(rows);
    Ok(take_record_batch(batch, &rows)?)
}
