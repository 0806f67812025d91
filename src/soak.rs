//! `tocsin soak`: corrections without end at constant size. Says how memory
//! grows meanwhile, how many corrections a second go through, and how long a
//! batch takes.

use crate::bench::{CONFIG, Latencies, memory, model_path, sample};
use crate::cli::Soak;
use crate::config::Settings;
use crate::demo::write_config;
use crate::pipeline::inputs::Push;
use crate::pipeline::{Options, Pipeline, specs};
use anyhow::{Context, Result};
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tocsin_dataflow::{Engine, EngineConfig, EngineStats, Loader, Role};
use tocsin_ingest::fact::{Facts, NEVER, Observation, Slot, SubjectKey, SubjectKind};
use tocsin_models::Artifact;

const SEED: u64 = 42;
/// Observations of each enterprise.
const OBSERVATIONS: u64 = 8;
/// The business day of a soak of the engine.
const DAY: i32 = 20_269;
/// Records that are corrected, over and over, in a soak of the pipeline.
const CORRECTED: usize = 200_000;
/// Figures are printed so many times.
const LINES: u64 = 50;

/// Runs the soak and prints its figures.
///
/// # Errors
/// When the disk refuses or an epoch fails.
pub fn soak(args: &Soak, runtime: &tokio::runtime::Runtime) -> Result<()> {
    let folder = args.folder.clone().unwrap_or_else(|| {
        std::env::temp_dir().join(format!("tocsin-soak-{}", std::process::id()))
    });
    fs::create_dir_all(&folder)?;
    let result = match args.pipeline {
        true => pipeline(args, &folder, runtime),
        false => engine(args, &folder),
    };
    fs::remove_dir_all(&folder).with_context(|| format!("`{}`", folder.display()))?;
    result
}

/// What is noted while corrections run.
struct Notes {
    corrections: u64,
    every: u64,
    done: u64,
    began: Instant,
    times: Vec<Duration>,
    /// Resident and arrangements' bytes, at even distances.
    seen: Vec<(u64, u64)>,
}

impl Notes {
    fn new(args: &Soak) -> Self {
        say!("  corrections   resident MB   arrangements MB   corrections/s");
        Notes {
            corrections: args.corrections,
            every: (args.corrections / LINES).max(u64::from(args.batch)),
            done: 0,
            began: Instant::now(),
            times: Vec::new(),
            seen: Vec::new(),
        }
    }

    /// How many the next batch has.
    fn next(&self, batch: u32) -> u64 {
        u64::from(batch).min(self.corrections - self.done)
    }

    fn batch(
        &mut self,
        size: u64,
        took: Duration,
        stats: impl FnOnce() -> Result<EngineStats>,
    ) -> Result<()> {
        let due = self.done / self.every < (self.done + size) / self.every;
        self.done += size;
        self.times.push(took);
        if due {
            let held = stats()?.arrangements.iter().map(|a| a.bytes as u64).sum();
            let resident = memory("VmRSS");
            self.seen.push((resident, held));
            say!(
                "{:>13} {:>13.1} {:>17.1} {:>15.0}",
                self.done,
                resident as f64 / 1e6,
                held as f64 / 1e6,
                self.done as f64 / self.began.elapsed().as_secs_f64()
            );
        }
        Ok(())
    }

    fn end(mut self) {
        let took: f64 = self.times.iter().map(Duration::as_secs_f64).sum();
        say!("{:.0} corrections/s of epochs", self.done as f64 / took);
        self.times.sort_unstable();
        say!("a batch: {}", Latencies(self.times));
        let half = &self.seen[self.seen.len() / 2..];
        if let (Some(first), Some(last)) = (half.first(), half.last()) {
            let growth = |from: u64, to: u64| (to as f64 / from.max(1) as f64 - 1.0) * 100.0;
            say!(
                "growth over the last half: resident {:+.1} %, arrangements {:+.1} %",
                growth(first.0, last.0),
                growth(first.1, last.1)
            );
        }
    }
}

/// Enterprises whose observations are corrected: which there are follows from
/// how often each was corrected, so nothing else is remembered.
struct World {
    slots: Vec<Slot>,
    registers: Slot,
    enterprises: u64,
    hot: u64,
    versions: Vec<u32>,
}

impl World {
    fn observation(&self, place: u64, version: u32) -> Observation {
        let hash = mix(place << 32 | u64::from(version));
        // Every other one expires some day; none does while the soak lasts.
        let expiry = match place % 2 {
            0 => NEVER,
            _ => DAY + 1 + (hash >> 20) as i32 % 365,
        };
        Observation {
            subject: subject(place / OBSERVATIONS),
            expiry,
            slot: self.slots[place as usize % self.slots.len()],
            day: 0,
            value: (hash % 1_000_000) as i64,
        }
    }

    fn load(&self, loader: &mut Loader) {
        for enterprise in 0..self.enterprises {
            let mut facts = Facts::default();
            facts.observations.push(Observation {
                subject: subject(enterprise),
                expiry: NEVER,
                slot: self.registers,
                day: 0,
                value: 0,
            });
            let places = enterprise * OBSERVATIONS..(enterprise + 1) * OBSERVATIONS;
            let said = places.map(|place| self.observation(place, 0));
            facts.observations.extend(said);
            loader.add(&facts, 1);
        }
        loader.flush();
    }

    /// Takes one observation back and says another in its place.
    fn correct(&mut self, number: u64, loader: &mut Loader) {
        let hash = mix(number);
        let enterprise = match hash % 100 < self.hot {
            true => 0,
            false => (hash >> 8) % self.enterprises,
        };
        let place = enterprise * OBSERVATIONS + (hash >> 56) % OBSERVATIONS;
        let version = self.versions[place as usize];
        self.versions[place as usize] += 1;
        for (version, diff) in [(version, -1), (version + 1, 1)] {
            let facts = Facts {
                observations: vec![self.observation(place, version)],
                ..Facts::default()
            };
            loader.add(&facts, diff);
        }
    }
}

fn subject(enterprise: u64) -> SubjectKey {
    SubjectKey::new(SubjectKind::EnterpriseCode, u128::from(enterprise))
}

fn mix(number: u64) -> u64 {
    let hash = (number ^ 0x51_7c_c1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let hash = (hash ^ (hash >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash ^ (hash >> 32)
}

fn engine(args: &Soak, folder: &Path) -> Result<()> {
    let config = write_config(&CONFIG, &folder.join("config"))?;
    let settings = Settings::read(&config).map_err(|faults| anyhow::anyhow!("{faults:?}"))?;
    let model = Artifact::from_json(&fs::read_to_string(model_path(&settings)?)?)?;
    let plan = settings.plan();
    let of_role = |role: Role| {
        let slots = plan.slots.iter().enumerate();
        let wanted = slots.filter(move |(_, slot)| slot.role == role);
        wanted.map(|(slot, _)| slot as Slot)
    };
    let enterprises = u64::from(args.enterprises.max(1));
    let mut world = World {
        slots: of_role(Role::Signal).collect(),
        registers: of_role(Role::Registers).next().context("no register")?,
        enterprises,
        hot: u64::from(args.hot),
        versions: vec![0; (enterprises * OBSERVATIONS) as usize],
    };
    let mut time_ms = crate::time::midnight_ms(DAY) as u64;
    let workers = usize::from(args.workers);
    let bound = model.bind(&specs(&settings))?;
    let engine = Engine::start(EngineConfig { workers, plan }, time_ms, Some(bound))?;
    let mut loader = engine.loader();
    world.load(&mut loader);
    engine.advance_each(time_ms, |_| {})?;
    engine.on_each_worker(crate::memory::give_back)?;
    let mut notes = Notes::new(args);
    while notes.done < notes.corrections {
        let size = notes.next(args.batch);
        let began = Instant::now();
        (notes.done..notes.done + size).for_each(|number| world.correct(number, &mut loader));
        loader.flush();
        time_ms += 1;
        engine.advance_each(time_ms, |_| {})?;
        notes.batch(size, began.elapsed(), || Ok(engine.stats()?))?;
    }
    notes.end();
    Ok(())
}

fn pipeline(args: &Soak, folder: &Path, runtime: &tokio::runtime::Runtime) -> Result<()> {
    let config = write_config(&CONFIG, &folder.join("config"))?;
    let landing = folder.join("config/landing");
    let records = u64::from(args.enterprises) * 4;
    tocsin_testdata::write_load(&landing, records, args.enterprises, SEED)?;
    let settings = Settings::read(&config).map_err(|faults| anyhow::anyhow!("{faults:?}"))?;
    let source = settings.catalogue.source("msa/penalty");
    let source = source.context("source `msa/penalty`")?.index;
    let lines = sample(&settings, "msa/penalty", CORRECTED)?;
    let options = Options {
        data: folder.join("data"),
        workers: usize::from(args.workers),
        fsync: false,
    };
    let mut pipeline = Pipeline::open(Arc::new(settings), options, runtime.handle().clone())?;
    while pipeline.poll(true)?.is_some() {}
    while pipeline.tidy()? {}
    let rows: Vec<Vec<&str>> = lines
        .rows
        .iter()
        .map(|row| row.split(',').collect())
        .collect();
    let place = |name: &str| lines.header.split(',').position(|column| column == name);
    let amount = place("罚款金额").context("no column 罚款金额")?;
    let code = place("统一社会信用代码").context("no column 统一社会信用代码")?;
    let mut notes = Notes::new(args);
    while notes.done < notes.corrections {
        let size = notes.next(args.batch);
        let mut text = lines.header.clone();
        for number in notes.done..notes.done + size {
            let hash = mix(number);
            let mut fields = rows[hash as usize % rows.len()].clone();
            // Never twice the same, and soon again: a correction each time.
            let fine = (100 + number % 1_000_003).to_string();
            fields[amount] = &fine;
            if (hash >> 40) % 100 < u64::from(args.hot) {
                fields[code] = rows[0][code];
            }
            text += "\n";
            text += &fields.join(",");
        }
        text += "\n";
        let began = Instant::now();
        pipeline.push(vec![Push {
            source,
            name: format!("soak-{}", notes.done),
            bytes: text.into_bytes(),
        }])?;
        pipeline.tidy_a_little()?;
        notes.batch(size, began.elapsed(), || pipeline.held())?;
    }
    notes.end();
    pipeline.close()
}
