//! Score history: small epochs keep theirs in the store, large ones in one
//! Parquet file each, sorted by enterprise, so that analysts can read it as it
//! lies there and one enterprise's line is found without reading all of it.

use crate::view::View;
use anyhow::{Context, Result};
use arrow_array::types::{Int64Type, UInt16Type, UInt64Type};
use arrow_array::{
    FixedSizeBinaryArray, Int64Array, RecordBatch, StringArray, UInt16Array, UInt64Array,
    cast::AsArray,
};
use arrow_schema::{DataType, Field, Schema};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use tocsin_alerts::Level;
use tocsin_alerts::store::{HistoryRow, ScoreRow};

const FOLDER: &str = "history";
const KEY_BYTES: i32 = 16;
/// Rows of a group: what has to be read to find one enterprise.
const GROUP_ROWS: usize = 16_384;

fn schema() -> Arc<Schema> {
    Arc::new(Schema::new(vec![
        Field::new("enterprise", DataType::FixedSizeBinary(KEY_BYTES), false),
        Field::new("epoch", DataType::UInt64, false),
        Field::new("time_ms", DataType::Int64, false),
        Field::new("log_odds", DataType::Int64, false),
        Field::new("index_centi", DataType::UInt16, false),
        Field::new("level", DataType::Utf8, false),
    ]))
}

fn file(data: &Path, epoch: u64) -> PathBuf {
    data.join(FOLDER).join(format!("{epoch:012}.parquet"))
}

/// A file of scores that is written on a thread of its own, and has no name yet.
#[derive(Debug)]
pub struct Draft {
    path: PathBuf,
    fsync: bool,
    written: JoinHandle<Result<()>>,
}

/// Begins to write the scores that an epoch changed, the last of each
/// enterprise; written again after a kill, the file is the same.
pub fn begin(
    data: &Path,
    (epoch, time_ms): (u64, i64),
    mut scores: Vec<ScoreRow>,
    fsync: bool,
) -> Draft {
    let path = file(data, epoch);
    let temporary = temporary(&path);
    let written = std::thread::spawn(move || {
        keep_last(&mut scores);
        write(&temporary, (epoch, time_ms), &scores, fsync)
    });
    Draft {
        path,
        fsync,
        written,
    }
}

impl Draft {
    /// Waits until it is written, and gives it its name.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn publish(self) -> Result<()> {
        let written = self.written.join();
        written.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        std::fs::rename(temporary(&self.path), &self.path)?;
        if let Some(folder) = self.path.parent().filter(|_| self.fsync) {
            File::open(folder)?.sync_all()?;
        }
        Ok(())
    }
}

/// Scores sorted by enterprise, of each the last.
pub fn keep_last(scores: &mut Vec<ScoreRow>) {
    let later = |pair: &[ScoreRow]| pair[0].enterprise < pair[1].enterprise;
    if !scores.windows(2).all(later) {
        scores.reverse();
        scores.sort_by_key(|score| score.enterprise);
        scores.dedup_by_key(|score| score.enterprise);
    }
}

fn temporary(path: &Path) -> PathBuf {
    path.with_extension("tmp")
}

/// Writes sorted scores.
fn write(
    path: &Path,
    (epoch, time_ms): (u64, i64),
    scores: &[ScoreRow],
    fsync: bool,
) -> Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let properties = WriterProperties::builder()
        .set_compression(Compression::LZ4_RAW)
        .set_max_row_group_row_count(Some(GROUP_ROWS))
        // Nearly every value of these is another.
        .set_column_dictionary_enabled("enterprise".into(), false)
        .set_column_dictionary_enabled("log_odds".into(), false)
        .build();
    let handle = File::create(path).with_context(|| format!("history `{}`", path.display()))?;
    let mut writer = ArrowWriter::try_new(handle, schema(), Some(properties))?;
    for part in scores.chunks(GROUP_ROWS) {
        writer.write(&batch(epoch, time_ms, part)?)?;
    }
    let handle = writer.into_inner()?;
    if fsync {
        handle.sync_all()?;
    }
    Ok(())
}

fn batch(epoch: u64, time_ms: i64, scores: &[ScoreRow]) -> Result<RecordBatch> {
    let keys = FixedSizeBinaryArray::try_from_iter(scores.iter().map(|score| score.enterprise))?;
    let levels = StringArray::from_iter_values(scores.iter().map(|score| score.level.name()));
    Ok(RecordBatch::try_new(
        schema(),
        vec![
            Arc::new(keys),
            Arc::new(UInt64Array::from(vec![epoch; scores.len()])),
            Arc::new(Int64Array::from(vec![time_ms; scores.len()])),
            Arc::new(Int64Array::from_iter_values(
                scores.iter().map(|score| score.log_odds),
            )),
            Arc::new(UInt16Array::from_iter_values(
                scores.iter().map(|score| score.index),
            )),
            Arc::new(levels),
        ],
    )?)
}

/// The history files, oldest first.
///
/// # Errors
/// When the folder cannot be listed.
pub fn files(data: &Path) -> Result<Vec<PathBuf>> {
    crate::folder::files(&data.join(FOLDER), "parquet")
}

/// Hands every row of a history file to `take`: enterprise and score. With
/// `only`, row groups that cannot hold the enterprise are not read.
///
/// # Errors
/// When the file cannot be read.
pub fn read(
    path: &Path,
    only: Option<[u8; 16]>,
    mut take: impl FnMut([u8; 16], HistoryRow),
) -> Result<()> {
    let handle = File::open(path).with_context(|| format!("history `{}`", path.display()))?;
    let mut builder =
        ParquetRecordBatchReaderBuilder::try_new_with_options(handle, ArrowReaderOptions::new())?;
    if let Some(key) = only {
        let metadata = Arc::clone(builder.metadata());
        let holds = |group: &usize| {
            let statistics = metadata.row_group(*group).column(0).statistics();
            let bounds = statistics.and_then(|s| Some((s.min_bytes_opt()?, s.max_bytes_opt()?)));
            bounds.is_none_or(|(min, max)| min <= &key[..] && &key[..] <= max)
        };
        let groups = (0..metadata.num_row_groups()).filter(holds).collect();
        builder = builder.with_row_groups(groups);
    }
    for batch in builder.build()? {
        let batch = batch?;
        for row in 0..batch.num_rows() {
            let (key, line) = line(&batch, row);
            if only.is_none_or(|only| only == key) {
                take(key, line);
            }
        }
    }
    Ok(())
}

fn line(batch: &RecordBatch, row: usize) -> ([u8; 16], HistoryRow) {
    let key = batch.column(0).as_fixed_size_binary().value(row);
    let level = batch.column(5).as_string::<i32>().value(row);
    let line = HistoryRow {
        epoch: batch.column(1).as_primitive::<UInt64Type>().value(row),
        time_ms: batch.column(2).as_primitive::<Int64Type>().value(row),
        log_odds: batch.column(3).as_primitive::<Int64Type>().value(row),
        index: batch.column(4).as_primitive::<UInt16Type>().value(row),
        level: Level::from_name(level).unwrap_or(Level::None),
    };
    (<[u8; 16]>::try_from(key).unwrap_or_default(), line)
}

/// The whole history of one enterprise, oldest first: files and store together.
///
/// # Errors
/// When a file or the store cannot be read.
pub async fn of_enterprise(
    data: &Path,
    store: &tocsin_alerts::Store,
    enterprise: [u8; 16],
) -> Result<Vec<HistoryRow>> {
    let mut lines = store.history(&enterprise).await?;
    for path in files(data)? {
        read(&path, Some(enterprise), |_, line| lines.push(line))?;
    }
    lines.sort_by_key(|line| line.epoch);
    Ok(lines)
}

/// What was published of some enterprises from an epoch on, the oldest first.
///
/// # Errors
/// When a file or the store cannot be read.
pub async fn since(
    data: &Path,
    store: &tocsin_alerts::Store,
    epoch: u64,
    wanted: &[[u8; 16]],
) -> Result<HashMap<[u8; 16], Vec<HistoryRow>>> {
    let mut found: HashMap<[u8; 16], Vec<HistoryRow>> = HashMap::new();
    for enterprise in wanted {
        let mut lines = store.history(enterprise).await?;
        lines.retain(|line| line.epoch >= epoch);
        found.insert(*enterprise, lines);
    }
    let first = file(data, epoch);
    for path in files(data)?.into_iter().filter(|path| *path >= first) {
        read(&path, None, |enterprise, line| {
            if let Some(lines) = found.get_mut(&enterprise) {
                lines.push(line);
            }
        })?;
    }
    for lines in found.values_mut() {
        lines.sort_by_key(|line| line.epoch);
    }
    Ok(found)
}

/// The last score of each enterprise that ever had one, by the bytes of its key;
/// index 0: it has none any more.
///
/// # Errors
/// When a file or the store cannot be read.
pub fn latest(
    view: &View,
    runtime: &tokio::runtime::Handle,
) -> Result<HashMap<[u8; 16], HistoryRow>> {
    let mut last: HashMap<[u8; 16], HistoryRow> = HashMap::new();
    let mut take = |enterprise: [u8; 16], line: HistoryRow| {
        let held = last.entry(enterprise).or_insert(line);
        if line.epoch > held.epoch {
            *held = line;
        }
    };
    for path in files(&view.data)? {
        read(&path, None, &mut take)?;
    }
    for (enterprise, line) in runtime.block_on(view.store.latest_scores())? {
        take(enterprise, line);
    }
    Ok(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_enterprise_is_found_among_many() {
        let folder = tempfile::tempdir().unwrap();
        let key = |n: u32| (u128::from(n) * 7_919).to_be_bytes();
        let score = |n: u32| ScoreRow {
            enterprise: key(n),
            log_odds: i64::from(n),
            index: 41,
            level: Level::Blue,
        };
        let scores: Vec<ScoreRow> = (0..40_000).rev().map(score).collect();
        let draft = begin(folder.path(), (3, 99), scores, false);
        draft.publish().unwrap();
        let path = files(folder.path()).unwrap().remove(0);
        let mut found = Vec::new();
        read(&path, Some(key(31_234)), |_, line| found.push(line)).unwrap();
        let expected = HistoryRow {
            epoch: 3,
            time_ms: 99,
            log_odds: 31_234,
            index: 41,
            level: Level::Blue,
        };
        assert_eq!(found, [expected]);
        let mut all = 0;
        read(&path, None, |_, _| all += 1).unwrap();
        assert_eq!(all, 40_000);
    }
}
