//! One source's share of an epoch: bytes → rows → what they say → landed and
//! loaded. Runs on any thread; sources do not wait for each other.

use super::inputs::{FileFault, Reading};
use super::lander::{Chunk, Lander};
use super::live::Superseded;
use super::mending::{Mending, Waiting};
use super::output::SourceOutput;
pub use super::raw::raw_batch;
use super::raw::reject_of;
use super::relay::Relay;
use super::stats::SourceStats;
use crate::progress::Progress;
use arrow_array::RecordBatch;
use std::collections::HashSet;
use std::sync::atomic::AtomicU32;
use std::thread::Scope;
use thiserror::Error;
use tocsin_alerts::store::RejectRow;
use tocsin_dataflow::Loader;
use tocsin_ingest::format::{
    CsvDecoder, CsvOptions, CsvPosition, RowBatch, WorkbookError, read_workbook,
};
use tocsin_ingest::landing::{Landing, LandingError};
use tocsin_ingest::mapping::{Mapper, RowFault, Said};
use tocsin_ingest::source::{FileKind, Mode, is_reserved};
use tocsin_ingest::transport::Blocks;

/// What stops a source's intake.
#[derive(Debug, Error)]
pub enum IntakeError {
    /// The landing failed: nothing of the epoch may be committed.
    #[error(transparent)]
    Landing(#[from] LandingError),
    /// Arrow refused what should fit: a fault of the program.
    #[error(transparent)]
    Arrow(#[from] arrow_schema::ArrowError),
    /// What failed before was told already.
    #[error("the source's intake has ended before")]
    Gone,
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
    /// How many threads may read rows back at once.
    pub workers: usize,
}

/// Takes in one source: reads, decodes and maps; [`Lander`] does the rest.
pub struct Intake<'scope, 'env> {
    shared: &'env Shared<'env>,
    mapper: &'env Mapper,
    relay: Relay<'scope, 'env>,
    /// Kept from block to block for its room.
    rows: RowBatch,
    chunk: Chunk,
    /// The number of the push that is being read, if one is.
    push: Option<u32>,
    /// Keys of rows that a snapshot delivered and that were refused.
    refused_keys: HashSet<u128>,
    mending: Mending<'env>,
    out: SourceOutput,
}

impl<'scope, 'env> Intake<'scope, 'env> {
    /// An intake that loads what the records say through `loader`, and may start
    /// a thread in `scope`.
    pub fn new(
        scope: &'scope Scope<'scope, 'env>,
        shared: &'env Shared<'env>,
        mapper: &'env Mapper,
        loader: Loader,
        waiting: &'env Waiting,
    ) -> Self {
        Intake {
            shared,
            mapper,
            relay: Relay::new(scope, Lander::new(shared, mapper, loader)),
            rows: RowBatch::default(),
            chunk: Chunk::default(),
            push: None,
            refused_keys: HashSet::new(),
            mending: Mending::new(waiting),
            out: SourceOutput::default(),
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
            self.relay.pass(std::mem::take(&mut self.chunk))?;
            let refused = std::mem::take(&mut self.refused_keys);
            self.relay.here()?.end_snapshot(read.is_ok(), &refused)?;
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
        let before = self.out.stats.clone();
        self.push = Some(self.out.pushes.len() as u32);
        let decoded = self.decode(name, &mut decoder, bytes, true)?;
        self.push = None;
        self.out.pushes.push(SourceStats {
            error: decoded.err().map(|error| format!("push `{name}`: {error}")),
            ..self.out.stats.since(&before)
        });
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
                ..RejectRow::default()
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
        self.refuse(file, &raw, &said, faults);
        if said.is_empty() {
            return Ok(());
        }
        if !self.chunk.takes(&raw) {
            self.relay.pass(std::mem::take(&mut self.chunk))?;
        }
        self.chunk.push(raw, said, self.push);
        if self.chunk.is_full() {
            self.relay.pass(std::mem::take(&mut self.chunk))?;
        }
        Ok(())
    }

    /// Keeps the refused rows of a batch as rejects, and notes which rejects its other
    /// rows mend.
    fn refuse(&mut self, file: &str, raw: &RecordBatch, said: &Said, faults: Vec<RowFault>) {
        let source = self.mapper.source();
        let keyed = !source.key.is_empty() && !faults.is_empty();
        let keys = keyed.then(|| self.mapper.keys(raw));
        let refused = |fault: &RowFault| Some(keys.as_ref()?[fault.row as usize]);
        if source.mode == Mode::Snapshot {
            self.refused_keys.extend(faults.iter().filter_map(refused));
        }
        // Rows in their order: what was taken in before a refusal mends nothing.
        let mut next = 0;
        for fault in faults {
            next = self.mend(said, next, fault.row);
            self.out.stats.reject(&fault.field, fault.code);
            let key = refused(&fault);
            if let Some(key) = key {
                self.mending.refused(key, self.out.rejects.len());
            }
            let reject = reject_of(&source.id, file, raw, fault);
            self.out.rejects.push(RejectRow {
                key: key.map(u128::to_be_bytes),
                ..reject
            });
        }
        self.mend(said, next, u32::MAX);
    }

    /// Rejects that the accepted rows from `next` on and before a row mend; gives where
    /// to go on.
    fn mend(&mut self, said: &Said, next: usize, before: u32) -> usize {
        let end = said.rows.partition_point(|row| *row < before);
        if self.mapper.source().key.is_empty() || self.mending.is_idle() {
            return end;
        }
        for key in &said.keys[next..end] {
            self.out.stats.mended += self.mending.taken(*key, &mut self.out.rejects);
        }
        end
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

    /// Ends the source's share: what is left is settled, landed and loaded.
    ///
    /// # Errors
    /// As [`Intake::file`].
    pub fn finish(mut self) -> Result<SourceOutput, IntakeError> {
        self.out.mended = self.mending.finish();
        Ok(self.out.joined(self.relay.finish(self.chunk)?))
    }
}

/// Whether the same file may be readable the next time: not if its contents are
/// damaged.
fn may_pass(error: &std::io::Error) -> bool {
    error.kind() != std::io::ErrorKind::InvalidData
}
