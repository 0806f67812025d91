//! Hashes that tell records apart: by their key, and by what they say.
//!
//! The bytes that are hashed can be read back unambiguously (every value has a
//! fixed width or an end), so that only equal values give equal bytes.

use super::typed::Typed;
use super::{META_COLUMNS, Mapper};
use arrow_array::{
    Array, ArrayRef, BooleanArray, Date32Array, Float64Array, Int64Array, RecordBatch, StringArray,
    UInt64Array, cast::AsArray,
};
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
    let columns: Vec<Values> = columns.iter().map(Values::of).collect();
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
            Values::Texts(column).push(row, &mut bytes);
        }
        (xxh3_64(&bytes) >> 1) as i64
    };
    keys.iter().enumerate().map(event).collect()
}

/// The hash of each of these raw rows without its place.
pub(super) fn contents(raw: &RecordBatch, rows: &[u32]) -> Vec<u64> {
    let fields = raw.schema_ref().fields().iter();
    let places = fields.take_while(|field| META_COLUMNS.contains(&field.name().as_str()));
    let columns = raw.columns()[places.count()..].iter();
    let columns: Vec<Values> = columns.map(Values::of).collect();
    let mut bytes = Vec::new();
    let hash = |row| {
        bytes.clear();
        push_row(&columns, row as usize, &mut bytes);
        xxh3_64(&bytes)
    };
    rows.iter().copied().map(hash).collect()
}

/// A column, of which it is known what it holds: to ask it for every value takes
/// as long as to hash it.
#[derive(Clone, Copy)]
enum Values<'a> {
    Texts(&'a StringArray),
    Integers(&'a Int64Array),
    Counts(&'a UInt64Array),
    Days(&'a Date32Array),
    Floats(&'a Float64Array),
    Booleans(&'a BooleanArray),
    /// No column has another type: see `ColumnKind::data_type`.
    Other,
}

impl<'a> Values<'a> {
    fn of(column: &'a ArrayRef) -> Self {
        match column.data_type() {
            DataType::Utf8 => Values::Texts(column.as_string()),
            DataType::Int64 => Values::Integers(column.as_primitive()),
            DataType::UInt64 => Values::Counts(column.as_primitive()),
            DataType::Date32 => Values::Days(column.as_primitive()),
            DataType::Float64 => Values::Floats(column.as_primitive()),
            DataType::Boolean => Values::Booleans(column.as_boolean()),
            _ => Values::Other,
        }
    }

    fn push(self, row: usize, out: &mut Vec<u8>) {
        match self {
            Values::Texts(texts) if texts.is_valid(row) => {
                out.extend_from_slice(texts.value(row).as_bytes());
                out.push(END);
            }
            Values::Integers(array) if array.is_valid(row) => {
                push_fixed(&array.value(row).to_le_bytes(), out);
            }
            Values::Counts(array) if array.is_valid(row) => {
                push_fixed(&array.value(row).to_le_bytes(), out);
            }
            Values::Days(array) if array.is_valid(row) => {
                push_fixed(&array.value(row).to_le_bytes(), out);
            }
            Values::Floats(array) if array.is_valid(row) => {
                push_fixed(&array.value(row).to_le_bytes(), out);
            }
            Values::Booleans(array) if array.is_valid(row) => {
                push_fixed(&[u8::from(array.value(row))], out);
            }
            _ => out.push(NULL),
        }
    }
}

fn push_row(columns: &[Values], row: usize, out: &mut Vec<u8>) {
    for column in columns {
        column.push(row, out);
    }
}

fn push_fixed(bytes: &[u8], out: &mut Vec<u8>) {
    // Not the mark of a null.
    out.push(0);
    out.extend_from_slice(bytes);
}
