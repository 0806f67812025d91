//! The files of a folder.

use anyhow::{Context, Result};
use std::path::{Path, PathBuf};

/// The files whose names end in `.ending`, in the order of their names; none where
/// there is no folder.
///
/// # Errors
/// When the folder cannot be listed.
pub fn files(folder: &Path, ending: &str) -> Result<Vec<PathBuf>> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let listed = std::fs::read_dir(folder);
    let listed = listed.with_context(|| format!("folder `{}`", folder.display()))?;
    let paths = listed.flatten().map(|entry| entry.path());
    let mut files: Vec<PathBuf> = paths
        .filter(|path| path.extension().is_some_and(|found| found == ending))
        .collect();
    files.sort();
    Ok(files)
}
