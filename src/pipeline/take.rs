//! The first half of an epoch: every source takes in what it has.

use super::Pipeline;
use super::inputs::Pending;
use super::intake::{Intake, IntakeError, Shared};
use super::mending;
use super::output::SourceOutput;
use crate::progress::Progress;
use anyhow::Result;
use std::collections::BTreeMap;
use std::sync::Mutex;
use tocsin_ingest::source::Source;

/// Fewer bytes than this are read on the pipeline's own thread.
const SMALL_BYTES: u64 = 1 << 18;
/// After more than this, what a bulk load alone needs is given back.
const GREAT_BYTES: u64 = 1 << 26;

impl Pipeline {
    /// The files of this process's sources that are to be read.
    pub(super) fn find_files(&mut self, final_reading: bool) -> BTreeMap<u16, Pending> {
        let now_ms = crate::time::now_ms();
        let (stats, share) = (&self.stats, self.share);
        let fed = |source: u16| stats[usize::from(source)].read > 0;
        let takes = |source: &Source| share.has(source);
        let settings = &self.in_force.records.settings;
        self.inputs
            .scan(settings, now_ms, final_reading, takes, fed)
    }

    /// Takes in what every source has, several sources at a time where it is
    /// much.
    pub(super) fn take_in(
        &mut self,
        pending: BTreeMap<u16, Pending>,
        time_ms: i64,
    ) -> Result<Vec<(u16, SourceOutput)>> {
        let bytes: u64 = pending.values().map(Pending::bytes).sum();
        let mut work: Vec<(u16, Pending)> = pending.into_iter().collect();
        let threads = if bytes < SMALL_BYTES || work.len() == 1 {
            1
        } else {
            self.options.workers
        };
        // The largest source first, so that no thread is left with it at the end.
        work.sort_by_key(|(_, pending)| pending.bytes());
        let progress = Progress::new("taking in", "bytes", bytes);
        let (work, done) = (Mutex::new(work), Mutex::new(Vec::new()));
        let this = &*self;
        let take = || {
            while let Some((source, pending)) = next_of(&work) {
                let output = this.take_source(source, &pending, time_ms, &progress);
                lock(&done).push((source, output));
            }
        };
        if threads == 1 {
            take();
        } else {
            std::thread::scope(|scope| {
                for _ in 0..threads {
                    scope.spawn(|| {
                        take();
                        if bytes >= GREAT_BYTES {
                            crate::memory::give_back();
                        }
                    });
                }
            });
        }
        let mut outputs = Vec::new();
        for (source, output) in done.into_inner().unwrap_or_else(|e| e.into_inner()) {
            outputs.push((source, output?));
        }
        outputs.sort_by_key(|(source, _)| *source);
        for (source, output) in &outputs {
            let waiting = &mut self.waiting[usize::from(*source)];
            mending::after(waiting, &output.mended, &output.rejects);
        }
        Ok(outputs)
    }

    pub(super) fn take_source(
        &self,
        source: u16,
        pending: &Pending,
        time_ms: i64,
        progress: &Progress,
    ) -> Result<SourceOutput, IntakeError> {
        let records = self.records();
        let shared = Shared {
            landing: &records.landing,
            superseded: &records.superseded,
            next_segment: &self.next_segment,
            time_ms,
            progress,
            workers: self.options.workers,
        };
        let (mapper, loader) = (records.mapper(source), self.engine.loader());
        let taken = std::thread::scope(|scope| {
            let waiting = &self.waiting[usize::from(source)];
            let mut intake = Intake::new(scope, &shared, mapper, loader, waiting);
            for reading in &pending.files {
                intake.file(reading)?;
            }
            for push in &pending.pushes {
                intake.pushed(&push.name, &push.bytes)?;
            }
            intake.finish()
        });
        if pending.bytes() >= GREAT_BYTES {
            records
                .landing
                .end_bulk(&records.mapper(source).source().id);
        }
        taken
    }
}

fn next_of<T>(work: &Mutex<Vec<T>>) -> Option<T> {
    lock(work).pop()
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}
