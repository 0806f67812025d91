//! Versions: which rows of a chunk count, and which earlier rows they replace.
//!
//! The newest row of a key counts. A row that says again what counts already is
//! a duplicate and is dropped; a row that says something else supersedes it.

use super::intake::{IntakeError, Piece, Shared, SourceOutput};
use std::collections::BTreeMap;
use tocsin_dataflow::Loader;
use tocsin_ingest::fact::Facts;
use tocsin_ingest::index::RowRef;
use tocsin_ingest::mapping::{Mapper, Said};

/// From this many keys on, one pass over the whole index is cheaper than
/// looking each key up.
const BULK_KEYS: usize = 4_096;

/// The last version of a key within a chunk.
#[derive(Debug, Clone, Copy)]
struct Newest {
    key: u128,
    piece: usize,
    row: usize,
}

/// What settling a source's rows needs and changes.
pub(super) struct Settler<'a> {
    pub(super) shared: &'a Shared<'a>,
    pub(super) mapper: &'a Mapper,
    pub(super) loader: &'a mut Loader,
    pub(super) out: &'a mut SourceOutput,
}

impl Settler<'_> {
    /// Settles the versions of a chunk against each other and against what
    /// landed before; retracts what earlier versions said.
    pub(super) fn settle(&mut self, chunk: &mut [Piece]) -> Result<(), IntakeError> {
        if self.mapper.source().key.is_empty() {
            return Ok(());
        }
        let mut newest = within_chunk(chunk, self.out);
        newest.sort_unstable_by_key(|newest| newest.key as u64);
        for (segment, rows) in self.find_earlier(&newest)? {
            self.retract_versions(segment, rows, chunk)?;
        }
        Ok(())
    }

    /// The live rows that may be earlier versions, by segment, each with the row
    /// of the chunk that has its key's hash.
    fn find_earlier(
        &self,
        newest: &[Newest],
    ) -> Result<BTreeMap<u32, Vec<(u32, Newest)>>, IntakeError> {
        let mut by_segment: BTreeMap<u32, Vec<(u32, Newest)>> = BTreeMap::new();
        for (hash, at) in self.find_keys(newest)? {
            if !self.shared.superseded.is_live(at) {
                continue;
            }
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

    /// The landed rows whose keys have the hashes of these.
    fn find_keys(&self, newest: &[Newest]) -> Result<Vec<(u64, RowRef)>, IntakeError> {
        let (source, landing) = (&self.mapper.source().id, self.shared.landing);
        let mut keys: Vec<u64> = newest.iter().map(|newest| newest.key as u64).collect();
        keys.dedup();
        if keys.len() >= BULK_KEYS {
            return Ok(landing.find_keys_bulk(source, &keys)?);
        }
        let mut found = Vec::new();
        for key in keys {
            let rows = landing.find_key(source, key)?;
            found.extend(rows.into_iter().map(|at| (key, at)));
        }
        Ok(found)
    }

    /// Reads earlier rows again and retracts what they said, unless the new row
    /// says the same.
    fn retract_versions(
        &mut self,
        segment: u32,
        mut rows: Vec<(u32, Newest)>,
        chunk: &mut [Piece],
    ) -> Result<(), IntakeError> {
        rows.sort_unstable_by_key(|(row, newest)| (*row, newest.key));
        let asked: Vec<u32> = rows.iter().map(|(row, _)| *row).collect();
        let landed = self.shared.landing.said_rows(segment, &asked)?;
        let (said, faults) = self.mapper.map_landed(&landed.batch);
        let mut facts = Facts::default();
        for index in 0..said.len() {
            let (row, newest) = rows[said.rows[index] as usize];
            let at = RowRef { segment, row };
            if said.keys[index] != newest.key {
                continue;
            }
            let new = &mut chunk[newest.piece];
            if said.contents[index] == new.said.contents[newest.row] {
                new.dropped[newest.row] = true;
                self.out.stats.duplicates += 1;
                self.out.confirmed.insert(at);
                continue;
            }
            count_replacement(
                said.withdraws[index],
                new.said.withdraws[newest.row],
                self.out,
            );
            self.supersede(at, &said, index, &mut facts);
        }
        if !faults.is_empty() {
            // They say nothing by the present declaration; by the next one they
            // might, beside the row that has replaced them.
            let keys = self.mapper.keys(&landed.batch);
            for fault in &faults {
                let (row, newest) = rows[fault.row as usize];
                if keys[fault.row as usize] == newest.key {
                    self.supersede_silent(RowRef { segment, row });
                }
            }
        }
        self.loader.add(&facts, -1);
        Ok(())
    }

    /// Marks a landed row as superseded and gathers what it said.
    pub(super) fn supersede(&mut self, at: RowRef, said: &Said, index: usize, facts: &mut Facts) {
        let mut subjects = Vec::new();
        said.subjects(index, &mut subjects);
        self.out.retracted.extend(subjects);
        if !said.withdraws[index] {
            said.facts(index, facts);
        }
        self.supersede_silent(at);
    }

    /// Marks a landed row that says nothing as superseded.
    pub(super) fn supersede_silent(&mut self, at: RowRef) {
        self.shared.superseded.insert(at);
        self.out.superseded.push(at);
    }
}

/// Marks duplicates and superseded rows of the chunk itself.
fn within_chunk(chunk: &mut [Piece], out: &mut SourceOutput) -> Vec<Newest> {
    let mut order = Vec::new();
    for (piece, content) in chunk.iter().enumerate() {
        order.extend((0..content.said.len()).map(|row| Newest {
            key: content.said.keys[row],
            piece,
            row,
        }));
    }
    order.sort_unstable_by_key(|at| (at.key, at.piece, at.row));
    let mut newest = Vec::with_capacity(order.len());
    for versions in order.chunk_by(|a, b| a.key == b.key) {
        let mut current = versions[0];
        for version in &versions[1..] {
            let (old, new) = (&chunk[current.piece].said, &chunk[version.piece].said);
            if old.contents[current.row] == new.contents[version.row] {
                chunk[version.piece].dropped[version.row] = true;
                out.stats.duplicates += 1;
                continue;
            }
            count_replacement(old.withdraws[current.row], new.withdraws[version.row], out);
            chunk[current.piece].superseded[current.row] = true;
            current = *version;
        }
        newest.push(current);
    }
    newest
}

/// Counts a row that takes another's place: what is withdrawn already cannot be
/// withdrawn again.
fn count_replacement(old_withdraws: bool, new_withdraws: bool, out: &mut SourceOutput) {
    match (old_withdraws, new_withdraws) {
        (true, true) => {}
        (false, true) => out.stats.withdrawn += 1,
        (_, false) => out.stats.corrected += 1,
    }
}
