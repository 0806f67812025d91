//! Some rows as bytes, column by column: what is packed and read as one.
//!
//! A block is small (16 rows), so that one row costs the unpacking of few; each
//! column is together in it, so that values which repeat lie side by side for
//! the packing and a whole column is copied at once. A column is the number of
//! its bytes (u32, little endian), then
//! - of text: for each row its length + 1, or 0 for null, then all texts;
//! - of counts: for each row the difference to the row before, zigzag.
//!
//! All of these numbers are LEB128.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::UInt64Type;
use arrow_array::{Array, ArrayRef, RecordBatch, RecordBatchOptions, StringArray, UInt64Array};
use arrow_buffer::{NullBufferBuilder, OffsetBuffer};
use arrow_schema::{ArrowError, DataType, SchemaRef};

/// Gathers rows until they are a block.
pub(crate) struct BlockEncoder {
    columns: Vec<Gathered>,
    rows: usize,
}

enum Gathered {
    Text { lengths: Vec<u8>, text: Vec<u8> },
    Counts { steps: Vec<u8>, last: u64 },
}

impl BlockEncoder {
    /// For rows of these columns.
    ///
    /// # Errors
    /// The name and type of a column that is neither text nor a count.
    pub(crate) fn new(schema: &SchemaRef) -> Result<Self, (String, DataType)> {
        let gathered = schema.fields().iter().map(|field| match field.data_type() {
            DataType::Utf8 => Ok(Gathered::Text {
                lengths: Vec::new(),
                text: Vec::new(),
            }),
            DataType::UInt64 if !field.is_nullable() => Ok(Gathered::Counts {
                steps: Vec::new(),
                last: 0,
            }),
            other => Err((field.name().clone(), other.clone())),
        });
        Ok(BlockEncoder {
            columns: gathered.collect::<Result<_, _>>()?,
            rows: 0,
        })
    }

    /// How many rows are gathered.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// Adds rows of a batch that has the columns of [`BlockEncoder::new`].
    pub(crate) fn push(&mut self, batch: &RecordBatch, rows: Range<usize>) {
        self.rows += rows.len();
        for (gathered, column) in self.columns.iter_mut().zip(batch.columns()) {
            match gathered {
                Gathered::Text { lengths, text } => {
                    push_text(column.as_string(), rows.clone(), lengths, text);
                }
                Gathered::Counts { steps, last } => {
                    for count in &column.as_primitive::<UInt64Type>().values()[rows.clone()] {
                        put(steps, zigzag(count.wrapping_sub(*last) as i64));
                        *last = *count;
                    }
                }
            }
        }
    }

    /// Puts what is gathered into `out`, which it clears first, and starts anew.
    pub(crate) fn take(&mut self, out: &mut Vec<u8>) {
        self.rows = 0;
        out.clear();
        for gathered in &mut self.columns {
            match gathered {
                Gathered::Text { lengths, text } => {
                    out.extend(((lengths.len() + text.len()) as u32).to_le_bytes());
                    out.append(lengths);
                    out.append(text);
                }
                Gathered::Counts { steps, last } => {
                    out.extend((steps.len() as u32).to_le_bytes());
                    out.append(steps);
                    *last = 0;
                }
            }
        }
    }
}

fn push_text(from: &StringArray, rows: Range<usize>, lengths: &mut Vec<u8>, text: &mut Vec<u8>) {
    let (offsets, values) = (from.value_offsets(), from.value_data());
    if from.null_count() == 0 {
        for ends in offsets[rows.start..=rows.end].windows(2) {
            put(lengths, (ends[1] - ends[0]) as u64 + 1);
        }
        text.extend_from_slice(&values[offsets[rows.start] as usize..offsets[rows.end] as usize]);
        return;
    }
    for row in rows {
        if from.is_null(row) {
            put(lengths, 0);
            continue;
        }
        let value = from.value(row).as_bytes();
        put(lengths, value.len() as u64 + 1);
        text.extend_from_slice(value);
    }
}

/// Which rows of a block.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Pick<'a> {
    /// The first so many.
    First(usize),
    /// These, ascending.
    Rows(&'a [u32]),
}

/// Gathers rows of blocks into a batch.
pub(crate) struct BlockDecoder {
    /// The columns that are wanted, out of those of the block.
    schema: SchemaRef,
    skipped: usize,
    columns: Vec<Column>,
    rows: usize,
    /// Lengths of the texts of the column at hand, + 1, or 0 for null.
    lengths: Vec<usize>,
}

enum Column {
    Text(Texts),
    Counts(Vec<u64>),
}

/// Texts on their way into an array.
struct Texts {
    offsets: Vec<i32>,
    text: Vec<u8>,
    nulls: NullBufferBuilder,
}

impl BlockDecoder {
    /// For rows of blocks whose columns, after the first `skipped`, are these.
    pub(crate) fn new(schema: SchemaRef, skipped: usize) -> Self {
        let column = |data_type: &DataType| match data_type {
            DataType::UInt64 => Column::Counts(Vec::new()),
            _ => Column::Text(Texts {
                offsets: vec![0],
                text: Vec::new(),
                nulls: NullBufferBuilder::new(0),
            }),
        };
        let columns = schema.fields().iter();
        BlockDecoder {
            columns: columns.map(|field| column(field.data_type())).collect(),
            schema,
            skipped,
            rows: 0,
            lengths: Vec::new(),
        }
    }

    /// Adds rows of a block of `rows` rows; `None` if it is no such block.
    pub(crate) fn push(&mut self, mut block: &[u8], rows: usize, pick: Pick<'_>) -> Option<()> {
        for _ in 0..self.skipped {
            next_column(&mut block)?;
        }
        for column in &mut self.columns {
            let bytes = next_column(&mut block)?;
            match column {
                Column::Text(texts) => match pick {
                    Pick::First(first) => texts.push_first(bytes, rows, first)?,
                    Pick::Rows(picked) => {
                        let all = read_lengths(bytes, rows, &mut self.lengths)?;
                        texts.push_rows(all, &self.lengths, picked)?;
                    }
                },
                Column::Counts(counts) => pick_counts(bytes, rows, pick, counts)?,
            }
        }
        self.rows += match pick {
            Pick::First(rows) => rows,
            Pick::Rows(rows) => rows.len(),
        };
        Some(())
    }

    /// The rows as a batch.
    ///
    /// # Errors
    /// When texts are not UTF-8.
    pub(crate) fn finish(self) -> Result<RecordBatch, ArrowError> {
        let columns = self.columns.into_iter().map(Column::finish);
        let options = RecordBatchOptions::new().with_row_count(Some(self.rows));
        RecordBatch::try_new_with_options(self.schema, columns.collect::<Result<_, _>>()?, &options)
    }
}

impl Column {
    fn finish(self) -> Result<ArrayRef, ArrowError> {
        Ok(match self {
            Column::Counts(counts) => Arc::new(UInt64Array::from(counts)),
            Column::Text(mut texts) => {
                let offsets = OffsetBuffer::new(texts.offsets.into());
                let nulls = texts.nulls.finish();
                Arc::new(StringArray::try_new(offsets, texts.text.into(), nulls)?)
            }
        })
    }
}

impl Texts {
    /// Adds the first texts of a column of so many rows.
    fn push_first(&mut self, mut bytes: &[u8], rows: usize, first: usize) -> Option<()> {
        let mut end = self.text.len();
        for row in 0..rows {
            let length = get(&mut bytes)? as usize;
            if row < first {
                end += length.saturating_sub(1);
                self.offsets.push(i32::try_from(end).ok()?);
                self.nulls.append(length > 0);
            }
        }
        self.text
            .extend_from_slice(bytes.get(..end - self.text.len())?);
        Some(())
    }

    /// Adds some of the texts, of which `lengths` says how long each is, + 1.
    fn push_rows(&mut self, all: &[u8], lengths: &[usize], rows: &[u32]) -> Option<()> {
        let (mut next, mut start) = (0, 0);
        for row in rows {
            let row = *row as usize;
            let before = lengths.get(next..row)?.iter();
            start += before.map(|length| length.saturating_sub(1)).sum::<usize>();
            next = row;
            let length = *lengths.get(row)?;
            let end = start.checked_add(length.saturating_sub(1))?;
            self.text.extend_from_slice(all.get(start..end)?);
            self.offsets.push(i32::try_from(self.text.len()).ok()?);
            self.nulls.append(length > 0);
        }
        Some(())
    }
}

/// The bytes of the next column; the block goes on behind them.
fn next_column<'a>(block: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, rest) = block.split_first_chunk::<4>()?;
    let (column, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
    *block = rest;
    Some(column)
}

/// Reads the lengths of a column of text; the texts are what follows.
fn read_lengths<'a>(
    mut bytes: &'a [u8],
    rows: usize,
    lengths: &mut Vec<usize>,
) -> Option<&'a [u8]> {
    lengths.clear();
    for _ in 0..rows {
        lengths.push(get(&mut bytes)? as usize);
    }
    Some(bytes)
}

fn pick_counts(mut bytes: &[u8], rows: usize, pick: Pick<'_>, out: &mut Vec<u64>) -> Option<()> {
    let mut last = 0u64;
    let mut count = || {
        last = last.wrapping_add(unzigzag(get(&mut bytes)?) as u64);
        Some(last)
    };
    match pick {
        Pick::First(first) => {
            for _ in 0..first.min(rows) {
                out.push(count()?);
            }
        }
        Pick::Rows(picked) => {
            let mut read = 0;
            for row in picked {
                while read < *row {
                    count()?;
                    read += 1;
                }
                out.push(count()?);
                read += 1;
            }
        }
    }
    Some(())
}

fn put(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn get(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

fn zigzag(step: i64) -> u64 {
    ((step << 1) ^ (step >> 63)) as u64
}

fn unzigzag(step: u64) -> i64 {
    (step >> 1) as i64 ^ -((step & 1) as i64)
}
