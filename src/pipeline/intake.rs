//! One source's share of an epoch: bytes → rows → what they say → landed and
//! loaded. Runs on any thread; sources do not wait for each other.

use super::inputs::{FileFault, Reading};
use super::live::Superseded;
pub use super::raw::raw_batch;
use super::raw::{concat, reject_of};
use super::settle::Settler;
use super::stats::SourceStats;
use crate::progress::Progress;
use arrow_array::{BooleanArray, RecordBatch};
use std::collections::HashSet;
use std::sync::atomic::{AtomicU32, Ordering};
use thiserror::Error;
use tocsin_alerts::store::RejectRow;
use tocsin_dataflow::Loader;
use tocsin_ingest::fact::{Facts, SubjectKey};
use tocsin_ingest::format::{
    CsvDecoder, CsvOptions, CsvPosition, RowBatch, WorkbookError, read_workbook,
};
use tocsin_ingest::index::RowRef;
use tocsin_ingest::landing::{Landing, LandingError, SegmentInfo, SegmentRows, encode_inline};
use tocsin_ingest::mapping::{Mapper, RowFault, Said};
use tocsin_ingest::source::{FileKind, Mode, is_reserved};
use tocsin_ingest::transport::{Blocks, Found};

/// Rows settled and landed at a time; bounds the memory of a bulk load.
const CHUNK_ROWS: usize = 131_072;
/// Up to this many rows ride inside the store's epoch row.
const INLINE_ROWS: usize = 4_096;

/// What stops a source's intake.
#[derive(Debug, Error)]
pub enum IntakeError {
    /// The landing failed: nothing of the epoch may be committed.
    #[error(transparent)]
    Landing(#[from] LandingError),
    /// Arrow refused what should fit: a fault of the program.
    #[error(transparent)]
    Arrow(#[from] arrow_schema::ArrowError),
}

/// What all sources share while an epoch is taken in.
pub struct Shared<'a> {
    /// Where rows land.
    pub landing: &'a Landing,
    /// Which rows no longer count.
    pub superseded: &'a Superseded,
    /// The next segment's number.
    pub next_segment: &'a AtomicU32,
    /// The epoch's business time, milliseconds UTC.
    pub time_ms: i64,
    /// How many bytes of all that there is have been read.
    pub progress: &'a Progress,
}

/// Rows on their way: raw, what they say, and which of them are dropped (say
/// nothing new) or superseded already.
pub struct Piece {
    pub(super) raw: RecordBatch,
    pub(super) said: Said,
    pub(super) dropped: Vec<bool>,
    pub(super) superseded: Vec<bool>,
}

/// Where a source's rows of the epoch landed.
pub enum Landed {
    /// In a Parquet segment.
    File(SegmentInfo),
    /// In the epoch's own row, with the rows themselves for the landing's cache.
    Inline(u32, Vec<u8>, Box<SegmentRows>),
    /// With another process: the segment's number and rows, and the bytes of
    /// those that ride in the epoch's own row.
    Elsewhere(u32, u32, Option<Vec<u8>>),
}

/// Everything that a source's intake adds to the epoch.
#[derive(Default)]
pub struct SourceOutput {
    /// New segments.
    pub landed: Vec<Landed>,
    /// Rows that no longer count.
    pub superseded: Vec<RowRef>,
    /// How far each file was read, where that is further than before.
    pub positions: Vec<(String, CsvPosition)>,
    /// Files that could not be read to their end.
    pub failed: Vec<(Found, FileFault)>,
    /// Why a push was refused as a whole: the last one that was.
    pub refused: Option<String>,
    /// Refused records.
    pub rejects: Vec<RejectRow>,
    /// What was counted.
    pub stats: SourceStats,
    /// Subjects of which something was retracted.
    pub retracted: HashSet<SubjectKey>,
    /// Whom the rows of a registering source speak of; `None` where they are too
    /// many to list.
    pub registered: Option<HashSet<SubjectKey>>,
    /// Rows landed.
    pub rows: u64,
    /// Rows that a snapshot delivered, now or before; they are not withdrawn.
    pub confirmed: HashSet<RowRef>,
    /// Keys of rows that a snapshot delivered and that were refused: their
    /// earlier versions are not withdrawn.
    pub(super) refused_keys: HashSet<u128>,
}

/// Takes in one source.
pub struct Intake<'a> {
    shared: &'a Shared<'a>,
    mapper: &'a Mapper,
    loader: Loader,
    /// Kept from block to block for its room.
    rows: RowBatch,
    chunk: Vec<Piece>,
    chunk_rows: usize,
    out: SourceOutput,
}

impl<'a> Intake<'a> {
    /// An intake that loads what the records say through `loader`.
    pub fn new(shared: &'a Shared<'a>, mapper: &'a Mapper, loader: Loader) -> Self {
        Intake {
            shared,
            mapper,
            loader,
            rows: RowBatch::default(),
            chunk: Vec::new(),
            chunk_rows: 0,
            out: SourceOutput {
                registered: Some(HashSet::new()),
                ..SourceOutput::default()
            },
        }
    }

    /// Reads a file as far as it goes. What is wrong with it is noted; what was
    /// read before the fault counts, and other files go on.
    ///
    /// # Errors
    /// Only those that make the whole epoch impossible.
    pub fn file(&mut self, reading: &Reading) -> Result<(), IntakeError> {
        let mut decoder = self.decoder(reading.from.clone());
        let read = self.read(reading, &mut decoder)?;
        let source = self.mapper.source();
        let whole = source.reads_whole_files();
        if source.mode == Mode::Snapshot {
            self.end_snapshot(read.is_ok())?;
        }
        // A snapshot is read whole the next time, a bad header too.
        if read.is_ok() || !(whole || self.header_fault(&decoder).is_some()) {
            let mut position = decoder.position();
            if whole {
                position.byte = reading.found.size;
            } else if reading.found.is_packed() {
                position.packed = reading.found.size;
            }
            self.keep_position(reading, position);
        }
        if let Err(fault) = read {
            self.out.failed.push((reading.found.clone(), fault));
        }
        Ok(())
    }

    fn keep_position(&mut self, reading: &Reading, position: CsvPosition) {
        let begun = !position.header.is_empty();
        if begun && reading.from.as_ref() != Some(&position) {
            self.out
                .positions
                .push((reading.found.name.clone(), position));
        }
    }

    /// Reads the blocks of a file. The inner error is the file's.
    fn read(
        &mut self,
        reading: &Reading,
        decoder: &mut CsvDecoder,
    ) -> Result<Result<(), FileFault>, IntakeError> {
        let name = &reading.found.name;
        let fault = |why: &str, may_pass: bool| FileFault {
            why: format!("file `{name}`: {why}"),
            may_pass,
        };
        if self.mapper.source().file_kind == FileKind::Xlsx {
            let text = match read_workbook(&reading.found.path) {
                Ok(text) => text,
                Err(error) => {
                    let may_pass = matches!(error, WorkbookError::Io(_));
                    return Ok(Err(fault(&error.to_string(), may_pass)));
                }
            };
            let done = self.decode(name, decoder, &text, true)?;
            return Ok(done.map_err(|error| fault(&error, false)));
        }
        let mut blocks = match Blocks::open(&reading.found, decoder.position().byte) {
            Ok(blocks) => blocks,
            Err(error) => return Ok(Err(fault(&error.to_string(), may_pass(&error)))),
        };
        let mut left = blocks.left();
        loop {
            let (bytes, last) = match blocks.next_block() {
                Ok(Some(bytes)) => (bytes, false),
                Ok(None) => (&[][..], true),
                Err(error) => return Ok(Err(fault(&error.to_string(), may_pass(&error)))),
            };
            if let Err(error) = self.decode(name, decoder, bytes, last && reading.complete)? {
                return Ok(Err(fault(&error, false)));
            }
            self.shared.progress.add(left - blocks.left());
            left = blocks.left();
            if last {
                return Ok(Ok(()));
            }
        }
    }

    /// Takes in records that were pushed, as one file with a header; every last
    /// line is complete.
    ///
    /// # Errors
    /// As [`Intake::file`].
    pub fn pushed(&mut self, name: &str, bytes: &[u8]) -> Result<(), IntakeError> {
        let mut decoder = self.decoder(None);
        if let Err(error) = self.decode(name, &mut decoder, bytes, true)? {
            self.out.refused = Some(format!("push `{name}`: {error}"));
        }
        Ok(())
    }

    fn decoder(&self, resume: Option<CsvPosition>) -> CsvDecoder {
        let source = self.mapper.source();
        let options = CsvOptions {
            encoding: source.encoding,
            delimiter: source.delimiter,
        };
        CsvDecoder::new(options, resume)
    }

    /// Decodes a block and maps its rows. The inner error is the file's.
    fn decode(
        &mut self,
        file: &str,
        decoder: &mut CsvDecoder,
        bytes: &[u8],
        ends: bool,
    ) -> Result<Result<(), String>, IntakeError> {
        let mut rejects = Vec::new();
        let decoded = decoder.decode(bytes, ends, &mut self.rows, &mut rejects);
        if let Some(fault) = self.header_fault(decoder) {
            self.rows = RowBatch::default();
            return Ok(Err(fault));
        }
        for reject in rejects {
            self.out.stats.read += 1;
            self.out.stats.reject(&reject.field, reject.reason.code());
            let row = RejectRow {
                source: self.mapper.source().id.clone(),
                file: file.to_owned(),
                record: reject.record,
                line: reject.line,
                byte: reject.byte,
                field: reject.field,
                value: reject.value,
                reason: reject.reason.to_string(),
                raw: reject.raw,
            };
            self.out.rejects.push(row);
        }
        self.rows(file, decoder)?;
        Ok(decoded.map_err(|error| error.to_string()))
    }

    /// What is wrong with the file's header, if anything.
    fn header_fault(&self, decoder: &CsvDecoder) -> Option<String> {
        let header = decoder.header()?;
        if let Some(name) = header.iter().find(|name| is_reserved(name)) {
            return Some(format!(
                "its header has a column `{name}`, a name that is reserved"
            ));
        }
        let missing = self
            .mapper
            .missing_columns(header.iter().map(String::as_str));
        (!missing.is_empty()).then(|| {
            format!(
                "its header lacks the declared columns {}; it has {}",
                missing.join(", "),
                header.join(", ")
            )
        })
    }

    fn rows(&mut self, file: &str, decoder: &CsvDecoder) -> Result<(), IntakeError> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let raw = raw_batch(
            file,
            decoder.header().unwrap_or(&[]),
            self.shared.time_ms,
            &mut self.rows,
        )?;
        let (said, faults) = self.mapper.map_landed(&raw);
        self.count(&raw, &said, &faults);
        self.refuse(file, &raw, faults);
        if said.is_empty() {
            return Ok(());
        }
        let same_columns = self
            .chunk
            .last()
            .is_none_or(|piece| piece.raw.schema() == raw.schema());
        if !same_columns {
            self.close_chunk(false)?;
        }
        self.chunk_rows += said.len();
        let none = vec![false; said.len()];
        self.chunk.push(Piece {
            raw,
            dropped: none.clone(),
            superseded: none,
            said,
        });
        if self.chunk_rows >= CHUNK_ROWS {
            self.close_chunk(false)?;
        }
        Ok(())
    }

    /// Keeps the refused rows of a batch as rejects.
    fn refuse(&mut self, file: &str, raw: &RecordBatch, faults: Vec<RowFault>) {
        if self.mapper.source().mode == Mode::Snapshot && !faults.is_empty() {
            let keys = self.mapper.keys(raw);
            let refused = faults.iter().map(|fault| keys[fault.row as usize]);
            self.out.refused_keys.extend(refused);
        }
        for fault in faults {
            self.out.stats.reject(&fault.field, fault.code);
            let source = &self.mapper.source().id;
            self.out.rejects.push(reject_of(source, file, raw, fault));
        }
    }

    fn count(&mut self, raw: &RecordBatch, said: &Said, faults: &[RowFault]) {
        let stats = &mut self.out.stats;
        stats.read += raw.num_rows() as u64;
        stats.accepted += (raw.num_rows() - faults.len()) as u64;
        stats.normalised += said.normalised as u64;
        stats.last_arrival_ms = self.shared.time_ms;
        for (check, found) in self.mapper.source().checks.iter().zip(&said.checks) {
            *stats.checks.entry(check.name.clone()).or_default() += found;
        }
        if said.odd_inner_checks > 0 {
            let name = "credit code whose inner organisation code fails its check".to_owned();
            *stats.checks.entry(name).or_default() += said.odd_inner_checks;
        }
    }

    /// Settles, lands and loads the rows gathered so far.
    fn close_chunk(&mut self, last: bool) -> Result<(), IntakeError> {
        if self.chunk.is_empty() {
            return Ok(());
        }
        let mut chunk = std::mem::take(&mut self.chunk);
        let rows = std::mem::take(&mut self.chunk_rows);
        let duplicates = self.out.stats.duplicates;
        self.settler().settle(&mut chunk)?;
        self.out.stats.accepted -= self.out.stats.duplicates - duplicates;
        self.load(&chunk);
        if self.mapper.source().registers {
            self.note_registered(&chunk, rows);
        }
        let inline = last
            && rows <= INLINE_ROWS
            && self.out.landed.is_empty()
            && self.mapper.source().mode != Mode::Snapshot;
        self.land(&chunk, inline)
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
            loader: &mut self.loader,
            out: &mut self.out,
        }
    }

    /// Loads what the rows that count say.
    fn load(&mut self, chunk: &[Piece]) {
        let mut facts = Facts::default();
        for piece in chunk {
            for row in 0..piece.said.len() {
                if !piece.dropped[row] && !piece.superseded[row] && !piece.said.withdraws[row] {
                    piece.said.facts(row, &mut facts);
                }
            }
            self.loader.add(&facts, 1);
            clear(&mut facts);
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
                self.out.confirmed.insert(at);
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
    /// deliver is withdrawn.
    fn end_snapshot(&mut self, complete: bool) -> Result<(), IntakeError> {
        self.close_chunk(false)?;
        if complete {
            self.withdraw_unconfirmed()?;
        }
        self.out.confirmed.clear();
        self.out.refused_keys.clear();
        Ok(())
    }

    fn withdraw_unconfirmed(&mut self) -> Result<(), IntakeError> {
        let (landing, source) = (self.shared.landing, &self.mapper.source().id);
        let segments = landing.segments().into_iter();
        for info in segments.filter(|info| info.source == *source) {
            let mut first = 0;
            for batch in landing.read(info.id)? {
                let batch = batch?;
                self.withdraw_rows(info.id, first, &batch);
                first += batch.num_rows() as u32;
            }
        }
        Ok(())
    }

    fn withdraw_rows(&mut self, segment: u32, first: u32, batch: &RecordBatch) {
        let (said, faults) = self.mapper.map_landed(batch);
        let at = |row: u32| RowRef {
            segment,
            row: first + row,
        };
        let mut facts = Facts::default();
        for index in 0..said.len() {
            let at = at(said.rows[index]);
            let refused = self.out.refused_keys.contains(&said.keys[index]);
            if self.is_unconfirmed(at) && !refused {
                self.out.stats.withdrawn += u64::from(!said.withdraws[index]);
                self.settler().supersede(at, &said, index, &mut facts);
            }
        }
        for at in faults.iter().map(|fault| at(fault.row)) {
            if self.is_unconfirmed(at) {
                self.settler().supersede_silent(at);
            }
        }
        self.loader.add(&facts, -1);
    }

    fn is_unconfirmed(&self, at: RowRef) -> bool {
        self.shared.superseded.is_live(at) && !self.out.confirmed.contains(&at)
    }

    /// Ends the source's share: what is left is settled, landed and loaded.
    ///
    /// # Errors
    /// As [`Intake::file`].
    pub fn finish(mut self) -> Result<SourceOutput, IntakeError> {
        self.close_chunk(true)?;
        self.loader.flush();
        Ok(self.out)
    }
}

/// Whether the same file may be readable the next time: not if its contents are
/// damaged.
fn may_pass(error: &std::io::Error) -> bool {
    error.kind() != std::io::ErrorKind::InvalidData
}

fn clear(facts: &mut Facts) {
    facts.observations.clear();
    facts.profiles.clear();
    facts.aliases.clear();
    facts.links.clear();
    facts.outcomes.clear();
}
