//! What the console and the API ask. Readers never wait for writers.

use super::{
    AlertFilter, AlertPage, Counts, HistoryRow, Order, RejectRow, Sequenced, Store, StoreError,
    StoredReject,
};
use crate::level::Level;
use crate::lifecycle::{Alert, AlertEvent, Status};
use serde::de::DeserializeOwned;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use std::collections::HashMap;

/// The most rows one page gives, whatever is asked for.
const MAX_PAGE: usize = 1_000;

impl Store {
    /// A page of alerts.
    ///
    /// # Errors
    /// [`StoreError::Cursor`]; any failure of the database.
    pub async fn alerts(&self, filter: &AlertFilter) -> Result<AlertPage, StoreError> {
        let limit = filter.limit.clamp(1, MAX_PAGE);
        let (first, second, id) = match &filter.after {
            Some(cursor) => parse_cursor(cursor)?,
            None => (i64::MAX, i64::MAX, String::new()),
        };
        let sql = list_sql(filter);
        let query = sqlx::query(&sql);
        let query = query.bind(filter.level.map(|level| i64::from(level.rank())));
        let query = query.bind(filter.status.map(Status::name));
        let query = query
            .bind(first)
            .bind(second)
            .bind(id)
            .bind(limit as i64 + 1);
        let mut rows = query.fetch_all(&self.readers).await?;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| more).map(cursor_of).transpose()?;
        let alerts = rows.iter().map(|row| read("alerts", row.try_get("state")?));
        Ok(AlertPage {
            alerts: alerts.collect::<Result<_, _>>()?,
            next,
        })
    }

    /// An alert with its events, the first first.
    ///
    /// # Errors
    /// Any failure of the database; [`StoreError::Corrupt`].
    pub async fn alert(&self, id: &str) -> Result<Option<(Alert, Vec<Sequenced>)>, StoreError> {
        let query = sqlx::query_scalar("SELECT state FROM alerts WHERE id = ?").bind(id);
        let Some(state) = query.fetch_optional(&self.readers).await? else {
            return Ok(None);
        };
        let state: String = state;
        let sql = "SELECT seq, body FROM alert_events WHERE alert_id = ? ORDER BY revision";
        let events = sqlx::query_as(sql)
            .bind(id)
            .fetch_all(&self.readers)
            .await?;
        Ok(Some((read("alerts", &state)?, sequenced(events)?)))
    }

    /// The alerts of an enterprise, the last episode first.
    ///
    /// # Errors
    /// Any failure of the database; [`StoreError::Corrupt`].
    pub async fn alerts_of(&self, enterprise: &[u8; 16]) -> Result<Vec<Alert>, StoreError> {
        let sql = "SELECT state FROM alerts WHERE enterprise = ? ORDER BY episode DESC";
        let query = sqlx::query_scalar(sql).bind(enterprise.as_slice());
        let states: Vec<String> = query.fetch_all(&self.readers).await?;
        states.iter().map(|state| read("alerts", state)).collect()
    }

    /// The outbox after a place, in order: what remains to be published.
    ///
    /// # Errors
    /// Any failure of the database; [`StoreError::Corrupt`].
    pub async fn events_after(&self, seq: u64, limit: usize) -> Result<Vec<Sequenced>, StoreError> {
        let sql = "SELECT seq, body FROM alert_events WHERE seq > ? ORDER BY seq LIMIT ?";
        let query = sqlx::query_as(sql).bind(i64::try_from(seq).unwrap_or(i64::MAX));
        let query = query.bind(limit.clamp(1, MAX_PAGE) as i64);
        sequenced(query.fetch_all(&self.readers).await?)
    }

    /// The outbox up to a place, the last first; of a level, where one is asked for.
    ///
    /// # Errors
    /// Any failure of the database; [`StoreError::Corrupt`].
    pub async fn events_until(
        &self,
        seq: u64,
        level: Option<Level>,
        limit: usize,
    ) -> Result<Vec<Sequenced>, StoreError> {
        let of_level = match level {
            // As the index has it.
            Some(_) => "json_extract(body, '$.after') = ?2",
            None => "?2 IS NULL",
        };
        let sql = format!(
            "SELECT seq, body FROM alert_events WHERE {of_level} AND seq <= ?1 \
             ORDER BY seq DESC LIMIT ?3"
        );
        let query = sqlx::query_as(&sql).bind(i64::try_from(seq).unwrap_or(i64::MAX));
        let query = query.bind(level.map(Level::name));
        let query = query.bind(limit.clamp(1, MAX_PAGE) as i64);
        sequenced(query.fetch_all(&self.readers).await?)
    }

    /// The place of the last event in the outbox; 0: none.
    ///
    /// # Errors
    /// Any failure of the database.
    pub fn last_sequence(&self) -> Result<u64, StoreError> {
        Ok(self.writer()?.ledger.last_sequence)
    }

    /// The same as [`Store::last_sequence`], for those who must not wait for a
    /// writer.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn last_event(&self) -> Result<u64, StoreError> {
        let query = sqlx::query_scalar("SELECT coalesce(max(seq), 0) FROM alert_events");
        let last: i64 = query.fetch_one(&self.readers).await?;
        Ok(last as u64)
    }

    /// The newest score that the store has of each enterprise; those of large
    /// epochs are kept elsewhere.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn latest_scores(&self) -> Result<Vec<([u8; 16], HistoryRow)>, StoreError> {
        let sql = "SELECT enterprise, max(epoch), time_ms, log_odds, index_centi, level \
                   FROM score_history GROUP BY enterprise";
        type Row = (Vec<u8>, i64, i64, i64, u16, u8);
        let found: Vec<Row> = sqlx::query_as(sql).fetch_all(&self.readers).await?;
        found
            .into_iter()
            .map(|(enterprise, epoch, time_ms, log_odds, index, rank)| {
                let level = level(rank, "score_history")?;
                Ok((
                    key(enterprise)?,
                    HistoryRow {
                        epoch: epoch as u64,
                        time_ms,
                        log_odds,
                        index,
                        level,
                    },
                ))
            })
            .collect()
    }

    /// The scores of an enterprise, the oldest first.
    ///
    /// # Errors
    /// Any failure of the database; [`StoreError::Corrupt`].
    pub async fn history(&self, enterprise: &[u8; 16]) -> Result<Vec<HistoryRow>, StoreError> {
        let sql = "SELECT epoch, time_ms, log_odds, index_centi, level FROM score_history \
                   WHERE enterprise = ? ORDER BY epoch";
        let query = sqlx::query_as(sql).bind(enterprise.as_slice());
        let found: Vec<(i64, i64, i64, u16, u8)> = query.fetch_all(&self.readers).await?;
        found.into_iter().map(history_row).collect()
    }

    /// Refused records after a place, the oldest first; of one source or all.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn rejects(
        &self,
        source: Option<&str>,
        after: u64,
        limit: usize,
    ) -> Result<Vec<StoredReject>, StoreError> {
        self.rejects_where("", source, after, limit).await
    }

    /// The same of those that wait: no record of their key was taken in since.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn waiting_rejects(
        &self,
        source: Option<&str>,
        after: u64,
        limit: usize,
    ) -> Result<Vec<StoredReject>, StoreError> {
        self.rejects_where("AND mended IS NULL", source, after, limit)
            .await
    }

    async fn rejects_where(
        &self,
        which: &str,
        source: Option<&str>,
        after: u64,
        limit: usize,
    ) -> Result<Vec<StoredReject>, StoreError> {
        let of = match source {
            Some(_) => "source = ?1",
            None => "?1 IS NULL",
        };
        let sql =
            format!("SELECT * FROM rejects WHERE {of} AND seq > ?2 {which} ORDER BY seq LIMIT ?3");
        let query = sqlx::query(&sql).bind(source);
        let query = query.bind(i64::try_from(after).unwrap_or(i64::MAX));
        let query = query.bind(limit.clamp(1, MAX_PAGE) as i64);
        let rows = query.fetch_all(&self.readers).await?;
        rows.iter().map(|row| Ok(stored_reject(row)?)).collect()
    }

    /// The instant of every epoch, milliseconds UTC.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn epoch_times(&self) -> Result<HashMap<u64, i64>, StoreError> {
        let query = sqlx::query_as("SELECT id, time_ms FROM epochs");
        let found: Vec<(i64, i64)> = query.fetch_all(&self.readers).await?;
        Ok(found
            .into_iter()
            .map(|(id, time_ms)| (id as u64, time_ms))
            .collect())
    }

    /// How much there is of everything.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn counts(&self) -> Result<Counts, StoreError> {
        let sql = "SELECT count(*), coalesce(sum(finished = 0), 0), coalesce(sum(rows), 0), \
                   coalesce(sum(rejects), 0), (SELECT count(*) FROM segments), \
                   (SELECT count(*) FROM alerts), \
                   (SELECT coalesce(max(seq), 0) FROM alert_events) FROM epochs";
        let row = sqlx::query(sql).fetch_one(&self.readers).await?;
        let figure = |place: usize| row.try_get(place).map(|figure: i64| figure as u64);
        Ok(Counts {
            epochs: figure(0)?,
            unfinished: figure(1)?,
            rows: figure(2)?,
            rejects: figure(3)?,
            segments: figure(4)?,
            alerts: figure(5)?,
            open: self.open_by_level().await?,
            events: figure(6)?,
        })
    }

    async fn open_by_level(&self) -> Result<[u64; 5], StoreError> {
        let sql = "SELECT level, count(*) FROM alerts WHERE status = 'open' GROUP BY level";
        let found: Vec<(u8, i64)> = sqlx::query_as(sql).fetch_all(&self.readers).await?;
        let mut open = [0; 5];
        for (rank, count) in found {
            let level = level(rank, "alerts")?;
            open[usize::from(level.rank())] = count as u64;
        }
        Ok(open)
    }
}

/// Both lists page by three values that no two alerts share. Parameters: level,
/// status, the three values of the cursor, limit. What is not asked for is no
/// condition, so that an index serves what is.
fn list_sql(filter: &AlertFilter) -> String {
    let level = match filter.level {
        Some(_) => "level = ?1",
        None => "?1 IS NULL",
    };
    let status = match filter.status {
        Some(_) => "status = ?2",
        None => "?2 IS NULL",
    };
    let (values, before, order) = match filter.order {
        Order::Newest => (
            "opened_ms AS first, 0 AS second",
            "(opened_ms, 0, id)",
            "opened_ms DESC, id DESC",
        ),
        Order::Ranked => (
            "level AS first, index_centi AS second",
            "(level, index_centi, id)",
            "level DESC, index_centi DESC, id DESC",
        ),
    };
    format!(
        "SELECT state, id, {values} FROM alerts WHERE {level} AND {status} \
         AND {before} < (?3, ?4, ?5) ORDER BY {order} LIMIT ?6"
    )
}

fn cursor_of(row: &SqliteRow) -> Result<String, StoreError> {
    let (first, second): (i64, i64) = (row.try_get("first")?, row.try_get("second")?);
    let id: &str = row.try_get("id")?;
    Ok(format!("{first}.{second}.{id}"))
}

fn parse_cursor(cursor: &str) -> Result<(i64, i64, String), StoreError> {
    let mut parts = cursor.splitn(3, '.');
    let mut number = || parts.next()?.parse().ok();
    let parsed = (number(), number(), parts.next());
    match parsed {
        (Some(first), Some(second), Some(id)) => Ok((first, second, id.to_owned())),
        _ => Err(StoreError::Cursor {
            cursor: cursor.to_owned(),
        }),
    }
}

/// A value kept as JSON.
pub(super) fn read<T: DeserializeOwned>(table: &'static str, json: &str) -> Result<T, StoreError> {
    serde_json::from_str(json).map_err(|error| StoreError::corrupt(table, error))
}

/// An enterprise's key.
pub(super) fn key(bytes: Vec<u8>) -> Result<[u8; 16], StoreError> {
    let wrong = |bytes: Vec<u8>| {
        StoreError::corrupt(
            "alerts",
            format!("an enterprise key of {} bytes", bytes.len()),
        )
    };
    bytes.try_into().map_err(wrong)
}

fn sequenced(rows: Vec<(i64, String)>) -> Result<Vec<Sequenced>, StoreError> {
    let event = |(seq, body): (i64, String)| {
        let event: AlertEvent = read("alert_events", &body)?;
        Ok(Sequenced {
            seq: seq as u64,
            event,
        })
    };
    rows.into_iter().map(event).collect()
}

fn level(rank: u8, table: &'static str) -> Result<Level, StoreError> {
    Level::from_rank(rank).ok_or_else(|| StoreError::corrupt(table, format!("level `{rank}`")))
}

fn history_row(row: (i64, i64, i64, u16, u8)) -> Result<HistoryRow, StoreError> {
    let (epoch, time_ms, log_odds, index, rank) = row;
    let level = level(rank, "score_history")?;
    Ok(HistoryRow {
        epoch: epoch as u64,
        time_ms,
        log_odds,
        index,
        level,
    })
}

fn stored_reject(row: &SqliteRow) -> Result<StoredReject, sqlx::Error> {
    let number = |name: &str| row.try_get(name).map(|number: i64| number as u64);
    let mended: Option<i64> = row.try_get("mended")?;
    let key: Option<Vec<u8>> = row.try_get("key")?;
    Ok(StoredReject {
        mended: mended.map(|epoch| epoch as u64),
        seq: number("seq")?,
        epoch: number("epoch")?,
        reject: RejectRow {
            source: row.try_get("source")?,
            file: row.try_get("file")?,
            record: number("record")?,
            line: number("line")?,
            byte: number("byte")?,
            field: row.try_get("field")?,
            value: row.try_get("value")?,
            reason: row.try_get("reason")?,
            raw: row.try_get("raw")?,
            key: key.and_then(|key| key.try_into().ok()),
            mended: mended.is_some(),
        },
    })
}
