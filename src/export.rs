//! `--export FILE`: every registered enterprise with its score, as CSV or
//! Parquet by the file's ending.

use crate::history;
use crate::view::View;
use anyhow::{Context, Result, bail};
use arrow_array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use parquet::arrow::ArrowWriter;
use std::collections::HashMap;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use tocsin_alerts::store::HistoryRow;
use tocsin_ingest::fact::SubjectKey;
use tocsin_ingest::values::Uscc;

/// One enterprise's line.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// Credit code or opaque identifier.
    pub id: String,
    /// 0 to 100.
    pub index: f64,
    /// Calibrated probability.
    pub probability: f64,
    /// Micro-log-odds.
    pub log_odds: i64,
    /// The level that index and gates give by themselves.
    pub level: &'static str,
}

/// Every registered enterprise as it was last published, highest score first.
///
/// # Errors
/// When the history or the landing cannot be read, or there is no model.
pub fn lines(view: &View, runtime: &tokio::runtime::Handle) -> Result<Vec<Line>> {
    let model = view
        .model()
        .context("there is no model yet: nothing is scored")?;
    let mut scored = history::latest(view, runtime)?;
    scored.retain(|_, row| row.index > 0);
    let scored = scored.into_iter();
    let scored: Vec<(SubjectKey, HistoryRow)> = scored
        .map(|(key, row)| (SubjectKey(u128::from_be_bytes(key)), row))
        .collect();
    let coded = |(key, _): &(SubjectKey, HistoryRow)| Uscc::from_key(*key).is_some();
    let ids = match scored.iter().all(coded) {
        true => HashMap::new(),
        false => view.records().opaque_ids()?,
    };
    let mut lines = Vec::with_capacity(scored.len());
    for (enterprise, row) in scored {
        let code = Uscc::from_key(enterprise).map(|code| code.as_str().to_owned());
        lines.push(Line {
            id: code
                .or_else(|| ids.get(&enterprise).cloned())
                .unwrap_or_else(|| format!("{enterprise:032x}")),
            index: f64::from(row.index) / 100.0,
            probability: model.probability(row.log_odds, row.index),
            log_odds: row.log_odds,
            level: row.level.name(),
        });
    }
    lines.sort_by(|a, b| b.log_odds.cmp(&a.log_odds).then_with(|| a.id.cmp(&b.id)));
    Ok(lines)
}

/// Writes the lines to `path`.
///
/// # Errors
/// When the ending is neither `csv` nor `parquet`, or the disk refuses.
pub fn write(path: &Path, lines: &[Line]) -> Result<()> {
    match path.extension().and_then(|ending| ending.to_str()) {
        Some("csv") => write_csv(path, lines),
        Some("parquet") => write_parquet(path, lines),
        _ => bail!("`{}`: the ending must be .csv or .parquet", path.display()),
    }
}

fn write_csv(path: &Path, lines: &[Line]) -> Result<()> {
    let mut writer = csv::Writer::from_path(path)?;
    writer.write_record(["id", "index", "probability", "log_odds", "level"])?;
    for line in lines {
        let (index, probability) = (format!("{:.2}", line.index), line.probability.to_string());
        writer.write_record([
            &line.id,
            &index,
            &probability,
            &line.log_odds.to_string(),
            line.level,
        ])?;
    }
    writer.flush()?;
    Ok(())
}

fn write_parquet(path: &Path, lines: &[Line]) -> Result<()> {
    let columns: [(&str, ArrayRef); 5] = [
        (
            "id",
            Arc::new(StringArray::from_iter_values(
                lines.iter().map(|line| &line.id),
            )),
        ),
        (
            "index",
            Arc::new(Float64Array::from_iter_values(
                lines.iter().map(|line| line.index),
            )),
        ),
        (
            "probability",
            Arc::new(Float64Array::from_iter_values(
                lines.iter().map(|line| line.probability),
            )),
        ),
        (
            "log_odds",
            Arc::new(Int64Array::from_iter_values(
                lines.iter().map(|line| line.log_odds),
            )),
        ),
        (
            "level",
            Arc::new(StringArray::from_iter_values(
                lines.iter().map(|line| line.level),
            )),
        ),
    ];
    let batch = RecordBatch::try_from_iter(columns)?;
    let mut writer = ArrowWriter::try_new(File::create(path)?, batch.schema(), None)?;
    writer.write(&batch)?;
    writer.close()?;
    Ok(())
}
