//! The tables, in words that SQLite and PostgreSQL share. A step, once released,
//! is never changed, only followed by another.

use super::load::{Row, read};
use super::{Dialect, Docket, DocketError, outcomes};
use sqlx::{Any, Executor, Transaction};

/// The step that brought what ends by itself: rows of before are written anew.
const ENDS: i64 = 2;

/// The step that brought counts of outcomes: those of before are counted.
const OUTCOMES: i64 = 5;

const STEPS: [&[&str]; 7] = [
    &[
        "CREATE TABLE deeds (
       seq BIGINT PRIMARY KEY, time_ms BIGINT NOT NULL, who TEXT NOT NULL, role TEXT NOT NULL,
       purpose TEXT NOT NULL, subject TEXT NOT NULL, key TEXT NOT NULL, kind TEXT NOT NULL,
       action TEXT NOT NULL, previous TEXT NOT NULL, hash TEXT NOT NULL, UNIQUE (who, key))",
        "CREATE INDEX deeds_by_subject ON deeds (subject, seq)",
        "CREATE INDEX deeds_by_kind ON deeds (kind, seq)",
        "CREATE TABLE cases (
       id TEXT PRIMARY KEY, number BIGINT NOT NULL, alert TEXT NOT NULL, enterprise TEXT NOT NULL,
       stage TEXT NOT NULL, open BIGINT NOT NULL, level BIGINT NOT NULL, districts TEXT NOT NULL,
       people TEXT NOT NULL, due_ms BIGINT NOT NULL, body TEXT NOT NULL)",
        "CREATE INDEX cases_by_number ON cases (number)",
        "CREATE INDEX cases_by_alert ON cases (alert)",
        "CREATE INDEX cases_by_enterprise ON cases (enterprise)",
        "CREATE TABLE people (name TEXT PRIMARY KEY, body TEXT NOT NULL)",
        "CREATE TABLE suppressions (alert TEXT PRIMARY KEY, open BIGINT NOT NULL, body TEXT NOT NULL)",
        "CREATE TABLE credentials (
       id TEXT PRIMARY KEY, person TEXT NOT NULL, kind TEXT NOT NULL, hash TEXT NOT NULL UNIQUE,
       since_ms BIGINT NOT NULL, used_ms BIGINT NOT NULL, expires_ms BIGINT NOT NULL)",
        "CREATE INDEX credentials_by_person ON credentials (person)",
        "CREATE TABLE attempts (person TEXT PRIMARY KEY, failures BIGINT NOT NULL, locked_until_ms BIGINT NOT NULL)",
    ],
    &[
        // The largest number: it does not end by itself. The indexes hold the few
        // that do.
        "ALTER TABLE cases ADD COLUMN ends_ms BIGINT NOT NULL DEFAULT 9223372036854775807",
        "ALTER TABLE suppressions ADD COLUMN ends_ms BIGINT NOT NULL DEFAULT 9223372036854775807",
        "CREATE INDEX cases_by_end ON cases (ends_ms) WHERE ends_ms < 9223372036854775807",
        "CREATE INDEX suppressions_by_end ON suppressions (ends_ms) WHERE ends_ms < 9223372036854775807",
        "CREATE INDEX cases_by_due ON cases (due_ms) WHERE open = 1",
        "CREATE INDEX cases_open ON cases (number) WHERE open = 1",
    ],
    &[
        "CREATE TABLE places (person TEXT PRIMARY KEY, body TEXT NOT NULL)",
        "CREATE TABLE districts (name TEXT PRIMARY KEY)",
    ],
    &[
        // Nine lines in ten say that somebody looked at something.
        "CREATE INDEX deeds_of_cases ON deeds (seq) WHERE kind LIKE 'case.%'",
    ],
    &["CREATE TABLE outcomes (
       districts TEXT NOT NULL, outcome TEXT NOT NULL, reason TEXT NOT NULL, cases BIGINT NOT NULL,
       PRIMARY KEY (districts, outcome, reason))"],
    &[
        "CREATE TABLE expired (id TEXT PRIMARY KEY, alert TEXT NOT NULL, body TEXT NOT NULL)",
        "CREATE INDEX expired_by_alert ON expired (alert)",
    ],
    &[
        // With the number, by which lists are in order: nothing else is read of what is
        // not shown.
        "DROP INDEX cases_by_due",
        "CREATE INDEX cases_by_due ON cases (due_ms, number) WHERE open = 1",
    ],
];

impl Docket {
    /// Brings the database to the newest schema, in one transaction.
    pub(super) async fn migrate(&self) -> Result<(), DocketError> {
        let mut transaction = self.pool.begin_with(self.dialect.begin()).await?;
        if self.dialect == Dialect::Postgres {
            // Any number, the same for all who migrate this database.
            transaction
                .execute("SELECT pg_advisory_xact_lock(7274626)")
                .await?;
        }
        transaction
            .execute("CREATE TABLE IF NOT EXISTS docket_schema (version BIGINT NOT NULL)")
            .await?;
        let sql = "SELECT coalesce(max(version), 0) FROM docket_schema";
        let found: i64 = sqlx::query_scalar(sql).fetch_one(&mut *transaction).await?;
        let known = STEPS.len() as i64;
        if !(0..=known).contains(&found) {
            return Err(DocketError::Schema { found, known });
        }
        for (step, statements) in (1_i64..).zip(STEPS).skip(found as usize) {
            for statement in statements {
                transaction.execute(*statement).await?;
            }
            if step == ENDS {
                self.write_anew(&mut transaction).await?;
            }
            if step == OUTCOMES {
                outcomes::count_all(&mut transaction).await?;
            }
            let sql = "INSERT INTO docket_schema (version) VALUES ($1)";
            sqlx::query(sql)
                .bind(step)
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Writes cases and suppressions as this version does.
    async fn write_anew(&self, transaction: &mut Transaction<'_, Any>) -> Result<(), DocketError> {
        let sql = "SELECT body FROM suppressions";
        let bodies: Vec<String> = sqlx::query_scalar(sql)
            .fetch_all(&mut **transaction)
            .await?;
        for body in bodies {
            let row = Row::of_suppression(&read("suppressions", &body)?)?;
            row.write(transaction).await?;
        }
        let sql = "SELECT body FROM cases WHERE open = 1";
        let bodies: Vec<String> = sqlx::query_scalar(sql)
            .fetch_all(&mut **transaction)
            .await?;
        for body in bodies {
            let row = Row::of_case(&read("cases", &body)?, &self.calendar)?;
            row.write(transaction).await?;
        }
        Ok(())
    }
}
