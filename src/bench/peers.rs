//! `tocsin bench --peers`: loads the files that `benches/peers` compares engines
//! on and plays their change log, one epoch a batch or, with `--in-flight`, as
//! those who do not wait for each answer would, without a client in between.
//!
//! Contract: the state stays in `state` of the folder, so that what was published
//! can be compared with the oracle; `told.json` says which epoch each batch was
//! and what it took.

use super::{cpu_seconds, in_flight, memory};
use crate::cli::Bench;
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
pub fn play(folder: &Path, args: &Bench, runtime: &tokio::runtime::Runtime) -> Result<()> {
    let started = Instant::now();
    let settings = Settings::read(&folder.join("tocsin.toml"))
        .map_err(|faults| anyhow::anyhow!("{faults:?}"))?;
    let options = Options {
        data: folder.join("state"),
        workers: usize::from(args.workers),
        fsync: !args.no_fsync,
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
    while pipeline.tidy()? {}
    let batches = batches_of(&folder.join("pushes"), &pipeline)?;
    let batches = match args.in_flight {
        Some(in_flight) => in_flight::play(&mut pipeline, batches, usize::from(in_flight))?,
        None => one_by_one(&mut pipeline, batches)?,
    };
    let told: Value = json!({
        "load": load,
        "loaded": last,
        "batches": batches,
        "peak": memory("VmHWM"),
        "cpu": cpu_seconds(),
    });
    pipeline.close()?;
    fs::write(folder.join("told.json"), told.to_string())?;
    Ok(())
}

/// Pushes a batch when the one before is answered, and tidies up in between.
fn one_by_one(pipeline: &mut Pipeline, batches: Vec<Vec<Push>>) -> Result<Vec<Value>> {
    let mut told = Vec::new();
    for pushes in batches {
        let begun = Instant::now();
        pipeline.push(pushes)?;
        let took = begun.elapsed();
        let idle = Instant::now();
        while pipeline.tidy()? {}
        told.push(json!({
            "epoch": pipeline.view().status().epoch,
            "ms": took.as_secs_f64() * 1e3,
            "idle_ms": idle.elapsed().as_secs_f64() * 1e3,
        }));
    }
    Ok(told)
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
