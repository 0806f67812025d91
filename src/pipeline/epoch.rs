//! An epoch: gathered from what all sources took in, committed, worked off by
//! the dataflow, judged, kept and published.

use super::inputs::{Pending, Push};
use super::judge::{Judge, Sieve, Sifted, Verdict};
use super::judge_groups::GroupChanges;
use super::lead::Elsewhere;
use super::output::{Landed, SourceOutput};
use super::rules::InForce;
use super::stats::SourceStats;
use super::{EpochSummary, Pipeline, RULES, RULES_SINCE, stored_row};
use crate::history;
use anyhow::Result;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Instant;
use tocsin_alerts::lifecycle::Cause;
use tocsin_alerts::store::{EpochCommit, EpochResult, Place, Position, SegmentEntry};
use tocsin_alerts::{StoreError, publish_pending};
use tocsin_dataflow::{EpochOutput, Membership, ScoreChange};
use tocsin_ingest::fact::SubjectKey;
use tocsin_ingest::landing::SegmentRows;
use tocsin_ingest::landing::segment_file;

/// More changed scores than this go to a Parquet file instead of the store.
const BULK_CHANGES: usize = 5_000;
/// After more changed scores than this, pages are given back to the system: of
/// batches that follow each other each would only ask for them again.
const GREAT_CHANGES: usize = 100_000;

/// An epoch on its way into the store.
#[derive(Default)]
pub(super) struct Gathered {
    pub(super) commit: EpochCommit,
    /// Rows that the commit holds, for the landing to keep in memory.
    pub(super) inline: Vec<(u32, SegmentRows)>,
    /// Subjects of which something was retracted.
    pub(super) retracted: HashSet<SubjectKey>,
}

/// How an epoch's records come to count.
pub(super) enum Commit {
    /// They do already.
    Done,
    /// Together with what the dataflow makes of them: for small epochs, whose
    /// work is done sooner than the disk is asked twice.
    WithResult(Box<EpochCommit>),
    /// While the dataflow works: for large ones, which nobody wants to take in
    /// again after a kill.
    UnderWay(tokio::task::JoinHandle<Result<(), StoreError>>),
}

impl Pipeline {
    /// Looks for files to read and takes in what there is, as one epoch. Without
    /// anything to do, a new business day is an epoch too.
    ///
    /// # Errors
    /// When the landing, the store or the dataflow fails: the process must stop
    /// and start again.
    pub fn poll(&mut self, final_reading: bool) -> Result<Option<EpochSummary>> {
        let pending = self.find_files(final_reading);
        self.note_faults();
        self.epoch(pending, self.files_elsewhere(final_reading))
    }

    /// Takes pushed records in, as one epoch; gives what became of each push, in
    /// their order. Those to one source count in their order, too.
    ///
    /// # Errors
    /// As [`Pipeline::poll`].
    pub fn push(&mut self, pushes: Vec<Push>) -> Result<(Option<EpochSummary>, Vec<SourceStats>)> {
        let mut pending: BTreeMap<u16, Pending> = BTreeMap::new();
        let mut elsewhere = Elsewhere::default();
        let epoch = self.last_epoch + 1;
        let sources: Vec<u16> = pushes.iter().map(|push| push.source).collect();
        for (number, mut push) in pushes.into_iter().enumerate() {
            // A record without a key is known by the name it came under: no
            // other push may have it, whatever the caller's clock and counter.
            push.name = format!("{}.{epoch}.{number}", push.name);
            let owner = self.owner(push.source);
            if owner != self.share.process {
                elsewhere.pushes.entry(owner).or_default().push(push);
                continue;
            }
            let of_source = pending.entry(push.source).or_default();
            of_source.pushes.push(push);
        }
        self.pushed.clear();
        let summary = self.epoch(pending, elsewhere)?;
        let pushed = std::mem::take(&mut self.pushed);
        let mut pushed: BTreeMap<u16, _> = pushed
            .into_iter()
            .map(|(source, pushes)| (source, pushes.into_iter()))
            .collect();
        let next = |source| pushed.get_mut(&source)?.next();
        let became = sources.into_iter().map(next);
        Ok((summary, became.map(Option::unwrap_or_default).collect()))
    }

    pub(super) fn epoch(
        &mut self,
        pending: BTreeMap<u16, Pending>,
        elsewhere: Elsewhere,
    ) -> Result<Option<EpochSummary>> {
        let started = Instant::now();
        let time_ms = self.clock.now_ms(self.last_time_ms);
        let new_day = self.last_time_ms > 0
            && crate::time::day_of(time_ms) > crate::time::day_of(self.last_time_ms);
        let asked = self.order_intake(elsewhere, time_ms)?;
        if pending.is_empty() && asked.is_empty() && !new_day {
            return Ok(None);
        }
        let mut outputs = self.take_in(pending, time_ms)?;
        self.took_in(&asked, &mut outputs)?;
        let taken = started.elapsed();
        let changed = outputs.iter().any(|(_, output)| output.has_something());
        if !changed && !new_day {
            self.note(outputs);
            return Ok(None);
        }
        let id = self.last_epoch + 1;
        let cause = if changed {
            Cause::Evidence
        } else {
            Cause::Clock
        };
        let kind = if changed { "records" } else { "day" };
        let Gathered {
            commit,
            inline,
            retracted,
        } = self.gather(id, time_ms, kind, outputs);
        let rows = commit.rows;
        let in_row = |segment: &SegmentEntry| matches!(segment.place, Place::Inline(_));
        let commit = match commit.segments.iter().all(in_row) {
            true => Commit::WithResult(Box::new(commit)),
            false => self.start_commit(commit),
        };
        for (id, rows) in inline {
            self.records().landing.add_inline(id, rows)?;
        }
        let mut summary = self.finish(id, time_ms, cause, &retracted, commit, |_| {})?;
        summary.rows = rows;
        let finished = started.elapsed();
        if summary.events > 0 {
            self.publish()?;
        }
        tracing::debug!(id, rows, changes = summary.changes, ?taken, ?finished, ended = ?started.elapsed(), "epoch");
        self.show();
        self.view.metrics.epoch(kind, started.elapsed(), &summary);
        self.engine.tidy()?;
        Ok(Some(summary))
    }

    /// Notes what sources read although nothing of it is to be committed.
    pub(super) fn note(&mut self, outputs: Vec<(u16, SourceOutput)>) {
        for (source, output) in &outputs {
            self.note_files(*source, output);
        }
        self.note_faults();
    }

    pub(super) fn note_files(&mut self, source: u16, output: &SourceOutput) {
        for (name, position) in &output.positions {
            self.inputs.read_to(source, name.clone(), position.clone());
        }
        for (found, fault) in &output.failed {
            self.inputs.failed(source, found, fault.clone());
        }
        if !output.pushes.is_empty() {
            self.pushed.insert(source, output.pushes.clone());
        }
    }

    /// Says of every source what is wrong with it now, or that nothing is.
    pub(super) fn note_faults(&mut self) {
        let mut changed = false;
        for (source, stats) in self.stats.iter_mut().enumerate() {
            let here = self.inputs.fault(source as u16);
            stats.broken = self.inputs.is_broken(source as u16);
            let fault = here.or_else(|| self.faults_elsewhere.get(&(source as u16)).cloned());
            changed |= stats.error != fault;
            stats.error = fault;
        }
        if changed {
            self.show();
        }
    }

    /// One commit of what all sources took in.
    pub(super) fn gather(
        &mut self,
        id: u64,
        time_ms: i64,
        kind: &str,
        outputs: Vec<(u16, SourceOutput)>,
    ) -> Gathered {
        let mut gathered = Gathered::default();
        let commit = &mut gathered.commit;
        (commit.id, commit.time_ms, commit.kind) = (id, time_ms, kind.into());
        for (source, output) in &outputs {
            self.note_files(*source, output);
        }
        self.note_faults();
        for (source, output) in outputs {
            let registers = self.settings().catalogue.sources()[usize::from(source)].registers;
            if registers {
                self.names.forget(&output);
            }
            let name = self.settings().catalogue.sources()[usize::from(source)]
                .id
                .clone();
            commit.rows += output.rows;
            commit
                .superseded
                .extend(output.superseded.iter().map(|at| stored_row(*at)));
            commit.rejects.extend(output.rejects);
            let mended = output.mended.iter();
            let mended = mended.map(|key| (name.clone(), key.to_be_bytes()));
            commit.mended.extend(mended);
            for (file, position) in output.positions {
                let state = serde_json::to_string(&position).unwrap_or_default();
                commit.positions.push(Position {
                    source: name.clone(),
                    file,
                    state,
                });
            }
            for landed in output.landed {
                commit.segments.push(segment_entry(&name, &landed));
                if let Landed::Inline(segment, _, rows) = landed {
                    gathered.inline.push((segment, *rows));
                }
            }
            self.view.metrics.records(&name, &output.stats);
            self.stats[usize::from(source)].merge(&output.stats);
            let stats = serde_json::to_string(&self.stats[usize::from(source)]).unwrap_or_default();
            commit.stats.push((name, stats));
            gathered.retracted.extend(output.retracted);
        }
        gathered
    }

    pub(super) fn commit(&mut self, commit: EpochCommit) -> Result<()> {
        self.view.store.commit_epoch(&commit)?;
        Ok(())
    }

    fn start_commit(&self, commit: EpochCommit) -> Commit {
        let store = Arc::clone(&self.view.store);
        let committed = move || store.commit_epoch(&commit);
        Commit::UnderWay(self.runtime.spawn_blocking(committed))
    }

    /// Lets the dataflow work off an epoch and keeps what came of it, once its
    /// commit is done: nothing is kept or told of an epoch that is not. Whoever
    /// listens hears of every change.
    pub(super) fn finish(
        &mut self,
        id: u64,
        time_ms: i64,
        cause: Cause,
        retracted: &HashSet<SubjectKey>,
        commit: Commit,
        mut listen: impl FnMut(&ScoreChange),
    ) -> Result<EpochSummary> {
        let started = Instant::now();
        let mut sieve = Sieve::new(&self.in_force.records.settings.policy, &self.book);
        let output = self.advance_each(time_ms, |change| {
            listen(&change);
            sieve.take(change);
        })?;
        let sifted = sieve.end();
        let changes = sifted.scores.len();
        let advanced = started.elapsed();
        self.count(&output);
        let touched = self.view.groups.touched(&output, retracted);
        let groups = (&output.groups[..], &output.members[..]);
        let verdict = self.judge(id, sifted, groups, time_ms, cause, &touched)?;
        let judged = started.elapsed();
        let with_result = self.settle_commit(commit, &verdict)?;
        tracing::debug!(id, ?advanced, ?judged, committed = ?started.elapsed(), events = verdict.events.len(), "worked off");
        let summary = EpochSummary {
            id,
            rows: 0,
            changes,
            events: verdict.events.len(),
        };
        self.keep(id, time_ms, verdict, id == 1, with_result)?;
        self.view.groups.apply(&output);
        if changes > GREAT_CHANGES {
            self.give_memory_back()?;
        }
        Ok(summary)
    }

    /// Waits for a commit under way; gives the one that goes with the result.
    fn settle_commit(&mut self, commit: Commit, verdict: &Verdict) -> Result<Option<EpochCommit>> {
        match commit {
            Commit::Done => Ok(None),
            Commit::UnderWay(commit) => {
                self.runtime.block_on(commit)??;
                Ok(None)
            }
            // A file of scores must not be there before its epoch counts.
            Commit::WithResult(commit) if verdict.history.is_some() => {
                self.commit(*commit)?;
                Ok(None)
            }
            Commit::WithResult(commit) => Ok(Some(*commit)),
        }
    }

    /// Judges what came of an epoch. Many scores are written to their file
    /// meanwhile.
    pub(super) fn judge(
        &mut self,
        epoch: u64,
        mut sifted: Sifted,
        groups: (&[ScoreChange], &[Membership]),
        now_ms: i64,
        cause: Cause,
        retracted: &HashSet<SubjectKey>,
    ) -> Result<Verdict> {
        let judge = Judge {
            records: &self.in_force.records,
            epoch,
            last_ms: self.last_time_ms,
            now_ms,
            cause,
            retracted,
        };
        let history = (sifted.scores.len() > BULK_CHANGES).then(|| {
            let scores = std::mem::take(&mut sifted.scores);
            let (data, fsync) = (&self.options.data, self.options.fsync);
            history::begin(data, (epoch, now_ms), scores, fsync)
        });
        let mut verdict = judge.judge(sifted, &mut self.book, &mut self.names)?;
        verdict.history = history;
        let (changes, members) = groups;
        let groups = GroupChanges {
            changes,
            members,
            before: &self.view.groups,
        };
        verdict.extend(judge.judge_groups(&groups, &mut self.group_book, &mut self.names)?);
        Ok(verdict)
    }

    /// Keeps an epoch's verdict, and with `new_rules` which rules are in force
    /// from it on: one transaction, after the large part of the scores is in its
    /// file.
    pub(super) fn keep(
        &mut self,
        id: u64,
        time_ms: i64,
        verdict: Verdict,
        new_rules: bool,
        commit: Option<EpochCommit>,
    ) -> Result<()> {
        let result = EpochResult {
            id,
            time_ms,
            alerts: verdict.alerts,
            events: verdict.events,
            scores: verdict.scores,
            model: self.in_force.model_version().filter(|_| new_rules),
            notes: match new_rules {
                true => vec![
                    (RULES.to_owned(), self.in_force.version()),
                    (RULES_SINCE.to_owned(), format!("{id} {time_ms}")),
                ],
                false => Vec::new(),
            },
        };
        let store = &self.view.store;
        let history = verdict.history;
        let file_is_there = || history.map_or(Ok(()), history::Draft::publish);
        let sequenced = match &commit {
            Some(commit) => store.commit_finished(commit, &result)?,
            None => store.finish_epoch_once(&result, file_is_there)?,
        };
        if new_rules {
            self.in_force = Arc::new(InForce {
                epoch: id,
                time_ms,
                ..InForce::clone(&self.in_force)
            });
            self.view.put_in_force(Arc::clone(&self.in_force));
        }
        self.view.set_group_alerts(&self.group_book);
        self.view.announce(sequenced);
        self.last_epoch = id;
        self.last_time_ms = time_ms;
        Ok(())
    }

    pub(super) fn publish(&mut self) -> Result<()> {
        self.runtime
            .block_on(publish_pending(&self.view.store, &mut self.sink))?;
        Ok(())
    }

    /// Counts on what the epoch has changed of the counts.
    pub(super) fn count(&mut self, output: &EpochOutput) {
        self.standings.graded.add(&output.graded);
        self.counts.add(output);
    }
}

fn segment_entry(source: &str, landed: &Landed) -> SegmentEntry {
    let (id, rows, place) = match landed {
        Landed::File(info) => (info.id, info.rows, Place::File(segment_file(info.id))),
        Landed::Inline(id, bytes, rows) => (
            *id,
            rows.batch.num_rows() as u32,
            Place::Inline(bytes.clone()),
        ),
        Landed::Elsewhere(id, rows, inline) => {
            let in_file = || Place::File(segment_file(*id));
            (
                *id,
                *rows,
                inline.clone().map_or_else(in_file, Place::Inline),
            )
        }
    };
    SegmentEntry {
        id,
        source: source.to_owned(),
        rows: u64::from(rows),
        place,
    }
}
