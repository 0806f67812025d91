//! How far every sink is, durably: a small database of its own, `sinks.db`.
//!
//! It is not the store's, so that no sink waits for an epoch's transaction and
//! none for a sink's, and so that `tocsin sink` can look and decide while a run
//! holds the store. What a power cut takes from it is told again, never lost.

use super::standing::{DeadLetter, Standing, letter, standing, standing_sql};
use crate::store::Sequenced;
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The journal's name in the data directory.
pub const FILE: &str = "sinks.db";

/// How long one process waits for another.
const BUSY: Duration = Duration::from_secs(10);
/// The longest text kept of what a receiver said.
const MAX_REASON: usize = 300;

/// A step, once released, is never changed, only followed by another.
const STEPS: [&str; 1] = ["
CREATE TABLE sinks (
  name TEXT PRIMARY KEY, position INTEGER NOT NULL, outbox INTEGER NOT NULL DEFAULT 0,
  delivered INTEGER NOT NULL DEFAULT 0, failed INTEGER NOT NULL DEFAULT 0,
  failures INTEGER NOT NULL DEFAULT 0, refusals INTEGER NOT NULL DEFAULT 0,
  failing_since_ms INTEGER, waiting_since_ms INTEGER, next_ms INTEGER NOT NULL DEFAULT 0,
  last_error TEXT, disabled TEXT) WITHOUT ROWID, STRICT;

CREATE TABLE told (
  sink TEXT NOT NULL, alert TEXT NOT NULL, PRIMARY KEY (sink, alert)) WITHOUT ROWID, STRICT;

CREATE TABLE dead (
  sink TEXT NOT NULL, seq INTEGER NOT NULL, event TEXT NOT NULL, reason TEXT NOT NULL,
  died_ms INTEGER NOT NULL, again INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (sink, seq)) WITHOUT ROWID, STRICT;
"];

/// Why the journal refused or failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// The database failed.
    #[error("the journal of sinks `{}` failed", path.display())]
    Database {
        /// The database.
        path: PathBuf,
        /// Why.
        source: rusqlite::Error,
    },
    /// A newer version made it.
    #[error("the journal of sinks has schema `{found}`, this version knows up to {known}")]
    Schema {
        /// The version in the file.
        found: usize,
        /// The newest known here.
        known: usize,
    },
}

/// What a failed attempt leaves behind.
#[derive(Debug, Clone, Copy)]
pub(super) struct Failure<'a> {
    pub(super) reason: &'a str,
    pub(super) refused: bool,
    pub(super) now_ms: i64,
    pub(super) next_ms: i64,
}

/// The open journal.
pub struct Journal {
    path: PathBuf,
    connection: Mutex<Connection>,
}

type Result<T> = std::result::Result<T, JournalError>;

impl Journal {
    /// Opens or creates the journal in a data directory.
    ///
    /// # Errors
    /// When the database cannot be opened, or a newer version made it.
    pub fn open(dir: &Path) -> Result<Journal> {
        let path = dir.join(FILE);
        let opened = connect(&path).map_err(|source| JournalError::Database {
            path: path.clone(),
            source,
        })?;
        let (connection, found) = opened;
        let known = STEPS.len();
        if found > known {
            return Err(JournalError::Schema { found, known });
        }
        let connection = Mutex::new(connection);
        Ok(Journal { path, connection })
    }

    /// Enters a sink at a place, unless it is known.
    ///
    /// # Errors
    /// When the database fails; so with all that follow.
    pub fn enter(&self, name: &str, position: u64) -> Result<()> {
        let sql = "INSERT OR IGNORE INTO sinks (name, position) VALUES (?, ?)";
        self.run(|c| c.execute(sql, params![name, position as i64]).map(drop))
    }

    /// How all sinks stand that ever were, in the order of their names.
    ///
    /// # Errors
    /// See [`Journal::enter`].
    pub fn standings(&self) -> Result<Vec<Standing>> {
        self.run(|c| {
            let mut statement = c.prepare_cached(&standing_sql(""))?;
            statement.query_map([], standing)?.collect()
        })
    }

    /// How a sink stands.
    ///
    /// # Errors
    /// See [`Journal::enter`].
    pub fn standing(&self, name: &str) -> Result<Option<Standing>> {
        self.run(|c| {
            let mut statement = c.prepare_cached(&standing_sql("WHERE name = ?"))?;
            statement.query_row([name], standing).optional()
        })
    }

    /// The dead letters of a sink, the oldest first.
    ///
    /// # Errors
    /// See [`Journal::enter`].
    pub fn dead(&self, name: &str, limit: usize) -> Result<Vec<DeadLetter>> {
        let sql = "SELECT seq, event, reason, died_ms, again FROM dead \
                   WHERE sink = ? ORDER BY seq LIMIT ?";
        self.run(|c| {
            let mut statement = c.prepare_cached(sql)?;
            let letters = statement.query_map(params![name, limit as i64], letter)?;
            letters.collect()
        })
    }

    /// Has dead letters tried once more (one, or all), switches the sink on again
    /// and lets it try at once. Gives how many.
    ///
    /// # Errors
    /// See [`Journal::enter`].
    pub fn retry(&self, name: &str, event: Option<&str>) -> Result<usize> {
        self.run(|c| {
            let sql = "UPDATE sinks SET disabled = NULL, next_ms = 0, failures = 0, \
                       refusals = 0 WHERE name = ?";
            c.execute(sql, [name])?;
            let sql = "UPDATE dead SET again = 1 WHERE sink = ?1 AND event = coalesce(?2, event)";
            c.execute(sql, params![name, event])
        })
    }

    /// Forgets dead letters: one, or all. Gives how many.
    ///
    /// # Errors
    /// See [`Journal::enter`].
    pub fn drop_dead(&self, name: &str, event: Option<&str>) -> Result<usize> {
        let sql = "DELETE FROM dead WHERE sink = ?1 AND event = coalesce(?2, event)";
        self.run(|c| c.execute(sql, params![name, event]))
    }

    /// Dead letters of all sinks that were given up before an instant (milliseconds
    /// UTC), as `sink event`.
    ///
    /// # Errors
    /// See [`Journal::enter`].
    pub fn died_before(&self, before_ms: i64) -> Result<Vec<String>> {
        let sql = "SELECT sink || ' ' || event FROM dead WHERE died_ms < ? ORDER BY sink, seq";
        self.run(|c| {
            let mut statement = c.prepare_cached(sql)?;
            let names = statement.query_map([before_ms], |row| row.get(0))?;
            names.collect()
        })
    }

    /// Forgets them. Gives how many.
    ///
    /// # Errors
    /// See [`Journal::enter`].
    pub fn drop_died_before(&self, before_ms: i64) -> Result<usize> {
        let sql = "DELETE FROM dead WHERE died_ms < ?";
        self.run(|c| c.execute(sql, [before_ms]))
    }

    /// Whether a sink was told of an alert that is still open.
    pub(super) fn was_told(&self, name: &str, alert: &str) -> Result<bool> {
        let sql = "SELECT 1 FROM told WHERE sink = ? AND alert = ?";
        self.run(|c| c.prepare_cached(sql)?.exists([name, alert]))
    }

    /// The first dead letter that is to be tried once more.
    pub(super) fn next_again(&self, name: &str) -> Result<Option<u64>> {
        let sql = "SELECT seq FROM dead WHERE sink = ? AND again = 1 ORDER BY seq LIMIT 1";
        self.run(|c| {
            let seq = c.prepare_cached(sql)?.query_row([name], |row| row.get(0));
            Ok(seq.optional()?.map(|seq: i64| seq as u64))
        })
    }

    /// Notes how long the outbox is.
    pub(super) fn note_outbox(&self, name: &str, last: u64) -> Result<()> {
        let sql = "UPDATE sinks SET outbox = ?2 WHERE name = ?1 AND outbox < ?2";
        self.run(|c| c.execute(sql, params![name, last as i64]).map(drop))
    }

    /// Moves on over events that are not wanted.
    pub(super) fn skip(&self, name: &str, position: u64) -> Result<()> {
        let sql = "UPDATE sinks SET position = ?2, waiting_since_ms = NULL WHERE name = ?1";
        self.run(|c| c.execute(sql, params![name, position as i64]).map(drop))
    }

    /// Forgets a dead letter that is no event.
    pub(super) fn forget(&self, name: &str, seq: u64) -> Result<()> {
        let sql = "DELETE FROM dead WHERE sink = ? AND seq = ?";
        self.run(|c| c.execute(sql, params![name, seq as i64]).map(drop))
    }

    /// Notes, before anything is sent, that the receiver may hear of these alerts,
    /// and since when the first of these events waits. Gives the latter.
    pub(super) fn begin(&self, name: &str, batch: &[Sequenced], now_ms: i64) -> Result<i64> {
        self.run(|c| {
            let transaction = c.transaction()?;
            for event in batch {
                let sql = "INSERT OR IGNORE INTO told VALUES (?, ?)";
                transaction.execute(sql, [name, &event.event.alert])?;
            }
            let sql = "UPDATE sinks SET waiting_since_ms = coalesce(waiting_since_ms, ?2) \
                       WHERE name = ?1 RETURNING waiting_since_ms";
            let since = transaction.query_row(sql, params![name, now_ms], |row| row.get(0))?;
            transaction.commit()?;
            Ok(since)
        })
    }

    /// The receiver has taken these; of alerts that are over nothing is remembered.
    pub(super) fn delivered(
        &self,
        name: &str,
        batch: &[Sequenced],
        position: Option<u64>,
    ) -> Result<()> {
        self.run(|c| {
            let transaction = c.transaction()?;
            let sql = "UPDATE sinks SET delivered = delivered + ?2, failures = 0, refusals = 0, \
                       failing_since_ms = NULL, last_error = NULL, next_ms = 0 WHERE name = ?1";
            transaction.execute(sql, params![name, batch.len() as i64])?;
            for event in batch {
                let sql = "DELETE FROM dead WHERE sink = ? AND seq = ?";
                transaction.execute(sql, params![name, event.seq as i64])?;
            }
            settle(&transaction, name, batch, position)?;
            transaction.commit()
        })
    }

    /// An attempt failed: when to try again is `failure.next_ms`.
    pub(super) fn failed(&self, name: &str, failure: Failure<'_>) -> Result<()> {
        let sql = "UPDATE sinks SET failed = failed + 1, failures = failures + 1, \
                   refusals = refusals + ?2, failing_since_ms = coalesce(failing_since_ms, ?3), \
                   next_ms = ?4, last_error = ?5 WHERE name = ?1";
        let refused = i64::from(failure.refused);
        let (now, next, reason) = (failure.now_ms, failure.next_ms, short(failure.reason));
        self.run(|c| {
            c.execute(sql, params![name, refused, now, next, reason])
                .map(drop)
        })
    }

    /// Gives events up: they are dead letters, and the next one's turn comes.
    pub(super) fn bury(
        &self,
        name: &str,
        batch: &[Sequenced],
        reason: &str,
        now_ms: i64,
        position: Option<u64>,
    ) -> Result<()> {
        self.run(|c| {
            let transaction = c.transaction()?;
            for event in batch {
                let sql = "INSERT INTO dead VALUES (?1, ?2, ?3, ?4, ?5, 0) \
                           ON CONFLICT DO UPDATE SET reason = ?4, died_ms = ?5, again = 0";
                let (seq, id) = (event.seq as i64, event.id());
                transaction.execute(sql, params![name, seq, id, short(reason), now_ms])?;
            }
            let sql = "UPDATE sinks SET refusals = 0 WHERE name = ?";
            transaction.execute(sql, [name])?;
            settle(&transaction, name, batch, position)?;
            transaction.commit()
        })
    }

    /// Switches a sink off, until somebody says `retry`.
    pub(super) fn disable(&self, name: &str, reason: &str) -> Result<()> {
        let sql = "UPDATE sinks SET failed = failed + 1, disabled = ?2, last_error = ?2 \
                   WHERE name = ?1";
        self.run(|c| c.execute(sql, params![name, short(reason)]).map(drop))
    }

    fn run<T>(&self, job: impl FnOnce(&mut Connection) -> rusqlite::Result<T>) -> Result<T> {
        let mut connection: MutexGuard<'_, Connection> = self
            .connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        job(&mut connection).map_err(|source| JournalError::Database {
            path: self.path.clone(),
            source,
        })
    }
}

/// Moves on to `position`, where the events came in their turn, and forgets
/// alerts that are over.
fn settle(
    transaction: &rusqlite::Transaction<'_>,
    name: &str,
    batch: &[Sequenced],
    position: Option<u64>,
) -> rusqlite::Result<()> {
    let Some(position) = position else {
        return Ok(());
    };
    let sql = "UPDATE sinks SET position = ?2, waiting_since_ms = NULL WHERE name = ?1";
    transaction.execute(sql, params![name, position as i64])?;
    for event in batch
        .iter()
        .filter(|event| super::filter::is_last(&event.event))
    {
        let sql = "DELETE FROM told WHERE sink = ? AND alert = ?";
        transaction.execute(sql, [name, &event.event.alert])?;
    }
    Ok(())
}

/// A connection to a journal of the newest schema this version knows, or the
/// number of the schema that it does not know.
fn connect(path: &Path) -> rusqlite::Result<(Connection, usize)> {
    let mut connection = Connection::open(path)?;
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    // Two processes may open a new journal at once: the second finds it made.
    let behaviour = rusqlite::TransactionBehavior::Immediate;
    let transaction = connection.transaction_with_behavior(behaviour)?;
    let version = |row: &Row<'_>| row.get::<_, i64>(0);
    let found = transaction.query_row("PRAGMA user_version", [], version)?;
    let found = usize::try_from(found).unwrap_or(usize::MAX);
    for step in STEPS.iter().skip(found) {
        transaction.execute_batch(step)?;
    }
    if found < STEPS.len() {
        transaction.pragma_update(None, "user_version", STEPS.len() as i64)?;
    }
    transaction.commit()?;
    Ok((connection, found))
}

fn short(reason: &str) -> String {
    reason.chars().take(MAX_REASON).collect()
}
