//! What can go wrong in the landing.

use std::path::PathBuf;

use arrow_schema::{ArrowError, DataType};
use parquet::errors::ParquetError;

use crate::index::{IndexError, RowRef};

/// A failure of the landing: of the disk, of a file, or of a caller who broke
/// the contract. The content of records causes none.
#[derive(Debug, thiserror::Error)]
pub enum LandingError {
    /// The file system refused, or an index file is damaged.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// A segment file is not as it was written.
    #[error("segment {segment}: `{}` is damaged: {what}", path.display())]
    Damaged {
        /// Id of the segment.
        segment: u32,
        /// The file.
        path: PathBuf,
        /// The part of it that does not have its checksum.
        what: String,
    },
    /// A segment of an earlier format cannot be read.
    #[error("segment {segment} of an earlier format, `{}`: {source}", path.display())]
    Earlier {
        /// Id of the segment.
        segment: u32,
        /// The file.
        path: PathBuf,
        /// What Parquet says.
        source: ParquetError,
    },
    /// Only text and counts land.
    #[error(
        "segment {segment}: column `{column}` is of type {data_type}; allowed are Utf8 and, without nulls, UInt64"
    )]
    ColumnType {
        /// Id of the segment.
        segment: u32,
        /// Name of the column.
        column: String,
        /// Its type.
        data_type: DataType,
    },
    /// Rows cannot be put into shape, or inline bytes are not what
    /// [`encode_inline`](super::encode_inline) wrote.
    #[error("rows are not well formed: {0}")]
    Arrow(#[from] ArrowError),
    /// Inline bytes lack what was written with them.
    #[error("inline rows lack `{0}`")]
    Inline(&'static str),
    /// A committed segment has no file.
    #[error("committed segment {segment} has no file `{}`", path.display())]
    MissingFile {
        /// Id of the segment.
        segment: u32,
        /// Where it should be.
        path: PathBuf,
    },
    /// No such segment, or it is not published.
    #[error("there is no segment {0}")]
    UnknownSegment(u32),
    /// A segment id was used twice.
    #[error("segment {0} exists already")]
    DuplicateSegment(u32),
    /// A row beyond the end of its segment.
    #[error("segment {} has {rows} rows, there is no row {}", at.segment, at.row)]
    UnknownRow {
        /// The row asked for.
        at: RowRef,
        /// How many there are.
        rows: u32,
    },
    /// The landing keeps columns of its own in every segment.
    #[error("column name `{0}` is reserved")]
    ReservedColumn(String),
    /// Keys and rows must correspond one to one.
    #[error("{keys} keys for {rows} rows")]
    KeyCount {
        /// Keys given.
        keys: usize,
        /// Rows given.
        rows: usize,
    },
    /// A posting names a row that its batch does not have.
    #[error("posting of row {row} in a batch of {rows} rows")]
    Posting {
        /// The row named.
        row: u32,
        /// Rows in the batch.
        rows: usize,
    },
    /// All batches of a segment must have the same columns and one source.
    #[error("segment {segment}: a batch differs from the first in its {what}")]
    Mixed {
        /// Id of the segment.
        segment: u32,
        /// `columns` or `source`.
        what: &'static str,
    },
    /// A segment holds at most `u32::MAX` rows.
    #[error("segment {0} is full: at most 4294967295 rows")]
    Full(u32),
    /// Only inline segments are rolled.
    #[error("segment {0} is a file already and cannot be rolled")]
    NotInline(u32),
    /// A segment needs at least one batch: it gives the columns.
    #[error("segment {0} would have no columns: at least one batch is needed")]
    Empty(u32),
    /// A roll must not jump over rows in between, or the order in time is lost.
    #[error("segment {0} lies between the segments to roll")]
    RollGap(u32),
}
