//! Writes a run in one pass; see `run` for the layout.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_64;

use super::durable::{Durability, NewFile};
use super::entry::Entry;
use super::error::IndexError;
use super::run::{BLOCK_ENTRIES, Handles, MAGIC, Run};

/// A run in the making. Entries must come in ascending order.
pub(crate) struct RunWriter {
    file: NewFile,
    entries: usize,
    fence: Vec<u64>,
}

impl RunWriter {
    pub(crate) fn create(path: PathBuf, durability: Durability) -> Result<Self, IndexError> {
        let file = NewFile::create(path, durability)?;
        Ok(RunWriter {
            file,
            entries: 0,
            fence: Vec::new(),
        })
    }

    pub(crate) fn push(&mut self, entry: &Entry) -> Result<(), IndexError> {
        if self.entries.is_multiple_of(BLOCK_ENTRIES) {
            self.fence.push(entry.hash);
        }
        self.entries += 1;
        self.write(&entry.encode())
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
        self.write(&tail)?;
        let path = self.file.finish()?;
        Run::open(path, Arc::clone(handles))
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), IndexError> {
        let written = self.file.write_all(bytes);
        written.map_err(IndexError::io("write", self.file.target()))
    }
}
