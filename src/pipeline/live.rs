//! Which landed rows are superseded: corrected, withdrawn or never in force.
//! All others are live.

use std::collections::{HashMap, HashSet};
use std::sync::{PoisonError, RwLock};
use tocsin_ingest::index::RowRef;

/// The superseded rows, shared by the threads that take records in.
#[derive(Debug, Default)]
pub struct Superseded {
    rows: RwLock<HashMap<u32, HashSet<u32>>>,
}

impl Superseded {
    /// Marks a row.
    pub fn insert(&self, at: RowRef) {
        let mut rows = self.rows.write().unwrap_or_else(PoisonError::into_inner);
        rows.entry(at.segment).or_default().insert(at.row);
    }

    /// Whether a row counts.
    pub fn is_live(&self, at: RowRef) -> bool {
        let rows = self.rows.read().unwrap_or_else(PoisonError::into_inner);
        !rows
            .get(&at.segment)
            .is_some_and(|rows| rows.contains(&at.row))
    }

    /// The superseded rows of one segment.
    pub fn of_segment(&self, segment: u32) -> HashSet<u32> {
        let rows = self.rows.read().unwrap_or_else(PoisonError::into_inner);
        rows.get(&segment).cloned().unwrap_or_default()
    }

    /// Forgets segments that are gone.
    pub fn forget(&self, segments: &[u32]) {
        let mut rows = self.rows.write().unwrap_or_else(PoisonError::into_inner);
        for segment in segments {
            rows.remove(segment);
        }
    }
}
