//! What can go wrong with the files of an index.

use std::io;
use std::path::{Path, PathBuf};

/// A failure to read or write index files. Nothing here is caused by the
/// content of records.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// The file system refused.
    #[error("cannot {action} `{}`: {source}", path.display())]
    Io {
        /// What was tried, as a verb.
        action: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A file is not what this program writes; it can be rebuilt.
    #[error("index file `{}` is damaged: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: &'static str,
    },
}

impl IndexError {
    /// Wraps an IO error with what was tried; for `map_err`.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| IndexError::Io {
            action,
            path: path.to_path_buf(),
            source,
        }
    }
}
