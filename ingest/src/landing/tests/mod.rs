mod concurrent;
mod files;
mod oracle;
mod recovery;
mod round_trip;

use std::path::Path;
use std::sync::Arc;

use arrow_array::{Array, ArrayRef, RecordBatch, StringArray, UInt64Array};
use arrow_schema::{DataType, Field, Schema};
use arrow_select::concat::concat_batches;
use xxhash_rust::xxh3::xxh3_64;

use super::{Durability, Landing, LandingError, LandingOptions, RowRef, SegmentInfo, SegmentRows};

const SOURCE: &str = "市场监管/行政处罚";

fn options() -> LandingOptions {
    LandingOptions {
        durability: Durability::Process,
        open_index_files: 3,
        footer_bytes: 50_000,
    }
}

fn open(folder: &Path, committed: &[SegmentInfo]) -> Landing {
    Landing::open(folder, options(), committed).unwrap()
}

fn hash(text: &str) -> u64 {
    xxh3_64(text.as_bytes())
}

fn at(segment: u32, row: u32) -> RowRef {
    RowRef { segment, row }
}

/// Rows with a key and a name each; the name, if any, is a subject.
fn rows(source: &str, cells: &[(&str, Option<&str>)]) -> SegmentRows {
    let position: ArrayRef = Arc::new(UInt64Array::from_iter_values(0..cells.len() as u64));
    let text = |cells: Vec<Option<&str>>| -> ArrayRef { Arc::new(StringArray::from(cells)) };
    let columns = vec![
        text(vec![Some("a.csv"); cells.len()]),
        Arc::clone(&position),
        Arc::clone(&position),
        position,
        text(cells.iter().map(|(key, _)| Some(*key)).collect()),
        text(cells.iter().map(|(_, name)| *name).collect()),
    ];
    let subjects = cells
        .iter()
        .zip(0..)
        .filter_map(|((_, name), row)| Some((hash((*name)?), row)));
    SegmentRows {
        source: source.to_owned(),
        batch: RecordBatch::try_new(Arc::new(schema()), columns).unwrap(),
        keys: cells.iter().map(|(key, _)| hash(key)).collect(),
        subjects: subjects.collect(),
    }
}

fn schema() -> Schema {
    let text = |name: &str| Field::new(name, DataType::Utf8, true);
    let position = |name: &str| Field::new(name, DataType::UInt64, false);
    Schema::new(vec![
        text("_file"),
        position("_record"),
        position("_line"),
        position("_byte"),
        text("编号"),
        text("名称"),
    ])
}

fn write(landing: &Landing, id: u32, rows: SegmentRows) -> SegmentInfo {
    let source = rows.source.clone();
    landing
        .write_segment(id, &source, [Ok::<_, LandingError>(rows)].into_iter())
        .unwrap()
}

fn write_published(landing: &Landing, id: u32, rows: SegmentRows) -> SegmentInfo {
    let info = write(landing, id, rows);
    landing.publish(id).unwrap();
    info
}

fn inline_info(id: u32, rows: &SegmentRows) -> SegmentInfo {
    SegmentInfo {
        id,
        source: rows.source.clone(),
        rows: rows.batch.num_rows() as u32,
        order: id,
        inline: Some(super::encode_inline(rows).unwrap()),
    }
}

fn read(landing: &Landing, id: u32) -> RecordBatch {
    let batches: Vec<_> = landing
        .read(id)
        .unwrap()
        .map(|batch| batch.unwrap())
        .collect();
    concat_batches(batches[0].schema_ref(), &batches).unwrap()
}

/// The last column of one row.
fn name(landing: &Landing, at: RowRef) -> Option<String> {
    let landed = landing.row(at).unwrap();
    let names = landed
        .batch
        .column(5)
        .as_any()
        .downcast_ref::<StringArray>()
        .unwrap()
        .clone();
    assert_eq!(names.len(), 1);
    names.iter().next().unwrap().map(str::to_owned)
}
