//! Rows of small epochs as bytes that ride in the epoch's own store row.
//!
//! The bytes are one Arrow IPC stream: the rows, the hash of each key, the list
//! of subject hashes of each row, and the source's name in the schema. So they
//! restore everything that the landing keeps in memory for them.

use std::io::Cursor;
use std::sync::Arc;

use arrow_array::builder::{ListBuilder, UInt64Builder};
use arrow_array::{Array, ArrayRef, ListArray, RecordBatch, UInt64Array};
use arrow_ipc::reader::StreamReader;
use arrow_ipc::writer::StreamWriter;
use arrow_schema::{Field, Schema};

use super::LandingError;
use super::rows::{KEY_COLUMN, SegmentRows, with_keys};

/// Name of the column of subject hashes in inline bytes.
pub(crate) const SUBJECTS_COLUMN: &str = "_subjects";
const SOURCE: &str = "tocsin.source";

/// Rows as bytes for a store; [`decode_inline`] restores them. Postings come
/// back sorted by row.
///
/// # Errors
/// Keys or postings that do not fit the rows, or a reserved column name.
pub fn encode_inline(rows: &SegmentRows) -> Result<Vec<u8>, LandingError> {
    rows.check()?;
    let keyed = with_keys(&rows.batch, &rows.keys)?;
    let subjects = subject_lists(&rows.subjects, rows.batch.num_rows());
    let mut fields = keyed.schema_ref().fields().to_vec();
    fields.push(Arc::new(Field::new(
        SUBJECTS_COLUMN,
        subjects.data_type().clone(),
        false,
    )));
    let mut metadata = keyed.schema_ref().metadata().clone();
    metadata.insert(SOURCE.to_owned(), rows.source.clone());
    let schema = Arc::new(Schema::new_with_metadata(fields, metadata));
    let mut columns = keyed.columns().to_vec();
    columns.push(subjects);
    let mut writer = StreamWriter::try_new(Vec::new(), &schema)?;
    writer.write(&RecordBatch::try_new(schema, columns)?)?;
    Ok(writer.into_inner()?)
}

/// Restores rows from the bytes of [`encode_inline`].
///
/// # Errors
/// [`LandingError::Arrow`] or [`LandingError::Inline`] if they are other bytes.
pub fn decode_inline(bytes: &[u8]) -> Result<SegmentRows, LandingError> {
    let mut reader = StreamReader::try_new(Cursor::new(bytes), None)?;
    let batch = reader.next().ok_or(LandingError::Inline("rows"))??;
    let mut metadata = batch.schema_ref().metadata().clone();
    let source = metadata
        .remove(SOURCE)
        .ok_or(LandingError::Inline("source"))?;
    let keys = column::<UInt64Array>(&batch, KEY_COLUMN)?.values().to_vec();
    let subjects = postings(column::<ListArray>(&batch, SUBJECTS_COLUMN)?)?;
    let count = batch.num_columns() - 2;
    let fields = batch.schema_ref().fields()[..count].to_vec();
    let schema = Arc::new(Schema::new_with_metadata(fields, metadata));
    let options = arrow_array::RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    let columns = batch.columns()[..count].to_vec();
    let batch = RecordBatch::try_new_with_options(schema, columns, &options)?;
    Ok(SegmentRows {
        source,
        batch,
        keys,
        subjects,
    })
}

fn column<'a, T: 'static>(
    batch: &'a RecordBatch,
    name: &'static str,
) -> Result<&'a T, LandingError> {
    let column = batch
        .column_by_name(name)
        .and_then(|column| column.as_any().downcast_ref());
    column.ok_or(LandingError::Inline(name))
}

fn subject_lists(subjects: &[(u64, u32)], rows: usize) -> ArrayRef {
    let mut sorted = subjects.to_vec();
    sorted.sort_by_key(|(_, row)| *row);
    let mut lists = ListBuilder::new(UInt64Builder::new());
    let mut postings = sorted.into_iter().peekable();
    for row in 0..rows {
        while let Some((hash, _)) = postings.next_if(|(_, at)| *at as usize == row) {
            lists.values().append_value(hash);
        }
        lists.append(true);
    }
    Arc::new(lists.finish())
}

fn postings(lists: &ListArray) -> Result<Vec<(u64, u32)>, LandingError> {
    let mut found = Vec::new();
    for (row, hashes) in (0u32..).zip(lists.iter()) {
        let hashes = hashes.ok_or(LandingError::Inline(SUBJECTS_COLUMN))?;
        let hashes = hashes.as_any().downcast_ref::<UInt64Array>();
        let hashes = hashes.ok_or(LandingError::Inline(SUBJECTS_COLUMN))?;
        found.extend(hashes.values().iter().map(|hash| (*hash, row)));
    }
    Ok(found)
}
