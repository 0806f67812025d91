//! Between epochs: models, and work that can wait.

use super::Pipeline;
use super::rules::{InForce, Model};
use crate::cluster::message::Order;
use crate::roller::Enough;
use anyhow::Result;
use tocsin_dataflow::EngineStats;
use tocsin_models::Artifact;

/// Sources rolled between two epochs, at most, while too much waits in memory.
const ROLLS: usize = 8;

/// Index entries merged between two epochs.
const MERGE_BUDGET: usize = 262_144;

impl Pipeline {
    /// Trains a model on the outcomes if there is none, and scores everything
    /// with it as an epoch of its own.
    ///
    /// # Errors
    /// When there is nothing to train on, or the store fails.
    pub fn ensure_model(&mut self) -> Result<()> {
        if self.view.model().is_some() {
            return Ok(());
        }
        self.refuse_training()?;
        let card = crate::train::train(&self.view, self.last_time_ms, None, &self.runtime)?;
        self.activate(&card)
    }

    /// Puts a model in force: every enterprise is scored again, as one epoch.
    ///
    /// # Errors
    /// When the model does not fit the features, or the store fails.
    pub fn activate(&mut self, card: &Artifact) -> Result<()> {
        let model = Model::new(card.clone(), self.settings())?;
        self.view
            .store
            .save_model(card.version(), &card.to_json())?;
        let next = InForce {
            model: Some(model),
            ..InForce::clone(&self.in_force)
        };
        self.apply(next)?;
        Ok(())
    }

    /// What the dataflow holds.
    ///
    /// # Errors
    /// When a worker is gone.
    pub fn held(&self) -> Result<EngineStats> {
        Ok(self.engine.stats()?)
    }

    /// Gives pages that a large epoch filled back to the system. The allocator
    /// knows them by thread, and a worker that parks would keep its own.
    pub(super) fn give_memory_back(&self) -> Result<()> {
        self.engine.on_each_worker(crate::memory::give_back)?;
        crate::memory::give_back();
        Ok(())
    }

    /// A bounded piece of the work that can wait, so that it does not pile up
    /// while there is no quiet moment.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn tidy_a_little(&mut self) -> Result<()> {
        self.order_all(|| Order::Merge)?;
        self.merge();
        for _ in 0..ROLLS {
            let enough = Enough::default();
            if !enough.crowded(self.records()) || !self.roll(enough)? {
                break;
            }
        }
        let (segments, rows) = self.inline_elsewhere;
        if Enough::default().crowds(segments, rows) {
            self.order_all(|| Order::Tidy)?;
            self.others_tidied(&mut EngineStats::default())?;
        }
        Ok(())
    }

    /// Merges index runs. A disk that refuses costs speed and nothing else: it
    /// is tried again, and records go on being taken in.
    pub(super) fn merge(&self) -> bool {
        // Superseded rows stay in their segments; by key and subject, only
        // those that count are ever looked for.
        let records = self.records();
        let counts = |at| records.superseded.is_live(at);
        let merged = records.landing.merge_wanted(MERGE_BUDGET, &counts);
        merged.unwrap_or_else(|error| {
            tracing::error!(%error, "index runs could not be merged; lookups become slower until they are");
            false
        })
    }

    /// Work that can wait: merges index runs, rolls inline rows into segments,
    /// refreshes the gauges. Returns whether there is more of it.
    ///
    /// # Errors
    /// When the disk or the store fails.
    pub fn tidy(&mut self) -> Result<bool> {
        self.tidy_when(Enough::default())
    }

    pub(super) fn tidy_when(&mut self, enough: Enough) -> Result<bool> {
        self.order_all(|| Order::Tidy)?;
        let more = self.merge();
        let rolled = self.roll(enough)?;
        let mut stats = self.engine.stats()?;
        let elsewhere = self.others_tidied(&mut stats)?;
        self.view.metrics.arrangements(&stats);
        Ok(more || rolled || elsewhere)
    }

    fn roll(&self, enough: Enough) -> Result<bool> {
        crate::roller::roll(
            &self.in_force.records,
            &self.view.store,
            &self.next_segment,
            &self.runtime,
            enough,
        )
    }
}
