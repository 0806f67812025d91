//! What others may look at while the pipeline runs: the console, the API, the
//! metrics endpoint. Everything here is as of the last finished epoch.

use crate::groups::Groups;
use crate::metrics::Metrics;
use crate::pipeline::records::Records;
use crate::pipeline::stats::SourceStats;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use tocsin_alerts::Store;
use tocsin_alerts::store::Sequenced;
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
    /// The groups of associated enterprises.
    pub groups: Groups,
    model: RwLock<Option<BoundScorecard>>,
    status: RwLock<Status>,
    events: broadcast::Sender<Arc<Sequenced>>,
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
            groups: Groups::default(),
            model: RwLock::new(model),
            status: RwLock::default(),
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

    /// An epoch has ended. `matched` is by slot.
    pub fn update(&self, stats: &[SourceStats], matched: &[i64], epoch: u64, time_ms: i64) {
        let catalogue = &self.records.settings.catalogue;
        let of_source = |slot: Slot| matched.get(usize::from(slot)).copied().unwrap_or(0);
        let matched: Vec<i64> = catalogue
            .sources()
            .iter()
            .map(|s| of_source(catalogue.range(s).mention))
            .collect();
        for (source, stats) in catalogue.sources().iter().zip(stats) {
            let matched = matched[usize::from(source.index)];
            self.metrics.source(&source.id, stats, matched);
        }
        self.metrics.business_time(time_ms);
        let mut status = self.status.write().unwrap_or_else(PoisonError::into_inner);
        *status = Status {
            epoch,
            time_ms,
            stats: stats.to_vec(),
            matched,
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
