//! Checkpoints beside the work, not within it.
//!
//! SQLite by itself copies the write-ahead log back into the database within
//! the commit that finds it full: one commit in some hundred then takes many
//! times as long. Here a connection of its own does it, in the background.

use super::StoreError;
use sqlx::{Connection, Executor, SqliteConnection};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::Mutex;

/// After this many rows (an epoch counts as one more) the log is copied back:
/// some 4 MB of it.
const ROWS_PER_CHECKPOINT: usize = 256;
/// A log that outgrows the background is copied within a commit after all.
pub(super) const BACKSTOP_PAGES: u32 = 16_384;
/// What a log keeps of its file once it is copied back.
pub(super) const KEEP_BYTES: u64 = 64 << 20;

/// Counts what is written and copies the log back in time.
pub(super) struct Keeper {
    rows: AtomicUsize,
    connection: Arc<Mutex<SqliteConnection>>,
}

impl Keeper {
    pub(super) fn new(connection: SqliteConnection) -> Keeper {
        Keeper {
            rows: AtomicUsize::new(0),
            connection: Arc::new(Mutex::new(connection)),
        }
    }

    /// Notes an epoch of so many rows; starts a checkpoint if it is time and
    /// none is under way.
    pub(super) fn note(&self, rows: usize) {
        if self.rows.fetch_add(rows + 1, Ordering::Relaxed) + rows < ROWS_PER_CHECKPOINT {
            return;
        }
        let Ok(mut connection) = self.connection.clone().try_lock_owned() else {
            return;
        };
        self.rows.store(0, Ordering::Relaxed);
        tokio::spawn(async move {
            // One that fails is made up for by the next.
            let sql = "PRAGMA wal_checkpoint(PASSIVE)";
            let _ = connection.execute(sql).await;
        });
    }

    /// Waits for a checkpoint under way and closes the connection.
    pub(super) async fn close(self) -> Result<(), StoreError> {
        drop(self.connection.lock().await);
        match Arc::try_unwrap(self.connection) {
            Ok(connection) => Ok(connection.into_inner().close().await?),
            // The task of a checkpoint is about to drop the last handle.
            Err(_) => Ok(()),
        }
    }
}
