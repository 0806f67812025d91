//! From a hash to the rows that carry it, on disk.
//!
//! An index is a set of immutable sorted runs plus a small table in memory for
//! rows that are not in a segment file yet. Runs are merged geometrically, so a
//! lookup reads about one block for each of O(log n) runs, and memory holds
//! 0.03 bytes an entry. Everything here is derived data or comes with its
//! segment: a run under its final name is whole, and says which segments it
//! covers; opening keeps just what covers committed segments.
//!
//! Hashes are taken to be uniform; two keys with one hash are told apart by the
//! caller, who has the rows.

pub(crate) mod durable;
mod entry;
mod error;
pub(crate) mod lru;
mod merge;
mod recent;
mod recover;
mod run;
mod run_writer;
mod spread;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

pub use durable::Durability;
pub use entry::{Entry, RowRef};
pub use error::IndexError;
use merge::Merge;
use recent::Recent;
pub(crate) use run::Handles;
use run::Run;
use run_writer::RunWriter;
pub use spread::sort_by_hash;

/// Which segments count, asked once for each candidate row.
pub type Live<'a> = &'a dyn Fn(u32) -> bool;

/// A multimap from hashes to rows. Shared between threads: readers never wait
/// for a merge.
pub struct Index {
    folder: PathBuf,
    durability: Durability,
    handles: Arc<Handles>,
    state: RwLock<State>,
    merge: Mutex<Option<Merge>>,
    next_run: AtomicU64,
    /// Whether it keeps in mind what its youngest runs may hold.
    remembers: bool,
}

#[derive(Default)]
struct State {
    runs: Vec<Arc<Run>>,
    /// Rows whose segment has no file yet.
    fresh: BTreeSet<Entry>,
    /// What runs written since the last merge may hold.
    recent: Recent,
}

impl Index {
    /// The index, for an owner that asks for every hash whether it is there:
    /// keeps in mind what the runs hold that are not merged yet.
    pub(crate) fn remembering(mut self) -> Self {
        self.remembers = true;
        self
    }

    /// Writes one run for the rows of a segment; durable on return. `entries`
    /// come in any order.
    ///
    /// # Errors
    /// [`IndexError::Io`].
    pub fn add_segment(&self, segment: u32, mut entries: Vec<Entry>) -> Result<(), IndexError> {
        sort_by_hash(&mut entries, |entry| entry.hash, Entry::cmp);
        let mut writer = self.new_run()?;
        for entry in &entries {
            writer.push(entry)?;
        }
        let run = Arc::new(writer.finish(&[segment], &self.handles)?);
        run.set_recent(self.remembers);
        let mut state = self.write();
        if self.remembers {
            state.recent.add_all(&entries);
        }
        state.runs.push(run);
        Ok(())
    }

    /// Adds rows that are kept in memory only.
    pub fn add_fresh(&self, entries: impl IntoIterator<Item = Entry>) {
        self.write().fresh.extend(entries);
    }

    /// Forgets rows added by [`Index::add_fresh`].
    pub fn remove_fresh(&self, entries: impl IntoIterator<Item = Entry>) {
        let mut state = self.write();
        for entry in entries {
            state.fresh.remove(&entry);
        }
    }

    /// Live rows under `hash`, highest [`RowRef`] first, at most `limit`.
    ///
    /// # Errors
    /// [`IndexError::Io`].
    pub fn find(&self, hash: u64, limit: usize, live: Live<'_>) -> Result<Vec<RowRef>, IndexError> {
        let (runs, mut found) = self.snapshot(hash, limit, live);
        for run in runs {
            let mut room = limit;
            run.find(hash, &mut |at| {
                if room > 0 && live(at.segment) {
                    found.push(at);
                    room -= 1;
                }
                room > 0
            })?;
        }
        found.sort_unstable_by(|a, b| b.cmp(a));
        found.dedup();
        found.truncate(limit);
        Ok(found)
    }

    /// Live rows under any of `hashes` (ascending, unique), as sorted entries.
    /// Costs a walk through the hashes for each run that was there before the
    /// last merge, and through those that may be there for each younger one, and
    /// reads each block of a run at most once: made for many hashes.
    ///
    /// # Errors
    /// [`IndexError::Io`].
    pub fn find_many(&self, hashes: &[u64], live: Live<'_>) -> Result<Vec<Entry>, IndexError> {
        let mut found = self.fresh_among(hashes, live);
        let (runs, recent) = self.asked(hashes);
        for run in runs {
            let mut cursor = run.cursor()?;
            for hash in if run.is_recent() { &recent } else { hashes } {
                cursor.find(*hash, &mut |at| {
                    if live(at.segment) {
                        found.push(Entry { hash: *hash, at });
                    }
                    true
                })?;
            }
        }
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }

    /// Does up to `budget` entries of merging; false when there is nothing to
    /// do. Readers go on meanwhile. Entries of segments that are not live, and of
    /// rows that are not `wanted`, are dropped on the way.
    ///
    /// # Errors
    /// [`IndexError::Io`]; the merge is then given up, and the inputs stay.
    pub fn merge_step(
        &self,
        budget: usize,
        live: Live<'_>,
        wanted: &dyn Fn(RowRef) -> bool,
    ) -> Result<bool, IndexError> {
        let mut slot = self.merge.lock().unwrap_or_else(PoisonError::into_inner);
        let current = match slot.take() {
            Some(merge) => Some(merge),
            None => self.next_merge(live)?,
        };
        let Some(mut merge) = current else {
            self.forget_recent();
            return Ok(false);
        };
        if merge.step(budget, wanted)? {
            let (inputs, output) = merge.finish(&self.handles)?;
            output.set_recent(inputs.iter().all(|run| run.is_recent()));
            self.replace(&inputs, Some(output));
        } else {
            *slot = Some(merge);
        }
        Ok(true)
    }

    /// How many runs a lookup touches now.
    pub fn runs(&self) -> usize {
        self.read().runs.len()
    }

    fn next_merge(&self, live: Live<'_>) -> Result<Option<Merge>, IndexError> {
        // `live` may wait for a lock whose holder waits for `state`: never ask
        // it while holding `state`, and only of runs that are here already.
        let runs = self.read().runs.clone();
        let is_dead = |run: &Arc<Run>| !run.segments().iter().any(|segment| live(*segment));
        let (dead, alive): (Vec<_>, Vec<_>) = runs.into_iter().partition(is_dead);
        self.replace(&dead, None);
        match merge::due(&alive) {
            Some(inputs) => Merge::new(inputs, self.new_run()?, live).map(Some),
            None => Ok(None),
        }
    }

    /// The runs, and which of `hashes` the recent ones may hold.
    fn asked(&self, hashes: &[u64]) -> (Vec<Arc<Run>>, Vec<u64>) {
        let state = self.read();
        (state.runs.clone(), state.recent.among(hashes))
    }

    /// Gives up what is known of recent runs: few are left, or nobody will ask for
    /// many hashes before they are merged.
    pub(crate) fn forget_recent(&self) {
        if self.read().recent.is_empty() {
            return;
        }
        let mut state = self.write();
        state.recent = Recent::default();
        state.runs.iter().for_each(|run| run.set_recent(false));
    }

    fn replace(&self, old: &[Arc<Run>], new: Option<Run>) {
        if old.is_empty() && new.is_none() {
            return;
        }
        let mut state = self.write();
        state
            .runs
            .retain(|run| !old.iter().any(|gone| Arc::ptr_eq(run, gone)));
        state.runs.extend(new.map(Arc::new));
        old.iter().for_each(|run| run.retire());
    }

    fn snapshot(&self, hash: u64, limit: usize, live: Live<'_>) -> (Vec<Arc<Run>>, Vec<RowRef>) {
        let state = self.read();
        let fresh = under(&state.fresh, hash)
            .filter(|at| live(at.segment))
            .take(limit)
            .collect();
        (state.runs.clone(), fresh)
    }

    fn fresh_among(&self, hashes: &[u64], live: Live<'_>) -> Vec<Entry> {
        let state = self.read();
        let wanted =
            |entry: &Entry| live(entry.at.segment) && hashes.binary_search(&entry.hash).is_ok();
        if state.fresh.len() < hashes.len() {
            return state.fresh.iter().copied().filter(wanted).collect();
        }
        let rows = hashes
            .iter()
            .flat_map(|hash| under(&state.fresh, *hash).map(|at| Entry { hash: *hash, at }));
        rows.filter(|entry| live(entry.at.segment)).collect()
    }

    fn new_run(&self) -> Result<RunWriter, IndexError> {
        let number = self.next_run.fetch_add(1, Ordering::Relaxed);
        RunWriter::create(run_path(&self.folder, number), self.durability)
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Rows under a hash, newest first.
fn under(fresh: &BTreeSet<Entry>, hash: u64) -> impl Iterator<Item = RowRef> {
    let range = Entry::new(hash, u32::MAX, u32::MAX)..=Entry::new(hash, 0, 0);
    fresh.range(range).map(|entry| entry.at)
}

fn run_path(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("{number:012}.run"))
}
