//! Where in a file the next record begins.

use serde::{Deserialize, Serialize};

/// Everything needed to read on from a record's beginning: what a transport
/// keeps beside a file that grows. It never points into a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CsvPosition {
    /// Offset of the next record in the file; of a compressed one, in its contents.
    pub byte: u64,
    /// Its physical line; the header's first line is 1.
    pub line: u64,
    /// Its number; the first record after the header is 1, and every record
    /// counts whether it became a row or a reject. Blank lines do not.
    pub record: u64,
    /// The names of the columns; empty as long as no header was read.
    pub header: Vec<String>,
    /// Size of the file that has these bytes compressed; 0 where they are not.
    #[serde(default)]
    pub packed: u64,
}

impl Default for CsvPosition {
    fn default() -> Self {
        let Place { record, line, byte } = Place::default();
        CsvPosition {
            byte,
            line,
            record,
            header: Vec::new(),
            packed: 0,
        }
    }
}

/// Where one record begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) record: u64,
    pub(super) line: u64,
    pub(super) byte: u64,
}

impl Default for Place {
    fn default() -> Self {
        Place {
            record: 1,
            line: 1,
            byte: 0,
        }
    }
}

impl Place {
    /// Past lines that are no record.
    pub(super) fn skip(&mut self, bytes: usize, lines: u64) {
        self.byte += bytes as u64;
        self.line += lines;
    }

    /// Past a record.
    pub(super) fn step(&mut self, bytes: usize, lines: u64) {
        self.skip(bytes, lines);
        self.record += 1;
    }
}
