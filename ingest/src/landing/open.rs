//! Opening a landing after whatever happened.
//!
//! The store's list of committed segments is the truth. Files and indexes of
//! anything else are removed, indexes that are missing are rebuilt.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, RwLock};

use hashbrown::HashMap;
use xxhash_rust::xxh3::xxh3_128;

use super::earlier::earlier_file;
use super::inline::decode_inline;
use super::rows::SegmentInfo;
use super::segment::{Body, Files, Segment};
use super::{Landing, LandingError, LandingOptions};
use crate::index::durable::{create_folder, finished_files, remove};
use crate::index::{Entry, Handles, Index, IndexError};

impl Landing {
    /// Opens the landing in `folder` (made if missing) with just the segments
    /// that are `committed`; removes what else is there, rebuilds key indexes
    /// that are missing, and takes inline rows into memory.
    ///
    /// Postings of subjects cannot be rebuilt here, only from the mapping of
    /// the source: see [`Landing::without_postings`].
    ///
    /// # Errors
    /// [`LandingError::MissingFile`] if a committed segment is gone; inline
    /// bytes that do not decode; a disk that refuses.
    pub fn open(
        folder: &Path,
        options: LandingOptions,
        committed: &[SegmentInfo],
    ) -> Result<Landing, LandingError> {
        let durability = options.durability;
        for part in [SEGMENTS, KEYS, SUBJECTS] {
            create_folder(&folder.join(part), durability)?;
        }
        let files: BTreeSet<u32> = committed
            .iter()
            .filter(|info| info.inline.is_none())
            .map(|info| info.id)
            .collect();
        remove_other_segments(&folder.join(SEGMENTS), &files)?;
        let handles = Arc::new(Handles::new(options.open_index_files));
        let (subjects, lost) = Index::open(&folder.join(SUBJECTS), &files, &handles, durability)?;
        let landing = Landing {
            folder: folder.to_path_buf(),
            durability,
            files: Files::new(options.footer_bytes, Arc::clone(&handles)),
            handles,
            segments: RwLock::new(BTreeMap::new()),
            keys: RwLock::new(HashMap::new()),
            subjects,
            without_postings: Mutex::new(lost),
        };
        landing.load(committed)?;
        Ok(landing)
    }

    fn load(&self, committed: &[SegmentInfo]) -> Result<(), LandingError> {
        for info in committed {
            let body = self.body(info)?;
            self.insert_hidden(Segment::hidden(info, body))?;
        }
        self.remove_other_keys()?;
        self.rebuild_keys()?;
        for segment in self.all_segments() {
            self.index_inline(&segment)?;
            segment.publish();
        }
        Ok(())
    }

    fn body(&self, info: &SegmentInfo) -> Result<Body, LandingError> {
        if let Some(bytes) = &info.inline {
            return Ok(Body::Inline(decode_inline(bytes)?));
        }
        let path = self.segment_path(info.id);
        if path.is_file() || self.take_earlier(info, &path)? {
            return Ok(Body::File(path));
        }
        Err(LandingError::MissingFile {
            segment: info.id,
            path,
        })
    }

    /// Removes key indexes of sources that have no segment any more.
    fn remove_other_keys(&self) -> Result<(), LandingError> {
        let sources = self
            .all_segments()
            .into_iter()
            .map(|segment| key_folder(&segment.source));
        let wanted: BTreeSet<PathBuf> = sources
            .map(|name| self.folder.join(KEYS).join(name))
            .collect();
        for folder in finished_files(&self.folder.join(KEYS))? {
            if !wanted.contains(&folder) {
                std::fs::remove_dir_all(&folder).map_err(IndexError::io("remove", &folder))?;
            }
        }
        Ok(())
    }

    /// Opens the key index of every source, and fills in what it lacks.
    fn rebuild_keys(&self) -> Result<(), LandingError> {
        let mut files: BTreeMap<Arc<str>, BTreeSet<u32>> = BTreeMap::new();
        for segment in self.all_segments() {
            let of_source = files.entry(Arc::clone(&segment.source)).or_default();
            if matches!(segment.body, Body::File(_)) {
                of_source.insert(segment.id);
            }
        }
        for (source, live) in files {
            let folder = self.folder.join(KEYS).join(key_folder(&source));
            let (index, missing) = Index::open(&folder, &live, &self.handles, self.durability)?;
            for id in missing {
                let segment = self.hidden_segment(id)?;
                index.add_segment(id, self.keys_of(&segment)?)?;
            }
            let index = index.remembering();
            self.write_keys().insert(source, Arc::new(index));
        }
        Ok(())
    }

    fn keys_of(&self, segment: &Segment) -> Result<Vec<Entry>, LandingError> {
        let keys = segment.read_keys(&self.files)?.into_iter();
        let entries = keys
            .zip(0..)
            .map(|(key, row)| Entry::new(key, segment.id, row));
        Ok(entries.collect())
    }
}

pub(super) const SEGMENTS: &str = "segments";
pub(super) const KEYS: &str = "keys";
const SUBJECTS: &str = "subjects";

/// The folder of a source's keys: names may hold any character, hashes do not.
pub(super) fn key_folder(source: &str) -> String {
    format!("{:032x}", xxh3_128(source.as_bytes()))
}

/// File name of a segment.
pub fn segment_file(id: u32) -> String {
    format!("{id:010}.rows")
}

fn remove_other_segments(folder: &Path, committed: &BTreeSet<u32>) -> Result<(), LandingError> {
    let file_of = |id: &u32| match folder.join(segment_file(*id)) {
        file if file.is_file() => file,
        _ => folder.join(earlier_file(*id)),
    };
    let wanted: BTreeSet<PathBuf> = committed.iter().map(file_of).collect();
    for path in finished_files(folder)? {
        if !wanted.contains(&path) {
            remove(&path)?;
        }
    }
    Ok(())
}
