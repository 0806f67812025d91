//! What is asked of the docket.

use super::load::{NEVER, read};
use super::{Docket, DocketError, Entry};
use crate::casework::{Action, Actor, Case, Deed, Person, Place, Stage, Suppression};
use crate::level::Level;
use serde::de::DeserializeOwned;
use sqlx::Row;
use sqlx::any::AnyRow;

/// The most rows one page gives, whatever is asked for.
const MAX_PAGE: usize = 1_000;

/// Which cases.
#[derive(Debug, Clone, Default)]
pub struct CaseFilter {
    /// Those at this stage.
    pub stage: Option<Stage>,
    /// Those on which work goes on, or does not.
    pub open: Option<bool>,
    /// Those of this level.
    pub level: Option<Level>,
    /// Those of one of these districts; none: all.
    pub districts: Vec<String>,
    /// Those that this person investigates.
    pub person: Option<String>,
    /// Those of this enterprise.
    pub enterprise: Option<String>,
    /// Those of this alert.
    pub alert: Option<String>,
    /// Those of which a clock had run out at this instant.
    pub due_before_ms: Option<i64>,
    /// Where the last page ended.
    pub after: Option<String>,
    /// How many.
    pub limit: usize,
}

/// A page of cases, the newest first.
#[derive(Debug, Clone)]
pub struct CasePage {
    /// The cases.
    pub cases: Vec<Case>,
    /// Where the next page begins; none on the last.
    pub next: Option<String>,
}

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

/// Conditions and their parameters, as both databases number them.
#[derive(Default)]
pub(super) struct Conditions {
    texts: Vec<String>,
    values: Vec<super::load::Value>,
}

impl Conditions {
    /// Adds a condition that has no value.
    pub(super) fn text(&mut self, condition: &str) {
        self.texts.push(condition.to_owned());
    }

    /// Adds a condition in which `?` is the value.
    pub(super) fn add(&mut self, condition: &str, value: impl Into<super::load::Value>) {
        self.values.push(value.into());
        let place = format!("${}", self.values.len());
        self.texts.push(condition.replace('?', &place));
    }

    pub(super) fn sql(&self) -> String {
        match self.texts.is_empty() {
            true => "1 = 1".to_owned(),
            false => self.texts.join(" AND "),
        }
    }
}

impl Docket {
    pub(super) async fn rows(
        &self,
        sql: &str,
        conditions: Conditions,
    ) -> Result<Vec<AnyRow>, DocketError> {
        let mut query = sqlx::query(sql);
        for value in conditions.values {
            query = match value {
                super::load::Value::Text(text) => query.bind(text),
                super::load::Value::Number(number) => query.bind(number),
            };
        }
        Ok(query.fetch_all(&self.pool).await?)
    }

    /// A page of cases, the newest first.
    ///
    /// # Errors
    /// [`DocketError::Cursor`]; any failure of the database.
    pub async fn cases(&self, filter: &CaseFilter) -> Result<CasePage, DocketError> {
        let limit = filter.limit.clamp(1, MAX_PAGE);
        let mut asked = Conditions::default();
        if let Some(after) = &filter.after {
            let cursor = || DocketError::Cursor {
                cursor: after.clone(),
            };
            let number: i64 = after.parse().map_err(|_| cursor())?;
            asked.add("number < ?", number);
        }
        if let Some(stage) = filter.stage {
            asked.add("stage = ?", stage.name().to_owned());
        }
        match filter.open {
            // Written out, so that the indexes of open cases serve it.
            Some(true) => asked.text("open = 1"),
            Some(false) => asked.text("open = 0"),
            None => {}
        }
        if let Some(level) = filter.level {
            asked.add("level = ?", i64::from(level.rank()));
        }
        let texts = [
            ("enterprise = ?", &filter.enterprise),
            ("alert = ?", &filter.alert),
        ];
        for (condition, value) in texts {
            if let Some(value) = value {
                asked.add(condition, value.clone());
            }
        }
        if let Some(person) = &filter.person {
            asked.add("people LIKE ? ESCAPE '!'", within(person));
        }
        if let Some(due) = filter.due_before_ms {
            asked.add("due_ms < ?", due);
        }
        add_districts(&mut asked, &filter.districts);
        asked.values.push((limit as i64 + 1).into());
        let sql = format!(
            "SELECT number, body FROM cases WHERE {} ORDER BY number DESC LIMIT ${}",
            asked.sql(),
            asked.values.len()
        );
        let mut rows = self.rows(&sql, asked).await?;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let last = rows.last().filter(|_| more);
        let next = last
            .map(|row| row.try_get::<i64, _>("number"))
            .transpose()?;
        let cases = bodies(&rows)?
            .iter()
            .map(|body| read("cases", body))
            .collect::<Result<_, _>>()?;
        Ok(CasePage {
            cases,
            next: next.map(|number| number.to_string()),
        })
    }

    /// One case.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn case(&self, id: &str) -> Result<Option<Case>, DocketError> {
        let body = self
            .body("SELECT body FROM cases WHERE id = $1", id)
            .await?;
        body.map(|body| read("cases", &body)).transpose()
    }

    /// One account.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn person(&self, name: &str) -> Result<Option<Person>, DocketError> {
        let body = self
            .body("SELECT body FROM people WHERE name = $1", name)
            .await?;
        body.map(|body| read("people", &body)).transpose()
    }

    async fn body(&self, sql: &str, key: &str) -> Result<Option<String>, DocketError> {
        let query = sqlx::query_scalar(sql).bind(key.to_owned());
        Ok(query.fetch_optional(&self.pool).await?)
    }

    /// Every account, by name.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn people(&self) -> Result<Vec<Person>, DocketError> {
        let query = sqlx::query_scalar("SELECT body FROM people ORDER BY name");
        let bodies: Vec<String> = query.fetch_all(&self.pool).await?;
        bodies.iter().map(|body| read("people", body)).collect()
    }

    /// Whether there is any account.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn has_people(&self) -> Result<bool, DocketError> {
        let query = sqlx::query_scalar("SELECT name FROM people LIMIT 1");
        let found: Option<String> = query.fetch_optional(&self.pool).await?;
        Ok(found.is_some())
    }

    /// The cases of some alerts.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn cases_of(&self, alerts: &[&str]) -> Result<Vec<Case>, DocketError> {
        let mut found = Vec::new();
        for part in alerts.chunks(MAX_PAGE) {
            let places: Vec<String> = (1..=part.len()).map(|place| format!("${place}")).collect();
            let sql = format!(
                "SELECT body FROM cases WHERE alert IN ({}) ORDER BY number",
                places.join(", ")
            );
            let mut query = sqlx::query_scalar(&sql);
            for alert in part {
                query = query.bind((*alert).to_owned());
            }
            let bodies: Vec<String> = query.fetch_all(&self.pool).await?;
            for body in &bodies {
                found.push(read("cases", body)?);
            }
        }
        Ok(found)
    }

    /// Cases whose suspension is over at an instant, the first first.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn suspended_until(&self, time_ms: i64) -> Result<Vec<Case>, DocketError> {
        self.ended("cases", time_ms).await
    }

    /// Suppressions whose time is over at an instant, the first first.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn suppressed_until(&self, time_ms: i64) -> Result<Vec<Suppression>, DocketError> {
        self.ended("suppressions", time_ms).await
    }

    async fn ended<T: DeserializeOwned>(
        &self,
        table: &'static str,
        time_ms: i64,
    ) -> Result<Vec<T>, DocketError> {
        // The second condition is the index's own.
        let sql = format!(
            "SELECT body FROM {table} WHERE ends_ms <= $1 AND ends_ms < {NEVER} ORDER BY ends_ms LIMIT {MAX_PAGE}"
        );
        let bodies: Vec<String> = sqlx::query_scalar(&sql)
            .bind(time_ms)
            .fetch_all(&self.pool)
            .await?;
        bodies.iter().map(|body| read(table, body)).collect()
    }

    /// The suppressions that were not lifted, or all.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn suppressions(&self, lifted_too: bool) -> Result<Vec<Suppression>, DocketError> {
        let sql = "SELECT body FROM suppressions WHERE open >= $1 ORDER BY alert";
        let query = sqlx::query_scalar(sql).bind(i64::from(!lifted_too));
        let bodies: Vec<String> = query.fetch_all(&self.pool).await?;
        bodies
            .iter()
            .map(|body| read("suppressions", body))
            .collect()
    }

    /// The last suppression of an alert.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn suppression(&self, alert: &str) -> Result<Option<Suppression>, DocketError> {
        let body = self
            .body("SELECT body FROM suppressions WHERE alert = $1", alert)
            .await?;
        body.map(|body| read("suppressions", &body)).transpose()
    }

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
        asked
            .values
            .push((filter.limit.clamp(1, MAX_PAGE) as i64).into());
        let sql = format!(
            "SELECT seq, time_ms, who, role, purpose, subject, key, action, previous, hash \
             FROM deeds WHERE {} ORDER BY seq {order} LIMIT ${}",
            asked.sql(),
            asked.values.len()
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
        asked.values.push((limit.clamp(1, MAX_PAGE) as i64).into());
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

    /// How far somebody has said that they have seen everything.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn place(&self, person: &str) -> Result<Option<Place>, DocketError> {
        let sql = "SELECT body FROM places WHERE person = $1";
        let query = sqlx::query_scalar(sql).bind(person.to_owned());
        let body: Option<String> = query.fetch_optional(&self.pool).await?;
        body.map(|body| read("places", &body)).transpose()
    }

    /// The districts that registering sources have named, as far as was noted.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn districts(&self) -> Result<Vec<String>, DocketError> {
        let sql = "SELECT name FROM districts ORDER BY name";
        Ok(sqlx::query_scalar(sql).fetch_all(&self.pool).await?)
    }

    /// Notes the districts that registering sources name: beside the log, since it
    /// follows from their records.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn note_districts(
        &self,
        names: impl IntoIterator<Item = String>,
    ) -> Result<(), DocketError> {
        let _turn = self.turn.lock().await;
        let mut transaction = self.begin().await?;
        for name in names {
            let sql = "INSERT INTO districts (name) VALUES ($1) ON CONFLICT (name) DO NOTHING";
            sqlx::query(sql)
                .bind(name)
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await?;
        Ok(())
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

/// The column `body` of rows.
pub(super) fn bodies(rows: &[AnyRow]) -> Result<Vec<String>, DocketError> {
    let bodies = rows.iter().map(|row| row.try_get::<String, _>("body"));
    Ok(bodies.collect::<Result<_, _>>()?)
}

pub(super) fn add_districts(asked: &mut Conditions, districts: &[String]) {
    if districts.is_empty() {
        return;
    }
    let mut places = Vec::new();
    for district in districts {
        asked.values.push(within(district).into());
        places.push(format!("districts LIKE ${} ESCAPE '!'", asked.values.len()));
    }
    asked.texts.push(format!("({})", places.join(" OR ")));
}

/// The pattern that finds a name in `|a|b|`.
fn within(name: &str) -> String {
    let mut escaped = String::new();
    for c in name.chars() {
        if "%_!".contains(c) {
            escaped.push('!');
        }
        escaped.push(c);
    }
    format!("%|{escaped}|%")
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
