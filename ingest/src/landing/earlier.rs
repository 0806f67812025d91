//! Segments that an earlier version wrote: Parquet, a column a column, the hash
//! of each row's key last. They are written anew, once, when a landing opens: a
//! kill in between leaves the old file, which the next opening takes.

use std::fs::File;
use std::path::Path;

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::UInt64Type;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::errors::ParquetError;

use super::open::SEGMENTS;
use super::rows::{KEY_COLUMN, SegmentInfo};
use super::segment_file::SegmentFileWriter;
use super::{Landing, LandingError};
use crate::index::durable::{NewFile, remove};
use crate::index::{Entry, IndexError};

/// File name of a segment of an earlier version.
pub(super) fn earlier_file(id: u32) -> String {
    format!("{id:010}.parquet")
}

impl Landing {
    /// Makes the file of a segment from that of an earlier version; false where
    /// there is none.
    pub(super) fn take_earlier(
        &self,
        info: &SegmentInfo,
        path: &Path,
    ) -> Result<bool, LandingError> {
        let earlier = self.folder.join(SEGMENTS).join(earlier_file(info.id));
        if !earlier.is_file() {
            return Ok(false);
        }
        let refused = |source: ParquetError| LandingError::Earlier {
            segment: info.id,
            path: earlier.clone(),
            source,
        };
        let file = File::open(&earlier).map_err(IndexError::io("open", &earlier))?;
        let reader = ParquetRecordBatchReaderBuilder::try_new(file).map_err(refused)?;
        let columns = reader.schema().fields().len().saturating_sub(1);
        let kept: Vec<usize> = (0..columns).collect();
        let schema = reader.schema().project(&kept)?;
        let out = NewFile::create(path.to_path_buf(), self.durability)?;
        let mut writer = SegmentFileWriter::new(info.id, out, schema.into())?;
        let mut keys = Vec::with_capacity(info.rows as usize);
        for batch in reader.build().map_err(refused)? {
            let batch = batch?;
            writer.push(&batch.project(&kept)?)?;
            keys_of(&batch, info.id, &mut keys)?;
        }
        writer.finish(&keys)?;
        remove(&earlier)?;
        Ok(true)
    }
}

fn keys_of(batch: &RecordBatch, segment: u32, keys: &mut Vec<Entry>) -> Result<(), LandingError> {
    let column = batch.column_by_name(KEY_COLUMN);
    let column = column.and_then(|column| column.as_primitive_opt::<UInt64Type>());
    let column = column.ok_or(LandingError::Inline(KEY_COLUMN))?;
    let first = keys.len() as u32;
    let rows = column.values().iter().zip(first..);
    keys.extend(rows.map(|(key, row)| Entry::new(*key, segment, row)));
    Ok(())
}
