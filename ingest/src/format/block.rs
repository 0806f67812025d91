//! Records parsed but not decoded yet: a stretch of rows whose bytes are checked
//! and turned into text all at once, and only if that fails one by one.

use super::Encoding;
use super::position::Place;
use super::reject::{Reason, Reject};
use super::rows::RowBatch;
use super::{FileError, MAX_RECORD};

/// A block is passed on when it holds so many bytes of text.
const FULL: usize = 256 << 10;

/// Rows one after the other, as bytes.
#[derive(Default)]
pub(super) struct Block {
    /// Longer than what is used: parsed text is written behind it.
    out: Vec<u8>,
    used: usize,
    /// End of each field of each row in `out`.
    ends: Vec<usize>,
    places: Vec<Place>,
    /// Scratch for rows that are decoded one by one.
    text: String,
    row_ends: Vec<usize>,
}

impl Block {
    /// Room for the text of the next record, out of `input` bytes that are there.
    pub(super) fn room(&mut self, input: usize) -> &mut [u8] {
        let wanted = self.used + input.min(MAX_RECORD) + 1;
        if self.out.len() < wanted {
            self.out.resize(wanted.next_power_of_two(), 0);
        }
        &mut self.out[self.used..]
    }

    /// Keeps the row that was written into the room.
    pub(super) fn push(&mut self, place: Place, written: usize, ends: &[usize]) {
        let base = self.used;
        self.ends.extend(ends.iter().map(|end| base + end));
        self.places.push(place);
        self.used += written;
    }

    pub(super) fn is_full(&self) -> bool {
        self.used >= FULL
    }

    /// Passes the rows on as text. `raw` is the file from byte `base` on, as far
    /// as it is buffered: where bytes are no characters, it tells which.
    pub(super) fn flush(
        &mut self,
        encoding: Encoding,
        raw: Raw<'_>,
        rows: &mut RowBatch,
        rejects: &mut Vec<Reject>,
    ) -> Result<(), FileError> {
        if self.places.is_empty() {
            return Ok(());
        }
        let done = match self.as_text(encoding) {
            Some(text) => rows.extend(text, &self.ends, &self.places),
            None => self.flush_rows(encoding, raw, rows, rejects),
        };
        self.used = 0;
        self.ends.clear();
        self.places.clear();
        done
    }

    /// The whole block as text, if all of it is UTF-8 and no field begins or ends
    /// inside a character.
    fn as_text(&self, encoding: Encoding) -> Option<&str> {
        let bytes = &self.out[..self.used];
        if encoding != Encoding::Utf8 || bytes.contains(&0) {
            return None;
        }
        let text = simdutf8::basic::from_utf8(bytes).ok()?;
        self.ends
            .iter()
            .all(|end| text.is_char_boundary(*end))
            .then_some(text)
    }

    /// Row by row: what can't be decoded is rejected.
    fn flush_rows(
        &mut self,
        encoding: Encoding,
        raw: Raw<'_>,
        rows: &mut RowBatch,
        rejects: &mut Vec<Reject>,
    ) -> Result<(), FileError> {
        let width = self.ends.len() / self.places.len();
        let mut start = 0;
        for index in 0..self.places.len() {
            let ends = &self.ends[index * width..(index + 1) * width];
            let end = ends.last().copied().unwrap_or(start);
            let place = self.places[index];
            self.text.clear();
            self.row_ends.clear();
            if decode_row(
                &self.out,
                start,
                ends,
                encoding,
                &mut self.text,
                &mut self.row_ends,
            ) {
                rows.extend(&self.text, &self.row_ends, &[place])?;
            } else {
                rejects.push(raw.reject(place, self.places.get(index + 1), encoding));
            }
            start = end;
        }
        Ok(())
    }
}

/// Decodes the fields of one row; false if one of them is not all characters.
fn decode_row(
    out: &[u8],
    mut start: usize,
    ends: &[usize],
    encoding: Encoding,
    text: &mut String,
    row_ends: &mut Vec<usize>,
) -> bool {
    for end in ends {
        let field = &out[start..*end];
        if field.contains(&0) || encoding.decode_into(field, text).is_none() {
            return false;
        }
        row_ends.push(text.len());
        start = *end;
    }
    true
}

/// The buffered part of a file that a block was parsed from.
#[derive(Clone, Copy)]
pub(super) struct Raw<'a> {
    /// Its bytes, up to the end of the block's last row.
    pub(super) bytes: &'a [u8],
    /// Offset of the first of them in the file.
    pub(super) base: u64,
}

impl Raw<'_> {
    /// Rejects the record at `place`, which ends at the latest where the `next`
    /// row begins.
    fn reject(self, place: Place, next: Option<&Place>, encoding: Encoding) -> Reject {
        let at = |byte: u64| (byte - self.base) as usize;
        let end = next.map_or(self.bytes.len(), |next| at(next.byte));
        let record = &self.bytes[at(place.byte)..end];
        let nul = record.iter().position(|b| *b == 0);
        let invalid = encoding.first_invalid(record);
        let reason = match (nul, invalid) {
            (Some(nul), invalid) if invalid.is_none_or(|invalid| nul < invalid) => Reason::Nul {
                byte: place.byte + nul as u64,
            },
            (_, invalid) => Reason::Encoding {
                byte: place.byte + invalid.unwrap_or(0) as u64,
                encoding: encoding.name(),
            },
        };
        Reject::record(place, reason, record, encoding)
    }
}
