//! The file of a segment: blocks of rows, the hashes of their keys, and where
//! what lies.
//!
//! ```text
//! TOCSEG2\n
//! blocks        each LZ4 of a block (`block.rs`), 16 rows, the last fewer; from
//!               the third on with the first two, unpacked, as dictionary
//! keys          8 bytes a row
//! fences        16 bytes a block: where it starts, its size unpacked, its checksum
//! columns       an Arrow IPC stream without rows
//! end           rows, where keys, fences and columns start, checksums of keys
//!               and of all from the fences on, TOCSEG2\n
//! ```
//!
//! Numbers are little endian, checksums XXH3, of blocks its lower half. Rows are
//! read one by one when they are corrected or shown, and as a whole at a restart
//! alone: therefore small blocks of whole rows and not pages of columns. What is
//! the same in all of them the dictionary says once. TOCSEG1, of earlier versions,
//! has 64 rows a block and no dictionary.

use std::fs::File;
use std::io::{Cursor, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_ipc::reader::StreamReader;
use arrow_ipc::writer::StreamWriter;
use arrow_schema::SchemaRef;
use lz4_flex::block::{
    compress_into, compress_into_with_dict, decompress_into, decompress_into_with_dict,
    get_maximum_output_size,
};
use xxhash_rust::xxh3::{Xxh3Default, xxh3_64};

use super::LandingError;
use super::block::{BlockDecoder, BlockEncoder, Pick};
use crate::index::durable::NewFile;
use crate::index::{Entry, IndexError};

const FENCE_BYTES: usize = 16;
const END_BYTES: usize = 56;

/// How the rows of a file are cut into blocks.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    magic: &'static [u8; 8],
    /// Rows of a block.
    rows: usize,
    /// So many blocks begin a file that are the dictionary of the others.
    dictionary: usize,
}

/// What is written. Of 64 rows without a dictionary, 16 without and 16 with one,
/// a batch of 10,000 corrections costs 102, 95 and 91 ms of CPU, a landed row 38,
/// 46 and some 40 bytes of file (`tocsin bench --peers`). A damaged block costs its
/// rows, one of the dictionary those of the whole file.
const LAYOUT: Layout = Layout {
    magic: b"TOCSEG2\n",
    rows: 16,
    dictionary: 2,
};
/// What earlier versions wrote.
pub(super) const EARLIER: Layout = Layout {
    magic: b"TOCSEG1\n",
    rows: 64,
    dictionary: 0,
};
/// A dictionary is no longer: what a block could refer to costs time to look for.
const DICTIONARY_BYTES: usize = 16 << 10;

impl Layout {
    fn of(magic: &[u8]) -> Option<&'static Layout> {
        [&LAYOUT, &EARLIER]
            .into_iter()
            .find(|layout| layout.magic == magic)
    }

    fn block_of(&self, row: u32) -> usize {
        row as usize / self.rows
    }

    /// Adds a block to a dictionary, as far as it goes.
    fn note(dictionary: &mut Vec<u8>, raw: &[u8]) {
        let room = DICTIONARY_BYTES - dictionary.len();
        dictionary.extend(&raw[..raw.len().min(room)]);
    }
}

/// Where a block lies.
#[derive(Debug, Clone, Copy)]
struct Fence {
    start: u64,
    unpacked: u32,
    check: u32,
}

/// Writes the file of a segment.
pub(crate) struct SegmentFileWriter {
    segment: u32,
    out: NewFile,
    at: u64,
    schema: SchemaRef,
    layout: &'static Layout,
    block: BlockEncoder,
    fences: Vec<Fence>,
    dictionary: Vec<u8>,
    raw: Vec<u8>,
    packed: Vec<u8>,
}

impl SegmentFileWriter {
    /// Begins a file for rows of these columns.
    pub(crate) fn new(segment: u32, out: NewFile, schema: SchemaRef) -> Result<Self, LandingError> {
        Self::with_layout(segment, out, schema, &LAYOUT)
    }

    pub(super) fn with_layout(
        segment: u32,
        mut out: NewFile,
        schema: SchemaRef,
        layout: &'static Layout,
    ) -> Result<Self, LandingError> {
        let block = BlockEncoder::new(&schema);
        let block = block.map_err(|(column, data_type)| LandingError::ColumnType {
            segment,
            column,
            data_type,
        })?;
        write_all(&mut out, layout.magic)?;
        Ok(SegmentFileWriter {
            segment,
            out,
            at: layout.magic.len() as u64,
            schema,
            layout,
            block,
            fences: Vec::new(),
            dictionary: Vec::new(),
            raw: Vec::new(),
            packed: Vec::new(),
        })
    }

    pub(crate) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Adds the rows of a batch that has the columns of the file.
    pub(crate) fn push(&mut self, batch: &RecordBatch) -> Result<(), LandingError> {
        let mut row = 0;
        while row < batch.num_rows() {
            let room = self.layout.rows - self.block.rows();
            let end = batch.num_rows().min(row + room);
            self.block.push(batch, row..end);
            row = end;
            if self.block.rows() == self.layout.rows {
                self.end_block()?;
            }
        }
        Ok(())
    }

    fn end_block(&mut self) -> Result<(), LandingError> {
        self.block.take(&mut self.raw);
        let unpacked =
            u32::try_from(self.raw.len()).map_err(|_| LandingError::Full(self.segment))?;
        let most = get_maximum_output_size(self.raw.len());
        if self.packed.len() < most {
            self.packed.resize(most, 0);
        }
        let length = match self.fences.len() < self.layout.dictionary {
            true => {
                Layout::note(&mut self.dictionary, &self.raw);
                compress_into(&self.raw, &mut self.packed)
            }
            false if self.dictionary.is_empty() => compress_into(&self.raw, &mut self.packed),
            false => compress_into_with_dict(&self.raw, &mut self.packed, &self.dictionary),
        };
        let length = length.map_err(|_| LandingError::Full(self.segment))?;
        let packed = &self.packed[..length];
        self.fences.push(Fence {
            start: self.at,
            unpacked,
            check: xxh3_64(packed) as u32,
        });
        self.at += length as u64;
        write_all(&mut self.out, packed)
    }

    /// Completes the file: `keys` are those of all rows, in their order. It is
    /// durable on return.
    pub(crate) fn finish(mut self, keys: &[Entry]) -> Result<(), LandingError> {
        if self.block.rows() > 0 {
            self.end_block()?;
        }
        let keys_at = self.at;
        let mut check = Xxh3Default::new();
        for part in keys.chunks(1024) {
            self.raw.clear();
            for entry in part {
                self.raw.extend_from_slice(&entry.hash.to_le_bytes());
            }
            check.update(&self.raw);
            write_all(&mut self.out, &self.raw)?;
        }
        let keys_check = check.digest();
        let fences_at = keys_at + 8 * keys.len() as u64;
        let mut end = Vec::with_capacity(FENCE_BYTES * self.fences.len() + 4096);
        for fence in &self.fences {
            end.extend(fence.start.to_le_bytes());
            end.extend(fence.unpacked.to_le_bytes());
            end.extend(fence.check.to_le_bytes());
        }
        let columns_at = fences_at + end.len() as u64;
        let columns = StreamWriter::try_new(Vec::new(), &self.schema)?.into_inner()?;
        end.extend(columns);
        for number in [
            keys.len() as u64,
            keys_at,
            fences_at,
            columns_at,
            keys_check,
        ] {
            end.extend(number.to_le_bytes());
        }
        end.extend(xxh3_64(&end).to_le_bytes());
        end.extend(self.layout.magic);
        write_all(&mut self.out, &end)?;
        self.out.finish()?;
        Ok(())
    }
}

fn write_all(out: &mut NewFile, bytes: &[u8]) -> Result<(), LandingError> {
    let written = out.write_all(bytes);
    Ok(written.map_err(IndexError::io("write", out.target()))?)
}

/// Where the rows of a file lie.
#[derive(Debug)]
pub(crate) struct Footer {
    layout: &'static Layout,
    rows: u64,
    keys_at: u64,
    keys_check: u64,
    fences: Vec<Fence>,
    schema: SchemaRef,
    dictionary: Vec<u8>,
}

impl Footer {
    /// What it takes in memory, about.
    pub(crate) fn weight(&self) -> usize {
        let fences = self.fences.len() * size_of::<Fence>();
        fences + self.dictionary.len() + 100 * self.schema.fields().len() + 200
    }

    pub(crate) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    pub(crate) fn blocks(&self) -> usize {
        self.fences.len()
    }

    /// So many blocks hold about so many rows.
    pub(crate) fn blocks_of(&self, rows: usize) -> usize {
        rows / self.layout.rows
    }

    /// Rows of a block.
    fn rows_of(&self, block: usize) -> usize {
        let rows = self.layout.rows;
        rows.min(self.rows as usize - block * rows)
    }

    fn end_of(&self, block: usize) -> u64 {
        let next = self.fences.get(block + 1);
        next.map_or(self.keys_at, |next| next.start)
    }
}

/// Reads the file of a segment. Readers share the file: all reads are by place.
pub(crate) struct SegmentFile<'a> {
    pub(crate) segment: u32,
    pub(crate) path: &'a Path,
    pub(crate) file: &'a File,
}

impl SegmentFile<'_> {
    /// Where what lies in a file that has so many rows.
    pub(crate) fn footer(&self, expected: u32) -> Result<Footer, LandingError> {
        let length = self.file.metadata();
        let length = length.map_err(IndexError::io("read", self.path))?.len();
        let damaged = || self.damaged("its end");
        let end_at = length.checked_sub(END_BYTES as u64).ok_or_else(damaged)?;
        let mut end = vec![0; END_BYTES];
        self.read(&mut end, end_at)?;
        let number = |place: usize| le_u64(&end[8 * place..]);
        let (rows, keys_at, fences_at) = (number(0), number(1), number(2));
        let (columns_at, keys_check, check) = (number(3), number(4), number(5));
        let layout = Layout::of(&end[48..]).ok_or_else(damaged)?;
        let blocks = rows.div_ceil(layout.rows as u64);
        let sound = rows == u64::from(expected)
            && keys_at.checked_add(rows.saturating_mul(8)) == Some(fences_at)
            && fences_at.checked_add(blocks.saturating_mul(FENCE_BYTES as u64)) == Some(columns_at)
            && columns_at <= end_at;
        if !sound {
            return Err(damaged());
        }
        let mut all = vec![0; (end_at - fences_at) as usize];
        self.read(&mut all, fences_at)?;
        all.extend(&end[..40]);
        if xxh3_64(&all) != check {
            return Err(damaged());
        }
        let (fences, columns) = all.split_at((columns_at - fences_at) as usize);
        let fence = |bytes: &[u8]| Fence {
            start: le_u64(bytes),
            unpacked: le_u64(&bytes[8..]) as u32,
            check: (le_u64(&bytes[8..]) >> 32) as u32,
        };
        let mut footer = Footer {
            layout,
            rows,
            keys_at,
            keys_check,
            fences: fences.chunks_exact(FENCE_BYTES).map(fence).collect(),
            schema: StreamReader::try_new(Cursor::new(columns), None)?.schema(),
            dictionary: Vec::new(),
        };
        footer.dictionary = self.dictionary(&footer)?;
        Ok(footer)
    }

    fn dictionary(&self, footer: &Footer) -> Result<Vec<u8>, LandingError> {
        let mut dictionary = Vec::new();
        let (mut packed, mut raw) = (Vec::new(), Vec::new());
        for block in 0..footer.layout.dictionary.min(footer.blocks()) {
            self.read_block(footer, block, &mut packed, &mut raw)?;
            Layout::note(&mut dictionary, &raw);
        }
        Ok(dictionary)
    }

    /// The rows asked for (ascending, unique), of the columns after the first
    /// `skipped`.
    pub(crate) fn rows(
        &self,
        footer: &Footer,
        rows: &[u32],
        skipped: usize,
    ) -> Result<RecordBatch, LandingError> {
        let mut decoder = BlockDecoder::new(without(footer.schema(), skipped)?, skipped);
        let (mut packed, mut raw, mut picked) = (Vec::new(), Vec::new(), Vec::new());
        let layout = footer.layout;
        for of_block in rows.chunk_by(|a, b| layout.block_of(*a) == layout.block_of(*b)) {
            let block = layout.block_of(of_block[0]);
            self.read_block(footer, block, &mut packed, &mut raw)?;
            picked.clear();
            picked.extend(of_block.iter().map(|row| row % layout.rows as u32));
            let pushed = decoder.push(&raw, footer.rows_of(block), Pick::Rows(&picked));
            pushed.ok_or_else(|| self.damaged_block(footer, block))?;
        }
        Ok(decoder.finish()?)
    }

    /// All rows of `count` blocks from the `first` on, of the columns after the
    /// first `skipped`.
    pub(crate) fn blocks(
        &self,
        footer: &Footer,
        first: usize,
        count: usize,
        skipped: usize,
    ) -> Result<RecordBatch, LandingError> {
        let mut decoder = BlockDecoder::new(without(footer.schema(), skipped)?, skipped);
        let end = footer.blocks().min(first + count);
        let start = footer.fences.get(first).map_or(0, |fence| fence.start);
        let mut packed = vec![0; (footer.end_of(end - 1) - start) as usize];
        self.read(&mut packed, start)?;
        let mut raw = Vec::new();
        for block in first..end {
            let place = |at: u64| (at - start) as usize;
            let packed = &packed[place(footer.fences[block].start)..place(footer.end_of(block))];
            self.unpack(footer, block, packed, &mut raw)?;
            let rows = footer.rows_of(block);
            let pushed = decoder.push(&raw, rows, Pick::First(rows));
            pushed.ok_or_else(|| self.damaged_block(footer, block))?;
        }
        Ok(decoder.finish()?)
    }

    /// The hashes of the keys of all rows.
    pub(crate) fn keys(&self, footer: &Footer) -> Result<Vec<u64>, LandingError> {
        let mut bytes = vec![0; 8 * footer.rows as usize];
        self.read(&mut bytes, footer.keys_at)?;
        if xxh3_64(&bytes) != footer.keys_check {
            return Err(self.damaged("its keys"));
        }
        Ok(bytes.chunks_exact(8).map(le_u64).collect())
    }

    /// Reads and unpacks a block into `raw`.
    fn read_block(
        &self,
        footer: &Footer,
        block: usize,
        packed: &mut Vec<u8>,
        raw: &mut Vec<u8>,
    ) -> Result<(), LandingError> {
        let fence = footer.fences.get(block);
        let fence = fence.ok_or_else(|| self.damaged("its end"))?;
        packed.resize((footer.end_of(block) - fence.start) as usize, 0);
        self.read(packed, fence.start)?;
        self.unpack(footer, block, packed, raw)
    }

    fn unpack(
        &self,
        footer: &Footer,
        block: usize,
        packed: &[u8],
        raw: &mut Vec<u8>,
    ) -> Result<(), LandingError> {
        let fence = &footer.fences[block];
        if xxh3_64(packed) as u32 != fence.check {
            return Err(self.damaged_block(footer, block));
        }
        raw.resize(fence.unpacked as usize, 0);
        let unpacked = match block < footer.layout.dictionary || footer.dictionary.is_empty() {
            true => decompress_into(packed, raw),
            false => decompress_into_with_dict(packed, raw, &footer.dictionary),
        };
        match unpacked {
            Ok(length) if length == raw.len() => Ok(()),
            _ => Err(self.damaged_block(footer, block)),
        }
    }

    fn read(&self, bytes: &mut [u8], at: u64) -> Result<(), LandingError> {
        let read = self.file.read_exact_at(bytes, at);
        Ok(read.map_err(IndexError::io("read", self.path))?)
    }

    fn damaged_block(&self, footer: &Footer, block: usize) -> LandingError {
        let first = block * footer.layout.rows;
        self.damaged(&format!("the block of rows from {first} on"))
    }

    fn damaged(&self, what: &str) -> LandingError {
        LandingError::Damaged {
            segment: self.segment,
            path: self.path.to_path_buf(),
            what: what.to_owned(),
        }
    }
}

fn without(schema: &SchemaRef, skipped: usize) -> Result<SchemaRef, LandingError> {
    if skipped == 0 {
        return Ok(Arc::clone(schema));
    }
    let kept: Vec<usize> = (skipped..schema.fields().len()).collect();
    Ok(Arc::new(schema.project(&kept)?))
}

fn le_u64(bytes: &[u8]) -> u64 {
    let mut number = [0; 8];
    number.copy_from_slice(&bytes[..8]);
    u64::from_le_bytes(number)
}
