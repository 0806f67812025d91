//! The pipeline of epochs: take records in → commit them (the point of no
//! return) → let the dataflow work → keep and publish what came of it.
//!
//! One thread drives it; nothing else writes. Whatever the moment of a kill, a
//! restart finds whole epochs only, and repeats those that were committed and
//! not finished.

mod elsewhere;
mod epoch;
mod follow;
pub mod inputs;
pub mod intake;
pub mod judge;
pub mod judge_groups;
mod lander;
mod lead;
pub mod live;
mod mending;
mod names;
mod open;
mod opening;
mod output;
mod raw;
pub mod records;
mod relay;
pub mod restore;
pub mod roll;
pub mod rules;
mod settle;
pub mod stats;
mod take;
#[cfg(test)]
mod tests;
mod upkeep;

use crate::clock::BusinessClock;
use crate::cluster::Cluster;
use crate::cluster::share::{Share, holder};
use crate::config::Settings;
use crate::view::{Counts, View};
use anyhow::{Context, Result};
use inputs::Inputs;
use mending::Waiting;
use names::Names;
use records::Records;
use rules::{InForce, Standings};
use stats::SourceStats;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use tocsin_alerts::Sink;
use tocsin_alerts::lifecycle::Book;
use tocsin_alerts::store::{Durability, Recovery, RowRef as StoredRow, Store};
use tocsin_dataflow::{Engine, EngineConfig, Loader};
use tocsin_ingest::index::RowRef;
use tocsin_models::FeatureSpec;

/// The store's note of the rules (and model) that the last epoch ran by.
const RULES: &str = "rules";
/// The store's note of since when: the epoch and its instant.
const RULES_SINCE: &str = "rules since";

/// Where the state is and how hard it is kept.
#[derive(Debug, Clone)]
pub struct Options {
    /// The state directory.
    pub data: PathBuf,
    /// Dataflow workers, and threads that take records in.
    pub workers: usize,
    /// Whether commits survive a power cut, not only a kill.
    pub fsync: bool,
}

/// What an epoch did, for people and metrics.
#[derive(Debug, Clone, Default)]
pub struct EpochSummary {
    /// Its number.
    pub id: u64,
    /// Rows landed.
    pub rows: u64,
    /// Scores changed.
    pub changes: usize,
    /// Alert events published.
    pub events: usize,
}

/// The engine's state and the one way to move it on.
pub struct Pipeline {
    view: Arc<View>,
    in_force: Arc<InForce>,
    standings: Standings,
    /// The other processes, where there are any.
    cluster: Option<Arc<Cluster>>,
    share: Share,
    /// What is wrong with sources that other processes take in.
    faults_elsewhere: BTreeMap<u16, String>,
    /// Inline segments of other processes, and their rows.
    inline_elsewhere: (usize, u64),
    options: Options,
    clock: BusinessClock,
    runtime: tokio::runtime::Handle,
    engine: Arc<Engine>,
    loader: Loader,
    sink: Sink,
    book: Book,
    /// The alerts of groups.
    group_book: Book,
    names: Names,
    inputs: Inputs,
    stats: Vec<SourceStats>,
    /// Refused records that wait, by source.
    waiting: Vec<Waiting>,
    counts: Counts,
    pushed: BTreeMap<u16, Vec<SourceStats>>,
    next_segment: AtomicU32,
    last_epoch: u64,
    last_time_ms: i64,
}

impl Pipeline {
    /// Opens the state directory, loads what it holds, and finishes what a kill
    /// left unfinished.
    ///
    /// # Errors
    /// When the directory is in use or damaged, or the model does not fit.
    pub fn open(
        settings: Arc<Settings>,
        options: Options,
        runtime: tokio::runtime::Handle,
    ) -> Result<Pipeline> {
        let (mut pipeline, recovery) = Pipeline::build(settings, options, None, runtime)?;
        pipeline.restore(&recovery)?;
        Ok(pipeline)
    }

    /// Opens the state of process 0 of a cluster, and has the others open
    /// theirs.
    ///
    /// # Errors
    /// As [`Pipeline::open`]; when what landed lies with other processes than
    /// those that take its sources in.
    pub fn lead(
        settings: Arc<Settings>,
        options: Options,
        cluster: Arc<Cluster>,
        runtime: tokio::runtime::Handle,
    ) -> Result<Pipeline> {
        let cluster = Some(cluster);
        let (mut pipeline, recovery) = Pipeline::build(settings, options, cluster, runtime)?;
        pipeline.others_opened()?;
        pipeline.restore(&recovery)?;
        Ok(pipeline)
    }

    /// Opens the state of another process of a cluster and does what process 0
    /// orders, until it orders the end.
    ///
    /// # Errors
    /// As [`Pipeline::open`]; when the state belongs to another cluster.
    pub fn follow(
        settings: Arc<Settings>,
        options: Options,
        cluster: Arc<Cluster>,
        runtime: tokio::runtime::Handle,
    ) -> Result<()> {
        let cluster = Some(cluster);
        let (pipeline, recovery) = Pipeline::build(settings, options, cluster, runtime)?;
        pipeline.obey(&recovery)
    }

    fn build(
        settings: Arc<Settings>,
        options: Options,
        cluster: Option<Arc<Cluster>>,
        runtime: tokio::runtime::Handle,
    ) -> Result<(Pipeline, Recovery)> {
        std::fs::create_dir_all(&options.data)
            .with_context(|| format!("state directory `{}`", options.data.display()))?;
        let durability = match options.fsync {
            true => Durability::Fsync,
            false => Durability::NoFsync,
        };
        let store = runtime.block_on(Store::open(&options.data, durability))?;
        let clock = BusinessClock::new(settings.clock.clone());
        let share = cluster.as_ref().map_or(Share::WHOLE, |c| c.share());
        let opening::Beginning {
            recovery,
            superseded,
            inline,
            inline_elsewhere,
            start_ms,
        } = opening::begin(
            &settings,
            &options,
            &store,
            cluster.as_ref(),
            &clock,
            &runtime,
        )?;
        let inline = |segment| match &inline {
            Some(rows) => Ok(rows.get(&segment).cloned()),
            None => runtime.block_on(store.inline(segment)),
        };
        let landing = open::open_landing(&recovery, &options, inline)?;
        let mut records = open::records(&settings, landing, superseded, &options)?;
        if let Some(cluster) = cluster.as_ref().filter(|cluster| cluster.leads()) {
            records = records.with_elsewhere(Arc::clone(cluster));
        }
        let model = open::choose_model(&settings, &recovery)?;
        let config = EngineConfig {
            workers: options.workers,
            plan: settings.plan(),
        };
        let in_force = Arc::new(open::in_force(records, model, &recovery)?);
        let engine = Arc::new(match &cluster {
            None => Engine::start(config, start_ms as u64, None)?,
            Some(cluster) => Engine::join(config, cluster.peers(), start_ms as u64, None)?,
        });
        engine.enter_by_pieces(tocsin_dataflow::PIECE, crate::memory::spare)?;
        engine.wait_in(&options.data)?;
        if let Some(rules) = in_force.rules()? {
            engine.set_rules(start_ms as u64, rules)?;
        }
        if let Some(cluster) = &cluster {
            cluster.open_inbox(engine.inbox());
        }
        let sink = Sink::open(&options.data.join("alerts.ndjson"))?;
        let own = recovery.segments.iter().map(|segment| segment.id);
        let last_segment = own.filter(|id| holder(*id) == share.process).max();
        let view = View::new(Arc::clone(&in_force), Arc::new(store), options.data.clone());
        view.set_engine(&engine);
        let pipeline = Pipeline {
            cluster,
            share,
            faults_elsewhere: BTreeMap::new(),
            inline_elsewhere,
            loader: engine.loader(),
            stats: open::restored_stats(&settings, &recovery),
            waiting: open::restored_waiting(&settings, &recovery),
            counts: Counts::none(settings.plan().slots.len()),
            pushed: BTreeMap::new(),
            book: recovery.book.clone(),
            group_book: recovery.groups.clone(),
            names: Names::default(),
            inputs: open::restored_inputs(&settings, &recovery),
            next_segment: AtomicU32::new(last_segment.unwrap_or(share.first_segment()) + 1),
            last_epoch: recovery.last_finished,
            last_time_ms: recovery.last_time_ms,
            view: Arc::new(view),
            standings: Standings {
                challenger: in_force.challenger_version(),
                ..Standings::default()
            },
            in_force,
            options,
            clock,
            runtime,
            engine,
            sink,
        };
        Ok((pipeline, recovery))
    }

    /// What others may look at while the pipeline runs.
    pub fn view(&self) -> &Arc<View> {
        &self.view
    }

    pub(super) fn records(&self) -> &Records {
        &self.in_force.records
    }

    /// The configuration in force.
    pub fn settings(&self) -> &Arc<Settings> {
        &self.in_force.records.settings
    }

    /// Shows how things stand to everybody who looks.
    pub(super) fn show(&self) {
        self.view.update(
            &self.stats,
            &self.counts,
            self.last_epoch,
            self.last_time_ms,
        );
        self.view.set_standings(&self.standings);
    }

    /// Gives the dataflow up, for jobs that read what landed and was published
    /// and need its room. Nothing can be taken in any more.
    pub fn end_dataflow(&self) {
        self.engine.close();
        crate::memory::give_back();
    }

    /// Ends everything in order.
    ///
    /// # Errors
    /// When the last pages cannot be written.
    pub fn close(self) -> Result<()> {
        self.dismiss()?;
        self.sink.sync()?;
        self.engine.close();
        Ok(())
    }

    /// The runtime that the store's work runs on.
    pub fn runtime(&self) -> &tokio::runtime::Handle {
        &self.runtime
    }
}

/// The state of the last finished epoch, loaded to be looked at.
pub struct Standing {
    /// The rules of the configuration.
    pub in_force: InForce,
    /// Every enterprise.
    pub engine: Engine,
    /// The open alerts.
    pub book: Book,
    /// The last finished epoch.
    pub epoch: u64,
    /// Its instant, milliseconds UTC.
    pub time_ms: i64,
    /// Keeps the directory from others as long as it is looked at.
    _store: Store,
}

impl Standing {
    /// Loads it. No epoch is made and none is finished.
    ///
    /// # Errors
    /// When the directory is in use or damaged, or the model does not fit.
    pub fn load(
        settings: Arc<Settings>,
        options: &Options,
        runtime: tokio::runtime::Handle,
    ) -> Result<Standing> {
        let store = runtime.block_on(Store::open(&options.data, Durability::NoFsync))?;
        let (recovery, superseded) = opening::whole(options, &store, &runtime)?;
        let inline = |segment| runtime.block_on(store.inline(segment));
        let landing = open::open_landing(&recovery, options, inline)?;
        let records = open::records(&settings, landing, superseded, options)?;
        let model = open::choose_model(&settings, &recovery)?;
        let in_force = open::in_force(records, model, &recovery)?;
        let (epoch, time_ms) = (recovery.last_finished, recovery.last_time_ms);
        let config = EngineConfig {
            workers: options.workers,
            plan: settings.plan(),
        };
        let engine = Engine::start(config, time_ms as u64, None)?;
        engine.wait_in(&options.data)?;
        let timeline = restore::Timeline::of(&recovery, &in_force.records);
        let records = &in_force.records;
        restore::load_up_to(epoch, records, &timeline, &engine, options.workers)?;
        engine.advance(time_ms as u64)?;
        Ok(Standing {
            in_force,
            engine,
            book: recovery.book,
            epoch,
            time_ms,
            _store: store,
        })
    }
}

/// The features as models know them.
pub fn specs(settings: &Settings) -> Vec<FeatureSpec> {
    settings
        .features
        .iter()
        .map(|feature| feature.spec.clone())
        .collect()
}

/// A row as the index has it.
pub fn index_row(at: StoredRow) -> RowRef {
    RowRef {
        segment: at.segment,
        row: at.row,
    }
}

/// A row as the store has it.
pub fn stored_row(at: RowRef) -> StoredRow {
    StoredRow {
        segment: at.segment,
        row: at.row,
    }
}

/// The next segment number, for those who make segments of their own.
pub fn take_segment(next: &AtomicU32) -> u32 {
    next.fetch_add(1, Ordering::Relaxed)
}
