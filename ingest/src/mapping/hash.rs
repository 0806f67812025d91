//! Hashes that tell records apart: by their key, and by what they say.
//!
//! The bytes that are hashed can be read back unambiguously (every value has a
//! fixed width or an end), so that only equal values give equal bytes.

use super::typed::Typed;
use super::{META_COLUMNS, Mapper};
use arrow_array::types::{Date32Type, Float64Type, Int64Type, UInt64Type};
use arrow_array::{Array, ArrayRef, RecordBatch, StringArray, cast::AsArray};
use arrow_schema::DataType;
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

/// Marks that no UTF-8 text contains.
const END: u8 = 0xFF;
const NULL: u8 = 0xFE;

/// The hash of each record's key: of its typed key columns, or, for sources
/// without a key, of where it stands.
pub(super) fn keys(mapper: &Mapper, raw: &RecordBatch, typed: &Typed) -> Vec<u128> {
    let source = mapper.source();
    let columns: Vec<ArrayRef> = if source.key.is_empty() {
        let place = META_COLUMNS[..2].iter();
        place
            .filter_map(|name| raw.column_by_name(name))
            .cloned()
            .collect()
    } else {
        let key = source.key.iter();
        key.map(|column| typed.batch.column(*column).clone())
            .collect()
    };
    let mut bytes = Vec::new();
    let hash = |row| {
        bytes.clear();
        bytes.extend_from_slice(source.id.as_bytes());
        bytes.push(END);
        push_row(&columns, row, &mut bytes);
        xxh3_128(&bytes)
    };
    (0..raw.num_rows()).map(hash).collect()
}

/// A number for what some columns say, the same whichever source says it: of
/// the same texts the same, of a record without any a number of its own.
pub(super) fn events(columns: &[StringArray], keys: &[u128]) -> Vec<i64> {
    let mut bytes = Vec::new();
    let event = |(row, key): (usize, &u128)| {
        bytes.clear();
        if columns.iter().all(|column| column.is_null(row)) {
            bytes.extend_from_slice(&key.to_le_bytes());
        }
        for column in columns {
            push_value(column, row, &mut bytes);
        }
        (xxh3_64(&bytes) >> 1) as i64
    };
    keys.iter().enumerate().map(event).collect()
}

/// The hash of each of these raw rows without its place.
pub(super) fn contents(raw: &RecordBatch, rows: &[u32]) -> Vec<u64> {
    let fields = raw.schema_ref().fields().iter();
    let places = fields.take_while(|field| META_COLUMNS.contains(&field.name().as_str()));
    let columns = &raw.columns()[places.count()..];
    let mut bytes = Vec::new();
    let hash = |row| {
        bytes.clear();
        push_row(columns, row as usize, &mut bytes);
        xxh3_64(&bytes)
    };
    rows.iter().copied().map(hash).collect()
}

fn push_row(columns: &[ArrayRef], row: usize, out: &mut Vec<u8>) {
    for column in columns {
        push_value(column, row, out);
    }
}

fn push_value(array: &dyn Array, row: usize, out: &mut Vec<u8>) {
    if array.is_null(row) {
        out.push(NULL);
        return;
    }
    match array.data_type() {
        DataType::Utf8 => {
            out.extend_from_slice(array.as_string::<i32>().value(row).as_bytes());
            out.push(END);
        }
        DataType::Int64 => push_fixed(
            &array.as_primitive::<Int64Type>().value(row).to_le_bytes(),
            out,
        ),
        DataType::UInt64 => push_fixed(
            &array.as_primitive::<UInt64Type>().value(row).to_le_bytes(),
            out,
        ),
        DataType::Date32 => push_fixed(
            &array.as_primitive::<Date32Type>().value(row).to_le_bytes(),
            out,
        ),
        DataType::Float64 => push_fixed(
            &array.as_primitive::<Float64Type>().value(row).to_le_bytes(),
            out,
        ),
        DataType::Boolean => push_fixed(&[u8::from(array.as_boolean().value(row))], out),
        // No column has another type: see `ColumnKind::data_type`.
        _ => out.push(NULL),
    }
}

fn push_fixed(bytes: &[u8], out: &mut Vec<u8>) {
    // Not the mark of a null.
    out.push(0);
    out.extend_from_slice(bytes);
}
