//! Housekeeping: segments rolled into one, models, notes.

use super::commit::add_segment;
use super::superseded::add_superseded;
use super::transaction::Transaction;
use super::{ModelRow, SegmentEntry, Store, StoreError, Superseded};
use sqlx::SqliteConnection;

/// Segments that take the place of others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Replacement {
    /// The segments that go, with all that is known of their rows.
    pub remove: Vec<u32>,
    /// The segments that come, each with the epoch to be recorded for it. Their
    /// files are durable already.
    pub add: Vec<(u64, SegmentEntry)>,
    /// Rows of the new segments that no longer count: what was known of the old
    /// rows, in terms of the new.
    pub superseded: Vec<Superseded>,
}

impl Store {
    /// Replaces segments by others that say the same, in one transaction. When
    /// it answers, the old segments' files may go.
    ///
    /// # Errors
    /// Any failure of the database; then nothing is replaced.
    pub fn replace_segments(&self, replacement: &Replacement) -> Result<(), StoreError> {
        let mut writer = self.writer()?;
        writer.unsettled = true;
        replace(Transaction::begin(&mut writer.records)?, replacement)?;
        writer.unsettled = false;
        Ok(())
    }

    /// Keeps a model version; one of the same version is replaced, its epoch of
    /// activation kept.
    ///
    /// # Errors
    /// Any failure of the database.
    pub fn save_model(&self, version: &str, artifact: &str) -> Result<(), StoreError> {
        let sql = "INSERT INTO models VALUES (?, ?, NULL) \
                   ON CONFLICT (version) DO UPDATE SET artifact = excluded.artifact";
        self.put(sql, version, artifact)
    }

    /// All model versions, in the order of their names.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn models(&self) -> Result<Vec<ModelRow>, StoreError> {
        models(&mut *self.readers.acquire().await?).await
    }

    /// Keeps a note under a key.
    ///
    /// # Errors
    /// Any failure of the database.
    pub fn set_meta(&self, key: &str, value: &str) -> Result<(), StoreError> {
        self.put("INSERT OR REPLACE INTO meta VALUES (?, ?)", key, value)
    }

    /// The note under a key.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn get_meta(&self, key: &str) -> Result<Option<String>, StoreError> {
        let query = sqlx::query_scalar("SELECT value FROM meta WHERE key = ?").bind(key);
        Ok(query.fetch_optional(&self.readers).await?)
    }

    /// Writes one row of two texts, as durably as an epoch.
    fn put(&self, sql: &str, key: &str, value: &str) -> Result<(), StoreError> {
        self.writer()?.records.execute(sql, [key, value])?;
        Ok(())
    }
}

fn replace(transaction: Transaction<'_>, replacement: &Replacement) -> Result<(), StoreError> {
    for segment in &replacement.remove {
        transaction.execute("DELETE FROM segments WHERE id = ?", [segment])?;
        transaction.execute("DELETE FROM superseded WHERE segment = ?", [segment])?;
    }
    for (epoch, segment) in &replacement.add {
        add_segment(&transaction, *epoch as i64, segment)?;
    }
    add_superseded(&transaction, replacement.superseded.iter().copied())?;
    transaction.commit()
}

pub(super) async fn models(connection: &mut SqliteConnection) -> Result<Vec<ModelRow>, StoreError> {
    let sql = "SELECT version, artifact, activated_epoch FROM models ORDER BY version";
    let found: Vec<(String, String, Option<i64>)> =
        sqlx::query_as(sql).fetch_all(connection).await?;
    let model = |(version, artifact, epoch): (_, _, Option<i64>)| ModelRow {
        version,
        artifact,
        activated_epoch: epoch.map(|epoch| epoch as u64),
    };
    Ok(found.into_iter().map(model).collect())
}
