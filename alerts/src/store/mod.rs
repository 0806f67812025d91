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
mod roll;
mod rows;
mod schema;
mod transaction;

pub use error::StoreError;
pub use recover::Recovery;
pub use roll::Replacement;
pub use rows::{
    AlertFilter, AlertPage, Counts, EpochCommit, EpochResult, EpochRow, HistoryRow, ModelRow,
    Order, Place, Position, RejectRow, RowRef, ScoreRow, Segment, SegmentEntry, Sequenced,
    StoredReject, Superseded,
};

use checkpoint::Keeper;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, Executor, SqliteConnection};
use std::collections::BTreeSet;
use std::fs::File;
use std::path::Path;
use std::time::Duration;
use tokio::sync::{Mutex, MutexGuard};

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
    fn of_records(self) -> SqliteSynchronous {
        match self {
            Durability::Fsync => SqliteSynchronous::Full,
            Durability::NoFsync => SqliteSynchronous::Off,
        }
    }

    /// How results and checkpoints are written.
    fn of_results(self) -> SqliteSynchronous {
        match self {
            Durability::Fsync => SqliteSynchronous::Normal,
            Durability::NoFsync => SqliteSynchronous::Off,
        }
    }
}

/// The open store. Share it by reference or `Arc`.
pub struct Store {
    writer: Mutex<Writer>,
    readers: SqlitePool,
    keeper: Keeper,
    /// Dropped last: the directory is free when the connections are gone.
    _lock: File,
}

/// The two writing connections and what they know of the database.
struct Writer {
    /// Commits epochs: waits for the disk.
    records: SqliteConnection,
    /// Writes results.
    results: SqliteConnection,
    ledger: Ledger,
    /// A transaction was begun and not seen to end: its caller went away.
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
        let options = options(&dir.join(DATABASE));
        let records = options.clone().synchronous(durability.of_records());
        let results = options.clone().synchronous(durability.of_results());
        let mut records = records.connect().await?;
        schema::migrate(&mut records).await?;
        let ledger = Ledger::read(&mut records).await?;
        let keeper = Keeper::new(results.connect().await?);
        let results = results.connect().await?;
        let readers = SqlitePoolOptions::new().max_connections(2);
        let readers = readers.connect_with(options.read_only(true)).await?;
        let writer = Writer {
            records,
            results,
            ledger,
            unsettled: false,
        };
        Ok(Store {
            writer: Mutex::new(writer),
            readers,
            keeper,
            _lock: lock,
        })
    }

    /// Closes the store and waits until the files are still.
    ///
    /// # Errors
    /// Of SQLite, while it writes the last pages back.
    pub async fn close(self) -> Result<(), StoreError> {
        self.readers.close().await;
        let writer = self.writer.into_inner();
        writer.results.close().await?;
        self.keeper.close().await?;
        writer.records.close().await?;
        Ok(())
    }

    /// The writer, with nothing half done.
    async fn writer(&self) -> Result<MutexGuard<'_, Writer>, StoreError> {
        let mut writer = self.writer.lock().await;
        if writer.unsettled {
            writer.settle().await?;
        }
        Ok(writer)
    }
}

impl Writer {
    /// After a caller went away (or a statement failed) within a transaction:
    /// undoes what was not committed and reads again what was.
    async fn settle(&mut self) -> Result<(), StoreError> {
        for connection in [&mut self.records, &mut self.results] {
            // Refused when nothing is open, which is just as well.
            let _ = connection.execute("ROLLBACK").await;
        }
        self.ledger = Ledger::read(&mut self.records).await?;
        self.unsettled = false;
        Ok(())
    }
}

impl Ledger {
    async fn read(connection: &mut SqliteConnection) -> Result<Ledger, StoreError> {
        let sql = "SELECT (SELECT coalesce(max(id), 0) FROM epochs), \
                   (SELECT coalesce(max(seq), 0) FROM alert_events)";
        let (last_epoch, last_sequence): (i64, i64) =
            sqlx::query_as(sql).fetch_one(&mut *connection).await?;
        let sql = "SELECT id FROM epochs WHERE finished = 0";
        let unfinished: Vec<i64> = sqlx::query_scalar(sql).fetch_all(connection).await?;
        Ok(Ledger {
            last_epoch: last_epoch as u64,
            unfinished: unfinished.into_iter().map(|id| id as u64).collect(),
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
        .busy_timeout(Duration::from_secs(30))
        .pragma("wal_autocheckpoint", checkpoint::BACKSTOP_PAGES.to_string())
        .pragma("journal_size_limit", checkpoint::KEEP_BYTES.to_string())
        .disable_statement_logging()
}
