//! What can go wrong with the store.

use std::path::PathBuf;

/// Why the store refused or failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Another process has the data directory open.
    #[error(
        "data directory `{}` is in use by {holder}: stop that process, or name another directory", dir.display()
    )]
    Locked {
        /// The data directory.
        dir: PathBuf,
        /// Who holds it, as far as the lock file tells.
        holder: String,
    },
    /// The data directory cannot be used.
    #[error("cannot use data directory `{}`", dir.display())]
    Directory {
        /// The data directory.
        dir: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The database was made by a newer version.
    #[error(
        "the store has schema `{found}`, this version knows up to {known}: use the version that wrote it"
    )]
    Schema {
        /// The version in the file.
        found: i64,
        /// The newest version known here.
        known: i64,
    },
    /// The database failed.
    #[error("the store's database failed")]
    Database(#[from] sqlx::Error),
    /// The database refused to be written.
    #[error("the store's database could not be written")]
    Write(#[from] rusqlite::Error),
    /// A stored value is not what this version writes.
    #[error("the store's table `{table}` holds a value that cannot be read: {what}")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// What is wrong.
        what: String,
    },
    /// An epoch's id does not follow the last.
    #[error("epoch `{epoch}` does not follow epoch {last}: ids must rise and stay below 2^63")]
    EpochOrder {
        /// The id given.
        epoch: u64,
        /// The last committed epoch.
        last: u64,
    },
    /// An epoch was finished that was never committed.
    #[error("epoch `{epoch}` was never committed")]
    UnknownEpoch {
        /// The id given.
        epoch: u64,
    },
    /// An epoch was finished before an earlier one.
    #[error("epoch `{epoch}` cannot be finished before epoch {first}")]
    FinishOrder {
        /// The id given.
        epoch: u64,
        /// The first unfinished epoch.
        first: u64,
    },
    /// A paging cursor that no page gave out.
    #[error("cursor `{cursor}` is not one of this list's: allowed is what a page gave as `next`")]
    Cursor {
        /// The cursor given.
        cursor: String,
    },
}

impl StoreError {
    pub(super) fn corrupt(table: &'static str, what: impl ToString) -> StoreError {
        StoreError::Corrupt {
            table,
            what: what.to_string(),
        }
    }
}
