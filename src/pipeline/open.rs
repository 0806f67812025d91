//! Opening the state: the landing, the model, counters and positions as they
//! were, and the epochs that a kill left unfinished.

use super::epoch::Commit;
use super::inputs::Inputs;
use super::judge::Sieve;
use super::judge_groups::all_groups;
use super::live::Superseded;
use super::mending::Waiting;
use super::records::Records;
use super::restore::{self, Timeline};
use super::rules::{InForce, MODEL_EPOCH, Model, RULES_EPOCH};
use super::specs;
use super::stats::SourceStats;
use super::{Options, Pipeline, RULES, RULES_SINCE};
use crate::clock::BusinessClock;
use crate::cluster::message::Order;
use crate::config::{ModelChoice, Settings};
use anyhow::{Context, Result};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use tocsin_alerts::StoreError;
use tocsin_alerts::lifecycle::Cause;
use tocsin_alerts::store::{EpochCommit, EpochRow, Recovery};
use tocsin_dataflow::ScoreChange;
use tocsin_ingest::fact::SubjectKey;
use tocsin_ingest::index::Durability as IndexDurability;
use tocsin_ingest::landing::{Landing, LandingOptions, SegmentInfo};
use tocsin_models::Artifact;

impl Pipeline {
    /// Loads the state, finishes what a kill cut off, and judges everything anew
    /// where the rules are not those of the last epoch: as an epoch of its own,
    /// or as the one that was cut off when it brought other rules.
    pub(super) fn restore(&mut self, recovery: &Recovery) -> Result<()> {
        let timeline = Timeline::of(recovery, self.records());
        let version = self.in_force.version();
        let of_rules = |epoch: &EpochRow| [RULES_EPOCH, MODEL_EPOCH].contains(&&*epoch.kind);
        let cut_off = recovery.unfinished.iter().any(of_rules);
        let new_rules = recovery.last_finished > 0 && recovery.meta.get(RULES) != Some(&version);
        let mut scored = Scored {
            wanted: new_rules || cut_off,
            ..Scored::default()
        };
        if recovery.last_finished > 0 {
            // A challenger's counts are made of the assessments, too.
            let wanted = scored.wanted || self.in_force.challenger.is_some();
            let changes = self.load_finished(recovery, &timeline, wanted)?;
            changes.iter().for_each(|change| scored.note(change));
        }
        for epoch in &recovery.unfinished {
            tracing::info!(
                epoch = epoch.id,
                kind = epoch.kind,
                "finishing an epoch that was committed before the last stop"
            );
            if of_rules(epoch) {
                self.judge_all(epoch.id, epoch.time_ms, &mut scored)?;
                continue;
            }
            self.order_all(|| Order::LoadEpoch(epoch.id))?;
            let records = &self.in_force.records;
            let mut retracted =
                restore::load_epoch(epoch.id, records, &timeline, &mut self.loader)?;
            retracted.extend(self.others_loaded()?.1);
            self.finish(
                epoch.id,
                epoch.time_ms,
                Cause::Evidence,
                &retracted,
                Commit::Done,
                |change| scored.note(change),
            )?;
        }
        if new_rules && !cut_off {
            let (id, time_ms) = (self.last_epoch + 1, self.last_time_ms + 1);
            self.commit(EpochCommit {
                id,
                time_ms,
                kind: RULES_EPOCH.into(),
                ..EpochCommit::default()
            })?;
            self.judge_all(id, time_ms, &mut scored)?;
        }
        self.view.set_group_alerts(&self.group_book);
        self.give_memory_back()?;
        self.publish()?;
        self.show();
        Ok(())
    }

    /// Loads what counted at the end of the last finished epoch. Returns the
    /// scores that it makes where they are `wanted`: by the same rules they are
    /// those that were published.
    pub(super) fn load_finished(
        &mut self,
        recovery: &Recovery,
        timeline: &Timeline,
        wanted: bool,
    ) -> Result<Vec<ScoreChange>> {
        self.order_all(|| Order::LoadFinished)?;
        let refused = restore::load_up_to(
            recovery.last_finished,
            self.records(),
            timeline,
            &self.engine,
            self.options.workers,
        )?;
        let refused = refused + self.others_loaded()?.0;
        if refused > 0 {
            tracing::warn!(
                refused,
                "landed rows are refused by the present declarations and do not count"
            );
        }
        let output = match wanted {
            true => self.advance(recovery.last_time_ms)?,
            false => self.advance_untold(recovery.last_time_ms)?,
        };
        self.count(&output);
        self.view.groups.apply(&output);
        self.engine.tidy()?;
        Ok(output.changes)
    }

    /// Judges everything by the rules of this start, as a committed epoch: every
    /// score may differ from what was last published.
    fn judge_all(&mut self, id: u64, time_ms: i64, scored: &mut Scored) -> Result<()> {
        let output = self.advance(time_ms)?;
        self.count(&output);
        self.view.groups.apply(&output);
        output.changes.iter().for_each(|change| scored.note(change));
        // Who is alerted and has no score any more falls to none.
        for alert in self.book.open_alerts() {
            let enterprise = SubjectKey(u128::from_be_bytes(alert.enterprise));
            let gone = ScoreChange {
                enterprise,
                old: None,
                new: None,
                time_ms: 0,
            };
            scored.last.entry(enterprise).or_insert(gone);
        }
        let changes = std::mem::take(&mut scored.last).into_values();
        let mut sieve = Sieve::new(&self.in_force.records.settings.policy, &self.book);
        for change in changes {
            sieve.take(ScoreChange {
                time_ms: time_ms as u64,
                ..change
            });
        }
        let sifted = sieve.end();
        let groups = all_groups(&self.view.groups, &self.group_book, time_ms as u64);
        let groups = (&groups[..], &output.members[..]);
        let verdict = self.judge(id, sifted, groups, time_ms, Cause::Model, &HashSet::new())?;
        self.keep(id, time_ms, verdict, true, None)
    }
}

/// The last change of every enterprise's score since the start, where it is
/// wanted.
#[derive(Default)]
struct Scored {
    wanted: bool,
    last: BTreeMap<SubjectKey, ScoreChange>,
}

impl Scored {
    fn note(&mut self, change: &ScoreChange) {
        if self.wanted {
            self.last.insert(change.enterprise, *change);
        }
    }
}

/// The rules of a start.
pub(super) fn in_force(
    records: Records,
    model: Option<Artifact>,
    recovery: &Recovery,
) -> Result<InForce> {
    let settings = Arc::clone(&records.settings);
    let model = model.map(|card| Model::new(card, &settings)).transpose()?;
    let challenger = settings.challenger.as_ref();
    let challenger = challenger.map(|file| Model::read(file, &settings));
    let mut ground = settings.plan();
    ground.remember();
    let since = recovery.meta.get(RULES_SINCE);
    let since = since.and_then(|since| since.split_once(' '));
    let (epoch, time_ms) = since.unwrap_or(("0", "0"));
    Ok(InForce {
        records,
        model,
        challenger: challenger.transpose().map_err(anyhow::Error::msg)?,
        ground: Arc::new(ground),
        epoch: epoch.parse().unwrap_or(0),
        time_ms: time_ms.parse().unwrap_or(0),
    })
}

/// The instant of the first epoch that a new dataflow closes.
pub(super) fn start_time(recovery: &Recovery, clock: &BusinessClock) -> Result<i64> {
    match (recovery.last_time_ms, recovery.unfinished.first()) {
        (0, Some(first)) => Ok(first.time_ms),
        (0, None) => {
            clock.check()?;
            Ok(clock.now_ms(0))
        }
        (last_ms, _) => Ok(last_ms),
    }
}

/// The landing with just the segments that the store knows.
pub(super) fn open_landing(
    recovery: &Recovery,
    options: &Options,
    inline_rows: impl Fn(u32) -> Result<Option<Vec<u8>>, StoreError>,
) -> Result<Landing> {
    let mut committed = Vec::new();
    for segment in &recovery.segments {
        let inline = match segment.file {
            Some(_) => None,
            None => inline_rows(segment.id)?,
        };
        committed.push(SegmentInfo {
            id: segment.id,
            source: segment.source.clone(),
            rows: segment.rows as u32,
            order: segment.id,
            inline,
        });
    }
    let durability = if options.fsync {
        IndexDurability::Disk
    } else {
        IndexDurability::Process
    };
    let landing = LandingOptions {
        durability,
        ..LandingOptions::default()
    };
    Ok(Landing::open(
        &options.data.join("landing"),
        landing,
        &committed,
    )?)
}

/// Access to the landed rows, complete with what the store knows of them.
pub(super) fn records(
    settings: &Arc<Settings>,
    landing: Landing,
    superseded: Superseded,
    options: &Options,
) -> Result<Records> {
    let records = Records::new(
        Arc::clone(settings),
        Arc::new(landing),
        Arc::new(superseded),
        &crate::secret::pseudonymiser(&options.data)?,
    );
    restore_postings(&records)?;
    Ok(records)
}

/// Rebuilds postings that a kill lost, from what the rows say.
fn restore_postings(records: &Records) -> Result<()> {
    for id in records.landing.without_postings() {
        let Some(segment) = records
            .segments()
            .into_iter()
            .find(|segment| segment.id == id)
        else {
            continue;
        };
        let mut postings = Vec::new();
        let mut named = Vec::new();
        records.scan(
            &segment,
            |_| true,
            |record| {
                record.said.subjects(record.index, &mut named);
                postings.extend(
                    named
                        .iter()
                        .map(|subject| (subject.hash64(), record.at.row)),
                );
            },
        )?;
        records.landing.restore_postings(id, &postings)?;
    }
    Ok(())
}

/// The model in force: the configured artifact, or the one trained before.
pub(super) fn choose_model(settings: &Settings, recovery: &Recovery) -> Result<Option<Artifact>> {
    let trained = match &settings.model {
        ModelChoice::Artifact(path) => {
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("model `{}` cannot be read", path.display()))?;
            let card = Artifact::from_json(&text)
                .with_context(|| format!("model `{}`", path.display()))?;
            return Ok(Some(card));
        }
        ModelChoice::TrainIfMissing => recovery.model.as_ref(),
        ModelChoice::NoneLive => None,
    };
    let card = trained
        .map(|model| Artifact::from_json(&model.artifact))
        .transpose()
        .context("the model that was trained and is kept in the store")?;
    if let Some(Err(differences)) = card.as_ref().map(|card| card.bind(&specs(settings))) {
        tracing::warn!(%differences, "the model trained before does not fit the features any more; another is trained");
        return Ok(None);
    }
    Ok(card)
}

/// The counters of every source, by index.
/// Refused records that wait, by source.
pub(super) fn restored_waiting(settings: &Settings, recovery: &Recovery) -> Vec<Waiting> {
    let sources = settings.catalogue.sources();
    let mut waiting = vec![Waiting::new(); sources.len()];
    for (key, source, count) in &recovery.waiting {
        if let Some(source) = settings.catalogue.source(source) {
            let of_source = &mut waiting[usize::from(source.index)];
            of_source.insert(u128::from_be_bytes(*key), *count);
        }
    }
    waiting
}

pub(super) fn restored_stats(settings: &Settings, recovery: &Recovery) -> Vec<SourceStats> {
    let of_source = |id: &String| {
        recovery
            .stats
            .get(id)
            .and_then(|json| serde_json::from_str(json).ok())
    };
    settings
        .catalogue
        .sources()
        .iter()
        .map(|source| of_source(&source.id).unwrap_or_default())
        .collect()
}

/// How far the files of every source have been read.
pub(super) fn restored_inputs(settings: &Settings, recovery: &Recovery) -> Inputs {
    let mut inputs = Inputs::default();
    let by_name: HashMap<&str, u16> = settings
        .catalogue
        .sources()
        .iter()
        .map(|s| (s.id.as_str(), s.index))
        .collect();
    for position in &recovery.positions {
        let source = by_name.get(position.source.as_str());
        if let (Some(source), Ok(state)) = (source, serde_json::from_str(&position.state)) {
            inputs.read_to(*source, position.file.clone(), state);
        }
    }
    inputs
}
