//! What a landing knows: which segments there are, and their indexes.
//!
//! Order of locks: `segments` before those of an index, never the reverse.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLockReadGuard, RwLockWriteGuard};

use hashbrown::HashMap;

use super::open::{KEYS, SEGMENTS, key_folder, segment_file};
use super::segment::{Body, Segment};
use super::segment_file::SegmentFileWriter;
use super::{Landing, LandingError, SegmentInfo, SegmentRows, Segments};
use crate::index::{Durability, Entry, Index};

impl Landing {
    pub(crate) fn durability(&self) -> Durability {
        self.durability
    }

    pub(crate) fn segment_path(&self, id: u32) -> PathBuf {
        self.folder.join(SEGMENTS).join(segment_file(id))
    }

    /// Completes a file and takes it over with its index entries, hidden.
    pub(crate) fn add_written(
        &self,
        info: &SegmentInfo,
        file: SegmentFileWriter,
        (keys, subjects): (Vec<Entry>, Vec<Entry>),
    ) -> Result<(), LandingError> {
        let path = self.segment_path(info.id);
        // Known before its entries are: a merge drops entries of the unknown.
        self.insert_hidden(Segment::hidden(info, Body::File(path)))?;
        let written = self.complete(info, file, (keys, subjects));
        if written.is_err() {
            self.discard(&[info.id])?;
        }
        written
    }

    /// The file and the keys' index on this thread, that of subjects beside: what
    /// takes long is the disk.
    fn complete(
        &self,
        info: &SegmentInfo,
        file: SegmentFileWriter,
        (keys, subjects): (Vec<Entry>, Vec<Entry>),
    ) -> Result<(), LandingError> {
        let keys_index = self.key_index(&info.source)?;
        std::thread::scope(|scope| {
            let beside = scope.spawn(|| self.subjects.add_segment(info.id, subjects));
            file.finish(&keys)?;
            keys_index.add_segment(info.id, keys)?;
            let indexed = beside.join();
            Ok(indexed.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?)
        })
    }

    /// Publishes one segment and forgets others, in one step for readers.
    pub(super) fn exchange(&self, new: Option<u32>, old: &[u32]) -> Result<(), LandingError> {
        let mut removed = Vec::with_capacity(old.len());
        {
            let mut segments = self.write_segments();
            if let Some(id) = new {
                segments
                    .get(&id)
                    .ok_or(LandingError::UnknownSegment(id))?
                    .publish();
            }
            removed.extend(old.iter().filter_map(|id| segments.remove(id)));
        }
        for segment in removed {
            segment.retire();
            self.files.forget(&segment);
            self.unindex_inline(&segment)?;
        }
        Ok(())
    }

    pub(super) fn insert_hidden(&self, segment: Segment) -> Result<Arc<Segment>, LandingError> {
        let mut segments = self.write_segments();
        if segments.contains_key(&segment.id) {
            return Err(LandingError::DuplicateSegment(segment.id));
        }
        let segment = Arc::new(segment);
        segments.insert(segment.id, Arc::clone(&segment));
        Ok(segment)
    }

    pub(super) fn index_inline(&self, segment: &Segment) -> Result<(), LandingError> {
        if let Body::Inline(rows) = &segment.body {
            self.key_index(&rows.source)?
                .add_fresh(key_entries(segment.id, rows));
            self.subjects.add_fresh(subject_entries(segment.id, rows));
        }
        Ok(())
    }

    pub(super) fn unindex_inline(&self, segment: &Segment) -> Result<(), LandingError> {
        if let Body::Inline(rows) = &segment.body {
            self.key_index(&rows.source)?
                .remove_fresh(key_entries(segment.id, rows));
            self.subjects
                .remove_fresh(subject_entries(segment.id, rows));
        }
        Ok(())
    }

    /// The key index of a source, made when it is new.
    pub(super) fn key_index(&self, source: &str) -> Result<Arc<Index>, LandingError> {
        if let Some(index) = self.read_keys().get(source) {
            return Ok(Arc::clone(index));
        }
        let mut keys = self.write_keys();
        if let Some(index) = keys.get(source) {
            return Ok(Arc::clone(index));
        }
        let folder = self.folder.join(KEYS).join(key_folder(source));
        let (index, _) = Index::open(&folder, &BTreeSet::new(), &self.handles, self.durability)?;
        let index = Arc::new(index.remembering());
        keys.insert(Arc::from(source), Arc::clone(&index));
        Ok(index)
    }

    pub(super) fn all_segments(&self) -> Vec<Arc<Segment>> {
        self.read_segments().values().cloned().collect()
    }

    pub(super) fn hidden_segment(&self, id: u32) -> Result<Arc<Segment>, LandingError> {
        self.read_segments()
            .get(&id)
            .cloned()
            .ok_or(LandingError::UnknownSegment(id))
    }

    pub(super) fn segment(&self, id: u32) -> Result<Arc<Segment>, LandingError> {
        let segment = self.hidden_segment(id)?;
        if segment.is_published() {
            Ok(segment)
        } else {
            Err(LandingError::UnknownSegment(id))
        }
    }

    pub(super) fn read_segments(&self) -> RwLockReadGuard<'_, Segments> {
        self.segments.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn write_segments(&self) -> RwLockWriteGuard<'_, Segments> {
        self.segments
            .write()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn read_keys(&self) -> RwLockReadGuard<'_, HashMap<Arc<str>, Arc<Index>>> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn write_keys(&self) -> RwLockWriteGuard<'_, HashMap<Arc<str>, Arc<Index>>> {
        self.keys.write().unwrap_or_else(PoisonError::into_inner)
    }
}

fn key_entries(segment: u32, rows: &SegmentRows) -> impl Iterator<Item = Entry> {
    rows.keys
        .iter()
        .zip(0..)
        .map(move |(key, row)| Entry::new(*key, segment, row))
}

fn subject_entries(segment: u32, rows: &SegmentRows) -> impl Iterator<Item = Entry> {
    rows.subjects
        .iter()
        .map(move |(hash, row)| Entry::new(*hash, segment, *row))
}
