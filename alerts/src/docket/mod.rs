//! The docket: the log of deeds, chained by hash, and what follows from it.
//!
//! It lies beside the configuration, not in the state directory: that can be
//! computed again from what agencies delivered, what officials did cannot. The
//! log is the truth; the tables of cases, accounts and suppressions are written
//! in the transaction of the deed that changes them, and can be made again from
//! it. Passwords, sessions and tokens are kept hashed in a table of their own,
//! which no log has a copy of.
//!
//! SQLite in a file, or PostgreSQL: the same statements on both, and one writer
//! at a time on both, because a chain has one end.

mod act;
mod cases;
mod conditions;
mod credential;
mod districts;
mod due;
mod error;
mod expire;
mod load;
mod log;
mod outcomes;
mod people;
mod remove;
mod retire;
mod schema;
mod suppressions;
mod verify;

pub use act::{Done, Intent};
pub use cases::{CaseFilter, CasePage};
pub use credential::{Credential, CredentialChange, CredentialKind, Secret};
pub use error::DocketError;
pub use expire::{Due, Held};
pub use log::{DeedFilter, Labelled};
pub use outcomes::Ended;
pub use remove::Removed;
pub use retire::Retired;
pub use verify::{Broken, Verified};

use crate::casework::{Calendar, Deed};
use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::{AnyPool, Executor};
use std::path::Path;
use std::str::FromStr;
use std::sync::Once;
use tokio::sync::Mutex;

/// Connections: one writes at a time.
const CONNECTIONS: u32 = 6;

/// A line of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What was done.
    pub deed: Deed,
    /// The action as it stands in the log: the hash is of this text.
    pub action: String,
    /// The hash of the line before; empty at the first.
    pub previous: String,
    /// BLAKE3 of [`Entry::content`].
    pub hash: String,
}

impl Entry {
    /// What the hash is made of: a JSON array of all that the line says.
    pub fn content(&self) -> String {
        let deed = &self.deed;
        let said = (
            deed.seq,
            deed.time_ms,
            deed.who.name(),
            &deed.role,
            &deed.purpose,
            &deed.subject,
            &deed.key,
            &self.action,
            &self.previous,
        );
        // Texts and numbers: it cannot fail.
        serde_json::to_string(&said).unwrap_or_default()
    }
}

/// The open docket. Share it by reference or `Arc`.
pub struct Docket {
    pool: AnyPool,
    dialect: Dialect,
    calendar: Calendar,
    /// Writers take turns: within the process here, among processes by the
    /// database.
    turn: Mutex<()>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dialect {
    Sqlite,
    Postgres,
}

impl Dialect {
    /// Begins a transaction that will write.
    fn begin(self) -> &'static str {
        match self {
            Dialect::Sqlite => "BEGIN IMMEDIATE",
            Dialect::Postgres => "BEGIN",
        }
    }

    /// Keeps other processes from writing until the end of the transaction.
    fn lock(self) -> Option<&'static str> {
        match self {
            Dialect::Sqlite => None,
            Dialect::Postgres => Some("LOCK TABLE deeds IN SHARE ROW EXCLUSIVE MODE"),
        }
    }
}

impl Docket {
    /// Opens or creates a docket: a `postgres://…` address, or the path of a file
    /// relative to `folder`.
    ///
    /// # Errors
    /// When it cannot be reached, or a newer version made it.
    pub async fn open(store: &str, folder: &Path) -> Result<Docket, DocketError> {
        static DRIVERS: Once = Once::new();
        DRIVERS.call_once(sqlx::any::install_default_drivers);
        let (dialect, address) = match is_postgres(store) {
            true => (Dialect::Postgres, store.to_owned()),
            false => (Dialect::Sqlite, sqlite_address(&folder.join(store))?),
        };
        let options = AnyConnectOptions::from_str(&address)?;
        let pool = AnyPoolOptions::new()
            .max_connections(CONNECTIONS)
            // As in `store`: nothing must watch them. One that has died is
            // found out when it is taken.
            .idle_timeout(None)
            .max_lifetime(None)
            .after_connect(move |connection, _| {
                Box::pin(async move {
                    if dialect == Dialect::Sqlite {
                        connection
                            .execute("PRAGMA busy_timeout = 30000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL")
                            .await?;
                    }
                    Ok(())
                })
            });
        let pool = pool.connect_with(options).await?;
        let docket = Docket {
            pool,
            dialect,
            calendar: Calendar::china(),
            turn: Mutex::new(()),
        };
        docket.migrate().await?;
        Ok(docket)
    }

    /// The calendar that deadlines go by.
    pub fn calendar(&self) -> &Calendar {
        &self.calendar
    }

    /// Closes it and waits until it is still.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// Begins a transaction that writes and sees what all others wrote.
    async fn begin(&self) -> Result<sqlx::Transaction<'static, sqlx::Any>, DocketError> {
        let mut transaction = self.pool.begin_with(self.dialect.begin()).await?;
        if let Some(lock) = self.dialect.lock() {
            sqlx::query(lock).execute(&mut *transaction).await?;
        }
        Ok(transaction)
    }
}

/// Whether a store is an address of PostgreSQL, not a file.
pub fn is_postgres(store: &str) -> bool {
    store.starts_with("postgres://") || store.starts_with("postgresql://")
}

/// The file's address, made readable by its owner alone where it is new.
fn sqlite_address(file: &Path) -> Result<String, DocketError> {
    let failed = |source| DocketError::File {
        file: file.to_owned(),
        source,
    };
    let mut options = std::fs::OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file).map_err(failed)?;
    let path = std::fs::canonicalize(file).map_err(failed)?;
    let escaped: String = path.to_string_lossy().bytes().map(escape).collect();
    Ok(format!("sqlite://{escaped}?mode=rwc"))
}

fn escape(byte: u8) -> String {
    match byte.is_ascii_alphanumeric() || b"/._-".contains(&byte) {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn nothing_watches_its_connections_and_a_dead_one_is_found_out() {
        let dir = tempfile::tempdir().unwrap();
        let docket = Docket::open("casework.db", dir.path()).await.unwrap();
        let options = docket.pool.options();
        let ages = (options.get_idle_timeout(), options.get_max_lifetime());
        assert_eq!(ages, (None, None));
        assert_eq!(options.get_min_connections(), 0);
        assert!(options.get_test_before_acquire());
    }
}
