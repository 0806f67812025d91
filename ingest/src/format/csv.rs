//! CSV: a decoder per file that takes bytes in pieces of any size.
//!
//! Rows, rejects and positions depend on the bytes alone, not on the pieces,
//! and reading on from any [`CsvDecoder::position`] gives what one go would
//! have given.

use super::block::{Block, Raw};
use super::header;
use super::position::Place;
use super::record::{RecordScanner, Scan, blank_line, first_line};
use super::reject::{MAX_RAW_BYTES, Reason, Reject};
use super::{CsvOptions, CsvPosition, FileError, MAX_RECORD, RowBatch};

/// Reads one CSV file.
pub struct CsvDecoder {
    options: CsvOptions,
    header: Option<Vec<String>>,
    scanner: RecordScanner,
    block: Block,
    /// Where the next record begins.
    at: Place,
    /// Bytes of the file from `at` on (during a call from a little before).
    pending: Vec<u8>,
    /// A line beyond all bounds, whose end is awaited.
    endless: Option<Endless>,
    failed: Option<FileError>,
}

/// A line that is too long to keep: its beginning and how long it was so far.
struct Endless {
    start: Vec<u8>,
    bytes: usize,
}

impl CsvDecoder {
    /// A decoder for a file from its beginning, or from where another left off.
    pub fn new(options: CsvOptions, resume: Option<CsvPosition>) -> Self {
        let CsvPosition {
            byte,
            line,
            record,
            header,
            packed: _,
        } = resume.unwrap_or_default();
        CsvDecoder {
            options,
            scanner: RecordScanner::new(options.delimiter, header.len()),
            header: (!header.is_empty()).then_some(header),
            block: Block::default(),
            at: Place { record, line, byte },
            pending: Vec::new(),
            endless: None,
            failed: options.check().err(),
        }
    }

    /// The names of the columns, once they are known.
    pub fn header(&self) -> Option<&[String]> {
        self.header.as_deref()
    }

    /// Where the next record begins: all before it has become rows or rejects.
    pub fn position(&self) -> CsvPosition {
        let Place { record, line, byte } = self.at;
        CsvPosition {
            byte,
            line,
            record,
            header: self.header.clone().unwrap_or_default(),
            packed: 0,
        }
    }

    /// Takes the next bytes of the file: complete records go to `rows`, bad ones
    /// to `rejects`, in the order of the file. `last` says that the file ends
    /// here, so that a line without an end is complete.
    ///
    /// # Errors
    /// What makes the whole file unreadable; every later call repeats it.
    pub fn decode(
        &mut self,
        bytes: &[u8],
        last: bool,
        rows: &mut RowBatch,
        rejects: &mut Vec<Reject>,
    ) -> Result<(), FileError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        self.pending.extend_from_slice(bytes);
        // Nothing ends between line ends, short of the bounds: don't look again.
        let bound = if self.header.is_none() {
            header::SNIFF
        } else {
            MAX_RECORD
        };
        if !last && self.pending.len() < bound && !bytes.contains(&b'\n') {
            return Ok(());
        }
        let done = self.advance(last, rows, rejects);
        self.failed = done.clone().err();
        done
    }

    fn advance(
        &mut self,
        last: bool,
        rows: &mut RowBatch,
        rejects: &mut Vec<Reject>,
    ) -> Result<(), FileError> {
        if self.header.is_none() && !self.read_header(last)? {
            return Ok(());
        }
        while self.end_endless(last, rejects) {
            self.read_records(last, rows, rejects)?;
            if self.endless.is_none() {
                break;
            }
        }
        Ok(())
    }

    /// Reads up to and with the header line; false if it is not all there yet.
    fn read_header(&mut self, last: bool) -> Result<bool, FileError> {
        let mut taken = 0;
        let line = loop {
            let rest = &self.pending[taken..];
            let length = first_line(rest);
            let complete = rest[..length].ends_with(b"\n") || (last && length > 0);
            if !complete && rest.len() < header::SNIFF {
                break None;
            }
            header::refuse_binary(rest, self.at.byte)?;
            if length > MAX_RECORD {
                return Err(FileError::HeaderTooLong { limit: MAX_RECORD });
            }
            if !complete {
                break None;
            }
            let mark = if self.at.byte == 0 {
                header::byte_order_mark(rest, self.options.encoding)?
            } else {
                0
            };
            match blank_line(&rest[mark..length], last) {
                Some(blank) => self.at.skip(mark + blank, 1),
                None if mark == length => self.at.skip(mark, 0),
                None => break Some((taken + mark, taken + length)),
            }
            taken += length;
        };
        self.finish_header(taken, line, last)
    }

    /// Takes the names out of the header line `line`, if there is one.
    fn finish_header(
        &mut self,
        taken: usize,
        line: Option<(usize, usize)>,
        last: bool,
    ) -> Result<bool, FileError> {
        let Some((start, end)) = line else {
            self.pending.drain(..taken);
            return if last {
                Err(FileError::Empty)
            } else {
                Ok(false)
            };
        };
        let byte = self.at.byte + (start - taken) as u64;
        let line = &self.pending[start..end];
        let names = header::parse(&mut self.scanner, line, self.at.line, byte, self.options)?;
        self.at.skip(end - taken, 1);
        self.pending.drain(..end);
        self.scanner.expect(names.len());
        self.header = Some(names);
        Ok(true)
    }

    /// Reads all records that are complete.
    fn read_records(
        &mut self,
        last: bool,
        rows: &mut RowBatch,
        rejects: &mut Vec<Reject>,
    ) -> Result<(), FileError> {
        let base = self.at.byte;
        let mut taken = 0;
        loop {
            let rest = &self.pending[taken..];
            let scan = self.scanner.scan(rest, last, self.block.room(rest.len()));
            match scan {
                Scan::Row {
                    bytes,
                    lines,
                    written,
                } => {
                    self.block.push(self.at, written, &self.scanner.ends);
                    self.at.step(bytes, lines);
                    taken += bytes;
                    if self.block.is_full() {
                        self.flush(base, taken, rows, rejects)?;
                    }
                }
                Scan::Blank(bytes) => {
                    self.at.skip(bytes, 1);
                    taken += bytes;
                }
                Scan::Bad { bytes, reason } => {
                    self.flush(base, taken, rows, rejects)?;
                    self.reject(taken, bytes, reason, rejects);
                    taken += bytes;
                }
                Scan::Endless => {
                    self.endless = Some(Endless {
                        start: Vec::new(),
                        bytes: 0,
                    });
                    break;
                }
                Scan::Incomplete => break,
            }
        }
        self.flush(base, taken, rows, rejects)?;
        self.pending.drain(..taken);
        Ok(())
    }

    /// Passes on the rows parsed from the first `taken` bytes that are pending.
    fn flush(
        &mut self,
        base: u64,
        taken: usize,
        rows: &mut RowBatch,
        rejects: &mut Vec<Reject>,
    ) -> Result<(), FileError> {
        let raw = Raw {
            bytes: &self.pending[..taken],
            base,
        };
        self.block.flush(self.options.encoding, raw, rows, rejects)
    }

    /// Rejects the line of `bytes` bytes that begins at `start` of the pending.
    fn reject(&mut self, start: usize, bytes: usize, reason: Reason, rejects: &mut Vec<Reject>) {
        let raw = &self.pending[start..start + bytes];
        rejects.push(Reject::record(self.at, reason, raw, self.options.encoding));
        self.at.step(bytes, 1);
    }

    /// Drops bytes of an endless line up to its end, and then rejects it; false
    /// if the end is still to come.
    fn end_endless(&mut self, last: bool, rejects: &mut Vec<Reject>) -> bool {
        let Some(line) = &mut self.endless else {
            return true;
        };
        let length = first_line(&self.pending);
        let complete = self.pending[..length].ends_with(b"\n") || last;
        let room = MAX_RAW_BYTES - line.start.len();
        line.start
            .extend_from_slice(&self.pending[..length.min(room)]);
        line.bytes += length;
        self.pending.drain(..length);
        if complete {
            let reason = Reason::TooLong { limit: MAX_RECORD };
            rejects.push(Reject::record(
                self.at,
                reason,
                &line.start,
                self.options.encoding,
            ));
            self.at.step(line.bytes, 1);
            self.endless = None;
        }
        complete
    }
}

#[cfg(test)]
mod tests;
