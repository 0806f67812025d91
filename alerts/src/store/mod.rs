//! The durable store: one SQLite database and one lock in the data directory.
//!
//! Two transactions an epoch. [`Store::commit_epoch`] is the point of no
//! return: once it answers, the records count, whatever happens. After the
//! dataflow, [`Store::finish_epoch`] keeps what the epoch made of them. A
//! restart asks [`Store::recover`] and repeats the epochs that were committed
//! and not finished. Because everything in between is a function of the
//! committed records, the repetition makes the same alerts, events and sequence
//! numbers: so results need no fsync of their own (`synchronous=NORMAL`); a
//! power cut loses at most whole results at the end, never a record.
//!
//! Who uses it must keep one promise: epochs are finished in the order of their
//! ids, because an event's sequence number is its place in that order.
//!
//! One process at a time: the lock file is held as long as the store is open.
//! Writers take turns in the process; readers have connections of their own.

mod checkpoint;
mod commit;
mod error;
mod finish;
mod lock;
mod query;
mod recover;
mod refused;
mod roll;
mod rows;
mod schema;
mod superseded;
mod transaction;

pub use error::StoreError;
pub use recover::Recovery;
pub use refused::each_reject;
pub use roll::Replacement;
pub use rows::{
    AlertFilter, AlertPage, Counts, EpochCommit, EpochResult, EpochRow, HistoryRow, ModelRow,
    Order, Place, Position, RejectRow, RowRef, ScoreRow, Segment, SegmentEntry, Sequenced,
    StoredReject, Superseded,
};

use checkpoint::Keeper;
use rusqlite::Connection;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions};
use sqlx::{ConnectOptions, Connection as _};
use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The database's name in the data directory.
pub const DATABASE: &str = "tocsin.db";

/// Whether a committed epoch survives a power cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Every commit waits for the disk.
    Fsync,
    /// Commits survive the process, not the machine: for demos and tests.
    NoFsync,
}

impl Durability {
    /// How epochs are committed.
    fn of_records(self) -> &'static str {
        match self {
            Durability::Fsync => "FULL",
            Durability::NoFsync => "OFF",
        }
    }

    /// How results and checkpoints are written.
    fn of_results(self) -> &'static str {
        match self {
            Durability::Fsync => "NORMAL",
            Durability::NoFsync => "OFF",
        }
    }
}

/// Prepared statements a writing connection keeps: all there are.
const STATEMENTS: usize = 32;
/// How long a writer waits for a checkpoint to let it in.
const BUSY: Duration = Duration::from_secs(30);

/// The open store. Share it by reference or `Arc`.
///
/// Whoever writes does it on its own thread and waits; readers are asynchronous.
pub struct Store {
    path: PathBuf,
    writer: Mutex<Writer>,
    readers: SqlitePool,
    keeper: Keeper,
    /// Dropped last: the directory is free when the connections are gone.
    _lock: File,
}

/// The two writing connections and what they know of the database.
struct Writer {
    /// Commits epochs: waits for the disk.
    records: Connection,
    /// Writes results.
    results: Connection,
    ledger: Ledger,
    /// A transaction was begun and not seen to end: it failed.
    unsettled: bool,
}

/// The numbers the next transactions continue.
#[derive(Debug, Default, PartialEq, Eq)]
struct Ledger {
    /// The highest epoch committed; 0: none.
    last_epoch: u64,
    /// Epochs committed and not finished.
    unfinished: BTreeSet<u64>,
    /// The highest sequence number of an event; 0: none.
    last_sequence: u64,
}

impl Store {
    /// Opens or creates the store in the data directory `dir`.
    ///
    /// # Errors
    /// [`StoreError::Locked`] while another process has it open;
    /// [`StoreError::Schema`] if a newer version made it.
    pub async fn open(dir: &Path, durability: Durability) -> Result<Store, StoreError> {
        let lock = lock::take(dir)?;
        let path = dir.join(DATABASE);
        let options = options(&path);
        let mut first = options.connect().await?;
        schema::migrate(&mut first).await?;
        let records = connect(&path, durability.of_records())?;
        let results = connect(&path, durability.of_results())?;
        let keeper = Keeper::start(connect(&path, durability.of_results())?);
        let keeper = keeper.map_err(|source| StoreError::Directory {
            dir: dir.to_owned(),
            source,
        })?;
        let ledger = Ledger::read(&records)?;
        // Without an age at which connections end sqlx starts no task that watches
        // them. That task goes round for ever where it reads the number of idle ones
        // while that is below zero for a moment (sqlx issue 3645, mended after 0.8.6):
        // a core is busy, and a command never ends.
        let readers = SqlitePoolOptions::new()
            .max_connections(2)
            .idle_timeout(None)
            .max_lifetime(None);
        let readers = readers.connect_with(options.read_only(true)).await?;
        first.close().await?;
        let writer = Writer {
            records,
            results,
            ledger,
            unsettled: false,
        };
        Ok(Store {
            path,
            writer: Mutex::new(writer),
            readers,
            keeper,
            _lock: lock,
        })
    }

    /// Closes the store and waits until the files are still.
    pub async fn close(self) {
        self.readers.close().await;
        drop(self);
    }

    /// The writer, with nothing half done.
    fn writer(&self) -> Result<MutexGuard<'_, Writer>, StoreError> {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        if writer.unsettled {
            // What failed was undone; unless it was the commit's answer alone.
            writer.ledger = Ledger::read(&writer.records)?;
            writer.unsettled = false;
        }
        Ok(writer)
    }
}

/// A connection to write by.
fn connect(path: &Path, synchronous: &str) -> Result<Connection, StoreError> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    checkpoint::set_up(&connection, synchronous)?;
    Ok(connection)
}

impl Ledger {
    fn read(connection: &Connection) -> Result<Ledger, StoreError> {
        let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
        let last_epoch = number("SELECT coalesce(max(id), 0) FROM epochs")?;
        let last_sequence = number("SELECT coalesce(max(seq), 0) FROM alert_events")?;
        let mut statement = connection.prepare("SELECT id FROM epochs WHERE finished = 0")?;
        let unfinished = statement.query_map([], |row| row.get::<_, i64>(0))?;
        let unfinished = unfinished.map(|id| id.map(|id| id as u64));
        Ok(Ledger {
            last_epoch: last_epoch as u64,
            unfinished: unfinished.collect::<Result<_, _>>()?,
            last_sequence: last_sequence as u64,
        })
    }
}

fn options(database: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(database)
        .create_if_missing(true)
        .journal_mode(sqlx::sqlite::SqliteJournalMode::Wal)
        .foreign_keys(false)
        .busy_timeout(BUSY)
        .disable_statement_logging()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn nothing_watches_connections_of_readers() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), Durability::NoFsync).await.unwrap();
        let options = store.readers.options();
        let ages = (options.get_idle_timeout(), options.get_max_lifetime());
        assert_eq!(ages, (None, None));
        assert_eq!(options.get_min_connections(), 0);
    }
}
