//! Rows on their way into the landing, and what is known of them there.

use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, UInt64Array};
use arrow_schema::{DataType, Field, Schema};

use super::LandingError;

/// Name of the column with the hash of the record key in inline bytes. It never
/// leaves the landing.
pub const KEY_COLUMN: &str = "_key";

/// Rows of one source: the meta columns `_file`, `_record`, `_line`, `_byte`,
/// then the raw text columns as they came.
#[derive(Debug, Clone, PartialEq)]
pub struct SegmentRows {
    /// The source's name.
    pub source: String,
    /// The rows.
    pub batch: RecordBatch,
    /// Hash of the record key, one for each row.
    pub keys: Vec<u64>,
    /// Postings: hash of a subject, and the row of `batch` that names it.
    pub subjects: Vec<(u64, u32)>,
}

impl SegmentRows {
    /// Checks that keys and postings fit the rows, and that no column has a
    /// reserved name.
    pub(crate) fn check(&self) -> Result<(), LandingError> {
        check_rows(&self.batch, &self.keys, &self.subjects)
    }
}

/// See [`SegmentRows::check`].
pub(crate) fn check_rows(
    batch: &RecordBatch,
    keys: &[u64],
    subjects: &[(u64, u32)],
) -> Result<(), LandingError> {
    let rows = batch.num_rows();
    if keys.len() != rows {
        return Err(LandingError::KeyCount {
            keys: keys.len(),
            rows,
        });
    }
    if let Some((_, row)) = subjects.iter().find(|(_, row)| *row as usize >= rows) {
        return Err(LandingError::Posting { row: *row, rows });
    }
    let reserved = [KEY_COLUMN, super::inline::SUBJECTS_COLUMN];
    match reserved
        .iter()
        .find(|name| batch.schema_ref().column_with_name(name).is_some())
    {
        Some(name) => Err(LandingError::ReservedColumn((*name).to_owned())),
        None => Ok(()),
    }
}

/// What the caller commits, and gives back to [`Landing::open`](super::Landing::open).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentInfo {
    /// Unique and increasing; an id that was committed is never given again.
    pub id: u32,
    /// The source's name.
    pub source: String,
    /// How many rows it has.
    pub rows: u32,
    /// Its place in time: its own id, or for a rolled segment the highest id
    /// that went into it. Later rows have a higher one.
    pub order: u32,
    /// The rows themselves ([`encode_inline`](super::encode_inline)), if they
    /// have no file.
    pub inline: Option<Vec<u8>>,
}

/// Rows as they come out again.
#[derive(Debug, Clone, PartialEq)]
pub struct LandedRows {
    /// The source's name.
    pub source: Arc<str>,
    /// The rows, with the columns that went in.
    pub batch: RecordBatch,
}

/// The batch with the keys as its last column.
pub(crate) fn with_keys(batch: &RecordBatch, keys: &[u64]) -> Result<RecordBatch, LandingError> {
    let keys: ArrayRef = Arc::new(UInt64Array::from(keys.to_vec()));
    let mut columns = batch.columns().to_vec();
    columns.push(keys);
    Ok(RecordBatch::try_new(
        Arc::new(schema_with_keys(batch.schema_ref())),
        columns,
    )?)
}

/// These columns and that of the keys.
pub(crate) fn schema_with_keys(schema: &Schema) -> Schema {
    let mut fields = schema.fields().to_vec();
    fields.push(Arc::new(Field::new(KEY_COLUMN, DataType::UInt64, false)));
    Schema::new_with_metadata(fields, schema.metadata().clone())
}
