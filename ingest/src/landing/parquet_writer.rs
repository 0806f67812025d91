//! How rows become Parquet: settings chosen by measurement (`cargo bench
//! --bench landing`) for CPU per row first, a fast read of one single row
//! second, size third.
//!
//! Over 8 text columns, by page of 1024, 2048, 4096 rows, one row takes 90, 140,
//! 220 µs to read and all pages cost the same to write; LZ4 divides the size by
//! 2.6 for 0.1 µs a row. Dictionaries save neither time nor space: LZ4 finds the
//! repetitions within a page. Statistics and bloom filters are off: nobody
//! filters raw text by range, and keys and subjects have indexes of their own.

use std::io::Write;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{DataType, Schema, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, Encoding};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;

use super::rows::{KEY_COLUMN, schema_with_keys};

/// Rows of a page: one row costs the decoding of one page of each column, and
/// each page costs 24 bytes in the footer.
const PAGE_ROWS: usize = 1024;
/// Rows of a row group: what the writer holds in memory, compressed.
const GROUP_ROWS: usize = 128 * 1024;

/// The writer for a segment whose rows look like `first`.
pub(crate) fn parquet_writer<W: Write + Send>(
    out: W,
    first: &RecordBatch,
) -> Result<ArrowWriter<W>, ParquetError> {
    let schema: SchemaRef = Arc::new(schema_with_keys(first.schema_ref()));
    let properties = properties(&schema);
    ArrowWriter::try_new(out, schema, Some(properties))
}

fn properties(schema: &Schema) -> WriterProperties {
    let mut builder = WriterProperties::builder()
        .set_compression(Compression::LZ4_RAW)
        .set_statistics_enabled(EnabledStatistics::None)
        .set_dictionary_enabled(false)
        .set_data_page_row_count_limit(PAGE_ROWS)
        .set_write_batch_size(PAGE_ROWS)
        .set_max_row_group_row_count(Some(GROUP_ROWS));
    for field in schema.fields() {
        let path = ColumnPath::from(field.name().as_str());
        let (encoding, compression) = match field.data_type() {
            // Hashes have no pattern.
            _ if field.name() == KEY_COLUMN => (Encoding::PLAIN, Compression::UNCOMPRESSED),
            // Positions in a file grow by small steps.
            DataType::UInt64 => (Encoding::DELTA_BINARY_PACKED, Compression::UNCOMPRESSED),
            DataType::Utf8 => (Encoding::DELTA_LENGTH_BYTE_ARRAY, Compression::LZ4_RAW),
            _ => continue,
        };
        builder = builder
            .set_column_encoding(path.clone(), encoding)
            .set_column_compression(path, compression);
    }
    builder.build()
}
