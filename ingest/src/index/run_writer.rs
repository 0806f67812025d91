//! Writes a run in one pass; see `run` for the layout.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_64;

use super::durable::{Durability, NewFile};
use super::entry::Entry;
use super::error::IndexError;
use super::run::{BLOCK_ENTRIES, Handles, MAGIC, Run};

/// Bytes of entries that are written at once.
const WRITE_BYTES: usize = 16 << 10;

/// A run in the making. Entries must come in ascending order.
pub(crate) struct RunWriter {
    file: NewFile,
    entries: usize,
    /// Entries that are not written yet.
    waiting: Vec<u8>,
    fence: Vec<u64>,
}

impl RunWriter {
    pub(crate) fn create(path: PathBuf, durability: Durability) -> Result<Self, IndexError> {
        let file = NewFile::create(path, durability)?;
        Ok(RunWriter {
            file,
            entries: 0,
            waiting: Vec::with_capacity(WRITE_BYTES),
            fence: Vec::new(),
        })
    }

    pub(crate) fn push(&mut self, entry: &Entry) -> Result<(), IndexError> {
        if self.entries.is_multiple_of(BLOCK_ENTRIES) {
            self.fence.push(entry.hash);
        }
        self.entries += 1;
        self.waiting.extend_from_slice(&entry.encode());
        match self.waiting.len() < WRITE_BYTES {
            true => Ok(()),
            false => self.write(),
        }
    }

    /// Completes the file; `segments` are the ones it covers, ascending, even
    /// those without an entry.
    pub(crate) fn finish(
        mut self,
        segments: &[u32],
        handles: &Arc<Handles>,
    ) -> Result<Run, IndexError> {
        let mut tail: Vec<u8> = self
            .fence
            .iter()
            .flat_map(|hash| hash.to_le_bytes())
            .collect();
        tail.extend(segments.iter().flat_map(|segment| segment.to_le_bytes()));
        let checksum = xxh3_64(&tail);
        for word in [self.entries as u64, segments.len() as u64, checksum, MAGIC] {
            tail.extend(word.to_le_bytes());
        }
        self.waiting.append(&mut tail);
        self.write()?;
        let path = self.file.finish()?;
        Run::open(path, Arc::clone(handles))
    }

    fn write(&mut self) -> Result<(), IndexError> {
        let written = self.file.write_all(&self.waiting);
        self.waiting.clear();
        written.map_err(IndexError::io("write", self.file.target()))
    }
}
