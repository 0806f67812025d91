//! What there is to read: files of sources that are new or have grown, and
//! records that were pushed.
//!
//! Contract: a file is read on from where its last reading ended; one that is
//! cut short is left alone. A snapshot is read whole, and only once it is
//! complete, since what it lacks is withdrawn, and so is a workbook; one whose
//! size has changed is read again from its beginning. A compressed file is read
//! once it is complete, too, and then only what is new in it; compressing a file
//! that was read changes nothing.

use crate::config::Settings;
use std::collections::BTreeMap;
use tocsin_ingest::format::CsvPosition;
use tocsin_ingest::source::Source;
use tocsin_ingest::transport::{self, Found};

/// A file that has not grown for so long is complete: a last line without its
/// line end counts.
const SETTLED_MS: i64 = 2_000;

/// Records pushed to a source.
#[derive(Debug, Clone)]
pub struct Push {
    /// The source, by its index.
    pub source: u16,
    /// A name for the push, in place of a file's.
    pub name: String,
    /// CSV with a header.
    pub bytes: Vec<u8>,
}

/// A file that is to be read.
#[derive(Debug, Clone)]
pub struct Reading {
    /// The file, with the size up to which it is read.
    pub found: Found,
    /// Where the last reading ended; from the beginning, where absent.
    pub from: Option<CsvPosition>,
    /// Whether a last line without its line end is complete.
    pub complete: bool,
}

/// What one source has to read in an epoch.
#[derive(Debug, Default)]
pub struct Pending {
    /// Files, in the order of their names.
    pub files: Vec<Reading>,
    /// Pushes, in the order of arrival.
    pub pushes: Vec<Push>,
}

impl Pending {
    /// Bytes to read.
    pub fn bytes(&self) -> u64 {
        let begin = |file: &Reading| match &file.from {
            Some(at) if !file.found.is_packed() => at.byte,
            _ => 0,
        };
        let files = self.files.iter();
        let files: u64 = files
            .map(|file| file.found.size.saturating_sub(begin(file)))
            .sum();
        let pushes = self.pushes.iter().map(|push| push.bytes.len() as u64);
        files + pushes.sum::<u64>()
    }
}

/// The files of a source of which it is told what is wrong; others are counted.
const MAX_FAULTS: usize = 3;

/// Why a file could not be read to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileFault {
    /// In words, with the file's name.
    pub why: String,
    /// Whether the same file may be readable the next time (the disk failed), or
    /// only once it has changed (its contents are at fault).
    pub may_pass: bool,
}

/// A file that could not be read, as it was then.
#[derive(Debug)]
struct Failed {
    size: u64,
    changed_ms: i64,
    fault: FileFault,
}

type FileKey = (u16, String);

/// How far every file has been read, and what is wrong with some.
#[derive(Debug, Default)]
pub struct Inputs {
    positions: BTreeMap<FileKey, CsvPosition>,
    failed: BTreeMap<FileKey, Failed>,
    faults: BTreeMap<u16, String>,
}

impl Inputs {
    /// Notes how far a file was read, to an end without fault.
    pub fn read_to(&mut self, source: u16, file: String, position: CsvPosition) {
        let key = (source, file);
        self.failed.remove(&key);
        self.positions.insert(key, position);
    }

    /// Notes that a file could not be read to its end.
    pub fn failed(&mut self, source: u16, found: &Found, fault: FileFault) {
        let failed = Failed {
            size: found.size,
            changed_ms: found.changed_ms,
            fault,
        };
        self.failed.insert((source, found.name.clone()), failed);
    }

    /// What is wrong with a source's files as far as is known, if anything.
    pub fn fault(&self, source: u16) -> Option<String> {
        let failed = of_source(&self.failed, source);
        let mut why: Vec<&str> = failed
            .map(|(_, failed)| failed.fault.why.as_str())
            .collect();
        let more = why.len().saturating_sub(MAX_FAULTS);
        why.truncate(MAX_FAULTS);
        let mut told = why.join("; ");
        if more > 0 {
            told += &format!("; and {more} more files");
        }
        let fault = (!told.is_empty()).then_some(told);
        fault.or_else(|| self.faults.get(&source).cloned())
    }

    /// Whether some file of a source could not be read to its end.
    pub fn is_broken(&self, source: u16) -> bool {
        of_source(&self.failed, source).next().is_some()
    }

    /// Looks at the files of every source that `takes` accepts. With `final_reading` every file is taken
    /// to be complete. `fed` says whether a source has had records at all: one
    /// that is only pushed to needs no files.
    pub fn scan(
        &mut self,
        settings: &Settings,
        now_ms: i64,
        final_reading: bool,
        takes: impl Fn(&Source) -> bool,
        fed: impl Fn(u16) -> bool,
    ) -> BTreeMap<u16, Pending> {
        let mut all = BTreeMap::new();
        self.faults.clear();
        let sources = settings.catalogue.sources().iter();
        for source in sources.filter(|source| takes(source)) {
            let found = match transport::list(&settings.root, &source.pattern) {
                Ok(found) => found,
                Err(error) => {
                    self.faults.insert(source.index, error);
                    continue;
                }
            };
            self.forget_vanished_failures(source.index, &found);
            let complete = |file: &Found| final_reading || now_ms - file.changed_ms >= SETTLED_MS;
            // Snapshots replace each other in the order of their names: later
            // ones wait for one that is not complete.
            let whole = |file: &Found| source.reads_whole_files() || file.is_packed();
            let waits = |file: &&Found| !whole(file) || complete(file);
            let files: Vec<Reading> = found
                .iter()
                .take_while(waits)
                .filter_map(|file| {
                    let alone = !self.is_beside_its_twin(source.index, file, &found);
                    alone.then(|| self.reading(source, file, complete(file)))?
                })
                .collect();
            self.note_missing(source, &found, fed(source.index));
            if !files.is_empty() {
                let pushes = Vec::new();
                all.insert(source.index, Pending { files, pushes });
            }
        }
        all
    }

    /// What is to be read of a file now, if anything.
    fn reading(&mut self, source: &Source, file: &Found, complete: bool) -> Option<Reading> {
        let key = (source.index, file.name.clone());
        let whole = source.reads_whole_files();
        let own = self.positions.get(&key);
        let twin = self.positions.get(&(source.index, file.twin()));
        if whole && own.is_none() && twin.is_some() {
            // An old list that is compressed must not become the newest.
            return None;
        }
        // What was read under either name was read.
        let position = own.into_iter().chain(twin).max_by_key(|at| at.byte);
        let read = position.map_or(0, |position| position.byte);
        if file.size < read && !whole && !file.is_packed() {
            let text = format!(
                "file `{}` was cut short: {read} bytes were read, {} are left",
                file.name, file.size
            );
            self.faults.entry(source.index).or_insert(text);
        }
        let hopeless = self.failed.get(&key).is_some_and(|failed| {
            let same = (failed.size, failed.changed_ms) == (file.size, file.changed_ms);
            same && !failed.fault.may_pass
        });
        let wanted = match (whole, file.is_packed()) {
            (true, _) => file.size != read && file.size > 0,
            (false, true) => own.map_or(0, |own| own.packed) != file.size,
            (false, false) => file.size > read,
        };
        (wanted && !hopeless).then(|| Reading {
            found: file.clone(),
            from: position.filter(|_| !whole).cloned(),
            complete,
        })
    }

    /// Whether a file is there compressed and not: then only the latter is read.
    fn is_beside_its_twin(&mut self, source: u16, file: &Found, found: &[Found]) -> bool {
        let beside = file.is_packed() && is_there(found, &file.twin());
        if beside {
            let text = format!(
                "file `{}` is not read as long as `{}` is there too",
                file.name,
                file.twin()
            );
            self.faults.entry(source).or_insert(text);
        }
        beside
    }

    fn forget_vanished_failures(&mut self, source: u16, found: &[Found]) {
        self.failed
            .retain(|(of, name), _| *of != source || is_there(found, name));
    }

    fn note_missing(&mut self, source: &Source, found: &[Found], fed: bool) {
        let mut read = of_source(&self.positions, source.index);
        let gone = read
            .find(|(name, _)| !is_there(found, name) && !is_there(found, &transport::twin(name)));
        let text = match gone {
            Some((name, position)) => format!(
                "file `{name}` has vanished; {} bytes of it were read and count",
                position.byte
            ),
            None if found.is_empty() && !fed => format!("no file matches `{}`", source.pattern),
            None => return,
        };
        self.faults.entry(source.index).or_insert(text);
    }
}

/// What is known of a source's files, by name.
fn of_source<T>(files: &BTreeMap<FileKey, T>, source: u16) -> impl Iterator<Item = (&str, &T)> {
    files
        .range((source, String::new())..)
        .take_while(move |((of, _), _)| *of == source)
        .map(|((_, name), value)| (name.as_str(), value))
}

/// Whether a file of this name was found; the list is sorted by name.
fn is_there(found: &[Found], name: &str) -> bool {
    found
        .binary_search_by(|file| file.name.as_str().cmp(name))
        .is_ok()
}
