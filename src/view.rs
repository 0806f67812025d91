//! What others may look at while the pipeline runs: the console, the API, the
//! metrics endpoint. Everything here is as of the last finished epoch.

use crate::config::Settings;
use crate::drift::Report;
use crate::groups::Groups;
use crate::metrics::Metrics;
use crate::pipeline::records::Records;
use crate::pipeline::rules::{InForce, Refusal, Standings};
use crate::pipeline::stats::SourceStats;
use axum::body::Bytes;
use serde::Serialize;
use std::collections::HashMap;
use std::ops::Deref;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock, PoisonError, RwLock, Weak};
use tocsin_alerts::lifecycle::{Book, named_by};
use tocsin_alerts::store::Sequenced;
use tocsin_alerts::{Level, Store};
use tocsin_dataflow::{Engine, EpochOutput};
use tocsin_ingest::catalogue::Catalogue;
use tocsin_ingest::fact::{Slot, SubjectKey};
use tocsin_models::BoundModel;
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

/// The open alert of a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GroupAlert {
    /// The alert.
    pub id: String,
    /// Its level.
    pub level: Level,
}

/// An event on its way to those who listen.
#[derive(Debug)]
pub struct News {
    event: Sequenced,
    sent: OnceLock<Bytes>,
}

impl News {
    /// An event that is in the store.
    pub fn new(event: Sequenced) -> News {
        News {
            event,
            sent: OnceLock::new(),
        }
    }

    /// The event as live streams send it whole: `make` is asked once, however many
    /// streams there are.
    ///
    /// # Errors
    /// What `make` says; then the next reader asks again.
    pub fn sent<E>(&self, make: impl FnOnce(&Sequenced) -> Result<Bytes, E>) -> Result<Bytes, E> {
        if let Some(sent) = self.sent.get() {
            return Ok(sent.clone());
        }
        let made = make(&self.event)?;
        Ok(self.sent.get_or_init(|| made).clone())
    }
}

impl Deref for News {
    type Target = Sequenced;

    fn deref(&self) -> &Sequenced {
        &self.event
    }
}

/// Shared with everything that serves.
pub struct View {
    /// Every source: these do not change while the process runs.
    pub catalogue: Arc<Catalogue>,
    /// The store.
    pub store: Arc<Store>,
    /// The state directory.
    pub data: PathBuf,
    /// The metrics.
    pub metrics: Metrics,
    in_force: RwLock<Arc<InForce>>,
    refusal: RwLock<Option<Refusal>>,
    standings: RwLock<Standings>,
    /// The groups of associated enterprises.
    pub groups: Groups,
    group_alerts: RwLock<HashMap<SubjectKey, GroupAlert>>,
    status: RwLock<Status>,
    engine: RwLock<Weak<Engine>>,
    watched: RwLock<Option<Arc<Report>>>,
    events: broadcast::Sender<Arc<News>>,
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
    pub fn new(in_force: Arc<InForce>, store: Arc<Store>, data: PathBuf) -> View {
        let view = View {
            catalogue: Arc::clone(&in_force.records.settings.catalogue),
            store,
            data,
            metrics: Metrics::new(),
            in_force: RwLock::new(Arc::clone(&in_force)),
            refusal: RwLock::default(),
            standings: RwLock::default(),
            groups: Groups::default(),
            group_alerts: RwLock::default(),
            status: RwLock::default(),
            engine: RwLock::default(),
            watched: RwLock::default(),
            events: broadcast::channel(EVENTS).0,
        };
        view.metrics.rules(&in_force);
        view
    }

    /// The rules in force. Who needs more than one part of them takes all at
    /// once: the next look may find others.
    pub fn in_force(&self) -> Arc<InForce> {
        Arc::clone(&self.in_force.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Other rules are in force.
    pub fn put_in_force(&self, in_force: Arc<InForce>) {
        self.metrics.rules(&in_force);
        *self
            .in_force
            .write()
            .unwrap_or_else(PoisonError::into_inner) = in_force;
    }

    /// The landed records, as the rules in force read them.
    pub fn records(&self) -> Records {
        self.in_force().records.clone()
    }

    /// The configuration in force.
    pub fn settings(&self) -> Arc<Settings> {
        Arc::clone(&self.in_force().records.settings)
    }

    /// The model in force.
    pub fn model(&self) -> Option<BoundModel> {
        self.in_force().bound()
    }

    /// The probability of a published score, read by the model in force.
    pub fn probability(&self, log_odds: i64, index: u16) -> f64 {
        match self.in_force().model.as_ref() {
            Some(model) => model.bound.probability(log_odds, index),
            None => tocsin_models::probability(log_odds),
        }
    }

    /// Why the rules in the files are not in force, if they are not.
    pub fn refusal(&self) -> Option<Refusal> {
        self.refusal
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Notes that changed rules were refused, or that nothing is refused now.
    pub fn set_refusal(&self, refusal: Option<Refusal>) {
        let faults = refusal.as_ref().map_or(0, |refusal| refusal.faults.len());
        self.metrics.refused(faults);
        *self.refusal.write().unwrap_or_else(PoisonError::into_inner) = refusal;
    }

    /// How champion and challenger divide the enterprises.
    pub fn standings(&self) -> Standings {
        self.standings
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Champion and challenger divide the enterprises in this way.
    pub fn set_standings(&self, standings: &Standings) {
        self.metrics.standings(standings);
        let held = &self.standings;
        held.write()
            .unwrap_or_else(PoisonError::into_inner)
            .clone_from(standings);
    }

    /// How the pipeline stands.
    pub fn status(&self) -> Status {
        self.status
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// How the model in force did when it was last looked at.
    pub fn watched(&self) -> Option<Arc<Report>> {
        let watched = self.watched.read().unwrap_or_else(PoisonError::into_inner);
        watched.clone()
    }

    /// The model in force has been looked at.
    pub fn set_watched(&self, report: Report) {
        self.metrics.watched.show(&report);
        let held = &self.watched;
        *held.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(report));
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
        let catalogue = &self.catalogue;
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

    /// The open alerts of groups are these.
    pub fn set_group_alerts(&self, book: &Book) {
        let alerts = book.open_alerts().map(|alert| {
            let named_by = u128::from_be_bytes(named_by(alert.enterprise));
            let standing = GroupAlert {
                id: alert.id.clone(),
                level: alert.level,
            };
            (SubjectKey(named_by), standing)
        });
        let held = &self.group_alerts;
        *held.write().unwrap_or_else(PoisonError::into_inner) = alerts.collect();
    }

    /// The open alert of the group that an enterprise belongs to.
    pub fn group_alert(&self, enterprise: SubjectKey) -> Option<GroupAlert> {
        let named_by = self.groups.named(enterprise)?;
        let held = &self.group_alerts;
        let held = held.read().unwrap_or_else(PoisonError::into_inner);
        held.get(&named_by).cloned()
    }

    /// Tells whoever listens of events that are in the store.
    pub fn announce(&self, events: Vec<Sequenced>) {
        for event in events {
            self.metrics.event(&event.event);
            // Nobody listening is no error.
            let _ = self.events.send(Arc::new(News::new(event)));
        }
    }

    /// Events from now on.
    pub fn listen(&self) -> broadcast::Receiver<Arc<News>> {
        self.events.subscribe()
    }
}
