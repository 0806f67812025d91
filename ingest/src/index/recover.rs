//! Opening an index after whatever happened.
//!
//! Kept are runs that together cover every live segment at most once; what a
//! kill left half done (temporary files, inputs of a merge whose output is
//! there, runs of segments that were never committed) is removed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, RwLock};

use super::Index;
use super::durable::{Durability, create_folder, finished_files, remove};
use super::error::IndexError;
use super::merge::Merge;
use super::run::{Handles, Run};

impl Index {
    /// Opens the index in `folder` (made if missing) for the `live` segments.
    /// Returns it with the live segments that no run covers: the caller adds
    /// them again with [`Index::add_segment`].
    ///
    /// # Errors
    /// [`IndexError::Io`]. Damaged runs are no error: they are removed, and
    /// their segments are among the missing.
    pub(crate) fn open(
        folder: &Path,
        live: &BTreeSet<u32>,
        handles: &Arc<Handles>,
        durability: Durability,
    ) -> Result<(Index, BTreeSet<u32>), IndexError> {
        create_folder(folder, durability)?;
        let files = finished_files(folder)?;
        let index = Index {
            folder: folder.to_path_buf(),
            durability,
            handles: Arc::clone(handles),
            state: RwLock::default(),
            merge: Mutex::new(None),
            next_run: AtomicU64::new(next_number(&files)),
            remembers: false,
        };
        let (runs, missing) = cover(readable(files, handles)?, live)?;
        for run in runs {
            let run = index.without_uncommitted(run, live)?;
            index.write().runs.push(run);
        }
        Ok((index, missing))
    }

    /// Rewrites a run that holds rows of a segment which was merged but never
    /// committed: its id may be given again. Ids below the newest live one never are.
    fn without_uncommitted(
        &self,
        run: Arc<Run>,
        live: &BTreeSet<u32>,
    ) -> Result<Arc<Run>, IndexError> {
        if run.segments().last() <= live.last() {
            return Ok(run);
        }
        let keep = |segment| live.contains(&segment);
        let mut merge = Merge::new(vec![run], self.new_run()?, &keep)?;
        while !merge.step(usize::MAX, &|_| true)? {}
        let (inputs, output) = merge.finish(&self.handles)?;
        inputs.iter().for_each(|input| input.retire());
        Ok(Arc::new(output))
    }
}

fn next_number(files: &[PathBuf]) -> u64 {
    let numbers = files
        .iter()
        .filter_map(|path| path.file_stem()?.to_str()?.parse().ok());
    numbers.max().map_or(0, |last: u64| last + 1)
}

/// Opens runs; removes the damaged.
fn readable(files: Vec<PathBuf>, handles: &Arc<Handles>) -> Result<Vec<Run>, IndexError> {
    let mut runs = Vec::with_capacity(files.len());
    for path in files {
        match Run::open(path.clone(), Arc::clone(handles)) {
            Ok(run) => runs.push(run),
            Err(IndexError::Damaged { reason, .. }) => {
                tracing::warn!(path = %path.display(), reason, "index run is damaged, rebuilding");
                remove(&path)?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(runs)
}

type Covered = (Vec<Arc<Run>>, BTreeSet<u32>);

/// Chooses the widest runs until everything is covered once; removes the rest.
fn cover(mut runs: Vec<Run>, live: &BTreeSet<u32>) -> Result<Covered, IndexError> {
    let width = |run: &Run| {
        run.segments()
            .iter()
            .filter(|segment| live.contains(*segment))
            .count()
    };
    runs.sort_by_key(|run| std::cmp::Reverse(width(run)));
    let mut missing = live.clone();
    let mut kept = Vec::new();
    for run in runs {
        let wanted = run
            .segments()
            .iter()
            .filter(|segment| live.contains(*segment));
        let (new, known): (Vec<u32>, Vec<u32>) =
            wanted.partition(|segment| missing.contains(*segment));
        if new.is_empty() || !known.is_empty() {
            remove(run.path())?;
            continue;
        }
        new.iter().for_each(|segment| {
            missing.remove(segment);
        });
        kept.push(Arc::new(run));
    }
    Ok((kept, missing))
}
