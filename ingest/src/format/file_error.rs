//! What makes a whole file unreadable, so that none of it may be loaded.

use thiserror::Error;

/// Why a file as a whole was refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FileError {
    /// Nothing in it, not even a header.
    #[error("the file is empty, allowed: at least a line with the names of the columns")]
    Empty,
    /// Not a text file.
    #[error("the file is binary (control byte {value:#04x} at byte {byte}), allowed: text")]
    Binary {
        /// Offset of the first control byte.
        byte: u64,
        /// That byte.
        value: u8,
    },
    /// The header is not in the declared encoding.
    #[error("the header is not `{encoding}`: bad byte at {byte}")]
    HeaderEncoding {
        /// The declared encoding.
        encoding: &'static str,
        /// Offset of the first bad byte.
        byte: u64,
    },
    /// A file declared as GB18030 begins with the mark of UTF-8.
    #[error("the file begins with a UTF-8 byte order mark but is declared as `gb18030`")]
    ByteOrderMark,
    /// A quote in the header is not closed in its line.
    #[error("a quote in the header (line {line}) is not closed in the same line")]
    HeaderQuote {
        /// Physical line of the header.
        line: u64,
    },
    /// No line end within the longest record.
    #[error("no line end in the first {limit} bytes, allowed: a header in one line")]
    HeaderTooLong {
        /// The bound in bytes.
        limit: usize,
    },
    /// Two columns of one name.
    #[error("column `{name}` is in the header twice (columns {first} and {second})")]
    DuplicateColumn {
        /// The name, trimmed.
        name: String,
        /// Number of the first, counted from 1.
        first: usize,
        /// Number of the second.
        second: usize,
    },
    /// A delimiter that the format cannot have.
    #[error(
        "delimiter `{delimiter}` can't be used with `{encoding}`, allowed: `,` `;` tab, and `|` in utf-8"
    )]
    Delimiter {
        /// The declared delimiter.
        delimiter: char,
        /// The declared encoding.
        encoding: &'static str,
    },
    /// A batch can't hold more, or was begun with another number of columns.
    #[error(
        "the batch of rows can't take more: {rows} rows, {bytes} bytes, allowed: 2 GiB of one header"
    )]
    BatchFull {
        /// Rows in the batch.
        rows: usize,
        /// Bytes of text in the batch.
        bytes: usize,
    },
}
