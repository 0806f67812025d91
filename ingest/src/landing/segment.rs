//! One segment as readers see it: a file or rows in memory.

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arrow_array::{RecordBatch, UInt32Array};
use arrow_select::take::take_record_batch;

use super::LandingError;
use super::rows::{LandedRows, SegmentInfo, SegmentRows};
use super::segment_file::{Footer, SegmentFile};
use crate::index::durable::remove;
use crate::index::lru::Lru;
use crate::index::{Handles, IndexError, RowRef};
use crate::mapping::META_COLUMNS;

/// Rows that a streaming reader holds at once.
const READ_ROWS: usize = 8192;

/// Parsed file footers, bounded by their bytes, and open files, bounded in
/// number: what a look at one row would else pay for each time.
pub(crate) struct Files {
    footers: Lru<u32, Arc<Footer>>,
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

    fn open(&self, path: &PathBuf) -> Result<Arc<File>, LandingError> {
        if let Some(file) = self.handles.get(path) {
            return Ok(file);
        }
        let file = Arc::new(File::open(path).map_err(IndexError::io("open", path))?);
        self.handles.put(path.clone(), Arc::clone(&file), 1);
        Ok(file)
    }
}

/// Which columns of a row are wanted.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Part {
    /// All.
    Whole,
    /// What the file said, not where in it.
    Said,
}

impl Part {
    /// How many columns it leaves out, of so many.
    fn skipped(self, columns: usize) -> usize {
        match self {
            Part::Whole => 0,
            Part::Said => META_COLUMNS.len().min(columns),
        }
    }
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
        let batch = self.with_file(path, files, |file, footer| {
            file.rows(
                footer,
                &sorted,
                part.skipped(footer.schema().fields().len()),
            )
        })?;
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
            Body::File(path) => Inner::File(Blocks {
                path: path.clone(),
                file: files.open(path)?,
                footer: self.footer(path, files)?,
                part,
                next: 0,
            }),
        };
        Ok(SegmentReader {
            segment: Arc::clone(self),
            inner,
        })
    }

    /// The hash of each row's key, of a file.
    pub(crate) fn read_keys(&self, files: &Files) -> Result<Vec<u64>, LandingError> {
        match &self.body {
            Body::File(path) => self.with_file(path, files, |file, footer| file.keys(footer)),
            Body::Inline(_) => Err(LandingError::UnknownSegment(self.id)),
        }
    }

    fn with_file<T>(
        &self,
        path: &PathBuf,
        files: &Files,
        read: impl FnOnce(&SegmentFile<'_>, &Footer) -> Result<T, LandingError>,
    ) -> Result<T, LandingError> {
        let footer = self.footer(path, files)?;
        let file = files.open(path)?;
        read(&self.reader(path, &file), &footer)
    }

    fn reader<'a>(&self, path: &'a PathBuf, file: &'a File) -> SegmentFile<'a> {
        SegmentFile {
            segment: self.id,
            path,
            file,
        }
    }

    fn footer(&self, path: &PathBuf, files: &Files) -> Result<Arc<Footer>, LandingError> {
        if let Some(footer) = files.footers.get(&self.id) {
            return Ok(footer);
        }
        let file = files.open(path)?;
        let footer = Arc::new(self.reader(path, &file).footer(self.rows)?);
        let weight = footer.weight();
        files.footers.put(self.id, Arc::clone(&footer), weight);
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
    /// Also keeps the file from being removed under the reader.
    segment: Arc<Segment>,
    inner: Inner,
}

enum Inner {
    Inline(Option<RecordBatch>),
    File(Blocks),
}

/// The blocks of a file that are still to be read.
struct Blocks {
    path: PathBuf,
    file: Arc<File>,
    footer: Arc<Footer>,
    part: Part,
    next: usize,
}

impl Iterator for SegmentReader {
    type Item = Result<RecordBatch, LandingError>;

    fn next(&mut self) -> Option<Self::Item> {
        let blocks = match &mut self.inner {
            Inner::Inline(batch) => return batch.take().map(Ok),
            Inner::File(blocks) if blocks.next >= blocks.footer.blocks() => return None,
            Inner::File(blocks) => blocks,
        };
        let file = self.segment.reader(&blocks.path, &blocks.file);
        let skipped = blocks.part.skipped(blocks.footer.schema().fields().len());
        let count = blocks.footer.blocks_of(READ_ROWS);
        let batch = file.blocks(&blocks.footer, blocks.next, count, skipped);
        blocks.next += count;
        Some(batch)
    }
}

/// The given rows of a batch, in the given order.
pub(crate) fn take_rows(
    batch: &RecordBatch,
    rows: impl Iterator<Item = u32>,
) -> Result<RecordBatch, LandingError> {
    let rows = UInt32Array::from_iter_values(rows);
    Ok(take_record_batch(batch, &rows)?)
}
