//! Files that appear whole or not at all.
//!
//! Contract: a file under its final name is complete. It is written under a
//! temporary name, synced, renamed, and the folder is synced; a kill at any
//! moment leaves at most a `.tmp` file, which the next open removes.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use super::error::IndexError;

const TEMPORARY: &str = "tmp";
const WRITE_BUFFER_BYTES: usize = 256 * 1024;

/// How far a finished file must have got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// On the disk: survives a power cut.
    #[default]
    Disk,
    /// With the operating system: survives a kill, not a power cut. For
    /// simulations and tests.
    Process,
}

/// A file in the making.
pub(crate) struct NewFile {
    file: BufWriter<File>,
    target: PathBuf,
    durability: Durability,
    finished: bool,
}

impl NewFile {
    pub(crate) fn create(target: PathBuf, durability: Durability) -> Result<Self, IndexError> {
        let temporary = temporary(&target);
        let file = File::create(&temporary).map_err(IndexError::io("create", &temporary))?;
        let file = BufWriter::with_capacity(WRITE_BUFFER_BYTES, file);
        Ok(NewFile {
            file,
            target,
            durability,
            finished: false,
        })
    }

    /// Gives the file its final name, as durably as was asked.
    pub(crate) fn finish(mut self) -> Result<PathBuf, IndexError> {
        let target = self.target.clone();
        self.file
            .flush()
            .map_err(IndexError::io("write", &target))?;
        if self.durability == Durability::Disk {
            self.file
                .get_ref()
                .sync_all()
                .map_err(IndexError::io("sync", &target))?;
        }
        fs::rename(temporary(&target), &target).map_err(IndexError::io("rename to", &target))?;
        self.finished = true;
        sync_folder_of(&target, self.durability)?;
        Ok(target)
    }

    pub(crate) fn target(&self) -> &Path {
        &self.target
    }
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.file.write(bytes)
    }

    /// As the buffer does it: the default would ask for each few bytes how many
    /// were taken.
    fn write_all(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.file.write_all(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if !self.finished {
            // Best effort: the next open removes what is left.
            let _ = fs::remove_file(temporary(&self.target));
        }
    }
}

/// Creates a folder and makes its existence durable.
pub(crate) fn create_folder(path: &Path, durability: Durability) -> Result<(), IndexError> {
    if path.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(path).map_err(IndexError::io("create", path))?;
    sync_folder_of(path, durability)
}

/// The files of a folder, after removing the temporary ones.
pub(crate) fn finished_files(folder: &Path) -> Result<Vec<PathBuf>, IndexError> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(IndexError::io("list", folder))? {
        let path = entry.map_err(IndexError::io("list", folder))?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == TEMPORARY)
        {
            remove(&path)?;
        } else {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Removes a file. Not synced: what comes back after a power cut is removed
/// again by the next open.
pub(crate) fn remove(path: &Path) -> Result<(), IndexError> {
    fs::remove_file(path).map_err(IndexError::io("remove", path))
}

fn temporary(target: &Path) -> PathBuf {
    target.with_added_extension(TEMPORARY)
}

fn sync_folder_of(path: &Path, durability: Durability) -> Result<(), IndexError> {
    let Some(folder) = path.parent().filter(|_| durability == Durability::Disk) else {
        return Ok(());
    };
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(IndexError::io("sync", folder))
}
