//! Raw rows: from the decoder into batches that can land, and back into the
//! text of a reject.

use super::intake::IntakeError;
use arrow_array::{
    ArrayRef, RecordBatch, StringArray, UInt64Array, cast::AsArray, types::UInt64Type,
};
use arrow_schema::{DataType, Field, Schema};
use std::sync::Arc;
use tocsin_alerts::store::RejectRow;
use tocsin_ingest::format::RowBatch;
use tocsin_ingest::landing::SegmentRows;
use tocsin_ingest::mapping::{META_COLUMNS, RowFault};

/// Longest raw text kept with a reject, in characters.
const MAX_RAW: usize = 2_000;

/// A refused row as a reject, with its place and raw text.
pub(super) fn reject_of(source: &str, file: &str, raw: &RecordBatch, fault: RowFault) -> RejectRow {
    let row = fault.row as usize;
    let place = |column: usize| raw.column(column).as_primitive::<UInt64Type>().value(row);
    let texts = raw.columns()[META_COLUMNS.len()..]
        .iter()
        .map(|column| column.as_string::<i32>());
    let text: Vec<&str> = texts.map(|texts| texts.value(row)).collect();
    RejectRow {
        source: source.to_owned(),
        file: file.to_owned(),
        record: place(1),
        line: place(2),
        byte: place(3),
        field: fault.field,
        value: fault.value,
        reason: fault.reason,
        raw: text.join(",").chars().take(MAX_RAW).collect(),
        ..RejectRow::default()
    }
}

/// The raw batch of decoded rows: where each came from, then its columns.
///
/// # Errors
/// When header and rows do not fit, which the decoder excludes.
pub fn raw_batch(
    file: &str,
    header: &[String],
    arrival_ms: i64,
    rows: &mut RowBatch,
) -> Result<RecordBatch, IntakeError> {
    let rows = rows.take();
    let count = rows.record.len();
    let mut fields = vec![Field::new(META_COLUMNS[0], DataType::Utf8, false)];
    fields.extend(
        META_COLUMNS[1..]
            .iter()
            .map(|name| Field::new(*name, DataType::UInt64, false)),
    );
    fields.extend(
        header
            .iter()
            .map(|name| Field::new(name, DataType::Utf8, true)),
    );
    let mut columns: Vec<ArrayRef> = vec![Arc::new(StringArray::from_iter_values(
        std::iter::repeat_n(file, count),
    ))];
    for place in [
        rows.record,
        rows.line,
        rows.byte,
        vec![arrival_ms as u64; count],
    ] {
        columns.push(Arc::new(UInt64Array::from(place)));
    }
    columns.extend(
        rows.columns
            .into_iter()
            .map(|column| Arc::new(column) as ArrayRef),
    );
    Ok(RecordBatch::try_new(
        Arc::new(Schema::new(fields)),
        columns,
    )?)
}

/// One batch of several with the same columns.
pub(super) fn concat(batches: Vec<SegmentRows>) -> Result<SegmentRows, IntakeError> {
    let mut batches = batches.into_iter();
    let Some(mut all) = batches.next() else {
        return Err(
            arrow_schema::ArrowError::InvalidArgumentError("no rows to land".into()).into(),
        );
    };
    for next in batches {
        let first = all.batch.num_rows() as u32;
        all.batch =
            arrow_select::concat::concat_batches(&all.batch.schema(), [&all.batch, &next.batch])?;
        all.keys.extend(next.keys);
        all.subjects.extend(
            next.subjects
                .into_iter()
                .map(|(hash, row)| (hash, row + first)),
        );
    }
    Ok(all)
}
