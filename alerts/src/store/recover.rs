//! What a restart needs to go on where the last process stopped.

use super::superseded::superseded_after;
use super::{EpochRow, ModelRow, Position, Segment, Store, StoreError, Superseded};
use crate::lifecycle::{Alert, Book, is_group};
use sqlx::SqliteConnection;
use std::collections::BTreeMap;

/// The store's state when the process starts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recovery {
    /// The last finished epoch; 0: none.
    pub last_finished: u64,
    /// Its instant, milliseconds UTC; 0: none.
    pub last_time_ms: i64,
    /// Committed and not finished, in order: to be repeated first of all.
    pub unfinished: Vec<EpochRow>,
    /// All segments, in the order of their numbers; inline rows are read by
    /// [`Store::inline`].
    pub segments: Vec<Segment>,
    /// Rows that stop counting with the unfinished epochs, in the order of
    /// segments and rows. All: [`Store::each_superseded`].
    pub superseded: Vec<Superseded>,
    /// How far the transports have read.
    pub positions: Vec<Position>,
    /// Open alerts and counts of episodes, as of the last finished epoch.
    pub book: Book,
    /// The same of groups.
    pub groups: Book,
    /// Figures of sources, JSON.
    pub stats: BTreeMap<String, String>,
    /// How many refused records wait: key, source, count.
    pub waiting: Vec<([u8; 16], String, u64)>,
    /// The model that scored the last finished epoch.
    pub model: Option<ModelRow>,
    /// Settings and notes of the process.
    pub meta: BTreeMap<String, String>,
}

impl Store {
    /// Reads what a restart needs, as of one instant of the store.
    ///
    /// # Errors
    /// Any failure of the database; [`StoreError::Corrupt`].
    pub async fn recover(&self) -> Result<Recovery, StoreError> {
        let mut view = self.readers.begin().await?;
        let (last_finished, last_time_ms) = last_finished(&mut view).await?;
        let unfinished = unfinished(&mut view).await?;
        let superseded = match unfinished.is_empty() {
            true => Vec::new(),
            false => superseded_after(&mut view, last_finished).await?,
        };
        let books = books(&mut view).await?;
        Ok(Recovery {
            last_finished,
            last_time_ms,
            unfinished,
            segments: segments(&mut view).await?,
            superseded,
            positions: positions(&mut view).await?,
            book: books.enterprises,
            groups: books.groups,
            stats: pairs(&mut view, "SELECT source, stats FROM source_stats").await?,
            waiting: waiting(&mut view).await?,
            model: active_model(&mut view).await?,
            meta: pairs(&mut view, "SELECT key, value FROM meta").await?,
        })
    }

    /// The epoch that a segment came with; `None` where there is no such segment.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn epoch_of(&self, segment: u32) -> Result<Option<u64>, StoreError> {
        let sql = "SELECT epoch FROM segments WHERE id = ?";
        let query = sqlx::query_scalar(sql).bind(i64::from(segment));
        let found: Option<i64> = query.fetch_optional(&self.readers).await?;
        Ok(found.map(|epoch| epoch as u64))
    }

    /// The rows of an inline segment; `None`: no such segment, or a file.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn inline(&self, segment: u32) -> Result<Option<Vec<u8>>, StoreError> {
        let sql = "SELECT inline FROM segments WHERE id = ? AND inline IS NOT NULL";
        let query = sqlx::query_scalar(sql).bind(i64::from(segment));
        Ok(query.fetch_optional(&self.readers).await?)
    }
}

/// Alerts of enterprises, and those of groups.
#[derive(Default)]
struct Books {
    enterprises: Book,
    groups: Book,
}

impl Books {
    fn of(&mut self, key: &[u8; 16]) -> &mut Book {
        match is_group(key) {
            true => &mut self.groups,
            false => &mut self.enterprises,
        }
    }
}

async fn last_finished(view: &mut SqliteConnection) -> Result<(u64, i64), StoreError> {
    let sql = "SELECT id, time_ms FROM epochs WHERE finished = 1 ORDER BY id DESC LIMIT 1";
    let found: Option<(i64, i64)> = sqlx::query_as(sql).fetch_optional(&mut *view).await?;
    Ok(found.map_or((0, 0), |(id, time_ms)| (id as u64, time_ms)))
}

async fn unfinished(view: &mut SqliteConnection) -> Result<Vec<EpochRow>, StoreError> {
    let sql = "SELECT id, time_ms, kind, rows FROM epochs WHERE finished = 0 ORDER BY id";
    let found: Vec<(i64, i64, String, i64)> = sqlx::query_as(sql).fetch_all(&mut *view).await?;
    let epoch = |(id, time_ms, kind, rows)| EpochRow {
        id: id as u64,
        time_ms,
        kind,
        rows: rows as u64,
    };
    Ok(found.into_iter().map(epoch).collect())
}

async fn waiting(view: &mut SqliteConnection) -> Result<Vec<([u8; 16], String, u64)>, StoreError> {
    let sql = "SELECT key, source, count(*) FROM rejects \
               WHERE key IS NOT NULL AND mended IS NULL GROUP BY source, key";
    let found: Vec<(Vec<u8>, String, i64)> = sqlx::query_as(sql).fetch_all(view).await?;
    let found = found.into_iter();
    let known =
        found.filter_map(|(key, source, count)| Some((key.try_into().ok()?, source, count as u64)));
    Ok(known.collect())
}

async fn segments(view: &mut SqliteConnection) -> Result<Vec<Segment>, StoreError> {
    let sql = "SELECT id, epoch, source, rows, file FROM segments ORDER BY id";
    let found: Vec<(u32, i64, String, i64, Option<String>)> =
        sqlx::query_as(sql).fetch_all(&mut *view).await?;
    let segment = |(id, epoch, source, rows, file)| Segment {
        id,
        epoch: epoch as u64,
        source,
        rows: rows as u64,
        file,
    };
    Ok(found.into_iter().map(segment).collect())
}

async fn positions(view: &mut SqliteConnection) -> Result<Vec<Position>, StoreError> {
    let sql = "SELECT source, file, state FROM positions ORDER BY source, file";
    let found: Vec<(String, String, String)> = sqlx::query_as(sql).fetch_all(&mut *view).await?;
    let position = |(source, file, state)| Position {
        source,
        file,
        state,
    };
    Ok(found.into_iter().map(position).collect())
}

async fn books(view: &mut SqliteConnection) -> Result<Books, StoreError> {
    let mut books = Books::default();
    let sql = "SELECT enterprise, max(episode) FROM alerts GROUP BY enterprise";
    let episodes: Vec<(Vec<u8>, u32)> = sqlx::query_as(sql).fetch_all(&mut *view).await?;
    for (enterprise, episodes) in episodes {
        let key = super::query::key(enterprise)?;
        books.of(&key).enter_episodes(key, episodes);
    }
    let sql = "SELECT state FROM alerts WHERE status = 'open'";
    let states: Vec<String> = sqlx::query_scalar(sql).fetch_all(&mut *view).await?;
    for state in states {
        let alert: Alert = super::query::read("alerts", &state)?;
        books.of(&alert.enterprise).hold(&alert);
    }
    Ok(books)
}

async fn active_model(view: &mut SqliteConnection) -> Result<Option<ModelRow>, StoreError> {
    let models = super::roll::models(view).await?;
    let active = models
        .into_iter()
        .filter(|model| model.activated_epoch.is_some());
    Ok(active.max_by_key(|model| model.activated_epoch))
}

async fn pairs(
    view: &mut SqliteConnection,
    sql: &'static str,
) -> Result<BTreeMap<String, String>, StoreError> {
    let found: Vec<(String, String)> = sqlx::query_as(sql).fetch_all(&mut *view).await?;
    Ok(found.into_iter().collect())
}
