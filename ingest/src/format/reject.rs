//! A row or value that was refused, with everything needed to find and mend it.

use super::encoding::Encoding;
use super::position::Place;
use crate::values::Refusal;
use thiserror::Error;

/// A refused value is kept up to so many characters.
const MAX_VALUE: usize = 200;
/// A refused record is kept up to so many characters.
const MAX_RAW: usize = 2_000;
/// Characters have at most four bytes in both encodings.
pub(super) const MAX_RAW_BYTES: usize = MAX_RAW * 4;

/// A record that did not become a row, or a value that did not fit its column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reject {
    /// Number of the record in its file, from 1.
    pub record: u64,
    /// Physical line where it begins; the header is line 1.
    pub line: u64,
    /// Offset in the file where it begins.
    pub byte: u64,
    /// The column at fault, or empty where the whole record is.
    pub field: String,
    /// The value at fault, at most 200 characters.
    pub value: String,
    /// What is wrong with it.
    pub reason: Reason,
    /// The record as it stands in the file, at most 2,000 characters.
    pub raw: String,
}

/// What is wrong with a record or value.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Reason {
    /// Too few or too many fields.
    #[error("{found} fields, expected {expected}")]
    FieldCount {
        /// Fields found.
        found: usize,
        /// Fields in the header.
        expected: usize,
    },
    /// A quote that is not closed where a field ends.
    #[error("a quote opened in this line is not closed at the end of a field")]
    OpenQuote,
    /// Longer than any record may be.
    #[error("longer than {limit} bytes")]
    TooLong {
        /// The bound in bytes.
        limit: usize,
    },
    /// Bytes that are no characters.
    #[error("byte {byte} of the file is not `{encoding}`")]
    Encoding {
        /// Offset of the first bad byte in the file.
        byte: u64,
        /// The declared encoding.
        encoding: &'static str,
    },
    /// A zero byte.
    #[error("byte {byte} of the file is zero")]
    Nul {
        /// Its offset in the file.
        byte: u64,
    },
    /// A value that is not of its column's type.
    #[error(transparent)]
    Value(#[from] Refusal),
    /// Anything else that a declaration asks for.
    #[error("{0}")]
    Other(String),
}

impl Reason {
    /// A short stable name, for counting rejects by kind.
    pub fn code(&self) -> &'static str {
        match self {
            Reason::FieldCount { .. } => "field-count",
            Reason::OpenQuote => "open-quote",
            Reason::TooLong { .. } => "too-long",
            Reason::Encoding { .. } => "encoding",
            Reason::Nul { .. } => "nul",
            Reason::Value(refusal) => refusal.code(),
            Reason::Other(_) => "other",
        }
    }
}

impl Reject {
    /// A reject of one value in a record.
    pub fn value(
        record: u64,
        line: u64,
        byte: u64,
        field: &str,
        value: &str,
        reason: Reason,
    ) -> Self {
        let (field, value) = (field.to_owned(), clip(value, MAX_VALUE).to_owned());
        Reject {
            record,
            line,
            byte,
            field,
            value,
            reason,
            raw: String::new(),
        }
    }

    /// A reject of a whole record from its bytes.
    pub(super) fn record(place: Place, reason: Reason, raw: &[u8], encoding: Encoding) -> Self {
        let head = &raw[..raw.len().min(MAX_RAW_BYTES)];
        let text = encoding.decode_lossy(head);
        let raw = clip(text.trim_end_matches(['\r', '\n']), MAX_RAW).to_owned();
        let Place { record, line, byte } = place;
        Reject {
            record,
            line,
            byte,
            field: String::new(),
            value: String::new(),
            reason,
            raw,
        }
    }
}

/// The first `longest` characters.
fn clip(text: &str, longest: usize) -> &str {
    match text.char_indices().nth(longest) {
        Some((end, _)) => &text[..end],
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_records_are_clipped_by_characters() {
        let reject = Reject::value(1, 2, 3, "甲", &"深".repeat(500), Refusal::Grouping.into());
        assert_eq!(reject.value.chars().count(), 200);
        let raw = "圳".repeat(5_000);
        let reject = Reject::record(
            Place::default(),
            Reason::OpenQuote,
            raw.as_bytes(),
            Encoding::Utf8,
        );
        assert_eq!(reject.raw, "圳".repeat(2_000));
    }
}
