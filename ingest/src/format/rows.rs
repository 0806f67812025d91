//! Rows as columns of text, with the place of each in its file.

use super::FileError;
use super::position::Place;
use arrow_array::StringArray;
use arrow_array::builder::StringBuilder;

/// Rows that were read, one text column for each column of the header.
///
/// All columns and the three lists have one entry a row. Empty fields are empty
/// text, never null. Without rows there may be no columns either.
#[derive(Debug, Clone, PartialEq)]
pub struct TextRows {
    /// In the order of the header.
    pub columns: Vec<StringArray>,
    /// Number of each record in its file.
    pub record: Vec<u64>,
    /// Physical line where it begins.
    pub line: Vec<u64>,
    /// Offset in the file where it begins.
    pub byte: Vec<u64>,
}

impl TextRows {
    /// Rows.
    pub fn len(&self) -> usize {
        self.record.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.record.is_empty()
    }
}

/// Gathers rows of one decoder until they are taken.
///
/// A batch holds at most 2 GiB of text: take it now and then.
#[derive(Debug, Default)]
pub struct RowBatch {
    columns: Vec<StringBuilder>,
    record: Vec<u64>,
    line: Vec<u64>,
    byte: Vec<u64>,
    text_bytes: usize,
}

impl RowBatch {
    /// An empty batch; it takes the shape of the first file that fills it.
    pub fn new() -> Self {
        RowBatch::default()
    }

    /// Rows gathered.
    pub fn len(&self) -> usize {
        self.record.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.record.is_empty()
    }

    /// Bytes of text gathered.
    pub fn text_bytes(&self) -> usize {
        self.text_bytes
    }

    /// Hands over what was gathered and starts afresh.
    pub fn take(&mut self) -> TextRows {
        let rows = TextRows {
            columns: self.columns.iter_mut().map(StringBuilder::finish).collect(),
            record: std::mem::take(&mut self.record),
            line: std::mem::take(&mut self.line),
            byte: std::mem::take(&mut self.byte),
        };
        *self = RowBatch::with_room_like(&rows);
        rows
    }

    /// The next batch will be about as large: growing again would copy it.
    fn with_room_like(rows: &TextRows) -> Self {
        let room = |column: &StringArray| {
            StringBuilder::with_capacity(rows.len(), column.value_data().len())
        };
        RowBatch {
            columns: rows.columns.iter().map(room).collect(),
            record: Vec::with_capacity(rows.len()),
            line: Vec::with_capacity(rows.len()),
            byte: Vec::with_capacity(rows.len()),
            text_bytes: 0,
        }
    }

    /// Appends rows that lie one after the other in `text`; `ends` has the end of
    /// each field of each row, all on character boundaries.
    pub(super) fn extend(
        &mut self,
        text: &str,
        ends: &[usize],
        places: &[Place],
    ) -> Result<(), FileError> {
        let width = ends.len() / places.len().max(1);
        self.make_room(width, text.len())?;
        for (index, column) in self.columns.iter_mut().enumerate() {
            append_column(column, text, ends, width, index);
        }
        self.record.extend(places.iter().map(|place| place.record));
        self.line.extend(places.iter().map(|place| place.line));
        self.byte.extend(places.iter().map(|place| place.byte));
        self.text_bytes += text.len();
        Ok(())
    }

    fn make_room(&mut self, width: usize, bytes: usize) -> Result<(), FileError> {
        if self.is_empty() && self.columns.len() != width {
            let empty = || StringBuilder::with_capacity(0, 0);
            self.columns = (0..width).map(|_| empty()).collect();
        }
        // Offsets of a column are 32 bits.
        let fits = self.text_bytes.saturating_add(bytes) <= i32::MAX as usize;
        if fits && self.columns.len() == width {
            Ok(())
        } else {
            Err(FileError::BatchFull {
                rows: self.len(),
                bytes: self.text_bytes,
            })
        }
    }
}

/// Appends the fields of one column.
fn append_column(
    column: &mut StringBuilder,
    text: &str,
    ends: &[usize],
    width: usize,
    index: usize,
) {
    let mut row_start = 0;
    for row in ends.chunks_exact(width) {
        let start = if index == 0 {
            row_start
        } else {
            row[index - 1]
        };
        column.append_value(&text[start..row[index]]);
        row_start = row[width - 1];
    }
}
