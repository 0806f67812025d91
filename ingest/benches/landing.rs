//! What the landing costs: `cargo bench -p tocsin-ingest --bench landing`.
//!
//! Prints writing (files and indexes), lookup of one key with its row, the
//! bulk lookup, merging, and reading everything, over generated rows of 8 text
//! columns. `LANDING_SEGMENTS` sets how many segments of a million rows. Costs
//! per row are CPU time of the thread (Linux), so that neighbours do not count;
//! latencies are wall time.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow_array::{ArrayRef, RecordBatch, StringArray, UInt64Array};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use tocsin_ingest::landing::{Landing, LandingError, LandingOptions, SegmentInfo, SegmentRows};
use xxhash_rust::xxh3::xxh3_64;

const SEGMENT_ROWS: u64 = 1_000_000;
const BATCH_ROWS: u64 = 8192;
const LOOKUPS: u64 = 20_000;
const SOURCE: &str = "generated";

fn main() -> Result<(), LandingError> {
    let segments: u32 = std::env::var("LANDING_SEGMENTS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(6);
    let folder = tempfile::tempdir().map_err(|error| panic_free("create", error))?;
    let landing = Landing::open(folder.path(), LandingOptions::default(), &[])?;
    let committed = write(&landing, segments)?;
    sizes(folder.path(), u64::from(segments) * SEGMENT_ROWS);
    lookups(&landing, segments)?;
    merges(&landing)?;
    lookups(&landing, segments)?;
    bulk(&landing, segments)?;
    reading(&landing, segments)?;
    let start = Instant::now();
    drop(landing);
    let landing = Landing::open(folder.path(), LandingOptions::default(), &committed)?;
    println!(
        "reopen: {:?}, {} segments",
        start.elapsed(),
        landing.segments().len()
    );
    Ok(())
}

fn panic_free(what: &str, error: std::io::Error) -> LandingError {
    LandingError::Arrow(arrow_schema::ArrowError::IoError(what.to_owned(), error))
}

fn write(landing: &Landing, segments: u32) -> Result<Vec<SegmentInfo>, LandingError> {
    let (mut pushing, mut finishing) = (Duration::ZERO, Duration::ZERO);
    let wall = Instant::now();
    let mut committed = Vec::new();
    for id in 0..segments {
        let mut writer = landing.writer(id, SOURCE)?;
        let first = u64::from(id) * SEGMENT_ROWS;
        for start in (first..first + SEGMENT_ROWS).step_by(BATCH_ROWS as usize) {
            let rows = rows(start, BATCH_ROWS.min(first + SEGMENT_ROWS - start))?;
            let clock = cpu_time();
            writer.push_rows(&rows)?;
            pushing += cpu_time() - clock;
        }
        let clock = cpu_time();
        committed.push(writer.finish()?);
        landing.publish(id)?;
        finishing += cpu_time() - clock;
    }
    let count = u64::from(segments) * SEGMENT_ROWS;
    println!("write: {} µs/row blocks", per_row(pushing, count));
    println!(
        "finish: {} µs/row footer, indexes, fsync",
        per_row(finishing, count)
    );
    println!(
        "generating and writing, wall: {} µs/row",
        per_row(wall.elapsed(), count)
    );
    Ok(committed)
}

fn lookups(landing: &Landing, segments: u32) -> Result<(), LandingError> {
    let total = u64::from(segments) * SEGMENT_ROWS;
    let (mut finds, mut reads) = (Vec::new(), Vec::new());
    let start = cpu_time();
    for lookup in 0..LOOKUPS {
        let number = xxh3_64(&lookup.to_le_bytes()) % total;
        let clock = Instant::now();
        let found = landing.find_key(SOURCE, key(number))?;
        finds.push(clock.elapsed());
        let clock = Instant::now();
        let row = landing.row(found[0])?;
        reads.push(clock.elapsed());
        assert_eq!(row.batch.num_rows(), 1);
    }
    println!("find_key: {}", percentiles(finds));
    println!("row: {}", percentiles(reads));
    println!(
        "both: {} µs of CPU on average",
        per_row(cpu_time() - start, LOOKUPS)
    );
    Ok(())
}

fn merges(landing: &Landing) -> Result<(), LandingError> {
    let clock = cpu_time();
    while landing.merge_step(1 << 20)? {}
    println!("merging the indexes: {:?}", cpu_time() - clock);
    Ok(())
}

fn bulk(landing: &Landing, segments: u32) -> Result<(), LandingError> {
    let total = u64::from(segments) * SEGMENT_ROWS;
    let mut keys: Vec<u64> = (0..total).step_by(6).map(key).collect();
    keys.sort_unstable();
    let clock = cpu_time();
    let found = landing.find_keys_bulk(SOURCE, &keys)?;
    let time = cpu_time() - clock;
    assert_eq!(found.len(), keys.len());
    println!(
        "find_keys_bulk: {} µs/key for {} keys",
        per_row(time, keys.len() as u64),
        keys.len()
    );
    Ok(())
}

fn reading(landing: &Landing, segments: u32) -> Result<(), LandingError> {
    let clock = cpu_time();
    let mut count = 0;
    for id in 0..segments {
        for batch in landing.read(id)? {
            count += batch?.num_rows() as u64;
        }
    }
    println!(
        "read all: {} µs/row of {count}",
        per_row(cpu_time() - clock, count)
    );
    Ok(())
}

fn sizes(folder: &Path, rows: u64) {
    for part in ["segments", "keys", "subjects"] {
        println!(
            "{part}: {:.1} bytes/row",
            bytes_in(&folder.join(part)) as f64 / rows as f64
        );
    }
}

fn bytes_in(path: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(path) else {
        return fs::metadata(path).map_or(0, |file| file.len());
    };
    entries.flatten().map(|entry| bytes_in(&entry.path())).sum()
}

/// CPU time of this thread so far.
fn cpu_time() -> Duration {
    let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = text.split(' ').next().and_then(|first| first.parse().ok());
    Duration::from_nanos(nanos.unwrap_or_default())
}

fn per_row(time: Duration, rows: u64) -> String {
    format!("{:.3}", time.as_secs_f64() * 1e6 / rows as f64)
}

fn percentiles(mut times: Vec<Duration>) -> String {
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    format!(
        "p50 {:?}, p99 {:?}, p99.9 {:?}",
        at(0.5),
        at(0.99),
        at(0.999)
    )
}

fn key(number: u64) -> u64 {
    xxh3_64(format!("P{number:09}").as_bytes())
}

fn rows(start: u64, count: u64) -> Result<SegmentRows, LandingError> {
    let numbers = start..start + count;
    let text = |cell: fn(u64) -> String| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(numbers.clone().map(cell)))
    };
    let position = |scale: u64| -> ArrayRef {
        Arc::new(UInt64Array::from_iter_values(
            numbers.clone().map(|number| number * scale),
        ))
    };
    let columns = vec![
        text(|_| "penalties-2025-01.csv".to_owned()),
        position(1),
        position(1),
        position(117),
        text(|number| format!("P{number:09}")),
        text(|number| {
            format!(
                "91{:016}",
                xxh3_64(&(number / 3).to_le_bytes()) % 10_000_000_000_000_000
            )
        }),
        text(|number| format!("第{}号商贸有限公司", number / 3)),
        text(|number| format!("{}.{:02}", number * 7919 % 1_000_003, number % 100)),
        text(|number| format!("2025-{:02}-{:02}", number % 12 + 1, number % 28 + 1)),
        text(|number| ["罚款", "警告", "没收", "吊销"][(number % 4) as usize].to_owned()),
        text(|number| format!("1{:010}", xxh3_64(&number.to_be_bytes()) % 10_000_000_000)),
        text(|number| format!("备注{:x}", number * 31 % 65_537)),
    ];
    Ok(SegmentRows {
        source: SOURCE.to_owned(),
        batch: RecordBatch::try_new(schema(), columns)?,
        keys: numbers.clone().map(key).collect(),
        subjects: numbers
            .zip(0..)
            .map(|(number, row)| (xxh3_64(&(number / 3).to_le_bytes()), row))
            .collect(),
    })
}

fn schema() -> SchemaRef {
    let text = |name: &str| Field::new(name, DataType::Utf8, true);
    let position = |name: &str| Field::new(name, DataType::UInt64, false);
    let mut fields = vec![
        text("_file"),
        position("_record"),
        position("_line"),
        position("_byte"),
    ];
    fields.extend(
        [
            "编号",
            "统一社会信用代码",
            "名称",
            "金额",
            "日期",
            "种类",
            "电话",
            "备注",
        ]
        .map(text),
    );
    Arc::new(Schema::new(fields))
}
