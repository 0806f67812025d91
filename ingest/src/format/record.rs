//! Finds one record at the beginning of a buffer.
//!
//! What it finds depends on the bytes of the file alone, never on how they were
//! cut into pieces: as long as the answer could still change, it is
//! [`Scan::Incomplete`].
//!
//! A stray quote swallows lines until the next quote. So a record of several
//! lines counts only if it has the right number of fields, every quote of it is
//! closed where a field ends, and it stays within [`MAX_LINES`] and
//! [`MAX_RECORD`]; otherwise its first line alone is bad, and reading goes on
//! with the second.

use super::reject::Reason;
use csv_core::{ReadRecordResult, Reader, ReaderBuilder, Terminator};

/// No record has more bytes.
pub const MAX_RECORD: usize = 1 << 20;
/// No record has more physical lines.
pub const MAX_LINES: u64 = 100;

/// What a buffer begins with.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Scan {
    /// A part of a record: more bytes are needed.
    Incomplete,
    /// A blank line of so many bytes.
    Blank(usize),
    /// A row of so many bytes and lines; `written` bytes of field text.
    Row {
        bytes: usize,
        lines: u64,
        written: usize,
    },
    /// A line of so many bytes that is no row.
    Bad { bytes: usize, reason: Reason },
    /// A line that is too long and has not ended yet.
    Endless,
}

/// Parses records of a known number of fields.
pub(super) struct RecordScanner {
    reader: Reader,
    delimiter: u8,
    /// End of each field of the last row, counted from the row's own beginning.
    pub(super) ends: Vec<usize>,
    /// Takes the ends of fields that are too many.
    surplus: Vec<usize>,
}

/// What the parser made of a stretch of bytes.
struct Parsed {
    /// Bytes read up to the end of the record; none if it has no end here.
    bytes: Option<usize>,
    lines: u64,
    fields: usize,
    written: usize,
}

/// A parser for this delimiter. Making its tables costs more than a small file
/// does, so a decoder has one.
fn reader(delimiter: u8) -> Reader {
    // LF alone ends a line, as editors count them; the CR before it is cut off
    // afterwards. A lone CR is data.
    ReaderBuilder::new()
        .delimiter(delimiter)
        .terminator(Terminator::Any(b'\n'))
        .build()
}

impl RecordScanner {
    pub(super) fn new(delimiter: u8, columns: usize) -> Self {
        let mut scanner = RecordScanner {
            reader: reader(delimiter),
            delimiter,
            ends: vec![0; columns],
            surplus: vec![0; 64],
        };
        scanner.restart();
        scanner
    }

    /// Expects records of so many fields from here on.
    pub(super) fn expect(&mut self, columns: usize) {
        self.ends = vec![0; columns];
    }

    /// The fields of one line, however many; none if a quote stays open.
    pub(super) fn fields(&mut self, line: &[u8]) -> Option<Vec<Vec<u8>>> {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = [line.strip_suffix(b"\r").unwrap_or(line), b"\n"].concat();
        let (mut out, mut ends) = (vec![0; line.len() + 1], vec![0; line.len() + 1]);
        let (result, _, _, fields) = self.reader.read_record(&line, &mut out, &mut ends);
        self.restart();
        let starts = std::iter::once(0).chain(ends.iter().copied());
        let field = |(start, end): (usize, &usize)| out[start..*end].to_vec();
        let complete = result == ReadRecordResult::Record;
        complete.then(|| starts.zip(&ends[..fields]).map(field).collect())
    }

    /// Looks at the beginning of `input`; `last` means that nothing follows it.
    /// The text of the fields goes to `out`, which is longer than `input` or
    /// [`MAX_RECORD`], whichever is less.
    pub(super) fn scan(&mut self, input: &[u8], last: bool, out: &mut [u8]) -> Scan {
        if input.is_empty() {
            return Scan::Incomplete;
        }
        if let Some(bytes) = blank_line(input, last) {
            return Scan::Blank(bytes);
        }
        let window = &input[..input.len().min(MAX_RECORD)];
        let mut parsed = self.parse(window, out);
        if parsed.bytes.is_none() {
            if last && window.len() < MAX_RECORD {
                self.finish(window.len(), &mut parsed, out);
            }
            if parsed.bytes.is_none() {
                self.restart();
                return unfinished(window, parsed.lines, last);
            }
        }
        let bytes = parsed.bytes.unwrap_or(window.len());
        self.judge(&window[..bytes], parsed)
    }

    /// Starts at a record's beginning again.
    fn restart(&mut self) {
        self.reader.reset();
        // A fresh reader would skip a byte order mark in the middle of a file.
        let _ = self.reader.read_record(b"\n", &mut [0], &mut [0]);
    }

    /// Reads up to the end of the record or of the bytes.
    fn parse(&mut self, window: &[u8], out: &mut [u8]) -> Parsed {
        let before = self.reader.line();
        let (mut result, mut read, mut written, mut fields) =
            self.reader.read_record(window, out, &mut self.ends);
        while !matches!(
            result,
            ReadRecordResult::Record | ReadRecordResult::InputEmpty
        ) {
            let more =
                self.reader
                    .read_record(&window[read..], &mut out[written..], &mut self.surplus);
            result = more.0;
            read += more.1;
            written += more.2;
            fields += more.3;
        }
        let bytes = (result == ReadRecordResult::Record).then_some(read);
        Parsed {
            bytes,
            lines: self.reader.line() - before,
            fields,
            written,
        }
    }

    /// Ends the last line of a file, which has no line end: the record ends with
    /// it unless a quote is open.
    fn finish(&mut self, length: usize, parsed: &mut Parsed, out: &mut [u8]) {
        let known = parsed.fields.min(self.ends.len());
        let ends = if known < self.ends.len() {
            &mut self.ends[known..]
        } else {
            &mut self.surplus[..]
        };
        let (result, _, _, fields) =
            self.reader
                .read_record(b"\n", &mut out[parsed.written..], ends);
        parsed.lines += 1;
        if result == ReadRecordResult::Record {
            parsed.fields += fields;
            parsed.bytes = Some(length);
        }
    }

    /// Whether a complete record is a row.
    fn judge(&mut self, raw: &[u8], parsed: Parsed) -> Scan {
        let Parsed {
            lines,
            fields: found,
            mut written,
            ..
        } = parsed;
        let expected = self.ends.len();
        if lines > 1 && (lines > MAX_LINES || !quotes_are_closed(raw, self.delimiter)) {
            return Scan::Bad {
                bytes: first_line(raw),
                reason: Reason::OpenQuote,
            };
        }
        if found != expected {
            return Scan::Bad {
                bytes: first_line(raw),
                reason: Reason::FieldCount { found, expected },
            };
        }
        if ends_with_carriage_return(raw)
            && let Some(end) = self.ends.last_mut()
        {
            *end -= 1;
            written -= 1;
        }
        Scan::Row {
            bytes: raw.len(),
            lines,
            written,
        }
    }
}

/// A record without an end: to wait, or to give up its first line.
fn unfinished(window: &[u8], lines: u64, last: bool) -> Scan {
    let bytes = first_line(window);
    let one_line = !window[..bytes].ends_with(b"\n");
    if window.len() == MAX_RECORD && one_line {
        Scan::Endless
    } else if window.len() == MAX_RECORD || lines > MAX_LINES || last {
        Scan::Bad {
            bytes,
            reason: Reason::OpenQuote,
        }
    } else {
        Scan::Incomplete
    }
}

/// The length of the first physical line with its line end.
pub(super) fn first_line(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .position(|b| *b == b'\n')
        .map_or(bytes.len(), |at| at + 1)
}

/// The length of the blank line that `input` begins with, if it does.
pub(super) fn blank_line(input: &[u8], last: bool) -> Option<usize> {
    match input {
        [b'\n', ..] => Some(1),
        [b'\r', b'\n', ..] => Some(2),
        [b'\r'] if last => Some(1),
        _ => None,
    }
}

/// Whether the line end is CRLF, or a CR that the end of the file cut short.
fn ends_with_carriage_return(raw: &[u8]) -> bool {
    raw.strip_suffix(b"\n").unwrap_or(raw).ends_with(b"\r")
}

/// Whether each quoted field of a record ends right after its closing quote.
fn quotes_are_closed(raw: &[u8], delimiter: u8) -> bool {
    let mut rest = raw;
    loop {
        rest = match rest.strip_prefix(b"\"") {
            Some(inside) => match after_quoted(inside) {
                Some(after) if field_ends(after, delimiter) => after,
                _ => return false,
            },
            None => rest,
        };
        // On to the next field, or out with the end of the line.
        match rest.iter().position(|b| *b == delimiter || *b == b'\n') {
            Some(at) if rest[at] == delimiter => rest = &rest[at + 1..],
            _ => return true,
        }
    }
}

/// What follows the closing quote of a field.
fn after_quoted(inside: &[u8]) -> Option<&[u8]> {
    let mut rest = inside;
    loop {
        let quote = rest.iter().position(|b| *b == b'"')?;
        rest = &rest[quote + 1..];
        match rest.strip_prefix(b"\"") {
            Some(after_pair) => rest = after_pair,
            None => return Some(rest),
        }
    }
}

fn field_ends(after: &[u8], delimiter: u8) -> bool {
    matches!(after, [] | [b'\n', ..] | [b'\r', b'\n', ..] | [b'\r'])
        || after.first() == Some(&delimiter)
}

#[cfg(test)]
mod tests;
