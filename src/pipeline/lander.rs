//! What becomes of rows once they are read: their versions are settled, what
//! they say is loaded, and they land.

use super::intake::{IntakeError, Shared};
use super::output::{Landed, SourceOutput};
use super::raw::concat;
use super::settle::{Settler, TakenBack};
use arrow_array::{BooleanArray, RecordBatch};
use std::collections::HashSet;
use std::sync::atomic::Ordering;
use tocsin_dataflow::Loader;
use tocsin_ingest::fact::Facts;
use tocsin_ingest::index::RowRef;
use tocsin_ingest::landing::{SegmentRows, encode_inline};
use tocsin_ingest::mapping::{Mapper, Said};
use tocsin_ingest::source::Mode;

/// Rows settled and landed at a time; bounds the memory of a bulk load.
const CHUNK_ROWS: usize = 131_072;
/// Up to this many rows ride inside the store's epoch row.
const INLINE_ROWS: usize = 4_096;

/// Rows on their way: raw, what they say, and which of them are dropped (say
/// nothing new) or superseded already.
pub struct Piece {
    pub(super) raw: RecordBatch,
    pub(super) said: Said,
    pub(super) dropped: Vec<bool>,
    pub(super) superseded: Vec<bool>,
    /// The number of the push that they came with, if they did.
    pub(super) push: Option<u32>,
}

/// Rows that are settled and land together; all have the same columns.
#[derive(Default)]
pub(super) struct Chunk {
    pieces: Vec<Piece>,
    rows: usize,
}

impl Chunk {
    /// Whether rows with these columns may join.
    pub(super) fn takes(&self, raw: &RecordBatch) -> bool {
        let last = self.pieces.last();
        last.is_none_or(|piece| piece.raw.schema() == raw.schema())
    }

    /// Adds rows, of which some said something.
    pub(super) fn push(&mut self, raw: RecordBatch, said: Said, push: Option<u32>) {
        self.rows += said.len();
        let none = vec![false; said.len()];
        self.pieces.push(Piece {
            raw,
            dropped: none.clone(),
            superseded: none,
            said,
            push,
        });
    }

    /// Whether it should go on its way.
    pub(super) fn is_full(&self) -> bool {
        self.rows >= CHUNK_ROWS
    }
}

/// Settles, loads and lands the chunks of one source, in order.
pub(super) struct Lander<'a> {
    shared: &'a Shared<'a>,
    mapper: &'a Mapper,
    loader: Loader,
    /// Rows that a snapshot delivered, now or before; they are not withdrawn.
    confirmed: HashSet<RowRef>,
    out: SourceOutput,
}

impl<'a> Lander<'a> {
    /// A lander that loads what rows say through `loader`.
    pub(super) fn new(shared: &'a Shared<'a>, mapper: &'a Mapper, loader: Loader) -> Self {
        Lander {
            shared,
            mapper,
            loader,
            confirmed: HashSet::new(),
            out: SourceOutput {
                registered: Some(HashSet::new()),
                ..SourceOutput::default()
            },
        }
    }

    /// Settles, lands and loads the rows of a chunk; `last` says that nothing
    /// follows.
    ///
    /// # Errors
    /// When the landing fails.
    pub(super) fn take(&mut self, chunk: Chunk, last: bool) -> Result<(), IntakeError> {
        let Chunk {
            pieces: mut chunk,
            rows,
        } = chunk;
        if chunk.is_empty() {
            return Ok(());
        }
        let back = self.settler().settle(&mut chunk)?;
        if self.mapper.source().registers {
            self.note_registered(&chunk, rows);
        }
        let inline = last
            && rows <= INLINE_ROWS
            && self.out.landed.is_empty()
            && self.mapper.source().mode != Mode::Snapshot;
        // Of a bulk load the next chunk is read meanwhile, and of few rows neither
        // takes long.
        if rows <= INLINE_ROWS || rows >= CHUNK_ROWS {
            self.out.retracted.extend(back.unload(&mut self.loader));
            load(&mut self.loader, &chunk);
            return self.land(&chunk, inline);
        }
        let mut loader = self.loader.clone();
        std::thread::scope(|scope| {
            let beside = scope.spawn(|| {
                let retracted = back.unload(&mut loader);
                load(&mut loader, &chunk);
                loader.flush();
                retracted
            });
            let landed = self.land(&chunk, inline);
            let retracted = beside.join();
            let retracted = retracted.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            self.out.retracted.extend(retracted);
            landed
        })
    }

    /// Whom alerts may have to call by another name now.
    fn note_registered(&mut self, chunk: &[Piece], rows: usize) {
        let listed = self.out.registered.take().filter(|_| rows <= INLINE_ROWS);
        self.out.registered = listed.map(|mut listed| {
            let spoken_of = chunk.iter().flat_map(|piece| &piece.said.enterprises);
            listed.extend(spoken_of.flatten());
            listed
        });
    }

    fn settler(&mut self) -> Settler<'_> {
        Settler {
            shared: self.shared,
            mapper: self.mapper,
            confirmed: &mut self.confirmed,
            out: &mut self.out,
        }
    }

    /// Lands every row that is no duplicate.
    fn land(&mut self, chunk: &[Piece], inline: bool) -> Result<(), IntakeError> {
        let id = self.shared.next_segment.fetch_add(1, Ordering::Relaxed);
        let mut batches = Vec::with_capacity(chunk.len());
        let mut next_row = 0;
        for piece in chunk {
            let rows = self.segment_rows(piece, id, &mut next_row)?;
            batches.extend((rows.batch.num_rows() > 0).then_some(rows));
        }
        if next_row == 0 {
            return Ok(());
        }
        self.out.rows += u64::from(next_row);
        if inline {
            let rows = concat(batches)?;
            let bytes = encode_inline(&rows)?;
            self.out
                .landed
                .push(Landed::Inline(id, bytes, Box::new(rows)));
            return Ok(());
        }
        let source = &self.mapper.source().id;
        let info = self
            .shared
            .landing
            .write_segment(id, source, batches.into_iter().map(Ok))?;
        // Rows of this epoch may replace each other: later chunks must find it.
        self.shared.landing.publish(id)?;
        self.out.landed.push(Landed::File(info));
        Ok(())
    }

    /// The rows of a piece that land, with their keys and postings; notes the
    /// ones that land superseded.
    fn segment_rows(
        &mut self,
        piece: &Piece,
        segment: u32,
        next_row: &mut u32,
    ) -> Result<SegmentRows, IntakeError> {
        let said = &piece.said;
        let mut keep = vec![false; piece.raw.num_rows()];
        let mut keys = Vec::with_capacity(said.len());
        let mut subjects = Vec::with_capacity(said.len());
        let mut named = Vec::new();
        for index in (0..said.len()).filter(|index| !piece.dropped[*index]) {
            keep[said.rows[index] as usize] = true;
            let row = keys.len() as u32;
            keys.push(said.keys[index] as u64);
            said.subjects(index, &mut named);
            subjects.extend(named.iter().map(|subject| (subject.hash64(), row)));
            let at = RowRef {
                segment,
                row: *next_row + row,
            };
            if piece.superseded[index] {
                self.shared.superseded.insert(at);
                self.out.superseded.push(at);
            } else if self.mapper.source().mode == Mode::Snapshot {
                self.confirmed.insert(at);
            }
        }
        *next_row += keys.len() as u32;
        let batch = match keys.len() == piece.raw.num_rows() {
            true => piece.raw.clone(),
            false => {
                arrow_select::filter::filter_record_batch(&piece.raw, &BooleanArray::from(keep))?
            }
        };
        Ok(SegmentRows {
            source: self.mapper.source().id.clone(),
            batch,
            keys,
            subjects,
        })
    }

    /// Ends a snapshot file. If it was read to its end, whatever it did not
    /// deliver is withdrawn, but for earlier versions of rows that were refused,
    /// by their keys.
    ///
    /// # Errors
    /// When the landing fails.
    pub(super) fn end_snapshot(
        &mut self,
        complete: bool,
        refused: &HashSet<u128>,
    ) -> Result<(), IntakeError> {
        if complete {
            self.withdraw_unconfirmed(refused)?;
        }
        self.confirmed.clear();
        Ok(())
    }

    fn withdraw_unconfirmed(&mut self, refused: &HashSet<u128>) -> Result<(), IntakeError> {
        let (landing, source) = (self.shared.landing, &self.mapper.source().id);
        let segments = landing.segments().into_iter();
        for info in segments.filter(|info| info.source == *source) {
            let mut first = 0;
            for batch in landing.read(info.id)? {
                let batch = batch?;
                self.withdraw_rows(info.id, first, &batch, refused);
                first += batch.num_rows() as u32;
            }
        }
        Ok(())
    }

    fn withdraw_rows(
        &mut self,
        segment: u32,
        first: u32,
        batch: &RecordBatch,
        refused_keys: &HashSet<u128>,
    ) {
        let (said, faults) = self.mapper.map_landed(batch);
        let at = |row: u32| RowRef {
            segment,
            row: first + row,
        };
        let mut gone = Vec::new();
        for index in 0..said.len() {
            let at = at(said.rows[index]);
            let refused = refused_keys.contains(&said.keys[index]);
            if self.is_unconfirmed(at) && !refused {
                self.out.stats.withdrawn += u64::from(!said.withdraws[index]);
                self.settler().supersede(at);
                gone.push(index);
            }
        }
        for at in faults.iter().map(|fault| at(fault.row)) {
            if self.is_unconfirmed(at) {
                self.settler().supersede(at);
            }
        }
        let retracted = TakenBack::of(said, gone).unload(&mut self.loader);
        self.out.retracted.extend(retracted);
    }

    fn is_unconfirmed(&self, at: RowRef) -> bool {
        self.shared.superseded.is_live(at) && !self.confirmed.contains(&at)
    }

    /// What became of all rows. Sends what is left to the dataflow.
    pub(super) fn finish(mut self) -> SourceOutput {
        self.loader.flush();
        self.out
    }
}

/// Loads what the rows that count say.
fn load(loader: &mut Loader, chunk: &[Piece]) {
    let mut facts = Facts::default();
    for piece in chunk {
        for row in 0..piece.said.len() {
            if !piece.dropped[row] && !piece.superseded[row] && !piece.said.withdraws[row] {
                piece.said.facts(row, &mut facts);
            }
        }
        loader.add(&facts, 1);
        facts.clear();
    }
}
