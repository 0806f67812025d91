//! Which landed rows are superseded: corrected, withdrawn or never in force.
//! All others are live.
//!
//! A bit a row of the segments that have any: what is corrected again and again
//! for years costs no more memory than an eighth of a byte each time. When a row
//! went is known to the store alone.

use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};
use tocsin_ingest::index::RowRef;

const BITS: u32 = u64::BITS;

/// The superseded rows of one segment.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Gone {
    words: Vec<u64>,
}

/// The superseded rows, shared by the threads that take records in.
#[derive(Debug, Default)]
pub struct Superseded {
    segments: RwLock<HashMap<u32, Gone>>,
}

impl Gone {
    fn insert(&mut self, row: u32) {
        let word = (row / BITS) as usize;
        if self.words.len() <= word {
            self.words.resize(word + 1, 0);
        }
        self.words[word] |= 1 << (row % BITS);
    }

    /// Whether a row is superseded.
    pub fn contains(&self, row: u32) -> bool {
        let word = self.words.get((row / BITS) as usize);
        word.is_some_and(|word| word >> (row % BITS) & 1 == 1)
    }
}

impl Superseded {
    /// These rows, by segment.
    pub fn new(segments: HashMap<u32, Gone>) -> Self {
        Superseded {
            segments: RwLock::new(segments),
        }
    }

    /// All of them, by segment.
    pub fn into_segments(self) -> HashMap<u32, Gone> {
        let segments = self.segments.into_inner();
        segments.unwrap_or_else(PoisonError::into_inner)
    }

    /// Marks a row.
    pub fn insert(&self, at: RowRef) {
        let mut segments = self
            .segments
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        segments.entry(at.segment).or_default().insert(at.row);
    }

    /// Whether a row counts.
    pub fn is_live(&self, at: RowRef) -> bool {
        let segments = self.segments.read().unwrap_or_else(PoisonError::into_inner);
        is_live(&segments, at)
    }

    /// Keeps of many only what counts.
    pub fn keep_live<T>(&self, found: &mut Vec<T>, at: impl Fn(&T) -> RowRef) {
        let segments = self.segments.read().unwrap_or_else(PoisonError::into_inner);
        found.retain(|found| is_live(&segments, at(found)));
    }

    /// The superseded rows of one segment, as they are now.
    pub fn of_segment(&self, segment: u32) -> Gone {
        let segments = self.segments.read().unwrap_or_else(PoisonError::into_inner);
        segments.get(&segment).cloned().unwrap_or_default()
    }

    /// Forgets segments that are gone.
    pub fn forget(&self, gone: &[u32]) {
        let mut segments = self
            .segments
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        for segment in gone {
            segments.remove(segment);
        }
    }

    /// Bytes held.
    #[cfg(test)]
    pub fn bytes(&self) -> usize {
        let segments = self.segments.read().unwrap_or_else(PoisonError::into_inner);
        let words: usize = segments.values().map(|gone| gone.words.capacity()).sum();
        words * size_of::<u64>()
    }
}

fn is_live(segments: &HashMap<u32, Gone>, at: RowRef) -> bool {
    let gone = segments.get(&at.segment);
    !gone.is_some_and(|gone| gone.contains(at.row))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_superseded_row_takes_a_bit() {
        let superseded = Superseded::default();
        let at = |row| RowRef { segment: 3, row };
        assert!(superseded.is_live(at(70)));
        (0..100_000).for_each(|row| superseded.insert(at(row)));
        assert!(!superseded.is_live(at(70)) && superseded.is_live(at(100_000)));
        assert!(superseded.of_segment(3).contains(99_999));
        assert!(
            superseded.bytes() <= 2 * 100_000 / 8,
            "{}",
            superseded.bytes()
        );
        superseded.forget(&[3]);
        assert!(superseded.is_live(at(70)) && superseded.bytes() == 0);
    }
}
