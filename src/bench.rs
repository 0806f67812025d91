//! `tocsin bench`: how fast records load and corrections show, and what that
//! costs, on generated records; from CSV bytes on disk to scores.

mod casework;
mod client;
mod in_flight;
mod peers;
mod streams;

use crate::cli::Bench;
use crate::config::Settings;
use crate::demo::write_config;
use crate::pipeline::inputs::Push;
use crate::pipeline::rules::InForce;
use crate::pipeline::{Options, Pipeline};
use crate::whatif::Proposal;
use anyhow::{Context, Result};
use include_dir::{Dir, include_dir};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tocsin_dataflow::{Engine, EngineConfig};
use tocsin_ingest::fact::Facts;
use tocsin_ingest::format::{CsvDecoder, CsvOptions, RowBatch};
use tocsin_ingest::landing::{Landing, LandingOptions, SegmentRows};
use tocsin_ingest::transport::{self, Blocks};

pub(crate) static CONFIG: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/testdata/bench");
const SEED: u64 = 42;
/// Records that the stages are measured on, one after another on one thread.
const STAGE_RECORDS: u64 = 600_000;
/// How long the idle engine is watched.
const IDLE: Duration = Duration::from_secs(3);

/// Runs the benchmark and prints its figures.
///
/// # Errors
/// When the disk refuses or an epoch fails.
pub fn bench(args: &Bench, runtime: &tokio::runtime::Runtime) -> Result<()> {
    if let Some(folder) = &args.peers {
        return peers::play(folder, args, runtime);
    }
    let folder = args.folder.clone().unwrap_or_else(|| {
        std::env::temp_dir().join(format!("tocsin-bench-{}", std::process::id()))
    });
    fs::create_dir_all(&folder)?;
    let result = match args.casework {
        true => casework::measure(args, &folder, runtime),
        false => measure(args, &folder, runtime),
    };
    fs::remove_dir_all(&folder).with_context(|| format!("`{}`", folder.display()))?;
    result
}

fn measure(args: &Bench, folder: &Path, runtime: &tokio::runtime::Runtime) -> Result<()> {
    let config = write_config(&CONFIG, &folder.join("config"))?;
    let events = args
        .records
        .saturating_sub(u64::from(args.enterprises))
        .max(1);
    let load = tocsin_testdata::write_load(
        &folder.join("config/landing"),
        events,
        args.enterprises,
        SEED,
    )?;
    let records = load.records + load.enterprises;
    say!(
        "{records} records over {} enterprises, {} files, {} MB of CSV",
        load.enterprises,
        load.files,
        load.bytes >> 20
    );
    let settings = Settings::read(&config).map_err(|faults| anyhow::anyhow!("{faults:?}"))?;
    let settings = Arc::new(settings);
    for fsync in [true, false] {
        let data = folder.join(if fsync { "fsync" } else { "no-fsync" });
        let options = Options {
            data,
            workers: usize::from(args.workers),
            fsync,
        };
        let mut pipeline = load_all(
            &settings,
            options,
            records,
            load.enterprises,
            runtime,
            fsync,
        )?;
        corrections(&mut pipeline, args, fsync)?;
        if args.versions && !fsync {
            versions(&mut pipeline, load.enterprises)?;
        }
        if fsync {
            idle(&mut pipeline)?;
        }
        pipeline.close()?;
    }
    stages(&settings, &folder.join("stages"), usize::from(args.workers))
}

fn load_all(
    settings: &Arc<Settings>,
    options: Options,
    records: u64,
    enterprises: u64,
    runtime: &tokio::runtime::Runtime,
    report: bool,
) -> Result<Pipeline> {
    let mut pipeline = Pipeline::open(Arc::clone(settings), options, runtime.handle().clone())?;
    let rss = memory("VmRSS");
    let (wall, cpu) = (Instant::now(), cpu_seconds());
    let mut changes = 0;
    while let Some(summary) = pipeline.poll(true)? {
        changes += summary.changes;
    }
    let (wall, cpu) = (wall.elapsed().as_secs_f64(), cpu_seconds() - cpu);
    if report {
        say!(
            "load: {:.0} records/s, {wall:.2} s wall, {cpu:.2} s CPU, {:.2} µs of CPU a record, {changes} scores",
            records as f64 / wall,
            cpu * 1e6 / records as f64
        );
        let (peak, now) = (memory("VmHWM"), memory("VmRSS"));
        say!(
            "memory: peak {} MB, after the load {} MB: {} bytes an enterprise, {} bytes a record",
            peak >> 20,
            now >> 20,
            (now - rss) / enterprises.max(1),
            (now - rss) / records.max(1)
        );
    }
    while pipeline.tidy()? {}
    Ok(pipeline)
}

/// Corrects penalties one by one: from the record's arrival to its score and
/// alert in the store.
fn corrections(pipeline: &mut Pipeline, args: &Bench, fsync: bool) -> Result<()> {
    let source = pipeline
        .view()
        .catalogue
        .source("msa/penalty")
        .context("source `msa/penalty`")?
        .index;
    let lines = sample(
        &pipeline.view().settings(),
        "msa/penalty",
        args.corrections as usize,
    )?;
    let mode = if fsync { "with fsync" } else { "without fsync" };
    let half = lines.rows.len() / 2;
    let quiet = correct(pipeline, source, &lines.header, &lines.rows[..half])?;
    say!("correction to score and alert {mode}: {quiet}");
    let stop = Arc::new(AtomicBool::new(false));
    let busy: Vec<_> = (0..args.busy).map(|_| spin(Arc::clone(&stop))).collect();
    let beside = correct(pipeline, source, &lines.header, &lines.rows[half..])?;
    stop.store(true, Ordering::Relaxed);
    busy.into_iter().for_each(|thread| drop(thread.join()));
    say!("the same beside {} busy loops: {beside}", args.busy);
    Ok(())
}

fn spin(stop: Arc<AtomicBool>) -> std::thread::JoinHandle<()> {
    std::thread::spawn(move || {
        while !stop.load(Ordering::Relaxed) {
            std::hint::spin_loop();
        }
    })
}

pub(crate) struct Lines {
    pub(crate) header: String,
    pub(crate) rows: Vec<String>,
}

/// Lines of a source's files, evenly spread.
pub(crate) fn sample(settings: &Settings, source: &str, count: usize) -> Result<Lines> {
    let source = settings
        .catalogue
        .source(source)
        .context("no such source")?;
    let files = transport::list(&settings.root, &source.pattern).map_err(anyhow::Error::msg)?;
    let text = fs::read_to_string(&files.first().context("no file")?.path)?;
    let mut lines = text.lines();
    let header = lines.next().unwrap_or_default().to_owned();
    // Only these raise the signal that the corrected amount belongs to.
    let raises = |line: &&str| {
        ["虚假宣传", "违规发布广告", "超范围经营"]
            .iter()
            .any(|kind| line.contains(kind))
    };
    let all: Vec<&str> = lines.filter(raises).collect();
    let step = (all.len() / count.max(1)).max(1);
    Ok(Lines {
        header,
        rows: all
            .iter()
            .step_by(step)
            .take(count)
            .map(|line| (*line).to_owned())
            .collect(),
    })
}

/// Pushes each line with another amount, one epoch each.
fn correct(
    pipeline: &mut Pipeline,
    source: u16,
    header: &str,
    rows: &[String],
) -> Result<Latencies> {
    let amount = header
        .split(',')
        .position(|name| name == "罚款金额")
        .context("no column 罚款金额")?;
    let mut times = Vec::with_capacity(rows.len());
    for (number, row) in rows.iter().enumerate() {
        let mut fields: Vec<String> = row.split(',').map(str::to_owned).collect();
        // Now small, now large: each correction moves the score.
        fields[amount] = format!("{}", if number % 2 == 0 { 100 } else { 99_000_000 });
        let bytes = format!("{header}\n{}\n", fields.join(",")).into_bytes();
        let started = Instant::now();
        pipeline.push(vec![Push {
            source,
            name: format!("correction-{number}"),
            bytes,
        }])?;
        times.push(started.elapsed());
    }
    times.sort_unstable();
    Ok(Latencies(times))
}

pub(crate) struct Latencies(pub(crate) Vec<Duration>);

impl std::fmt::Display for Latencies {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let at = |share: f64| {
            self.0
                .get(((self.0.len() as f64 * share) as usize).min(self.0.len().saturating_sub(1)))
        };
        let ms = |time: Option<&Duration>| time.map_or(0.0, |time| time.as_secs_f64() * 1e3);
        write!(
            f,
            "p50 {:.2} ms, p99 {:.2} ms, max {:.2} ms ({} of them)",
            ms(at(0.5)),
            ms(at(0.99)),
            ms(self.0.last()),
            self.0.len()
        )
    }
}

/// The CPU that a live but idle pipeline uses.
fn idle(pipeline: &mut Pipeline) -> Result<()> {
    let (started, cpu) = (Instant::now(), cpu_seconds());
    while started.elapsed() < IDLE {
        std::thread::sleep(Duration::from_millis(200));
        pipeline.poll(false)?;
    }
    say!(
        "idle: {:.2} % of one core, looking for files five times a second",
        (cpu_seconds() - cpu) / started.elapsed().as_secs_f64() * 100.0
    );
    Ok(())
}

/// What a new model version costs, from its text to the alerts in the store, with
/// and without a challenger; and a question about another.
fn versions(pipeline: &mut Pipeline, enterprises: u64) -> Result<()> {
    let (set, challenger) = (
        |by: u64| Proposal {
            set: vec![format!("model.intercept=-4.0{by}")],
            ..Proposal::default()
        },
        |on: &InForce, by: u64| InForce {
            challenger: on.model.clone().filter(|_| by == 2 || by == 3),
            ..on.clone()
        },
    );
    let mut costs = Vec::new();
    // The third has a challenger before and after, the fifth neither.
    for by in 1..=5 {
        let in_force = pipeline.view().in_force();
        let next = set(by).over(&in_force);
        let next = next.map_err(|faults| anyhow::anyhow!("{}", faults.join("; ")))?;
        let next = challenger(&next, by);
        let beside = next.challenger.is_some();
        let (wall, cpu) = (Instant::now(), cpu_seconds());
        let outcome = pipeline.apply(next)?;
        let (wall, cpu) = (wall.elapsed().as_secs_f64(), cpu_seconds() - cpu);
        say!(
            "new model version{}: {wall:.2} s, {cpu:.2} s CPU, {outcome:?}; for 3.2 million {:.1} s",
            if beside { " beside a challenger" } else { "" },
            wall * 3.2e6 / enterprises as f64
        );
        costs.push(cpu);
    }
    say!(
        "a challenger costs {:.2} times the CPU",
        costs[2] / costs[4]
    );
    let pending = pipeline.whatif(&set(7));
    let answer = pending
        .map_err(|faults| anyhow::anyhow!("{}", faults.join("; ")))?
        .finish()?;
    say!(
        "whatif over {} enterprises: {:.2} s, {:?}",
        answer.enterprises,
        answer.seconds,
        answer.moves
    );
    Ok(())
}

/// What each stage costs, one after another on one thread.
fn stages(settings: &Arc<Settings>, folder: &Path, workers: usize) -> Result<()> {
    let catalogue = &settings.catalogue;
    let landing = Landing::open(&folder.join("landing"), LandingOptions::default(), &[])?;
    let records = crate::pipeline::records::Records::new(
        Arc::clone(settings),
        Arc::new(landing),
        Arc::default(),
        &tocsin_ingest::values::Pseudonymiser::new([7; 32]),
    );
    let mut spent = [0.0; 6];
    let mut total = 0;
    let config = EngineConfig {
        workers,
        plan: settings.plan(),
    };
    let model = fs::read_to_string(model_path(settings)?)?;
    let model =
        tocsin_models::Artifact::from_json(&model)?.bind(&crate::pipeline::specs(settings))?;
    let engine = Engine::start(config, 1, Some(model))?;
    let mut loader = engine.loader();
    for source in catalogue.sources() {
        let mut left = STAGE_RECORDS / catalogue.sources().len() as u64;
        for (number, found) in transport::list(&settings.root, &source.pattern)
            .map_err(anyhow::Error::msg)?
            .iter()
            .enumerate()
        {
            if left == 0 {
                break;
            }
            let mut decoder = CsvDecoder::new(
                CsvOptions {
                    encoding: source.encoding,
                    delimiter: source.delimiter,
                },
                None,
            );
            let mut blocks = Blocks::open(found, 0)?;
            let mut batches = Vec::new();
            while let Some(bytes) = blocks.next_block()? {
                let bytes = bytes.to_vec();
                let mut rows = RowBatch::default();
                timed(&mut spent[0], || {
                    decoder.decode(&bytes, false, &mut rows, &mut Vec::new())
                })?;
                let count = rows.len() as u64;
                let raw = timed(&mut spent[0], || {
                    crate::pipeline::intake::raw_batch(
                        &found.name,
                        decoder.header().unwrap_or(&[]),
                        1,
                        &mut rows,
                    )
                })?;
                let (said, _) = timed(&mut spent[1], || records.mapper(source.index).map(&raw))
                    .map_err(|missing| anyhow::anyhow!("{missing:?}"))?;
                let mut facts = Facts::default();
                timed(&mut spent[2], || {
                    (0..said.len()).for_each(|row| said.facts(row, &mut facts))
                });
                timed(&mut spent[4], || loader.add(&facts, 1));
                let mut subjects = Vec::new();
                let mut named = Vec::new();
                for row in 0..said.len() {
                    said.subjects(row, &mut named);
                    subjects.extend(named.iter().map(|subject| (subject.hash64(), row as u32)));
                }
                let keys = said.keys.iter().map(|key| *key as u64).collect();
                batches.push(Ok(SegmentRows {
                    source: source.id.clone(),
                    batch: raw,
                    keys,
                    subjects,
                }));
                total += count;
                left = left.saturating_sub(count);
                if left == 0 {
                    break;
                }
            }
            let id = u32::from(source.index) * 1_000 + number as u32 + 1;
            timed(&mut spent[3], || {
                records
                    .landing
                    .write_segment(id, &source.id, batches.into_iter())
            })?;
        }
    }
    timed(&mut spent[4], || loader.flush());
    let cpu = cpu_seconds();
    let output = engine.advance(crate::time::midnight_ms(20_269) as u64)?;
    spent[5] = cpu_seconds() - cpu;
    say!(
        "stages on {total} records, µs each (wall of one thread; the last is CPU of all workers, {} scores):",
        output.changes.len()
    );
    let names = [
        "parse",
        "validate and map",
        "facts",
        "land and index",
        "pre-aggregate",
        "dataflow and score",
    ];
    for (name, seconds) in names.iter().zip(spent) {
        say!("  {name:<20} {:.3}", seconds * 1e6 / total as f64);
    }
    Ok(())
}

pub(crate) fn model_path(settings: &Settings) -> Result<PathBuf> {
    match &settings.model {
        crate::config::ModelChoice::Artifact(path) => Ok(path.clone()),
        _ => anyhow::bail!("the benchmark's configuration must name a model"),
    }
}

fn timed<T>(spent: &mut f64, job: impl FnOnce() -> T) -> T {
    let started = Instant::now();
    let done = job();
    *spent += started.elapsed().as_secs_f64();
    done
}

/// CPU seconds of this process so far, user and system, all threads.
fn cpu_seconds() -> f64 {
    cpu_seconds_of("self")
}

/// The same of a process.
fn cpu_seconds_of(process: &str) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks: Vec<u64> = after_name
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|t| t.parse().ok())
        .collect();
    // The kernel counts 100 ticks a second on every Linux.
    ticks.iter().sum::<u64>() as f64 / 100.0
}

/// A memory figure of this process, bytes.
pub(crate) fn memory(what: &str) -> u64 {
    memory_of("self", what)
}

/// The same of a process.
fn memory_of(process: &str, what: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status
        .lines()
        .find(|line| line.starts_with(what))
        .unwrap_or_default();
    let kilobytes = line
        .split_whitespace()
        .nth(1)
        .and_then(|value| value.parse::<u64>().ok());
    kilobytes.unwrap_or(0) << 10
}
