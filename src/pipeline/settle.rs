//! Versions: which rows of a chunk count, and which earlier rows they replace.
//!
//! The newest row of a key counts. A row that says again what counts already is
//! a duplicate and is dropped; a row that says something else supersedes it.

use super::intake::{IntakeError, Shared};
use super::lander::Piece;
use super::output::SourceOutput;
use super::stats::SourceStats;
use arrow_array::RecordBatch;
use std::collections::{BTreeMap, HashSet};
use std::sync::{Mutex, PoisonError};
use tocsin_dataflow::Loader;
use tocsin_ingest::fact::{Facts, SubjectKey};
use tocsin_ingest::index::{RowRef, sort_by_hash};
use tocsin_ingest::landing::LandingError;
use tocsin_ingest::mapping::{Mapper, RowFault, Said};

/// From this many keys on, one pass over the index in their order is cheaper than
/// looking each key up.
const BULK_KEYS: usize = 256;
/// A thread looks for so many at least.
const SHARED_KEYS: usize = 2_048;
/// From this many rows on, several threads read them again.
const SHARED_ROWS: usize = 16;

/// A row of a chunk and its key.
#[derive(Debug, Clone, Copy)]
struct Version {
    key: u128,
    piece: u32,
    row: u32,
}

/// The last version of a key within a chunk.
#[derive(Debug, Clone, Copy)]
struct Newest {
    key: u128,
    piece: usize,
    row: usize,
    /// Piece and row of the first version within the chunk.
    first: (usize, usize),
}

/// Rows of one segment that may be earlier versions, read again: each with the
/// row of the chunk that has its key's hash.
struct Earlier {
    segment: u32,
    rows: Vec<(u32, Newest)>,
    batch: RecordBatch,
    said: Said,
    faults: Vec<RowFault>,
}

/// What settling a source's rows needs and changes.
pub(super) struct Settler<'a> {
    pub(super) shared: &'a Shared<'a>,
    pub(super) mapper: &'a Mapper,
    /// Rows that a snapshot confirms.
    pub(super) confirmed: &'a mut HashSet<RowRef>,
    pub(super) out: &'a mut SourceOutput,
}

impl Settler<'_> {
    /// Settles the versions of a chunk against each other and against what
    /// landed before; gives what earlier versions said, which is to be taken back.
    pub(super) fn settle(&mut self, chunk: &mut [Piece]) -> Result<TakenBack, IntakeError> {
        let mut back = TakenBack::default();
        if self.mapper.source().key.is_empty() {
            return Ok(back);
        }
        let newest = within_chunk(chunk, self.out);
        for earlier in self.read_earlier(self.find_earlier(&newest)?)? {
            back.rows.push(self.retract_versions(earlier, chunk));
        }
        Ok(back)
    }

    /// Reads earlier rows again, several segments at a time where they are many:
    /// what reading costs is most of what a batch of corrections costs.
    fn read_earlier(
        &self,
        by_segment: BTreeMap<u32, Vec<(u32, Newest)>>,
    ) -> Result<Vec<Earlier>, IntakeError> {
        let rows: usize = by_segment.values().map(Vec::len).sum();
        let mut work: Vec<_> = by_segment.into_iter().collect();
        if rows < SHARED_ROWS || work.len() == 1 || self.shared.workers == 1 {
            let read = work
                .into_iter()
                .map(|(segment, rows)| self.read(segment, rows));
            return read.collect();
        }
        // The largest first, so that no thread is left with it at the end; in
        // their order again afterwards.
        work.sort_by_key(|(_, rows)| rows.len());
        let (work, done) = (Mutex::new(work), Mutex::new(Vec::new()));
        let read = || {
            while let Some((segment, rows)) = pop(&work) {
                let earlier = self.read(segment, rows);
                done.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(earlier);
            }
        };
        std::thread::scope(|scope| {
            (1..self.shared.workers).for_each(|_| drop(scope.spawn(read)));
            read();
        });
        let done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut earlier = done.into_iter().collect::<Result<Vec<_>, _>>()?;
        earlier.sort_unstable_by_key(|earlier| earlier.segment);
        Ok(earlier)
    }

    fn read(&self, segment: u32, mut rows: Vec<(u32, Newest)>) -> Result<Earlier, IntakeError> {
        rows.sort_unstable_by_key(|(row, newest)| (*row, newest.key));
        let asked: Vec<u32> = rows.iter().map(|(row, _)| *row).collect();
        let landed = self.shared.landing.said_rows(segment, &asked)?;
        let (said, faults) = self.mapper.map_landed(&landed.batch);
        Ok(Earlier {
            segment,
            rows,
            batch: landed.batch,
            said,
            faults,
        })
    }

    /// The live rows that may be earlier versions, by segment, each with the row
    /// of the chunk that has its key's hash.
    fn find_earlier(
        &self,
        newest: &[Newest],
    ) -> Result<BTreeMap<u32, Vec<(u32, Newest)>>, IntakeError> {
        let mut by_segment: BTreeMap<u32, Vec<(u32, Newest)>> = BTreeMap::new();
        for (hash, at) in self.find_keys(newest)? {
            let first = newest.partition_point(|newest| (newest.key as u64) < hash);
            let same_hash = newest[first..]
                .iter()
                .take_while(|newest| newest.key as u64 == hash);
            by_segment
                .entry(at.segment)
                .or_default()
                .extend(same_hash.map(|newest| (at.row, *newest)));
        }
        Ok(by_segment)
    }

    /// The rows that count whose keys have the hashes of these.
    fn find_keys(&self, newest: &[Newest]) -> Result<Vec<(u64, RowRef)>, IntakeError> {
        let (source, landing) = (&self.mapper.source().id, self.shared.landing);
        let mut keys: Vec<u64> = newest.iter().map(|newest| newest.key as u64).collect();
        keys.dedup();
        if keys.len() >= BULK_KEYS {
            return self.find_many(&keys);
        }
        let mut found = Vec::new();
        for key in keys {
            let rows = landing.find_key(source, key)?;
            found.extend(rows.into_iter().map(|at| (key, at)));
        }
        self.shared
            .superseded
            .keep_live(&mut found, |found| found.1);
        Ok(found)
    }

    /// [`Settler::find_keys`] of many keys, a share of them a thread: what it costs
    /// is the reading of blocks here and there.
    fn find_many(&self, keys: &[u64]) -> Result<Vec<(u64, RowRef)>, IntakeError> {
        let (source, landing) = (&self.mapper.source().id, self.shared.landing);
        let find = |keys: &[u64]| -> Result<_, LandingError> {
            let mut found = landing.find_keys_bulk(source, keys)?;
            self.shared
                .superseded
                .keep_live(&mut found, |found| found.1);
            Ok(found)
        };
        let share = keys.len().div_ceil(self.shared.workers).max(SHARED_KEYS);
        let mut shares = keys.chunks(share);
        let first = shares.next().unwrap_or_default();
        std::thread::scope(|scope| {
            let others: Vec<_> = shares.map(|keys| scope.spawn(move || find(keys))).collect();
            let mut found = find(first)?;
            for other in others {
                let more = other.join();
                found.extend(more.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?);
            }
            Ok(found)
        })
    }

    /// Marks earlier rows that the new ones replace, unless those say the same;
    /// gives what they said.
    fn retract_versions(&mut self, earlier: Earlier, chunk: &mut [Piece]) -> (Said, Vec<usize>) {
        let Earlier {
            segment,
            rows,
            batch,
            said,
            faults,
        } = earlier;
        let mut gone = Vec::with_capacity(said.len());
        for index in 0..said.len() {
            let (row, newest) = rows[said.rows[index] as usize];
            let at = RowRef { segment, row };
            if said.keys[index] != newest.key {
                continue;
            }
            // It is the first version that took its place, or said it again: so it is
            // counted the same however records are batched.
            let (piece, first) = newest.first;
            let next = &chunk[piece].said;
            let withdraws = (said.withdraws[index], next.withdraws[first]);
            let same = said.contents[index] == next.contents[first];
            self.out.count(chunk[piece].push, |stats| match same {
                true => stats.duplicates += 1,
                false => count_replacement(withdraws, stats),
            });
            let new = &mut chunk[newest.piece];
            if said.contents[index] == new.said.contents[newest.row] {
                new.dropped[newest.row] = true;
                self.confirmed.insert(at);
                continue;
            }
            self.supersede(at);
            gone.push(index);
        }
        if !faults.is_empty() {
            // They say nothing by the present declaration; by the next one they
            // might, beside the row that has replaced them.
            let keys = self.mapper.keys(&batch);
            for fault in &faults {
                let (row, newest) = rows[fault.row as usize];
                if keys[fault.row as usize] == newest.key {
                    self.supersede(RowRef { segment, row });
                }
            }
        }
        (said, gone)
    }

    /// Marks a landed row as superseded.
    pub(super) fn supersede(&mut self, at: RowRef) {
        self.shared.superseded.insert(at);
        self.out.superseded.push(at);
    }
}

/// What rows said that no longer count.
#[derive(Default)]
pub(super) struct TakenBack {
    /// What the rows of a batch say, and which of them no longer count.
    rows: Vec<(Said, Vec<usize>)>,
}

impl TakenBack {
    /// Some of the rows of a batch.
    pub(super) fn of(said: Said, gone: Vec<usize>) -> Self {
        let rows = vec![(said, gone)];
        TakenBack { rows }
    }

    /// Takes it back through `loader`; gives the subjects that the rows named.
    pub(super) fn unload(&self, loader: &mut Loader) -> HashSet<SubjectKey> {
        let (mut facts, mut named) = (Facts::default(), Vec::new());
        let mut retracted = HashSet::new();
        for (said, gone) in &self.rows {
            for index in gone.iter().copied() {
                said.subjects(index, &mut named);
                retracted.extend(named.drain(..));
                if !said.withdraws[index] {
                    said.facts(index, &mut facts);
                }
            }
            loader.add(&facts, -1);
            facts.clear();
        }
        retracted
    }
}

fn pop<T>(work: &Mutex<Vec<T>>) -> Option<T> {
    work.lock().unwrap_or_else(PoisonError::into_inner).pop()
}

/// Marks duplicates and superseded rows of the chunk itself; gives the last version
/// of each key, in the order of the keys' hashes.
fn within_chunk(chunk: &mut [Piece], out: &mut SourceOutput) -> Vec<Newest> {
    let versions = in_order(chunk);
    let mut newest = Vec::with_capacity(versions.len());
    for versions in versions.chunk_by(|a, b| a.key == b.key) {
        let mut current = versions[0].place();
        for version in &versions[1..] {
            let version = version.place();
            let (old, new) = (&chunk[current.0].said, &chunk[version.0].said);
            if old.contents[current.1] == new.contents[version.1] {
                chunk[version.0].dropped[version.1] = true;
                out.count(chunk[version.0].push, |stats| stats.duplicates += 1);
                continue;
            }
            let withdraws = (old.withdraws[current.1], new.withdraws[version.1]);
            let replaced = |stats: &mut SourceStats| count_replacement(withdraws, stats);
            out.count(chunk[version.0].push, replaced);
            chunk[current.0].superseded[current.1] = true;
            current = version;
        }
        newest.push(Newest {
            key: versions[0].key,
            piece: current.0,
            row: current.1,
            first: versions[0].place(),
        });
    }
    newest
}

/// The rows of a chunk by the hashes of their keys, those of one key as they came.
fn in_order(chunk: &[Piece]) -> Vec<Version> {
    let rows = chunk.iter().map(|piece| piece.said.len()).sum();
    let mut versions = Vec::with_capacity(rows);
    for (piece, content) in (0..).zip(chunk) {
        let keys = (0..).zip(&content.said.keys);
        versions.extend(keys.map(|(row, key)| Version {
            key: *key,
            piece,
            row,
        }));
    }
    let order = |at: &Version| (at.key as u64, at.key, at.piece, at.row);
    let compare = |a: &Version, b: &Version| order(a).cmp(&order(b));
    sort_by_hash(&mut versions, |at| at.key as u64, compare);
    versions
}

impl Version {
    /// Its piece and the row in it.
    fn place(&self) -> (usize, usize) {
        (self.piece as usize, self.row as usize)
    }
}

/// Counts a row that takes another's place, of which each withdraws or does not:
/// what is withdrawn already cannot be withdrawn again.
fn count_replacement(withdraws: (bool, bool), stats: &mut SourceStats) {
    match withdraws {
        (true, true) => {}
        (false, true) => stats.withdrawn += 1,
        (_, false) => stats.corrected += 1,
    }
}
