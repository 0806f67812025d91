//! The unit of an index: a hash and the row it points to.

use std::cmp::Reverse;

/// Where a raw row lies: segment and position in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowRef {
    /// The segment's id, given by whoever commits it.
    pub segment: u32,
    /// The row's position in the segment, from 0.
    pub row: u32,
}

/// One posting of an index. Entries sort by hash, then newest row first, so
/// that a reader who wants only the newest few can stop early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// Hash of a record key or a subject; assumed to be uniform.
    pub hash: u64,
    /// The row that carries it.
    pub at: RowRef,
}

/// Bytes of an entry on disk: hash, segment, row, all little-endian.
pub(crate) const ENTRY_BYTES: usize = 16;

impl Entry {
    /// Builds an entry from its parts.
    pub fn new(hash: u64, segment: u32, row: u32) -> Self {
        Entry {
            hash,
            at: RowRef { segment, row },
        }
    }

    fn sort_key(&self) -> (u64, Reverse<RowRef>) {
        (self.hash, Reverse(self.at))
    }

    pub(crate) fn encode(&self) -> [u8; ENTRY_BYTES] {
        let mut bytes = [0; ENTRY_BYTES];
        bytes[..8].copy_from_slice(&self.hash.to_le_bytes());
        bytes[8..12].copy_from_slice(&self.at.segment.to_le_bytes());
        bytes[12..].copy_from_slice(&self.at.row.to_le_bytes());
        bytes
    }

    pub(crate) fn decode(bytes: &[u8]) -> Self {
        Entry::new(u64_at(bytes, 0), u32_at(bytes, 8), u32_at(bytes, 12))
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.sort_key().cmp(&other.sort_key())
    }
}

/// The little-endian integer at `offset`; the caller has checked the length.
pub(crate) fn u64_at(bytes: &[u8], offset: usize) -> u64 {
    let mut word = [0; 8];
    word.copy_from_slice(&bytes[offset..offset + 8]);
    u64::from_le_bytes(word)
}

/// The little-endian integer at `offset`; the caller has checked the length.
pub(crate) fn u32_at(bytes: &[u8], offset: usize) -> u32 {
    let mut word = [0; 4];
    word.copy_from_slice(&bytes[offset..offset + 4]);
    u32::from_le_bytes(word)
}
