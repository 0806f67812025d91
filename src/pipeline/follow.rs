//! Any process but 0: it takes in its sources, keeps their records and runs its
//! share of the dataflow, all as process 0 orders. It commits nothing: what it
//! took in counts when process 0's store says so, and is gone at the next start
//! when it does not.

use super::elsewhere::{answer, pack};
use super::inputs::{Pending, Push};
use super::restore::{self, Timeline};
use super::roll::Written;
use super::{Pipeline, index_row, take_segment};
use crate::cluster::Cluster;
use crate::cluster::message::{Order, Report, TakenIn};
use crate::roller::{self, Enough};
use anyhow::{Result, bail};
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use tocsin_alerts::store::{Recovery, RowRef};
use tocsin_dataflow::ScoreChange;
use tocsin_ingest::landing::{Roll, SegmentRows};

/// Changes in one report.
const CHANGES: usize = 4_096;

/// What lies between two orders.
struct Follower {
    pipeline: Pipeline,
    cluster: Arc<Cluster>,
    last_finished: u64,
    timeline: Timeline,
    /// Inline rows that count once the epoch is closed.
    inline: Vec<(u32, SegmentRows)>,
    /// A file that waits to take the place of inline segments.
    rolled: Option<Roll>,
    /// What was last said to be wrong with sources.
    faults: BTreeMap<u16, String>,
}

impl Pipeline {
    /// Does what process 0 orders, until it orders the end.
    pub(super) fn obey(self, recovery: &Recovery) -> Result<()> {
        let Some(cluster) = self.cluster.clone() else {
            bail!("there is no process 0 to follow");
        };
        let (asked, records) = (Arc::clone(&cluster), self.records().clone());
        let engine = Arc::clone(&self.engine);
        std::thread::Builder::new()
            .name("answers".to_owned())
            .spawn(move || asked.answer_with(|question| answer(&records, &engine, question)))?;
        cluster.report(Report::Opened)?;
        let mut follower = Follower {
            last_finished: recovery.last_finished,
            timeline: Timeline::of(recovery, self.records()),
            inline: Vec::new(),
            rolled: None,
            faults: BTreeMap::new(),
            pipeline: self,
            cluster,
        };
        loop {
            match follower.cluster.ordered()? {
                Order::End => break,
                order => follower.carry_out(order)?,
            }
        }
        follower.pipeline.close()
    }
}

impl Follower {
    fn carry_out(&mut self, order: Order) -> Result<()> {
        match order {
            Order::LoadFinished => self.load_finished(),
            Order::LoadEpoch(epoch) => self.load_epoch(epoch),
            Order::TakeIn {
                time_ms,
                files,
                pushes,
            } => self.take_in(time_ms, files, pushes),
            Order::Advance { time_ms, wanted } => self.advance(time_ms, wanted),
            Order::Merge => {
                self.pipeline.merge();
                Ok(())
            }
            Order::Tidy => self.tidy(),
            Order::Roll(from) => self.roll(&from),
            Order::Rolled(gone) => self.publish_roll(&gone),
            Order::Stop => {
                self.cluster.end();
                self.cluster.report(Report::Stopping)
            }
            Order::Open(_) | Order::End => bail!("process 0 orders what was done already"),
        }
    }

    fn load_finished(&mut self) -> Result<()> {
        let refused = restore::load_up_to(
            self.last_finished,
            self.pipeline.records(),
            &self.timeline,
            &self.pipeline.engine,
            self.pipeline.options.workers,
        )?;
        self.cluster.report(Report::Loaded(refused, HashSet::new()))
    }

    fn load_epoch(&mut self, epoch: u64) -> Result<()> {
        let pipeline = &mut self.pipeline;
        let records = &pipeline.in_force.records;
        let retracted = restore::load_epoch(epoch, records, &self.timeline, &mut pipeline.loader)?;
        self.cluster.report(Report::Loaded(0, retracted))
    }

    /// Takes in what there is and says what it is.
    fn take_in(
        &mut self,
        time_ms: i64,
        files: Option<bool>,
        pushes: Vec<(u16, String, Vec<u8>)>,
    ) -> Result<()> {
        let mut pending = match files {
            Some(final_reading) => self.pipeline.find_files(final_reading),
            None => BTreeMap::new(),
        };
        for (source, name, bytes) in pushes {
            let of_source: &mut Pending = pending.entry(source).or_default();
            of_source.pushes.push(Push {
                source,
                name,
                bytes,
            });
        }
        let outputs = self.pipeline.take_in(pending, time_ms)?;
        let mut all: Vec<(u16, TakenIn)> = Vec::with_capacity(outputs.len());
        for (source, output) in outputs {
            self.pipeline.note_files(source, &output);
            self.pipeline.stats[usize::from(source)].merge(&output.stats);
            let (taken, inline) = pack(output);
            self.inline.extend(inline);
            all.push((source, taken));
        }
        let faults = self.new_faults();
        self.cluster.report(Report::TakenIn(all, faults))
    }

    /// What has become wrong with sources, or is no more, since it was last
    /// said.
    fn new_faults(&mut self) -> Vec<(u16, Option<String>)> {
        let sources = 0..self.pipeline.stats.len() as u16;
        let faults = sources.filter_map(|s| Some((s, self.pipeline.inputs.fault(s)?)));
        let now: BTreeMap<u16, String> = faults.collect();
        let news = now
            .iter()
            .filter(|(s, fault)| self.faults.get(s) != Some(fault));
        let mut said: Vec<_> = news.map(|(s, fault)| (*s, Some(fault.clone()))).collect();
        let over = self.faults.keys().filter(|s| !now.contains_key(s));
        said.extend(over.map(|s| (*s, None)));
        self.faults = now;
        said
    }

    /// Closes the epoch, and reports what changed here as it comes.
    fn advance(&mut self, time_ms: i64, wanted: bool) -> Result<()> {
        for (id, rows) in self.inline.drain(..) {
            self.pipeline.records().landing.add_inline(id, rows)?;
        }
        self.cluster.flush();
        let (mut gathered, mut reported) = (Vec::new(), Ok(()));
        let mut report = |gathered: &mut Vec<ScoreChange>| {
            let changes = std::mem::take(gathered);
            if !changes.is_empty() && reported.is_ok() {
                reported = self.cluster.report(Report::Changes(changes));
            }
        };
        let output = self.pipeline.close_epoch(time_ms, wanted, |change| {
            gathered.push(change);
            if gathered.len() >= CHANGES {
                report(&mut gathered);
            }
        })?;
        report(&mut gathered);
        reported?;
        self.cluster.report(Report::Advanced(Box::new(output)))?;
        Ok(self.pipeline.engine.tidy()?)
    }

    fn tidy(&mut self) -> Result<()> {
        let more = self.pipeline.merge();
        let stats = self.pipeline.engine.stats()?;
        let held = stats.arrangements.into_iter();
        let roll = roller::due(self.pipeline.records(), Enough::default())?;
        self.cluster.report(Report::Tidied {
            more,
            roll: roll.unwrap_or_default(),
            held: held.map(|a| (a.name.to_owned(), a.rows, a.bytes)).collect(),
            steps: stats.steps,
        })
    }

    fn roll(&mut self, from: &[u32]) -> Result<()> {
        let id = take_segment(&self.pipeline.next_segment);
        let roll = self.pipeline.records().landing.roll(id, from, &|_| true)?;
        let Written {
            id,
            source,
            rows,
            moved,
        } = Written::of(&roll);
        self.rolled = Some(roll);
        self.cluster.report(Report::Written {
            id,
            source,
            rows,
            moved,
        })
    }

    /// Puts the file in its place. Readers know which of its rows no longer
    /// count before they can see it.
    fn publish_roll(&mut self, gone: &[u32]) -> Result<()> {
        let Some(roll) = self.rolled.take() else {
            bail!("process 0 orders a file to be published that is not there");
        };
        let records = self.pipeline.records();
        let segment = roll.info.id;
        for row in gone {
            let at = RowRef { segment, row: *row };
            records.superseded.insert(index_row(at));
        }
        records.landing.publish_roll(&roll)?;
        records.superseded.forget(&roll.from);
        self.cluster.report(Report::Published)
    }
}
