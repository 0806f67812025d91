//! What others may look at while the pipeline runs: the console, the API, the
//! metrics endpoint. Everything here is as of the last finished epoch.

use crate::metrics::Metrics;
use crate::pipeline::records::Records;
use crate::pipeline::stats::SourceStats;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock, Weak};
use tocsin_alerts::Store;
use tocsin_alerts::store::Sequenced;
use tocsin_dataflow::{Engine, EpochOutput};
use tocsin_ingest::fact::Slot;
use tocsin_models::BoundScorecard;
use tokio::sync::broadcast;

/// Events kept for readers that are slow; who falls further behind reads the
/// store instead.
const EVENTS: usize = 4_096;

/// How the pipeline stands.
#[derive(Debug, Clone, Default)]
pub struct Status {
    /// The last finished epoch.
    pub epoch: u64,
    /// Its business time, milliseconds UTC.
    pub time_ms: i64,
    /// The counters of every source, by index.
    pub stats: Vec<SourceStats>,
    /// Records of each source that are matched to a registered enterprise.
    pub matched: Vec<i64>,
    /// Records of each source that wait, because nobody is known to bear the
    /// alias by which they name an enterprise.
    pub unknown: Vec<i64>,
    /// Records of each source that wait, because several enterprises bear it.
    pub ambiguous: Vec<i64>,
    /// Whether everything that was there at the start has been taken in.
    pub ready: bool,
}

/// Shared with everything that serves.
pub struct View {
    /// The landed records and the configuration.
    pub records: Records,
    /// The store.
    pub store: Arc<Store>,
    /// The state directory.
    pub data: PathBuf,
    /// The metrics.
    pub metrics: Metrics,
    model: RwLock<Option<BoundScorecard>>,
    status: RwLock<Status>,
    engine: RwLock<Weak<Engine>>,
    events: broadcast::Sender<Arc<Sequenced>>,
}

/// Records by the slot that counts them.
#[derive(Debug, Clone)]
pub struct Counts {
    /// Those that name a registered enterprise.
    pub matched: Vec<i64>,
    /// Those that wait for an alias that nobody is known to bear.
    pub unknown: Vec<i64>,
    /// Those that wait because several enterprises bear theirs.
    pub ambiguous: Vec<i64>,
}

impl Counts {
    /// No records, of so many slots.
    pub fn none(slots: usize) -> Counts {
        Counts {
            matched: vec![0; slots],
            unknown: vec![0; slots],
            ambiguous: vec![0; slots],
        }
    }

    /// Counts what an epoch has changed.
    pub fn add(&mut self, output: &EpochOutput) {
        let changed = [
            (&mut self.matched, &output.matched),
            (&mut self.unknown, &output.unknown),
            (&mut self.ambiguous, &output.ambiguous),
        ];
        for (counts, changes) in changed {
            for (slot, delta) in changes {
                counts[usize::from(*slot)] += delta;
            }
        }
    }
}

impl View {
    /// A view of a pipeline that is being opened.
    pub fn new(
        records: Records,
        store: Arc<Store>,
        model: Option<BoundScorecard>,
        data: PathBuf,
    ) -> View {
        View {
            records,
            store,
            data,
            metrics: Metrics::new(),
            model: RwLock::new(model),
            status: RwLock::default(),
            engine: RwLock::default(),
            events: broadcast::channel(EVENTS).0,
        }
    }

    /// The model in force.
    pub fn model(&self) -> Option<BoundScorecard> {
        self.model
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Its version.
    pub fn model_version(&self) -> Option<String> {
        self.model().map(|model| model.version().to_owned())
    }

    /// Another model is in force.
    pub fn set_model(&self, model: BoundScorecard) {
        *self.model.write().unwrap_or_else(PoisonError::into_inner) = Some(model);
    }

    /// How the pipeline stands.
    pub fn status(&self) -> Status {
        self.status
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The engine, unless it has ended.
    pub fn engine(&self) -> Option<Arc<Engine>> {
        let engine = self.engine.read().unwrap_or_else(PoisonError::into_inner);
        engine.upgrade()
    }

    /// Lets those who look ask this engine.
    pub fn set_engine(&self, engine: &Arc<Engine>) {
        *self.engine.write().unwrap_or_else(PoisonError::into_inner) = Arc::downgrade(engine);
    }

    /// An epoch has ended.
    pub fn update(&self, stats: &[SourceStats], counts: &Counts, epoch: u64, time_ms: i64) {
        let catalogue = &self.records.settings.catalogue;
        let of_sources = |counts: &[i64]| -> Vec<i64> {
            let of_source = |slot: Slot| counts.get(usize::from(slot)).copied().unwrap_or(0);
            let sources = catalogue.sources().iter();
            sources
                .map(|source| of_source(catalogue.range(source).mention))
                .collect()
        };
        let matched = of_sources(&counts.matched);
        let unknown = of_sources(&counts.unknown);
        let ambiguous = of_sources(&counts.ambiguous);
        for (source, stats) in catalogue.sources().iter().zip(stats) {
            let place = usize::from(source.index);
            let waiting = (unknown[place], ambiguous[place]);
            self.metrics
                .source(&source.id, stats, matched[place], waiting);
        }
        self.metrics.business_time(time_ms);
        let mut status = self.status.write().unwrap_or_else(PoisonError::into_inner);
        *status = Status {
            epoch,
            time_ms,
            stats: stats.to_vec(),
            matched,
            unknown,
            ambiguous,
            ready: status.ready,
        };
    }

    /// Everything that was there at the start has been taken in.
    pub fn set_ready(&self) {
        self.status
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .ready = true;
    }

    /// Tells whoever listens of events that are in the store.
    pub fn announce(&self, events: Vec<Sequenced>) {
        for event in events {
            self.metrics.event(&event.event);
            // Nobody listening is no error.
            let _ = self.events.send(Arc::new(event));
        }
    }

    /// Events from now on.
    pub fn listen(&self) -> broadcast::Receiver<Arc<Sequenced>> {
        self.events.subscribe()
    }
}
