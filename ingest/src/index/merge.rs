//! Turns several runs into one, a bounded piece of work at a time.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};
use std::sync::Arc;

use super::entry::{Entry, RowRef};
use super::error::IndexError;
use super::run::{Handles, Run, Scan};
use super::run_writer::RunWriter;

/// Runs below this size count as equally small.
const SMALLEST_LEVEL_ENTRIES: usize = 16 * 1024;
/// So many runs of one level become one of the next: a lookup touches at most
/// `FANOUT - 1` runs for each power of `FANOUT` in the number of entries.
const FANOUT: usize = 4;

/// A merge under way. Dropping it leaves the inputs as they were.
pub(crate) struct Merge {
    inputs: Vec<Arc<Run>>,
    scans: Vec<Scan>,
    heads: BinaryHeap<Reverse<(Entry, usize)>>,
    out: RunWriter,
    /// The segments that were still wanted when the merge began.
    kept: BTreeSet<u32>,
}

impl Merge {
    pub(crate) fn new(
        inputs: Vec<Arc<Run>>,
        out: RunWriter,
        live: &dyn Fn(u32) -> bool,
    ) -> Result<Self, IndexError> {
        let segments = inputs.iter().flat_map(|run| run.segments().iter().copied());
        let kept = segments.filter(|segment| live(*segment)).collect();
        let scans = inputs
            .iter()
            .map(Run::scan)
            .collect::<Result<Vec<_>, _>>()?;
        let mut merge = Merge {
            inputs,
            scans,
            heads: BinaryHeap::new(),
            out,
            kept,
        };
        for input in 0..merge.scans.len() {
            merge.pull(input)?;
        }
        Ok(merge)
    }

    /// Moves up to `budget` entries, but for those of rows that nobody will ever
    /// ask for. True when all have been moved.
    pub(crate) fn step(
        &mut self,
        budget: usize,
        wanted: &dyn Fn(RowRef) -> bool,
    ) -> Result<bool, IndexError> {
        for _ in 0..budget {
            let Some(Reverse((entry, input))) = self.heads.pop() else {
                return Ok(true);
            };
            if self.kept.contains(&entry.at.segment) && wanted(entry.at) {
                self.out.push(&entry)?;
            }
            self.pull(input)?;
        }
        Ok(self.heads.is_empty())
    }

    /// The runs that were read, and the one that replaces them.
    pub(crate) fn finish(self, handles: &Arc<Handles>) -> Result<(Vec<Arc<Run>>, Run), IndexError> {
        let kept: Vec<u32> = self.kept.into_iter().collect();
        Ok((self.inputs, self.out.finish(&kept, handles)?))
    }

    fn pull(&mut self, input: usize) -> Result<(), IndexError> {
        if let Some(entry) = self.scans[input].next()? {
            self.heads.push(Reverse((entry, input)));
        }
        Ok(())
    }
}

/// The runs that should become one now: all of the lowest level that is full.
pub(crate) fn due(runs: &[Arc<Run>]) -> Option<Vec<Arc<Run>>> {
    let highest = runs.iter().map(|run| level(run.entries())).max()?;
    (0..=highest).find_map(|wanted| {
        let at_level = runs.iter().filter(|run| level(run.entries()) == wanted);
        let members: Vec<_> = at_level.map(Arc::clone).collect();
        (members.len() >= FANOUT).then_some(members)
    })
}

fn level(entries: usize) -> u32 {
    (entries / SMALLEST_LEVEL_ENTRIES)
        .checked_ilog(FANOUT)
        .map_or(0, |power| power + 1)
}
