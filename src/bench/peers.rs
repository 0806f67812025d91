//! `tocsin bench --peers`: loads the files that `benches/peers` compares engines
//! on and plays their change log, one epoch a batch, without a client in between.
//!
//! Contract: the state stays in `state` of the folder, so that what was published
//! can be compared with the oracle; `told.json` says which epoch each batch was
//! and what it took.

use super::{cpu_seconds, memory};
use crate::config::Settings;
use crate::pipeline::inputs::Push;
use crate::pipeline::{Options, Pipeline};
use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

/// Runs the load and the change log of a prepared folder.
///
/// # Errors
/// When the folder is not one, the disk refuses or an epoch fails.
pub fn play(
    folder: &Path,
    workers: usize,
    fsync: bool,
    runtime: &tokio::runtime::Runtime,
) -> Result<()> {
    let started = Instant::now();
    let settings = Settings::read(&folder.join("tocsin.toml"))
        .map_err(|faults| anyhow::anyhow!("{faults:?}"))?;
    let options = Options {
        data: folder.join("state"),
        workers,
        fsync,
    };
    let mut pipeline = Pipeline::open(Arc::new(settings), options, runtime.handle().clone())?;
    let mut last = 0;
    while let Some(summary) = pipeline.poll(true)? {
        last = summary.id;
    }
    let load = json!({
        "wall": started.elapsed().as_secs_f64(),
        "cpu": cpu_seconds(),
        "peak": memory("VmHWM"),
    });
    let loaded = last;
    while pipeline.tidy()? {}
    let mut batches = Vec::new();
    for pushes in batches_of(&folder.join("pushes"), &pipeline)? {
        let begun = Instant::now();
        let (summary, _) = pipeline.push(pushes)?;
        let took = begun.elapsed();
        let idle = Instant::now();
        while pipeline.tidy()? {}
        last = summary.map_or(last, |summary| summary.id);
        batches.push(json!({
            "epoch": last,
            "ms": took.as_secs_f64() * 1e3,
            "idle_ms": idle.elapsed().as_secs_f64() * 1e3,
        }));
    }
    let told: Value = json!({
        "load": load,
        "loaded": loaded,
        "batches": batches,
        "peak": memory("VmHWM"),
        "cpu": cpu_seconds(),
    });
    pipeline.close()?;
    fs::write(folder.join("told.json"), told.to_string())?;
    Ok(())
}

/// The pushes of each batch, in order: `<batch>-<resource>.csv` is one.
fn batches_of(folder: &Path, pipeline: &Pipeline) -> Result<Vec<Vec<Push>>> {
    let catalogue = &pipeline.view().records().settings.catalogue;
    let mut batches: BTreeMap<String, Vec<Push>> = BTreeMap::new();
    for entry in fs::read_dir(folder).with_context(|| format!("`{}`", folder.display()))? {
        let path = entry?.path();
        let name = path.file_stem().and_then(|stem| stem.to_str());
        let (batch, resource) = name
            .and_then(|name| name.split_once('-'))
            .with_context(|| format!("`{}` is no <batch>-<resource>.csv", path.display()))?;
        let source = catalogue
            .source(&format!("peers/{resource}"))
            .with_context(|| format!("`{}`: no source peers/{resource}", path.display()))?;
        let push = Push {
            source: source.index,
            name: batch.to_owned(),
            bytes: fs::read(&path)?,
        };
        batches.entry(batch.to_owned()).or_default().push(push);
    }
    Ok(batches.into_values().collect())
}
