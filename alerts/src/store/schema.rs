//! The tables. `PRAGMA user_version` counts the steps of [`STEPS`] a database
//! has taken; a step, once released, is never changed, only followed by another.

use super::StoreError;
use sqlx::{Executor, SqliteConnection};

const STEPS: [&str; 4] = [
    "
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID, STRICT;

CREATE TABLE epochs (
  id INTEGER PRIMARY KEY, time_ms INTEGER NOT NULL, kind TEXT NOT NULL,
  rows INTEGER NOT NULL, rejects INTEGER NOT NULL, finished INTEGER NOT NULL) STRICT;

CREATE TABLE segments (
  id INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, source TEXT NOT NULL,
  rows INTEGER NOT NULL, file TEXT, inline BLOB,
  CHECK ((file IS NULL) <> (inline IS NULL))) STRICT;

CREATE TABLE positions (
  source TEXT NOT NULL, file TEXT NOT NULL, state TEXT NOT NULL,
  PRIMARY KEY (source, file)) WITHOUT ROWID, STRICT;

CREATE TABLE superseded (
  segment INTEGER NOT NULL, row INTEGER NOT NULL, epoch INTEGER NOT NULL,
  PRIMARY KEY (segment, row)) WITHOUT ROWID, STRICT;

CREATE TABLE rejects (
  seq INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, source TEXT NOT NULL,
  file TEXT NOT NULL, record INTEGER NOT NULL, line INTEGER NOT NULL,
  byte INTEGER NOT NULL, field TEXT NOT NULL, value TEXT NOT NULL,
  reason TEXT NOT NULL, raw TEXT NOT NULL) STRICT;
CREATE INDEX rejects_by_source ON rejects (source, seq);

CREATE TABLE alerts (
  id TEXT PRIMARY KEY, enterprise BLOB NOT NULL, episode INTEGER NOT NULL,
  level INTEGER NOT NULL, index_centi INTEGER NOT NULL, status TEXT NOT NULL,
  opened_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL, state TEXT NOT NULL) STRICT;
CREATE INDEX alerts_by_enterprise ON alerts (enterprise, episode);
CREATE INDEX alerts_by_opening ON alerts (opened_ms, id);

CREATE TABLE alert_events (
  seq INTEGER PRIMARY KEY, alert_id TEXT NOT NULL, revision INTEGER NOT NULL,
  epoch INTEGER NOT NULL, time_ms INTEGER NOT NULL, type TEXT NOT NULL,
  body TEXT NOT NULL, UNIQUE (alert_id, revision)) STRICT;

CREATE TABLE score_history (
  enterprise BLOB NOT NULL, epoch INTEGER NOT NULL, time_ms INTEGER NOT NULL,
  log_odds INTEGER NOT NULL, index_centi INTEGER NOT NULL, level INTEGER NOT NULL,
  PRIMARY KEY (enterprise, epoch)) WITHOUT ROWID, STRICT;

CREATE TABLE models (
  version TEXT PRIMARY KEY, artifact TEXT NOT NULL, activated_epoch INTEGER)
  WITHOUT ROWID, STRICT;

CREATE TABLE source_stats (source TEXT PRIMARY KEY, stats TEXT NOT NULL)
  WITHOUT ROWID, STRICT;
",
    "
CREATE INDEX alerts_by_rank ON alerts (status, level, index_centi, id);
CREATE INDEX alerts_by_status ON alerts (status, opened_ms, id);
CREATE INDEX alert_events_by_level ON alert_events (json_extract(body, '$.after'), seq);
",
    // Rows of a segment that go with one epoch lie together, four bytes each.
    "
ALTER TABLE superseded RENAME TO superseded_rows;
CREATE TABLE superseded (
  segment INTEGER NOT NULL, epoch INTEGER NOT NULL, rows BLOB NOT NULL,
  PRIMARY KEY (segment, epoch)) WITHOUT ROWID, STRICT;
INSERT INTO superseded
  SELECT segment, epoch, unhex(group_concat(printf('%08x', row), ''))
  FROM superseded_rows GROUP BY segment, epoch;
DROP TABLE superseded_rows;
",
    "
ALTER TABLE rejects ADD COLUMN key BLOB;
ALTER TABLE rejects ADD COLUMN mended INTEGER;
CREATE INDEX rejects_waiting ON rejects (source, key) WHERE key IS NOT NULL AND mended IS NULL;
",
];

/// Brings the database to the newest schema, a step a transaction.
pub(super) async fn migrate(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    let sql = "PRAGMA user_version";
    let found: i64 = sqlx::query_scalar(sql).fetch_one(&mut *connection).await?;
    let known = STEPS.len() as i64;
    if !(0..=known).contains(&found) {
        return Err(StoreError::Schema { found, known });
    }
    for (step, sql) in (1..).zip(STEPS).skip(found as usize) {
        let script = format!("BEGIN IMMEDIATE;{sql}PRAGMA user_version = {step};COMMIT");
        connection.execute(script.as_str()).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{DATABASE, Durability, RowRef, Store, Superseded};
    use sqlx::Connection;

    #[tokio::test]
    async fn superseded_rows_of_the_first_schema_are_kept() {
        let dir = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}?mode=rwc", dir.path().join(DATABASE).display());
        let mut earlier = SqliteConnection::connect(&url).await.unwrap();
        earlier.execute(STEPS[0]).await.unwrap();
        earlier.execute(STEPS[1]).await.unwrap();
        let rows = "INSERT INTO superseded VALUES (1, 300, 2), (1, 7, 2), (1, 5, 3), (4, 70000, 3)";
        earlier.execute(rows).await.unwrap();
        earlier.execute("PRAGMA user_version = 2").await.unwrap();
        earlier.close().await.unwrap();
        let store = Store::open(dir.path(), Durability::NoFsync).await.unwrap();
        let mut found = Vec::new();
        store.each_superseded(|gone| found.push(gone)).unwrap();
        let gone = |segment, row, epoch| Superseded {
            at: RowRef { segment, row },
            epoch,
        };
        let expected = [
            gone(1, 5, 3),
            gone(1, 7, 2),
            gone(1, 300, 2),
            gone(4, 70_000, 3),
        ];
        assert_eq!(found, expected);
        assert_eq!(store.superseded_of(1).await.unwrap(), expected[..3]);
    }
}
