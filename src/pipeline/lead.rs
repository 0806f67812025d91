//! What process 0 has the others do. Where there are no others, nothing.
//!
//! Contract: orders go out before this process does its own part, and reports
//! are waited for afterwards, so that all work at the same time; each process
//! reports as often as it was ordered to. What sources another process took in
//! goes on as if it had been taken in here.

use super::elsewhere::unpack;
use super::inputs::Push;
use super::output::SourceOutput;
use super::{Pipeline, roll};
use crate::cluster::Cluster;
use crate::cluster::message::{Order, Report, TakenIn};
use anyhow::{Result, bail};
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use tocsin_dataflow::{EngineStats, EpochOutput, ScoreChange};
use tocsin_ingest::fact::SubjectKey;

/// What other processes are to take in.
#[derive(Debug, Default)]
pub(super) struct Elsewhere {
    /// Whether to look for files, and whether every file is complete.
    pub(super) files: Option<bool>,
    /// What was pushed to sources of theirs, by process.
    pub(super) pushes: BTreeMap<usize, Vec<Push>>,
}

impl Pipeline {
    /// The process that takes a source in.
    pub(super) fn owner(&self, source: u16) -> usize {
        let sources = self.settings().catalogue.sources();
        self.share.owner(&sources[usize::from(source)])
    }

    /// Every other process looks for files.
    pub(super) fn files_elsewhere(&self, final_reading: bool) -> Elsewhere {
        Elsewhere {
            files: Some(final_reading),
            ..Elsewhere::default()
        }
    }

    /// The other processes, where this one leads any.
    fn led(&self) -> Option<&Arc<Cluster>> {
        self.cluster.as_ref().filter(|cluster| cluster.leads())
    }

    /// Says that a model cannot be trained where records lie with several
    /// processes.
    pub(super) fn refuse_training(&self) -> Result<()> {
        if self.cluster.is_some() {
            bail!(
                "a cluster does not train a model, since that takes the records of all processes at once: name a trained `model.artifact`, or train on one process before the others are added"
            );
        }
        Ok(())
    }

    /// Why rules stay as they are, where other processes score by them, too.
    pub(super) fn rules_are_fixed(&self) -> Result<(), Vec<String>> {
        match self.cluster {
            None => Ok(()),
            Some(_) => Err(vec![
                "a cluster keeps the rules it was started with: stop all processes, change the configuration of each, and start them again; then all is judged anew as one epoch".to_owned(),
            ]),
        }
    }

    /// Why the enterprises of all processes cannot be surveyed.
    pub(super) fn surveyed_here(&self) -> Result<(), Vec<String>> {
        match self.cluster {
            None => Ok(()),
            Some(_) => Err(vec![
                "a cluster does not say what other rules would change: stop it, bring the records together on one machine and ask there".to_owned(),
            ]),
        }
    }

    /// Orders all other processes to do something.
    pub(super) fn order_all(&self, order: impl Fn() -> Order) -> Result<()> {
        let Some(cluster) = self.led() else {
            return Ok(());
        };
        for process in cluster.others() {
            cluster.order(process, order())?;
        }
        Ok(())
    }

    /// Waits until every other process has its state open.
    pub(super) fn others_opened(&self) -> Result<()> {
        for (process, report) in self.reports()? {
            match report {
                Report::Opened => {}
                other => return unexpected(process, &other),
            }
        }
        Ok(())
    }

    /// One report of each other process.
    fn reports(&self) -> Result<Vec<(usize, Report)>> {
        let Some(cluster) = self.led() else {
            return Ok(Vec::new());
        };
        let others = cluster.others();
        let reports = others.map(|process| Ok((process, cluster.reported(process)?)));
        reports.collect()
    }

    /// Waits until the others have loaded rows: how many are refused by now,
    /// and of which subjects something was retracted.
    pub(super) fn others_loaded(&self) -> Result<(u64, HashSet<SubjectKey>)> {
        let (mut refused, mut retracted) = (0, HashSet::new());
        for (process, report) in self.reports()? {
            match report {
                Report::Loaded(more, subjects) => {
                    refused += more;
                    retracted.extend(subjects);
                }
                other => return unexpected(process, &other),
            }
        }
        Ok((refused, retracted))
    }

    /// Orders the others to take in what they have; gives those that will
    /// report.
    pub(super) fn order_intake(
        &self,
        mut elsewhere: Elsewhere,
        time_ms: i64,
    ) -> Result<Vec<usize>> {
        let mut asked = Vec::new();
        let Some(cluster) = self.led() else {
            return Ok(asked);
        };
        for process in cluster.others() {
            let pushes = elsewhere.pushes.remove(&process).unwrap_or_default();
            if elsewhere.files.is_none() && pushes.is_empty() {
                continue;
            }
            let pushes = pushes.into_iter();
            let order = Order::TakeIn {
                time_ms,
                files: elsewhere.files,
                pushes: pushes.map(|p| (p.source, p.name, p.bytes)).collect(),
            };
            cluster.order(process, order)?;
            asked.push(process);
        }
        Ok(asked)
    }

    /// Waits until those that were asked have taken in what they have, and adds
    /// it.
    pub(super) fn took_in(
        &mut self,
        asked: &[usize],
        outputs: &mut Vec<(u16, SourceOutput)>,
    ) -> Result<()> {
        let Some(cluster) = self.led().cloned() else {
            return Ok(());
        };
        for process in asked {
            let (taken, faults) = match cluster.reported(*process)? {
                Report::TakenIn(taken, faults) => (taken, faults),
                other => return unexpected(*process, &other),
            };
            for (_, inline) in taken.iter().flat_map(|(_, t)| inline_segments(t)) {
                self.inline_elsewhere.0 += 1;
                self.inline_elsewhere.1 += inline;
            }
            let taken = taken.into_iter();
            outputs.extend(taken.map(|(source, taken)| (source, unpack(taken))));
            for (source, fault) in faults {
                match fault {
                    Some(fault) => self.faults_elsewhere.insert(source, fault),
                    None => self.faults_elsewhere.remove(&source),
                };
            }
        }
        if !asked.is_empty() {
            outputs.sort_by_key(|(source, _)| *source);
            self.note_faults();
        }
        Ok(())
    }

    /// Closes the epoch in every process, and gathers what changed anywhere, in
    /// the order of time.
    pub(super) fn advance(&self, time_ms: i64) -> Result<EpochOutput> {
        let mut changes = Vec::new();
        let mut output = self.advance_each(time_ms, |change| changes.push(change))?;
        output.changes = changes;
        output.sort();
        Ok(output)
    }

    /// Closes the epoch in every process where the changes are known already.
    pub(super) fn advance_untold(&self, time_ms: i64) -> Result<EpochOutput> {
        self.advance_everywhere(time_ms, false, |_| {})
    }

    /// As [`Pipeline::advance`], but gives every change to `take` as it comes
    /// and keeps none here.
    pub(super) fn advance_each(
        &self,
        time_ms: i64,
        take: impl FnMut(ScoreChange),
    ) -> Result<EpochOutput> {
        self.advance_everywhere(time_ms, true, take)
    }

    fn advance_everywhere(
        &self,
        time_ms: i64,
        wanted: bool,
        mut take: impl FnMut(ScoreChange),
    ) -> Result<EpochOutput> {
        let Some(cluster) = self.led() else {
            return self.close_epoch(time_ms, wanted, take);
        };
        self.order_all(|| Order::Advance { time_ms, wanted })?;
        cluster.flush();
        let mut output = self.close_epoch(time_ms, wanted, &mut take)?;
        for process in cluster.others() {
            loop {
                match cluster.reported(process)? {
                    Report::Changes(changes) => changes.into_iter().for_each(&mut take),
                    Report::Advanced(more) => {
                        output.absorb(*more);
                        break;
                    }
                    other => return unexpected(process, &other),
                }
            }
        }
        Ok(output)
    }

    /// Closes the epoch in this process.
    pub(super) fn close_epoch(
        &self,
        time_ms: i64,
        wanted: bool,
        take: impl FnMut(ScoreChange),
    ) -> Result<EpochOutput> {
        let output = match wanted {
            true => self.engine.advance_each(time_ms as u64, take)?,
            false => self.engine.advance_untold(time_ms as u64)?,
        };
        // Its pieces may have made the allocator spare.
        crate::memory::keep();
        Ok(output)
    }

    /// Waits until the others have tidied up; keeps what they rolled. Returns
    /// whether there is more to do.
    pub(super) fn others_tidied(&mut self, stats: &mut EngineStats) -> Result<bool> {
        let mut any = false;
        for (process, report) in self.reports()? {
            let Report::Tidied {
                more,
                roll,
                held,
                steps,
            } = report
            else {
                return unexpected(process, &report);
            };
            stats.absorb(&held, steps);
            any |= more || !roll.is_empty();
            if !roll.is_empty() {
                self.roll_elsewhere(process, roll)?;
            }
        }
        Ok(any)
    }

    /// Has another process write inline segments as one file, and puts it in
    /// their place.
    fn roll_elsewhere(&mut self, process: usize, from: Vec<u32>) -> Result<()> {
        let Some(cluster) = self.led().cloned() else {
            return Ok(());
        };
        cluster.order(process, Order::Roll(from.clone()))?;
        let written = match cluster.reported(process)? {
            Report::Written {
                id,
                source,
                rows,
                moved,
            } => roll::Written {
                id,
                source,
                rows,
                moved,
            },
            other => return unexpected(process, &other),
        };
        let gone = roll::replace(&self.view.store, &from, &written, &self.runtime)?;
        cluster.order(process, Order::Rolled(gone))?;
        let (segments, rows) = &mut self.inline_elsewhere;
        *segments = segments.saturating_sub(from.len());
        *rows = rows.saturating_sub(written.rows);
        match cluster.reported(process)? {
            Report::Published => Ok(()),
            other => unexpected(process, &other),
        }
    }

    /// Lets the other processes end.
    pub(super) fn dismiss(&self) -> Result<()> {
        if let Some(cluster) = self.led() {
            self.order_all(|| Order::Stop)?;
            for (process, report) in self.reports()? {
                match report {
                    Report::Stopping => {}
                    other => return unexpected(process, &other),
                }
            }
            cluster.end();
            self.order_all(|| Order::End)?;
        }
        Ok(())
    }
}

/// The inline segments of what was taken in, and their rows.
fn inline_segments(taken: &TakenIn) -> impl Iterator<Item = (u32, u64)> + '_ {
    let inline = taken.landed.iter().filter(|(_, _, bytes)| bytes.is_some());
    inline.map(|(id, rows, _)| (*id, u64::from(*rows)))
}

fn unexpected<T>(process: usize, report: &Report) -> Result<T> {
    bail!("process {process} reports something else than it was ordered to: {report:?}")
}
