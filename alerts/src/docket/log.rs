//! The lines of the log.

use super::conditions::{Conditions, MAX_PAGE};
use super::{Docket, DocketError, Entry};
use crate::casework::{Action, Actor, Deed};
use sqlx::Row;
use sqlx::any::AnyRow;

/// Which lines of the log.
#[derive(Debug, Clone, Default)]
pub struct DeedFilter {
    /// After this one.
    pub after: u64,
    /// By this actor.
    pub who: Option<String>,
    /// About this.
    pub subject: Option<String>,
    /// Of this kind, such as `case.label`.
    pub kind: Option<String>,
    /// Since this instant, milliseconds UTC.
    pub from_ms: Option<i64>,
    /// Before this instant.
    pub until_ms: Option<i64>,
    /// Only what was done with cases.
    pub of_cases: bool,
    /// The last first, and those before this one; none: from the last on.
    pub newest: Option<Option<u64>>,
    /// Only what changed something.
    pub without_reads: bool,
    /// How many.
    pub limit: usize,
}

/// An outcome that was recorded or corrected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labelled {
    /// The deed.
    pub seq: u64,
    /// When, milliseconds UTC.
    pub time_ms: i64,
    /// The case.
    pub case: String,
    /// What was said.
    pub action: Action,
}

impl Docket {
    /// Lines of the log, in order.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn deeds(&self, filter: &DeedFilter) -> Result<Vec<Entry>, DocketError> {
        let mut asked = Conditions::default();
        asked.add("seq > ?", i64::try_from(filter.after).unwrap_or(i64::MAX));
        let texts = [
            ("who = ?", &filter.who),
            ("subject = ?", &filter.subject),
            ("kind = ?", &filter.kind),
        ];
        for (condition, value) in texts {
            if let Some(value) = value {
                asked.add(condition, value.clone());
            }
        }
        if filter.without_reads {
            asked.add("kind <> ?", "read".to_owned());
        }
        if filter.of_cases {
            // Written out, so that the index of these lines serves it.
            asked.text("kind LIKE 'case.%'");
        }
        let times = [
            ("time_ms >= ?", filter.from_ms),
            ("time_ms < ?", filter.until_ms),
        ];
        for (condition, time_ms) in times {
            if let Some(time_ms) = time_ms {
                asked.add(condition, time_ms);
            }
        }
        if let Some(Some(before)) = filter.newest {
            asked.add("seq < ?", i64::try_from(before).unwrap_or(i64::MAX));
        }
        let order = if filter.newest.is_some() {
            "DESC"
        } else {
            "ASC"
        };
        let limited = asked.value(filter.limit.clamp(1, MAX_PAGE) as i64);
        let sql = format!(
            "SELECT seq, time_ms, who, role, purpose, subject, key, action, previous, hash \
             FROM deeds WHERE {} ORDER BY seq {order} LIMIT {limited}",
            asked.sql()
        );
        self.rows(&sql, asked).await?.iter().map(entry).collect()
    }

    /// Outcomes that were recorded or corrected after a deed, in order.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn outcomes_after(
        &self,
        seq: u64,
        limit: usize,
    ) -> Result<Vec<Labelled>, DocketError> {
        let mut asked = Conditions::default();
        asked.add("seq > ?", i64::try_from(seq).unwrap_or(i64::MAX));
        asked.value(limit.clamp(1, MAX_PAGE) as i64);
        let sql = "SELECT seq, time_ms, who, role, purpose, subject, key, action, previous, hash \
                   FROM deeds WHERE kind IN ('case.label', 'case.correct') AND seq > $1 \
                   ORDER BY seq LIMIT $2";
        let rows = self.rows(sql, asked).await?;
        let labelled = |row: &AnyRow| {
            let Entry { deed, .. } = entry(row)?;
            Ok(Labelled {
                seq: deed.seq,
                time_ms: deed.time_ms,
                case: deed.subject.trim_start_matches("case/").to_owned(),
                action: deed.action,
            })
        };
        rows.iter().map(labelled).collect()
    }

    /// What an actor did under a key.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn done_before(&self, who: &Actor, key: &str) -> Result<Option<Entry>, DocketError> {
        let mut asked = Conditions::default();
        asked.add("who = ?", who.name());
        asked.add("key = ?", key.to_owned());
        let sql = "SELECT seq, time_ms, who, role, purpose, subject, key, action, previous, hash \
                   FROM deeds WHERE who = $1 AND key = $2";
        self.rows(sql, asked).await?.first().map(entry).transpose()
    }

    /// Number and hash of the last line; 0 and empty: there is none.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn head(&self) -> Result<(u64, String), DocketError> {
        let sql = "SELECT seq, hash FROM deeds ORDER BY seq DESC LIMIT 1";
        let found: Option<(i64, String)> = sqlx::query_as(sql).fetch_optional(&self.pool).await?;
        Ok(found
            .map(|(seq, hash)| (seq as u64, hash))
            .unwrap_or_default())
    }
}

pub(super) fn entry(row: &AnyRow) -> Result<Entry, DocketError> {
    let text = |name: &str| row.try_get::<String, _>(name);
    let number = |name: &str| row.try_get::<i64, _>(name);
    let action = text("action")?;
    let parsed = match action.as_str() {
        "" => Ok(Action::Removed),
        text => serde_json::from_str(text),
    };
    let seq = number("seq")? as u64;
    Ok(Entry {
        deed: Deed {
            seq,
            time_ms: number("time_ms")?,
            who: Actor::of_name(&text("who")?),
            role: text("role")?,
            purpose: text("purpose")?,
            subject: text("subject")?,
            key: text("key")?,
            action: parsed
                .map_err(|f| DocketError::corrupt("deeds", format!("line {seq}: {f}")))?,
        },
        action,
        previous: text("previous")?,
        hash: text("hash")?,
    })
}
