//! What can go wrong with the docket.

use crate::casework::Refusal;
use std::path::PathBuf;

/// Whether a code is what databases say when they are busy, starting or stopping:
/// SQLite's busy and locked with what it adds to them; PostgreSQL's classes of lost
/// connections, of too little of something, and of an operator's hand.
fn is_busy(code: &str) -> bool {
    match code.parse::<u32>() {
        Ok(sqlite) if code.len() < 5 => [5, 6].contains(&(sqlite & 0xff)),
        _ => ["08", "53", "57P"]
            .iter()
            .any(|class| code.starts_with(class)),
    }
}

/// Why the docket refused or failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DocketError {
    /// The file cannot be used.
    #[error("cannot use the casework store `{}`", file.display())]
    File {
        /// Which.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The database was made by a newer version.
    #[error(
        "the casework store has schema `{found}`, this version knows up to {known}: use the version that wrote it"
    )]
    Schema {
        /// The version found.
        found: i64,
        /// The newest version known here.
        known: i64,
    },
    /// The database failed.
    #[error("the casework store failed: {0}")]
    Database(#[from] sqlx::Error),
    /// A stored value is not what this version writes.
    #[error("the casework store's table `{table}` holds a value that cannot be read: {what}")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// What is wrong.
        what: String,
    },
    /// It may not be done.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Somebody else was faster.
    #[error("case `{case}` is at version {found}, not {expected}: read it again")]
    Stale {
        /// The case.
        case: String,
        /// The version that was named.
        expected: u64,
        /// The version it is at.
        found: u64,
    },
    /// The client's id stands for another action already.
    #[error("the idempotency key `{key}` was used for another action: choose a new one")]
    KeyReused {
        /// Which.
        key: String,
    },
    /// Somebody else reads it: what was removed is still in its journal.
    #[error(
        "somebody else uses the casework store: what was removed is gone from its tables, but not from its files yet; run it again when nobody does"
    )]
    Busy,
    /// A paging cursor that no page gave out.
    #[error("cursor `{cursor}` is not one of this list's: allowed is what a page gave as `next`")]
    Cursor {
        /// The cursor given.
        cursor: String,
    },
}

impl DocketError {
    /// Whether it is that the store cannot be reached, or is busy, for now: what failed
    /// so may be asked again.
    pub fn passes(&self) -> bool {
        match self {
            DocketError::Busy => true,
            DocketError::Database(sqlx::Error::Database(fault)) => {
                fault.code().is_some_and(|code| is_busy(&code))
            }
            DocketError::Database(fault) => matches!(
                fault,
                sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed
            ),
            _ => false,
        }
    }

    pub(super) fn corrupt(table: &'static str, what: impl ToString) -> DocketError {
        DocketError::Corrupt {
            table,
            what: what.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_is_told_from_what_stays() {
        for busy in ["5", "6", "261", "517", "53300", "57P01", "57P03", "08006"] {
            assert!(is_busy(busy), "{busy}");
        }
        // A file that is none, a rule broken, a text that is no text.
        for stays in ["1", "11", "26", "1555", "23505", "22021", "42P01"] {
            assert!(!is_busy(stays), "{stays}");
        }
        assert!(DocketError::Database(sqlx::Error::PoolTimedOut).passes());
        assert!(!DocketError::Database(sqlx::Error::RowNotFound).passes());
        assert!(!DocketError::corrupt("people", "x").passes());
    }
}
