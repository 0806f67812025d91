//! Formats: bytes in, rows or rejects out.
//!
//! A format does not know where bytes come from: a transport feeds them in
//! pieces of any size, and keeps the position that the format reports. Bad rows
//! are data: each becomes a [`Reject`] with record, line, byte and reason, and
//! costs no row but its own. Only what makes every row meaningless (no header,
//! two columns of one name, a binary file) is a [`FileError`].

mod block;
mod csv;
mod encoding;
mod file_error;
mod header;
mod options;
mod position;
mod record;
mod reject;
mod rows;
mod workbook;

pub use csv::CsvDecoder;
pub use encoding::Encoding;
pub use file_error::FileError;
pub use options::CsvOptions;
pub use position::CsvPosition;
pub use record::{MAX_LINES, MAX_RECORD};
pub use reject::{Reason, Reject};
pub use rows::{RowBatch, TextRows};
pub use workbook::{MAX_WORKBOOK, WorkbookError, read_workbook};
