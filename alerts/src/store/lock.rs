//! One process a data directory: an advisory lock on a file in it. The system
//! releases it when the process ends, however it ends.

use super::StoreError;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Error, Write};
use std::path::Path;

/// Creates the directory if need be and locks it; the lock lives as long as the
/// file stays open.
pub(super) fn take(dir: &Path) -> Result<File, StoreError> {
    let refused = |source| StoreError::Directory {
        dir: dir.to_owned(),
        source,
    };
    fs::create_dir_all(dir).map_err(refused)?;
    let path = dir.join("lock");
    let mut options = OpenOptions::new();
    let options = options.create(true).truncate(false).write(true);
    let file = options.open(&path).map_err(refused)?;
    match file.try_lock() {
        Ok(()) => sign(&file).map_err(refused)?,
        Err(TryLockError::WouldBlock) => return Err(held(dir, &path)),
        Err(TryLockError::Error(source)) => return Err(refused(source)),
    }
    Ok(file)
}

/// Writes this process's number into the lock, for whoever is refused.
fn sign(mut file: &File) -> Result<(), Error> {
    file.set_len(0)?;
    write!(file, "{}", std::process::id())
}

fn held(dir: &Path, path: &Path) -> StoreError {
    let holder = match fs::read_to_string(path) {
        Ok(process) if !process.is_empty() => format!("process {process}"),
        _ => "another process".to_owned(),
    };
    StoreError::Locked {
        dir: dir.to_owned(),
        holder,
    }
}
