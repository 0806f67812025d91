//! One sorted file of entries, and how to look into it.
//!
//! Layout: entries of 16 bytes, ascending | the first hash of every block of
//! 256 entries (the fence) | the ids of the segments it covers | a trailer.
//! Fence and ids are held in memory (0.03 bytes an entry); a lookup reads one
//! block, two when the hash sits on a border.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use xxhash_rust::xxh3::xxh3_64;

use super::entry::{ENTRY_BYTES, Entry, RowRef, u32_at, u64_at};
use super::error::IndexError;
use super::lru::Lru;

pub(crate) const BLOCK_ENTRIES: usize = 256;
const BLOCK_BYTES: usize = BLOCK_ENTRIES * ENTRY_BYTES;
/// Entries, segments, checksum of what lies between entries and trailer, magic.
pub(crate) const TRAILER_BYTES: usize = 8 + 8 + 8 + 8;
pub(crate) const MAGIC: u64 = u64::from_le_bytes(*b"tocsrun1");
/// How much a sequential reader takes at once.
const SCAN_ENTRIES: usize = 16 * BLOCK_ENTRIES;

/// Open files, bounded in number and shared by all indexes of a landing.
pub(crate) type Handles = Lru<PathBuf, Arc<File>>;

/// A finished run. Removes its file when it was [retired](Run::retire) and the
/// last reader lets go.
pub(crate) struct Run {
    path: PathBuf,
    entries: usize,
    fence: Vec<u64>,
    segments: Vec<u32>,
    handles: Arc<Handles>,
    retired: AtomicBool,
    /// Whether the index knows which hashes it may hold.
    recent: AtomicBool,
}

impl Run {
    /// Reads fence and segments of a run.
    ///
    /// # Errors
    /// [`IndexError::Damaged`] if the file is not a whole run.
    pub(crate) fn open(path: PathBuf, handles: Arc<Handles>) -> Result<Self, IndexError> {
        let file = File::open(&path).map_err(IndexError::io("open", &path))?;
        let (entries, tail) = read_tail(&file, &path)?;
        let fence_bytes = entries.div_ceil(BLOCK_ENTRIES) * 8;
        let fence = tail[..fence_bytes]
            .chunks_exact(8)
            .map(|bytes| u64_at(bytes, 0))
            .collect();
        let segments = tail[fence_bytes..]
            .chunks_exact(4)
            .map(|bytes| u32_at(bytes, 0))
            .collect();
        Ok(Run {
            path,
            entries,
            fence,
            segments,
            handles,
            retired: AtomicBool::new(false),
            recent: AtomicBool::new(false),
        })
    }

    /// Whether the index knows which hashes it may hold.
    pub(crate) fn is_recent(&self) -> bool {
        self.recent.load(Ordering::Relaxed)
    }

    /// Says whether the index knows which hashes it may hold.
    pub(crate) fn set_recent(&self, recent: bool) {
        self.recent.store(recent, Ordering::Relaxed);
    }

    pub(crate) fn entries(&self) -> usize {
        self.entries
    }

    /// The segments whose entries this run holds, ascending.
    pub(crate) fn segments(&self) -> &[u32] {
        &self.segments
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Marks the file for removal once nobody reads it any more.
    pub(crate) fn retire(&self) {
        self.retired.store(true, Ordering::Relaxed);
    }

    /// Calls `each` for every row under `hash`, newest first, until it says no.
    pub(crate) fn find(
        &self,
        hash: u64,
        each: &mut dyn FnMut(RowRef) -> bool,
    ) -> Result<(), IndexError> {
        Cursor::new(self)?.find(hash, each)
    }

    /// A cursor for lookups in ascending order of hashes.
    pub(crate) fn cursor(&self) -> Result<Cursor<'_>, IndexError> {
        Cursor::new(self)
    }

    /// All entries in order.
    pub(crate) fn scan(self: &Arc<Self>) -> Result<Scan, IndexError> {
        let file = self.file()?;
        Ok(Scan {
            run: Arc::clone(self),
            file,
            next: 0,
            buffer: Vec::new(),
            position: 0,
        })
    }

    fn file(&self) -> Result<Arc<File>, IndexError> {
        if let Some(file) = self.handles.get(&self.path) {
            return Ok(file);
        }
        let file = Arc::new(File::open(&self.path).map_err(IndexError::io("open", &self.path))?);
        self.handles.put(self.path.clone(), Arc::clone(&file), 1);
        Ok(file)
    }

    /// Fills `buffer` with up to `count` entries from `first` on.
    fn read(
        &self,
        file: &File,
        first: usize,
        count: usize,
        buffer: &mut Vec<u8>,
    ) -> Result<(), IndexError> {
        let count = count.min(self.entries - first);
        buffer.resize(count * ENTRY_BYTES, 0);
        file.read_exact_at(buffer, (first * ENTRY_BYTES) as u64)
            .map_err(IndexError::io("read", &self.path))
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        if *self.retired.get_mut() {
            self.handles.remove(&self.path);
            // Best effort: the next open removes what a merge has replaced.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Number of entries, and fence and segments as bytes, after all checks.
fn read_tail(file: &File, path: &Path) -> Result<(usize, Vec<u8>), IndexError> {
    let damaged = |reason| IndexError::Damaged {
        path: path.to_path_buf(),
        reason,
    };
    let length = file
        .metadata()
        .map_err(IndexError::io("inspect", path))?
        .len() as usize;
    let end = length
        .checked_sub(TRAILER_BYTES)
        .ok_or_else(|| damaged("too short"))?;
    let mut trailer = [0; TRAILER_BYTES];
    file.read_exact_at(&mut trailer, end as u64)
        .map_err(IndexError::io("read", path))?;
    if u64_at(&trailer, 24) != MAGIC {
        return Err(damaged("no trailer"));
    }
    let entries = u64_at(&trailer, 0) as usize;
    let segments = u64_at(&trailer, 8) as usize;
    let start = entries
        .checked_mul(ENTRY_BYTES)
        .ok_or_else(|| damaged("impossible length"))?;
    let size = entries.div_ceil(BLOCK_ENTRIES) * 8 + segments.saturating_mul(4);
    if start.checked_add(size) != Some(end) {
        return Err(damaged("impossible length"));
    }
    let mut tail = vec![0; size];
    file.read_exact_at(&mut tail, start as u64)
        .map_err(IndexError::io("read", path))?;
    if xxh3_64(&tail) != u64_at(&trailer, 16) {
        return Err(damaged("wrong checksum"));
    }
    Ok((entries, tail))
}

/// Looks up ascending hashes, reading each block at most once.
pub(crate) struct Cursor<'a> {
    run: &'a Run,
    file: Arc<File>,
    /// The block in `buffer`; `usize::MAX` before the first.
    block: usize,
    buffer: Vec<u8>,
}

impl<'a> Cursor<'a> {
    fn new(run: &'a Run) -> Result<Self, IndexError> {
        let file = run.file()?;
        Ok(Cursor {
            run,
            file,
            block: usize::MAX,
            buffer: Vec::with_capacity(BLOCK_BYTES),
        })
    }

    /// Calls `each` for every row under `hash`, newest first, until it says no.
    pub(crate) fn find(
        &mut self,
        hash: u64,
        each: &mut dyn FnMut(RowRef) -> bool,
    ) -> Result<(), IndexError> {
        let mut block = self.first_block(hash);
        // A block whose first hash is greater cannot hold it.
        while block < self.run.fence.len() && self.run.fence[block] <= hash {
            self.load(block)?;
            for bytes in self.buffer[self.lower_bound(hash)..].chunks_exact(ENTRY_BYTES) {
                let entry = Entry::decode(bytes);
                if entry.hash != hash || !each(entry.at) {
                    return Ok(());
                }
            }
            block += 1;
        }
        Ok(())
    }

    /// The first block that may hold `hash`: the last one that starts below it.
    fn first_block(&self, hash: u64) -> usize {
        let fence = &self.run.fence;
        let starts_below = |block: usize| fence.get(block).is_some_and(|first| *first < hash);
        if self.block == usize::MAX || !starts_below(self.block) {
            return last_below(fence, hash);
        }
        // Ascending lookups stay in the block they are in or go on to one near by.
        let (mut from, mut step) = (self.block, 1);
        while starts_below(from + step) {
            from += step;
            step *= 2;
        }
        let until = (from + step).min(fence.len());
        from + last_below(&fence[from..until], hash)
    }

    fn load(&mut self, block: usize) -> Result<(), IndexError> {
        if self.block != block {
            self.block = usize::MAX;
            self.run.read(
                &self.file,
                block * BLOCK_ENTRIES,
                BLOCK_ENTRIES,
                &mut self.buffer,
            )?;
            self.block = block;
        }
        Ok(())
    }

    /// Byte offset in the buffer of the first entry not below `hash`.
    fn lower_bound(&self, hash: u64) -> usize {
        let (mut low, mut high) = (0, self.buffer.len() / ENTRY_BYTES);
        while low < high {
            let middle = (low + high) / 2;
            if u64_at(&self.buffer, middle * ENTRY_BYTES) < hash {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low * ENTRY_BYTES
    }
}

/// The last place of an ascending fence below `hash`, or the first.
fn last_below(fence: &[u64], hash: u64) -> usize {
    let below = fence.partition_point(|first| *first < hash);
    below.saturating_sub(1)
}

/// Reads a run from start to end with one small buffer.
pub(crate) struct Scan {
    run: Arc<Run>,
    file: Arc<File>,
    /// The first entry that is not in the buffer yet.
    next: usize,
    buffer: Vec<u8>,
    position: usize,
}

impl Scan {
    pub(crate) fn next(&mut self) -> Result<Option<Entry>, IndexError> {
        if self.position == self.buffer.len() {
            if self.next == self.run.entries {
                return Ok(None);
            }
            self.run
                .read(&self.file, self.next, SCAN_ENTRIES, &mut self.buffer)?;
            self.next += self.buffer.len() / ENTRY_BYTES;
            self.position = 0;
        }
        let entry = Entry::decode(&self.buffer[self.position..]);
        self.position += ENTRY_BYTES;
        Ok(Some(entry))
    }
}
