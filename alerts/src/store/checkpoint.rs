//! Checkpoints beside the work, not within it.
//!
//! SQLite by itself copies the write-ahead log back into the database within
//! the commit that finds it full: one commit in some hundred then takes many
//! times as long. Here a thread with a connection of its own does it.

use super::StoreError;
use rusqlite::Connection;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

/// After this many rows (an epoch counts as one more) the log is copied back:
/// some 4 MB of it.
const ROWS_PER_CHECKPOINT: usize = 256;
/// A log that outgrows the background is copied within a commit after all.
pub(super) const BACKSTOP_PAGES: u32 = 16_384;
/// What a log keeps of its file once it is copied back.
pub(super) const KEEP_BYTES: u64 = 64 << 20;

/// How often it is tried to begin the log again, and how long between.
const ATTEMPTS: usize = 50;
const PAUSE: Duration = Duration::from_micros(300);

/// Counts what is written and has the log copied back in time.
pub(super) struct Keeper {
    rows: AtomicUsize,
    /// `None` once it is being closed. Room for one request: a second says
    /// nothing new.
    due: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Keeper {
    pub(super) fn start(connection: Connection) -> io::Result<Keeper> {
        // It never waits with the writer's lock in its hand.
        let _ = connection.busy_timeout(Duration::ZERO);
        let (due, requests) = sync_channel(1);
        let checkpoints = move || {
            for () in requests {
                copy_back(&connection);
            }
        };
        let thread = Builder::new().name("checkpoints".to_owned());
        Ok(Keeper {
            rows: AtomicUsize::new(0),
            due: Some(due),
            thread: Some(thread.spawn(checkpoints)?),
        })
    }

    /// Notes an epoch of so many rows; asks for a checkpoint if it is time.
    pub(super) fn note(&self, rows: usize) {
        if self.rows.fetch_add(rows + 1, Ordering::Relaxed) + rows < ROWS_PER_CHECKPOINT {
            return;
        }
        self.rows.store(0, Ordering::Relaxed);
        if let Some(due) = &self.due {
            // Full: one is under way and one waits.
            let _ = due.try_send(());
        }
    }
}

impl Drop for Keeper {
    /// Waits for a checkpoint under way and closes the connection.
    fn drop(&mut self) {
        self.due = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Copies the log back beside the writer, then lets the writer begin it again
/// from the front: one that only grows makes every fsync write the file's new
/// size, too. What fails is made up for by the next.
fn copy_back(connection: &Connection) {
    let checkpoint = |how: &str| -> bool {
        let sql = format!("PRAGMA wal_checkpoint({how})");
        let busy = connection.query_row(&sql, [], |row| row.get::<_, bool>(0));
        matches!(busy, Ok(false))
    };
    checkpoint("PASSIVE");
    // Little is left to copy; the writer or a reader may be in the way.
    for _ in 0..ATTEMPTS {
        if checkpoint("RESTART") {
            return;
        }
        std::thread::sleep(PAUSE);
    }
}

/// What every writing connection is set to.
pub(super) fn set_up(connection: &Connection, synchronous: &str) -> Result<(), StoreError> {
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", synchronous)?;
    connection.pragma_update(None, "wal_autocheckpoint", BACKSTOP_PAGES)?;
    connection.pragma_update(None, "journal_size_limit", KEEP_BYTES)?;
    Ok(())
}
