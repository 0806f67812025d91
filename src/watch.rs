//! Watches the files that the rules are in.
//!
//! Contract: looks at most once a second, and reports a change once it has stayed
//! as it is from one look to the next: a file that is being written is not read.

use crate::config::{ModelChoice, Settings};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use xxhash_rust::xxh3::Xxh3;

/// How often to look.
const EVERY: Duration = Duration::from_secs(1);

/// What the files were when they were last taken.
pub struct Watch {
    taken: u64,
    /// Another state, seen at the last look.
    seen: Option<u64>,
    looked: Instant,
}

impl Watch {
    /// Watches from what is there now.
    pub fn new(settings: &Settings) -> Watch {
        Watch {
            taken: print_of(settings),
            seen: None,
            looked: Instant::now(),
        }
    }

    /// Whether the files have changed since they were taken, and have stayed so
    /// for a look; they count as taken then.
    pub fn changed(&mut self, settings: &Settings) -> bool {
        if self.looked.elapsed() < EVERY {
            return false;
        }
        self.looked = Instant::now();
        let now = print_of(settings);
        let settled = self.seen == Some(now);
        self.seen = (now != self.taken).then_some(now);
        if settled && self.seen.is_some() {
            self.take(now);
            return true;
        }
        false
    }

    /// The files are being taken as they are now.
    pub fn taken(&mut self, settings: &Settings) {
        self.take(print_of(settings));
    }

    fn take(&mut self, now: u64) {
        self.taken = now;
        self.seen = None;
    }
}

/// Of the few files of the rules the content, of the many of sources length and
/// time; a file that is not there counts as empty.
fn print_of(settings: &Settings) -> u64 {
    let mut hasher = Xxh3::new();
    let artifact = match &settings.model {
        ModelChoice::Artifact(file) => Some(file),
        ModelChoice::TrainIfMissing | ModelChoice::NoneLive => None,
    };
    let files = settings.files.iter().chain(artifact);
    for file in files.chain(&settings.challenger) {
        let content = fs::read(file).unwrap_or_default();
        hasher.update(&(content.len() as u64).to_le_bytes());
        hasher.update(&content);
    }
    let mut declared = Vec::new();
    list(&settings.sources, &mut declared);
    declared.sort();
    for file in declared {
        let Ok(meta) = fs::metadata(&file) else {
            continue;
        };
        hasher.update(file.as_os_str().as_encoded_bytes());
        for figure in [meta.size() as i64, meta.mtime(), meta.mtime_nsec()] {
            hasher.update(&figure.to_le_bytes());
        }
    }
    hasher.digest()
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => list(&path, files),
            Ok(_) if path.extension().is_some_and(|ending| ending == "toml") => files.push(path),
            _ => {}
        }
    }
}
